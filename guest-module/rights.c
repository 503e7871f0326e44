// SPDX-License-Identifier: GPL-2.0
/*
 * Who may write what: keeps each driver's table and the backend's equal.
 * Runs in the guest kernel, in any context but NMI.
 *
 * Pages that are given whole lie over the table: it goes on to say what the driver
 * has a right to by the byte, so that this is what stays when such a page ends.
 * The backend's table has both.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/pgtable.h>

#include <chariot/hypercall.h>
#include "chariot.h"
#include "trace.h"

/* One batch a CPU, used with interrupts off. */
static struct chariot_batch * __percpu *batches;

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
	/*
	 * A leaf above 4K has the same place for the frame, bar its low bits
	 * (PAT sits in bit 12 there).
	 */
	mask = page_level_size(level) - 1;
	return ((phys_addr_t)pte_val(*pte) & PHYSICAL_PAGE_MASK & ~mask) |
	       (addr & mask);
}

static long batch_send(struct chariot_batch *b)
{
	long ret;

	if (!b->count)
		return 0;
	/* Lost: what is in the tables is told to the next one (reconnect.c). */
	ret = READ_ONCE(chariot_backend_errno) ? 0 :
	      chariot_hv_region_update(__pa(b));
	b->count = 0;
	/* To who has said HELLO that is no answer: whom it was said to is gone. */
	if (ret == -ENODEV || ret == -ENOSYS) {
		chariot_backend_lost();
		return 0;
	}
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
 * Blocks that stay in a driver's pool: rights to frames of a stack end where no
 * memory may be taken (chariot_revoke_stack()), each by a few of them.
 */
#define POOL_RESERVE	8

/* d->lock is held. */
static bool pool_has(const struct chariot_driver *d, u32 blocks)
{
	return d->pool.count >= blocks &&
	       d->pool.count - blocks >= POOL_RESERVE;
}

/* d->lock is held: others change the table. */
static u32 extents_need(struct chariot_driver *d, const struct chariot_table *t,
			const struct chariot_extent *e, unsigned int n)
{
	u32 need = 0;

	lockdep_assert_held(&d->lock);
	while (n--) {
		need += chariot_table_need(t, e->gpa, e->size);
		e++;
	}
	return need;
}

/*
 * Make sure that the driver's pool has what a change of @t there can need. The
 * memory is taken outside the lock: taking it may free pages, and then frames.c
 * takes the lock.
 */
static bool pool_stock(struct chariot_driver *d, const struct chariot_table *t,
		       const struct chariot_extent *e, unsigned int n)
{
	unsigned long flags;
	bool enough;
	void *block;

	for (;;) {
		raw_spin_lock_irqsave(&d->lock, flags);
		enough = pool_has(d, extents_need(d, t, e, n));
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

static bool is_whole(struct chariot_driver *d, phys_addr_t gpa)
{
	return d->whole.pages &&
	       chariot_table_page(&d->whole, PHYS_PFN(gpa)).class ==
	       CHARIOT_PAGE_WHOLE;
}

/* The backend keeps pages that are given whole. */
static void push_remove(struct chariot_driver *d, struct chariot_batch *b,
			phys_addr_t gpa, size_t size)
{
	const phys_addr_t end = gpa + size;
	phys_addr_t next;

	if (!d->whole.pages) {
		batch_push(b, d, gpa, size, CHARIOT_REGION_REMOVE, 0, 0);
		return;
	}
	for (; gpa < end; gpa = next) {
		next = min_t(phys_addr_t, end, PFN_PHYS(PHYS_PFN(gpa) + 1));
		if (!is_whole(d, gpa))
			batch_push(b, d, gpa, next - gpa,
				   CHARIOT_REGION_REMOVE, 0, 0);
	}
}

/* Push what ends, and take it out of the table. */
static void remove_locked(struct chariot_driver *d, struct chariot_batch *b,
			  phys_addr_t gpa, size_t size)
{
	push_remove(d, b, gpa, size);
	trace_revoke(d->name, __va(gpa), size);
	/*
	 * Should the table fail for want of a block, it keeps a right that the
	 * backend has ended: wrappers then allow what the hardware stops.
	 */
	if (chariot_table_remove(&d->table, &d->pool, gpa, size))
		atomic64_inc(&d->untracked);
}

#define VGA_START	0xa0000
#define VGA_END		0xc0000

/*
 * What else there is belongs to devices, and no backend blocks writes to it. VGA's
 * window has page structures, for the RAM around it.
 */
static bool is_ram(phys_addr_t gpa)
{
	return pfn_valid(gpa >> PAGE_SHIFT) && (gpa < VGA_START || gpa >= VGA_END);
}

static int table_add_all(struct chariot_driver *d,
			 const struct chariot_extent *e, unsigned int n,
			 u8 rights)
{
	int ret = pool_has(d, extents_need(d, &d->table, e, n)) ? 0 : -ENOMEM;

	for (; n && !ret; e++, n--)
		if (e->size && is_ram(e->gpa))
			ret = chariot_table_add(&d->table, &d->pool, e->gpa,
						e->size, rights, e->kind);
	return ret;
}

int chariot_grant_extents(struct chariot_driver *d,
			  const struct chariot_extent *e, unsigned int n,
			  u8 rights, const char *type)
{
	struct chariot_batch *b;
	unsigned long flags;
	unsigned int i;
	long ret;

	for (i = 0; i < n; i++)
		if (e[i].size && is_ram(e[i].gpa))
			chariot_frames_mark(e[i].gpa, e[i].size);
	for (;;) {
		if (!pool_stock(d, &d->table, e, n)) {
			atomic64_inc(&d->untracked);
			return -ENOMEM;
		}
		raw_spin_lock_irqsave(&d->lock, flags);
		ret = table_add_all(d, e, n, rights);
		if (ret != -ENOMEM)
			break;	/* else another CPU used what we stocked */
		raw_spin_unlock_irqrestore(&d->lock, flags);
	}
	b = *this_cpu_ptr(batches);
	for (i = 0; i < n && !ret; i++)
		if (e[i].size && is_ram(e[i].gpa))
			ret = batch_push(b, d, e[i].gpa, e[i].size,
					 CHARIOT_REGION_ADD, rights, e[i].kind);
	if (!ret)
		ret = batch_send(b);
	if (ret) {
		for (i = 0; i < n; i++)
			if (e[i].size && is_ram(e[i].gpa))
				remove_locked(d, b, e[i].gpa, e[i].size);
		batch_send(b);
	}
	raw_spin_unlock_irqrestore(&d->lock, flags);
	for (i = 0; i < n && !ret; i++)
		trace_grant(d->name, __va(e[i].gpa), e[i].size, e[i].kind, type);
	return ret;
}

/*
 * The next range with a right that @e asks for, from *gpa on; cut to the extent.
 * d->lock is held.
 */
static bool next_held(struct chariot_driver *d, const struct chariot_extent *e,
		      phys_addr_t *gpa, size_t *size)
{
	const u64 end = e->gpa + e->size;
	struct chariot_range r;

	while (*gpa < end &&
	       chariot_table_next(&d->table, *gpa, PFN_UP(end) - PFN_DOWN(*gpa),
				  &r) && r.gpa < end) {
		u64 from = max_t(u64, r.gpa, *gpa);
		u64 to = min_t(u64, r.gpa + r.size, end);

		*gpa = from;
		*size = to - from;
		if (e->kind == CHARIOT_KIND_COUNT || r.kind == e->kind)
			return true;
		*gpa = to;
	}
	return false;
}

static void remove_extent(struct chariot_driver *d, struct chariot_batch *b,
			  const struct chariot_extent *e)
{
	phys_addr_t gpa = e->gpa;
	size_t size;

	if (e->kind == CHARIOT_KIND_COUNT) {
		if (next_held(d, e, &gpa, &size))
			remove_locked(d, b, e->gpa, e->size);
		return;
	}
	for (; next_held(d, e, &gpa, &size); gpa += size)
		remove_locked(d, b, gpa, size);
}

bool chariot_holds(struct chariot_driver *d, const struct chariot_extent *e)
{
	phys_addr_t gpa = e->gpa;
	unsigned long flags;
	size_t size;
	bool holds;

	raw_spin_lock_irqsave(&d->lock, flags);
	holds = next_held(d, e, &gpa, &size);
	raw_spin_unlock_irqrestore(&d->lock, flags);
	return holds;
}

static void remove_extents(struct chariot_driver *d,
			   const struct chariot_extent *e, unsigned int n)
{
	struct chariot_batch *b;
	unsigned long flags;
	unsigned int i;

	raw_spin_lock_irqsave(&d->lock, flags);
	b = *this_cpu_ptr(batches);
	for (i = 0; i < n; i++)
		remove_extent(d, b, &e[i]);
	batch_send(b);
	raw_spin_unlock_irqrestore(&d->lock, flags);
}

void chariot_revoke_extents(struct chariot_driver *d,
			    const struct chariot_extent *e, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (chariot_holds(d, &e[i]))
			break;
	if (i == n)
		return;		/* no right there: most frees */
	pool_stock(d, &d->table, e, n);
	remove_extents(d, e, n);
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

/*
 * As many extents as @va's first bytes lie in, at most @max; returns how many
 * bytes those are. What is not mapped ends it.
 */
static size_t extents_of(const void *va, size_t size, enum chariot_kind kind,
			 struct chariot_extent *e, unsigned int max,
			 unsigned int *n)
{
	size_t done = 0, run;

	for (*n = 0; *n < max && done < size; done += run) {
		run = contiguous(va + done, size - done, &e[*n].gpa);
		if (!run)
			break;
		e[*n].size = run;
		e[(*n)++].kind = kind;
	}
	return done;
}

int chariot_grant_as(struct chariot_driver *d, const void *va, size_t size,
		     u8 rights, enum chariot_kind kind, const char *type)
{
	struct chariot_extent e[CHARIOT_EXTENTS];
	size_t done, part;
	unsigned int n;
	int ret;

	for (done = 0; done < size; done += part) {
		part = extents_of(va + done, size - done, kind, e,
				  CHARIOT_EXTENTS, &n);
		ret = n ? chariot_grant_extents(d, e, n, rights, type) : -EINVAL;
		if (ret) {
			chariot_revoke(d, va, done);
			return ret;
		}
	}
	return 0;
}

int chariot_grant(struct chariot_driver *d, const void *va, size_t size,
		  u8 rights, enum chariot_kind kind)
{
	return chariot_grant_as(d, va, size, rights, kind, "own");
}

void chariot_revoke_kind(struct chariot_driver *d, const void *va, size_t size,
			 enum chariot_kind kind)
{
	struct chariot_extent e[CHARIOT_EXTENTS];
	size_t part;
	unsigned int n;

	for (; size; va += part, size -= part) {
		part = extents_of(va, size, kind, e, CHARIOT_EXTENTS, &n);
		if (n)
			chariot_revoke_extents(d, e, n);
		else	/* not mapped any more */
			part = min_t(size_t, size, PAGE_SIZE - offset_in_page(va));
	}
}

void chariot_revoke_stack(struct chariot_driver *d, const void *va, size_t size)
{
	struct chariot_extent e[THREAD_SIZE / PAGE_SIZE + 1];
	unsigned int n;

	extents_of(va, min_t(size_t, size, THREAD_SIZE), CHARIOT_KIND_STACK, e,
		   ARRAY_SIZE(e), &n);
	remove_extents(d, e, n);
}

void chariot_revoke(struct chariot_driver *d, const void *va, size_t size)
{
	chariot_revoke_kind(d, va, size, CHARIOT_KIND_COUNT);
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
		if (!is_ram(gpa))
			continue;
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

/* --- pages that are given whole ------------------------------------------------ */

/* d->lock is held. What is left in the page is given again. */
static void whole_end(struct chariot_driver *d, phys_addr_t page)
{
	struct chariot_batch *b = *this_cpu_ptr(batches);
	struct chariot_extent e = { page, PAGE_SIZE, CHARIOT_KIND_COUNT };
	struct chariot_range r;
	phys_addr_t gpa = page;
	long ret = 0;

	/* A whole page takes no block, so this needs none. */
	chariot_table_remove(&d->whole, &d->pool, page, PAGE_SIZE);
	batch_push(b, d, page, PAGE_SIZE, CHARIOT_REGION_REMOVE, 0, 0);
	while (!ret && gpa - page < PAGE_SIZE &&
	       chariot_table_next(&d->table, gpa, 1, &r) &&
	       r.gpa - page < PAGE_SIZE) {
		ret = batch_push(b, d, r.gpa, r.size, CHARIOT_REGION_ADD,
				 r.rights, r.kind);
		gpa = r.gpa + r.size;
	}
	ret = ret ?: batch_send(b);
	if (ret) {
		/* Neither side may hold what the other one doesn't. */
		remove_extent(d, b, &e);
		batch_send(b);
		atomic64_inc(&d->untracked);
	}
}

int chariot_grant_whole(struct chariot_driver *d, phys_addr_t page)
{
	const struct chariot_extent e = {
		page, PAGE_SIZE, CHARIOT_KIND_OBJECT
	};
	struct chariot_batch *b;
	unsigned long flags;
	long ret;

	for (;;) {
		if (!pool_stock(d, &d->whole, &e, 1)) {
			atomic64_inc(&d->untracked);
			return -ENOMEM;
		}
		raw_spin_lock_irqsave(&d->lock, flags);
		if (is_whole(d, page)) {
			raw_spin_unlock_irqrestore(&d->lock, flags);
			return 0;
		}
		ret = -ENOMEM;
		if (pool_has(d, extents_need(d, &d->whole, &e, 1)))
			ret = chariot_table_add(&d->whole, &d->pool, e.gpa,
						e.size, CHARIOT_RIGHT_WRITE,
						e.kind);
		if (ret != -ENOMEM)
			break;	/* else another CPU used what we stocked */
		raw_spin_unlock_irqrestore(&d->lock, flags);
	}
	if (!ret) {
		b = *this_cpu_ptr(batches);
		ret = batch_push(b, d, page, PAGE_SIZE, CHARIOT_REGION_ADD,
				 CHARIOT_RIGHT_WRITE, CHARIOT_KIND_OBJECT) ?:
		      batch_send(b);
		if (ret)
			whole_end(d, page);
	}
	raw_spin_unlock_irqrestore(&d->lock, flags);
	if (!ret)
		trace_grant(d->name, __va(page), PAGE_SIZE, CHARIOT_KIND_OBJECT,
			    "whole page");
	return ret;
}

void chariot_revoke_whole(struct chariot_driver *d, phys_addr_t page)
{
	unsigned long flags;

	if (!READ_ONCE(d->whole.pages))
		return;
	raw_spin_lock_irqsave(&d->lock, flags);
	if (is_whole(d, page)) {
		whole_end(d, page);
		trace_revoke(d->name, __va(page), PAGE_SIZE);
	}
	raw_spin_unlock_irqrestore(&d->lock, flags);
}

static bool whole_at(struct chariot_driver *d, unsigned long va)
{
	phys_addr_t gpa = chariot_virt_to_phys((void *)va);
	unsigned long flags;
	bool whole;

	raw_spin_lock_irqsave(&d->lock, flags);
	whole = gpa && is_whole(d, gpa);
	raw_spin_unlock_irqrestore(&d->lock, flags);
	return whole;
}

bool chariot_can_write(struct chariot_driver *d, const void *va, size_t size,
		       unsigned long *bad)
{
	size_t done;

	while (!chariot_may_write(d, va, size, bad)) {
		if (!READ_ONCE(d->whole.pages) || !whole_at(d, *bad))
			return false;
		/* Up to the end of that page */
		done = (*bad | ~PAGE_MASK) - (unsigned long)va + 1;
		if (done >= size)
			break;
		va += done;
		size -= done;
	}
	return true;
}

/* d->lock is held. */
static long tell_table(struct chariot_driver *d, const struct chariot_table *t)
{
	struct chariot_batch *b = *this_cpu_ptr(batches);
	struct chariot_range r = { };
	long ret = 0;

	while (!ret && chariot_table_next(t, r.gpa + r.size, U64_MAX, &r))
		ret = batch_push(b, d, r.gpa, r.size, CHARIOT_REGION_ADD,
				 r.rights, r.kind);
	ret = ret ?: batch_send(b);
	b->count = 0;
	return ret;
}

long chariot_rights_tell(struct chariot_driver *d)
{
	unsigned long flags;
	long ret;

	raw_spin_lock_irqsave(&d->lock, flags);
	ret = tell_table(d, &d->table) ?: tell_table(d, &d->whole);
	raw_spin_unlock_irqrestore(&d->lock, flags);
	return ret;
}

void chariot_rights_clear(struct chariot_driver *d)
{
	unsigned long flags;
	void *block;

	raw_spin_lock_irqsave(&d->lock, flags);
	chariot_table_clear(&d->table, &d->pool);
	chariot_table_clear(&d->whole, &d->pool);
	raw_spin_unlock_irqrestore(&d->lock, flags);
	while ((block = chariot_pool_take(&d->pool)))
		kfree(block);
}
