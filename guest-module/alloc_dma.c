// SPDX-License-Identifier: GPL-2.0
/*
 * Wrappers: memory for DMA, and scatterlists, whose entries inline code writes.
 * Runs in the guest kernel, called by drivers.
 */
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/scatterlist.h>

#include "alloc.h"

/*
 * Coherent memory comes in whole pages, whose frees mm_page_free sees (also that
 * of devres, when the device goes).
 */
static bool give(const struct chariot_call *c, const void *va, size_t size,
		 const char *family)
{
	return !c->driver ||
	       !chariot_give(c->driver, va, size, PAGE_ALIGN(size),
			     CHARIOT_KIND_DMA, family, c->site);
}

/* --- pools --------------------------------------------------------------------------- */

/* The size of a pool's blocks, which struct dma_pool keeps to itself. */
struct pool {
	struct hlist_node node;
	const struct dma_pool *pool;
	struct chariot_driver *driver;
	size_t size;
};

static DEFINE_HASHTABLE(pools, 6);
static DEFINE_RAW_SPINLOCK(pools_lock);

static struct pool *pool_find(const struct dma_pool *pool)
{
	struct pool *p;

	hash_for_each_possible(pools, p, node, (unsigned long)pool)
		if (p->pool == pool)
			return p;
	return NULL;
}

static size_t pool_size(const struct dma_pool *pool)
{
	unsigned long flags;
	struct pool *p;
	size_t size;

	raw_spin_lock_irqsave(&pools_lock, flags);
	p = pool_find(pool);
	size = p ? p->size : 0;
	raw_spin_unlock_irqrestore(&pools_lock, flags);
	return size;
}

static void pool_forget(const struct dma_pool *pool)
{
	unsigned long flags;
	struct pool *p;

	raw_spin_lock_irqsave(&pools_lock, flags);
	p = pool_find(pool);
	if (p)
		hash_del(&p->node);
	raw_spin_unlock_irqrestore(&pools_lock, flags);
	kfree(p);
}

static bool pool_remember(struct chariot_driver *d, const struct dma_pool *pool,
			  size_t size)
{
	struct pool *p = kmalloc(sizeof(*p), GFP_KERNEL);
	unsigned long flags;

	if (!p)
		return false;
	*p = (struct pool) { .pool = pool, .driver = d, .size = size };
	pool_forget(pool);	/* a dmam pool that died with its device */
	raw_spin_lock_irqsave(&pools_lock, flags);
	hash_add(pools, &p->node, (unsigned long)pool);
	raw_spin_unlock_irqrestore(&pools_lock, flags);
	return true;
}

void chariot_dma_pools_exit(struct chariot_driver *d)
{
	struct hlist_node *next;
	unsigned long flags;
	HLIST_HEAD(gone);
	struct pool *p;
	int i;

	raw_spin_lock_irqsave(&pools_lock, flags);
	hash_for_each_safe(pools, i, next, p, node) {
		if (p->driver == d) {
			hash_del(&p->node);
			hlist_add_head(&p->node, &gone);
		}
	}
	raw_spin_unlock_irqrestore(&pools_lock, flags);
	hlist_for_each_entry_safe(p, next, &gone, node)
		kfree(p);
}

/*
 * All blocks of a pool's page are its driver's: in heap mode PAGE the right to a
 * page stays from its first block until the pool returns the page.
 */
static bool block_give(const struct chariot_call *c, const void *block,
		       size_t size)
{
	const void *start = block, *end = block + size;
	struct chariot_driver *d = c->driver;
	unsigned long bad;

	if (d->heap == CHARIOT_HEAP_PAGE) {
		start = (void *)ALIGN_DOWN((unsigned long)start, PAGE_SIZE);
		end = (void *)ALIGN((unsigned long)end, PAGE_SIZE);
	}
	if (!chariot_may_write(d, start, end - start, &bad) &&
	    chariot_grant(d, start, end - start, CHARIOT_RIGHT_WRITE,
			  CHARIOT_KIND_DMA)) {
		atomic64_inc(&d->untracked);
		return false;
	}
	chariot_object_insert(d, block, size, CHARIOT_KIND_DMA, "dma_pool_alloc",
			      c->site);
	return true;
}

/* --- scatterlists ---------------------------------------------------------------------- */

static struct scatterlist *chunk_alloc(const struct chariot_call *c,
				       unsigned int n, gfp_t gfp)
{
	struct page *page;

	/* sg_free_table() tells the two apart by the number of entries. */
	if (n != SG_MAX_SINGLE_ALLOC)
		return chariot_heap_alloc(c->driver, n * sizeof(struct scatterlist),
					  gfp, NUMA_NO_NODE, "sg_alloc_table",
					  c->site);
	page = chariot_pages_give(c->driver, alloc_pages(gfp, 0), 0,
				  "sg_alloc_table", c->site);
	return page ? page_address(page) : NULL;
}

/*
 * sg_alloc_table() from the driver's own memory: chunks of SG_MAX_SINGLE_ALLOC
 * entries, the last entry of each but the last linking to the next. What
 * sg_free_table() then frees is known by the table alone, whoever calls it.
 */
static int table_alloc(const struct chariot_call *c, struct sg_table *table,
		       unsigned int nents, gfp_t gfp)
{
	struct scatterlist *chunk, *last = NULL;
	unsigned int left = nents, n, used;

	memset(table, 0, sizeof(*table));
	if (!nents)
		return -EINVAL;
	while (left) {
		n = min_t(unsigned int, left, SG_MAX_SINGLE_ALLOC);
		used = n < left ? n - 1 : n;
		chunk = chunk_alloc(c, n, gfp);
		if (!chunk) {
			/*
			 * The link entry of the last chunk is not in use, but
			 * counts for how it is freed.
			 */
			if (last)
				table->nents = ++table->orig_nents;
			sg_free_table(table);
			return -ENOMEM;
		}
		sg_init_table(chunk, n);
		if (last)
			sg_chain(last, SG_MAX_SINGLE_ALLOC, chunk);
		else
			table->sgl = chunk;
		table->orig_nents += used;
		table->nents = table->orig_nents;
		left -= used;
		last = chunk;
	}
	return 0;
}

/* A table that the kernel made becomes one in the driver's memory. */
static int table_move(const struct chariot_call *c, struct sg_table *table,
		      gfp_t gfp)
{
	struct scatterlist *from, *to;
	struct sg_table own;
	int i, ret;

	ret = table_alloc(c, &own, table->orig_nents, gfp);
	if (!ret) {
		to = own.sgl;
		for_each_sg(table->sgl, from, table->orig_nents, i) {
			sg_set_page(to, sg_page(from), from->length,
				    from->offset);
			to = sg_next(to);
		}
		own.nents = table->nents;
	}
	sg_free_table(table);
	if (!ret)
		*table = own;
	return ret;
}

/* Pages of a list that the kernel allocated for the driver. */
static bool list_give(const struct chariot_call *c, struct scatterlist *sgl,
		      unsigned int nents, const char *family)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sg(sgl, sg, nents, i)
		if (!give(c, page_address(sg_page(sg)), PAGE_ALIGN(sg->length),
			  family))
			return false;
	return true;
}

CHARIOT_WRAPPERS_BEGIN;

CHARIOT_WRAPPER void *chariot_wrap_dma_alloc(struct device *dev, size_t size,
					     dma_addr_t *handle, gfp_t gfp,
					     unsigned long attrs)
{
	struct chariot_call c = chariot_caller();
	void *va = dma_alloc_attrs(dev, size, handle, gfp, attrs);

	if (!va || (attrs & DMA_ATTR_NO_KERNEL_MAPPING) ||
	    give(&c, va, size, "dma_alloc"))
		return va;
	dma_free_attrs(dev, size, va, *handle, attrs);
	return NULL;
}

CHARIOT_WRAPPER void chariot_wrap_dma_free(struct device *dev, size_t size,
					   void *va, dma_addr_t handle,
					   unsigned long attrs)
{
	struct chariot_call c = chariot_caller();

	if (c.driver && va && !(attrs & DMA_ATTR_NO_KERNEL_MAPPING))
		chariot_take(c.driver, va, PAGE_ALIGN(size));
	dma_free_attrs(dev, size, va, handle, attrs);
}

CHARIOT_WRAPPER void *chariot_wrap_dmam_alloc(struct device *dev, size_t size,
					      dma_addr_t *handle, gfp_t gfp,
					      unsigned long attrs)
{
	struct chariot_call c = chariot_caller();
	void *va = dmam_alloc_attrs(dev, size, handle, gfp, attrs);

	if (!va || (attrs & DMA_ATTR_NO_KERNEL_MAPPING) ||
	    give(&c, va, size, "dmam_alloc"))
		return va;
	dmam_free_coherent(dev, size, va, *handle);
	return NULL;
}

CHARIOT_WRAPPER void chariot_wrap_dmam_free(struct device *dev, size_t size,
					    void *va, dma_addr_t handle)
{
	struct chariot_call c = chariot_caller();

	if (c.driver && va)
		chariot_take(c.driver, va, PAGE_ALIGN(size));
	dmam_free_coherent(dev, size, va, handle);
}

CHARIOT_WRAPPER struct page *
chariot_wrap_dma_alloc_pages(struct device *dev, size_t size, dma_addr_t *handle,
			     enum dma_data_direction dir, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();
	struct page *page = dma_alloc_pages(dev, size, handle, dir, gfp);

	if (!page || give(&c, page_address(page), size, "dma_alloc_pages"))
		return page;
	dma_free_pages(dev, size, page, *handle, dir);
	return NULL;
}

CHARIOT_WRAPPER void chariot_wrap_dma_free_pages(struct device *dev, size_t size,
						 struct page *page,
						 dma_addr_t handle,
						 enum dma_data_direction dir)
{
	struct chariot_call c = chariot_caller();

	if (c.driver && page)
		chariot_take(c.driver, page_address(page), PAGE_ALIGN(size));
	dma_free_pages(dev, size, page, handle, dir);
}

CHARIOT_WRAPPER struct sg_table *
chariot_wrap_dma_alloc_noncontiguous(struct device *dev, size_t size,
				     enum dma_data_direction dir, gfp_t gfp,
				     unsigned long attrs)
{
	struct chariot_call c = chariot_caller();
	struct sg_table *table = dma_alloc_noncontiguous(dev, size, dir, gfp,
							 attrs);

	if (!table || !c.driver ||
	    list_give(&c, table->sgl, table->orig_nents,
		      "dma_alloc_noncontiguous"))
		return table;
	dma_free_noncontiguous(dev, size, table, dir);
	return NULL;
}

CHARIOT_WRAPPER struct dma_pool *
chariot_wrap_dma_pool_create(const char *name, struct device *dev, size_t size,
			     size_t align, size_t boundary)
{
	struct chariot_call c = chariot_caller();
	struct dma_pool *pool = dma_pool_create(name, dev, size, align, boundary);

	if (!pool || !c.driver || pool_remember(c.driver, pool, size))
		return pool;
	dma_pool_destroy(pool);
	return NULL;
}

CHARIOT_WRAPPER struct dma_pool *
chariot_wrap_dmam_pool_create(const char *name, struct device *dev, size_t size,
			      size_t align, size_t boundary)
{
	struct chariot_call c = chariot_caller();
	struct dma_pool *pool = dmam_pool_create(name, dev, size, align, boundary);

	if (!pool || !c.driver || pool_remember(c.driver, pool, size))
		return pool;
	dmam_pool_destroy(pool);
	return NULL;
}

CHARIOT_WRAPPER void chariot_wrap_dma_pool_destroy(struct dma_pool *pool)
{
	pool_forget(pool);
	dma_pool_destroy(pool);
}

CHARIOT_WRAPPER void chariot_wrap_dmam_pool_destroy(struct dma_pool *pool)
{
	pool_forget(pool);
	dmam_pool_destroy(pool);
}

CHARIOT_WRAPPER void *chariot_wrap_dma_pool_alloc(struct dma_pool *pool, gfp_t gfp,
						  dma_addr_t *handle)
{
	struct chariot_call c = chariot_caller();
	void *block = dma_pool_alloc(pool, gfp, handle);

	if (!block || !c.driver || block_give(&c, block, pool_size(pool)))
		return block;
	dma_pool_free(pool, block, *handle);
	return NULL;
}

CHARIOT_WRAPPER void chariot_wrap_dma_pool_free(struct dma_pool *pool, void *block,
						dma_addr_t handle)
{
	struct chariot_call c = chariot_caller();
	size_t size = c.driver && block ? chariot_object_del(c.driver, block) : 0;

	if (size && c.driver->heap == CHARIOT_HEAP_BYTE)
		chariot_revoke(c.driver, block, size);
	dma_pool_free(pool, block, handle);
}

CHARIOT_WRAPPER int chariot_wrap_sg_alloc_table(struct sg_table *table,
						unsigned int nents, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	return c.driver ? table_alloc(&c, table, nents, gfp)
			: sg_alloc_table(table, nents, gfp);
}

/* Seven arguments: see chariot_wrap_kmem_cache_create_usercopy(). */
CHARIOT_WRAPPER int
chariot_wrap_sg_alloc_table_from_pages(struct sg_table *table,
				       struct page **pages, unsigned int n,
				       unsigned int offset, unsigned long size,
				       unsigned int max_segment, unsigned long to_entry,
				       gfp_t gfp)
{
	struct chariot_call c = chariot_caller();
	int ret = sg_alloc_table_from_pages_segment(table, pages, n, offset, size,
						    max_segment, gfp);

	return ret || !c.driver ? ret : table_move(&c, table, gfp);
}

CHARIOT_WRAPPER struct scatterlist *
chariot_wrap_sgl_alloc_order(unsigned long long length, unsigned int order,
			     bool chainable, gfp_t gfp, unsigned int *nent)
{
	struct chariot_call c = chariot_caller();
	unsigned int n = 0;
	struct scatterlist *sgl = sgl_alloc_order(length, order, chainable, gfp,
						  &n);

	if (nent)
		*nent = n;
	if (!sgl || !c.driver)
		return sgl;
	if (list_give(&c, sgl, n, "sgl_alloc") &&
	    !chariot_give(c.driver, sgl, (n + chainable) * sizeof(*sgl),
			  (n + chainable) * sizeof(*sgl), CHARIOT_KIND_SLAB,
			  "sgl_alloc", c.site))
		return sgl;
	sgl_free_order(sgl, order);
	return NULL;
}

CHARIOT_WRAPPER struct scatterlist *
chariot_wrap_sgl_alloc(unsigned long long length, gfp_t gfp, unsigned int *nent)
{
	struct chariot_call c = chariot_caller();
	unsigned int n = 0;
	struct scatterlist *sgl = sgl_alloc(length, gfp, &n);

	if (nent)
		*nent = n;
	if (!sgl || !c.driver)
		return sgl;
	if (list_give(&c, sgl, n, "sgl_alloc") &&
	    !chariot_give(c.driver, sgl, n * sizeof(*sgl), n * sizeof(*sgl),
			  CHARIOT_KIND_SLAB, "sgl_alloc", c.site))
		return sgl;
	sgl_free(sgl);
	return NULL;
}

CHARIOT_WRAPPERS_END;
