// SPDX-License-Identifier: GPL-2.0
/*
 * Typed grants: applies the rules of grant_rules.c. A right is given when the
 * kernel hands something over (calls, bios), or when the first write to it is
 * stopped and a rule says that the driver may (settling).
 * Runs in the guest kernel, in any context but NMI; trusts the rules, and no
 * object that a driver may have forged: what decides is read without faulting
 * from memory that the driver cannot write.
 */
#include <linux/kasan.h>
#include <linux/kprobes.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/trace_events.h>

#include "alloc.h"
#include "chariot.h"
#include "compat/grants.h"
#include "grant_rules.h"
#include "handed.h"

#define RETRY_MAX	64	/* of one write that the table allows, */
#define RETRY_NS	NSEC_PER_SEC	/* ... without so long a pause */

static unsigned long irq_stack_symbol;
static unsigned int nr_attached;	/* under chariot_mutex */

/* --- giving and ending ------------------------------------------------------------ */

static int lend_part(struct chariot_driver *d, unsigned long va, size_t size,
		     enum chariot_kind kind, const char *type)
{
	int ret = chariot_grant_as(d, (void *)va, size, CHARIOT_RIGHT_WRITE,
				   kind, type);

	if (ret)
		atomic64_inc(&d->untracked);
	return ret;
}

/*
 * What the driver may write already stays as it is: the end of a loan must not
 * take away what is the driver's for another reason. Buffers may be in part.
 */
int chariot_lend(struct chariot_driver *d, unsigned long va, size_t size,
		 enum chariot_kind kind, const char *type)
{
	unsigned long end = va + size, next, bad;
	int ret = 0;

	if (!size || end < va)
		return -EINVAL;
	if (chariot_may_write(d, (void *)va, size, &bad))
		return 0;
	if (kind != CHARIOT_KIND_BUFFER)
		return lend_part(d, va, size, kind, type);
	for (; va < end && !ret; va = next) {
		next = min(end, (va & PAGE_MASK) + PAGE_SIZE);
		if (!chariot_may_write(d, (void *)va, next - va, &bad))
			ret = lend_part(d, bad, next - bad, kind, type);
	}
	return ret;
}

void chariot_lend_extents(struct chariot_driver *d, struct chariot_extent *e,
			  unsigned int n, const char *type)
{
	struct chariot_extent any;
	unsigned int i, rest = 0;

	for (i = 0; i < n; i++) {
		any = e[i];
		any.kind = CHARIOT_KIND_COUNT;
		if (chariot_holds(d, &any))
			chariot_lend(d, (unsigned long)__va(e[i].gpa),
				     e[i].size, e[i].kind, type);
		else
			e[rest++] = e[i];
	}
	if (rest && chariot_grant_extents(d, e, rest, CHARIOT_RIGHT_WRITE, type))
		atomic64_inc(&d->untracked);
}

void chariot_lend_end(struct chariot_driver *d, unsigned long va, size_t size,
		      enum chariot_kind kind)
{
	chariot_revoke_kind(d, (void *)va, size, kind);
}

bool chariot_lend_member(struct chariot_driver *d, unsigned long object,
			 const struct chariot_member *members, unsigned long va)
{
	const struct chariot_member *m;

	for (m = members; m->text; m++) {
		if (va - object - m->offset < m->size)
			return !chariot_lend(d, object + m->offset, m->size,
					     CHARIOT_KIND_OBJECT, m->text);
	}
	return false;
}

/* --- CPU words and interrupt stacks -------------------------------------------------- */

static void *irq_stack(int cpu)
{
	unsigned long top = (unsigned long)chariot_irq_stack_top(cpu,
							irq_stack_symbol);

	/*
	 * The kernel keeps the address of the stack's last word. The stack is
	 * aligned to a page alone: it is mapped with guard pages around it.
	 */
	return top ? (void *)(top + sizeof(long) - IRQ_STACK_SIZE) : NULL;
}

static int lend_cpu(struct chariot_driver *d, int cpu)
{
	void *stack = irq_stack(cpu);
	int ret;

	/* preempt_disable() and all that contains it */
	ret = chariot_lend(d, (unsigned long)chariot_preempt_count(cpu),
			   sizeof(int), CHARIOT_KIND_CPU_WORD, "preempt_count");
	/* A driver's handlers run there. */
	if (!ret && stack)
		ret = chariot_lend(d, (unsigned long)stack, IRQ_STACK_SIZE,
				   CHARIOT_KIND_STACK, "interrupt stack");
	return ret;
}

/* A CPU that came up after the driver. */
static bool settle_cpu(struct chariot_driver *d, unsigned long va)
{
	int cpu = raw_smp_processor_id();
	void *stack = irq_stack(cpu);

	if ((stack && va - (unsigned long)stack < IRQ_STACK_SIZE) ||
	    va - (unsigned long)chariot_preempt_count(cpu) < sizeof(int))
		return !lend_cpu(d, cpu);
	return false;
}

/*
 * What a driver that was compiled with KASAN notes of its own frames: which bytes of
 * the stack that it runs on are none of a variable's.
 */
static bool settle_shadow(struct chariot_driver *d, unsigned long va)
{
#ifdef CONFIG_KASAN_GENERIC
	const void *stacks[] = {
		task_stack_page(current), irq_stack(raw_smp_processor_id())
	};
	const size_t sizes[] = { THREAD_SIZE, IRQ_STACK_SIZE };
	unsigned long start;
	size_t size;
	int i;

	for (i = 0; i < ARRAY_SIZE(stacks); i++) {
		start = (unsigned long)kasan_mem_to_shadow(stacks[i]);
		size = sizes[i] >> KASAN_SHADOW_SCALE_SHIFT;
		if (stacks[i] && va - start < size)
			return !chariot_lend(d, start, size, CHARIOT_KIND_STACK,
					     "shadow of a stack");
	}
#endif
	return false;
}

static bool settle_task(struct chariot_driver *d, unsigned long va)
{
	const struct chariot_member *m;
	unsigned long task = (unsigned long)current;

	/* An interrupt's handler writes to the task below, too: kmap_atomic(). */
	if (va - task >= sizeof(struct task_struct))
		return false;
	for (m = chariot_task_members; m->text; m++)
		if (va - task - m->offset < m->size)
			return !chariot_lend(d, task + m->offset, m->size,
					     CHARIOT_KIND_TASK_WORD, m->text);
	return false;
}

/* --- objects by their type ------------------------------------------------------------- */

static bool settle_embedded(struct chariot_driver *d, unsigned long va,
			    const struct chariot_object_rule *rule)
{
	const struct chariot_member *m;

	for (m = rule->members; m->text; m++)
		if (rule->belongs(d, (void *)(va - m->offset)))
			return !chariot_lend(d, va, m->size,
					     CHARIOT_KIND_OBJECT, m->text);
	return false;
}

static bool settle_object(struct chariot_driver *d, unsigned long va)
{
	const struct chariot_object_rule *rule;
	struct chariot_slab_object o;
	bool slab = chariot_slab_object_at(va, &o);
	size_t i;

	for (i = 0; i < chariot_object_rules_nr; i++) {
		rule = &chariot_object_rules[i];
		if (rule->embedded) {
			if (settle_embedded(d, va, rule))
				return true;
			continue;
		}
		if (!slab || (rule->cache && strcmp(rule->cache, o.cache)))
			continue;
		if (rule->belongs && !rule->belongs(d, (void *)o.start))
			continue;
		if (chariot_lend_member(d, o.start, rule->members, va))
			return true;
	}
	return false;
}

/* --- buffers to fill --------------------------------------------------------------------- */

/**
 * struct show - a call that hands out a buffer, in progress
 * @node: in shows; zero before the first call
 * @probe: of the call
 * @task: which makes it
 * @buffer: where the kernel keeps the buffer's address
 * @size: of the buffer, in bytes
 * @lent: domains that were granted it
 */
struct show {
	struct hlist_node node;
	const struct kretprobe *probe;
	struct task_struct *task;
	const void *buffer;
	u32 size;
	u32 lent;
};

static HLIST_HEAD(shows);
static DEFINE_RAW_SPINLOCK(shows_lock);

#define SHOW_PROBES	4
static struct kretprobe show_probes[SHOW_PROBES];
static bool show_probed[SHOW_PROBES];

static int show_enter(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct kretprobe *rp = get_kretprobe(ri);
	const struct chariot_show_rule *rule;
	struct show *s = (struct show *)ri->data;
	unsigned long object, flags;
	int step;

	if (!rp || !READ_ONCE(nr_attached))
		return 1;
	rule = &chariot_show_rules[rp - show_probes];
	object = regs_get_kernel_argument(regs, rule->arg);
	for (step = 0; step < rule->steps - 1; step++) {
		object = chariot_peek((void *)(object + rule->path[step]));
		if (!object)
			return 1;
	}
	raw_spin_lock_irqsave(&shows_lock, flags);
	/* Still there, if the task that made it last died in its call. */
	hlist_del_init(&s->node);
	s->probe = rp;
	s->task = current;
	s->buffer = (void *)(object + rule->path[step]);
	s->size = rule->size;
	s->lent = 0;
	hlist_add_head(&s->node, &shows);
	raw_spin_unlock_irqrestore(&shows_lock, flags);
	return 0;
}
NOKPROBE_SYMBOL(show_enter);

static int show_leave(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct show *s = (struct show *)ri->data;
	struct chariot_driver *d;
	unsigned long flags;
	u32 domain;

	raw_spin_lock_irqsave(&shows_lock, flags);
	hlist_del_init(&s->node);
	raw_spin_unlock_irqrestore(&shows_lock, flags);
	rcu_read_lock();
	for (domain = 1; s->lent; domain++) {
		if (!(s->lent & BIT(domain)))
			continue;
		s->lent &= ~BIT(domain);
		d = chariot_driver_by_domain(domain);
		if (d)
			chariot_lend_end(d, chariot_peek(s->buffer), s->size,
					 CHARIOT_KIND_BUFFER);
	}
	rcu_read_unlock();
	return 0;
}
NOKPROBE_SYMBOL(show_leave);

static bool settle_show(struct chariot_driver *d, unsigned long va)
{
	unsigned long flags, buffer;
	struct show *s;
	bool ok = false;

	BUILD_BUG_ON(CHARIOT_MAX_DOMAINS > 31);
	if (!in_task())
		return false;
	/* The lock is held over the grant: the call may end on another CPU. */
	raw_spin_lock_irqsave(&shows_lock, flags);
	hlist_for_each_entry(s, &shows, node) {
		if (s->task != current)
			continue;
		buffer = chariot_peek(s->buffer);
		if (!buffer || va - buffer >= s->size)
			continue;
		ok = !chariot_lend(d, buffer, s->size, CHARIOT_KIND_BUFFER,
				   "show buffer");
		if (ok)
			s->lent |= BIT(d->domain);
		break;
	}
	raw_spin_unlock_irqrestore(&shows_lock, flags);
	return ok;
}

/* The calls whose tasks died in them go with their probe. */
static void forget_shows(const struct kretprobe *rp)
{
	struct hlist_node *next;
	unsigned long flags;
	struct show *s;

	raw_spin_lock_irqsave(&shows_lock, flags);
	hlist_for_each_entry_safe(s, next, &shows, node)
		if (s->probe == rp)
			hlist_del_init(&s->node);
	raw_spin_unlock_irqrestore(&shows_lock, flags);
}

/* Functions of modules come and go: try again whenever a driver comes. */
static void probe_shows(void)
{
	struct kretprobe *rp;
	size_t i;

	BUILD_BUG_ON(SHOW_PROBES < 2);
	for (i = 0; i < chariot_show_rules_nr && i < SHOW_PROBES; i++) {
		rp = &show_probes[i];
		if (show_probed[i] && !(rp->kp.flags & KPROBE_FLAG_GONE))
			continue;
		if (show_probed[i]) {
			forget_shows(rp);
			unregister_kretprobe(rp);
		}
		*rp = (struct kretprobe) {
			.kp.symbol_name = chariot_show_rules[i].function,
			.entry_handler = show_enter,
			.handler = show_leave,
			.data_size = sizeof(struct show),
			.maxactive = 64,
		};
		show_probed[i] = !register_kretprobe(rp);
	}
}

static void unprobe_shows(void)
{
	size_t i;

	for (i = 0; i < SHOW_PROBES; i++) {
		if (show_probed[i])
			unregister_kretprobe(&show_probes[i]);
		show_probed[i] = false;
	}
}

/* --- calls --------------------------------------------------------------------------------- */

void chariot_returned_object(struct chariot_driver *d,
			     const struct chariot_call_rule *rule,
			     const unsigned long *args, unsigned long ret)
{
	chariot_lend(d, ret, rule->size, CHARIOT_KIND_OBJECT, rule->import);
}

/* trace_event_buffer_reserve(fbuffer, file, len): an event of len bytes. */
void chariot_trace_reserved(struct chariot_driver *d,
			    const struct chariot_call_rule *rule,
			    const unsigned long *args, unsigned long ret)
{
	chariot_lend(d, ret, args[2], CHARIOT_KIND_BUFFER, "trace event");
}

/* The event's length is in the ring buffer's own header; a page is its limit. */
void chariot_trace_commit(struct chariot_driver *d, const unsigned long *args)
{
	const struct trace_event_buffer *fbuffer = (void *)args[0];
	unsigned long entry = chariot_peek(&fbuffer->entry);

	if (entry)
		chariot_lend_end(d, entry, PAGE_SIZE - offset_in_page(entry),
				 CHARIOT_KIND_BUFFER);
}

static bool succeeded(const struct chariot_call_rule *rule, unsigned long ret)
{
	return rule->status ? !(int)ret : ret && !IS_ERR_VALUE(ret);
}

static unsigned long call_through(enum chariot_call_number number,
				  struct chariot_driver *d,
				  const unsigned long *args)
{
	const struct chariot_call_rule *rule = &chariot_call_rules[number];
	unsigned long real = READ_ONCE(rule->real);
	unsigned long ret;

	if (d && rule->before)
		rule->before(d, args);
	/* Every rule's function was looked up before any driver could call it. */
	if (WARN_ON_ONCE(!real))
		return -ENOSYS;
	ret = chariot_call_any(real, args);
	if (d && rule->after && succeeded(rule, ret))
		rule->after(d, rule, args, ret);
	return ret;
}

#define CHARIOT_CALL_WRAPPER(import)					\
CHARIOT_ANY_WRAPPER(chariot_call_##import,				\
		    call_through(CHARIOT_CALL_##import, c.driver, args))

CHARIOT_WRAPPERS_BEGIN
CHARIOT_CALLS(CHARIOT_CALL_WRAPPER)
CHARIOT_WRAPPERS_END

bool chariot_grants_wants_return(const char *import)
{
	size_t i;

	for (i = 0; i < CHARIOT_CALLS_NR; i++)
		if (!strcmp(chariot_call_rules[i].import, import))
			return chariot_call_rules[i].after;
	return false;
}

/* Before a driver that imports them is relocated; those of modules may move. */
static void find_calls(void)
{
	unsigned long real;
	size_t i;

	for (i = 0; i < CHARIOT_CALLS_NR; i++) {
		real = chariot_symbol(chariot_call_rules[i].import);
		if (real)
			WRITE_ONCE(chariot_call_rules[i].real, real);
	}
}

/* --- settling ------------------------------------------------------------------------------ */

static enum chariot_settled settle_byte(struct chariot_driver *d,
					unsigned long va)
{
	if (settle_task(d, va) || settle_cpu(d, va) || settle_shadow(d, va) ||
	    chariot_handed_settle_page(d, va) || chariot_block_settle(d, va) ||
	    settle_show(d, va) || settle_object(d, va) ||
	    chariot_fs_settle(d, va) || chariot_handed_settle(d, va))
		return CHARIOT_SETTLED;
	return chariot_stack_settle(d, va);
}

/* Last write that was stopped although the table allowed it, and how often. */
static DEFINE_PER_CPU(unsigned long, retried_ip);
static DEFINE_PER_CPU(unsigned long, retried_va);
static DEFINE_PER_CPU(u64, retried_at);
static DEFINE_PER_CPU(unsigned int, retries);

/*
 * Another CPU settled it meanwhile, or the backend disagrees, which must not
 * become an endless loop.
 */
static bool worth_a_retry(unsigned long va, const struct pt_regs *regs)
{
	u64 now = ktime_get_mono_fast_ns();

	if (!regs)
		return true;
	if (this_cpu_read(retried_ip) != regs->ip ||
	    this_cpu_read(retried_va) != va ||
	    now - this_cpu_read(retried_at) > RETRY_NS) {
		this_cpu_write(retried_ip, regs->ip);
		this_cpu_write(retried_va, va);
		this_cpu_write(retries, 0);
	}
	this_cpu_write(retried_at, now);
	return this_cpu_inc_return(retries) < RETRY_MAX;
}

static enum chariot_settled settle_range(struct chariot_driver *d,
					 unsigned long va, size_t size,
					 const struct pt_regs *regs)
{
	unsigned long end = va + size, at = va, bad, last = 0;
	enum chariot_settled settled;
	int again = 0;

	while (!chariot_can_write(d, (void *)at, end - at, &bad)) {
		/*
		 * Each settled part must bring it further; but whose frame was lent
		 * may have gone on since, and with it the right.
		 */
		again = bad == last ? again + 1 : 0;
		if (again == CHARIOT_SETTLE_MAX)
			return CHARIOT_DENIED;
		settled = settle_byte(d, bad);
		if (settled != CHARIOT_SETTLED)
			return settled;
		last = bad;
		at = bad;
	}
	return last || worth_a_retry(va, regs) ? CHARIOT_SETTLED : CHARIOT_DENIED;
}

enum chariot_settled chariot_grants_settle(struct chariot_driver *d,
					   unsigned long va, size_t size,
					   const struct pt_regs *regs)
{
	enum chariot_settled settled;
	unsigned long flags;

	if (!size || va + size < va)
		return CHARIOT_DENIED;
	do {
		local_irq_save(flags);
		rcu_read_lock();
		settled = settle_range(d, va, size, regs);
		rcu_read_unlock();
		local_irq_restore(flags);
	} while (settled == CHARIOT_TRY_AGAIN && !regs);
	return settled;
}

/* --- a driver's coming and going -------------------------------------------------------------- */

int chariot_grants_attach(struct chariot_driver *d)
{
	int cpu, ret = 0;

	find_calls();
	probe_shows();
	for_each_possible_cpu(cpu) {
		ret = lend_cpu(d, cpu);
		if (ret)
			return ret;
	}
	ret = chariot_stacks_attach();
	if (ret)
		return ret;
	ret = chariot_block_attach(d);
	if (ret)
		chariot_stacks_detach(d);
	else
		WRITE_ONCE(nr_attached, nr_attached + 1);
	return ret;
}

/* Its rights end with its domain; here goes what remembers them. */
void chariot_grants_detach(struct chariot_driver *d)
{
	if (!d->grants)
		return;		/* attaching failed */
	chariot_block_detach(d);
	chariot_stacks_detach(d);
	WRITE_ONCE(nr_attached, nr_attached - 1);
}

int chariot_grants_init(void)
{
	irq_stack_symbol = chariot_symbol("hardirq_stack_ptr");
	return chariot_block_init();
}

void chariot_grants_exit(void)
{
	unprobe_shows();
	chariot_block_exit();
}
