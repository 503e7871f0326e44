/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernels in what the driver under test calls.
 */
#ifndef CHARIOT_KUNIT_COMPAT_DRIVER_H
#define CHARIOT_KUNIT_COMPAT_DRIVER_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/version.h>

/* Linux 6.6 split net/page_pool.h in two. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#include <net/page_pool/helpers.h>
#else
#include <net/page_pool.h>
#endif

/* ... and lets fragments be taken of any pool. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define KUNIT_POOL_OF_FRAGMENTS	0
#else
#define KUNIT_POOL_OF_FRAGMENTS	PP_FLAG_PAGE_FRAG
#endif

/* Linux 6.9 takes a disk's limits when it is made, 6.11 its write cache, too. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
static inline struct gendisk *kunit_alloc_request_disk(struct blk_mq_tag_set *tags,
						       unsigned int sectors)
{
	struct queue_limits limits = {
		.max_hw_sectors = sectors, .features = BLK_FEAT_WRITE_CACHE,
	};

	return blk_mq_alloc_disk(tags, &limits, NULL);
}

static inline struct gendisk *kunit_alloc_bio_disk(unsigned int sectors)
{
	struct queue_limits limits = { .max_hw_sectors = sectors };
	struct gendisk *disk = blk_alloc_disk(&limits, NUMA_NO_NODE);

	return IS_ERR(disk) ? NULL : disk;
}
#else
static inline struct gendisk *kunit_alloc_request_disk(struct blk_mq_tag_set *tags,
						       unsigned int sectors)
{
	struct gendisk *disk = blk_mq_alloc_disk(tags, NULL);

	if (!IS_ERR(disk)) {
		blk_queue_max_hw_sectors(disk->queue, sectors);
		blk_queue_write_cache(disk->queue, true, false);
	}
	return disk;
}

static inline struct gendisk *kunit_alloc_bio_disk(unsigned int sectors)
{
	struct gendisk *disk = blk_alloc_disk(NUMA_NO_NODE);

	if (disk)
		blk_queue_max_hw_sectors(disk->queue, sectors);
	return disk;
}
#endif

/* Linux 6.6 has no disks any more that read a page without a bio. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define KUNIT_RW_PAGE(fn)
static inline void kunit_page_ends(struct page *page, bool is_write)
{
}
#else
#define KUNIT_RW_PAGE(fn)	.rw_page = fn,
#define kunit_page_ends(page, is_write)	page_endio(page, is_write, 0)
#endif

/* Linux 6.5 does not tell the areas any more that pages are in. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#define kunit_get_user_pages(va, n, flags, pages)	get_user_pages(va, n, flags, pages)
#define kunit_pin_user_pages(va, n, flags, pages)	pin_user_pages(va, n, flags, pages)
#define kunit_get_user_pages_remote(mm, va, n, flags, pages)	\
	get_user_pages_remote(mm, va, n, flags, pages, NULL)
#define kunit_pin_user_pages_remote(mm, va, n, flags, pages)	\
	pin_user_pages_remote(mm, va, n, flags, pages, NULL)
#else
#define kunit_get_user_pages(va, n, flags, pages)	\
	get_user_pages(va, n, flags, pages, NULL)
#define kunit_pin_user_pages(va, n, flags, pages)	\
	pin_user_pages(va, n, flags, pages, NULL)
#define kunit_get_user_pages_remote(mm, va, n, flags, pages)	\
	get_user_pages_remote(mm, va, n, flags, pages, NULL, NULL)
#define kunit_pin_user_pages_remote(mm, va, n, flags, pages)	\
	pin_user_pages_remote(mm, va, n, flags, pages, NULL, NULL)
#endif

/* Since Linux 6.3 an iterator's pages can be pinned. */
#define KUNIT_EXTRACTS	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0))

/* Linux 6.12: the old size is known. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define kunit_kvrealloc(p, old, size, gfp)	kvrealloc(p, size, gfp)
#else
#define kunit_kvrealloc(p, old, size, gfp)	kvrealloc(p, old, size, gfp)
#endif

/* Renamed in a stable release of Linux 6.12. */
#ifdef copy_to_nontemporal
#define kunit_copy_uncached	copy_from_user_inatomic_nontemporal
#else
#define kunit_copy_uncached	__copy_from_user_inatomic_nocache
#endif

/* Since Linux 6.4, the inlined copy is judged by the processor alone. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define KUNIT_INLINED(row)
#else
#define KUNIT_INLINED(row)	row
#endif

#endif /* CHARIOT_KUNIT_COMPAT_DRIVER_H */
