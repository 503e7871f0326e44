// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of writes that the table does not allow, and the guest's notification.
 * What the guest wrote goes into the records and is not acted on.
 */
#include <syslog.h>
#include <time.h>

#include "backend.h"

static bool read_operand(void *event, const struct chariot_write *w, u64 *old)
{
	return chariot_operand_read(event, w, old);
}

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
	struct timespec now;
	bool fresh;

	clock_gettime(CLOCK_REALTIME, &now);
	rec.time_ns = now.tv_sec * 1000000000ull + now.tv_nsec;
	chariot_write_describe(w, read_operand, e, &rec);
	chariot_record_region(&d->table, &rec);
	if (outcome == CHARIOT_OUTCOME_STOPPED)
		rec.next_rip += w->insn.len;
	else if (outcome == CHARIOT_OUTCOME_AUDITED && notify)
		rec.next_rip = e->rsp->data.regs.x86.rip;
	fresh = chariot_ring_push(&vm->records, &rec);
	d->stats.violations++;
	chariot_log(LOG_INFO, "guest %u: domain %u (%s): rip %llx, %llu bytes at gpa %llx: outcome %d",
		    vm->domid, d->id, d->name, (unsigned long long)rec.rip,
		    (unsigned long long)rec.size, (unsigned long long)bad, outcome);
	if (notify && vm->notify_error &&
	    (fresh || outcome != CHARIOT_OUTCOME_AUDITED))
		chariot_inject(e, vm->notify_error);
}
