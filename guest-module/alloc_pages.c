// SPDX-License-Identifier: GPL-2.0
/*
 * Wrappers: whole pages. Their frees end no right: a page dies with its last
 * reference, wherever that is put (frames.c).
 * Runs in the guest kernel, called by drivers.
 */
#include <linux/pagemap.h>
#include <linux/skbuff.h>

#include "alloc.h"

/* A page and its struct page, in one call of the backend. */
static bool give_both(struct chariot_driver *d, const struct page *page,
		      const char *family, unsigned long site)
{
	const struct chariot_extent e[] = {
		{ page_to_phys(page), PAGE_SIZE, CHARIOT_KIND_PAGES },
		{ chariot_virt_to_phys(page), sizeof(*page),
		  CHARIOT_KIND_OBJECT },
	};

	if (chariot_grant_extents(d, e, ARRAY_SIZE(e), CHARIOT_RIGHT_WRITE, "own")) {
		atomic64_inc(&d->untracked);
		return false;
	}
	chariot_object_insert(d, page_address(page), PAGE_SIZE,
			      CHARIOT_KIND_PAGES, family, site);
	return true;
}

static bool give(struct chariot_driver *d, const struct page *page, size_t size,
		 const char *family, unsigned long site)
{
	if (size == PAGE_SIZE && READ_ONCE(d->writes_page_structs))
		return give_both(d, page, family, site);
	return !chariot_give(d, page_address(page), size, PAGE_ALIGN(size),
			     CHARIOT_KIND_PAGES, family, site);
}

/* Rights and record of fresh pages, which are freed if that fails. */
struct page *chariot_pages_give(struct chariot_driver *d, struct page *page,
				unsigned int order, const char *family,
				unsigned long site)
{
	if (!page || give(d, page, PAGE_SIZE << order, family, site))
		return page;
	__free_pages(page, order);
	return NULL;
}

/*
 * get_page(), SetPagePrivate(), page->private = ... are inline: whoever owns a
 * page writes its struct page. Most never do, so the right comes when they do,
 * and then with each page they get. A slab's struct page is the allocator's.
 */
bool chariot_pages_claim(struct chariot_driver *d, unsigned long va)
{
	unsigned long pfn, bad;
	struct page *page;

	if (va < VMEMMAP_START)
		return false;
	pfn = (va - VMEMMAP_START) / sizeof(struct page);
	if (!pfn_valid(pfn))
		return false;
	page = pfn_to_page(pfn);
	if (!chariot_may_write(d, page_address(page), PAGE_SIZE, &bad))
		return false;
	/* Nothing in it can be forged before this, page_folio() is safe after. */
	if (chariot_may_write(d, page, sizeof(*page), &bad))
		return true;
	if (folio_test_slab(page_folio(page)))
		return false;
	WRITE_ONCE(d->writes_page_structs, true);
	return !chariot_grant(d, page, sizeof(*page), CHARIOT_RIGHT_WRITE,
			      CHARIOT_KIND_OBJECT);
}

CHARIOT_WRAPPERS_BEGIN;

CHARIOT_WRAPPER struct page *chariot_wrap_alloc_pages(gfp_t gfp,
						      unsigned int order)
{
	struct chariot_call c = chariot_caller();
	struct page *page = alloc_pages(gfp, order);

	return c.driver ? chariot_pages_give(c.driver, page, order,
					     "alloc_pages", c.site) : page;
}

/* __alloc_pages, __alloc_pages_noprof */
CHARIOT_WRAPPER struct page *
chariot_wrap_alloc_pages_nodemask(gfp_t gfp, unsigned int order, int node,
				  nodemask_t *mask)
{
	struct chariot_call c = chariot_caller();
	struct page *page = __alloc_pages(gfp, order, node, mask);

	return c.driver ? chariot_pages_give(c.driver, page, order,
					     "alloc_pages", c.site) : page;
}

CHARIOT_WRAPPER struct folio *chariot_wrap_folio_alloc(gfp_t gfp,
						       unsigned int order)
{
	struct chariot_call c = chariot_caller();
	struct folio *folio = folio_alloc(gfp, order);

	if (!c.driver || !folio)
		return folio;
	return (struct folio *)chariot_pages_give(c.driver, &folio->page, order,
						  "folio_alloc", c.site);
}

/* __folio_alloc, __folio_alloc_noprof */
CHARIOT_WRAPPER struct folio *
chariot_wrap_folio_alloc_nodemask(gfp_t gfp, unsigned int order, int node,
				  nodemask_t *mask)
{
	struct chariot_call c = chariot_caller();
	struct folio *folio = __folio_alloc(gfp, order, node, mask);

	if (!c.driver || !folio)
		return folio;
	return (struct folio *)chariot_pages_give(c.driver, &folio->page, order,
						  "folio_alloc", c.site);
}

CHARIOT_WRAPPER struct folio *
chariot_wrap_vma_alloc_folio(gfp_t gfp, int order, struct vm_area_struct *vma,
			     unsigned long addr, bool hugepage)
{
	struct chariot_call c = chariot_caller();
	struct folio *folio = vma_alloc_folio(gfp, order, vma, addr, hugepage);

	if (!c.driver || !folio)
		return folio;
	return (struct folio *)chariot_pages_give(c.driver, &folio->page, order,
						  "vma_alloc_folio", c.site);
}

CHARIOT_WRAPPER struct folio *chariot_wrap_filemap_alloc_folio(gfp_t gfp,
							       unsigned int order)
{
	struct chariot_call c = chariot_caller();
	struct folio *folio = filemap_alloc_folio(gfp, order);

	if (!c.driver || !folio)
		return folio;
	return (struct folio *)chariot_pages_give(c.driver, &folio->page, order,
						  "filemap_alloc_folio", c.site);
}

CHARIOT_WRAPPER unsigned long chariot_wrap_get_free_pages(gfp_t gfp,
							  unsigned int order)
{
	struct chariot_call c = chariot_caller();
	unsigned long addr = __get_free_pages(gfp, order);

	if (addr && c.driver &&
	    !chariot_pages_give(c.driver, virt_to_page((void *)addr), order,
				"get_free_pages", c.site))
		return 0;
	return addr;
}

CHARIOT_WRAPPER unsigned long chariot_wrap_get_zeroed_page(gfp_t gfp)
{
	struct chariot_call c = chariot_caller();
	unsigned long addr = get_zeroed_page(gfp);

	if (addr && c.driver &&
	    !chariot_pages_give(c.driver, virt_to_page((void *)addr), 0,
				"get_zeroed_page", c.site))
		return 0;
	return addr;
}

CHARIOT_WRAPPER void *chariot_wrap_alloc_pages_exact(size_t size, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();
	void *p = alloc_pages_exact(size, gfp);

	if (p && c.driver &&
	    chariot_give(c.driver, p, size, PAGE_ALIGN(size), CHARIOT_KIND_PAGES,
			 "alloc_pages_exact", c.site)) {
		free_pages_exact(p, size);
		return NULL;
	}
	return p;
}

CHARIOT_WRAPPER int chariot_wrap_alloc_contig_range(unsigned long start,
						    unsigned long end,
						    unsigned int migratetype,
						    gfp_t gfp)
{
	struct chariot_call c = chariot_caller();
	int ret = alloc_contig_range(start, end, migratetype, gfp);

	if (!ret && c.driver &&
	    !give(c.driver, pfn_to_page(start), (end - start) << PAGE_SHIFT,
		  "alloc_contig_range", c.site)) {
		free_contig_range(start, end - start);
		return -ENOMEM;
	}
	return ret;
}

static unsigned long bulk_list(const struct chariot_call *c, gfp_t gfp, int node,
			       nodemask_t *mask, int n, struct list_head *list)
{
	unsigned long i, got;
	struct page *page, *next;

	got = __alloc_pages_bulk(gfp, node, mask, n, list, NULL);
	if (!c->driver)
		return got;
	/* New pages are put at the head. */
	i = got;
	list_for_each_entry_safe(page, next, list, lru) {
		if (!i--)
			break;
		if (give(c->driver, page, PAGE_SIZE, "alloc_pages_bulk",
			 c->site))
			continue;
		list_del(&page->lru);
		__free_page(page);
		got--;
	}
	return got;
}

/*
 * Fills the holes of an array: each run of them is one call, so that what was
 * there before is not taken for a new page.
 */
static unsigned long bulk_array(const struct chariot_call *c, gfp_t gfp, int node,
				nodemask_t *mask, int n, struct page **array)
{
	int i = 0, run, got, k;

	if (!c->driver)
		return __alloc_pages_bulk(gfp, node, mask, n, NULL, array);
	while (i < n) {
		if (array[i]) {
			i++;
			continue;
		}
		for (run = 1; i + run < n && !array[i + run]; run++)
			;
		got = __alloc_pages_bulk(gfp, node, mask, run, NULL, array + i);
		for (k = 0; k < got; k++) {
			if (give(c->driver, array[i + k], PAGE_SIZE,
				 "alloc_pages_bulk", c->site))
				continue;
			while (got-- > k) {
				__free_page(array[i + got]);
				array[i + got] = NULL;
			}
			return i + k;
		}
		i += got;
		if (got < run)
			break;
	}
	return i;
}

/* __alloc_pages_bulk, alloc_pages_bulk_noprof */
CHARIOT_WRAPPER unsigned long
chariot_wrap_alloc_pages_bulk(gfp_t gfp, int node, nodemask_t *mask, int n,
			      struct list_head *list, struct page **array)
{
	struct chariot_call c = chariot_caller();

	return list ? bulk_list(&c, gfp, node, mask, n, list)
		    : bulk_array(&c, gfp, node, mask, n, array);
}

/* --- fragments ----------------------------------------------------------------------- */

/*
 * A fragment cache belongs to whoever passes it, so all of its page does. The
 * cache keeps a page as long as it has one; only a fresh one is granted.
 */
static void *frag_give(const struct chariot_call *c, void *frag, size_t size,
		       const char *family)
{
	struct folio *folio;
	unsigned long bad;

	if (!frag || !c->driver)
		return frag;
	folio = virt_to_folio(frag);
	if (!chariot_may_write(c->driver, folio_address(folio),
			       folio_size(folio), &bad) &&
	    chariot_grant(c->driver, folio_address(folio), folio_size(folio),
			  CHARIOT_RIGHT_WRITE, CHARIOT_KIND_PAGES)) {
		atomic64_inc(&c->driver->untracked);
		page_frag_free(frag);
		return NULL;
	}
	chariot_object_insert(c->driver, frag, size, CHARIOT_KIND_PAGES, family,
			      c->site);
	return frag;
}

/* page_frag_alloc_align of Linux 6.1, __page_frag_alloc_align */
CHARIOT_WRAPPER void *chariot_wrap_page_frag_alloc(struct page_frag_cache *nc,
						   unsigned int size, gfp_t gfp,
						   unsigned int mask)
{
	struct chariot_call c = chariot_caller();

	return frag_give(&c, chariot_page_frag_alloc(nc, size, gfp, mask), size,
			 "page_frag_alloc");
}

/*
 * The network stack's per-CPU caches have many owners in one page, and use a page
 * again without freeing it; a driver gets a cache of its own in their place.
 */
static void *own_frag(const struct chariot_call *c, unsigned int size,
		      unsigned int mask, const char *family)
{
	unsigned long flags;
	void *frag;

	local_irq_save(flags);
	frag = chariot_page_frag_alloc(this_cpu_ptr(c->driver->slabs->frags),
				       SKB_DATA_ALIGN(size),
				       GFP_ATOMIC | __GFP_NOWARN, mask);
	local_irq_restore(flags);
	return frag_give(c, frag, SKB_DATA_ALIGN(size), family);
}

CHARIOT_WRAPPER void *chariot_wrap_netdev_alloc_frag(unsigned int size,
						     unsigned int mask)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return __netdev_alloc_frag_align(size, mask);
	return own_frag(&c, size, mask, "netdev_alloc_frag");
}

CHARIOT_WRAPPER void *chariot_wrap_napi_alloc_frag(unsigned int size,
						   unsigned int mask)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return __napi_alloc_frag_align(size, mask);
	return own_frag(&c, size, mask, "napi_alloc_frag");
}

/* The page in pfrag is the caller's alone, until it is put. */
CHARIOT_WRAPPER bool chariot_wrap_skb_page_frag_refill(unsigned int size,
						       struct page_frag *pfrag,
						       gfp_t gfp)
{
	struct chariot_call c = chariot_caller();
	unsigned long bad;
	void *va;

	if (!skb_page_frag_refill(size, pfrag, gfp))
		return false;
	va = page_address(pfrag->page);
	return !c.driver || chariot_may_write(c.driver, va, pfrag->size, &bad) ||
	       !chariot_give(c.driver, va, pfrag->size, pfrag->size,
			     CHARIOT_KIND_PAGES, "skb_page_frag_refill", c.site);
}

/*
 * Pages of a page_pool stay in it or with its owner from fragment to fragment;
 * whole pages are granted, at their first coming.
 */
static struct page *pool_give(const struct chariot_call *c, struct page *page,
			      const char *family)
{
	struct folio *folio;
	unsigned long bad;

	if (!page || !c->driver)
		return page;
	folio = page_folio(page);
	if (!chariot_may_write(c->driver, folio_address(folio),
			       folio_size(folio), &bad))
		chariot_give(c->driver, folio_address(folio), folio_size(folio),
			     folio_size(folio), CHARIOT_KIND_PAGES, family,
			     c->site);
	return page;
}

CHARIOT_WRAPPER struct page *chariot_wrap_page_pool_alloc(struct page_pool *pool,
							  gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	return pool_give(&c, page_pool_alloc_pages(pool, gfp),
			 "page_pool_alloc_pages");
}

CHARIOT_WRAPPER struct page *
chariot_wrap_page_pool_alloc_frag(struct page_pool *pool, unsigned int *offset,
				  unsigned int size, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	return pool_give(&c, page_pool_alloc_frag(pool, offset, size, gfp),
			 "page_pool_alloc_frag");
}

CHARIOT_WRAPPER void chariot_wrap_free_pages_of(struct page *page,
						unsigned int order)
{
	__free_pages(page, order);
	chariot_let_others_run();
}

CHARIOT_WRAPPER void chariot_wrap_free_pages(unsigned long addr,
					     unsigned int order)
{
	free_pages(addr, order);
	chariot_let_others_run();
}

/* What an inline put_page() or folio_put() of the last reference becomes. */
CHARIOT_WRAPPER void chariot_wrap_folio_put(struct folio *folio)
{
	__folio_put(folio);
	chariot_let_others_run();
}

CHARIOT_WRAPPERS_END;
