// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested page faults: which of them are a change of view, a right the hardware
 * needs, or a write to be judged; all others are KVM's.
 * Runs in the host kernel, in a virtual CPU's thread.
 */
#include "backend.h"
#include "hooks.h"
#include "trace.h"

/* What KVM's handlers return: the guest runs on, or its process is to see it. */
#define RUN_ON	1
#define TO_USER	0

static __always_inline void enter(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
				  struct chariot_vcpu *state, u32 from, u32 to,
				  u64 gpa)
{
	if (from)
		atomic64_inc(&vm->counters[from].exits);
	if (to) {
		atomic64_inc(&vm->counters[to].entries);
		state->entry_rsp = chariot_reg_read(vcpu, VCPU_REGS_RSP);
	}
	trace_view_switch(vcpu, from, to, gpa);
	chariot_view_switch(vcpu, to);
}

/* Returns true if the fetch belongs to another view. */
static bool fetch_fault(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
			struct chariot_vcpu *state, u32 view, u64 gpa)
{
	u32 owner = chariot_text_owner_cached(vm, state,
					      gpa >> CHARIOT_PAGE_SHIFT);
	u32 target = CHARIOT_DOMAIN_KERNEL;

	if (chariot_is_domain(owner))
		target = owner;
	else if (owner == CHARIOT_OWNER_ALL &&
		 (READ_ONCE(vm->active) & BIT(view)))
		target = view;
	if (target == view)
		return false;
	enter(vm, vcpu, state, view, target, gpa);
	return true;
}

/* Guest memory that a view restricts; the rest is a device's. */
static bool is_memory(struct kvm_vcpu *vcpu, u64 gpa)
{
	struct kvm_memory_slot *slot = chariot_slot(vcpu,
						    gpa >> CHARIOT_PAGE_SHIFT);

	return slot && !(slot->flags & (KVM_MEM_READONLY |
					KVM_MEMSLOT_INVALID));
}

static enum chariot_next view_fault(struct chariot_vm *vm,
				    struct kvm_vcpu *vcpu,
				    struct chariot_vcpu *state, u32 view,
				    u64 gpa, u64 error_code, const u8 *insn,
				    int insn_len)
{
	struct chariot_domain *d = vm->domain[view];
	enum chariot_next next;

	/* The domain has gone, and nothing is executable here any more. */
	if (!d || !(READ_ONCE(vm->active) & BIT(view))) {
		enter(vm, vcpu, state, view, CHARIOT_DOMAIN_KERNEL, gpa);
		return CHARIOT_NEXT_RUN;
	}
	if (chariot_alias_target(vm, &gpa)) {
		if (!(error_code & PFERR_WRITE_MASK)) {
			next = chariot_judge_read(vm, vcpu, state, d, insn,
						  insn_len);
			if (next != CHARIOT_NEXT_MAP)
				return next;
			chariot_alias_read(vm, vcpu, state,
					   gpa >> CHARIOT_PAGE_SHIFT);
			return CHARIOT_NEXT_RUN;
		}
		next = chariot_judge_write(vm, vcpu, state, d, gpa, insn,
					   insn_len);
		if (next != CHARIOT_NEXT_MAP)
			return next;
		/* The page is the domain's now: no table any more. */
		chariot_walks_forget(vm, gpa >> CHARIOT_PAGE_SHIFT,
				     (gpa >> CHARIOT_PAGE_SHIFT) + 1);
		chariot_alias_show(vm, vcpu, gpa >> CHARIOT_PAGE_SHIFT,
				   (gpa >> CHARIOT_PAGE_SHIFT) + 1);
		return CHARIOT_NEXT_RUN;
	}
	if (!is_memory(vcpu, gpa))
		return chariot_judge_string(vm, vcpu, state, d, insn,
					    insn_len);
	if (error_code & PFERR_GUEST_PAGE_MASK)
		return chariot_grant_walk(vm, vcpu, d,
					  gpa >> CHARIOT_PAGE_SHIFT) ?
		       CHARIOT_NEXT_MAP : CHARIOT_NEXT_RUN;
	return chariot_judge_write(vm, vcpu, state, d, gpa, insn, insn_len);
}

/*
 * The boot CPU had no paging. If it still has none now that it runs, the guest
 * has restarted, and what its old kernel asked for ends. Otherwise that was a
 * moment within an emulated RSM or the like.
 */
static void check_restart(struct chariot_vm *vm, struct kvm_vcpu *vcpu)
{
	if (!chariot_is_boot_cpu(vcpu))
		return;
	mutex_lock(&vm->config);
	if (READ_ONCE(vm->restarted) && !(vcpu->arch.cr0 & X86_CR0_PG) &&
	    !(vcpu->arch.hflags & HF_SMM_MASK))
		chariot_domains_forget(vm);
	WRITE_ONCE(vm->restarted, false);
	mutex_unlock(&vm->config);
}

/* A nested page fault in a view that is no fetch of ours: may it be mapped? */
static noinline enum chariot_next
memory_fault(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
	     struct chariot_vcpu *state, u32 view, u64 gpa, u64 error_code,
	     const u8 *insn, int insn_len)
{
	enum chariot_next next = CHARIOT_NEXT_MAP;

	down_read(&vm->judging);
	if ((error_code & (PFERR_WRITE_MASK | PFERR_RSVD_MASK)) ||
	    !is_memory(vcpu, gpa))
		next = view_fault(vm, vcpu, state, view, gpa, error_code, insn,
				  insn_len);
	up_read(&vm->judging);
	return next;
}

static __always_inline int fault(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
				 u64 gpa, u64 error_code, const u8 *insn,
				 int insn_len)
{
	struct chariot_vcpu *state;
	enum chariot_next next;
	u32 view;

	if (chariot_in_nested_guest(vcpu) ||
	    !VALID_PAGE(vcpu->arch.mmu->root.hpa))
		return CHARIOT_PASS;
	if (unlikely(READ_ONCE(vm->restarted)))
		check_restart(vm, vcpu);
	view = chariot_view_of(vcpu);
	if (!view && !(error_code & PFERR_FETCH_MASK))
		return CHARIOT_PASS;
	state = chariot_vcpu_state(vm, vcpu);
	if (unlikely(!state))
		return -ENOMEM;
	if (unlikely(state->window_view)) {
		down_read(&vm->judging);
		chariot_window_close(vm, state);
		up_read(&vm->judging);
	}
	/* KVM has reconfigured paging and fell back to its own role. */
	if (unlikely((vcpu->arch.root_mmu.root_role.word & CHARIOT_VIEW_MASK) !=
		     view << CHARIOT_VIEW_SHIFT)) {
		chariot_view_switch(vcpu, CHARIOT_DOMAIN_KERNEL);
		return RUN_ON;
	}
	if ((error_code & PFERR_FETCH_MASK) &&
	    !(error_code & PFERR_GUEST_PAGE_MASK)) {
		if (fetch_fault(vm, vcpu, state, view, gpa))
			return RUN_ON;
	} else if (view) {
		next = memory_fault(vm, vcpu, state, view, gpa, error_code,
				    insn, insn_len);
		if (next != CHARIOT_NEXT_MAP)
			return next == CHARIOT_NEXT_RUN ? RUN_ON : TO_USER;
	}
	if (view)
		atomic64_inc(&vm->counters[view].page_faults);
	return CHARIOT_PASS;
}

/**
 * chariot_handle_page_fault - deal with a nested page fault
 * @vcpu: the virtual CPU of this thread
 * @gpa: where
 * @error_code: PFERR_*
 * @insn: bytes of the instruction, if the processor gave them
 * @insn_len: how many
 *
 * Stands before kvm_mmu_page_fault(). On the way of each crossing, hence in one
 * piece. Returns CHARIOT_PASS if the fault is KVM's own.
 */
int chariot_handle_page_fault(struct kvm_vcpu *vcpu, gpa_t gpa, u64 error_code,
			      void *insn, int insn_len)
{
	struct chariot_vm *vm = chariot_guest_known(vcpu);
	int ret;

	if (!vm)
		return CHARIOT_PASS;
	this_cpu_inc(chariot_inside);
	ret = fault(vm, vcpu, gpa, error_code, insn, insn_len);
	this_cpu_dec(chariot_inside);
	return ret;
}

static int emulation(struct chariot_vm *vm, struct kvm_vcpu *vcpu)
{
	enum chariot_next next = CHARIOT_NEXT_MAP;
	struct chariot_vcpu *state;
	u32 view;

	if (chariot_in_nested_guest(vcpu) ||
	    !VALID_PAGE(vcpu->arch.mmu->root.hpa))
		return CHARIOT_PASS;
	view = chariot_view_of(vcpu);
	if (!view)
		return CHARIOT_PASS;
	state = chariot_vcpu_state(vm, vcpu);
	if (!state || state->emulating)
		return CHARIOT_PASS;
	down_read(&vm->judging);
	if (READ_ONCE(vm->active) & BIT(view))
		next = chariot_judge_string(vm, vcpu, state, vm->domain[view],
					    NULL, 0);
	up_read(&vm->judging);
	if (next == CHARIOT_NEXT_MAP)
		return CHARIOT_PASS;
	return next == CHARIOT_NEXT_RUN ? RUN_ON : TO_USER;
}

/**
 * chariot_handle_emulate - KVM is about to emulate an instruction by itself
 * @vcpu: the virtual CPU of this thread
 * @emulation_type: EMULTYPE_*
 *
 * Stands before kvm_emulate_instruction(). Among others, that is a string input
 * from a port, which the emulator writes to memory without any view. Returns
 * CHARIOT_PASS to let it.
 */
int chariot_handle_emulate(struct kvm_vcpu *vcpu, int emulation_type)
{
	struct chariot_vm *vm;
	int ret;

	if (emulation_type)
		return CHARIOT_PASS;
	vm = chariot_guest_known(vcpu);
	if (!vm)
		return CHARIOT_PASS;
	this_cpu_inc(chariot_inside);
	ret = emulation(vm, vcpu);
	this_cpu_dec(chariot_inside);
	return ret;
}
