// SPDX-License-Identifier: GPL-2.0
/*
 * Wrappers: slab caches by name, and the pools of the kernel's mempool that draw
 * on slabs.
 * Runs in the guest kernel, called by drivers, or by the kernel for them.
 *
 * mempool_create() and its kin need no wrapper: a pool gets its elements through
 * the functions that the driver names, and a driver that names
 * mempool_alloc_slab, mempool_kmalloc or their kin names, by its imports, the
 * stubs of the wrappers below. Thus the kernel's calls of them, be it to fill the
 * pool, are known to be for this driver.
 */
#include <linux/list_lru.h>
#include <linux/mempool.h>

#include "alloc.h"

/* An alignment that leaves a gap between objects; kmem_cache_size() stays. */
static unsigned int align_apart(unsigned int size, unsigned int align, size_t gap)
{
	align = max_t(unsigned int, align, sizeof(void *));
	while (roundup(size, align) - size < gap)
		align *= 2;
	return align;
}

static struct kmem_cache *create(const struct chariot_call *c, const char *name,
				 unsigned int size,
				 struct chariot_cache_args args,
				 slab_flags_t flags)
{
	if (!c->driver)
		return chariot_kmem_cache_create(name, size, &args, flags);
	args.align = align_apart(size, args.align, chariot_heap_gap(c->driver));
	return chariot_cache_create(c->driver, name, size, &args, flags);
}

CHARIOT_WRAPPERS_BEGIN;

/* kmem_cache_create of Linux 6.1 */
CHARIOT_WRAPPER struct kmem_cache *
chariot_wrap_kmem_cache_create(const char *name, unsigned int size,
			       unsigned int align, slab_flags_t flags,
			       void (*ctor)(void *))
{
	struct chariot_call c = chariot_caller();
	struct chariot_cache_args args = { .align = align, .ctor = ctor };

	return create(&c, name, size, args, flags);
}

/*
 * kmem_cache_create_usercopy of Linux 6.1. Of seven arguments the last is on the stack,
 * behind the return address that the stubs.S entry has pushed, @to_entry.
 */
CHARIOT_WRAPPER struct kmem_cache *
chariot_wrap_kmem_cache_create_usercopy(const char *name, unsigned int size,
					unsigned int align, slab_flags_t flags,
					unsigned int useroffset,
					unsigned int usersize, unsigned long to_entry,
					void (*ctor)(void *))
{
	struct chariot_call c = chariot_caller();
	struct chariot_cache_args args = {
		.align = align, .ctor = ctor,
		.useroffset = useroffset, .usersize = usersize,
	};

	return create(&c, name, size, args, flags);
}

/* __kmem_cache_create_args */
CHARIOT_WRAPPER struct kmem_cache *
chariot_wrap_kmem_cache_create_args(const char *name, unsigned int size,
				    struct chariot_cache_args *args,
				    slab_flags_t flags)
{
	struct chariot_call c = chariot_caller();

	return create(&c, name, size, *args, flags);
}

CHARIOT_WRAPPER void chariot_wrap_kmem_cache_destroy(struct kmem_cache *cache)
{
	if (cache)
		chariot_cache_forget(cache);
	kmem_cache_destroy(cache);
}

static void *give(const struct chariot_call *c, struct kmem_cache *cache,
		  void *object, const char *family)
{
	if (object && c->driver &&
	    chariot_slab_give(c->driver, cache, object, kmem_cache_size(cache),
			      family, c->site)) {
		kmem_cache_free(cache, object);
		return NULL;
	}
	return object;
}

CHARIOT_WRAPPER void *chariot_wrap_kmem_cache_alloc(struct kmem_cache *cache,
						    gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	return give(&c, cache, kmem_cache_alloc(cache, gfp), "kmem_cache_alloc");
}

CHARIOT_WRAPPER void *chariot_wrap_kmem_cache_alloc_lru(struct kmem_cache *cache,
							struct list_lru *lru,
							gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	return give(&c, cache, kmem_cache_alloc_lru(cache, lru, gfp),
		    "kmem_cache_alloc_lru");
}

CHARIOT_WRAPPER void *chariot_wrap_kmem_cache_alloc_node(struct kmem_cache *cache,
							 gfp_t gfp, int node)
{
	struct chariot_call c = chariot_caller();

	return give(&c, cache, kmem_cache_alloc_node(cache, gfp, node),
		    "kmem_cache_alloc_node");
}

CHARIOT_WRAPPER int chariot_wrap_kmem_cache_alloc_bulk(struct kmem_cache *cache,
						       gfp_t gfp, size_t n,
						       void **objects)
{
	struct chariot_call c = chariot_caller();
	int i, got = kmem_cache_alloc_bulk(cache, gfp, n, objects);

	if (!c.driver)
		return got;
	for (i = 0; i < got; i++)
		if (chariot_slab_give(c.driver, cache, objects[i],
				      kmem_cache_size(cache),
				      "kmem_cache_alloc_bulk", c.site))
			break;
	if (i == got)
		return got;
	kmem_cache_free_bulk(cache, got, objects);
	return 0;
}

CHARIOT_WRAPPER void chariot_wrap_kmem_cache_free(struct kmem_cache *cache,
						  void *object)
{
	kmem_cache_free(cache, object);
	chariot_let_others_run();
}

/* --- what pools are made of --------------------------------------------------------- */

CHARIOT_WRAPPER void *chariot_wrap_mempool_alloc_slab(gfp_t gfp, void *cache)
{
	struct chariot_call c = chariot_caller();

	return give(&c, cache, mempool_alloc_slab(gfp, cache), "mempool");
}

CHARIOT_WRAPPER void *chariot_wrap_mempool_kmalloc(gfp_t gfp, void *size)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return mempool_kmalloc(gfp, size);
	return chariot_heap_alloc(c.driver, (size_t)size, gfp, NUMA_NO_NODE,
				  "mempool", c.site);
}

CHARIOT_WRAPPER void *chariot_wrap_mempool_kvmalloc(gfp_t gfp, void *size)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return kvmalloc((size_t)size, gfp);
	return chariot_heap_kvalloc(c.driver, (size_t)size, gfp, NUMA_NO_NODE,
				    "mempool", c.site);
}

CHARIOT_WRAPPER void *chariot_wrap_mempool_alloc_pages(gfp_t gfp, void *order)
{
	struct chariot_call c = chariot_caller();
	struct page *page = mempool_alloc_pages(gfp, order);

	if (!c.driver || !page)
		return page;
	return chariot_pages_give(c.driver, page, (unsigned long)order,
				  "mempool", c.site);
}

CHARIOT_WRAPPERS_END;
