// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of writes that the table does not allow, and the guest's notification.
 * What the guest wrote goes into the records and is not acted on.
 */
#include <syslog.h>
#include <time.h>

#include "backend.h"

static void fill_value(struct chariot_event *e, const struct chariot_write *w,
		       struct chariot_record *rec)
{
	const struct chariot_insn *insn = &w->insn;
	struct chariot_regs regs = w->regs;
	u64 old, new;

	if (insn->flags & CHARIOT_INSN_VALUE) {
		memcpy(rec->value, insn->value, w->size);
	} else {
		if (!(insn->flags & CHARIOT_INSN_EXEC) || w->size > sizeof(new) ||
		    !chariot_operand_read(e, w, &old) ||
		    !chariot_insn_execute(insn, &regs, old, &new))
			return;
		memcpy(rec->value, &new, w->size);
	}
	rec->flags |= CHARIOT_RECORD_VALUE;
}

static void fill_access(struct chariot_event *e, const struct chariot_write *w,
			struct chariot_record *rec)
{
	const struct chariot_insn *insn = &w->insn;

	rec->insn_len = w->decoded ? insn->len : w->byte_count;
	memcpy(rec->insn, w->bytes, sizeof(rec->insn));
	if (!w->decoded)
		return;
	rec->flags |= CHARIOT_RECORD_GVA;
	rec->gva = insn->gva;
	if (!w->size)
		return;
	rec->flags |= CHARIOT_RECORD_SIZE;
	rec->size = w->size;
	if (insn->flags & CHARIOT_INSN_REP) {
		rec->flags |= CHARIOT_RECORD_REP;
		rec->size *= insn->count;
	}
	if (w->size <= sizeof(insn->value) && !(insn->flags & CHARIOT_INSN_MASKED))
		fill_value(e, w, rec);
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
	struct chariot_range range;
	struct timespec now;
	bool fresh;

	clock_gettime(CLOCK_REALTIME, &now);
	rec.time_ns = now.tv_sec * 1000000000ull + now.tv_nsec;
	fill_access(e, w, &rec);
	if (chariot_table_nearest(&d->table, bad, &range)) {
		rec.flags |= CHARIOT_RECORD_REGION;
		rec.region_gpa = range.gpa;
		rec.region_size = range.size;
		rec.region_kind = range.kind;
	}
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
