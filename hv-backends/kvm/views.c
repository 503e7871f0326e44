// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views: which rights a page has in one, changing from one to another, taking
 * rights away.
 * Runs in the host kernel, partly inside KVM's own MMU code; trusts KVM's page
 * tables and the guest's tables as request.c let them in.
 */
#include <linux/rculist.h>

#include "backend.h"

#define TABLE_ENTRIES	512u
#define YIELD_AFTER	1024u

/*
 * Have the processor use the root that KVM has just changed to. KVM would do it
 * on request; but if one is pending it tests for each of some thirty, on the way
 * of every crossing.
 */
static void load_root(struct kvm_vcpu *vcpu)
{
	const struct kvm_x86_ops *ops = chariot_symbols.ops;
	const struct kvm_mmu *mmu = vcpu->arch.mmu;

	/* Without a request KVM has no such root yet, and makes one later. */
	if (kvm_check_request(KVM_REQ_LOAD_MMU_PGD, vcpu) &&
	    VALID_PAGE(mmu->root.hpa)) {
		ops->load_mmu_pgd(vcpu, mmu->root.hpa, mmu->root_role.level);
		if (chariot_vendor->flush_on_switch)
			ops->flush_tlb_current(vcpu);
	} else if (chariot_vendor->flush_on_switch) {
		kvm_make_request(KVM_REQ_TLB_FLUSH_CURRENT, vcpu);
	}
}

/**
 * chariot_view_switch - let a virtual CPU go on in another view
 * @vcpu: runs in this thread, is not in a nested guest
 * @view: where to; view 0 is always possible
 */
void chariot_view_switch(struct kvm_vcpu *vcpu, u32 view)
{
	union kvm_mmu_page_role *role = &vcpu->arch.root_mmu.root_role;

	role->word = (role->word & ~CHARIOT_VIEW_MASK) |
		     view << CHARIOT_VIEW_SHIFT;
	/*
	 * KVM makes the parts of a split huge page executable if the role is,
	 * to undo its work-around for huge executable pages (nx_huge_pages).
	 * Huge pages of a view are not executable for reasons of ours.
	 */
	if (view)
		role->access &= ~CHARIOT_ACC_EXEC;
	else
		role->access |= CHARIOT_ACC_EXEC;
	kvm_mmu_new_pgd(vcpu, 0);
	load_root(vcpu);
}

/**
 * chariot_text_owner - whose executable page is this?
 * @vm: the guest
 * @gfn: the page
 *
 * Returns an active domain, CHARIOT_OWNER_ALL or CHARIOT_OWNER_NONE.
 */
u32 chariot_text_owner(struct chariot_vm *vm, u64 gfn)
{
	void *entry = xa_load(&vm->text, gfn);
	u32 owner;

	if (!entry)
		return CHARIOT_OWNER_NONE;
	owner = xa_to_value(entry);
	if (owner == CHARIOT_OWNER_ALL)
		return owner;
	return READ_ONCE(vm->active) & BIT(owner) ? owner : CHARIOT_OWNER_NONE;
}

/**
 * chariot_text_changed - what was remembered of owners is stale from now on
 * @vm: the guest; vm->tables is held for write
 */
void chariot_text_changed(struct chariot_vm *vm)
{
	/* Pairs with the load in chariot_text_owner_cached(). */
	smp_store_release(&vm->text_generation, vm->text_generation + 1);
}

/* Does [first, end) hold text of an active domain? */
static bool text_in(struct chariot_vm *vm, u64 first, u64 end)
{
	unsigned long gfn;
	void *entry;

	xa_for_each_range(&vm->text, gfn, entry, first, end - 1) {
		u32 owner = xa_to_value(entry);

		if (owner != CHARIOT_OWNER_ALL &&
		    (READ_ONCE(vm->active) & BIT(owner)))
			return true;
	}
	return false;
}

/* Do rights of @d begin or end in [first, end)? vm->tables is held. */
static bool special_in(struct chariot_vm *vm, struct chariot_domain *d,
		       u64 first, u64 end)
{
	struct chariot_range range;
	unsigned long gfn = first;

	if (chariot_table_next(&d->table, first << CHARIOT_PAGE_SHIFT, 1,
			       &range) &&
	    range.gpa < end << CHARIOT_PAGE_SHIFT)
		return true;
	if (xa_find(&d->grants, &gfn, end - 1, XA_PRESENT))
		return true;
	gfn = first;
	return xa_find(&vm->text, &gfn, end - 1, XA_PRESENT) ||
	       chariot_alias_in(vm, first, end);
}

static bool domain_active(struct chariot_vm *vm, u32 view)
{
	return READ_ONCE(vm->active) & BIT(view);
}

/* Rights of one page in the view of an active domain. vm->tables is held. */
static u32 page_access(struct chariot_vm *vm, struct chariot_domain *d, u64 gfn)
{
	struct chariot_page page = chariot_table_page(&d->table, gfn);
	u32 access = 0;

	if (page.rights & CHARIOT_RIGHT_EXEC ||
	    chariot_text_owner(vm, gfn) == CHARIOT_OWNER_ALL)
		access |= CHARIOT_ACC_EXEC;
	if (page.rights & CHARIOT_RIGHT_WRITE || xa_load(&d->grants, gfn))
		access |= CHARIOT_ACC_WRITE;
	return access;
}

/* What a leaf may have at most. */
static u32 leaf_access(struct chariot_vm *vm, u32 view, int level, u64 gfn)
{
	u32 access = 0;

	/*
	 * No lock for the kernel's view: text is entered before it is hidden by
	 * kvm_zap_gfn_range(), which waits for whoever makes a leaf right now.
	 */
	if (view == CHARIOT_DOMAIN_KERNEL) {
		bool text;

		if (level > PG_LEVEL_4K)
			text = text_in(vm, gfn, gfn + KVM_PAGES_PER_HPAGE(level));
		else
			text = chariot_is_domain(chariot_text_owner(vm, gfn));
		return CHARIOT_ACC_WRITE | (text ? 0 : CHARIOT_ACC_EXEC);
	}
	/* Huge pages of a view are for reading. */
	if (level > PG_LEVEL_4K)
		return 0;
	read_lock(&vm->tables);
	if (domain_active(vm, view))
		access = page_access(vm, vm->domain[view], gfn);
	read_unlock(&vm->tables);
	return access;
}

/**
 * chariot_filter_access - rights of a leaf that KVM is about to make
 * @vm: the guest
 * @view: of the page table
 * @level: of the leaf
 * @gfn: first page it maps
 * @access: ACC_* that KVM wants
 *
 * Context: KVM's mmu_lock is held.
 */
u32 chariot_filter_access(struct chariot_vm *vm, u32 view, int level, u64 gfn,
			  u32 access)
{
	u64 first = gfn & ~(KVM_PAGES_PER_HPAGE(level) - 1);

	return access & (leaf_access(vm, view, level, first) |
			 ~(CHARIOT_ACC_EXEC | CHARIOT_ACC_WRITE));
}

/**
 * chariot_max_level - how large a leaf may be
 * @vm: the guest
 * @view: of the page table
 * @gfn: a page it has to map
 * @level: what KVM would allow
 */
u8 chariot_max_level(struct chariot_vm *vm, u32 view, u64 gfn, u8 level)
{
	for (; level > PG_LEVEL_4K; level--) {
		u64 pages = KVM_PAGES_PER_HPAGE(level);
		u64 first = gfn & ~(pages - 1);
		bool special = false;

		if (view == CHARIOT_DOMAIN_KERNEL) {
			special = text_in(vm, first, first + pages);
		} else {
			read_lock(&vm->tables);
			if (domain_active(vm, view))
				special = special_in(vm, vm->domain[view],
						     first, first + pages);
			read_unlock(&vm->tables);
		}
		if (!special)
			break;
	}
	return level;
}

/* Taking rights away. */

struct strip {
	struct chariot_revoke *revoke;
	struct chariot_vm *vm;
	u32 view;
	u64 first;
	u64 end;
};

static void strip_leaf(struct strip *s, u64 *entry, int level, u64 gfn)
{
	const struct chariot_symbols *sym = &chariot_symbols;
	u32 access = leaf_access(s->vm, s->view, level, gfn);
	u64 old = READ_ONCE(*entry);
	u64 new;

	do {
		if (!(old & CHARIOT_SPTE_PRESENT))
			return;
		new = old;
		/*
		 * Without its software bit too, or KVM's fast path would give
		 * the right back after dirty logging.
		 */
		if (!(access & CHARIOT_ACC_WRITE))
			new &= ~(CHARIOT_SPTE_WRITABLE |
				 *sym->mmu_writable_mask);
		if (!(access & CHARIOT_ACC_EXEC))
			new = (new & ~*sym->x_mask) | *sym->nx_mask;
		if (new == old)
			return;
		/* The processor sets A and D at any time. */
	} while (!try_cmpxchg64(entry, &old, new));
	s->revoke->flush = true;
}

static void strip_table(struct strip *s, u64 *table, int level, u64 base)
{
	u64 pages = KVM_PAGES_PER_HPAGE(level);
	u64 first = s->first > base ? (s->first - base) / pages : 0;
	u64 i;

	for (i = first; i < TABLE_ENTRIES && base + i * pages < s->end; i++) {
		u64 spte = READ_ONCE(table[i]);

		if (!(spte & CHARIOT_SPTE_PRESENT))
			continue;
		if (level > PG_LEVEL_4K && !(spte & CHARIOT_SPTE_LARGE))
			strip_table(s, __va(spte & __PHYSICAL_MASK & PAGE_MASK),
				    level - 1, base + i * pages);
		else
			strip_leaf(s, &table[i], level, base + i * pages);
	}
}

/* Is this one of KVM's roots of a view? */
static bool root_is(const void *sp, u32 view)
{
	union kvm_mmu_page_role role = chariot_sp_role(sp);

	return (role.word & CHARIOT_VIEW_MASK) >> CHARIOT_VIEW_SHIFT == view &&
	       !role.smm && !role.guest_mode;
}

static void strip_view(struct strip *s)
{
	struct list_head *link;

	list_for_each(link, &s->vm->kvm->arch.tdp_mmu_roots) {
		void *sp = (char *)link - chariot_layout.sp_link;

		if (root_is(sp, s->view))
			strip_table(s, chariot_sp_table(sp),
				    chariot_sp_role(sp).level, 0);
	}
}

/**
 * chariot_guest_end - the gfn behind the guest's memory
 * @kvm: the guest; its memslots are held by the virtual CPU's thread
 */
u64 chariot_guest_end(struct kvm *kvm)
{
	struct kvm_memory_slot *slot;
	u64 end = 0;
	int bucket;

	kvm_for_each_memslot(slot, bucket, kvm_memslots(kvm))
		end = max_t(u64, end, slot->base_gfn + slot->npages);
	return end;
}

void chariot_revoke_begin(struct chariot_revoke *r, struct kvm *kvm)
{
	*r = (struct chariot_revoke){ .kvm = kvm };
}

/**
 * chariot_revoke_pages - bring leaves of a view down to what the tables allow
 * @r: begun by chariot_revoke_begin()
 * @vm: the guest; its tables are changed already
 * @view: not the kernel's
 * @first: first page
 * @end: the page behind the last one; may be far behind the guest's memory
 *
 * Context: process; from the first call to chariot_revoke_end() KVM's mmu_lock
 * is held.
 */
void chariot_revoke_pages(struct chariot_revoke *r, struct chariot_vm *vm,
			  u32 view, u64 first, u64 end)
{
	struct strip s = { .revoke = r, .vm = vm, .view = view };

	/*
	 * Without A and D bits KVM hides rights of pages it tracks in other
	 * bits of the leaf; let it do that itself.
	 */
	if (!*chariot_symbols.accessed_mask) {
		chariot_remap(r->kvm, first, end);
		return;
	}
	if (!r->locked) {
		write_lock(&r->kvm->mmu_lock);
		r->locked = true;
		__release(&r->kvm->mmu_lock);	/* for sparse: till chariot_revoke_end() */
	}
	/* There is nothing behind the guest's memory, and nobody loops there. */
	if (end - first > SZ_1G / PAGE_SIZE)
		end = min(end, chariot_guest_end(r->kvm));
	for (; first < end; first = s.end) {
		s.first = first;
		s.end = min_t(u64, end, (first | (SZ_1G / PAGE_SIZE - 1)) + 1);
		strip_view(&s);
		if (!rwlock_needbreak(&r->kvm->mmu_lock) && !need_resched())
			continue;
		if (r->flush)
			kvm_flush_remote_tlbs(r->kvm);
		r->flush = false;
		cond_resched_rwlock_write(&r->kvm->mmu_lock);
	}
}

/**
 * chariot_revoke_end - from here on the rights are gone everywhere
 * @r: what was begun
 * @vm: the guest, or NULL if the caller is itself judging a write
 *
 * Context: process; may sleep.
 */
void chariot_revoke_end(struct chariot_revoke *r, struct chariot_vm *vm)
{
	if (r->locked) {
		if (r->flush)
			kvm_flush_remote_tlbs(r->kvm);
		__acquire(&r->kvm->mmu_lock);
		write_unlock(&r->kvm->mmu_lock);
	}
	/* Writes that were judged before are done after this. */
	if (vm) {
		down_write(&vm->judging);
		up_write(&vm->judging);
	}
}

/**
 * chariot_remap - have KVM map pages anew, in all views
 * @kvm: the guest
 * @first: first page
 * @end: the page behind the last one
 *
 * Context: process; KVM's mmu_lock is not held.
 */
void chariot_remap(struct kvm *kvm, u64 first, u64 end)
{
	if (first < end)
		chariot_call3((unsigned long)kvm, first, end,
			      chariot_symbols.zap_gfn_range);
}

static u64 count_tables(u64 *table, int level)
{
	u64 count = 1;
	u32 i;

	if (level == PG_LEVEL_4K)
		return count;
	for (i = 0; i < TABLE_ENTRIES; i++) {
		u64 spte = READ_ONCE(table[i]);

		if ((spte & CHARIOT_SPTE_PRESENT) &&
		    !(spte & CHARIOT_SPTE_LARGE))
			count += count_tables(__va(spte & __PHYSICAL_MASK &
						   PAGE_MASK), level - 1);
	}
	return count;
}

/**
 * chariot_view_pages - host pages that hold a view's page tables
 * @kvm: the guest
 * @view: the view
 */
u64 chariot_view_pages(struct kvm *kvm, u32 view)
{
	struct list_head *link;
	u64 count = 0;

	read_lock(&kvm->mmu_lock);
	rcu_read_lock();
	/* list_for_each_rcu(), with the types that sparse wants to see */
	for (link = rcu_dereference(list_next_rcu(&kvm->arch.tdp_mmu_roots));
	     link != &kvm->arch.tdp_mmu_roots;
	     link = rcu_dereference(list_next_rcu(link))) {
		void *sp = (char *)link - chariot_layout.sp_link;

		if (root_is(sp, view))
			count += count_tables(chariot_sp_table(sp),
					      chariot_sp_role(sp).level);
	}
	rcu_read_unlock();
	read_unlock(&kvm->mmu_lock);
	return count;
}
