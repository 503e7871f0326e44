// SPDX-License-Identifier: GPL-2.0
/*
 * What a driver has allocated: where, how much, by which call. For reports, and
 * for the sizes that a free does not tell.
 * Runs in the guest kernel, in any context but NMI.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "alloc.h"

#define NEAREST_MAX	SZ_64K

static struct kmem_cache *object_cache;

int chariot_objects_init(void)
{
	object_cache = kmem_cache_create("chariot-object",
					 sizeof(struct chariot_object), 0,
					 CHARIOT_SLAB_UNMERGEABLE, NULL);
	return object_cache ? 0 : -ENOMEM;
}

void chariot_objects_exit(void)
{
	kmem_cache_destroy(object_cache);
}

#define to_object(rb)	rb_entry(rb, struct chariot_object, node)

static unsigned long object_end(const struct chariot_object *o)
{
	return o->start + o->size;
}

/* The lowest object that ends behind addr; d->lock is held. */
static struct chariot_object *first_ending_after(struct chariot_driver *d,
						 unsigned long addr)
{
	struct rb_node *rb = d->objects.rb_node;
	struct chariot_object *found = NULL;

	while (rb) {
		struct chariot_object *o = to_object(rb);

		if (object_end(o) > addr) {
			found = o;
			rb = rb->rb_left;
		} else {
			rb = rb->rb_right;
		}
	}
	return found;
}

static struct chariot_object *next_object(struct chariot_object *o)
{
	struct rb_node *rb = rb_next(&o->node);

	return rb ? to_object(rb) : NULL;
}

static void take_out(struct chariot_driver *d, struct chariot_object *o)
{
	rb_erase(&o->node, &d->objects);
	d->nr_objects--;
	d->object_bytes -= o->size;
}

/*
 * Take out all that overlap; d->lock is held. They are linked by rb_right, to be
 * freed when the lock is no longer held: nothing is taken inside it.
 */
static struct chariot_object *take_out_range(struct chariot_driver *d,
					     unsigned long start, size_t size)
{
	struct chariot_object *o, *next, *list = NULL;

	for (o = first_ending_after(d, start); o && o->start < start + size;
	     o = next) {
		next = next_object(o);
		take_out(d, o);
		o->node.rb_right = (struct rb_node *)list;
		list = o;
	}
	return list;
}

static void free_list(struct chariot_object *list)
{
	while (list) {
		struct chariot_object *next = (void *)list->node.rb_right;

		kmem_cache_free(object_cache, list);
		list = next;
	}
}

static void put_in(struct chariot_driver *d, struct chariot_object *new)
{
	struct rb_node **link = &d->objects.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = new->start < to_object(parent)->start ?
		       &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&new->node, parent, link);
	rb_insert_color(&new->node, &d->objects);
	d->nr_objects++;
	d->object_bytes += new->size;
}

/**
 * chariot_object_insert - record an allocation
 *
 * Context: any. What overlaps is replaced: it was freed by someone else.
 * Return: false for want of memory (counted in d->untracked).
 */
bool chariot_object_insert(struct chariot_driver *d, const void *start,
			   size_t size, enum chariot_kind kind,
			   const char *family, unsigned long site)
{
	struct chariot_object *new, *stale;
	unsigned long flags;

	if (!size)
		return true;
	new = kmem_cache_alloc(object_cache, GFP_ATOMIC | __GFP_NOWARN);
	if (!new) {
		atomic64_inc(&d->untracked);
		return false;
	}
	*new = (struct chariot_object) {
		.start = (unsigned long)start, .size = size, .site = site,
		.family = family, .kind = kind,
	};
	raw_spin_lock_irqsave(&d->lock, flags);
	stale = take_out_range(d, new->start, size);
	put_in(d, new);
	raw_spin_unlock_irqrestore(&d->lock, flags);
	free_list(stale);
	return true;
}

void chariot_object_add(struct chariot_driver *d, const void *start, size_t size,
			enum chariot_kind kind, const char *family,
			unsigned long site)
{
	chariot_object_insert(d, start, size, kind, family, site);
}

size_t chariot_object_del(struct chariot_driver *d, const void *start)
{
	unsigned long addr = (unsigned long)start, flags;
	struct chariot_object *o;
	size_t size = 0;

	raw_spin_lock_irqsave(&d->lock, flags);
	o = first_ending_after(d, addr);
	if (o && o->start == addr) {
		size = o->size;
		take_out(d, o);
	} else {
		o = NULL;
	}
	raw_spin_unlock_irqrestore(&d->lock, flags);
	if (o)
		kmem_cache_free(object_cache, o);
	return size;
}

void chariot_object_del_range(struct chariot_driver *d, unsigned long start,
			      size_t size)
{
	struct chariot_object *list;
	unsigned long flags;

	raw_spin_lock_irqsave(&d->lock, flags);
	list = take_out_range(d, start, size);
	raw_spin_unlock_irqrestore(&d->lock, flags);
	free_list(list);
}

/* The object that starts at addr gets another size, within its old memory. */
void chariot_object_resize(struct chariot_driver *d, const void *start,
			   size_t size)
{
	unsigned long addr = (unsigned long)start, flags;
	struct chariot_object *o;

	raw_spin_lock_irqsave(&d->lock, flags);
	o = first_ending_after(d, addr);
	if (o && o->start == addr && size) {
		d->object_bytes += size - o->size;
		o->size = size;
	}
	raw_spin_unlock_irqrestore(&d->lock, flags);
}

bool chariot_object_nearest(struct chariot_driver *d, unsigned long addr,
			    struct chariot_object *out)
{
	struct chariot_object *after, *before = NULL;
	unsigned long gap = ULONG_MAX, flags;
	struct rb_node *rb;

	raw_spin_lock_irqsave(&d->lock, flags);
	after = first_ending_after(d, addr);
	rb = after ? rb_prev(&after->node) : rb_last(&d->objects);
	if (rb) {
		before = to_object(rb);
		gap = addr - object_end(before);
	}
	/* 0 when it holds addr */
	if (after && (after->start <= addr || after->start - addr <= gap)) {
		gap = after->start <= addr ? 0 : after->start - addr;
		*out = *after;
	} else if (before) {
		*out = *before;
	}
	raw_spin_unlock_irqrestore(&d->lock, flags);
	return gap <= NEAREST_MAX;
}

void chariot_objects_clear(struct chariot_driver *d)
{
	struct chariot_object *o, *next;
	struct rb_root objects;
	unsigned long flags;

	raw_spin_lock_irqsave(&d->lock, flags);
	objects = d->objects;
	d->objects = RB_ROOT;
	d->nr_objects = 0;
	d->object_bytes = 0;
	raw_spin_unlock_irqrestore(&d->lock, flags);
	rbtree_postorder_for_each_entry_safe(o, next, &objects, node)
		kmem_cache_free(object_cache, o);
}
