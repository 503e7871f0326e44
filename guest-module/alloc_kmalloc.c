// SPDX-License-Identifier: GPL-2.0
/*
 * Wrappers: the kmalloc family. Names differ between kernels; those of Linux 6.10
 * and later end in _noprof.
 * Runs in the guest kernel, called by drivers.
 */
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "alloc.h"

CHARIOT_WRAPPERS_BEGIN;

/* __kmalloc, __kmalloc_noprof, kmalloc_large, __kmalloc_large_noprof */
CHARIOT_WRAPPER void *chariot_wrap_kmalloc(size_t size, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return kmalloc(size, gfp);
	return chariot_heap_alloc(c.driver, size, gfp, NUMA_NO_NODE, "kmalloc",
				  c.site);
}

/* __kmalloc_node of Linux 6.1; kmalloc_large_node, __kmalloc_large_node_noprof */
CHARIOT_WRAPPER void *chariot_wrap_kmalloc_node(size_t size, gfp_t gfp, int node)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return kmalloc_node(size, gfp, node);
	return chariot_heap_alloc(c.driver, size, gfp, node, "kmalloc_node",
				  c.site);
}

/*
 * __kmalloc_node_noprof. A set of caches other than kmalloc's is only the
 * kernel's own (nothing destroys one, so no module makes one); either way the
 * memory comes from the driver's caches.
 */
CHARIOT_WRAPPER void *
chariot_wrap_kmalloc_node_buckets(CHARIOT_BUCKET_PARAMS(size), gfp_t gfp,
				  int node)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return kmalloc_node(size, gfp, node);
	return chariot_heap_alloc(c.driver, size, gfp, node, "kmalloc_node",
				  c.site);
}

/*
 * kmalloc_trace, __kmalloc_cache_noprof: what an inline kmalloc() of a constant
 * size becomes. @cache is the kernel's for this size; the driver has its own.
 */
CHARIOT_WRAPPER void *chariot_wrap_kmalloc_cache(struct kmem_cache *cache,
						 gfp_t gfp, size_t size)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return kmem_cache_alloc(cache, gfp);
	return chariot_heap_alloc(c.driver, size, gfp, NUMA_NO_NODE, "kmalloc",
				  c.site);
}

/* kmalloc_node_trace, __kmalloc_cache_node_noprof */
CHARIOT_WRAPPER void *chariot_wrap_kmalloc_cache_node(struct kmem_cache *cache,
						      gfp_t gfp, int node,
						      size_t size)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return kmem_cache_alloc_node(cache, gfp, node);
	return chariot_heap_alloc(c.driver, size, gfp, node, "kmalloc_node",
				  c.site);
}

/* __kmalloc_node_track_caller of Linux 6.1 */
CHARIOT_WRAPPER void *chariot_wrap_kmalloc_track(size_t size, gfp_t gfp, int node,
						 unsigned long caller)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return kmalloc_node(size, gfp, node);
	return chariot_heap_alloc(c.driver, size, gfp, node, "kmalloc", caller);
}

/* __kmalloc_node_track_caller_noprof */
CHARIOT_WRAPPER void *
chariot_wrap_kmalloc_track_buckets(CHARIOT_BUCKET_PARAMS(size), gfp_t gfp,
				   int node, unsigned long caller)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return kmalloc_node(size, gfp, node);
	return chariot_heap_alloc(c.driver, size, gfp, node, "kmalloc", caller);
}

CHARIOT_WRAPPER void *chariot_wrap_krealloc(const void *p, size_t size, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return krealloc(p, size, gfp);
	return chariot_heap_realloc(c.driver, p, size, gfp, "krealloc", c.site);
}

/* Who asks for the real size may use it all. */
CHARIOT_WRAPPER size_t chariot_wrap_ksize(const void *p)
{
	struct chariot_call c = chariot_caller();
	struct chariot_object o;
	size_t room = ksize(p);

	if (!c.driver || !room ||
	    !chariot_object_nearest(c.driver, (unsigned long)p, &o) ||
	    o.start != (unsigned long)p || o.size >= room)
		return room;
	if (c.driver->heap == CHARIOT_HEAP_BYTE &&
	    chariot_grant(c.driver, p, room, CHARIOT_RIGHT_WRITE, o.kind))
		atomic64_inc(&c.driver->untracked);
	else
		chariot_object_resize(c.driver, p, room);
	return room;
}

/* kvmalloc_node of Linux 6.1 */
CHARIOT_WRAPPER void *chariot_wrap_kvmalloc_node(size_t size, gfp_t gfp, int node)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return kvmalloc_node(size, gfp, node);
	return chariot_heap_kvalloc(c.driver, size, gfp, node, "kvmalloc",
				    c.site);
}

/* __kvmalloc_node_noprof */
CHARIOT_WRAPPER void *
chariot_wrap_kvmalloc_node_buckets(CHARIOT_BUCKET_PARAMS(size), gfp_t gfp,
				   int node)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return kvmalloc_node(size, gfp, node);
	return chariot_heap_kvalloc(c.driver, size, gfp, node, "kvmalloc",
				    c.site);
}

/* kvrealloc of Linux 6.1: told the old size, never shrinks */
CHARIOT_WRAPPER void *chariot_wrap_kvrealloc_sized(const void *p, size_t old,
						   size_t size, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();
	void *new;

	if (old >= size)
		return (void *)p;
	new = c.driver ? chariot_heap_kvalloc(c.driver, size, gfp, NUMA_NO_NODE,
					      "kvrealloc", c.site)
		       : kvmalloc(size, gfp);
	if (!new)
		return NULL;
	memcpy(new, p, old);
	kvfree(p);
	return new;
}

/* kvrealloc_noprof */
CHARIOT_WRAPPER void *chariot_wrap_kvrealloc(const void *p, size_t size, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();
	void *new;

	if (is_vmalloc_addr(p)) {
		new = chariot_kvrealloc_vmalloc(p, size, gfp);
		if (!c.driver || !new)
			return new;
		chariot_object_del(c.driver, p);
		/*
		 * On failure the old memory is gone; the driver meets a fault
		 * that says so rather than a lost pointer.
		 */
		chariot_give(c.driver, new, size, PAGE_ALIGN(size),
			     CHARIOT_KIND_VMALLOC, "kvrealloc", c.site);
		return new;
	}
	if (!c.driver)
		return chariot_kvrealloc_vmalloc(p, size, gfp);
	new = chariot_heap_realloc(c.driver, p, size,
				   size > PAGE_SIZE ?
				   (gfp | __GFP_NOWARN | __GFP_NORETRY) &
				   ~__GFP_NOFAIL : gfp, "kvrealloc", c.site);
	if (new)
		return new;
	new = chariot_heap_kvalloc(c.driver, size, gfp, NUMA_NO_NODE,
				   "kvrealloc", c.site);
	if (new && !ZERO_OR_NULL_PTR(p)) {
		memcpy(new, p, min(ksize(p), size));
		kfree(p);
	}
	return new;
}

CHARIOT_WRAPPER void chariot_wrap_kfree(const void *p)
{
	kfree(p);
	chariot_let_others_run();
}

CHARIOT_WRAPPERS_END;
