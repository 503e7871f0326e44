// SPDX-License-Identifier: GPL-2.0
/*
 * Tells of violations: kernel log, ring for /dev/chariot, uevent, tracepoint.
 * Runs in the guest kernel, in any context but NMI; nothing here sleeps but
 * the work that sends uevents.
 *
 * A report is built in a buffer of the CPU with interrupts off, then copied
 * into the ring under its lock. A repeat, that is the same driver, instruction
 * and kind of victim as a report that the ring still holds, is counted there
 * and makes no new entry: a reader who has passed that entry sees the count
 * when it opens the device again.
 */
#include <linux/irq_work.h>
#include <linux/jhash.h>
#include <linux/kobject.h>
#include <linux/percpu.h>
#include <linux/poll.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include <asm/unwind.h>

#include "chariot.h"
#include "handed.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

#define RING_ENTRIES	256
#define KNOWN_KINDS	512	/* of violations that were logged */
#define UNWIND_MAX	48	/* frames looked at; CHARIOT_STACK_MAX are kept */

DECLARE_WAIT_QUEUE_HEAD(chariot_report_wait);

struct ring_entry {
	u32 key;			/* folds repeats */
	struct chariot_violation v;
};

static struct {
	raw_spinlock_t lock;
	struct ring_entry *entry;	/* number seq is at seq % RING_ENTRIES */
	u64 next_seq;			/* from 1 */
	u64 read_seq;			/* first that nobody has read */
	u64 overwritten;		/* of those that nobody has read */
	u64 backend_lost;		/* as the last record said */
	u32 known[KNOWN_KINDS];
	u32 known_next;
} ring = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(ring.lock),
};

struct scratch {
	struct chariot_violation v;
	struct chariot_victim_info victim;
	unsigned long frames[UNWIND_MAX];
};

static struct scratch __percpu *scratch;

/* --- stack --------------------------------------------------------------- */

static bool in_driver_text(struct chariot_driver *d, unsigned long ip)
{
	return d->mod && chariot_module_text_contains(d->mod, ip);
}

/*
 * Registers to unwind from. Leaf code has no unwind data, but never moves the
 * stack pointer: its return address lies on top.
 */
static void leave_leaf(struct pt_regs *regs)
{
	unsigned long ret;

	if (!chariot_leaf_name(regs->ip, NULL, NULL))
		return;
	if (copy_from_kernel_nofault(&ret, (void *)regs->sp, sizeof(ret)))
		return;
	regs->ip = ret;
	regs->sp += sizeof(ret);
}

static unsigned int unwind(const struct pt_regs *regs, unsigned long *frames,
			   unsigned int room)
{
	struct unwind_state state;
	struct pt_regs from;
	unsigned long addr;
	unsigned int n = 0;

	if (regs) {
		from = *regs;
		leave_leaf(&from);
	}
	for (unwind_start(&state, current, regs ? &from : NULL, NULL);
	     n < room && !unwind_done(&state); unwind_next_frame(&state)) {
		addr = unwind_get_return_address(&state);
		if (!addr)
			break;
		frames[n++] = addr;
	}
	return n;
}

static void put_frame(struct chariot_violation *v, const char *format,
		      unsigned long ip)
{
	if (v->stack_len < CHARIOT_STACK_MAX)
		scnprintf(v->stack[v->stack_len++], CHARIOT_TEXT_LEN, format,
			  (void *)ip);
}

/* The stack from the write on: the driver's frames, then the kernel's. */
static void fill_stack(struct chariot_driver *d, struct scratch *s,
		       const struct pt_regs *regs, unsigned long function_ip)
{
	unsigned int n = unwind(regs, s->frames, UNWIND_MAX), i, first = 0;

	for (i = 0; i < n; i++) {
		if (s->frames[i] == function_ip) {
			first = i + 1;
			break;
		}
	}
	/* Without such a frame (inlined ip, tail call): the driver's first. */
	if (!first)
		for (i = 0; i < n && !first; i++)
			if (in_driver_text(d, s->frames[i]))
				first = i + (i == 0 && regs);
	if (!in_driver_text(d, s->v.rip))
		put_frame(&s->v, "%pS", s->v.rip);
	if (function_ip)
		put_frame(&s->v, "%pS", function_ip);
	/* Return addresses: the call is before them. */
	for (i = first; i < n; i++)
		put_frame(&s->v, "%pB", s->frames[i]);
}

/* --- building ------------------------------------------------------------ */

/* Symbol of the driver's code without the module's name, which is known. */
static void name_function(char *text, unsigned long ip)
{
	char *module;

	if (!ip)
		return;
	scnprintf(text, CHARIOT_TEXT_LEN, "%pS", (void *)ip);
	module = strstr(text, " [");
	if (module)
		*module = 0;
}

static u32 context(void)
{
	if (in_nmi())
		return 3;
	if (in_hardirq())
		return 2;
	return in_serving_softirq() ? 1 : 0;
}

/*
 * First byte that was not allowed: gva is where the access begins, gpa where
 * it was not allowed.
 */
static unsigned long bad_address(const struct chariot_record *rec)
{
	unsigned long va;

	if (!(rec->flags & CHARIOT_RECORD_GVA))
		return 0;
	va = rec->gva + ((rec->gpa - rec->gva) & (PAGE_SIZE - 1));
	while (va - rec->gva < rec->size &&
	       chariot_virt_to_phys((void *)va) != rec->gpa)
		va += PAGE_SIZE;
	return va == rec->gva || va - rec->gva < rec->size ? va : rec->gva;
}

static void fill_nearest(struct chariot_driver *d, struct chariot_violation *v,
			 unsigned long va)
{
	struct chariot_object o;
	const char *where;
	u64 distance;

	if (!chariot_object_nearest(d, va, &o))
		return;
	v->nearest_start = o.start;
	v->nearest_size = o.size;
	if (va < o.start) {
		distance = o.start - va;
		v->nearest_distance = -(s64)distance;
		where = "before";
	} else if (va - o.start >= o.size) {
		/* One past the last byte is 0 bytes past the end. */
		distance = va - o.start - o.size;
		v->nearest_distance = distance;
		where = "past";
	} else {
		distance = 0;
		where = "inside";
	}
	if (distance || va >= o.start + o.size)
		scnprintf(v->nearest_text, sizeof(v->nearest_text),
			  "%llu bytes %s %s of %zu bytes by %ps", distance,
			  where, o.family, o.size, (void *)o.site);
	else
		scnprintf(v->nearest_text, sizeof(v->nearest_text),
			  "inside %s of %zu bytes by %ps", o.family, o.size,
			  (void *)o.site);
}

static void fill(struct chariot_driver *d, const struct chariot_record *rec,
		 unsigned long function_ip, const char *leaf, bool may_lock,
		 struct scratch *s)
{
	struct chariot_violation *v = &s->v;
	unsigned long va = bad_address(rec);

	memset(v, 0, sizeof(*v));
	v->size = sizeof(*v);
	v->revision = CHARIOT_DEV_REVISION;
	v->time_ns = ktime_get_real_fast_ns();
	v->repeat = max_t(u64, rec->repeat, 1);
	v->rip = rec->rip;
	v->address = va;
	v->gpa = rec->gpa;
	v->length = rec->flags & CHARIOT_RECORD_SIZE ? rec->size : 0;
	v->domain = d->domain;
	v->mode = d->mode;
	v->outcome = rec->outcome;
	v->pid = current->pid;
	v->tgid = current->tgid;
	v->cpu = raw_smp_processor_id();
	v->context = context();
	if (rec->flags & CHARIOT_RECORD_VALUE) {
		v->value_len = min_t(u64, rec->size, sizeof(v->value));
		memcpy(v->value, rec->value, v->value_len);
	}
	v->insn_len = min_t(u32, rec->insn_len, sizeof(v->insn));
	memcpy(v->insn, rec->insn, v->insn_len);
	strscpy(v->driver, d->name, sizeof(v->driver));
	strscpy(v->comm, current->comm, sizeof(v->comm));
	name_function(v->function, function_ip);
	if (leaf)
		strscpy(v->leaf, leaf, sizeof(v->leaf));

	chariot_victim_describe(d, va, rec->gpa, may_lock, &s->victim);
	v->victim = s->victim.victim;
	v->victim_start = s->victim.start;
	v->victim_size = s->victim.size;
	strscpy(v->victim_text, s->victim.text, sizeof(v->victim_text));
	if (!va && pfn_valid(rec->gpa >> PAGE_SHIFT))
		va = (unsigned long)__va(rec->gpa);
	fill_nearest(d, v, va);
	chariot_handed_describe(d, va, v->type, sizeof(v->type),
				&v->type_offset);
}

/*
 * What makes two violations the same kind of thing. Of the victim's text what
 * comes before any "(pid 1)" or "+0x8": the cache or symbol. The caller of leaf
 * code counts, since the instruction is the same for all; so does the type, which
 * policies are learned by.
 */
static u32 fold_key(const struct chariot_driver *d,
		    const struct chariot_violation *v)
{
	u32 key = jhash_3words(d->instance, v->victim, v->outcome, 0);

	key = jhash(v->victim_text, strcspn(v->victim_text, "(+"), key);
	key = jhash(v->function, strlen(v->function), key);
	key = jhash(v->type, strlen(v->type), key);
	return jhash_2words(v->rip, v->rip >> 32, key);
}

static u32 log_key(const struct chariot_driver *d,
		   const struct chariot_violation *v, unsigned long function_ip)
{
	return jhash_3words(function_ip, function_ip >> 32, v->victim,
			    jhash_2words(d->instance, v->outcome, 0)) | 1;
}

/* --- kernel log ---------------------------------------------------------- */

static const char *outcome_text(const struct chariot_violation *v)
{
	switch (v->outcome) {
	case CHARIOT_OUTCOME_AUDITED:
		return "was let happen (audit)";
	case CHARIOT_OUTCOME_HELD:
	case CHARIOT_OUTCOME_STOPPED:
		return "was stopped";
	}
	return "was seen";
}

static void log_block(const struct chariot_violation *v)
{
	static const char * const contexts[] = {
		"task", "softirq", "hardirq", "nmi",
	};
	u32 i;

	pr_warn("driver %s wrote to %s, which is not its own; the write %s\n",
		v->driver, v->victim_text, outcome_text(v));
	pr_warn("  by       %s%s%s\n", v->function, v->leaf[0] ? ", in " : "",
		v->leaf);
	if (v->length)
		pr_warn("  address  0x%llx (gpa 0x%llx), access of %llu bytes\n",
			v->address, v->gpa, v->length);
	else
		pr_warn("  address  0x%llx (gpa 0x%llx)\n", v->address, v->gpa);
	if (v->value_len)
		pr_warn("  value    %*ph\n", (int)min(v->value_len, 16u),
			v->value);
	if (v->nearest_text[0])
		pr_warn("  nearest  %s\n", v->nearest_text);
	pr_warn("  task     %s (pid %d), CPU %u, %s context\n", v->comm, v->pid,
		v->cpu, contexts[v->context & 3]);
	for (i = 0; i < v->stack_len; i++)
		pr_warn("  %s %s\n", i ? "        " : "stack   ", v->stack[i]);
	pr_warn("  report %llu; more like it are counted, see " CHARIOT_DEVICE "\n",
		v->seq);
}

/* --- uevents ------------------------------------------------------------- */

static u64 uevent_seq;	/* next to send; the work's own */

static void send_uevent(const struct chariot_violation *v)
{
	char *env[5] = { NULL };
	int i;

	env[0] = kasprintf(GFP_KERNEL, "DRIVER=%s", v->driver);
	env[1] = kasprintf(GFP_KERNEL, "FUNCTION=%s", v->function);
	env[2] = kasprintf(GFP_KERNEL, "VICTIM=%s", v->victim_text);
	env[3] = kasprintf(GFP_KERNEL, "SEQ=%llu", v->seq);
	if (env[0] && env[1] && env[2] && env[3])
		chariot_sysfs_uevent(v->driver, env);
	for (i = 0; i < 4; i++)
		kfree(env[i]);
}

static void uevent_work(struct work_struct *work)
{
	struct chariot_violation *v = kmalloc(sizeof(*v), GFP_KERNEL);
	unsigned long flags;
	u64 seq;

	if (!v)
		return;
	for (;;) {
		raw_spin_lock_irqsave(&ring.lock, flags);
		seq = max(uevent_seq, ring.next_seq - min_t(u64, RING_ENTRIES,
							    ring.next_seq - 1));
		if (seq < ring.next_seq)
			*v = ring.entry[seq % RING_ENTRIES].v;
		else
			seq = 0;
		raw_spin_unlock_irqrestore(&ring.lock, flags);
		if (!seq)
			break;
		uevent_seq = seq + 1;
		send_uevent(v);
	}
	kfree(v);
}

static DECLARE_WORK(uevents, uevent_work);

/* A violation may happen under locks that a wake-up takes: do it later. */
static void wake_readers(struct irq_work *work)
{
	wake_up_interruptible(&chariot_report_wait);
	schedule_work(&uevents);
}

static struct irq_work wake = IRQ_WORK_INIT(wake_readers);

/* --- the ring ------------------------------------------------------------ */

/* Counts a repeat; under the lock. */
static struct ring_entry *find_repeat(u32 key, const struct chariot_violation *v)
{
	u64 seq = ring.next_seq;
	u64 oldest = seq - min_t(u64, RING_ENTRIES, seq - 1);

	while (seq-- > oldest) {
		struct ring_entry *e = &ring.entry[seq % RING_ENTRIES];

		if (e->key == key && e->v.rip == v->rip &&
		    e->v.victim == v->victim && e->v.domain == v->domain)
			return e;
	}
	return NULL;
}

static void put_entry(u32 key, struct chariot_violation *v)
{
	struct ring_entry *e = &ring.entry[ring.next_seq % RING_ENTRIES];

	if (ring.next_seq > RING_ENTRIES &&
	    ring.next_seq - RING_ENTRIES >= ring.read_seq) {
		ring.overwritten++;
		ring.read_seq = ring.next_seq - RING_ENTRIES + 1;
	}
	v->seq = ring.next_seq;
	v->lost = ring.overwritten + ring.backend_lost;
	e->key = key;
	e->v = *v;
	ring.next_seq++;
}

/* Is this kind of violation new to the log? Under the lock. */
static bool new_to_log(u32 key)
{
	int i;

	for (i = 0; i < KNOWN_KINDS; i++)
		if (ring.known[i] == key)
			return false;
	ring.known[ring.known_next++ % KNOWN_KINDS] = key;
	return true;
}

static DEFINE_RATELIMIT_STATE(log_limit, 5 * HZ, 10);

void chariot_report(struct chariot_driver *d, const struct chariot_record *rec,
		    const struct pt_regs *regs, unsigned long function_ip,
		    const char *leaf)
{
	struct ring_entry *repeated;
	struct scratch *s;
	unsigned long flags;
	bool log = false;
	u32 key;

	if (WARN_ON_ONCE(in_nmi()))
		return;
	local_irq_save(flags);
	s = this_cpu_ptr(scratch);
	fill(d, rec, function_ip, leaf,
	     !in_interrupt() && !irqs_disabled_flags(flags), s);
	key = fold_key(d, &s->v);

	raw_spin_lock(&ring.lock);
	ring.backend_lost = max(ring.backend_lost, rec->lost);
	repeated = find_repeat(key, &s->v);
	if (repeated)
		repeated->v.repeat += s->v.repeat;
	raw_spin_unlock(&ring.lock);
	if (repeated) {
		atomic64_add(s->v.repeat, &d->repeats);
		goto out;
	}

	/* Symbols take their time, so not under the lock. */
	fill_stack(d, s, regs, function_ip);
	raw_spin_lock(&ring.lock);
	put_entry(key, &s->v);
	log = new_to_log(log_key(d, &s->v, function_ip));
	raw_spin_unlock(&ring.lock);
	atomic64_inc(&d->violations);
	atomic64_add(s->v.repeat - 1, &d->repeats);
	trace_violation(&s->v);
	if (log && __ratelimit(&log_limit))
		log_block(&s->v);
	irq_work_queue(&wake);
out:
	local_irq_restore(flags);
}

/**
 * chariot_report_read - the next report after a cursor
 * @cursor: 0 to begin with the oldest kept; updated
 * @out: the report; memory of the caller's that may be written in any context
 *
 * Return: 1, or 0 when there is none.
 */
ssize_t chariot_report_read(u64 *cursor, struct chariot_violation *out)
{
	unsigned long flags;
	u64 seq, oldest;
	ssize_t ret = 0;

	raw_spin_lock_irqsave(&ring.lock, flags);
	oldest = ring.next_seq - min_t(u64, RING_ENTRIES, ring.next_seq - 1);
	seq = max(*cursor, oldest);
	if (seq < ring.next_seq) {
		*out = ring.entry[seq % RING_ENTRIES].v;
		*cursor = seq + 1;
		ring.read_seq = max(ring.read_seq, seq + 1);
		ret = 1;
	}
	raw_spin_unlock_irqrestore(&ring.lock, flags);
	return ret;
}

bool chariot_report_pending(u64 cursor)
{
	unsigned long flags;
	bool pending;

	raw_spin_lock_irqsave(&ring.lock, flags);
	pending = ring.next_seq > max_t(u64, cursor, 1);
	raw_spin_unlock_irqrestore(&ring.lock, flags);
	return pending;
}

int chariot_report_init(void)
{
	int ret;

	ring.entry = vzalloc(array_size(RING_ENTRIES, sizeof(*ring.entry)));
	if (!ring.entry)
		return -ENOMEM;
	ring.next_seq = 1;
	ring.read_seq = 1;
	uevent_seq = 1;
	scratch = alloc_percpu(struct scratch);
	if (!scratch) {
		ret = -ENOMEM;
		goto free_ring;
	}
	ret = chariot_victim_init();
	if (ret)
		goto free_scratch;
	return 0;

free_scratch:
	free_percpu(scratch);
free_ring:
	vfree(ring.entry);
	return ret;
}

/* No driver is isolated any more, and nobody has the device open. */
void chariot_report_exit(void)
{
	irq_work_sync(&wake);
	cancel_work_sync(&uevents);
	free_percpu(scratch);
	vfree(ring.entry);
}
