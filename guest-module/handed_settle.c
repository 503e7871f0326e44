// SPDX-License-Identifier: GPL-2.0
/*
 * A write that was stopped: is it to an object that the driver was handed, to data
 * that goes with one, or to what a pointer in one leads to?
 * Runs in the guest kernel, in any context but NMI; reads objects without faulting,
 * since the driver may have written into them.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "alloc.h"
#include "grant_rules.h"
#include "handed.h"
#include "handed_tree.h"
#include "plan.h"

#define FIRST_BLOCK	512	/* bytes of a large object */
#define STEPS_MAX	2	/* pointers followed from what was handed itself */
#define PEEKS_MAX	8192	/* pointers looked at for one write */

/* The object that holds va and begins latest: a member rather than what it is in. */
static struct handed *innermost(struct chariot_driver *d, unsigned long va)
{
	struct handed *h, *best = NULL;

	for (h = handed_iter_first(&d->handed, va, va); h;
	     h = handed_iter_next(h, va, va))
		if (!best || h->start >= best->start)
			best = h;
	return best;
}

/*
 * The allocation that va is in: of a slab, or pages of kmalloc(), which are
 * compound. Other pages may be shared out by whoever allocated them.
 */
static bool allocation_at(unsigned long va, struct chariot_slab_object *o)
{
	struct page *head;

	if (chariot_slab_object_at(va, o))
		return true;
	if (!virt_addr_valid((void *)va))
		return false;
	head = compound_head(virt_to_page((void *)va));
	if (!PageHead(head) || PageSlab(head))
		return false;
	o->start = (unsigned long)page_address(head);
	o->size = page_size(head);
	return true;
}

/* What lies behind an object, in the same allocation, is private to its driver. */
static size_t size_with_private(const struct handed *h)
{
	struct chariot_slab_object o;

	if (!allocation_at(h->start, &o))
		return h->last - h->start + 1;
	return max(h->last + 1, o.start + o.size) - h->start;
}

/* Lines of the driver's policy. */
static bool lend_by_policy(struct chariot_driver *d, unsigned long start,
			   u32 type, unsigned long va)
{
	const struct chariot_plan_grant *g = d->plan->grants;
	u32 i;

	for (i = 0; i < d->plan->h.grants; i++, g++)
		if (g->type == type && va - start - g->offset < g->size)
			return !chariot_lend(d, start + g->offset, g->size,
					     CHARIOT_KIND_OBJECT,
					     chariot_plan_type_name(d->plan,
								    type));
	return false;
}

/*
 * In a slab of the kernel: the object's free is seen there, and it is no other
 * driver's memory.
 */
static bool in_kernel_slab(const struct handed *h)
{
	struct chariot_slab_object o;
	bool drivers;

	if (!virt_addr_valid((void *)h->start) || !chariot_slab_layout_known() ||
	    !chariot_slab_object_at(h->start, &o) || h->last - o.start >= o.size)
		return false;
	rcu_read_lock();
	drivers = chariot_cache_of((void *)h->start);
	rcu_read_unlock();
	return !drivers;
}

static bool lend_pages(struct chariot_driver *d, const struct handed *h)
{
	unsigned long page;

	if (!chariot_plan_is_paged(d->plan, h->type) || !in_kernel_slab(h))
		return false;
	for (page = h->start & PAGE_MASK; page <= h->last; page += PAGE_SIZE)
		if (chariot_grant_whole(d, __pa(page)))
			return false;
	return true;
}

/* What of it lies in the block of so many bytes that holds va. */
static struct chariot_span in_block(struct chariot_span s, unsigned long va,
				    size_t block)
{
	unsigned long start = max(s.start, ALIGN_DOWN(va, block));
	unsigned long end = min(s.start + s.size, ALIGN_DOWN(va, block) + block);

	return (struct chariot_span) { start, end - start };
}

/*
 * Of an object larger than a page, a small block of a page that is written to for
 * the first time, and then all that lies in the page.
 */
static struct chariot_span part_at(struct chariot_driver *d,
				   struct chariot_span s, unsigned long va)
{
	struct chariot_extent e = { .kind = CHARIOT_KIND_OBJECT };

	if (s.size <= PAGE_SIZE)
		return s;
	s = in_block(s, va, PAGE_SIZE);
	e.gpa = chariot_virt_to_phys((void *)s.start);
	e.size = s.size;
	return chariot_holds(d, &e) ? s : in_block(s, va, FIRST_BLOCK);
}

static bool lend_object(struct chariot_driver *d, const struct handed *h,
			unsigned long va)
{
	const struct chariot_type_rule *rule = d->plan->rules[h->type];
	struct chariot_span s = { h->start, h->last - h->start + 1 };

	if (lend_pages(d, h))
		return true;
	if (rule && rule->give == CHARIOT_GIVE_NOTHING)
		return lend_by_policy(d, h->start, h->type, va);
	if (rule && rule->give == CHARIOT_GIVE_MEMBERS)
		return chariot_lend_member(d, h->start, rule->members, va) ||
		       lend_by_policy(d, h->start, h->type, va);
	if (rule && rule->give == CHARIOT_GIVE_PRIVATE)
		s.size = size_with_private(h);
	if (h->type < d->plan->h.types)
		s = part_at(d, s, va);
	return !chariot_lend(d, s.start, s.size, CHARIOT_KIND_OBJECT,
			     chariot_plan_type_name(d->plan, h->type));
}

/* Is va behind an object whose allocation has a private part? */
static struct handed *before(struct chariot_driver *d, unsigned long va)
{
	const struct chariot_type_rule *rule;
	struct chariot_slab_object o;
	struct handed *h;

	if (!allocation_at(va, &o))
		return NULL;
	for (h = handed_iter_first(&d->handed, o.start, va); h;
	     h = handed_iter_next(h, o.start, va)) {
		rule = d->plan->rules[h->type];
		if (rule && rule->give == CHARIOT_GIVE_PRIVATE)
			return h;
	}
	return NULL;
}

bool chariot_handed_at_once(const struct chariot_driver *d, u32 type)
{
	return d->plan->rules[type] && d->plan->rules[type]->at_once;
}

/* The next one of these is granted when it is handed. */
static void tell_gates(struct chariot_driver *d, const struct handed *h, bool data)
{
	if (chariot_handed_at_once(d, h->type))
		chariot_gates_wrote(d, h->start, data);
}

/* The objects that hold va, from the innermost; or one that it is behind. */
static bool lend_handed(struct chariot_driver *d, unsigned long va)
{
	struct handed *h = innermost(d, va);

	if (!h)
		h = before(d, va);
	if (h && lend_object(d, h, va)) {
		tell_gates(d, h, false);
		return true;
	}
	for (h = handed_iter_first(&d->handed, va, va); h;
	     h = handed_iter_next(h, va, va))
		if (lend_object(d, h, va))
			return true;
	return false;
}

/* What an object's rule says of data that goes with it. */
static bool lend_data(struct chariot_driver *d, const struct handed *h,
		      unsigned long va)
{
	const struct chariot_type_rule *rule = d->plan->rules[h->type];
	struct chariot_span s = { .kind = CHARIOT_KIND_BUFFER };

	return rule && rule->behind && rule->behind(d, h->start, va, &s) &&
	       !chariot_lend(d, s.start, s.size, s.kind,
			     chariot_plan_type_name(d->plan, h->type));
}

static bool has_holder(const struct chariot_driver *d, const struct handed *h)
{
	const struct chariot_type_rule *rule = d->plan->rules[h->type];

	return rule && rule->holder;
}

/* Data whose own address leads to the object. */
static bool lend_data_held(struct chariot_driver *d, unsigned long va)
{
	const struct chariot_type_rule *rule;
	unsigned long object;
	struct handed *h;
	size_t i;

	for (i = 0; (rule = chariot_holder_rule(i)); i++) {
		object = rule->holder(va);
		if (!object)
			continue;
		for (h = handed_iter_first(&d->handed, object, object); h;
		     h = handed_iter_next(h, object, object))
			if (h->start == object &&
			    d->plan->rules[h->type] == rule &&
			    lend_data(d, h, va))
				return true;
	}
	return false;
}

/* Data that goes with an object is most often beside it. */
static bool lend_data_near(struct chariot_driver *d, unsigned long va)
{
	struct handed *h;

	for (h = handed_iter_first(&d->handed, va - PAGE_SIZE, va + PAGE_SIZE);
	     h; h = handed_iter_next(h, va - PAGE_SIZE, va + PAGE_SIZE)) {
		if (!lend_data(d, h, va))
			continue;
		tell_gates(d, h, true);
		return true;
	}
	return false;
}

/**
 * struct search - for a pointer that leads to a byte
 * @va: the byte
 * @around: the allocation that it is in; of 0 bytes if there is none
 * @peeks: pointers that may still be looked at
 * @start: result: where the object is that was found
 * @type: its type
 * @steps: from what was handed itself
 */
struct search {
	unsigned long va;
	struct chariot_span around;
	unsigned int peeks;
	unsigned long start;
	u32 type;
	u32 steps;
};

static struct search search_for(unsigned long va)
{
	struct search s = { .va = va, .peeks = PEEKS_MAX };
	struct chariot_slab_object o;

	if (allocation_at(va, &o)) {
		s.around.start = o.start;
		s.around.size = o.size;
	}
	return s;
}

/* Is the byte in an object at p, or in what is private behind it? */
static bool in_object(const struct chariot_driver *d, const struct search *s,
		      unsigned long p, u32 type)
{
	const struct chariot_type_rule *rule = d->plan->rules[type];

	if (s->va - p < d->plan->types[type].size)
		return true;
	return rule && rule->give == CHARIOT_GIVE_PRIVATE &&
	       p - s->around.start < s->around.size && p <= s->va;
}

/* Below kernel memory: not an address, but an offset in each CPU's area. */
static bool percpu_at(struct search *s, unsigned long p, size_t size)
{
	int cpu;

	if (size > PAGE_SIZE)
		return false;	/* alloc_percpu.c ends no more */
	for_each_possible_cpu(cpu) {
		s->start = p + per_cpu_offset(cpu);
		if (s->va - s->start < size)
			return true;
	}
	return false;
}

static bool list_leads_there(struct search *s, unsigned long head, size_t link,
			     size_t size)
{
	unsigned long element = head;

	for (; s->peeks; s->peeks--) {
		element = chariot_peek((void *)element);
		if (!element || element == head)
			return false;
		s->start = element - link;
		if (s->va - s->start < size)
			return true;
	}
	return false;
}

/* The pointers of a member; of a flexible array as many as there is room for. */
static u32 pointers(const struct handed *h, const struct chariot_plan_member *m)
{
	struct chariot_slab_object o;

	if (m->count != CHARIOT_PLAN_FLEXIBLE)
		return m->count;
	if (!allocation_at(h->start, &o) || o.start != h->start ||
	    o.size < m->offset)
		return 0;
	return (o.size - m->offset) / sizeof(unsigned long);
}

static bool leads_there(struct chariot_driver *d, struct search *s,
			const struct handed *h,
			const struct chariot_plan_member *m)
{
	const struct chariot_plan_type *t = &d->plan->types[m->type];
	const unsigned long *slot = (void *)(h->start + m->offset);
	unsigned long p;
	u32 i, count;

	if (m->count & CHARIOT_PLAN_LIST) {
		s->type = m->type;
		s->steps = h->steps + 1;
		return list_leads_there(s, (unsigned long)slot,
					m->count & ~CHARIOT_PLAN_LIST, t->size);
	}
	count = pointers(h, m);
	for (i = 0; i < count && s->peeks; i++, s->peeks--) {
		p = chariot_peek(slot + i);
		if (in_object(d, s, p, m->type))
			s->start = p;
		else if (!p || p >= PAGE_OFFSET ||
			 !percpu_at(s, p, t->size))
			continue;
		s->type = m->type;
		s->steps = h->steps + 1;
		return true;
	}
	return false;
}

enum found { NOTHING, OBJECT, DATA };

/* steps: of how many pointers in a row */
static enum found follow(struct chariot_driver *d, struct search *s, u32 steps)
{
	const struct chariot_plan_type *t;
	struct handed *h;
	u32 i;

	for (h = handed_iter_first(&d->handed, 0, ULONG_MAX); h && s->peeks;
	     h = handed_iter_next(h, 0, ULONG_MAX)) {
		if (!has_holder(d, h) && lend_data(d, h, s->va)) {
			tell_gates(d, h, true);
			return DATA;
		}
		if (h->steps >= steps)
			continue;
		t = &d->plan->types[h->type];
		for (i = 0; i < t->members; i++)
			if (leads_there(d, s, h,
					&d->plan->members[t->member + i]))
				return OBJECT;
	}
	return NOTHING;
}

/* A line of the policy holds wherever the driver got the object from. */
static bool settle_by_policy(struct chariot_driver *d, unsigned long va)
{
	struct search s = search_for(va);
	bool ok = false;

	if (!d->plan->h.grants)
		return false;
	raw_spin_lock(&d->handed_lock);
	if (follow(d, &s, UINT_MAX) == OBJECT)
		ok = lend_by_policy(d, s.start, s.type, va);
	raw_spin_unlock(&d->handed_lock);
	return ok;
}

static bool lend_pages_at(struct chariot_driver *d, unsigned long va)
{
	struct handed *h;

	for (h = handed_iter_first(&d->handed, va, va); h;
	     h = handed_iter_next(h, va, va))
		if (lend_pages(d, h))
			return true;
	return false;
}

bool chariot_handed_settle_page(struct chariot_driver *d, unsigned long va)
{
	struct search s = { .va = va, .peeks = PEEKS_MAX };
	enum found found = NOTHING;
	bool ok;

	if (!d->plan || !d->plan->paged)
		return false;
	raw_spin_lock(&d->handed_lock);
	ok = lend_pages_at(d, va);
	if (!ok)
		found = follow(d, &s, UINT_MAX);
	if (found == OBJECT && !chariot_plan_is_paged(d->plan, s.type))
		found = NOTHING;
	raw_spin_unlock(&d->handed_lock);
	if (found == OBJECT) {
		chariot_handed_found(d, s.start, d->plan->types[s.type].size,
				     s.type, s.steps);
		raw_spin_lock(&d->handed_lock);
		ok = lend_pages_at(d, va);
		raw_spin_unlock(&d->handed_lock);
	}
	return ok || found == DATA;
}

/*
 * The lock is held over the grant, so that a free on another CPU comes before it
 * and is seen, or after it and ends it.
 */
bool chariot_handed_settle(struct chariot_driver *d, unsigned long va)
{
	struct search s = search_for(va);
	enum found found = NOTHING;
	unsigned long bad;
	bool ok;

	if (!d->plan)
		return false;
	raw_spin_lock(&d->handed_lock);
	ok = lend_handed(d, va) || lend_data_held(d, va) ||
	     lend_data_near(d, va);
	if (!ok)
		found = follow(d, &s, STEPS_MAX);
	raw_spin_unlock(&d->handed_lock);
	if (found == OBJECT) {
		chariot_handed_found(d, s.start, d->plan->types[s.type].size,
				     s.type, s.steps);
		raw_spin_lock(&d->handed_lock);
		ok = lend_handed(d, va);
		raw_spin_unlock(&d->handed_lock);
		/* Areas are lent at once. */
		ok = ok || chariot_can_write(d, (void *)va, 1, &bad);
	}
	return ok || found == DATA || settle_by_policy(d, va);
}

/* An object's bytes and all its data, in one call of the backend if that can be. */
static bool lend_with_data(struct chariot_driver *d, const struct handed *h)
{
	const struct chariot_type_rule *rule = d->plan->rules[h->type];
	struct chariot_span object = {
		h->start, h->last - h->start + 1, CHARIOT_KIND_OBJECT
	};
	struct chariot_span data = { .kind = CHARIOT_KIND_BUFFER };
	struct chariot_extent e[2];

	if (rule->give != CHARIOT_GIVE_BYTES || !rule->behind ||
	    chariot_plan_is_paged(d->plan, h->type) ||
	    !rule->behind(d, h->start, 0, &data) ||
	    !chariot_span_is_extent(&object) || !chariot_span_is_extent(&data))
		return false;
	e[0] = chariot_span_extent(&object);
	e[1] = chariot_span_extent(&data);
	chariot_lend_extents(d, e, ARRAY_SIZE(e),
			     chariot_plan_type_name(d->plan, h->type));
	return true;
}

void chariot_handed_lend(struct chariot_driver *d, unsigned long p, bool data)
{
	unsigned long flags;
	struct handed *h;

	if (in_nmi())
		return;
	raw_spin_lock_irqsave(&d->handed_lock, flags);
	h = innermost(d, p);
	if (h && !(data && lend_with_data(d, h))) {
		lend_object(d, h, p);
		if (data)
			lend_data(d, h, 0);
	}
	raw_spin_unlock_irqrestore(&d->handed_lock, flags);
}

void chariot_handed_describe(struct chariot_driver *d, unsigned long va,
			     char *type, size_t room, u64 *offset)
{
	struct search s = { .va = va, .peeks = PEEKS_MAX };
	unsigned long flags;
	struct handed *h;

	*type = '\0';
	*offset = 0;
	if (!d->plan || !va)
		return;
	raw_spin_lock_irqsave(&d->handed_lock, flags);
	h = innermost(d, va);
	if (h) {
		s.start = h->start;
		s.type = h->type;
	} else if (follow(d, &s, UINT_MAX) != OBJECT) {
		s.start = 0;
	}
	raw_spin_unlock_irqrestore(&d->handed_lock, flags);
	if (!s.start)
		return;
	strscpy(type, chariot_plan_type_name(d->plan, s.type), room);
	*offset = va - s.start;
}
