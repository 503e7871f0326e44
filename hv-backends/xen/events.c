// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of writes that the table does not allow, and the guest's notification.
 * What the guest wrote goes into the records and is not acted on.
 */
#include <syslog.h>

#include "backend.h"

static bool read_operand(void *event, const struct chariot_write *w, u64 *old)
{
	return chariot_operand_read(event, w, old);
}

/* --- telling the host ----------------------------------------------------------- */

/* As the KVM backend does: what the guest settles meanwhile is not told. */
#define TELL_AFTER	1000000000ull

u64 chariot_time(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void tell(const struct chariot_vm *vm, const struct chariot_untold *u)
{
	static const char * const outcomes[] = { "stopped", "held", "audited" };

	chariot_log(LOG_WARNING, "guest %u: domain %u (%s) %s: rip %llx, %llu bytes at gpa %llx",
		    vm->domid, u->rec.domain, u->driver, outcomes[u->rec.outcome],
		    (unsigned long long)u->rec.rip, (unsigned long long)u->rec.size,
		    (unsigned long long)u->rec.gpa);
}

static void tell_until(struct chariot_vm *vm, u32 domain, u64 until)
{
	struct chariot_untold u;

	while (chariot_untold_take(&vm->untold, domain, until, &u))
		tell(vm, &u);
}

static void tell_later(struct chariot_vm *vm, const struct chariot_domain *d,
		       const struct chariot_record *rec)
{
	struct chariot_untold oldest;

	if (chariot_untold_full(&vm->untold) &&
	    chariot_untold_take(&vm->untold, CHARIOT_DOMAIN_ALL, ~0ull, &oldest))
		tell(vm, &oldest);
	chariot_untold_add(&vm->untold, rec, d->name, chariot_time(CLOCK_MONOTONIC));
}

bool chariot_tell(struct chariot_vm *vm)
{
	if (vm->untold.count)
		tell_until(vm, CHARIOT_DOMAIN_ALL,
			   chariot_time(CLOCK_MONOTONIC) - TELL_AFTER);
	return vm->untold.count;
}

void chariot_tell_all(struct chariot_vm *vm, u32 domain)
{
	tell_until(vm, domain, ~0ull);
}

void chariot_granted(struct chariot_vm *vm, struct chariot_domain *d, u64 gpa,
		     u64 size)
{
	d->stats.violations -= chariot_untold_granted(&vm->untold, d->id, gpa, size);
}

/* Those of a domain that has ended have been told. */
int chariot_record_settle(struct chariot_vm *vm, u64 seq)
{
	u32 id = chariot_untold_settled(&vm->untold, seq);

	if (id == CHARIOT_DOMAIN_KERNEL)
		return -ENOENT;
	vm->domain[id]->stats.violations--;
	return 0;
}

/* --- records -------------------------------------------------------------------- */

/**
 * chariot_report - record a write that is not allowed, and tell the guest
 * @e: the event
 * @d: the domain of its view
 * @w: the write, with the registers before it
 * @bad: gpa of the first byte that is not allowed
 * @outcome: what becomes of it
 * @notify: tell the guest, by an exception before its next instruction
 *
 * Repeats that the ring folds are told once.
 */
void chariot_report(struct chariot_event *e, struct chariot_domain *d,
		    const struct chariot_write *w, u64 bad,
		    enum chariot_outcome outcome, bool notify)
{
	struct chariot_vm *vm = e->vm;
	struct chariot_record rec = {
		.repeat = 1,
		.rip = e->req->data.regs.x86.rip,
		.next_rip = e->req->data.regs.x86.rip,
		.rsp = e->req->data.regs.x86.rsp,
		.gpa = bad,
		.domain = d->id,
		.vcpu = e->req->vcpu_id,
		.outcome = outcome,
	};
	bool fresh;

	rec.time_ns = chariot_time(CLOCK_REALTIME);
	chariot_write_describe(w, read_operand, e, &rec);
	chariot_record_region(&d->table, &rec);
	if (outcome == CHARIOT_OUTCOME_STOPPED)
		rec.next_rip += w->insn.len;
	else if (outcome == CHARIOT_OUTCOME_AUDITED && notify)
		rec.next_rip = e->rsp->data.regs.x86.rip;
	fresh = chariot_ring_push(&vm->records, &rec);
	d->stats.violations++;
	if (!fresh && outcome == CHARIOT_OUTCOME_AUDITED)
		return;
	tell_later(vm, d, &rec);
	if (notify && vm->notify_error)
		chariot_inject(e, vm->notify_error);
}
