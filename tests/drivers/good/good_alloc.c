// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver without fault that allocates in every way the kernel has, writes
 * every byte of what it gets, and frees it or has it freed by the kernel.
 * /dev/good_alloc: any write runs it all. Runs in the guest's kernel.
 */

#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/mempool.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/platform_device.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "playground.h"

#define EDGE 16		/* bytes */

struct record {
	struct rcu_head rcu;
	u8 bytes[200];
};

static struct platform_device *platform;
static DEFINE_PER_CPU(u64[8], static_percpu);
static DEFINE_MUTEX(static_percpu_mutex);
static atomic_t rcu_calls;

/*
 * Write every byte, with stores of the compiler's and of memset(): one by one at
 * both ends, by words between, as each store may be emulated.
 */
static bool fill(void *memory, size_t size)
{
	u8 *bytes = memory;
	size_t i;

	if (ZERO_OR_NULL_PTR(memory) || IS_ERR(memory))
		return false;
	memset(memory, 0xa5, size);
	for (i = 0; i < min_t(size_t, size, EDGE); i++)
		WRITE_ONCE(bytes[i], i);
	for (; i + sizeof(u64) + EDGE <= size; i += sizeof(u64))
		WRITE_ONCE(*(u64 *)(bytes + i), i);
	for (; i < size; i++)
		WRITE_ONCE(bytes[i], i);
	return bytes[size - 1] == (u8)(size - 1);
}

#define FILL_AND(free, memory, size) ({		\
	void *_memory = (memory);		\
	bool _good = fill(_memory, size);	\
						\
	free(_memory);				\
	_good;					\
})

static bool try_kmalloc(void)
{
	size_t size;

	for (size = 8; size <= 128 * 1024; size *= 2)
		if (!FILL_AND(kfree, kmalloc(size, GFP_KERNEL), size) ||
		    !FILL_AND(kfree, kmalloc(size - 5, GFP_ATOMIC), size - 5))
			return false;
	return FILL_AND(kfree, kzalloc(72, GFP_KERNEL), 72) &&
	       FILL_AND(kfree, kcalloc(9, 40, GFP_KERNEL), 360) &&
	       FILL_AND(kfree, kmalloc_array(100, 100, GFP_KERNEL), 10000) &&
	       FILL_AND(kfree, kmalloc_node(1000, GFP_KERNEL, 0), 1000) &&
	       FILL_AND(kfree, kzalloc_node(100, GFP_KERNEL, 0), 100) &&
	       FILL_AND(kfree, kmalloc(96, GFP_KERNEL_ACCOUNT), 96) &&
	       FILL_AND(kfree, kmalloc(96, GFP_KERNEL | GFP_DMA), 96) &&
	       FILL_AND(kfree_sensitive, kmalloc(500, GFP_KERNEL), 500);
}

static bool try_krealloc(void)
{
	u8 *memory = NULL;
	size_t size;

	for (size = 5; size <= 100000; size = size * 3 / 2 + 1) {
		u8 *bigger = krealloc(memory, size, GFP_KERNEL);

		if (!bigger || !fill(bigger, size)) {
			kfree(memory);
			return false;
		}
		memory = bigger;
	}
	memory = krealloc(memory, 10, GFP_KERNEL);
	return FILL_AND(kfree, memory, 10);
}

static bool try_duplicates(void)
{
	static const char text[] = "what is to be duplicated";

	return FILL_AND(kfree, kmemdup(text, sizeof(text), GFP_KERNEL), sizeof(text)) &&
	       FILL_AND(kfree, kstrdup(text, GFP_KERNEL), sizeof(text)) &&
	       FILL_AND(kfree, kstrndup(text, 8, GFP_KERNEL), 9) &&
	       FILL_AND(kfree, kmemdup_nul(text, 7, GFP_KERNEL), 8) &&
	       FILL_AND(kfree, kasprintf(GFP_KERNEL, "%s %d", text, 7), sizeof(text) + 2);
}

static void construct(void *object)
{
	memset(object, 0x33, 120);
}

static bool try_cache(void (*constructor)(void *object))
{
	struct kmem_cache *cache =
		kmem_cache_create("good_alloc", 120, 0, SLAB_HWCACHE_ALIGN, constructor);
	void *bulk[8];
	bool good;
	int i;

	if (!cache)
		return false;
	good = true;
	for (i = 0; i < 100 && good; i++) {
		void *object = kmem_cache_alloc(cache, GFP_KERNEL);

		good = object && (!constructor || *(u8 *)object == 0x33) && fill(object, 120);
		if (object && constructor)
			construct(object);
		kmem_cache_free(cache, object);
	}
	if (!constructor) {
		void *object = kmem_cache_zalloc(cache, GFP_KERNEL);

		good = good && fill(object, 120);
		kfree(object);	/* from the other door */
	}
	if (good && kmem_cache_alloc_bulk(cache, GFP_KERNEL, ARRAY_SIZE(bulk), bulk)) {
		for (i = 0; i < ARRAY_SIZE(bulk); i++)
			good = good && fill(bulk[i], 120);
		for (i = 0; constructor && i < ARRAY_SIZE(bulk); i++)
			construct(bulk[i]);
		kmem_cache_free_bulk(cache, ARRAY_SIZE(bulk), bulk);
	}
	kmem_cache_destroy(cache);
	return good;
}

static bool try_caches(void)
{
	return try_cache(NULL) && try_cache(construct);
}

static bool try_pool(mempool_t *pool, size_t size)
{
	void *elements[6];
	bool good = true;
	unsigned int i;

	if (!pool)
		return false;
	for (i = 0; i < ARRAY_SIZE(elements); i++) {
		elements[i] = mempool_alloc(pool, GFP_KERNEL);
		good = good && elements[i] && fill(elements[i], size);
	}
	while (i--)
		if (elements[i])
			mempool_free(elements[i], pool);
	mempool_destroy(pool);
	return good;
}

static bool try_mempools(void)
{
	struct kmem_cache *cache = kmem_cache_create("good_alloc_pool", 88, 0, 0, NULL);
	bool good = try_pool(mempool_create_kmalloc_pool(4, 300), 300) &&
		    try_pool(mempool_create_slab_pool(4, cache), 88);
	mempool_t *pages = mempool_create_page_pool(2, 1);
	struct page *page;

	kmem_cache_destroy(cache);
	if (!good || !pages)
		return false;
	page = mempool_alloc(pages, GFP_KERNEL);
	good = page && fill(page_address(page), 2 * PAGE_SIZE);
	if (page)
		mempool_free(page, pages);
	mempool_destroy(pages);
	return good;
}

static bool try_areas(void)
{
	return FILL_AND(kvfree, kvmalloc(300, GFP_KERNEL), 300) &&
	       FILL_AND(kvfree, kvmalloc(1 << 20, GFP_KERNEL), 1 << 20) &&
	       FILL_AND(kvfree, kvzalloc(20000, GFP_KERNEL), 20000) &&
	       FILL_AND(kvfree, kvcalloc(1000, 200, GFP_KERNEL), 200000) &&
	       FILL_AND(vfree, vmalloc(10000), 10000) &&
	       FILL_AND(vfree, vzalloc(10000), 10000) &&
	       FILL_AND(vfree, vmalloc_node(5000, 0), 5000) &&
	       FILL_AND(vfree, vmalloc_user(8192), 8192) &&
	       FILL_AND(vfree, vmalloc_32(8192), 8192) &&
	       FILL_AND(playground_vfree, vmalloc(30000), 30000);
}

static bool try_mapping(void)
{
	struct page *pages[4] = { };
	bool good = true;
	void *mapping;
	int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		good = good && pages[i];
	}
	if (good) {
		mapping = vmap(pages, ARRAY_SIZE(pages), VM_MAP, PAGE_KERNEL);
		good = FILL_AND(vunmap, mapping, sizeof(pages) / sizeof(*pages) * PAGE_SIZE);
	}
	if (good) {
		mapping = vm_map_ram(pages, ARRAY_SIZE(pages), NUMA_NO_NODE);
		good = fill(mapping, ARRAY_SIZE(pages) * PAGE_SIZE);
		if (mapping)
			vm_unmap_ram(mapping, ARRAY_SIZE(pages));
	}
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		if (pages[i])
			__free_page(pages[i]);
	return good;
}

static bool try_pages(void)
{
	unsigned int order;
	unsigned long address;
	struct page *page;
	void *mapping;
	bool good;

	for (order = 0; order <= 5; order++) {
		page = alloc_pages(GFP_KERNEL | (order & 1 ? __GFP_COMP : 0), order);
		if (!page)
			return false;
		good = fill(page_address(page), PAGE_SIZE << order);
		__free_pages(page, order);
		address = __get_free_pages(GFP_KERNEL, order);
		good = good && fill((void *)address, PAGE_SIZE << order);
		if (order & 1)
			playground_free_pages(address, order);
		else
			free_pages(address, order);
		if (!good)
			return false;
	}
	page = alloc_page(GFP_HIGHUSER);
	if (!page)
		return false;
	mapping = kmap_local_page(page);
	good = fill(mapping, PAGE_SIZE);
	kunmap_local(mapping);
	put_page(page);
	address = get_zeroed_page(GFP_KERNEL);
	good = good && fill((void *)address, PAGE_SIZE);
	free_page(address);
	mapping = alloc_pages_exact(5 * PAGE_SIZE, GFP_KERNEL);
	good = good && fill(mapping, 5 * PAGE_SIZE);
	if (mapping)
		free_pages_exact(mapping, 5 * PAGE_SIZE);
	return good;
}

static bool try_fragments(void)
{
	struct page_frag_cache cache = { };	/* has no lock: each call its own */
	bool good = true;
	int i;

	for (i = 0; i < 200 && good; i++)
		good = FILL_AND(page_frag_free, page_frag_alloc(&cache, 1000, GFP_KERNEL), 1000);
	if (cache.va)
		__page_frag_cache_drain(virt_to_head_page(cache.va), cache.pagecnt_bias);
	for (i = 0; i < 200 && good; i++)
		good = FILL_AND(skb_free_frag, netdev_alloc_frag(700), 700);
	return good;
}

static bool try_percpu(void)
{
	u64 __percpu *dynamic = alloc_percpu(u64);
	u8 __percpu *big = __alloc_percpu(1000, 64);
	bool good = dynamic && big;
	int cpu;

	mutex_lock(&static_percpu_mutex);
	for_each_possible_cpu(cpu) {
		good = good && fill(per_cpu_ptr(static_percpu, cpu), 64) &&
		       fill(per_cpu_ptr(dynamic, cpu), 8) &&
		       fill(per_cpu_ptr(big, cpu), 1000);
	}
	mutex_unlock(&static_percpu_mutex);
	if (good) {
		this_cpu_inc(*dynamic);
		this_cpu_add(static_percpu[3], 5);
		this_cpu_write(static_percpu[4], 6);
		get_cpu_ptr(dynamic);
		put_cpu_ptr(dynamic);
	}
	free_percpu(dynamic);
	free_percpu(big);
	return good;
}

static bool try_dma(void)
{
	struct device *dev = &platform->dev;
	struct dma_pool *pool;
	dma_addr_t handle;
	void *memory;
	bool good;

	memory = dma_alloc_coherent(dev, 3 * PAGE_SIZE, &handle, GFP_KERNEL);
	if (!memory)
		return false;
	good = fill(memory, 3 * PAGE_SIZE);
	dma_free_coherent(dev, 3 * PAGE_SIZE, memory, handle);

	pool = dma_pool_create("good_alloc", dev, 120, 8, 0);
	if (!pool)
		return false;
	memory = dma_pool_alloc(pool, GFP_KERNEL, &handle);
	good = good && fill(memory, 120);
	if (memory)
		dma_pool_free(pool, memory, handle);
	memory = dma_pool_zalloc(pool, GFP_KERNEL, &handle);
	good = good && fill(memory, 120);
	if (memory)
		dma_pool_free(pool, memory, handle);
	dma_pool_destroy(pool);

	memory = kmalloc(2000, GFP_KERNEL);
	good = good && fill(memory, 2000);
	handle = dma_map_single(dev, memory, 2000, DMA_BIDIRECTIONAL);
	good = good && !dma_mapping_error(dev, handle);
	if (good)
		dma_unmap_single(dev, handle, 2000, DMA_BIDIRECTIONAL);
	good = good && fill(memory, 2000);
	kfree(memory);
	return good;
}

/* Freed with the device. */
static bool try_devm(void)
{
	static const char text[] = "belongs to the device";
	struct device *dev = &platform->dev;
	struct dma_pool *pool;
	dma_addr_t handle;
	void *memory;

	memory = devm_kmalloc(dev, 90, GFP_KERNEL);
	if (!fill(memory, 90))
		return false;
	memory = devm_krealloc(dev, memory, 900, GFP_KERNEL);
	if (!fill(memory, 900))
		return false;
	devm_kfree(dev, memory);
	pool = dmam_pool_create("good_alloc_devm", dev, 64, 8, 0);
	return fill(devm_kzalloc(dev, 5000, GFP_KERNEL), 5000) &&
	       fill(devm_kcalloc(dev, 5, 50, GFP_KERNEL), 250) &&
	       fill(devm_kmemdup(dev, text, sizeof(text), GFP_KERNEL), sizeof(text)) &&
	       fill(devm_kstrdup(dev, text, GFP_KERNEL), sizeof(text)) &&
	       fill(devm_kasprintf(dev, GFP_KERNEL, "%s!", text), sizeof(text) + 1) &&
	       fill((void *)devm_get_free_pages(dev, GFP_KERNEL, 1), 2 * PAGE_SIZE) &&
	       fill(dmam_alloc_coherent(dev, 1000, &handle, GFP_KERNEL), 1000) &&
	       pool && fill(dma_pool_alloc(pool, GFP_KERNEL, &handle), 64);
}

/* The comparator of a timer that is off: writing back what is there. */
static bool try_mmio(void)
{
	void __iomem *hpet = ioremap(0xfed00000, 1024);
	u32 value;

	if (!hpet)
		return false;
	value = readl(hpet + 0x148);
	writel(value, hpet + 0x148);
	iowrite32(value, hpet + 0x148);
	iounmap(hpet);
	return true;
}

static void free_record(struct rcu_head *rcu)
{
	struct record *record = container_of(rcu, struct record, rcu);

	fill(record->bytes, sizeof(record->bytes));
	kfree(record);
	atomic_inc(&rcu_calls);
}

static bool try_freeing_by_others(void)
{
	struct record *record;
	int i;

	for (i = 0; i < 50; i++) {
		record = kmalloc(sizeof(*record), GFP_KERNEL);
		if (!fill(record, sizeof(*record)))
			return false;
		call_rcu(&record->rcu, free_record);
		record = kmalloc(sizeof(*record), GFP_KERNEL);
		if (!fill(record, sizeof(*record)))
			return false;
		kfree_rcu(record, rcu);
		if (!FILL_AND(playground_kfree, kmalloc(100 + i, GFP_KERNEL), 100 + i) ||
		    !FILL_AND(playground_kfree, kmalloc(20000, GFP_KERNEL), 20000))
			return false;
	}
	if (!FILL_AND(playground_kfree_rcu, kmalloc(300, GFP_KERNEL), 300))
		return false;
	rcu_barrier();
	return atomic_read(&rcu_calls) >= 50;
}

static const struct {
	const char *name;
	bool (*run)(void);
} tries[] = {
	{ "kmalloc", try_kmalloc },
	{ "krealloc", try_krealloc },
	{ "duplicates", try_duplicates },
	{ "caches", try_caches },
	{ "mempools", try_mempools },
	{ "areas", try_areas },
	{ "mapping", try_mapping },
	{ "pages", try_pages },
	{ "fragments", try_fragments },
	{ "percpu", try_percpu },
	{ "dma", try_dma },
	{ "devm", try_devm },
	{ "mmio", try_mmio },
	{ "freeing by others", try_freeing_by_others },
};

static bool try_user(const char __user *user, size_t size)
{
	return FILL_AND(kfree, memdup_user(user, size), size) &&
	       FILL_AND(kfree, memdup_user_nul(user, size), size + 1) &&
	       FILL_AND(kvfree, vmemdup_user(user, size), size);
}

static ssize_t good_alloc_write(struct file *file, const char __user *user,
				size_t size, loff_t *pos)
{
	unsigned int i;

	if (!try_user(user, size)) {
		pr_err("good_alloc: duplicates of user memory failed\n");
		return -EIO;
	}
	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		if (!tries[i].run()) {
			pr_err("good_alloc: %s failed\n", tries[i].name);
			return -EIO;
		}
	}
	return size;
}

static const struct file_operations good_alloc_fops = {
	.owner = THIS_MODULE,
	.write = good_alloc_write,
};

static struct miscdevice good_alloc_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "good_alloc",
	.fops = &good_alloc_fops,
};

static int __init good_alloc_init(void)
{
	const struct platform_device_info info = {
		.name = "good_alloc",
		.id = PLATFORM_DEVID_NONE,
		.dma_mask = DMA_BIT_MASK(32),
	};
	int err;

	platform = platform_device_register_full(&info);
	if (IS_ERR(platform))
		return PTR_ERR(platform);
	err = misc_register(&good_alloc_device);
	if (err)
		platform_device_unregister(platform);
	return err;
}
module_init(good_alloc_init);

static void __exit good_alloc_exit(void)
{
	misc_deregister(&good_alloc_device);
	platform_device_unregister(platform);
	rcu_barrier();
}
module_exit(good_alloc_exit);

MODULE_DESCRIPTION("A driver that allocates in every way, to test chariot");
MODULE_LICENSE("GPL");
