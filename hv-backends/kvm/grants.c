// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rights that the backend gives by itself: the stack a domain's code runs on,
 * page tables that the processor walks (a walk counts as a write with nested
 * paging on AMD), and one-shot windows for audited writes nobody can emulate.
 * Runs in the host kernel, in a virtual CPU's thread. Trusts RSP only as it was
 * when the view was entered, not what the domain makes of it afterwards.
 */
#include <linux/slab.h>

#include "backend.h"

/* Give @gfn the grant @add. The watched bit comes before the right. */
static int grant_add(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
		     struct chariot_domain *d, u64 gfn, unsigned long add)
{
	void *entry;
	int err;

	if (vcpu) {
		err = chariot_watch_set(vm, vcpu, gfn);
		if (err)
			return err;
	}
	err = xa_reserve(&d->grants, gfn, GFP_KERNEL_ACCOUNT);
	if (err)
		return err;
	write_lock(&vm->tables);
	entry = xa_load(&d->grants, gfn);
	if (add < CHARIOT_GRANT_STACK)
		add |= entry ? xa_to_value(entry) : 0;
	else
		add += entry ? xa_to_value(entry) : 0;
	/* Reserved above, so this does not allocate. */
	err = xa_err(xa_store(&d->grants, gfn, xa_mk_value(add), GFP_ATOMIC));
	write_unlock(&vm->tables);
	return err;
}

/* Returns true if that was the last grant of the page. vm->tables is held. */
static bool grant_drop(struct chariot_domain *d, u64 gfn, unsigned long drop)
{
	void *entry = xa_load(&d->grants, gfn);
	unsigned long value;

	if (!entry)
		return false;
	value = xa_to_value(entry);
	if (drop < CHARIOT_GRANT_STACK)
		value &= ~drop;
	else if (value >= drop)
		value -= drop;
	if (value) {
		xa_store(&d->grants, gfn, xa_mk_value(value), GFP_ATOMIC);
		return false;
	}
	xa_erase(&d->grants, gfn);
	return true;
}

/**
 * chariot_grant_walk - let the processor walk a page table in a view
 * @vm: the guest
 * @vcpu: the virtual CPU of this thread
 * @d: the view's domain; chariot_vm.judging is held for read
 * @gfn: the page table
 *
 * Returns false if that failed.
 */
bool chariot_grant_walk(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
			struct chariot_domain *d, u64 gfn)
{
	void *entry = xa_load(&d->grants, gfn);

	if (entry && (xa_to_value(entry) & CHARIOT_GRANT_WALK))
		return true;
	chariot_alias_hide(vm, vcpu, gfn);
	return !grant_add(vm, vcpu, d, gfn, CHARIOT_GRANT_WALK);
}

static struct chariot_stack *stack_get(struct kvm_vcpu *vcpu,
				       struct chariot_domain *d)
{
	struct chariot_stack *s = xa_load(&d->stacks, vcpu->vcpu_idx);
	u32 i;

	if (s)
		return s;
	s = kmalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	if (!s)
		return NULL;
	s->base = CHARIOT_NO_GFN;
	for (i = 0; i < CHARIOT_STACK_PAGES; i++)
		s->gfn[i] = CHARIOT_NO_GFN;
	if (xa_err(xa_store(&d->stacks, vcpu->vcpu_idx, s,
			    GFP_KERNEL_ACCOUNT))) {
		kfree(s);
		return NULL;
	}
	return s;
}

/* End the rights of the stack that a virtual CPU ran on before. */
static void stack_leave(struct chariot_vm *vm, struct chariot_domain *d,
			struct chariot_stack *s)
{
	struct chariot_revoke revoke;
	u32 i;

	chariot_revoke_begin(&revoke, vm->kvm);
	for (i = 0; i < CHARIOT_STACK_PAGES; i++) {
		u64 gfn = s->gfn[i];
		bool gone;

		if (gfn == CHARIOT_NO_GFN)
			continue;
		write_lock(&vm->tables);
		s->gfn[i] = CHARIOT_NO_GFN;
		gone = grant_drop(d, gfn, CHARIOT_GRANT_STACK);
		write_unlock(&vm->tables);
		if (gone)
			chariot_revoke_pages(&revoke, vm, d->id, gfn, gfn + 1);
	}
	chariot_revoke_end(&revoke, NULL);
}

static u64 translate(struct kvm_vcpu *vcpu, u64 gva)
{
	struct x86_exception e;

	return kvm_mmu_gva_to_gpa_read(vcpu, gva, &e);
}

/*
 * Is @gva on the stack that @rsp points into? Stacks of tasks are aligned to
 * their size; those of interrupts need not be, but are mapped with holes around
 * them, so there it counts that all pages between are mapped.
 */
static bool same_stack(struct chariot_vm *vm, struct kvm_vcpu *vcpu, u64 rsp,
		       u64 gva)
{
	u64 size = vm->stack_size;
	u64 step = CHARIOT_PAGE_SIZE;
	u64 page, last;

	if ((rsp & ~(size - 1)) == (gva & ~(size - 1)))
		return true;
	if (gva - (rsp - size) >= 2 * size)
		return false;
	page = min(rsp, gva) & PAGE_MASK;
	last = max(rsp, gva) & PAGE_MASK;
	for (; page <= last; page += step)
		if (translate(vcpu, page) == INVALID_GPA)
			return false;
	return true;
}

/**
 * chariot_grant_stack - let a domain write the stack it runs on
 * @vm: the guest
 * @vcpu: the virtual CPU of this thread
 * @d: the domain of its view; chariot_vm.judging is held for read
 * @rsp: the stack pointer when the view was entered
 * @gva: what it writes
 * @gpa: where that is
 *
 * The stack this virtual CPU had in this view before loses the right. Returns
 * false if @gva is not on the stack.
 */
bool chariot_grant_stack(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
			 struct chariot_domain *d, u64 rsp, u64 gva, u64 gpa)
{
	u64 gfn = gpa >> CHARIOT_PAGE_SHIFT;
	u64 base = gva & ~((u64)vm->stack_size - 1);
	u32 slot = (gva >> CHARIOT_PAGE_SHIFT) % CHARIOT_STACK_PAGES;
	struct chariot_stack *s;

	if (!same_stack(vm, vcpu, rsp, gva) ||
	    translate(vcpu, gva) >> CHARIOT_PAGE_SHIFT != gfn)
		return false;
	s = stack_get(vcpu, d);
	if (!s)
		return false;
	if (s->gfn[slot] == gfn && s->base == base)
		return true;
	/* Two windows may be one stack: see same_stack(). */
	if (s->base != base && !(s->base != CHARIOT_NO_GFN &&
				 same_stack(vm, vcpu, rsp, s->base)))
		stack_leave(vm, d, s);
	if (s->gfn[slot] != CHARIOT_NO_GFN)
		stack_leave(vm, d, s);
	if (grant_add(vm, vcpu, d, gfn, CHARIOT_GRANT_STACK))
		return false;
	write_lock(&vm->tables);
	s->base = base;
	s->gfn[slot] = gfn;
	write_unlock(&vm->tables);
	return true;
}

/**
 * chariot_grant_stack_search - the same for a write whose address is not known
 * @vm: the guest
 * @vcpu: the virtual CPU of this thread
 * @d: the domain of its view; chariot_vm.judging is held for read
 * @rsp: the stack pointer when the view was entered
 * @gpa: what it writes
 */
bool chariot_grant_stack_search(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
				struct chariot_domain *d, u64 rsp, u64 gpa)
{
	u64 base = rsp & ~((u64)vm->stack_size - 1);
	u64 gva;

	for (gva = base; gva < base + vm->stack_size; gva += CHARIOT_PAGE_SIZE)
		if (translate(vcpu, gva) >> CHARIOT_PAGE_SHIFT ==
		    gpa >> CHARIOT_PAGE_SHIFT)
			return chariot_grant_stack(vm, vcpu, d, rsp, gva, gpa);
	return false;
}

/**
 * chariot_grant_window - open a page of a view for one instruction
 * @vm: the guest
 * @state: of the virtual CPU of this thread
 * @d: the domain of its view; chariot_vm.judging is held for read
 * @gfn: the page
 *
 * It is closed when the virtual CPU faults again, at the latest when it leaves
 * the view, since that is a fault.
 */
bool chariot_grant_window(struct chariot_vm *vm, struct chariot_vcpu *state,
			  struct chariot_domain *d, u64 gfn)
{
	if (grant_add(vm, NULL, d, gfn, CHARIOT_GRANT_WINDOW))
		return false;
	state->window_gfn = gfn;
	state->window_view = d->id;
	return true;
}

/**
 * chariot_window_close - end it
 * @vm: the guest; chariot_vm.judging is held for read
 * @state: of the virtual CPU of this thread
 */
void chariot_window_close(struct chariot_vm *vm, struct chariot_vcpu *state)
{
	struct chariot_domain *d = vm->domain[state->window_view];
	struct chariot_revoke revoke;
	u64 gfn = state->window_gfn;
	bool gone = false;

	write_lock(&vm->tables);
	if (d)
		gone = grant_drop(d, gfn, CHARIOT_GRANT_WINDOW);
	write_unlock(&vm->tables);
	state->window_view = CHARIOT_DOMAIN_KERNEL;
	if (!gone)
		return;
	chariot_revoke_begin(&revoke, vm->kvm);
	chariot_revoke_pages(&revoke, vm, d->id, gfn, gfn + 1);
	chariot_revoke_end(&revoke, NULL);
}

/**
 * chariot_walks_forget - pages are not written by walks for the time being
 * @vm: the guest; chariot_vm.judging is held for read
 * @first: first page
 * @end: the page behind the last one
 */
void chariot_walks_forget(struct chariot_vm *vm, u64 first, u64 end)
{
	struct chariot_revoke revoke;
	u32 id;

	chariot_revoke_begin(&revoke, vm->kvm);
	for (id = 1; id < CHARIOT_MAX_VIEWS; id++) {
		struct chariot_domain *d = vm->domain[id];
		u64 gfn;

		for (gfn = first; d && gfn < end; gfn++) {
			bool gone;

			write_lock(&vm->tables);
			gone = grant_drop(d, gfn, CHARIOT_GRANT_WALK);
			write_unlock(&vm->tables);
			if (gone)
				chariot_revoke_pages(&revoke, vm, id, gfn,
						     gfn + 1);
		}
	}
	chariot_revoke_end(&revoke, NULL);
}

static void stacks_forget(struct chariot_domain *d, u64 first, u64 end)
{
	struct chariot_stack *s;
	unsigned long index;
	u32 i;

	xa_for_each(&d->stacks, index, s)
		for (i = 0; i < CHARIOT_STACK_PAGES; i++)
			if (s->gfn[i] >= first && s->gfn[i] < end)
				s->gfn[i] = CHARIOT_NO_GFN;
}

/**
 * chariot_page_release - end all rights the backend gave by itself
 * @vm: the guest; its config mutex is held
 * @vcpu: the virtual CPU of this thread
 * @gpa: start of the range
 * @size: its size in bytes
 *
 * Returns 0. The rights are gone on every virtual CPU then.
 */
int chariot_page_release(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
			 u64 gpa, u64 size)
{
	struct chariot_revoke revoke;
	bool any = false;
	u64 first, end;
	u32 id;

	first = gpa >> CHARIOT_PAGE_SHIFT;
	end = ((gpa + size - 1) >> CHARIOT_PAGE_SHIFT) + 1;

	chariot_revoke_begin(&revoke, vm->kvm);
	for (id = 1; id < CHARIOT_MAX_VIEWS; id++) {
		struct chariot_domain *d = vm->domain[id];
		unsigned long gfn;
		void *entry;

		if (!d)
			continue;
		xa_for_each_range(&d->grants, gfn, entry, first, end - 1) {
			write_lock(&vm->tables);
			xa_erase(&d->grants, gfn);
			stacks_forget(d, gfn, gfn + 1);
			write_unlock(&vm->tables);
			chariot_revoke_pages(&revoke, vm, id, gfn, gfn + 1);
			any = true;
		}
	}
	chariot_revoke_end(&revoke, any ? vm : NULL);
	if (any)
		chariot_alias_show(vm, vcpu, first, end);
	chariot_watch_clear(vm, vcpu, first, end);
	return 0;
}
