// SPDX-License-Identifier: GPL-2.0-only
/*
 * A write that left a view: what it is, whether it is allowed, what becomes of
 * it.
 * Runs in the host kernel, in a virtual CPU's thread, with chariot_vm.judging
 * held for read. Instruction bytes and registers are the guest's; the address
 * that the processor reported is not.
 */
#include "backend.h"

static u64 translate(struct kvm_vcpu *vcpu, u64 gva)
{
	struct x86_exception e;

	return kvm_mmu_gva_to_gpa_read(vcpu, gva, &e);
}

/*
 * Where the current instruction lies, if that is text of the domain alone;
 * INVALID_GPA if not. The translation is remembered: the guest takes a text
 * region back before it uses the pages for anything else.
 */
static u64 own_text(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
		    struct chariot_vcpu *state, u32 view)
{
	u64 rip = chariot_reg_read(vcpu, VCPU_REGS_RIP);
	u64 generation = READ_ONCE(vm->text_generation);
	u64 gpa;

	if (state->text_page == (rip & PAGE_MASK) &&
	    state->text_view == view && state->text_generation == generation)
		return state->text_gfn << CHARIOT_PAGE_SHIFT |
		       (rip & ~PAGE_MASK);
	gpa = translate(vcpu, rip);
	if (gpa == INVALID_GPA ||
	    chariot_text_owner(vm, gpa >> CHARIOT_PAGE_SHIFT) != view)
		return INVALID_GPA;
	state->text_page = rip & PAGE_MASK;
	state->text_view = view;
	state->text_gfn = gpa >> CHARIOT_PAGE_SHIFT;
	state->text_generation = generation;
	return gpa;
}

static void fetch(struct kvm_vcpu *vcpu, struct chariot_write *w, u64 rip_gpa)
{
	u32 here = min_t(u32, CHARIOT_INSN_MAX,
			 PAGE_SIZE - (rip_gpa & ~PAGE_MASK));
	u64 next;

	if (kvm_vcpu_read_guest(vcpu, rip_gpa, w->bytes, here))
		return;
	w->byte_count = here;
	if (here == CHARIOT_INSN_MAX)
		return;
	next = translate(vcpu, w->regs.rip + here);
	if (next != INVALID_GPA &&
	    !kvm_vcpu_read_guest(vcpu, next, w->bytes + here,
				 CHARIOT_INSN_MAX - here))
		w->byte_count = CHARIOT_INSN_MAX;
}

/*
 * Decode the instruction; @insn are its bytes if the processor gave them. Returns
 * false if it is not known, or writes to places that are not.
 */
static bool decode(struct kvm_vcpu *vcpu, struct chariot_write *w, u64 rip_gpa,
		   const u8 *insn, int insn_len)
{
	bool known;

	chariot_regs_get(vcpu, &w->regs);
	if (insn && insn_len > 0) {
		w->byte_count = min(insn_len, CHARIOT_INSN_MAX);
		memcpy(w->bytes, insn, w->byte_count);
	} else {
		fetch(vcpu, w, rip_gpa);
	}
	known = !chariot_insn_decode(w->bytes, w->byte_count, &w->regs,
				     &w->insn) &&
		!(w->insn.flags & CHARIOT_INSN_SCATTER);
	w->decoded = known && (w->insn.flags & CHARIOT_INSN_WRITES);
	return known;
}

/*
 * Find where the operand lies by the guest's own tables. An operand that goes on
 * in another page lies in two places. False if those do not allow it: *e.
 */
static bool translate_operand(struct kvm_vcpu *vcpu, struct chariot_write *w,
			      struct x86_exception *e)
{
	chariot_write_measure(w);
	w->gpa = kvm_mmu_gva_to_gpa_write(vcpu, w->insn.gva, e);
	if (w->gpa == INVALID_GPA)
		return false;
	if (w->size1 == w->size)
		return true;
	w->gpa2 = kvm_mmu_gva_to_gpa_write(vcpu, w->insn.gva + w->size1, e);
	return w->gpa2 != INVALID_GPA;
}

enum located {
	LOCATED,
	ELSEWHERE,		/* the operand is not what faulted */
	FAULTED,		/* the guest's own tables do not allow it: *e */
};

/*
 * The same; @gpa is what the processor reported. Of the part in another page it
 * has not checked anything yet.
 */
static enum located locate(struct kvm_vcpu *vcpu, struct chariot_write *w,
			   u64 gpa, struct x86_exception *e)
{
	u32 offset = w->insn.gva & ~PAGE_MASK;

	if (offset == (gpa & ~PAGE_MASK) && w->insn.size <= PAGE_SIZE - offset) {
		w->size = w->insn.size;
		w->size1 = w->size;
		w->gpa = gpa;
		return LOCATED;
	}
	if (!translate_operand(vcpu, w, e))
		return FAULTED;
	if ((w->gpa ^ gpa) < PAGE_SIZE ||
	    (w->size1 < w->size && (w->gpa2 ^ gpa) < PAGE_SIZE))
		return LOCATED;
	return ELSEWHERE;
}

/* Judge @size bytes within one page. */
static enum chariot_verdict judge_part(struct chariot_vm *vm,
				       struct chariot_domain *d, u64 gpa,
				       u32 size, u64 *bad)
{
	const struct chariot_access access = { .gpa = gpa, .size = size };
	enum chariot_verdict verdict;
	void *grant;

	read_lock(&vm->tables);
	grant = xa_load(&d->grants, gpa >> CHARIOT_PAGE_SHIFT);
	/* That the processor may walk a page table lets no store into it. */
	if (grant && (xa_to_value(grant) & ~CHARIOT_GRANT_WALK))
		verdict = CHARIOT_VERDICT_ALLOW;
	else
		verdict = chariot_decide(&d->table, d->mode, &access, bad);
	read_unlock(&vm->tables);
	return verdict;
}

static enum chariot_verdict judge(struct chariot_vm *vm,
				  struct chariot_domain *d,
				  const struct chariot_write *w, u64 *bad)
{
	enum chariot_verdict first, second;
	u64 bad2;

	first = judge_part(vm, d, w->gpa, w->size1, bad);
	if (w->size1 == w->size)
		return first;
	second = judge_part(vm, d, w->gpa2, w->size - w->size1, &bad2);
	return chariot_verdict_both(first, second, bad, bad2);
}

/* KVM's emulator would do all iterations of a string at once. */
static enum chariot_done emulate_any(struct chariot_vm *vm,
				     struct kvm_vcpu *vcpu,
				     struct chariot_vcpu *state,
				     const struct chariot_table *judge,
				     struct chariot_write *w)
{
	enum chariot_done done = chariot_emulate(vm, vcpu, judge, w);

	if (done != CHARIOT_CANNOT || !w->decoded || !w->size ||
	    (w->insn.flags & CHARIOT_INSN_REP))
		return done;
	state->emulating = true;
	done = chariot_emulate_kvm(vcpu);
	state->emulating = false;
	return done;
}

static enum chariot_next stop(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
			      struct chariot_domain *d,
			      struct chariot_write *w, u64 bad)
{
	if (w->decoded) {
		chariot_report(vm, vcpu, d, w, bad, CHARIOT_OUTCOME_STOPPED,
			       true);
		chariot_skip(vcpu, w->regs.rip + w->insn.len);
	} else {
		chariot_report(vm, vcpu, d, w, bad, CHARIOT_OUTCOME_HELD, true);
	}
	/* The notification is the kernel's business. */
	if (vm->notify_error) {
		atomic64_inc(&vm->counters[d->id].exits);
		chariot_view_switch(vcpu, CHARIOT_DOMAIN_KERNEL);
	}
	return CHARIOT_NEXT_RUN;
}

/* Let it happen in the page itself, for this one instruction. */
static enum chariot_next open_window(struct chariot_vm *vm,
				     struct chariot_vcpu *state,
				     struct chariot_domain *d, u64 gpa)
{
	return chariot_grant_window(vm, state, d, gpa >> CHARIOT_PAGE_SHIFT) ?
	       CHARIOT_NEXT_MAP : CHARIOT_NEXT_RUN;
}

static enum chariot_next audit(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
			       struct chariot_vcpu *state,
			       struct chariot_domain *d,
			       struct chariot_write *w, u64 gpa, u64 bad)
{
	const struct chariot_write before = *w;

	switch (emulate_any(vm, vcpu, state, NULL, w)) {
	case CHARIOT_DONE:
		chariot_report(vm, vcpu, d, &before, bad,
			       CHARIOT_OUTCOME_AUDITED, true);
		return CHARIOT_NEXT_RUN;
	case CHARIOT_RETRY:
		return CHARIOT_NEXT_RUN;
	case CHARIOT_EXIT:
		return CHARIOT_NEXT_USER;
	case CHARIOT_CANNOT:
		break;
	}
	/* The instruction is still to come: no notification between. */
	chariot_report(vm, vcpu, d, &before, bad, CHARIOT_OUTCOME_AUDITED,
		       false);
	return open_window(vm, state, d, gpa);
}

static enum chariot_next allow_part(struct chariot_vm *vm,
				    struct kvm_vcpu *vcpu,
				    struct chariot_vcpu *state,
				    struct chariot_domain *d,
				    struct chariot_write *w, u64 gpa)
{
	atomic64_inc(&vm->counters[d->id].emulated);
	switch (emulate_any(vm, vcpu, state, &d->table, w)) {
	case CHARIOT_EXIT:
		return CHARIOT_NEXT_USER;
	case CHARIOT_CANNOT:
		/* Allowed to the byte, but nobody can do just that. */
		return open_window(vm, state, d, gpa);
	default:
		return CHARIOT_NEXT_RUN;
	}
}

static bool is_stack(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
		     struct chariot_vcpu *state, struct chariot_domain *d,
		     const struct chariot_write *w, u64 gpa)
{
	if (!w->decoded)
		return chariot_grant_stack_search(vm, vcpu, d,
						  state->entry_rsp, gpa);
	/* The part that faulted may be the second one. */
	if (w->size1 < w->size && (w->gpa ^ gpa) >= PAGE_SIZE)
		return chariot_grant_stack(vm, vcpu, d, state->entry_rsp,
					   w->insn.gva + w->size1, w->gpa2);
	return chariot_grant_stack(vm, vcpu, d, state->entry_rsp, w->insn.gva,
				   w->gpa);
}

/* The kernel's code, as far as a view can execute it: let the kernel do it. */
static enum chariot_next leave(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
			       struct chariot_domain *d)
{
	atomic64_inc(&vm->counters[d->id].exits);
	chariot_view_switch(vcpu, CHARIOT_DOMAIN_KERNEL);
	return CHARIOT_NEXT_RUN;
}

/*
 * Thunks run in all views and call, so they write the stack that the domain's
 * code runs on, as its own calls do.
 */
static bool shared_text_pushes(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
			       struct chariot_vcpu *state,
			       struct chariot_domain *d,
			       struct chariot_write *w, u64 gpa, const u8 *insn,
			       int insn_len)
{
	u64 rip_gpa = translate(vcpu, chariot_reg_read(vcpu, VCPU_REGS_RIP));
	struct x86_exception e;

	if (rip_gpa == INVALID_GPA ||
	    chariot_text_owner(vm, rip_gpa >> CHARIOT_PAGE_SHIFT) !=
	    CHARIOT_OWNER_ALL)
		return false;
	decode(vcpu, w, rip_gpa, insn, insn_len);
	return w->decoded && locate(vcpu, w, gpa, &e) == LOCATED &&
	       is_stack(vm, vcpu, state, d, w, gpa);
}

/**
 * chariot_judge_write - decide on a write and see to it
 * @vm: the guest
 * @vcpu: the virtual CPU of this thread
 * @state: what is remembered of it
 * @d: the domain of its view
 * @gpa: what the processor reported
 * @insn: bytes of the instruction, if the processor gave them
 * @insn_len: how many
 */
enum chariot_next chariot_judge_write(struct chariot_vm *vm,
				      struct kvm_vcpu *vcpu,
				      struct chariot_vcpu *state,
				      struct chariot_domain *d, u64 gpa,
				      const u8 *insn, int insn_len)
{
	struct chariot_write w = { .gpa = gpa };
	enum chariot_verdict verdict;
	enum located located;
	struct x86_exception e;
	u64 rip_gpa, bad = gpa;

	/* Known before anything is decoded: the page is the domain's. */
	verdict = judge_part(vm, d, gpa, 0, &bad);
	if (verdict == CHARIOT_VERDICT_ALLOW)
		return CHARIOT_NEXT_MAP;
	/*
	 * An event's frame is not an instruction's operand; KVM delivers it
	 * again, and the kernel's view lets it.
	 */
	if (chariot_event_in_delivery(vcpu))
		return leave(vm, vcpu, d);
	rip_gpa = own_text(vm, vcpu, state, d->id);
	if (rip_gpa == INVALID_GPA)
		return shared_text_pushes(vm, vcpu, state, d, &w, gpa, insn,
					  insn_len) ?
		       CHARIOT_NEXT_MAP : leave(vm, vcpu, d);

	decode(vcpu, &w, rip_gpa, insn, insn_len);
	located = w.decoded ? locate(vcpu, &w, gpa, &e) : ELSEWHERE;
	/* What is masked may well write nothing there. */
	if (located == FAULTED && !(w.insn.flags & CHARIOT_INSN_MASKED)) {
		kvm_inject_emulated_page_fault(vcpu, &e);
		return CHARIOT_NEXT_RUN;
	}
	if (located != LOCATED) {
		w.decoded = false;
		w.gpa = gpa;
	}
	if (is_stack(vm, vcpu, state, d, &w, gpa))
		return CHARIOT_NEXT_MAP;
	if (w.decoded)
		verdict = judge(vm, d, &w, &bad);

	switch (verdict) {
	case CHARIOT_VERDICT_ALLOW:
		return CHARIOT_NEXT_MAP;
	case CHARIOT_VERDICT_EMULATE:
		return allow_part(vm, vcpu, state, d, &w, gpa);
	case CHARIOT_VERDICT_AUDIT:
		return audit(vm, vcpu, state, d, &w, gpa, bad);
	case CHARIOT_VERDICT_STOP:
		break;
	}
	return stop(vm, vcpu, d, &w, bad);
}

/* Have KVM's emulator do an instruction that writes no memory. */
static enum chariot_next emulate_read(struct kvm_vcpu *vcpu,
				      struct chariot_vcpu *state)
{
	enum chariot_done done;

	state->emulating = true;
	done = chariot_emulate_kvm(vcpu);
	state->emulating = false;
	if (done == CHARIOT_CANNOT)
		return CHARIOT_NEXT_MAP;
	return done == CHARIOT_EXIT ? CHARIOT_NEXT_USER : CHARIOT_NEXT_RUN;
}

/**
 * chariot_judge_read - an instruction that reads a page table with no address
 * @vm: the guest
 * @vcpu: the virtual CPU of this thread
 * @state: what is remembered of it
 * @d: the domain of its view
 * @insn: bytes of the instruction, if the processor gave them
 * @insn_len: how many
 *
 * It is done here, by the guest's own tables, as the page may be one of those
 * that lead to it. What it writes, there or elsewhere, is judged before. Returns
 * CHARIOT_NEXT_MAP if nobody can do it.
 */
enum chariot_next chariot_judge_read(struct chariot_vm *vm,
				     struct kvm_vcpu *vcpu,
				     struct chariot_vcpu *state,
				     struct chariot_domain *d, const u8 *insn,
				     int insn_len)
{
	u64 rip_gpa = own_text(vm, vcpu, state, d->id);
	struct chariot_write w = { };
	enum chariot_verdict verdict;
	struct x86_exception e;
	u64 bad;

	if (rip_gpa == INVALID_GPA)
		return leave(vm, vcpu, d);
	if (!decode(vcpu, &w, rip_gpa, insn, insn_len))
		return CHARIOT_NEXT_MAP;
	if (!w.decoded)
		return emulate_read(vcpu, state);
	/* Not an operand of unknown size, one that need not be there, a device. */
	if (!w.insn.size || (w.insn.flags & CHARIOT_INSN_MASKED))
		return CHARIOT_NEXT_MAP;
	if (!translate_operand(vcpu, &w, &e)) {
		kvm_inject_emulated_page_fault(vcpu, &e);
		return CHARIOT_NEXT_RUN;
	}
	if (!chariot_slot(vcpu, w.gpa >> CHARIOT_PAGE_SHIFT))
		return CHARIOT_NEXT_MAP;
	verdict = is_stack(vm, vcpu, state, d, &w, w.gpa) &&
		  w.size1 == w.size ? CHARIOT_VERDICT_ALLOW :
		  judge(vm, d, &w, &bad);
	if (verdict == CHARIOT_VERDICT_STOP)
		return stop(vm, vcpu, d, &w, bad);
	if (verdict == CHARIOT_VERDICT_AUDIT)
		return CHARIOT_NEXT_MAP;
	switch (emulate_any(vm, vcpu, state,
			    verdict == CHARIOT_VERDICT_EMULATE ? &d->table :
			    NULL, &w)) {
	case CHARIOT_EXIT:
		return CHARIOT_NEXT_USER;
	case CHARIOT_CANNOT:
		return CHARIOT_NEXT_MAP;
	default:
		return CHARIOT_NEXT_RUN;
	}
}

static bool is_string(const struct chariot_insn *insn)
{
	bool input = !insn->map && (insn->opcode & 0xfe) == 0x6c;

	return input || (insn->flags & CHARIOT_INSN_STRING);
}

/* Judge a run of bytes, page by page, as far as it is memory. */
static enum chariot_verdict judge_run(struct chariot_vm *vm,
				      struct kvm_vcpu *vcpu,
				      struct chariot_vcpu *state,
				      struct chariot_domain *d, u64 gva,
				      u64 size, u64 *bad)
{
	enum chariot_verdict worst = CHARIOT_VERDICT_ALLOW;

	while (size && worst <= CHARIOT_VERDICT_EMULATE) {
		u32 part = min_t(u64, size, PAGE_SIZE - (gva & ~PAGE_MASK));
		u64 gpa = translate(vcpu, gva);

		/* The emulator will find the fault by itself. */
		if (gpa == INVALID_GPA)
			break;
		if (chariot_slot(vcpu, gpa >> CHARIOT_PAGE_SHIFT) &&
		    !chariot_grant_stack(vm, vcpu, d, state->entry_rsp, gva,
					 gpa))
			worst = max(worst, judge_part(vm, d, gpa, part, bad));
		gva += part;
		size -= part;
		cond_resched();
	}
	return worst;
}

/**
 * chariot_judge_string - an access to a device that KVM is about to emulate
 * @vm: the guest
 * @vcpu: the virtual CPU of this thread
 * @state: what is remembered of it
 * @d: the domain of its view
 * @insn: bytes of the instruction, if the processor gave them
 * @insn_len: how many
 *
 * A movs or ins from a device to memory is emulated with all its iterations,
 * and the emulator knows no views: so judge its destination first. Returns
 * CHARIOT_NEXT_MAP to let KVM go on.
 */
enum chariot_next chariot_judge_string(struct chariot_vm *vm,
				       struct kvm_vcpu *vcpu,
				       struct chariot_vcpu *state,
				       struct chariot_domain *d,
				       const u8 *insn, int insn_len)
{
	struct chariot_write w = { };
	enum chariot_verdict verdict;
	u64 start, size, bad = 0;
	u64 rip_gpa = own_text(vm, vcpu, state, d->id);

	if (rip_gpa == INVALID_GPA)
		return leave(vm, vcpu, d);
	decode(vcpu, &w, rip_gpa, insn, insn_len);
	if (!w.decoded || !is_string(&w.insn))
		return CHARIOT_NEXT_MAP;
	/* No driver copies more from a device in one instruction. */
	size = min_t(u64, w.insn.count, SZ_16M / w.insn.size) * w.insn.size;
	start = w.insn.gva;
	if (w.insn.flags & CHARIOT_INSN_DOWN)
		start -= size - w.insn.size;
	verdict = judge_run(vm, vcpu, state, d, start, size, &bad);
	if (w.insn.count > SZ_16M / w.insn.size)
		verdict = CHARIOT_VERDICT_STOP;
	if (verdict <= CHARIOT_VERDICT_EMULATE)
		return CHARIOT_NEXT_MAP;
	w.size = w.insn.size;
	w.size1 = w.size;
	w.gpa = bad;
	if (verdict == CHARIOT_VERDICT_AUDIT) {
		chariot_report(vm, vcpu, d, &w, bad, CHARIOT_OUTCOME_AUDITED,
			       false);
		return CHARIOT_NEXT_MAP;
	}
	return stop(vm, vcpu, d, &w, bad);
}
