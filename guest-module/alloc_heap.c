// SPDX-License-Identifier: GPL-2.0
/*
 * kmalloc and kvmalloc for a driver: from its own caches, or whole pages.
 * Runs in the guest kernel, in any context but NMI.
 */
#include <linux/ctype.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "alloc.h"

/* Index in chariot_slabs.kmalloc of the class for 1..8192 bytes. */
static unsigned int class_of(size_t size)
{
	if (size <= 64)
		return size <= 8 ? 0 : ilog2(size - 1) - 2;
	if (size <= 96)
		return 4;
	if (size <= 128)
		return 5;
	if (size <= 192)
		return 6;
	return ilog2(size - 1);
}

/*
 * Page-backed: large sizes, as with kmalloc(); and GFP_DMA, for which there are
 * no caches (they would have to be made for each driver, and hardly any asks):
 * kfree() and ksize() know such memory, and its pages have one owner.
 */
static void *alloc_pages_backed(struct chariot_driver *d, size_t size, gfp_t gfp,
				int node, const char *family, unsigned long site)
{
	void *p = kmalloc_node(max_t(size_t, size, KMALLOC_MAX_CACHE_SIZE + 1),
			       gfp, node);

	if (p && chariot_give(d, p, size, ksize(p), CHARIOT_KIND_PAGES, family,
			      site)) {
		kfree(p);
		return NULL;
	}
	return p;
}

/**
 * chariot_heap_alloc - kmalloc_node() for a driver
 * @family: what to call it in reports, a static string
 * @site: the driver's call
 *
 * Any context that @gfp allows. Return: as kmalloc_node().
 */
void *chariot_heap_alloc(struct chariot_driver *d, size_t size, gfp_t gfp,
			 int node, const char *family, unsigned long site)
{
	size_t gap = chariot_heap_gap(d);
	struct kmem_cache *cache;
	void *p;

	if (!size)
		return ZERO_SIZE_PTR;
	if (size > KMALLOC_MAX_CACHE_SIZE - gap || (gfp & __GFP_DMA))
		return alloc_pages_backed(d, size, gfp, node, family, site);
	cache = d->slabs->kmalloc[class_of(size + gap)]->cache;
	p = kmem_cache_alloc_node(cache, gfp, node);
	if (p && chariot_slab_give(d, cache, p, size, family, site)) {
		kmem_cache_free(cache, p);
		return NULL;
	}
	return p;
}

/* Is p of the driver's own memory, so that growing in its slack is no transfer? */
bool chariot_heap_owns(struct chariot_driver *d, const void *p)
{
	struct chariot_object o;
	struct chariot_cache *c;
	bool mine;

	if (!folio_test_slab(virt_to_folio(p)))
		return chariot_object_nearest(d, (unsigned long)p, &o) &&
		       o.start == (unsigned long)p;
	rcu_read_lock();
	c = chariot_cache_of(p);
	mine = c && c->driver == d;
	rcu_read_unlock();
	return mine;
}

/* p stays where it is and has size bytes from now on, of room. */
bool chariot_heap_resize(struct chariot_driver *d, const void *p, size_t size,
			 size_t room)
{
	chariot_object_resize(d, p, size);
	if (d->heap != CHARIOT_HEAP_BYTE)
		return true;
	if (chariot_grant(d, p, size, CHARIOT_RIGHT_WRITE, CHARIOT_KIND_SLAB))
		return false;
	if (room > size)
		chariot_revoke(d, p + size, room - size);
	return true;
}

/**
 * chariot_heap_realloc - krealloc() for a driver
 * @p: from anywhere kfree() would take it; the result is the driver's
 */
void *chariot_heap_realloc(struct chariot_driver *d, const void *p, size_t size,
			   gfp_t gfp, const char *family, unsigned long site)
{
	size_t room;
	void *new;

	if (!size) {
		kfree(p);
		return ZERO_SIZE_PTR;
	}
	room = ZERO_OR_NULL_PTR(p) ? 0 : ksize(p);
	if (room >= size && room - size >= chariot_heap_gap(d) &&
	    chariot_heap_owns(d, p)) {
		/* In place: the kernel's own clears what is spare. */
		return chariot_heap_resize(d, p, size, room) ?
		       krealloc(p, size, gfp) : NULL;
	}
	new = chariot_heap_alloc(d, size, gfp, NUMA_NO_NODE, family, site);
	if (new && room) {
		memcpy(new, p, min(room, size));
		kfree(p);
	}
	return new;
}

/* As the kernel's kvmalloc(): try hard only where vmalloc can't step in. */
static gfp_t kvmalloc_gfp(gfp_t gfp, size_t size)
{
	if (size <= PAGE_SIZE)
		return gfp;
	gfp |= __GFP_NOWARN;
	if (!(gfp & __GFP_RETRY_MAYFAIL))
		gfp |= __GFP_NORETRY;
	return gfp & ~__GFP_NOFAIL;
}

/**
 * chariot_heap_kvalloc - kvmalloc_node() for a driver
 */
void *chariot_heap_kvalloc(struct chariot_driver *d, size_t size, gfp_t gfp,
			   int node, const char *family, unsigned long site)
{
	void *p;

	if (size <= KMALLOC_MAX_CACHE_SIZE) {
		p = chariot_heap_alloc(d, size, kvmalloc_gfp(gfp, size), node,
				       family, site);
		if (p || size <= PAGE_SIZE || !gfpflags_allow_blocking(gfp))
			return p;
		p = __vmalloc(size, gfp);
	} else {
		p = kvmalloc_node(size, gfp, node);
	}
	if (p && chariot_give(d, p, size, is_vmalloc_addr(p) ? PAGE_ALIGN(size) :
			      ksize(p), is_vmalloc_addr(p) ?
			      CHARIOT_KIND_VMALLOC : CHARIOT_KIND_PAGES,
			      family, site)) {
		kvfree(p);
		return NULL;
	}
	return p;
}

void *chariot_heap_dup(struct chariot_driver *d, const void *src, size_t len,
		       gfp_t gfp, const char *family, unsigned long site)
{
	void *p = chariot_heap_alloc(d, len, gfp, NUMA_NO_NODE, family, site);

	if (p)
		memcpy(p, src, len);
	return p;
}

char *chariot_heap_dup_nul(struct chariot_driver *d, const char *src, size_t len,
			   gfp_t gfp, const char *family, unsigned long site)
{
	char *p = chariot_heap_alloc(d, len + 1, gfp, NUMA_NO_NODE, family,
				     site);

	if (p) {
		memcpy(p, src, len);
		p[len] = '\0';
	}
	return p;
}

char *chariot_heap_vprintf(struct chariot_driver *d, gfp_t gfp, const char *fmt,
			   va_list args, const char *family, unsigned long site)
{
	unsigned int len;
	va_list again;
	char *p;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	p = chariot_heap_alloc(d, len + 1, gfp, NUMA_NO_NODE, family, site);
	if (p)
		vsnprintf(p, len + 1, fmt, args);
	return p;
}

/* --- the rights and records of memory that is not from a slab --------------------- */

int chariot_give(struct chariot_driver *d, const void *va, size_t size,
		 size_t span, enum chariot_kind kind, const char *family,
		 unsigned long site)
{
	int ret = chariot_grant(d, va, d->heap == CHARIOT_HEAP_BYTE ? size : span,
				CHARIOT_RIGHT_WRITE, kind);

	if (ret) {
		atomic64_inc(&d->untracked);
		return ret;
	}
	chariot_object_insert(d, va, size, kind, family, site);
	return 0;
}

void chariot_take(struct chariot_driver *d, const void *va, size_t span)
{
	chariot_object_del(d, va);
	chariot_revoke(d, va, span);
}
