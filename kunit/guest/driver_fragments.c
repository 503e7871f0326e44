// SPDX-License-Identifier: GPL-2.0
/* Memory in fragments of pages, which are a cache's: of the driver under test's own. */
#include <linux/bottom_half.h>
#include <linux/mm.h>
#include <linux/skbuff.h>
#include <net/sock.h>

#include "compat/driver.h"
#include "driver_parts.h"

static struct page_frag_cache cache;
static struct page_frag fragment;
static struct page_pool *pool;

static void *get_page_frag(size_t size)
{
	return page_frag_alloc(&cache, size, GFP_KERNEL);
}

static void put_page_frag(void *p)
{
	page_frag_free(p);
	__page_frag_cache_drain(virt_to_head_page(cache.va), cache.pagecnt_bias);
	cache.va = NULL;
}

static void *get_netdev(size_t size)
{
	return netdev_alloc_frag(size);
}

static void *get_napi(size_t size)
{
	void *p;

	local_bh_disable();
	p = napi_alloc_frag(size);
	local_bh_enable();
	return p;
}

static void put_skb_frag(void *p)
{
	skb_free_frag(p);
}

static void *get_refill(size_t size)
{
	return skb_page_frag_refill(size, &fragment, GFP_KERNEL) ?
	       page_address(fragment.page) + fragment.offset : NULL;
}

static void put_refill(void *p)
{
	put_page(fragment.page);
	fragment.page = NULL;
}

static bool make_pool(unsigned int flags)
{
	const struct page_pool_params params = {
		.flags = flags, .pool_size = 8, .nid = NUMA_NO_NODE,
	};

	pool = page_pool_create(&params);
	if (IS_ERR(pool))
		pool = NULL;
	return pool;
}

static void *address_or_end(struct page *page, unsigned int offset)
{
	if (page)
		return page_address(page) + offset;
	page_pool_destroy(pool);
	return NULL;
}

static void *get_pool_page(size_t size)
{
	return make_pool(0) ? address_or_end(page_pool_dev_alloc_pages(pool), 0) : NULL;
}

static void *get_pool_frag(size_t size)
{
	unsigned int offset = 0;
	struct page *page;

	if (!make_pool(KUNIT_POOL_OF_FRAGMENTS))
		return NULL;
	page = page_pool_dev_alloc_frag(pool, &offset, size);
	return address_or_end(page, offset);
}

static void put_pool(void *p)
{
	page_pool_put_full_page(pool, virt_to_head_page(p), false);
	page_pool_destroy(pool);
}

const struct kunit_fragment driver_fragments[] = {
	{ "page_frag_alloc", 200, get_page_frag, put_page_frag },
	{ "netdev_alloc_frag", 256, get_netdev, put_skb_frag, true },
	{ "napi_alloc_frag", 256, get_napi, put_skb_frag, true },
	{ "skb_page_frag_refill", 300, get_refill, put_refill },
	{ "page_pool_alloc_pages", PAGE_SIZE, get_pool_page, put_pool },
	{ "page_pool_alloc_frag", 512, get_pool_frag, put_pool },
};

const size_t driver_nr_fragments = ARRAY_SIZE(driver_fragments);
