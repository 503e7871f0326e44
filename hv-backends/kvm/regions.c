// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions come and go: tables, executable pages, and the leaves that follow.
 * Runs in the host kernel, in a virtual CPU's thread, with chariot_vm.config
 * held. The batch is a private copy of what the guest sent.
 */
#include "backend.h"

/* Text of a driver is less; bounds what is done under a lock. */
#define EXEC_PAGES_MAX	16384u

struct pages {
	u64 first;
	u64 end;
};

static struct pages pages_of(const struct chariot_region *r)
{
	return (struct pages){
		.first = r->gpa >> CHARIOT_PAGE_SHIFT,
		.end = ((r->gpa + r->size - 1) >> CHARIOT_PAGE_SHIFT) + 1,
	};
}

/* Is all of it guest memory? A device's registers are named, not guarded. */
static bool is_memory(struct kvm_vcpu *vcpu, const struct chariot_region *r)
{
	struct pages p = pages_of(r);

	if (r->kind == CHARIOT_KIND_MMIO)
		return !(r->rights & CHARIOT_RIGHT_EXEC);
	while (p.first < p.end) {
		struct kvm_memory_slot *slot = chariot_slot(vcpu, p.first);

		if (!slot || (slot->flags & KVM_MEMSLOT_INVALID))
			return false;
		p.first = slot->base_gfn + slot->npages;
	}
	return true;
}

/* A page is executable for one domain or for all. Room is reserved. */
static int text_reserve(struct chariot_vm *vm, u32 owner, struct pages p)
{
	u64 gfn;
	int err;

	for (gfn = p.first; gfn < p.end; gfn++) {
		void *entry = xa_load(&vm->text, gfn);

		if (entry && xa_to_value(entry) != owner)
			return -EBUSY;
		err = xa_reserve(&vm->text, gfn, GFP_KERNEL_ACCOUNT);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

static void text_unreserve(struct chariot_vm *vm, struct pages p)
{
	u64 gfn;

	for (gfn = p.first; gfn < p.end; gfn++)
		xa_release(&vm->text, gfn);
}

static void text_add(struct chariot_vm *vm, u32 owner, struct pages p)
{
	u64 gfn;

	for (gfn = p.first; gfn < p.end; gfn++)
		if (!xa_store(&vm->text, gfn, xa_mk_value(owner), GFP_ATOMIC) &&
		    owner == CHARIOT_OWNER_ALL)
			vm->page_rights++;
	chariot_text_changed(vm);
}

/* Drop what is no longer executable as a whole. */
static void text_remove(struct chariot_vm *vm, u32 owner, struct pages p)
{
	struct chariot_domain *d = NULL;
	unsigned long gfn;
	void *entry;

	if (owner != CHARIOT_OWNER_ALL)
		d = vm->domain[owner];
	xa_for_each_range(&vm->text, gfn, entry, p.first, p.end - 1) {
		if (xa_to_value(entry) != owner)
			continue;
		if (d && (chariot_table_page(&d->table, gfn).rights &
			  CHARIOT_RIGHT_EXEC))
			continue;
		xa_erase(&vm->text, gfn);
		if (owner == CHARIOT_OWNER_ALL)
			vm->page_rights--;
		chariot_text_changed(vm);
	}
}

static int add_for_all(struct chariot_vm *vm, const struct chariot_region *r)
{
	struct pages p = pages_of(r);
	int err = text_reserve(vm, CHARIOT_OWNER_ALL, p);

	if (err) {
		text_unreserve(vm, p);
		return err;
	}
	write_lock(&vm->tables);
	text_add(vm, CHARIOT_OWNER_ALL, p);
	write_unlock(&vm->tables);
	return 0;
}

/* Have blocks for a change, if the guest may hold @share times its limit. */
static int blocks_stock(struct chariot_vm *vm, u64 need, u32 share)
{
	if ((vm->blocks + need) / (share * CHARIOT_BLOCKS_PER_PAGE) >=
	    chariot_max_page_rights())
		return -ENOSPC;
	return chariot_pool_stock(&vm->pool, need);
}

static int add_for_one(struct chariot_vm *vm, struct chariot_domain *d,
		       const struct chariot_region *r)
{
	bool exec = r->rights & CHARIOT_RIGHT_EXEC;
	struct pages p = pages_of(r);
	u64 pages = d->table.pages, blocks = d->table.blocks;
	int err;

	err = blocks_stock(vm, chariot_table_need(&d->table, r->gpa, r->size),
			   1);
	if (!err && exec)
		err = text_reserve(vm, d->id, p);
	if (err)
		goto out;
	write_lock(&vm->tables);
	err = chariot_table_add(&d->table, &vm->pool, r->gpa, r->size,
				r->rights, r->kind);
	if (!err && exec)
		text_add(vm, d->id, p);
	vm->page_rights += d->table.pages - pages;
	vm->blocks += d->table.blocks - blocks;
	write_unlock(&vm->tables);
	if (!err)
		chariot_granted(vm, d->id, r->gpa, r->size);
	if (!err && exec && (vm->active & BIT(d->id)))
		chariot_remap(vm->kvm, p.first, p.end);
out:
	if (err && exec)
		text_unreserve(vm, p);
	return err;
}

static int region_add(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
		      const struct chariot_region *r)
{
	struct pages p = pages_of(r);
	u64 limit = chariot_max_page_rights();

	if (vm->page_rights >= limit ||
	    p.end - p.first > limit - vm->page_rights)
		return -ENOSPC;
	if ((r->rights & CHARIOT_RIGHT_EXEC) &&
	    p.end - p.first > EXEC_PAGES_MAX)
		return -ENOSPC;
	if (!is_memory(vcpu, r))
		return -EFAULT;
	if (r->domain == CHARIOT_DOMAIN_ALL)
		return add_for_all(vm, r);
	return add_for_one(vm, vm->domain[r->domain], r);
}

/*
 * Take rights from the table. *@strip says whether leaves may be left that
 * allow more, *@settle whether writes may be in flight.
 */
static int remove_for_one(struct chariot_vm *vm, struct chariot_domain *d,
			  const struct chariot_region *r, bool *strip,
			  bool *settle)
{
	struct pages p = pages_of(r);
	struct chariot_range range;
	u64 pages = d->table.pages, blocks = d->table.blocks;
	int err;

	/* Nobody writes the table but us, so there is no need to lock. */
	if (!chariot_table_next(&d->table, r->gpa, 1, &range) ||
	    range.gpa >= r->gpa + r->size)
		return 0;
	*settle = true;
	/* Parts of pages are not in any leaf. */
	*strip = p.end - p.first > 1 ||
		 chariot_table_page(&d->table, p.first).rights;
	err = blocks_stock(vm, chariot_table_remove_need(&d->table, r->gpa,
							 r->size), 2);
	if (err)
		return err;
	write_lock(&vm->tables);
	err = chariot_table_remove(&d->table, &vm->pool, r->gpa, r->size);
	if (!err)
		text_remove(vm, d->id, p);
	vm->page_rights -= pages - d->table.pages;
	vm->blocks += d->table.blocks - blocks;
	write_unlock(&vm->tables);
	return err;
}

static int region_remove(struct chariot_vm *vm, const struct chariot_region *r,
			 bool *strip, bool *settle)
{
	if (r->domain != CHARIOT_DOMAIN_ALL)
		return remove_for_one(vm, vm->domain[r->domain], r, strip,
				      settle);
	write_lock(&vm->tables);
	text_remove(vm, CHARIOT_OWNER_ALL, pages_of(r));
	write_unlock(&vm->tables);
	*strip = true;
	return 0;
}

/* The leaves that a removed region was mapped by. */
static void revoke_region(struct chariot_vm *vm, struct chariot_revoke *revoke,
			  const struct chariot_region *r)
{
	struct pages p = pages_of(r);
	u32 id;

	if (r->domain != CHARIOT_DOMAIN_ALL) {
		chariot_revoke_pages(revoke, vm, r->domain, p.first, p.end);
		return;
	}
	for (id = 1; id < CHARIOT_MAX_VIEWS; id++)
		if (vm->domain[id])
			chariot_revoke_pages(revoke, vm, id, p.first, p.end);
}

static int region_check(struct chariot_vm *vm, const struct chariot_region *r)
{
	int err = chariot_check_region(r);

	if (err)
		return err;
	if (r->domain != CHARIOT_DOMAIN_ALL &&
	    (r->domain >= CHARIOT_MAX_VIEWS || !vm->domain[r->domain]))
		return -ENOENT;
	return 0;
}

/**
 * chariot_region_update - change tables
 * @vm: the guest
 * @vcpu: the virtual CPU of this thread
 * @batch: the changes; out: how many were done
 *
 * Rights that were taken are in force nowhere any more on return, also after
 * an error.
 */
int chariot_region_update(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
			  struct chariot_batch *batch)
{
	DECLARE_BITMAP(strip, CHARIOT_BATCH_MAX) = { };
	struct chariot_revoke revoke;
	bool settle = false;
	int err = 0;
	u32 i;

	for (i = 0; i < batch->count; i++) {
		const struct chariot_region *r = &batch->region[i];
		bool strip_one = false;

		err = region_check(vm, r);
		if (err)
			break;
		if (r->op == CHARIOT_REGION_ADD)
			err = region_add(vm, vcpu, r);
		else
			err = region_remove(vm, r, &strip_one, &settle);
		if (err)
			break;
		if (strip_one)
			__set_bit(i, strip);
	}
	batch->done = i;
	/* One lock and one flush for all of them. */
	chariot_revoke_begin(&revoke, vm->kvm);
	for_each_set_bit(i, strip, CHARIOT_BATCH_MAX)
		revoke_region(vm, &revoke, &batch->region[i]);
	chariot_revoke_end(&revoke, settle ? vm : NULL);
	chariot_pool_drain(&vm->pool, 256);
	return err;
}
