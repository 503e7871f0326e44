// SPDX-License-Identifier: GPL-2.0-only
/*
 * A write that a view does not allow: what it is, whether the table does, what
 * becomes of it. Instruction bytes and registers are the guest's; the page that
 * was written to is Xen's word.
 */
#include <syslog.h>

#include "backend.h"

/*
 * How often in a second a write is left to the kernel that comes back at the same place:
 * one that does is an instruction of the driver's own that cannot be decoded. Interrupts
 * come to one place, too, and their frames lie below the stack pointer.
 */
#define LEAVES_MAX	4u
#define FRAMES_MAX	256u
#define ROW_NS		1000000000ull
#define FRAME_SIZE	48u
#define FRAME_ALIGN	16u

/* Is the current instruction text of the domain alone? */
static bool own_text(struct chariot_event *e)
{
	u64 gpa;

	return chariot_translate(e, e->req->data.regs.x86.rip, false, &gpa) &&
	       chariot_text_owner(e->vm, gpa >> CHARIOT_PAGE_SHIFT) == e->view;
}

static bool shared_text(struct chariot_event *e)
{
	u64 gpa;

	return chariot_translate(e, e->req->data.regs.x86.rip, false, &gpa) &&
	       chariot_text_owner(e->vm, gpa >> CHARIOT_PAGE_SHIFT) ==
	       CHARIOT_OWNER_ALL;
}

static void decode(struct chariot_event *e, struct chariot_write *w)
{
	u64 here;

	chariot_regs_get(e, &w->regs);
	here = CHARIOT_PAGE_SIZE - (w->regs.rip & ~CHARIOT_PAGE_MASK);
	if (here > CHARIOT_INSN_MAX)
		here = CHARIOT_INSN_MAX;
	if (!chariot_read_virtual(e, w->regs.rip, w->bytes, here))
		return;
	w->byte_count = here;
	if (here < CHARIOT_INSN_MAX &&
	    chariot_read_virtual(e, w->regs.rip + here, w->bytes + here,
				 CHARIOT_INSN_MAX - here))
		w->byte_count = CHARIOT_INSN_MAX;
	w->decoded = !chariot_insn_decode(w->bytes, w->byte_count, &w->regs,
					  &w->insn) &&
		     !(w->insn.flags & CHARIOT_INSN_SCATTER) &&
		     (w->insn.flags & CHARIOT_INSN_WRITES);
}

/*
 * Find where the operand lies; an operand that goes on in another page lies in two
 * places. False if what Xen reported is not a part of it.
 */
static bool locate(struct chariot_event *e, struct chariot_write *w)
{
	const struct vm_event_mem_access *a = &e->req->u.mem_access;

	chariot_write_measure(w);
	if (!chariot_translate(e, w->insn.gva, true, &w->gpa))
		return false;
	if (w->size1 < w->size &&
	    !chariot_translate(e, w->insn.gva + w->size1, true, &w->gpa2))
		return false;
	return w->gpa >> CHARIOT_PAGE_SHIFT == a->gfn ||
	       (w->size1 < w->size && w->gpa2 >> CHARIOT_PAGE_SHIFT == a->gfn);
}

/* Judge @size bytes within one page. */
static enum chariot_verdict judge_part(struct chariot_event *e,
				       struct chariot_domain *d, u64 gpa, u32 size,
				       u64 *bad)
{
	const struct chariot_access access = { .gpa = gpa, .size = size };

	if (chariot_is_stack(e->vm, d, gpa >> CHARIOT_PAGE_SHIFT))
		return CHARIOT_VERDICT_ALLOW;
	return chariot_decide(&d->table, d->mode, &access, bad);
}

static enum chariot_verdict judge(struct chariot_event *e, struct chariot_domain *d,
				  const struct chariot_write *w, u64 *bad)
{
	enum chariot_verdict first, second;
	u64 bad2;

	first = judge_part(e, d, w->gpa, w->size1, bad);
	if (w->size1 == w->size)
		return first;
	second = judge_part(e, d, w->gpa2, w->size - w->size1, &bad2);
	return chariot_verdict_both(first, second, bad, bad2);
}

/* Have Xen do just this instruction, in memory and without views. */
static void emulate_by_xen(struct chariot_event *e)
{
	e->rsp->flags |= VM_EVENT_FLAG_EMULATE;
}

static void stop(struct chariot_event *e, struct chariot_domain *d,
		 struct chariot_write *w, u64 bad)
{
	chariot_report(e, d, w, bad,
		       w->decoded ? CHARIOT_OUTCOME_STOPPED : CHARIOT_OUTCOME_HELD,
		       true);
	if (w->decoded) {
		w->regs.rip += w->insn.len;
		chariot_regs_put(e, &w->regs);
	}
	/* The notification is the kernel's business. */
	if (e->vm->notify_error)
		chariot_view_switch(e, CHARIOT_DOMAIN_KERNEL);
}

static void audit(struct chariot_event *e, struct chariot_domain *d,
		  struct chariot_write *w, u64 bad)
{
	const struct chariot_write before = *w;
	bool done = chariot_emulate(e, NULL, w) == CHARIOT_DONE;

	if (!done)
		emulate_by_xen(e);
	chariot_report(e, d, &before, bad, CHARIOT_OUTCOME_AUDITED, done);
}

static bool is_stack(struct chariot_event *e, struct chariot_domain *d,
		     const struct chariot_write *w)
{
	const struct vm_event_mem_access *a = &e->req->u.mem_access;

	/* The part that faulted may be the second one. */
	if (w->size1 < w->size && w->gpa >> CHARIOT_PAGE_SHIFT != a->gfn)
		return chariot_grant_stack(e, d, w->insn.gva + w->size1, w->gpa2);
	return chariot_grant_stack(e, d, w->insn.gva, w->gpa);
}

/* Where the processor puts what an interrupt returns by. */
static bool is_frame(struct chariot_event *e)
{
	u64 top = e->req->data.regs.x86.rsp & ~(u64)(FRAME_ALIGN - 1);

	return top - e->req->u.mem_access.gla - 1 < FRAME_SIZE;
}

/*
 * Not the instruction's own write: an event's frame, which Xen delivers again, and
 * the kernel's view lets it; or the kernel's code, as far as a view can execute
 * it. If it comes back all the same, false.
 */
static bool leave(struct chariot_event *e)
{
	const struct vm_event_mem_access *a = &e->req->u.mem_access;
	struct chariot_vcpu *v = e->vcpu;
	u64 rip = e->req->data.regs.x86.rip;
	u64 time = chariot_time(CLOCK_MONOTONIC);

	if (v->leave_rip != rip || v->leave_gla != a->gla ||
	    time - v->leave_since > ROW_NS) {
		v->leave_rip = rip;
		v->leave_gla = a->gla;
		v->leave_since = time;
		v->leaves = 0;
	}
	if (++v->leaves > (is_frame(e) ? FRAMES_MAX : LEAVES_MAX))
		return false;
	chariot_view_switch(e, CHARIOT_DOMAIN_KERNEL);
	return true;
}

/**
 * chariot_judge_write - decide on a write and see to it
 * @e: the event
 * @d: the domain of its view
 */
void chariot_judge_write(struct chariot_event *e, struct chariot_domain *d)
{
	const struct vm_event_mem_access *a = &e->req->u.mem_access;
	struct chariot_write w = {
		.gpa = (a->gfn << CHARIOT_PAGE_SHIFT) + a->offset
	};
	enum chariot_verdict verdict;
	u64 bad = w.gpa;
	bool own;

	e->vm->events.writes++;
	/* Known before anything is decoded: the page is the domain's. */
	if (judge_part(e, d, w.gpa, 0, &bad) == CHARIOT_VERDICT_ALLOW) {
		chariot_view_raise(e, a->gfn);
		return;
	}
	own = own_text(e);
	decode(e, &w);
	w.decoded = w.decoded && locate(e, &w);
	/*
	 * Thunks run in all views and call, so they write the stack that the
	 * domain's code runs on, as its own calls do.
	 */
	if (w.decoded && (own || shared_text(e)) && is_stack(e, d, &w)) {
		chariot_view_raise(e, a->gfn);
		return;
	}
	if (!(own && w.decoded) && leave(e))
		return;
	if (!w.decoded)
		w.gpa = (a->gfn << CHARIOT_PAGE_SHIFT) + a->offset;
	verdict = w.decoded ? judge(e, d, &w, &bad) :
		  d->mode == CHARIOT_MODE_AUDIT ? CHARIOT_VERDICT_AUDIT :
		  CHARIOT_VERDICT_STOP;
	switch (verdict) {
	case CHARIOT_VERDICT_ALLOW:
		chariot_view_raise(e, a->gfn);
		break;
	case CHARIOT_VERDICT_EMULATE:
		d->stats.emulated++;
		if (chariot_emulate(e, &d->table, &w) != CHARIOT_DONE)
			emulate_by_xen(e);
		break;
	case CHARIOT_VERDICT_AUDIT:
		audit(e, d, &w, bad);
		break;
	case CHARIOT_VERDICT_STOP:
		stop(e, d, &w, bad);
		break;
	}
}
