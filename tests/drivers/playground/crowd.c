// SPDX-License-Identifier: GPL-2.0-only
/*
 * Victims that a driver asks for: memory beside its own, or memory that it
 * freed. Found by allocating until the allocator gives it away.
 * Runs in the guest's kernel, trusted.
 */

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "private.h"

#define MOST_OBJECTS	60
#define MOST_PAGES	200
#define MOST_FILES	30

static void give_back_object(void *memory, unsigned long cookie)
{
	kfree(memory);
}

static void give_back_pages(void *memory, unsigned long cookie)
{
	free_pages((unsigned long)memory, cookie);
}

static void give_back_file(void *memory, unsigned long cookie)
{
	fput((struct file *)cookie);
}

static bool add_object(size_t size)
{
	void *object = kmalloc(size, GFP_KERNEL);

	return object && watch_owned(object, size, 0, give_back_object);
}

void playground_crowd(size_t size)
{
	unsigned int i;

	mutex_lock(&playground_mutex);
	for (i = 0; i < 128 && add_object(size); i++)
		;
	mutex_unlock(&playground_mutex);
}
EXPORT_SYMBOL_GPL(playground_crowd);

static bool take_object(unsigned long address, size_t size)
{
	unsigned int i;
	bool found;

	mutex_lock(&playground_mutex);
	found = watch_has(address);
	for (i = 0; !found && i < MOST_OBJECTS && add_object(size); i++)
		found = watch_has(address);
	if (found)
		playground_aim(address);
	mutex_unlock(&playground_mutex);
	return found;
}

bool playground_object_after(unsigned long object, size_t size)
{
	return take_object(object + size, size);
}
EXPORT_SYMBOL_GPL(playground_object_after);

bool playground_object_before(unsigned long object, size_t size)
{
	return take_object(object - size, size);
}
EXPORT_SYMBOL_GPL(playground_object_before);

bool playground_reuse_object(unsigned long object, size_t size)
{
	return take_object(object, size);
}
EXPORT_SYMBOL_GPL(playground_reuse_object);

bool playground_pages_at(unsigned long address, unsigned int order)
{
	unsigned int i;
	bool found;

	mutex_lock(&playground_mutex);
	found = watch_has(address);
	for (i = 0; !found && i < MOST_PAGES; i++) {
		void *pages = (void *)__get_free_pages(GFP_KERNEL, order);

		if (!pages || !watch_owned(pages, PAGE_SIZE << order, order, give_back_pages))
			break;
		found = watch_has(address);
	}
	if (found)
		playground_aim(address);
	mutex_unlock(&playground_mutex);
	return found;
}
EXPORT_SYMBOL_GPL(playground_pages_at);

bool playground_reuse_pages(unsigned long pages, unsigned int order)
{
	return playground_pages_at(pages, order);
}
EXPORT_SYMBOL_GPL(playground_reuse_pages);

/* The fields for write-back errors are of no use to an open /dev/null. */
static bool watch_file(struct file *file)
{
	void *spot = &file->f_wb_err;

	return watch_owned(file, 0, (unsigned long)file, give_back_file) &&
	       watch_foreign(spot, spot, sizeof(file->f_wb_err) + sizeof(file->f_sb_err));
}

bool playground_file_after(unsigned long file)
{
	const unsigned long wanted = file + ALIGN(sizeof(struct file), SMP_CACHE_BYTES);
	bool found;
	unsigned int i;

	mutex_lock(&playground_mutex);
	found = watch_has(wanted);
	for (i = 0; !found && i < MOST_FILES; i++) {
		struct file *other = filp_open("/dev/null", O_RDONLY, 0);

		if (IS_ERR(other) || !watch_file(other))
			break;
		found = watch_has(wanted);
	}
	if (found)
		playground_aim((unsigned long)&((struct file *)wanted)->f_wb_err);
	mutex_unlock(&playground_mutex);
	return found;
}
EXPORT_SYMBOL_GPL(playground_file_after);
