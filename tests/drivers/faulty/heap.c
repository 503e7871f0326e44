// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults of the driver's own allocations. Runs in the guest's kernel, isolated
 * or not.
 *
 * Unprotected, the driver shares the kernel's caches, and the playground gets
 * the memory beside or after the driver's. Isolated, it can't: then the driver
 * owns the memory around the object too, and there is nothing but its own to
 * hit, unless objects are kept apart to the byte.
 */

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "faulty.h"

#define OBJECT_SIZE	192
#define SURROUND	64	/* at least the objects of a slab and one more */
#define TRIES		8

/* Objects so that the memory around the middle ones is the driver's own. */
struct surround {
	u8 *objects[SURROUND];
};

static void surround_free(struct surround *s)
{
	unsigned int i;

	for (i = 0; i < SURROUND; i++)
		kfree(s->objects[i]);
}

static bool surround_has(const struct surround *s, const u8 *object)
{
	unsigned int i;

	for (i = 0; i < SURROUND; i++)
		if (s->objects[i] == object)
			return true;
	return false;
}

/*
 * An object whose neighbour is the playground's or, where that can't be, the
 * driver's own. Of so many some are neighbours; if none are, there is a gap
 * between objects, and that is hit.
 */
static u8 *find_object(struct surround *s, bool after)
{
	unsigned int i;

	playground_crowd(OBJECT_SIZE);
	for (i = 0; i < SURROUND; i++) {
		u8 *object = kmalloc(OBJECT_SIZE, GFP_KERNEL);

		s->objects[i] = object;
		if (!object)
			return NULL;
		if (i < TRIES &&
		    (after ? playground_object_after((unsigned long)object, OBJECT_SIZE) :
			     playground_object_before((unsigned long)object, OBJECT_SIZE)))
			return object;
	}
	for (i = 0; i < SURROUND; i++) {
		u8 *object = s->objects[i];

		if (surround_has(s, after ? object + OBJECT_SIZE : object - OBJECT_SIZE))
			return object;
	}
	for (i = 0; i < SURROUND; i++)
		if (!PAGE_ALIGNED(s->objects[i]))
			return s->objects[i];
	return NULL;
}

static FAULT_FUNCTION(overflow)
{
	struct surround s = { };
	u8 *object = find_object(&s, true);

	if (object) {
		call->target = (unsigned long)object + OBJECT_SIZE;
		WRITE_ONCE(*(u64 *)call->target, 0x2121212121212121);
	} else {
		call->result = -ENODATA;
	}
	surround_free(&s);
}

static FAULT_FUNCTION(underflow)
{
	struct surround s = { };
	u8 *object = find_object(&s, false);

	if (object) {
		call->target = (unsigned long)object - 8;
		WRITE_ONCE(*(u64 *)call->target, 0x2222222222222222);
	} else {
		call->result = -ENODATA;
	}
	surround_free(&s);
}

/* A freed object, which the playground gets unless it can't get it. */
static unsigned long freed_object(void)
{
	u8 *object = kmalloc(OBJECT_SIZE, GFP_KERNEL);
	unsigned long address = (unsigned long)object;

	kfree(object);
	playground_reuse_object(address, OBJECT_SIZE);
	return address;
}

static FAULT_FUNCTION(use_after_free)
{
	call->target = freed_object() + 16;
	WRITE_ONCE(*(u64 *)call->target, 0x2323232323232323);
}

/* Where the allocator keeps its pointer to the next free object. */
static FAULT_FUNCTION(use_after_free_link)
{
	call->target = freed_object() + OBJECT_SIZE / 2;
	WRITE_ONCE(*(u64 *)call->target, 0x2929292929292929);
}

/* Pages are of one pool for all: these faults hit somebody else always. */

unsigned long heap_page_before_victim(void)
{
	unsigned long pages[TRIES], found = 0;
	unsigned int i;

	for (i = 0; i < TRIES && !found; i++) {
		pages[i] = __get_free_page(GFP_KERNEL);
		if (!pages[i])
			break;
		if (playground_pages_at(pages[i] + PAGE_SIZE, 0))
			found = pages[i];
	}
	while (i--)
		if (pages[i] && pages[i] != found)
			free_page(pages[i]);
	return found;
}

static FAULT_FUNCTION(page_overflow)
{
	unsigned long page = heap_page_before_victim();

	if (!page) {
		call->result = -ENODATA;
		return;
	}
	call->target = page + PAGE_SIZE;
	WRITE_ONCE(*(u64 *)call->target, 0x2424242424242424);
	free_page(page);
}

/* Half of it in the driver's own page. */
static FAULT_FUNCTION(page_straddle)
{
	unsigned long page = heap_page_before_victim();

	if (!page) {
		call->result = -ENODATA;
		return;
	}
	call->target = page + PAGE_SIZE;
	WRITE_ONCE(*(u64 *)(call->target - 4), 0x2525252525252525);
	free_page(page);
}

/* A big kmalloc object comes from the page allocator. */
static FAULT_FUNCTION(large_overflow)
{
	const size_t size = 4 * PAGE_SIZE;
	u8 *objects[TRIES], *found = NULL;
	unsigned int i;

	for (i = 0; i < TRIES && !found; i++) {
		objects[i] = kmalloc(size, GFP_KERNEL);
		if (!objects[i])
			break;
		if (playground_pages_at((unsigned long)objects[i] + size, 2))
			found = objects[i];
	}
	if (found) {
		call->target = (unsigned long)found + size;
		WRITE_ONCE(*(u64 *)call->target, 0x2626262626262626);
	} else {
		call->result = -ENODATA;
	}
	while (i--)
		kfree(objects[i]);
}

static FAULT_FUNCTION(page_use_after_free)
{
	unsigned long page = __get_free_page(GFP_KERNEL);

	free_page(page);
	call->target = page + 64;
	if (playground_reuse_pages(page, 0))
		WRITE_ONCE(*(u64 *)call->target, 0x2727272727272727);
	else
		call->result = -ENODATA;
}

/* The object it was given is in a slab that all drivers share. */
static FAULT_FUNCTION(shared_slab)
{
	struct file *file = call->file;

	if (!playground_file_after((unsigned long)file)) {
		call->result = -EAGAIN;
		return;
	}
	file->private_data = NULL;	/* allowed, and in the same page */
	call->target = playground_target();
	WRITE_ONCE(*(u32 *)call->target, 0x28282828);
}

const struct fault heap_faults[] = {
	FAULT(overflow),
	FAULT(underflow),
	FAULT(use_after_free),
	FAULT(use_after_free_link),
	FAULT(page_overflow),
	FAULT(page_straddle),
	FAULT(large_overflow),
	FAULT(page_use_after_free),
	FAULT(shared_slab),
	{ }
};
