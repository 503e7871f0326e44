// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's second maps (struct chariot_walk_alias in abi.h): keep page tables
 * that the processor must be able to write in a view out of the reach of stores.
 * Runs in the host kernel, in a virtual CPU's thread. The tables are guest
 * memory: a guest that lies about them only misleads its own views, since every
 * address they give is checked again by the nested page tables.
 *
 * A hidden page G has, in all second maps, the address alias_base + G, where
 * there is no memory. A store through it faults there and is judged as one to G;
 * the processor's walks go by physical address and reach G itself.
 */
#include <linux/slab.h>
#include <linux/xarray.h>

#include "backend.h"

#define PTE_GFN_MASK	GENMASK_ULL(51, CHARIOT_PAGE_SHIFT)
#define LEAF_GFNS	512u
#define READS_MAX	4u
/* Leaf tables of a map beyond those of the guest's memory: at its pieces' ends. */
#define LEAVES_MORE	1024

struct chariot_alias {
	u64 base;			/* gpa; 0: not in force */
	u64 blocks;
	/* By map: each block's leaf table, its gfn as a value. */
	struct xarray leaf[CHARIOT_WALK_ALIAS_MAPS];
	u64 leaves[CHARIOT_WALK_ALIAS_MAPS];	/* how many there are */
	u32 tops;
	struct {
		u64 gfn;		/* the guest's own top table ... */
		struct page *shown;	/* ... and what views show there */
	} top[CHARIOT_WALK_ALIAS_TOPS];
};

/* Set or clear the alias of @gfn in a map. Returns true if that changed it. */
static bool point(struct kvm_vcpu *vcpu, struct chariot_alias *a, u32 map,
		  u64 gfn, bool hide)
{
	void *leaf = xa_load(&a->leaf[map], gfn / LEAF_GFNS);
	u32 offset = gfn % LEAF_GFNS * sizeof(u64);
	gfn_t table;
	u64 pte, new;

	if (!leaf)
		return false;
	table = xa_to_value(leaf);
	if (kvm_vcpu_read_guest_page(vcpu, table, &pte, offset, sizeof(pte)))
		return false;
	new = (pte & ~PTE_GFN_MASK) | ((hide ? a->base : 0) +
				       (gfn << CHARIOT_PAGE_SHIFT));
	if (new == pte)
		return false;
	return !kvm_vcpu_write_guest_page(vcpu, table, &new, offset,
					  sizeof(new));
}

static void change(struct chariot_vm *vm, struct kvm_vcpu *vcpu, u64 first,
		   u64 end, bool hide)
{
	struct chariot_alias *a;
	bool changed = false;
	u32 i;

	mutex_lock(&vm->map_lock);
	a = vm->alias;
	if (a && a->base)
		for (; first < end && first / LEAF_GFNS < a->blocks; first++) {
			for (i = 0; i < CHARIOT_WALK_ALIAS_MAPS; i++)
				changed |= point(vcpu, a, i, first, hide);
			/* The guest may release all its memory at once. */
			cond_resched();
		}
	mutex_unlock(&vm->map_lock);
	if (changed)
		kvm_flush_remote_tlbs(vm->kvm);
}

/**
 * chariot_alias_hide - take a page table's addresses away in the views
 * @vm: the guest
 * @vcpu: the virtual CPU of this thread
 * @gfn: the page table; becomes writable for walks after this
 */
void chariot_alias_hide(struct chariot_vm *vm, struct kvm_vcpu *vcpu, u64 gfn)
{
	change(vm, vcpu, gfn, gfn + 1, true);
}

/**
 * chariot_alias_show - give pages their addresses back
 * @vm: the guest
 * @vcpu: the virtual CPU of this thread
 * @first: first page; not writable for walks any more
 * @end: the page behind the last one
 */
void chariot_alias_show(struct chariot_vm *vm, struct kvm_vcpu *vcpu, u64 first,
			u64 end)
{
	change(vm, vcpu, first, end, false);
}

/**
 * chariot_alias_target - the page that an alias stands for
 * @vm: the guest
 * @gpa: in: where a view faulted; out: the same byte of the page itself
 *
 * Returns false if @gpa is no alias.
 */
bool chariot_alias_target(struct chariot_vm *vm, u64 *gpa)
{
	struct chariot_alias *a = READ_ONCE(vm->alias);
	u64 base = a ? READ_ONCE(a->base) : 0;

	if (!base || *gpa < base ||
	    *gpa - base >= (a->blocks * LEAF_GFNS) << CHARIOT_PAGE_SHIFT)
		return false;
	*gpa -= base;
	return true;
}

/**
 * chariot_alias_read - a view reads a hidden page in a way nobody can emulate
 * @vm: the guest
 * @vcpu: the virtual CPU of this thread
 * @state: what is remembered of it
 * @gfn: the page
 *
 * The page is shown until the processor walks it again. An instruction that reads
 * the very table that maps what it reads would never get on that way: the page
 * then stays shown and walkable, with no protection of its own.
 */
void chariot_alias_read(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
			struct chariot_vcpu *state, u64 gfn)
{
	state->reads = state->read_gfn == gfn ? state->reads + 1 : 0;
	state->read_gfn = gfn;
	if (state->reads < READS_MAX)
		chariot_walks_forget(vm, gfn, gfn + 1);
	chariot_alias_show(vm, vcpu, gfn, gfn + 1);
}

/**
 * chariot_alias_pfn - what a view shows instead of a page
 * @vm: the guest
 * @gfn: the page
 * @pfn: in: the page's own frame; out: the one to map
 *
 * Context: KVM's mmu_lock is held. Returns true if it is another one.
 */
bool chariot_alias_pfn(struct chariot_vm *vm, u64 gfn, u64 *pfn)
{
	struct chariot_alias *a = READ_ONCE(vm->alias);
	u32 i;

	/* Pairs with the release: so many of top[] are filled. */
	for (i = 0; a && i < smp_load_acquire(&a->tops); i++) {
		if (a->top[i].gfn == gfn) {
			*pfn = page_to_pfn(a->top[i].shown);
			return true;
		}
	}
	return false;
}

/* Does [first, end) hold a page that views show otherwise? */
bool chariot_alias_in(struct chariot_vm *vm, u64 first, u64 end)
{
	struct chariot_alias *a = READ_ONCE(vm->alias);
	u32 i;

	/* Pairs with the release: so many of top[] are filled. */
	for (i = 0; a && i < smp_load_acquire(&a->tops); i++)
		if (a->top[i].gfn >= first && a->top[i].gfn < end)
			return true;
	return false;
}

/*
 * A guest's memory may lie anywhere: where it puts a device's, say. What it costs here
 * goes by how much it is.
 */
static int set_leaf(struct chariot_vm *vm, struct chariot_alias *a, u32 map,
		    u64 block, u64 gfn)
{
	u64 most = READ_ONCE(vm->kvm->nr_memslot_pages) / LEAF_GFNS + LEAVES_MORE;
	bool new = !xa_load(&a->leaf[map], block);
	int err;

	if (!gfn) {
		a->leaves[map] -= !new;
		xa_erase(&a->leaf[map], block);
		return 0;
	}
	if (new && a->leaves[map] >= most)
		return -ENOSPC;
	err = xa_err(xa_store(&a->leaf[map], block, xa_mk_value(gfn),
			      GFP_KERNEL));
	if (!err)
		a->leaves[map] += new;
	return err;
}

static struct chariot_alias *new_alias(void)
{
	struct chariot_alias *a = kzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);
	u32 i;

	for (i = 0; a && i < CHARIOT_WALK_ALIAS_MAPS; i++)
		xa_init_flags(&a->leaf[i], XA_FLAGS_ACCOUNT);
	return a;
}

static int tables(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
		  const struct chariot_walk_alias *call)
{
	u64 blocks = DIV_ROUND_UP(chariot_guest_end(vm->kvm), LEAF_GFNS);
	struct chariot_alias *a = vm->alias;
	int err;
	u32 i;

	if (!a) {
		a = new_alias();
		if (!a)
			return -ENOMEM;
		/* Stays until the guest goes: faults look at it without a lock. */
		WRITE_ONCE(vm->alias, a);
	}
	if (!a->blocks)
		a->blocks = blocks;
	if (a->base || call->first >= a->blocks ||
	    call->count > a->blocks - call->first)
		return -EINVAL;
	for (i = 0; i < call->count; i++) {
		u64 gfn = call->gpa[i] >> CHARIOT_PAGE_SHIFT;

		if (!kvm_vcpu_is_visible_gfn(vcpu, gfn))
			return -EFAULT;
		err = set_leaf(vm, a, call->map, call->first + i, gfn);
		if (err)
			return err;
	}
	return 0;
}

static int enable(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
		  const struct chariot_walk_alias *call)
{
	u64 base = 1ull << (vcpu->arch.maxphyaddr - 1);
	struct chariot_alias *a = vm->alias;
	u32 i, n = call->count / 2;

	if (!a || a->tops)
		return -EINVAL;
	/* No room for aliases beside the guest's memory. */
	if (chariot_guest_end(vm->kvm) << CHARIOT_PAGE_SHIFT > base)
		return -ENOSPC;
	for (i = 0; i < n; i++) {
		struct page *page = alloc_page(GFP_KERNEL_ACCOUNT);

		if (!page)
			goto no_memory;
		a->top[i].shown = page;
		a->top[i].gfn = call->gpa[2 * i] >> CHARIOT_PAGE_SHIFT;
		if (kvm_vcpu_read_guest_page(vcpu, call->gpa[2 * i + 1] >>
					     CHARIOT_PAGE_SHIFT,
					     page_address(page), 0,
					     CHARIOT_PAGE_SIZE)) {
			i++;
			goto fault;
		}
	}
	/* top[] is filled before anybody reads it. */
	smp_store_release(&a->tops, n);
	for (i = 0; i < n; i++)
		chariot_remap(vm->kvm, a->top[i].gfn, a->top[i].gfn + 1);
	WRITE_ONCE(a->base, base);
	return 0;

no_memory:
	while (i--)
		__free_page(a->top[i].shown);
	return -ENOMEM;
fault:
	while (i--)
		__free_page(a->top[i].shown);
	return -EFAULT;
}

static void clear(struct chariot_vm *vm, struct chariot_alias *a, bool remap)
{
	u32 i, n = a->tops;

	WRITE_ONCE(a->base, 0);
	/* Nobody begins to read top[] behind this. */
	smp_store_release(&a->tops, 0);
	for (i = 0; i < n; i++) {
		/* Waits for whoever maps it right now, and unmaps it. */
		if (remap)
			chariot_remap(vm->kvm, a->top[i].gfn,
				      a->top[i].gfn + 1);
		__free_page(a->top[i].shown);
	}
	mutex_lock(&vm->map_lock);
	for (i = 0; i < CHARIOT_WALK_ALIAS_MAPS; i++) {
		xa_destroy(&a->leaf[i]);
		a->leaves[i] = 0;
	}
	a->blocks = 0;
	mutex_unlock(&vm->map_lock);
}

/**
 * chariot_alias_forget - back to the guest's own maps
 * @vm: the guest; config is held and no domain is active
 */
void chariot_alias_forget(struct chariot_vm *vm)
{
	if (vm->alias)
		clear(vm, vm->alias, true);
}

/**
 * chariot_alias_free - the guest is gone, and KVM's page tables of it
 * @vm: the guest
 */
void chariot_alias_free(struct chariot_vm *vm)
{
	if (vm->alias)
		clear(vm, vm->alias, false);
	kfree(vm->alias);
}

/**
 * chariot_alias_call - serve CHARIOT_CALL_WALK_ALIAS
 * @vm: the guest; config is held
 * @vcpu: the virtual CPU of this thread
 * @call: a private copy of what the guest sent, checked
 *
 * Returns 0 or the error that abi.h gives.
 */
int chariot_alias_call(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
		       const struct chariot_walk_alias *call)
{
	if (!(vm->features & CHARIOT_F_WALK_ALIAS))
		return -ENOSYS;
	/* Views in use have walked tables that are not hidden. */
	if (READ_ONCE(vm->active))
		return -EBUSY;
	switch (call->op) {
	case CHARIOT_WALK_ALIAS_TABLES:
		return tables(vm, vcpu, call);
	case CHARIOT_WALK_ALIAS_ENABLE:
		return enable(vm, vcpu, call);
	case CHARIOT_WALK_ALIAS_DISABLE:
		chariot_alias_forget(vm);
		return 0;
	default:
		return -EINVAL;
	}
}
