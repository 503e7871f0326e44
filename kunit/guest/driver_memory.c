// SPDX-License-Identifier: GPL-2.0
/* The ways to memory that need no device. */
#include <linux/bitmap.h>
#include <linux/kfifo.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/pagemap.h>
#include <linux/parser.h>
#include <linux/percpu.h>
#include <linux/percpu-refcount.h>
#include <linux/percpu-rwsem.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <net/netlink.h>
#include <net/sock.h>

#include "compat/driver.h"
#include "driver_parts.h"

static struct kmem_cache *cache, *made_cache, *usercopy_cache;
static mempool_t *pool, *kmalloc_pool, *page_pool;
struct socket *driver_socket;
static void *table_page;

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

/* In place */
static void *get_krealloc_less(size_t size)
{
	void *p = kmalloc(size + 200, GFP_KERNEL);

	return p ? krealloc(p, size, GFP_KERNEL) : NULL;
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
	return kmemdup(driver_text, size, GFP_KERNEL);
}

static void *get_kstrdup(size_t size)
{
	return kstrdup(driver_text, GFP_KERNEL);
}

static void *get_kasprintf(size_t size)
{
	return kasprintf(GFP_KERNEL, "%*s", (int)size - 1, driver_text);
}

static void *get_kstrndup(size_t size)
{
	return kstrndup(driver_text, size - 1, GFP_KERNEL);
}

static void *get_kmemdup_nul(size_t size)
{
	return kmemdup_nul(driver_text, size - 1, GFP_KERNEL);
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

static void *get_kvrealloc(size_t size)
{
	void *p = kvmalloc(8, GFP_KERNEL);
	void *q = p ? kunit_kvrealloc(p, 8, size, GFP_KERNEL) : NULL;

	if (!q)
		kvfree(p);
	return q;
}

static void *get_kmalloc_node_constant(size_t size)
{
	return kmalloc_node(200, GFP_KERNEL, 0);
}

static void *get_track_caller(size_t size)
{
	return kmalloc_track_caller(size, GFP_KERNEL);
}

static void *get_cache_node(size_t size)
{
	return kmem_cache_alloc_node(cache, GFP_KERNEL, 0);
}

static void *get_cache_lru(size_t size)
{
	return kmem_cache_alloc_lru(cache, NULL, GFP_KERNEL);
}

static void *get_usercopy(size_t size)
{
	return kmem_cache_alloc(usercopy_cache, GFP_KERNEL);
}

static void put_usercopy(void *p, size_t size)
{
	kmem_cache_free(usercopy_cache, p);
}

static void *get_kmalloc_pool(size_t size)
{
	return mempool_alloc(kmalloc_pool, GFP_KERNEL);
}

static void put_kmalloc_pool(void *p, size_t size)
{
	mempool_free(p, kmalloc_pool);
}

static void *get_page_pool(size_t size)
{
	struct page *page = mempool_alloc(page_pool, GFP_KERNEL);

	return page ? page_address(page) : NULL;
}

static void put_page_pool(void *p, size_t size)
{
	mempool_free(virt_to_page(p), page_pool);
}

static void *get_vmalloc_32_user(size_t size)
{
	return vmalloc_32_user(size);
}

static void *get_vmalloc_huge(size_t size)
{
	return vmalloc_huge(size, GFP_KERNEL);
}

static void *get_vmalloc_array(size_t size)
{
	return vmalloc_array(size / 8, 8);
}

static void *get_vmalloc_array_gfp(size_t size)
{
	return __vmalloc_array(size / 8, 8, GFP_KERNEL);
}

static void *get_vcalloc_gfp(size_t size)
{
	return __vcalloc(size / 8, 8, GFP_KERNEL);
}

static void *get_map_ram(size_t size)
{
	struct page *page = alloc_page(GFP_KERNEL);
	void *p = page ? vm_map_ram(&page, 1, 0) : NULL;

	if (page && !p)
		__free_page(page);
	return p;
}

static void put_map_ram(void *p, size_t size)
{
	struct page *page = vmalloc_to_page(p);

	vm_unmap_ram(p, 1);
	__free_page(page);
}

static void *get_pages_nodemask(size_t size)
{
	struct page *page = __alloc_pages(GFP_KERNEL, get_order(size), 0, NULL);

	return page ? page_address(page) : NULL;
}

static void *get_folio_nodemask(size_t size)
{
	struct folio *folio = __folio_alloc(GFP_KERNEL, get_order(size), 0, NULL);

	return folio ? folio_address(folio) : NULL;
}

static void *get_filemap_folio(size_t size)
{
	struct folio *folio = filemap_alloc_folio(GFP_KERNEL, get_order(size));

	return folio ? folio_address(folio) : NULL;
}

static struct vm_area_struct no_area;

static void *get_vma_folio(size_t size)
{
	struct folio *folio = vma_alloc_folio(GFP_KERNEL, get_order(size), &no_area, 0,
					      false);

	return folio ? folio_address(folio) : NULL;
}

static void *get_page_list(size_t size)
{
	struct page *page;
	LIST_HEAD(pages);

	if (alloc_pages_bulk_list(GFP_KERNEL, 1, &pages) != 1)
		return NULL;
	page = list_first_entry(&pages, struct page, lru);
	list_del(&page->lru);
	return page_address(page);
}

static void *get_percpu(size_t size)
{
	return first_of(__alloc_percpu(size, 8));
}

static void *get_percpu_gfp(size_t size)
{
	return first_of(__alloc_percpu_gfp(size, 8, GFP_KERNEL));
}

static void put_percpu(void *p, size_t size)
{
	free_percpu(percpu_of(p));
}

static struct percpu_ref ref;

static void released(struct percpu_ref *r)
{
}

static void *get_percpu_ref(size_t size)
{
	if (percpu_ref_init(&ref, released, 0, GFP_KERNEL))
		return NULL;
	return first_of((void __percpu *)(ref.percpu_count_ptr & ~3ul));
}

static void put_percpu_ref(void *p, size_t size)
{
	percpu_ref_exit(&ref);
}

static struct percpu_rw_semaphore rwsem;

static void *get_percpu_rwsem(size_t size)
{
	return percpu_init_rwsem(&rwsem) ? NULL : first_of(rwsem.read_count);
}

static void put_percpu_rwsem(void *p, size_t size)
{
	percpu_free_rwsem(&rwsem);
}

static struct sg_table table;

static void *get_sg_table(size_t size)
{
	return sg_alloc_table(&table, size / sizeof(struct scatterlist), GFP_KERNEL) ?
	       NULL : table.sgl;
}

static void *get_sg_table_of_pages(size_t size)
{
	struct page *page = virt_to_page(table_page);

	return sg_alloc_table_from_pages(&table, &page, 1, 0, PAGE_SIZE, GFP_KERNEL) ?
	       NULL : table.sgl;
}

static void put_sg_table(void *p, size_t size)
{
	sg_free_table(&table);
}

static void *get_sgl_order(size_t size)
{
	list = sgl_alloc_order(size, 1, true, GFP_KERNEL, &list_count);
	return list ? sg_virt(list) : NULL;
}

static void put_sgl_order(void *p, size_t size)
{
	sgl_free_order(list, 1);
}

static __printf(1, 2) char *print_new(const char *format, ...)
{
	va_list args;
	char *p;

	va_start(args, format);
	p = kvasprintf(GFP_KERNEL, format, args);
	va_end(args);
	return p;
}

static void *get_kvasprintf(size_t size)
{
	return print_new("%*s", (int)size - 1, driver_text);
}

static void *get_match_strdup(size_t size)
{
	const substring_t s = { driver_text, driver_text + size - 1 };

	return match_strdup(&s);
}

static void *get_nla_strdup(size_t size)
{
	static struct {
		struct nlattr attribute;
		char text[32];
	} a;

	strscpy(a.text, driver_text, sizeof(a.text));
	a.attribute.nla_len = NLA_HDRLEN + size - 1;
	return nla_strdup(&a.attribute, GFP_KERNEL);
}

static void *unless_error(void *p)
{
	return IS_ERR(p) ? NULL : p;
}

static void *get_memdup_user(size_t size)
{
	return unless_error(memdup_user((void __user *)driver_user, size));
}

static void *get_memdup_user_nul(size_t size)
{
	return unless_error(memdup_user_nul((void __user *)driver_user, size - 1));
}

static void *get_vmemdup_user(size_t size)
{
	return unless_error(vmemdup_user((void __user *)driver_user, size));
}

static void *get_strndup_user(size_t size)
{
	return unless_error(strndup_user((void __user *)driver_user, size + 10));
}

static void *get_bitmap_alloc(size_t size)
{
	return bitmap_alloc(size * BITS_PER_BYTE, GFP_KERNEL);
}

static void *get_bitmap_node(size_t size)
{
	return bitmap_alloc_node(size * BITS_PER_BYTE, GFP_KERNEL, 0);
}

static void *get_bitmap_zeroed_node(size_t size)
{
	return bitmap_zalloc_node(size * BITS_PER_BYTE, GFP_KERNEL, 0);
}

static struct kfifo fifo;

static void *get_kfifo(size_t size)
{
	return kfifo_alloc(&fifo, size, GFP_KERNEL) ? NULL : fifo.kfifo.data;
}

static void put_kfifo(void *p, size_t size)
{
	kfifo_free(&fifo);
}

static void *get_sock(size_t size)
{
	return sock_kmalloc(driver_socket->sk, size, GFP_KERNEL);
}

static void put_sock(void *p, size_t size)
{
	sock_kfree_s(driver_socket->sk, p, size);
}

const struct kunit_family driver_families[] = {
	{ "kmalloc", "kmalloc", 100, get_kmalloc, put_kfree, true },
	{ "kmalloc_small", "kmalloc", 1, get_kmalloc, put_kfree, true },
	{ "kmalloc_largest_slab", "kmalloc", 8000, get_kmalloc, put_kfree, true },
	{ "kmalloc_large", "kmalloc", 20000, get_kmalloc, put_kfree },
	{ "kmalloc_constant", "kmalloc", 200, get_kmalloc_constant, put_kfree, true },
	{ "kmalloc_node", "kmalloc_node", 300, get_kmalloc_node, put_kfree, true },
	{ "kmalloc_atomic", "kmalloc", 64, get_kmalloc_atomic, put_kfree, true },
	{ "krealloc_less", "kmalloc", 700, get_krealloc_less, put_kfree, true },
	{ "krealloc", "krealloc", 700, get_krealloc, put_kfree, true },
	{ "kmemdup", "kmemdup", 40, get_kmemdup, put_kfree, true },
	{ "kstrdup", "kstrdup", DRIVER_TEXT_SIZE, get_kstrdup, put_kfree, true },
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
	{ "sgl_alloc", "sgl_alloc", PAGE_SIZE, get_sgl, put_sgl },
	{ "kvrealloc", "kvrealloc", 900, get_kvrealloc, put_kvfree, true },
	{ "kvrealloc_large", "kvrealloc", 100000, get_kvrealloc, put_kvfree },
	{ "kmalloc_node_large", "kmalloc_node", 20000, get_kmalloc_node, put_kfree },
	{ "kmalloc_node_constant", "kmalloc_node", 200, get_kmalloc_node_constant,
	  put_kfree, true },
	{ "kmalloc_track_caller", "kmalloc", 70, get_track_caller, put_kfree, true, true },
	{ "kmem_cache_node", "kmem_cache_alloc_node", 120, get_cache_node, put_cache,
	  true },
	{ "kmem_cache_lru", "kmem_cache_alloc_lru", 120, get_cache_lru, put_cache, true },
	{ "kmem_cache_usercopy", "kmem_cache_alloc", 88, get_usercopy, put_usercopy,
	  true },
	{ "mempool_kmalloc", "mempool", 100, get_kmalloc_pool, put_kmalloc_pool, true,
	  true },
	{ "mempool_pages", "mempool", PAGE_SIZE, get_page_pool, put_page_pool, false,
	  true },
	{ "vmalloc_32_user", "vmalloc_32_user", 6000, get_vmalloc_32_user, put_vfree },
	{ "vmalloc_huge", "vmalloc_huge", 6000, get_vmalloc_huge, put_vfree },
	{ "vmalloc_array", "vmalloc_array", 8000, get_vmalloc_array, put_vfree },
	{ "vmalloc_array_gfp", "vmalloc_array", 8000, get_vmalloc_array_gfp, put_vfree },
	{ "vcalloc_gfp", "vcalloc", 8000, get_vcalloc_gfp, put_vfree },
	{ "vm_map_ram", "vm_map_ram", PAGE_SIZE, get_map_ram, put_map_ram },
	{ "alloc_pages_nodemask", "alloc_pages", 2 * PAGE_SIZE, get_pages_nodemask,
	  put_pages },
	{ "folio_alloc_nodemask", "folio_alloc", 2 * PAGE_SIZE, get_folio_nodemask,
	  put_reference },
	{ "filemap_alloc_folio", "filemap_alloc_folio", PAGE_SIZE, get_filemap_folio,
	  put_reference },
	{ "vma_alloc_folio", "vma_alloc_folio", PAGE_SIZE, get_vma_folio, put_reference },
	{ "alloc_pages_bulk_list", "alloc_pages_bulk", PAGE_SIZE, get_page_list,
	  put_pages },
	{ "percpu", "alloc_percpu", 64, get_percpu, put_percpu },
	{ "percpu_gfp", "alloc_percpu", 40, get_percpu_gfp, put_percpu },
	{ "percpu_ref", "percpu_ref", 8, get_percpu_ref, put_percpu_ref },
	{ "percpu_rwsem", "percpu_rwsem", 4, get_percpu_rwsem, put_percpu_rwsem },
	{ "sg_alloc_table", "sg_alloc_table", 8 * sizeof(struct scatterlist),
	  get_sg_table, put_sg_table, true },
	{ "sg_alloc_table_page", "sg_alloc_table", PAGE_SIZE, get_sg_table,
	  put_sg_table },
	{ "sg_alloc_table_from_pages", "sg_alloc_table", sizeof(struct scatterlist),
	  get_sg_table_of_pages, put_sg_table, true },
	{ "sgl_alloc_order", "sgl_alloc", 2 * PAGE_SIZE, get_sgl_order, put_sgl_order },
	{ "kvasprintf", "kasprintf", 90, get_kvasprintf, put_kfree, true },
	{ "match_strdup", "match_strdup", 20, get_match_strdup, put_kfree, true },
	{ "nla_strdup", "nla_strdup", 20, get_nla_strdup, put_kfree, true },
	{ "memdup_user", "memdup_user", 50, get_memdup_user, put_kfree, true },
	{ "memdup_user_nul", "memdup_user_nul", 51, get_memdup_user_nul, put_kfree, true },
	{ "vmemdup_user", "vmemdup_user", 60, get_vmemdup_user, put_kvfree, true },
	{ "strndup_user", "strndup_user", DRIVER_USER_TEXT + 1, get_strndup_user,
	  put_kfree, true },
	{ "bitmap_alloc", "bitmap_alloc", 64, get_bitmap_alloc, put_bitmap, true },
	{ "bitmap_alloc_node", "bitmap_alloc", 64, get_bitmap_node, put_bitmap, true },
	{ "bitmap_zalloc_node", "bitmap_zalloc", 64, get_bitmap_zeroed_node, put_bitmap,
	  true },
	{ "kfifo", "kfifo_alloc", 256, get_kfifo, put_kfifo, true },
	{ "sock_kmalloc", "sock_kmalloc", 100, get_sock, put_sock },
};

const size_t driver_nr_families = ARRAY_SIZE(driver_families);

/* --- where they come from -------------------------------------------------------------------- */

static void made(void *object)
{
	memset(object, 0x5a, 72);
}

void driver_memory_end(void)
{
	if (driver_socket)
		sock_release(driver_socket);
	free_page((unsigned long)table_page);
	mempool_destroy(page_pool);
	mempool_destroy(kmalloc_pool);
	mempool_destroy(pool);
	kmem_cache_destroy(usercopy_cache);
	kmem_cache_destroy(made_cache);
	kmem_cache_destroy(cache);
}

static bool caches_begin(void)
{
	cache = kmem_cache_create("kunit_driver", 120, 0, 0, NULL);
	made_cache = kmem_cache_create("kunit_driver_made", 72, 0, 0, made);
	usercopy_cache = kmem_cache_create_usercopy("kunit_driver_usercopy", 88, 0, 0, 8,
						    16, NULL);
	if (!cache || !made_cache || !usercopy_cache)
		return false;
	pool = mempool_create_slab_pool(2, cache);
	kmalloc_pool = mempool_create_kmalloc_pool(2, 100);
	page_pool = mempool_create_page_pool(2, 0);
	return pool && kmalloc_pool && page_pool;
}

int driver_memory_begin(void)
{
	if (!caches_begin())
		goto err;
	table_page = (void *)get_zeroed_page(GFP_KERNEL);
	if (!table_page || sock_create_kern(&init_net, AF_UNIX, SOCK_DGRAM, 0, &driver_socket))
		goto err;
	return 0;
err:
	driver_memory_end();
	return -ENOMEM;
}
