// SPDX-License-Identifier: GPL-2.0
/*
 * Objects that a driver was handed: how they come and go. Each is an interval of
 * kernel memory with a type of the driver's plan; handed_settle.c looks at them when
 * a write is stopped. An object is forgotten, and the right to it ends, when its
 * memory is freed (frames.c).
 * Runs in the guest kernel, in any context but NMI.
 */
#include <linux/mm.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>

#include "alloc.h"
#include "grant_rules.h"
#include "handed.h"
#include "handed_tree.h"
#include "plan.h"

#define HANDED_MAX	32768	/* objects of one driver */

static struct kmem_cache *handed_cache;

/* Nothing that the driver could be handed: not the kernel's memory, or a stack. */
static bool is_nothing(unsigned long p)
{
	return p < PAGE_OFFSET || IS_ERR_VALUE(p) ||
	       p - (unsigned long)task_stack_page(current) < THREAD_SIZE;
}

/* d->handed_lock is held. */
static struct handed *find(struct chariot_driver *d, unsigned long start,
			   size_t size, u32 type)
{
	struct handed *h;

	for (h = handed_iter_first(&d->handed, start, start); h;
	     h = handed_iter_next(h, start, start))
		if (h->start == start && h->type == type &&
		    h->last == start + size - 1)
			return h;
	return NULL;
}

/*
 * Vmalloc areas are not told of when they are freed, only their frames are, which
 * end rights: so these are given at once.
 */
static void lend_area(struct chariot_driver *d, unsigned long start, size_t size,
		      u32 type)
{
	const struct chariot_type_rule *rule = d->plan->rules[type];

	if (!rule || rule->give == CHARIOT_GIVE_BYTES ||
	    rule->give == CHARIOT_GIVE_PRIVATE)
		chariot_lend(d, start, size, CHARIOT_KIND_OBJECT,
			     chariot_plan_type_name(d->plan, type));
}

static void insert(struct chariot_driver *d, unsigned long start, size_t size,
		   u32 type, u32 steps)
{
	struct handed *h, *old;
	unsigned long flags;

	raw_spin_lock_irqsave(&d->handed_lock, flags);
	old = find(d, start, size, type);
	raw_spin_unlock_irqrestore(&d->handed_lock, flags);
	if (old)
		return;
	h = kmem_cache_alloc(handed_cache, GFP_ATOMIC | __GFP_NOWARN);
	if (!h || d->nr_handed >= HANDED_MAX) {
		atomic64_inc(&d->untracked);
		if (h)
			kmem_cache_free(handed_cache, h);
		return;
	}
	h->start = start;
	h->last = start + size - 1;
	h->type = type;
	h->steps = steps;
	/* The free of its memory is seen in marked frames. */
	if (virt_addr_valid((void *)start))
		chariot_frames_mark(__pa(start), size);
	raw_spin_lock_irqsave(&d->handed_lock, flags);
	handed_insert(h, &d->handed);
	d->nr_handed++;
	raw_spin_unlock_irqrestore(&d->handed_lock, flags);
}

void chariot_handed_found(struct chariot_driver *d, unsigned long start,
			  size_t size, u32 type, u32 steps)
{
	const struct chariot_type_rule *rule = d->plan->rules[type];
	unsigned long bad;

	if (is_nothing(start) || start + size < start)
		return;
	if (rule && rule->seen && rule->seen(d, start))
		return;
	/* What is the driver's own matters only where a rule says so. */
	if (type <= d->plan->h.types && !(rule && rule->own) &&
	    chariot_may_write(d, (void *)start, size, &bad))
		return;
	if (type > d->plan->h.types) {
		insert(d, start, size, type, steps);
		return;
	}
	if (is_vmalloc_addr((void *)start) ||
	    (start >= MODULES_VADDR && start < MODULES_END)) {
		lend_area(d, start, size, type);
		return;
	}
	if (!chariot_virt_to_phys((void *)start))
		return;
	insert(d, start, size, type, steps);
}

void chariot_handed_add(struct chariot_driver *d, unsigned long p, u32 type)
{
	if (!in_nmi())
		chariot_handed_found(d, p, d->plan->types[type].size, type, 0);
}

void chariot_handed_add_hashtable(struct chariot_driver *d, unsigned long p)
{
	u32 type;

	if (!d->plan || in_nmi())
		return;
	type = d->plan->h.types + CHARIOT_PLAN_HASHTABLE;
	chariot_handed_found(d, p, d->plan->types[type].size, type, 0);
}

void chariot_handed_add_bytes(struct chariot_driver *d, unsigned long p,
			      size_t size)
{
	if (!in_nmi() && size && size <= CHARIOT_PLAN_OBJECT_MAX)
		chariot_handed_found(d, p, size, d->plan->h.types, 0);
}

/* Vmalloc areas lie between pages that are not mapped. */
static size_t vmalloc_size(unsigned long start)
{
	size_t size = 0;

	if (!PAGE_ALIGNED(start) || chariot_virt_to_phys((void *)start - 1))
		return 0;
	while (size < CHARIOT_PLAN_OBJECT_MAX &&
	       chariot_virt_to_phys((void *)start + size))
		size += PAGE_SIZE;
	return size;
}

void chariot_handed_add_area(struct chariot_driver *d, unsigned long p,
			     size_t size)
{
	struct chariot_slab_object o;

	if (in_nmi() || is_nothing(p))
		return;
	if (is_vmalloc_addr((void *)p))
		size = max(size, vmalloc_size(p));
	else if (chariot_slab_object_at(p, &o) && o.start == p &&
		 strstarts(o.cache, "kmalloc-"))
		size = max_t(size_t, size, o.size);
	chariot_handed_add_bytes(d, p, size);
}

/* Is there an object in this page for which it is given whole? */
static bool page_wanted(struct chariot_driver *d, unsigned long page)
{
	struct handed *h;

	for (h = handed_iter_first(&d->handed, page, page + PAGE_SIZE - 1); h;
	     h = handed_iter_next(h, page, page + PAGE_SIZE - 1))
		if (chariot_plan_is_paged(d->plan, h->type))
			return true;
	return false;
}

/*
 * Under d->handed_lock, so that nobody who finds another such object there gives
 * the page meanwhile.
 */
static void end_pages(struct chariot_driver *d, const struct handed *h)
{
	unsigned long page;

	if (!d->plan || !chariot_plan_is_paged(d->plan, h->type))
		return;
	for (page = h->start & PAGE_MASK; page <= h->last; page += PAGE_SIZE)
		if (virt_addr_valid((void *)page) && !page_wanted(d, page))
			chariot_revoke_whole(d, __pa(page));
}

bool chariot_handed_forget(struct chariot_driver *d, unsigned long start,
			   size_t size)
{
	struct rb_node *list = NULL, *rb;
	unsigned long flags;
	struct handed *h;
	bool any = false;

	if (!READ_ONCE(d->nr_handed) || !size)
		return false;
	raw_spin_lock_irqsave(&d->handed_lock, flags);
	while ((h = handed_iter_first(&d->handed, start, start + size - 1))) {
		handed_remove(h, &d->handed);
		d->nr_handed--;
		h->rb.rb_right = list;
		list = &h->rb;
		WRITE_ONCE(d->handed_generation, d->handed_generation + 1);
	}
	for (rb = list; rb; rb = rb->rb_right)
		end_pages(d, rb_entry(rb, struct handed, rb));
	raw_spin_unlock_irqrestore(&d->handed_lock, flags);
	while ((rb = list)) {
		list = rb->rb_right;
		kmem_cache_free(handed_cache, rb_entry(rb, struct handed, rb));
		any = true;
	}
	return any;
}

void chariot_handed_clear(struct chariot_driver *d)
{
	chariot_handed_forget(d, 0, ULONG_MAX);
}

u64 chariot_handed_generation(const struct chariot_driver *d)
{
	return READ_ONCE(d->handed_generation);
}

int chariot_handed_init(void)
{
	/* In no page with objects of others, which may be given whole. */
	handed_cache = kmem_cache_create("chariot-handed",
					 sizeof(struct handed), 0,
					 CHARIOT_SLAB_UNMERGEABLE, NULL);
	return handed_cache ? 0 : -ENOMEM;
}

void chariot_handed_exit(void)
{
	kmem_cache_destroy(handed_cache);
}
