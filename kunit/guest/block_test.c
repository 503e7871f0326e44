// SPDX-License-Identifier: GPL-2.0
/*
 * Disks of a driver: what it may write of a bio and of a request, while they are its to
 * do, and not after that.
 */
#include <linux/bio.h>
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/part_stat.h>

#include <chariot/hypercall.h>
#include "alloc.h"
#include "chariot.h"
#include "world.h"

#define PAGES	4

/* What was found while a request or a bio was the driver's to do. */
static struct {
	struct chariot_driver *d;
	struct page *pages[PAGES];
	unsigned int calls;
	bool data[PAGES];	/* may be written */
	bool behind;		/* so may what is behind a request's own bytes */
	bool member, other;	/* one that drivers write, and one that they don't */
	bool payload;
	void *object;		/* the last one */
} seen;

static bool may_write(const void *va, size_t size)
{
	unsigned long bad;

	return chariot_can_write(seen.d, va, size, &bad);
}

static bool settles(const void *va, size_t size)
{
	return world_settles(seen.d, va, size);
}

static void look_at_data(void)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		seen.data[i] |= may_write(page_address(seen.pages[i]), PAGE_SIZE);
	seen.calls++;
}

static void during_request(struct request *rq)
{
	look_at_data();
	seen.object = rq;
	seen.member = settles(&rq->timeout, sizeof(rq->timeout));
	seen.other = settles(&rq->q, sizeof(rq->q));
	seen.payload = settles(blk_mq_rq_to_pdu(rq), 24);
	seen.behind = settles(blk_mq_rq_to_pdu(rq) + 24, 8);
}

static void during_bio(struct bio *bio)
{
	look_at_data();
	seen.object = bio;
	seen.member = settles(&bio->bi_status, sizeof(bio->bi_status));
	seen.other = settles(&bio->bi_io_vec, sizeof(bio->bi_io_vec));
}

static void during_page(struct page *page)
{
	seen.calls++;
	seen.data[0] = may_write(page_address(page), PAGE_SIZE);
}

/* --- the driver and its disks ------------------------------------------------------------ */

static struct kunit_block *block;

static int block_init(struct kunit *test)
{
	unsigned int i;
	int ret = world_init(test);
	struct world_driver w;

	if (ret)
		return ret;
	block = NULL;
	memset(&seen, 0, sizeof(seen));
	w = world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_BYTE);
	for (i = 0; i < PAGES; i++) {
		seen.pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		KUNIT_ASSERT_NOT_NULL(test, seen.pages[i]);
	}
	seen.d = w.chariot;
	KUNIT_ASSERT_EQ(test, 0, w.calls->block->begin());
	block = w.calls->block;
	block->during_request = during_request;
	block->during_bio = during_bio;
	block->during_page = during_page;
	return 0;
}

static void block_exit(struct kunit *test)
{
	unsigned int i;

	if (block)
		block->end();
	if (seen.d)
		KUNIT_EXPECT_EQ(test, 0ll, (long long)atomic64_read(&seen.d->violations));
	for (i = 0; i < PAGES; i++)
		if (seen.pages[i])
			__free_page(seen.pages[i]);
	world_exit(test);
}

static void do_bio(struct kunit *test, struct gendisk *disk, enum req_op op,
		   unsigned int pages)
{
	struct bio *bio = bio_alloc(disk->part0, PAGES, op | REQ_SYNC, GFP_KERNEL);
	unsigned int i;

	for (i = 0; i < pages; i++)
		KUNIT_EXPECT_EQ(test, (int)PAGE_SIZE,
				bio_add_page(bio, seen.pages[i], PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, 0, submit_bio_wait(bio));
	/* All of it has come to an end. */
	for (i = 0; i < PAGES; i++)
		KUNIT_EXPECT_FALSE(test, world_writable(test, seen.d,
							page_address(seen.pages[i]), 1));
	KUNIT_EXPECT_FALSE(test, settles(page_address(seen.pages[0]), 8));
	if (seen.object == bio)
		KUNIT_EXPECT_FALSE(test, settles(&bio->bi_status, sizeof(bio->bi_status)));
	bio_put(bio);
	world_expect_agreed(test, seen.d);
}

/* --- tests ------------------------------------------------------------------------------- */

static void test_request_reads(struct kunit *test)
{
	do_bio(test, block->request_disk, REQ_OP_READ, 2);
	KUNIT_EXPECT_EQ(test, seen.calls, 1u);
	KUNIT_EXPECT_TRUE(test, seen.data[0] && seen.data[1]);
	KUNIT_EXPECT_FALSE(test, seen.data[2] || seen.data[3]);
	KUNIT_EXPECT_TRUE(test, seen.member);
	KUNIT_EXPECT_FALSE(test, seen.other);
	KUNIT_EXPECT_TRUE(test, seen.payload);
	KUNIT_EXPECT_FALSE(test, seen.behind);
}

/* What is to be written, the driver only reads. */
static void test_request_writes(struct kunit *test)
{
	do_bio(test, block->request_disk, REQ_OP_WRITE, 2);
	KUNIT_EXPECT_EQ(test, seen.calls, 1u);
	KUNIT_EXPECT_FALSE(test, seen.data[0] || seen.data[1]);
	KUNIT_EXPECT_TRUE(test, seen.member);
	KUNIT_EXPECT_TRUE(test, seen.payload);
}

static void test_request_flush(struct kunit *test)
{
	do_bio(test, block->request_disk, REQ_OP_WRITE | REQ_PREFLUSH, 0);
	KUNIT_EXPECT_EQ(test, seen.calls, 1u);
	KUNIT_EXPECT_TRUE(test, seen.member);
	KUNIT_EXPECT_FALSE(test, seen.data[0]);
}

/* In parts, each of which is its own for a time. */
static void test_split(struct kunit *test)
{
	do_bio(test, block->request_disk, REQ_OP_READ, PAGES);
	KUNIT_EXPECT_EQ(test, seen.calls,
			(u32)(PAGES * PAGE_SIZE / block->most_bytes));
	KUNIT_EXPECT_TRUE(test, seen.data[0] && seen.data[1]);
	KUNIT_EXPECT_TRUE(test, seen.data[2] && seen.data[3]);
}

static void test_bio_reads(struct kunit *test)
{
	do_bio(test, block->bio_disk, REQ_OP_READ, 2);
	KUNIT_EXPECT_EQ(test, seen.calls, 1u);
	KUNIT_EXPECT_TRUE(test, seen.data[0] && seen.data[1]);
	KUNIT_EXPECT_FALSE(test, seen.data[2]);
	KUNIT_EXPECT_TRUE(test, seen.member);
	KUNIT_EXPECT_FALSE(test, seen.other);
}

static void test_bio_writes(struct kunit *test)
{
	do_bio(test, block->bio_disk, REQ_OP_WRITE, 2);
	KUNIT_EXPECT_EQ(test, seen.calls, 1u);
	KUNIT_EXPECT_FALSE(test, seen.data[0] || seen.data[1]);
	KUNIT_EXPECT_TRUE(test, seen.member);
}

/* bdev_read_page() */
typedef int read_page_fn(struct block_device *bdev, sector_t sector, struct page *page);

/* Without a bio. */
static void test_page_reads(struct kunit *test)
{
	read_page_fn *read = (void *)chariot_symbol("bdev_read_page");

	if (!read)
		kunit_skip(test, "this kernel reads no page without a bio");
	lock_page(seen.pages[0]);
	KUNIT_ASSERT_EQ(test, 0, read(block->bio_disk->part0, 0, seen.pages[0]));
	KUNIT_EXPECT_EQ(test, seen.calls, 1u);
	KUNIT_EXPECT_TRUE(test, seen.data[0]);
	KUNIT_EXPECT_FALSE(test, world_writable(test, seen.d,
						page_address(seen.pages[0]), 1));
	world_expect_agreed(test, seen.d);
}

/* A bio that it has got itself, with its vectors and with what is before it. */
static void test_own_bio(struct kunit *test)
{
	struct bio *bio = block->get_bio();
	void *front = (void *)bio - block->front;

	KUNIT_ASSERT_NOT_NULL(test, bio);
	KUNIT_EXPECT_TRUE(test, world_writable(test, seen.d, front,
					       block->front + sizeof(*bio)));
	KUNIT_EXPECT_TRUE(test, world_writable(test, seen.d, bio->bi_io_vec,
					       2 * sizeof(struct bio_vec)));
	block->put_bio(bio);
	KUNIT_EXPECT_FALSE(test, world_writable(test, seen.d, bio, 8));
	world_expect_agreed(test, seen.d);
}

/* The disk is its own to set up. */
static void test_disk(struct kunit *test)
{
	struct gendisk *disk = block->request_disk;
	struct disk_stats *stats = per_cpu_ptr(disk->part0->bd_stats, 0);

	KUNIT_EXPECT_TRUE(test, world_writable(test, seen.d, disk, sizeof(*disk)));
	KUNIT_EXPECT_TRUE(test, world_writable(test, seen.d, &disk->queue->queuedata, 8));
	KUNIT_EXPECT_FALSE(test, world_writable(test, seen.d, &disk->queue->mq_ops, 8));
	KUNIT_EXPECT_TRUE(test, world_writable(test, seen.d, stats, sizeof(*stats)));
}

/* When the driver ends, so does what was its own of them. */
static void test_goes_in_between(struct kunit *test)
{
	do_bio(test, block->request_disk, REQ_OP_READ, 1);
	block->end();
	block = NULL;
	KUNIT_EXPECT_EQ(test, 0, world_unload());
	seen.d = NULL;
	world_expect_empty(test);
}

static struct kunit_case block_cases[] = {
	KUNIT_CASE(test_request_reads),
	KUNIT_CASE(test_request_writes),
	KUNIT_CASE(test_request_flush),
	KUNIT_CASE(test_split),
	KUNIT_CASE(test_bio_reads),
	KUNIT_CASE(test_bio_writes),
	KUNIT_CASE(test_page_reads),
	KUNIT_CASE(test_own_bio),
	KUNIT_CASE(test_disk),
	KUNIT_CASE(test_goes_in_between),
	{ }
};

struct kunit_suite guest_block_suite = {
	.name = "chariot_guest_block",
	.init = block_init,
	.exit = block_exit,
	.test_cases = block_cases,
};
