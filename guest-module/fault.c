// SPDX-License-Identifier: GPL-2.0
/*
 * The notification of a stopped write: a #GP with our error code, at the
 * instruction after the write. Fetches the record, has it settled or reported,
 * and says where the driver goes on.
 * Runs in the guest kernel, in exception context on the driver's stack.
 */
#include <linux/kdebug.h>
#include <linux/kprobes.h>
#include <linux/sched/task_stack.h>
#include <linux/spinlock.h>
#include <asm/insn.h>

#include <chariot/hypercall.h>
#include "chariot.h"

/*
 * Records fetched but not yet claimed: the one fetched first need not be that
 * of the CPU that fetches. Few are ever here: one a CPU.
 */
#define PENDING_MAX	64
static struct chariot_record pending[PENDING_MAX];
static unsigned int nr_pending;
static u64 dropped;
static DEFINE_RAW_SPINLOCK(pending_lock);
/* The backend writes here; the alignment keeps it within a page. */
static struct chariot_record inbox __aligned(256);

static int (*insn_decode_fn)(struct insn *insn, const void *kaddr, int buf_len,
			     enum insn_mode m);

static bool is_of(const struct chariot_record *rec, const struct pt_regs *regs)
{
	return rec->next_rip == regs->ip && rec->rsp == regs->sp;
}

/* Under the lock. */
static bool pending_take(const struct pt_regs *regs, struct chariot_record *out)
{
	unsigned int i;

	for (i = 0; i < nr_pending; i++) {
		if (is_of(&pending[i], regs)) {
			*out = pending[i];
			pending[i] = pending[--nr_pending];
			return true;
		}
	}
	return false;
}

static void pending_add(const struct chariot_record *rec)
{
	if (nr_pending == PENDING_MAX) {
		dropped++;
		memmove(pending, pending + 1, sizeof(pending) - sizeof(*pending));
		nr_pending--;
	}
	pending[nr_pending++] = *rec;
}

/* Take the record that ended in this state of registers. */
static bool record_claim(const struct pt_regs *regs, struct chariot_record *out)
{
	unsigned long flags;
	bool found;

	raw_spin_lock_irqsave(&pending_lock, flags);
	found = pending_take(regs, out);
	while (!found && !chariot_hv_record_next(chariot_virt_to_phys(&inbox))) {
		found = is_of(&inbox, regs);
		if (found)
			*out = inbox;
		else
			pending_add(&inbox);
	}
	raw_spin_unlock_irqrestore(&pending_lock, flags);
	return found;
}

/* The bytes that the record says were written, as a kernel address. */
static unsigned long record_address(const struct chariot_record *rec)
{
	return rec->flags & CHARIOT_RECORD_GVA ? rec->gva
					       : (unsigned long)__va(rec->gpa);
}

/* Step over an instruction that the backend could not decode. */
static bool step_over(struct pt_regs *regs)
{
	struct insn insn;
	u8 buf[MAX_INSN_SIZE];

	if (!insn_decode_fn ||
	    copy_from_kernel_nofault(buf, (void *)regs->ip, sizeof(buf)) ||
	    insn_decode_fn(&insn, buf, sizeof(buf), INSN_MODE_64) < 0)
		return false;
	regs->ip += insn.length;
	return true;
}

/* Leaf functions touch no stack: on top of it is their return address. */
static void leave_leaf(struct pt_regs *regs, const char *leaf)
{
	if (!strcmp(leaf, "memset"))
		regs->ax = regs->r9;	/* where leaf.S keeps its result */
	regs->flags &= ~X86_EFLAGS_DF;
	regs->ip = *(unsigned long *)regs->sp;
	regs->sp += sizeof(unsigned long);
}

/* A write of one word, stopped with its value known. */
static bool is_link(struct chariot_driver *d, const struct chariot_record *rec)
{
	unsigned long value;

	if (rec->outcome != CHARIOT_OUTCOME_STOPPED ||
	    !(rec->flags & CHARIOT_RECORD_VALUE) || rec->size != sizeof(value) ||
	    rec->flags & CHARIOT_RECORD_REP)
		return false;
	memcpy(&value, rec->value, sizeof(value));
	return chariot_link_write(d, record_address(rec), value);
}

static int stopped_write(struct pt_regs *regs)
{
	enum chariot_settled settled = CHARIOT_SETTLED;
	struct chariot_record rec;
	struct chariot_driver *d;
	unsigned long va, blame;
	const char *leaf;
	bool audited;

	if (!record_claim(regs, &rec))
		return NOTIFY_STOP;	/* lost for want of room; counted there */
	d = chariot_driver_by_domain(rec.domain);
	if (!d)
		return NOTIFY_STOP;	/* unloaded meanwhile */
	va = record_address(&rec);
	audited = rec.outcome == CHARIOT_OUTCOME_AUDITED;
	if (!chariot_slabs_claim(d, va))
		settled = chariot_grants_settle(d, va, rec.size ?: 1,
						audited ? NULL : regs);
	if (settled != CHARIOT_DENIED) {
		atomic64_add(settled == CHARIOT_SETTLED, &d->settled);
		if (!audited)
			regs->ip = rec.rip;
		return NOTIFY_STOP;
	}
	if (is_link(d, &rec) || chariot_user_store(&rec, regs)) {
		chariot_hv_record_settle(rec.seq);
		atomic64_inc(&d->settled);
		return NOTIFY_STOP;
	}

	leaf = chariot_leaf_name(rec.rip, NULL, NULL);
	blame = leaf ? *(unsigned long *)regs->sp : rec.rip;
	chariot_report(d, &rec, regs, blame, leaf);
	if (audited)
		return NOTIFY_STOP;
	if (leaf)
		leave_leaf(regs, leaf);
	else if (rec.outcome == CHARIOT_OUTCOME_HELD && !step_over(regs))
		return NOTIFY_DONE;	/* cannot go on: an oops in the driver */
	return NOTIFY_STOP;
}

static int die_event(struct notifier_block *nb, unsigned long val, void *data)
{
	struct die_args *args = data;

	if (val != DIE_GPF || args->err != CHARIOT_NOTIFY_ERROR ||
	    user_mode(args->regs))
		return NOTIFY_DONE;
	return stopped_write(args->regs);
}
NOKPROBE_SYMBOL(die_event);

static struct notifier_block die_nb = {
	.notifier_call = die_event,
	.priority = INT_MAX,
};

/*
 * The backend lets a driver write the stack that it runs on, which no table has.
 * Interrupts' stacks are in the tables.
 */
static bool on_stack(unsigned long va, size_t size)
{
	unsigned long low = (unsigned long)__builtin_frame_address(0);
	unsigned long high = (unsigned long)task_stack_page(current) + THREAD_SIZE;

	return high - low < THREAD_SIZE && va >= low && va < high && size <= high - va;
}

bool chariot_check_write(const struct chariot_call *c, const char *function,
			 const void *dst, size_t size)
{
	struct chariot_driver *d = c->driver;
	struct chariot_record rec = { };
	unsigned long bad, last = 0;
	int again = 0;

	if (!d || !size || on_stack((unsigned long)dst, size))
		return true;
	while (!chariot_can_write(d, dst, size, &bad)) {
		/* Every settled part ends one step further, but a right may end at once. */
		again = bad == last ? again + 1 : 0;
		if (again < CHARIOT_SETTLE_MAX &&
		    (chariot_slabs_claim(d, bad) ||
		     chariot_grants_settle(d, bad, (unsigned long)dst + size - bad,
					   NULL) == CHARIOT_SETTLED)) {
			last = bad;
			continue;
		}
		rec.domain = d->domain;
		rec.repeat = 1;
		rec.rip = c->site;
		rec.next_rip = c->site;
		rec.gva = (unsigned long)dst;
		rec.gpa = chariot_virt_to_phys((void *)bad);
		rec.size = size;
		rec.flags = CHARIOT_RECORD_GVA | CHARIOT_RECORD_SIZE;
		rec.vcpu = raw_smp_processor_id();
		rec.time_ns = ktime_get_real_fast_ns();
		rec.outcome = d->mode == CHARIOT_MODE_ENFORCE ?
			CHARIOT_OUTCOME_STOPPED : CHARIOT_OUTCOME_AUDITED;
		chariot_report(d, &rec, NULL, c->site, function);
		return d->mode != CHARIOT_MODE_ENFORCE;
	}
	return true;
}

int chariot_fault_init(void)
{
	insn_decode_fn = (void *)chariot_symbol("insn_decode");
	return register_die_notifier(&die_nb);
}

void chariot_fault_exit(void)
{
	unregister_die_notifier(&die_nb);
}
