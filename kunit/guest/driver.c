// SPDX-License-Identifier: GPL-2.0
/*
 * A driver under test: takes memory from wherever drivers do, when it is asked to.
 * An ordinary module, which knows nothing of Chariot.
 */
#include <linux/bitmap.h>
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/platform_device.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "driver.h"

static unsigned long offer;
module_param(offer, ulong, 0);

/* 1: init fails; 2: it fails with all of it done. */
static int fail;
module_param(fail, int, 0);

static char text_from[] = "a text that is long enough to be copied somewhere else";
static const char constant[] = "constant";
static int variable = 1;
static DEFINE_PER_CPU(long, counter);

static struct kmem_cache *cache, *made_cache;
static mempool_t *pool;
static struct platform_device *device;
static struct dma_pool *dma_pool;
static dma_addr_t dma_handle;

/* Sizes are not constant here: the calls that inline functions make of those. */
static void *get_kmalloc(size_t size)
{
	return kmalloc(size, GFP_KERNEL);
}

static void *get_kmalloc_constant(size_t size)
{
	return kzalloc(200, GFP_KERNEL);
}

static void *get_kmalloc_node(size_t size)
{
	return kmalloc_node(size, GFP_KERNEL, 0);
}

static void *get_kmalloc_atomic(size_t size)
{
	return kmalloc(size, GFP_ATOMIC);
}

static void *get_krealloc(size_t size)
{
	void *p = kmalloc(8, GFP_KERNEL);
	void *q = p ? krealloc(p, size, GFP_KERNEL) : NULL;

	if (!q)
		kfree(p);
	return q;
}

static void *get_kmemdup(size_t size)
{
	return kmemdup(text_from, size, GFP_KERNEL);
}

static void *get_kstrdup(size_t size)
{
	return kstrdup(text_from, GFP_KERNEL);
}

static void *get_kasprintf(size_t size)
{
	return kasprintf(GFP_KERNEL, "%*s", (int)size - 1, text_from);
}

static void *get_kstrndup(size_t size)
{
	return kstrndup(text_from, size - 1, GFP_KERNEL);
}

static void *get_kmemdup_nul(size_t size)
{
	return kmemdup_nul(text_from, size - 1, GFP_KERNEL);
}

static void put_kfree(void *p, size_t size)
{
	kfree(p);
}

static void *get_kvmalloc(size_t size)
{
	return kvmalloc(size, GFP_KERNEL);
}

static void put_kvfree(void *p, size_t size)
{
	kvfree(p);
}

static void *get_cache(size_t size)
{
	return kmem_cache_alloc(cache, GFP_KERNEL);
}

static void put_cache(void *p, size_t size)
{
	kmem_cache_free(cache, p);
}

static void *get_made(size_t size)
{
	return kmem_cache_alloc(made_cache, GFP_KERNEL);
}

static void put_made(void *p, size_t size)
{
	kmem_cache_free(made_cache, p);
}

static void *get_bulk(size_t size)
{
	void *p;

	return kmem_cache_alloc_bulk(cache, GFP_KERNEL, 1, &p) == 1 ? p : NULL;
}

static void put_bulk(void *p, size_t size)
{
	kmem_cache_free_bulk(cache, 1, &p);
}

static void *get_mempool(size_t size)
{
	return mempool_alloc(pool, GFP_KERNEL);
}

static void put_mempool(void *p, size_t size)
{
	mempool_free(p, pool);
}

static void *get_vmalloc(size_t size)
{
	return vmalloc(size);
}

static void *get_vzalloc(size_t size)
{
	return vzalloc(size);
}

static void *get_vmalloc_user(size_t size)
{
	return vmalloc_user(size);
}

static void put_vfree(void *p, size_t size)
{
	vfree(p);
}

static void *get_vmalloc_node(size_t size)
{
	return vmalloc_node(size, 0);
}

static void *get_vzalloc_node(size_t size)
{
	return vzalloc_node(size, 0);
}

static void *get_vmalloc_32(size_t size)
{
	return vmalloc_32(size);
}

static void *get_vmalloc_gfp(size_t size)
{
	return __vmalloc(size, GFP_KERNEL);
}

static void *get_vcalloc(size_t size)
{
	return vcalloc(size / 8, 8);
}

static void *get_vmap(size_t size)
{
	struct page *page = alloc_page(GFP_KERNEL);
	void *p = page ? vmap(&page, 1, VM_MAP, PAGE_KERNEL) : NULL;

	if (page && !p)
		__free_page(page);
	return p;
}

static void put_vmap(void *p, size_t size)
{
	struct page *page = vmalloc_to_page(p);

	vunmap(p);
	__free_page(page);
}

static void *get_pages(size_t size)
{
	struct page *page = alloc_pages(GFP_KERNEL, get_order(size));

	return page ? page_address(page) : NULL;
}

static void put_pages(void *p, size_t size)
{
	__free_pages(virt_to_page(p), get_order(size));
}

static void *get_compound(size_t size)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, get_order(size));

	return page ? page_address(page) : NULL;
}

static void put_reference(void *p, size_t size)
{
	put_page(virt_to_page(p));
}

static void *get_folio(size_t size)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, get_order(size));

	return folio ? folio_address(folio) : NULL;
}

static void *get_free(size_t size)
{
	return (void *)__get_free_pages(GFP_KERNEL, get_order(size));
}

static void *get_zeroed(size_t size)
{
	return (void *)get_zeroed_page(GFP_KERNEL);
}

static void put_free(void *p, size_t size)
{
	free_pages((unsigned long)p, get_order(size));
}

static void *get_exact(size_t size)
{
	return alloc_pages_exact(size, GFP_KERNEL);
}

static void put_exact(void *p, size_t size)
{
	free_pages_exact(p, size);
}

static void *get_page_bulk(size_t size)
{
	struct page *page = NULL;

	return alloc_pages_bulk_array(GFP_KERNEL, 1, &page) == 1 ?
	       page_address(page) : NULL;
}

static void *get_coherent(size_t size)
{
	return dma_alloc_coherent(&device->dev, size, &dma_handle, GFP_KERNEL);
}

static void put_coherent(void *p, size_t size)
{
	dma_free_coherent(&device->dev, size, p, dma_handle);
}

static void *get_dma_pool(size_t size)
{
	return dma_pool_alloc(dma_pool, GFP_KERNEL, &dma_handle);
}

static void put_dma_pool(void *p, size_t size)
{
	dma_pool_free(dma_pool, p, dma_handle);
}

static void *get_devm(size_t size)
{
	return devm_kmalloc(&device->dev, size, GFP_KERNEL);
}

static void put_devm(void *p, size_t size)
{
	devm_kfree(&device->dev, p);
}

static void *get_devm_kmemdup(size_t size)
{
	return devm_kmemdup(&device->dev, text_from, size, GFP_KERNEL);
}

static void *get_devm_kstrdup(size_t size)
{
	return devm_kstrdup(&device->dev, text_from, GFP_KERNEL);
}

static void *get_dma_pages(size_t size)
{
	struct page *page = dma_alloc_pages(&device->dev, size, &dma_handle,
					    DMA_BIDIRECTIONAL, GFP_KERNEL);

	return page ? page_address(page) : NULL;
}

static void put_dma_pages(void *p, size_t size)
{
	dma_free_pages(&device->dev, size, virt_to_page(p), dma_handle,
		       DMA_BIDIRECTIONAL);
}

static void *get_devm_pages(size_t size)
{
	return (void *)devm_get_free_pages(&device->dev, GFP_KERNEL, get_order(size));
}

static void put_devm_pages(void *p, size_t size)
{
	devm_free_pages(&device->dev, (unsigned long)p);
}

static struct scatterlist *list;
static unsigned int list_count;

static void *get_sgl(size_t size)
{
	list = sgl_alloc(size, GFP_KERNEL, &list_count);
	return list ? sg_virt(list) : NULL;
}

static void put_sgl(void *p, size_t size)
{
	sgl_free(list);
}

static struct bitmap { unsigned long *bits; } bitmap;

static void *get_bitmap(size_t size)
{
	bitmap.bits = bitmap_zalloc(size * BITS_PER_BYTE, GFP_KERNEL);
	return bitmap.bits;
}

static void put_bitmap(void *p, size_t size)
{
	bitmap_free(p);
}

static const struct kunit_family families[] = {
	{ "kmalloc", "kmalloc", 100, get_kmalloc, put_kfree, true },
	{ "kmalloc_small", "kmalloc", 1, get_kmalloc, put_kfree, true },
	{ "kmalloc_largest_slab", "kmalloc", 8000, get_kmalloc, put_kfree, true },
	{ "kmalloc_large", "kmalloc", 20000, get_kmalloc, put_kfree },
	{ "kmalloc_constant", "kmalloc", 200, get_kmalloc_constant, put_kfree, true },
	{ "kmalloc_node", "kmalloc_node", 300, get_kmalloc_node, put_kfree, true },
	{ "kmalloc_atomic", "kmalloc", 64, get_kmalloc_atomic, put_kfree, true },
	{ "krealloc", "krealloc", 700, get_krealloc, put_kfree, true },
	{ "kmemdup", "kmemdup", 40, get_kmemdup, put_kfree, true },
	{ "kstrdup", "kstrdup", sizeof(text_from), get_kstrdup, put_kfree, true },
	{ "kstrndup", "kstrndup", 20, get_kstrndup, put_kfree, true },
	{ "kmemdup_nul", "kmemdup_nul", 30, get_kmemdup_nul, put_kfree, true },
	{ "kasprintf", "kasprintf", 120, get_kasprintf, put_kfree, true },
	{ "bitmap", "bitmap_zalloc", 128, get_bitmap, put_bitmap, true },
	{ "kvmalloc", "kvmalloc", 600, get_kvmalloc, put_kvfree, true },
	{ "kvmalloc_large", "kvmalloc", 100000, get_kvmalloc, put_kvfree },
	{ "kmem_cache", "kmem_cache_alloc", 120, get_cache, put_cache, true },
	{ "kmem_cache_constructor", "kmem_cache_alloc", 72, get_made, put_made, true },
	{ "kmem_cache_bulk", "kmem_cache_alloc_bulk", 120, get_bulk, put_bulk, true },
	{ "mempool", "mempool", 120, get_mempool, put_mempool, true, true },
	{ "vmalloc", "vmalloc", 10000, get_vmalloc, put_vfree },
	{ "vzalloc", "vzalloc", 4096, get_vzalloc, put_vfree },
	{ "vmalloc_user", "vmalloc_user", 5000, get_vmalloc_user, put_vfree },
	{ "vmalloc_node", "vmalloc_node", 6000, get_vmalloc_node, put_vfree },
	{ "vzalloc_node", "vzalloc_node", 6000, get_vzalloc_node, put_vfree },
	{ "vmalloc_32", "vmalloc_32", 6000, get_vmalloc_32, put_vfree },
	{ "vmalloc_gfp", "vmalloc", 6000, get_vmalloc_gfp, put_vfree },
	{ "vcalloc", "vcalloc", 8000, get_vcalloc, put_vfree },
	{ "vmap", "vmap", PAGE_SIZE, get_vmap, put_vmap },
	{ "alloc_pages", "alloc_pages", PAGE_SIZE, get_pages, put_pages },
	{ "alloc_pages_order", "alloc_pages", 4 * PAGE_SIZE, get_pages, put_pages },
	{ "put_page", "alloc_pages", 2 * PAGE_SIZE, get_compound, put_reference },
	{ "folio_alloc", "folio_alloc", 2 * PAGE_SIZE, get_folio, put_reference },
	{ "get_free_pages", "get_free_pages", 2 * PAGE_SIZE, get_free, put_free },
	{ "get_zeroed_page", "get_zeroed_page", PAGE_SIZE, get_zeroed, put_free },
	{ "alloc_pages_exact", "alloc_pages_exact", 3 * PAGE_SIZE, get_exact, put_exact },
	{ "alloc_pages_bulk", "alloc_pages_bulk", PAGE_SIZE, get_page_bulk, put_pages },
	{ "dma_alloc", "dma_alloc", 2 * PAGE_SIZE, get_coherent, put_coherent },
	{ "dma_alloc_pages", "dma_alloc_pages", PAGE_SIZE, get_dma_pages,
	  put_dma_pages },
	{ "dma_pool", "dma_pool_alloc", 96, get_dma_pool, put_dma_pool, true },
	{ "devm_kmalloc", "devm_kmalloc", 50, get_devm, put_devm, true },
	{ "devm_kmemdup", "devm_kmemdup", 44, get_devm_kmemdup, put_devm, true },
	{ "devm_kstrdup", "devm_kstrdup", sizeof(text_from), get_devm_kstrdup, put_devm,
	  true },
	{ "devm_get_free_pages", "devm_get_free_pages", PAGE_SIZE, get_devm_pages,
	  put_devm_pages },
	{ "sgl_alloc", "sgl_alloc", PAGE_SIZE, get_sgl, put_sgl },
};

static noinline long do_copy(void *to, const void *from, size_t size)
{
	return copy_from_kernel_nofault(to, from, size);
}

/* What it calls sees the caller of this. */
#define LEAVES_BY_JUMP __attribute__((optimize("optimize-sibling-calls")))

static noinline LEAVES_BY_JUMP long do_print(char *to, size_t size, unsigned long value)
{
	/* Arguments in registers and on the stack */
	return snprintf(to, size, "value %lu, %d %d %d %d", value, 1, 2, 3, 4);
}

static noinline void *do_set(void *to, int byte, size_t size)
{
	return memset(to, byte, size);
}

/* --- calls that write for the driver ------------------------------------------------- */

static const unsigned long bits[] = { 0x5a5a5a5a, 0x0f0f0f0f };

#define COPY(name, call)							\
static noinline void copy_##name(char *to)					\
{										\
	const char *from = text_from;						\
										\
	/* Else the compiler writes short ones itself. */			\
	OPTIMIZER_HIDE_VAR(from);						\
	call;									\
}

/* Of 64 bytes that are 0, each leaves one that is not. */
#define COPIES(X)								\
	X(strcpy, strcpy(to, from + 20))					\
	X(strncpy, strncpy(to, from, 30))					\
	X(strscpy, strscpy(to, from, 40))					\
	X(strscpy_pad, strscpy_pad(to, from, 40))				\
	X(strcat, strcat(to, from + 20))					\
	X(strlcat, strlcat(to, from, 64))					\
	X(snprintf, snprintf(to, 64, "%d", variable))				\
	X(scnprintf, scnprintf(to, 64, "%d", variable))				\
	X(sprintf, sprintf(to, "%d", variable))					\
	X(bin2hex, bin2hex(to, from, 16))					\
	X(hex2bin, hex2bin(to, "123456", 3))					\
	X(kstrtoull, kstrtoull("77", 0, (void *)to))				\
	X(kstrtoll, kstrtoll("-77", 0, (void *)to))				\
	X(kstrtouint, kstrtouint("77", 0, (void *)to))				\
	X(kstrtoint, kstrtoint("-77", 0, (void *)to))				\
	X(kstrtou16, kstrtou16("77", 0, (void *)to))				\
	X(kstrtos16, kstrtos16("77", 0, (void *)to))				\
	X(kstrtou8, kstrtou8("77", 0, (void *)to))				\
	X(kstrtos8, kstrtos8("77", 0, (void *)to))				\
	X(kstrtobool, kstrtobool("y", (void *)to))				\
	X(memcpy_and_pad, memcpy_and_pad(to, 40, from, variable + 9, 1))	\
	X(nofault, copy_from_kernel_nofault(to, from, 30))			\
	X(random, get_random_bytes(to, 32))					\
	X(bitmap_set, __bitmap_set((void *)to, 3, 70))				\
	X(bitmap_or, __bitmap_or((void *)to, bits, bits, 100))			\
	X(bitmap_and, __bitmap_and((void *)to, bits, bits, 100))		\
	X(bitmap_complement, __bitmap_complement((void *)to, bits, 100))	\
	X(bitmap_xor, __bitmap_xor((void *)to, bits, bits + 1, 60))

/* What they return is not needed here. */
#pragma GCC diagnostic ignored "-Wunused-result"
COPIES(COPY)

#define COPY_ROW(name, call)	{ #name, copy_##name },
static const struct kunit_copy copies[] = { COPIES(COPY_ROW) };

static struct kunit_driver driver = {
	.families = families,
	.nr_families = ARRAY_SIZE(families),
	.copies = copies,
	.nr_copies = ARRAY_SIZE(copies),
	.data = &variable,
	.rodata = constant,
	.percpu = &counter,
	.copy = do_copy,
	.print = do_print,
	.set = do_set,
};

static void made(void *object)
{
	memset(object, 0x5a, 72);
}

static void driver_end(void)
{
	dma_pool_destroy(dma_pool);
	if (device)
		platform_device_unregister(device);
	mempool_destroy(pool);
	kmem_cache_destroy(made_cache);
	kmem_cache_destroy(cache);
	device = NULL;
}

static int driver_begin(void)
{
	cache = kmem_cache_create("kunit_driver", 120, 0, 0, NULL);
	made_cache = kmem_cache_create("kunit_driver_made", 72, 0, 0, made);
	pool = cache ? mempool_create_slab_pool(2, cache) : NULL;
	device = platform_device_register_simple("chariot-kunit", -1, NULL, 0);
	if (IS_ERR(device))
		device = NULL;
	if (device)
		device->dev.coherent_dma_mask = DMA_BIT_MASK(32);
	dma_pool = device ? dma_pool_create("kunit", &device->dev, 96, 0, 0) : NULL;
	if (cache && made_cache && pool && dma_pool)
		return 0;
	driver_end();
	return -ENOMEM;
}

static int __init kunit_driver_init(void)
{
	kunit_offer_fn *call = (kunit_offer_fn *)offer;
	int ret;

	if (fail == 1)
		return -ENODEV;
	ret = driver_begin();
	if (ret)
		return ret;
	driver.text = driver_begin;
	if (call)
		call(&driver);
	if (fail == 2) {
		driver_end();
		return -EIO;
	}
	return 0;
}

static void __exit kunit_driver_exit(void)
{
	driver_end();
}

module_init(kunit_driver_init);
module_exit(kunit_driver_exit);
MODULE_DESCRIPTION("A driver for Chariot's own tests");
MODULE_LICENSE("GPL");
