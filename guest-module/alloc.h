/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private to the allocation side: alloc_*.c, objects.c, frames.c.
 *
 * Allocations of an isolated driver are bound to the wrappers here (see
 * imports_alloc.def); ends of life are not. Memory dies by many hands: the
 * driver's kfree(), the kernel's, kfree_rcu(), a last put_page(). So rights end
 * where all of these meet, in tracepoints that the kernel passes before it gives
 * the memory to anyone else (frames.c):
 *
 *   a page frame		mm_page_free, in free_pages_prepare()
 *   a slab object		kfree, kmem_cache_free; a kprobe on kmem_cache_free_bulk
 *   a per-CPU area		percpu_free_percpu
 *   a task's stack		sched_switch of a dead task (stacks are cached)
 *
 * Frees are bound to wrappers only where one revocation can take the place of
 * many (vfree, dma_free), to forget what is known of a cache, pool or mapping, or
 * to let others run (chariot_let_others_run()).
 *
 * Two kinds of slab memory:
 *   - objects in caches of the driver's own (struct chariot_cache). Their pages
 *     have one owner. Heap mode PAGE grants the whole slab once, when its first
 *     object is handed out; the right ends with the page. Heap mode BYTE grants
 *     each object's bytes, and ends them with the object; objects do not touch.
 *   - objects in other caches (names_cachep, another driver's): their bytes,
 *     until they are freed.
 */
#ifndef CHARIOT_ALLOC_H
#define CHARIOT_ALLOC_H

#include <linux/gfp.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "chariot.h"
#include "compat/alloc.h"

/*
 * A wrapper: reached through a stub, so it has no caller that a compiler sees,
 * and its own frame, in which chariot_caller() looks. No prototypes: nothing in
 * C calls them.
 */
#define CHARIOT_WRAPPER		noinline notrace __used
#define CHARIOT_WRAPPERS_BEGIN						\
	__diag_push();							\
	__diag_ignore_all("-Wmissing-prototypes",			\
			  "wrappers are called by stubs.S only")
#define CHARIOT_WRAPPERS_END	__diag_pop()

/*
 * A wrapper whatever the function's signature: all that a function of up to six
 * arguments may be given is in registers. result: of c and args[6].
 */
#define CHARIOT_ANY_WRAPPER(name, result)				\
CHARIOT_WRAPPER unsigned long name(					\
	unsigned long a0, unsigned long a1, unsigned long a2,		\
	unsigned long a3, unsigned long a4, unsigned long a5)		\
{									\
	struct chariot_call c = chariot_caller();			\
	const unsigned long args[6] = { a0, a1, a2, a3, a4, a5 };	\
									\
	return result;							\
}

/* The function itself, with the arguments as they are. */
static inline unsigned long chariot_call_any(unsigned long function,
					     const unsigned long *args)
{
	unsigned long (*fn)(unsigned long, unsigned long, unsigned long,
			    unsigned long, unsigned long, unsigned long) =
		(void *)function;

	return fn(args[0], args[1], args[2], args[3], args[4], args[5]);
}

#define CHARIOT_KMALLOC_CACHES	13

/*
 * A driver that frees its memory in one loop may hold the CPU without isolation
 * for a moment only, and with it for so long that watchdogs bark: each end of a
 * right is a call of the hypervisor. A kernel with a preemption count (all that
 * can be booted with preempt=full) may change the task wherever the count is 0,
 * also where its preemption model says that it does not. One that always does needs
 * nobody's help.
 */
static inline void chariot_let_others_run(void)
{
#if !defined(CONFIG_PREEMPTION) || defined(CONFIG_PREEMPT_DYNAMIC)
	if (preemptible())
		__cond_resched();
#endif
}

/*
 * Heap mode BYTE keeps slab objects this far apart: what overruns one must not
 * end in the next, which the driver may write as well.
 */
#define CHARIOT_HEAP_GAP	8

static inline size_t chariot_heap_gap(const struct chariot_driver *d)
{
	return d->heap == CHARIOT_HEAP_BYTE ? CHARIOT_HEAP_GAP : 0;
}

/**
 * struct chariot_cache - a slab cache whose pages belong to one driver
 * @node: in the registry, by @cache
 * @list: in chariot_slabs.caches, or in the graveyard
 * @cache: the kernel's
 * @driver: owner; NULL in the graveyard
 * @ctor: the driver's constructor; ours stands in for it in @cache
 * @name: as in /sys/kernel/slab
 * @size: bytes of an object
 * @whole: SLAB_TYPESAFE_BY_RCU: its objects may be written after their free, so
 *	the pages are granted even in heap mode BYTE
 * @kmalloc: one of chariot_slabs.kmalloc, made by us and not the driver
 * @revived: out of the graveyard: has pages that are not in the slab map
 * @pages: slabs counted last
 */
struct chariot_cache {
	struct hlist_node node;
	struct list_head list;
	struct kmem_cache *cache;
	struct chariot_driver *driver;
	void (*ctor)(void *object);
	char *name;
	unsigned int size;
	bool whole;
	bool kmalloc;
	bool revived;
	unsigned long pages;
	struct rcu_head rcu;
};

/**
 * struct chariot_slabs - a driver's own memory sources
 * @kmalloc: caches for kmalloc, by size class
 * @caches: those and the ones it created
 * @frags: a page fragment cache a CPU, in place of the network stack's
 */
struct chariot_slabs {
	struct chariot_cache *kmalloc[CHARIOT_KMALLOC_CACHES];
	struct list_head caches;
	struct page_frag_cache __percpu *frags;
};

/* --- alloc_slab.c ----------------------------------------------------------- */
extern struct mutex chariot_caches_mutex;	/* registering; in chariot_mutex */
int chariot_slabs_probe(void);		/* at chariot's init */
/* The cache of a slab page; NULL if it is none, or the layout is not known. */
struct kmem_cache *chariot_slab_cache(struct folio *folio);
bool chariot_slab_layout_known(void);
/* The registered cache that va's slab page belongs to, or NULL. RCU. */
struct chariot_cache *chariot_cache_of(const void *va);
struct chariot_cache *chariot_cache_find(const struct kmem_cache *cache);
struct kmem_cache *chariot_cache_create(struct chariot_driver *d,
					const char *name, unsigned int size,
					const struct chariot_cache_args *args,
					slab_flags_t flags);
/* Forget a cache of the driver's, before it is destroyed. */
void chariot_cache_forget(struct kmem_cache *cache);
/* Under chariot_caches_mutex. */
void chariot_cache_unregister(struct chariot_cache *c);
void chariot_cache_destroy(struct chariot_cache *c);
/* The driver got this object out of this cache: rights and record. */
int chariot_slab_give(struct chariot_driver *d, struct kmem_cache *cache,
		      const void *object, size_t size, const char *family,
		      unsigned long site);
/* A slab object dies, by whomever; any context. */
void chariot_slab_object_freed(const void *object);

/* --- alloc_graveyard.c -------------------------------------------------------- */
void chariot_slabs_bury(void);		/* at chariot's exit */

/* --- alloc_heap.c: kmalloc and kvmalloc for a driver -------------------------- */
void *chariot_heap_alloc(struct chariot_driver *d, size_t size, gfp_t gfp,
			 int node, const char *family, unsigned long site);
void *chariot_heap_realloc(struct chariot_driver *d, const void *p, size_t size,
			   gfp_t gfp, const char *family, unsigned long site);
bool chariot_heap_owns(struct chariot_driver *d, const void *p);
bool chariot_heap_resize(struct chariot_driver *d, const void *p, size_t size,
			 size_t room);
void *chariot_heap_kvalloc(struct chariot_driver *d, size_t size, gfp_t gfp,
			   int node, const char *family, unsigned long site);
void *chariot_heap_dup(struct chariot_driver *d, const void *src, size_t len,
		       gfp_t gfp, const char *family, unsigned long site);
char *chariot_heap_dup_nul(struct chariot_driver *d, const char *src, size_t len,
			   gfp_t gfp, const char *family, unsigned long site);
__printf(3, 0)
char *chariot_heap_vprintf(struct chariot_driver *d, gfp_t gfp, const char *fmt,
			   va_list args, const char *family, unsigned long site);

/* --- alloc_pages.c, alloc_vmalloc.c, alloc_percpu.c --------------------------- */
/*
 * Right to [va, va + span), in heap mode BYTE to [va, va + size), and a record
 * of [va, va + size). 0, or an error with nothing changed but d->untracked.
 */
int chariot_give(struct chariot_driver *d, const void *va, size_t size,
		 size_t span, enum chariot_kind kind, const char *family,
		 unsigned long site);
void chariot_take(struct chariot_driver *d, const void *va, size_t span);
struct page *chariot_pages_give(struct chariot_driver *d, struct page *page,
				unsigned int order, const char *family,
				unsigned long site);
/* va is in the struct page of a frame that the driver may write: grant it. */
bool chariot_pages_claim(struct chariot_driver *d, unsigned long va);
int chariot_percpu_give(struct chariot_driver *d, void __percpu *p, size_t size,
			const char *family, unsigned long site);
/* The per-CPU area dies, by whomever. */
void chariot_percpu_freed(void __percpu *p);

void chariot_mappings_exit(struct chariot_driver *d);	/* alloc_vmalloc.c */
void chariot_dma_pools_exit(struct chariot_driver *d);	/* alloc_dma.c */

/* --- alloc_devres.c ------------------------------------------------------------- */
int chariot_devres_probe(void);

/* --- objects.c -------------------------------------------------------------------- */
int chariot_objects_init(void);
void chariot_objects_exit(void);
bool chariot_object_insert(struct chariot_driver *d, const void *start,
			   size_t size, enum chariot_kind kind,
			   const char *family, unsigned long site);
void chariot_object_resize(struct chariot_driver *d, const void *start,
			   size_t size);

/* --- frames.c ----------------------------------------------------------------------- */
/* Was a right given in this frame? Cheap; true for frames beyond the maps. */
bool chariot_frame_marked(unsigned long pfn);
/* The slab map: first frames of slabs in registered caches, once seen. */
bool chariot_frame_slab(unsigned long pfn);
void chariot_frame_slab_set(unsigned long pfn);
/* Calls fn for each frame in the slab map; a frame it refuses is taken out. */
void chariot_frames_for_each_slab(bool (*fn)(struct page *page, void *arg),
				  void *arg);
unsigned long chariot_frames_end(void);	/* first pfn beyond the maps */
/* See frees of slab objects, per-CPU areas: while there is a driver. Sleeps. */
int chariot_frees_watch(bool on);

#endif /* CHARIOT_ALLOC_H */
