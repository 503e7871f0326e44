// SPDX-License-Identifier: GPL-2.0
/* The ways to memory, and mappings, that go with a device. */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/io.h>
#include <linux/percpu.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "driver_parts.h"

static struct platform_device *device;
static struct dma_pool *dma_pool, *managed_pool;
static dma_addr_t dma_handle;

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
	return devm_kmemdup(&device->dev, driver_text, size, GFP_KERNEL);
}

static void *get_devm_kstrdup(size_t size)
{
	return devm_kstrdup(&device->dev, driver_text, GFP_KERNEL);
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

static void *get_devm_percpu(size_t size)
{
	return first_of(__devm_alloc_percpu(&device->dev, size, 8));
}

static void put_devm_percpu(void *p, size_t size)
{
	devm_free_percpu(&device->dev, percpu_of(p));
}

static void *get_managed(size_t size)
{
	return dmam_alloc_coherent(&device->dev, size, &dma_handle, GFP_KERNEL);
}

static void put_managed(void *p, size_t size)
{
	dmam_free_coherent(&device->dev, size, p, dma_handle);
}

static struct sg_table *scattered;

static void *get_noncontiguous(size_t size)
{
	scattered = dma_alloc_noncontiguous(&device->dev, size, DMA_BIDIRECTIONAL,
					    GFP_KERNEL, 0);
	return scattered ? sg_virt(scattered->sgl) : NULL;
}

static void put_noncontiguous(void *p, size_t size)
{
	dma_free_noncontiguous(&device->dev, size, scattered, DMA_BIDIRECTIONAL);
}

static void *get_managed_pool(size_t size)
{
	return dma_pool_alloc(managed_pool, GFP_KERNEL, &dma_handle);
}

static void put_managed_pool(void *p, size_t size)
{
	dma_pool_free(managed_pool, p, dma_handle);
}

static void devres_end(struct device *dev, void *p)
{
}

static void *get_devres(size_t size)
{
	return devres_alloc(devres_end, size, GFP_KERNEL);
}

static void put_devres(void *p, size_t size)
{
	devres_free(p);
}

static void *get_devm_krealloc(size_t size)
{
	void *p = devm_kmalloc(&device->dev, 8, GFP_KERNEL);

	return p ? devm_krealloc(&device->dev, p, size, GFP_KERNEL) : NULL;
}

static void *get_devm_krealloc_new(size_t size)
{
	return devm_krealloc(&device->dev, NULL, size, GFP_KERNEL);
}

static void *get_devm_kasprintf(size_t size)
{
	return devm_kasprintf(&device->dev, GFP_KERNEL, "%*s", (int)size - 1,
			      driver_text);
}

static __printf(1, 2) char *print_managed(const char *format, ...)
{
	va_list args;
	char *p;

	va_start(args, format);
	p = devm_kvasprintf(&device->dev, GFP_KERNEL, format, args);
	va_end(args);
	return p;
}

static void *get_devm_kvasprintf(size_t size)
{
	return print_managed("%*s", (int)size - 1, driver_text);
}

const struct kunit_family driver_device_families[] = {
	{ "dma_alloc", "dma_alloc", 2 * PAGE_SIZE, get_coherent, put_coherent },
	{ "dma_alloc_pages", "dma_alloc_pages", PAGE_SIZE, get_dma_pages,
	  put_dma_pages },
	{ "dma_pool", "dma_pool_alloc", 96, get_dma_pool, put_dma_pool, true },
	{ "devm_kmalloc", "devm_kmalloc", 50, get_devm, put_devm, true },
	{ "devm_kmemdup", "devm_kmemdup", 44, get_devm_kmemdup, put_devm, true },
	{ "devm_kstrdup", "devm_kstrdup", DRIVER_TEXT_SIZE, get_devm_kstrdup, put_devm,
	  true },
	{ "devm_get_free_pages", "devm_get_free_pages", PAGE_SIZE, get_devm_pages,
	  put_devm_pages },
	{ "devm_percpu", "devm_alloc_percpu", 32, get_devm_percpu, put_devm_percpu },
	{ "dmam_alloc", "dmam_alloc", PAGE_SIZE, get_managed, put_managed },
	{ "dma_alloc_noncontiguous", "dma_alloc_noncontiguous", PAGE_SIZE,
	  get_noncontiguous, put_noncontiguous },
	{ "dmam_pool", "dma_pool_alloc", 48, get_managed_pool, put_managed_pool, true },
	{ "devres_alloc", "devres_alloc", 60, get_devres, put_devres, true },
	{ "devm_krealloc", "devm_krealloc", 300, get_devm_krealloc, put_devm, true },
	{ "devm_krealloc_new", "devm_krealloc", 30, get_devm_krealloc_new, put_devm,
	  true },
	{ "devm_kasprintf", "devm_kasprintf", 70, get_devm_kasprintf, put_devm, true },
	{ "devm_kvasprintf", "devm_kasprintf", 70, get_devm_kvasprintf, put_devm, true },
};

const size_t driver_nr_device_families = ARRAY_SIZE(driver_device_families);

/* --- mappings of what is not memory ------------------------------------------------------ */

/* Where nothing is on this machine. */
#define NOWHERE		0xfed80000ull

#define MAPPING(name, call, unmap)						\
static void *map_##name(void)							\
{										\
	return (__force void *)call;						\
}										\
										\
static void unmap_##name(void *p)						\
{										\
	unmap;									\
}

static struct resource nowhere = DEFINE_RES_MEM(NOWHERE, PAGE_SIZE);

#define MAPPINGS(X)								\
	X(ioremap, ioremap(NOWHERE, PAGE_SIZE), iounmap(p))			\
	X(ioremap_uc, ioremap_uc(NOWHERE, PAGE_SIZE), iounmap(p))		\
	X(ioremap_wc, ioremap_wc(NOWHERE, PAGE_SIZE), iounmap(p))		\
	X(ioremap_wt, ioremap_wt(NOWHERE, PAGE_SIZE), iounmap(p))		\
	X(ioremap_cache, ioremap_cache(NOWHERE, PAGE_SIZE), iounmap(p))		\
	X(ioremap_encrypted, ioremap_encrypted(NOWHERE, PAGE_SIZE), iounmap(p))	\
	X(ioremap_prot, ioremap_prot(NOWHERE, PAGE_SIZE, 0), iounmap(p))	\
	X(devm_ioremap, devm_ioremap(&device->dev, NOWHERE, PAGE_SIZE),		\
	  devm_iounmap(&device->dev, p))					\
	X(devm_ioremap_uc, devm_ioremap_uc(&device->dev, NOWHERE, PAGE_SIZE),	\
	  devm_iounmap(&device->dev, p))					\
	X(devm_ioremap_wc, devm_ioremap_wc(&device->dev, NOWHERE, PAGE_SIZE),	\
	  devm_iounmap(&device->dev, p))					\
	X(devm_ioremap_resource, devm_ioremap_resource(&device->dev, &nowhere),	\
	  devm_iounmap(&device->dev, p);					\
	  devm_release_mem_region(&device->dev, NOWHERE, PAGE_SIZE))		\
	X(memremap, memremap(NOWHERE, PAGE_SIZE, MEMREMAP_WT), memunmap(p))

MAPPINGS(MAPPING)

#define MAPPING_ROW(name, call, unmap)	{ #name, map_##name, unmap_##name },
const struct kunit_mapping driver_mappings[] = { MAPPINGS(MAPPING_ROW) };
const size_t driver_nr_mappings = ARRAY_SIZE(driver_mappings);

/* --- the device --------------------------------------------------------------------------- */

static bool device_begin(void)
{
	device = platform_device_register_simple("chariot-kunit", -1, NULL, 0);
	if (IS_ERR(device)) {
		device = NULL;
		return false;
	}
	device->dev.coherent_dma_mask = DMA_BIT_MASK(32);
	device->dev.dma_mask = &device->dev.coherent_dma_mask;
	dma_pool = dma_pool_create("kunit", &device->dev, 96, 0, 0);
	managed_pool = dmam_pool_create("kunit-managed", &device->dev, 48, 0, 0);
	return dma_pool && managed_pool;
}

int driver_device_begin(void)
{
	if (device_begin())
		return 0;
	driver_device_end();
	return -ENOMEM;
}

void driver_device_end(void)
{
	if (managed_pool)
		dmam_pool_destroy(managed_pool);
	dma_pool_destroy(dma_pool);
	if (device)
		platform_device_unregister(device);
}
