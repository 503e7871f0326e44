// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of writes that the table does not allow, for the guest and for the
 * host, and the guest's notification.
 * Runs in the host kernel, in a virtual CPU's thread. What the guest wrote goes
 * into the records and is not acted on.
 */
#include <linux/ktime.h>

#include "backend.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static bool read_operand(void *vcpu, const struct chariot_write *w, u64 *old)
{
	return chariot_operand_read(vcpu, w, old);
}

/* --- telling the host ----------------------------------------------------------- */

/*
 * A write that was not allowed is told a moment later: a guest that finds that its
 * driver may do it settles it meanwhile, and then there is nothing to tell. Should
 * the guest die instead, what was stopped is told all the same.
 */
#define TELL_AFTER	HZ

static const char *outcome_name(u8 outcome)
{
	switch (outcome) {
	case CHARIOT_OUTCOME_STOPPED:
		return "stopped";
	case CHARIOT_OUTCOME_HELD:
		return "held";
	default:
		return "audited";
	}
}

/* Into the log and the history. ring_lock is held. */
static void tell(struct chariot_vm *vm, const struct chariot_untold *u)
{
	if (__ratelimit(&vm->log_limit))
		pr_warn("guest of process %d: domain %u (%s) %s: rip %llx, %llu bytes at gpa %llx\n",
			vm->pid, u->rec.domain, u->driver,
			outcome_name(u->rec.outcome), u->rec.rip, u->rec.size,
			u->rec.gpa);
	vm->history[vm->history_count++ % CHARIOT_HISTORY] = u->rec;
}

/* Those of one domain, or of all, and until when. ring_lock is held. */
static void tell_until(struct chariot_vm *vm, u32 domain, u64 until)
{
	struct chariot_untold u;

	while (chariot_untold_take(vm->untold, domain, until, &u))
		tell(vm, &u);
}

/* ring_lock is held. */
static void tell_later(struct chariot_vm *vm, const struct chariot_domain *d,
		       const struct chariot_record *rec)
{
	struct chariot_untold oldest;

	if (chariot_untold_full(vm->untold) &&
	    chariot_untold_take(vm->untold, CHARIOT_DOMAIN_ALL, U64_MAX, &oldest))
		tell(vm, &oldest);
	chariot_untold_add(vm->untold, rec, d->name, get_jiffies_64());
}

/**
 * chariot_tell - tell the host's log and the history of stopped writes
 * @vm: the guest
 *
 * Not of those that the guest may yet settle.
 */
void chariot_tell(struct chariot_vm *vm)
{
	spin_lock(&vm->ring_lock);
	tell_until(vm, CHARIOT_DOMAIN_ALL, get_jiffies_64() - TELL_AFTER);
	spin_unlock(&vm->ring_lock);
}

/**
 * chariot_tell_all - tell of all stopped writes of a domain that ends
 * @vm: the guest
 * @domain: its number, or CHARIOT_DOMAIN_ALL
 */
void chariot_tell_all(struct chariot_vm *vm, u32 domain)
{
	spin_lock(&vm->ring_lock);
	tell_until(vm, domain, U64_MAX);
	spin_unlock(&vm->ring_lock);
}

void chariot_tell_work(struct work_struct *work)
{
	struct chariot_vm *vm = container_of(to_delayed_work(work),
					     struct chariot_vm, tell_work);

	chariot_tell(vm);
	if (READ_ONCE(vm->untold->count))
		schedule_delayed_work(&vm->tell_work, TELL_AFTER);
}

/* --- what the guest settles ---------------------------------------------------------- */

/**
 * chariot_granted - the guest has granted what may just have been stopped
 * @vm: the guest
 * @domain: to whom
 * @gpa: start of the region
 * @size: its size in bytes
 */
void chariot_granted(struct chariot_vm *vm, u32 domain, u64 gpa, u64 size)
{
	if (likely(!READ_ONCE(vm->untold->count)))
		return;
	spin_lock(&vm->ring_lock);
	atomic64_sub(chariot_untold_granted(vm->untold, domain, gpa, size),
		     &vm->counters[domain].violations);
	spin_unlock(&vm->ring_lock);
}

/**
 * chariot_record_settle - serve CHARIOT_CALL_RECORD_SETTLE
 * @vm: the guest
 * @seq: number of the record
 */
int chariot_record_settle(struct chariot_vm *vm, u64 seq)
{
	u32 domain;

	spin_lock(&vm->ring_lock);
	domain = chariot_untold_settled(vm->untold, seq);
	if (domain != CHARIOT_DOMAIN_KERNEL)
		atomic64_dec(&vm->counters[domain].violations);
	spin_unlock(&vm->ring_lock);
	return domain == CHARIOT_DOMAIN_KERNEL ? -ENOENT : 0;
}

/**
 * chariot_report - record a write that is not allowed, and tell the guest
 * @vm: the guest
 * @vcpu: the virtual CPU of this thread
 * @d: the domain of its view
 * @w: the write, with the registers before it
 * @bad: gpa of the first byte that is not allowed
 * @outcome: what becomes of it
 * @notify: tell the guest, by an exception before its next instruction
 *
 * Repeats that the ring folds are told once.
 */
void chariot_report(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
		    struct chariot_domain *d, const struct chariot_write *w,
		    u64 bad, enum chariot_outcome outcome, bool notify)
{
	struct chariot_record rec = {
		.time_ns = ktime_get_real_ns(),
		.repeat = 1,
		.rip = w->regs.rip,
		.next_rip = w->regs.rip,
		.rsp = w->regs.gpr[VCPU_REGS_RSP],
		.gpa = bad,
		.domain = d->id,
		.vcpu = vcpu->vcpu_idx,
		.outcome = outcome,
	};
	bool fresh;

	chariot_write_describe(w, read_operand, vcpu, &rec);
	read_lock(&vm->tables);
	chariot_record_region(&d->table, &rec);
	read_unlock(&vm->tables);
	if (outcome == CHARIOT_OUTCOME_STOPPED)
		rec.next_rip += w->insn.len;
	else if (outcome == CHARIOT_OUTCOME_AUDITED && notify)
		rec.next_rip = chariot_reg_read(vcpu, VCPU_REGS_RIP);

	spin_lock(&vm->ring_lock);
	fresh = chariot_ring_push(vm->ring, &rec);
	if (fresh || outcome != CHARIOT_OUTCOME_AUDITED)
		tell_later(vm, d, &rec);
	spin_unlock(&vm->ring_lock);
	atomic64_inc(&vm->counters[d->id].violations);
	trace_violation(&rec, d->name);
	schedule_delayed_work(&vm->tell_work, TELL_AFTER);
	if (notify && vm->notify_error &&
	    (fresh || outcome != CHARIOT_OUTCOME_AUDITED))
		kvm_queue_exception_e(vcpu, GP_VECTOR, vm->notify_error);
}

/**
 * chariot_record_next - take the oldest record
 * @vm: the guest
 * @out: the record
 *
 * Returns 0, or -ENOENT when there is none.
 */
int chariot_record_next(struct chariot_vm *vm, struct chariot_record *out)
{
	bool found;

	spin_lock(&vm->ring_lock);
	found = chariot_ring_pop(vm->ring, out);
	spin_unlock(&vm->ring_lock);
	return found ? 0 : -ENOENT;
}
