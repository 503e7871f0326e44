// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a guest's domains.
 * Runs in the host kernel, in a virtual CPU's thread, with chariot_vm.config
 * held; the arguments have been checked by core/request.c.
 */
#include <linux/slab.h>

#include "backend.h"

/* Have the kernel's view lose, or regain, the right to run a domain's text. */
static void remap_text(struct chariot_vm *vm, u32 id)
{
	u64 first = 0, end = 0;
	unsigned long gfn;
	void *entry;

	xa_for_each(&vm->text, gfn, entry) {
		if (xa_to_value(entry) != id)
			continue;
		if (gfn != end) {
			chariot_remap(vm->kvm, first, end);
			first = gfn;
		}
		end = gfn + 1;
		cond_resched();
	}
	chariot_remap(vm->kvm, first, end);
}

/* Bring all leaves of a view down to what its table allows now. */
static void revoke_view(struct chariot_vm *vm, u32 id)
{
	struct chariot_revoke revoke;

	chariot_revoke_begin(&revoke, vm->kvm);
	chariot_revoke_pages(&revoke, vm, id, 0, CHARIOT_GFN_END);
	chariot_revoke_end(&revoke, vm);
}

static void set_active(struct chariot_vm *vm, u32 id, bool active)
{
	write_lock(&vm->tables);
	if (active)
		vm->active |= BIT(id);
	else
		vm->active &= ~BIT(id);
	chariot_text_changed(vm);
	write_unlock(&vm->tables);
}

/**
 * chariot_domain_create - make an inactive domain
 * @vm: the guest
 * @c: checked copy of the request; out: the domain's identity
 *
 * Returns 0, -ENOSPC, -ENOMEM, or -ENODEV when the module is being unloaded.
 */
int chariot_domain_create(struct chariot_vm *vm,
			  struct chariot_domain_create *c)
{
	struct chariot_domain *d;
	u32 id;
	int err;

	for (id = 1; id < CHARIOT_MAX_VIEWS; id++)
		if (!vm->domain[id])
			break;
	if (id == CHARIOT_MAX_VIEWS)
		return -ENOSPC;
	d = chariot_domain_alloc(id, c->name, c->mode);
	if (!d)
		return -ENOMEM;
	if (!vm->domains) {
		err = chariot_module_hold();
		if (err) {
			chariot_domain_free(vm, d);
			return err;
		}
	}
	WRITE_ONCE(vm->used, true);
	/*
	 * Leaves of a view that nobody filtered, from a time before this module
	 * was loaded again, must not be found.
	 */
	revoke_view(vm, id);
	memset(&vm->counters[id], 0, sizeof(vm->counters[id]));
	write_lock(&vm->tables);
	vm->domain[id] = d;
	vm->domains++;
	write_unlock(&vm->tables);
	c->domain = id;
	return 0;
}

/**
 * chariot_domain_control - make a domain active or not, set its mode
 * @vm: the guest
 * @id: the domain
 * @state: enum chariot_domain_state
 * @mode: enum chariot_mode
 */
int chariot_domain_control(struct chariot_vm *vm, u32 id, u32 state, u32 mode)
{
	struct chariot_domain *d;

	if (id >= CHARIOT_MAX_VIEWS || !vm->domain[id])
		return -ENOENT;
	d = vm->domain[id];
	WRITE_ONCE(d->mode, mode);
	if (d->state == state)
		return 0;
	d->state = state;
	set_active(vm, id, state == CHARIOT_DOMAIN_ACTIVE);
	if (state == CHARIOT_DOMAIN_ACTIVE)
		remap_text(vm, id);
	else
		revoke_view(vm, id);
	return 0;
}

/**
 * chariot_domain_destroy - end a domain
 * @vm: the guest
 * @id: the domain
 *
 * A virtual CPU in its view finds nothing executable there any more and goes on
 * in the kernel's view. The view's page tables stay for the next domain of this
 * identity; KVM frees them with the guest.
 */
int chariot_domain_destroy(struct chariot_vm *vm, u32 id)
{
	struct chariot_domain *d;
	unsigned long gfn;
	void *entry;

	if (id >= CHARIOT_MAX_VIEWS || !vm->domain[id])
		return -ENOENT;
	d = vm->domain[id];
	set_active(vm, id, false);
	xa_for_each(&vm->text, gfn, entry)
		if (xa_to_value(entry) == id)
			xa_erase(&vm->text, gfn);
	revoke_view(vm, id);

	write_lock(&vm->tables);
	vm->domain[id] = NULL;
	vm->domains--;
	vm->page_rights -= d->table.pages;
	vm->blocks -= d->table.blocks;
	write_unlock(&vm->tables);
	/* Who read the pointer before is judging a write. */
	down_write(&vm->judging);
	up_write(&vm->judging);
	chariot_tell_all(vm, id);
	chariot_domain_free(vm, d);
	if (!vm->domains)
		chariot_module_release();
	return 0;
}

/**
 * chariot_domains_forget - end all domains, and what belongs to none
 * @vm: the guest
 */
void chariot_domains_forget(struct chariot_vm *vm)
{
	struct chariot_frame_map *none = &vm->batch->map;
	unsigned long gfn;
	void *entry;
	u32 id;

	for (id = 1; id < CHARIOT_MAX_VIEWS; id++)
		chariot_domain_destroy(vm, id);
	xa_for_each(&vm->text, gfn, entry)
		xa_erase(&vm->text, gfn);
	write_lock(&vm->tables);
	chariot_text_changed(vm);
	write_unlock(&vm->tables);
	vm->page_rights = 0;
	none->count = 0;
	chariot_watch_map(vm, none);
	spin_lock(&vm->ring_lock);
	chariot_ring_init(vm->ring);
	spin_unlock(&vm->ring_lock);
	vm->greeted = false;
}

/**
 * chariot_domain_stats - counters of a domain, or of the guest for domain 0
 * @vm: the guest
 * @id: the domain
 * @s: out
 */
int chariot_domain_stats(struct chariot_vm *vm, u32 id,
			 struct chariot_stats *s)
{
	u32 first = id ? id : 1;
	u32 end = id ? id + 1 : CHARIOT_MAX_VIEWS;

	if (id >= CHARIOT_MAX_VIEWS || (id && !vm->domain[id]))
		return -ENOENT;
	memset(s, 0, sizeof(*s));
	for (id = first; id < end; id++) {
		const struct chariot_counters *c = &vm->counters[id];

		s->entries += atomic64_read(&c->entries);
		s->exits += atomic64_read(&c->exits);
		s->violations += atomic64_read(&c->violations);
		s->emulated += atomic64_read(&c->emulated);
		s->page_faults += atomic64_read(&c->page_faults);
		if (!vm->domain[id])
			continue;
		s->regions += vm->domain[id]->table.pages;
		s->view_bytes += chariot_view_pages(vm->kvm, id) * PAGE_SIZE;
	}
	return 0;
}

/**
 * chariot_vm_exits - exits of all virtual CPUs of a guest since it began
 * @kvm: the guest, of a virtual CPU that runs in this thread
 */
u64 chariot_vm_exits(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;
	u64 sum = 0;

	kvm_for_each_vcpu(i, vcpu, kvm)
		sum += READ_ONCE(vcpu->stat.exits);
	return sum;
}
