/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernels in the allocators' interfaces.
 */
#ifndef CHARIOT_COMPAT_ALLOC_H
#define CHARIOT_COMPAT_ALLOC_H

#include <linux/gfp.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/version.h>

/* Linux 6.6 split net/page_pool.h in two; sparse knows no __has_include. */
#ifdef __CHECKER__
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#include <net/page_pool/types.h>
#else
#include <net/page_pool.h>
#endif
#elif __has_include(<net/page_pool/types.h>)
#include <net/page_pool/types.h>
#else
#include <net/page_pool.h>
#endif

/*
 * Linux 6.5 brought SLAB_NO_MERGE. Before, SLAB_NOLEAKTRACE keeps a cache from
 * being merged and does nothing else without kmemleak; since 6.10 it would also
 * switch memory cgroup accounting of the cache off.
 */
#ifdef SLAB_NO_MERGE
#define CHARIOT_SLAB_UNMERGEABLE	SLAB_NO_MERGE
#else
#define CHARIOT_SLAB_UNMERGEABLE	SLAB_NOLEAKTRACE
#endif

/* Linux 6.8 renamed MAX_ORDER, after 6.4 had made it inclusive. */
#ifdef MAX_PAGE_ORDER
#define CHARIOT_MAX_FOLIO_PAGES	(1 << MAX_PAGE_ORDER)
#else
#define CHARIOT_MAX_FOLIO_PAGES	MAX_ORDER_NR_PAGES
#endif

/*
 * Linux 6.11 gave the functions below kmalloc() a parameter for the set of
 * caches to take from, where CONFIG_SLAB_BUCKETS is on.
 */
#ifdef DECL_BUCKET_PARAMS
#define CHARIOT_BUCKET_PARAMS(size)	DECL_BUCKET_PARAMS(size, buckets)
#else
#define CHARIOT_BUCKET_PARAMS(size)	size_t size
#endif

/*
 * Linux 6.12 gathered the arguments of kmem_cache_create() and its _usercopy
 * sister in a structure, and added more.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define chariot_cache_args kmem_cache_args

static inline struct kmem_cache *
chariot_kmem_cache_create(const char *name, unsigned int size,
			  struct chariot_cache_args *args, slab_flags_t flags)
{
	return __kmem_cache_create_args(name, size, args, flags);
}
#else
struct chariot_cache_args {
	unsigned int align;
	unsigned int useroffset;
	unsigned int usersize;
	void (*ctor)(void *object);
};

static inline struct kmem_cache *
chariot_kmem_cache_create(const char *name, unsigned int size,
			  struct chariot_cache_args *args, slab_flags_t flags)
{
	return kmem_cache_create_usercopy(name, size, args->align, flags,
					  args->useroffset, args->usersize,
					  args->ctor);
}
#endif

/* Linux 6.12 made kvrealloc() learn the old size by itself. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
static inline void *chariot_kvrealloc_vmalloc(const void *p, size_t size,
					      gfp_t gfp)
{
	return kvrealloc(p, size, gfp);
}
#else
static inline void *chariot_kvrealloc_vmalloc(const void *p, size_t size,
					      gfp_t gfp)
{
	return NULL;
}
#endif

/* Linux 6.10 folded the per-CPU allocator's three entries into one. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
static inline void __percpu *chariot_pcpu_alloc(size_t size, size_t align,
						bool reserved, gfp_t gfp)
{
	return pcpu_alloc_noprof(size, align, reserved, gfp);
}
#else
static inline void __percpu *chariot_pcpu_alloc(size_t size, size_t align,
						bool reserved, gfp_t gfp)
{
	return __alloc_percpu_gfp(size, align, gfp);
}
#endif

/*
 * Linux 6.9: page_frag_alloc_align() became inline and takes the alignment, the
 * function behind it, with underscores, the mask. The drain of a whole cache
 * came along.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
static inline void *chariot_page_frag_alloc(struct page_frag_cache *nc,
					    unsigned int size, gfp_t gfp,
					    unsigned int mask)
{
	return __page_frag_alloc_align(nc, size, gfp, mask);
}

static inline void chariot_page_frag_drain(struct page_frag_cache *nc)
{
	page_frag_cache_drain(nc);
}
#else
static inline void *chariot_page_frag_alloc(struct page_frag_cache *nc,
					    unsigned int size, gfp_t gfp,
					    unsigned int mask)
{
	return page_frag_alloc_align(nc, size, gfp, mask);
}

static inline void chariot_page_frag_drain(struct page_frag_cache *nc)
{
	if (nc->va)
		__page_frag_cache_drain(virt_to_head_page(nc->va),
					nc->pagecnt_bias);
	nc->va = NULL;
}
#endif

#endif /* CHARIOT_COMPAT_ALLOC_H */
