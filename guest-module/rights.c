// SPDX-License-Identifier: GPL-2.0
/*
 * Who may write what: keeps each driver's table and the backend's equal.
 * Runs in the guest kernel, in any context but NMI.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/pgtable.h>

#include <chariot/hypercall.h>
#include "chariot.h"

/* One batch a CPU, used with interrupts off. */
static struct chariot_batch __percpu **batches;

int chariot_rights_init(void)
{
	int cpu;

	batches = alloc_percpu(struct chariot_batch *);
	if (!batches)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		void *page = (void *)get_zeroed_page(GFP_KERNEL);

		if (!page) {
			chariot_rights_exit();
			return -ENOMEM;
		}
		*per_cpu_ptr(batches, cpu) = page;
	}
	return 0;
}

void chariot_rights_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		free_page((unsigned long)*per_cpu_ptr(batches, cpu));
	free_percpu(batches);
}

phys_addr_t chariot_virt_to_phys(const void *va)
{
	unsigned long addr = (unsigned long)va, mask;
	unsigned int level;
	pte_t *pte;

	if (virt_addr_valid(va))
		return __pa(va);
	pte = lookup_address(addr, &level);
	if (!pte || !(pte_flags(*pte) & _PAGE_PRESENT))
		return 0;
	/* A leaf above 4K has the same place for the frame, bar its low bits
	 * (PAT sits in bit 12 there). */
	mask = page_level_size(level) - 1;
	return ((phys_addr_t)pte_val(*pte) & PHYSICAL_PAGE_MASK & ~mask) |
	       (addr & mask);
}

static long batch_send(struct chariot_batch *b)
{
	long ret;

	if (!b->count)
		return 0;
	ret = chariot_hv_region_update(__pa(b));
	b->count = 0;
	return ret;
}

static long batch_push(struct chariot_batch *b, struct chariot_driver *d,
		       phys_addr_t gpa, size_t size, u8 op, u8 rights, u16 kind)
{
	struct chariot_region *r = &b->region[b->count++];

	*r = (struct chariot_region) {
		.gpa = gpa, .size = size, .domain = d->domain,
		.kind = kind, .rights = rights, .op = op,
	};
	return b->count == CHARIOT_BATCH_MAX ? batch_send(b) : 0;
}

/*
 * Make sure that @blocks are in the driver's pool. The memory is taken outside
 * the lock: taking it may free pages, and then frames.c takes the lock.
 */
static bool pool_stock(struct chariot_driver *d, u32 blocks)
{
	unsigned long flags;
	bool enough;
	void *block;

	for (;;) {
		raw_spin_lock_irqsave(&d->lock, flags);
		enough = d->pool.count >= blocks;
		raw_spin_unlock_irqrestore(&d->lock, flags);
		if (enough)
			return true;
		block = kmalloc(CHARIOT_BLOCK_SIZE, GFP_ATOMIC | __GFP_NOWARN);
		if (!block)
			return false;
		raw_spin_lock_irqsave(&d->lock, flags);
		chariot_pool_put(&d->pool, block);
		raw_spin_unlock_irqrestore(&d->lock, flags);
	}
}

static void revoke_locked(struct chariot_driver *d, phys_addr_t gpa, size_t size)
{
	struct chariot_batch *b = *this_cpu_ptr(batches);

	batch_push(b, d, gpa, size, CHARIOT_REGION_REMOVE, 0, 0);
	batch_send(b);
	/*
	 * Should the table fail for want of a block, it keeps a right that the
	 * backend has ended: wrappers then allow what the hardware stops.
	 */
	if (chariot_table_remove(&d->table, &d->pool, gpa, size))
		atomic64_inc(&d->untracked);
}

int chariot_grant_phys(struct chariot_driver *d, phys_addr_t gpa, size_t size,
		       u8 rights, enum chariot_kind kind)
{
	struct chariot_batch *b;
	unsigned long flags;
	long ret;

	if (!size)
		return 0;
	if (!pfn_valid(gpa >> PAGE_SHIFT))
		return 0;	/* MMIO is not RAM: never blocked */
	for (;;) {
		u32 need = chariot_table_need(&d->table, gpa, size);

		if (!pool_stock(d, need)) {
			atomic64_inc(&d->untracked);
			return -ENOMEM;
		}
		chariot_frames_mark(gpa, size);
		raw_spin_lock_irqsave(&d->lock, flags);
		ret = chariot_table_add(&d->table, &d->pool, gpa, size, rights,
					kind);
		if (ret != -ENOMEM)
			break;	/* else another CPU used what we stocked */
		raw_spin_unlock_irqrestore(&d->lock, flags);
	}
	if (!ret) {
		b = *this_cpu_ptr(batches);
		batch_push(b, d, gpa, size, CHARIOT_REGION_ADD, rights, kind);
		ret = batch_send(b);
		if (ret)
			revoke_locked(d, gpa, size);
	}
	raw_spin_unlock_irqrestore(&d->lock, flags);
	return ret;
}

void chariot_revoke_phys(struct chariot_driver *d, phys_addr_t gpa, size_t size)
{
	unsigned long flags;
	struct chariot_range r;
	u64 pages = PFN_UP(gpa + size) - PFN_DOWN(gpa);

	if (!size)
		return;
	raw_spin_lock_irqsave(&d->lock, flags);
	if (!chariot_table_next(&d->table, gpa, pages, &r) ||
	    r.gpa >= gpa + size) {
		raw_spin_unlock_irqrestore(&d->lock, flags);
		return;		/* no right there: most frees */
	}
	raw_spin_unlock_irqrestore(&d->lock, flags);

	pool_stock(d, chariot_table_need(&d->table, gpa, size));
	raw_spin_lock_irqsave(&d->lock, flags);
	revoke_locked(d, gpa, size);
	raw_spin_unlock_irqrestore(&d->lock, flags);
}

/* The first run of bytes of [va, va + size) that is physically contiguous. */
static size_t contiguous(const void *va, size_t size, phys_addr_t *gpa)
{
	size_t run;

	*gpa = chariot_virt_to_phys(va);
	if (!*gpa)
		return 0;
	if (virt_addr_valid(va) && virt_addr_valid(va + size - 1))
		return size;
	run = min_t(size_t, size, PAGE_SIZE - offset_in_page(va));
	while (run < size && chariot_virt_to_phys(va + run) == *gpa + run)
		run = min_t(size_t, size, run + PAGE_SIZE);
	return run;
}

int chariot_grant(struct chariot_driver *d, const void *va, size_t size,
		  u8 rights, enum chariot_kind kind)
{
	const void *start = va;
	phys_addr_t gpa;
	size_t run;
	int ret;

	for (; size; va += run, size -= run) {
		run = contiguous(va, size, &gpa);
		ret = run ? chariot_grant_phys(d, gpa, run, rights, kind)
			  : -EINVAL;
		if (ret) {
			chariot_revoke(d, start, va - start);
			return ret;
		}
	}
	return 0;
}

void chariot_revoke(struct chariot_driver *d, const void *va, size_t size)
{
	phys_addr_t gpa;
	size_t run;

	for (; size; va += run, size -= run) {
		run = contiguous(va, size, &gpa);
		if (run)
			chariot_revoke_phys(d, gpa, run);
		else
			run = min_t(size_t, size, PAGE_SIZE - offset_in_page(va));
	}
}

bool chariot_may_write(struct chariot_driver *d, const void *va, size_t size,
		       unsigned long *bad)
{
	unsigned long flags;
	phys_addr_t gpa;
	u64 first = 0;
	size_t run;
	bool ok;

	for (; size; va += run, size -= run) {
		run = contiguous(va, size, &gpa);
		if (!run) {
			*bad = (unsigned long)va;
			return false;
		}
		raw_spin_lock_irqsave(&d->lock, flags);
		ok = chariot_table_allows(&d->table, gpa, run,
					  CHARIOT_RIGHT_WRITE, &first);
		raw_spin_unlock_irqrestore(&d->lock, flags);
		if (!ok) {
			*bad = (unsigned long)va + (first - gpa);
			return false;
		}
	}
	return true;
}

void chariot_rights_clear(struct chariot_driver *d)
{
	unsigned long flags;
	void *block;

	raw_spin_lock_irqsave(&d->lock, flags);
	chariot_table_clear(&d->table, &d->pool);
	raw_spin_unlock_irqrestore(&d->lock, flags);
	while ((block = chariot_pool_take(&d->pool)))
		kfree(block);
}
