// SPDX-License-Identifier: GPL-2.0
/* Disks of the driver under test: one of requests, and one of bios. */
#include <linux/bio.h>
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/module.h>
#include <linux/pagemap.h>

#include "compat/driver.h"
#include "driver_parts.h"

#define SECTORS		256
#define MOST_SECTORS	16	/* of a request: more is split */

static struct kunit_block block;
static struct blk_mq_tag_set tags;
static struct bio_set bios;
static int major;

static blk_status_t queue_rq(struct blk_mq_hw_ctx *hctx, const struct blk_mq_queue_data *bd)
{
	blk_mq_start_request(bd->rq);
	if (block.during_request)
		block.during_request(bd->rq);
	blk_mq_end_request(bd->rq, BLK_STS_OK);
	return BLK_STS_OK;
}

static const struct blk_mq_ops ops = { .queue_rq = queue_rq };

static void submit(struct bio *bio)
{
	if (block.during_bio)
		block.during_bio(bio);
	bio_endio(bio);
}

static int __maybe_unused read_page(struct block_device *bdev, sector_t sector,
				    struct page *page, enum req_op op)
{
	if (block.during_page)
		block.during_page(page);
	kunit_page_ends(page, op_is_write(op));
	return 0;
}

static const struct block_device_operations request_fops = { .owner = THIS_MODULE };
static const struct block_device_operations bio_fops = {
	.owner = THIS_MODULE, .submit_bio = submit, KUNIT_RW_PAGE(read_page)
};

/* A bio of the driver's own, with a few bytes of its own before it. */
static struct bio *get_bio(void)
{
	return bio_alloc_bioset(NULL, 2, REQ_OP_READ, GFP_KERNEL, &bios);
}

static void put_bio(struct bio *bio)
{
	bio_put(bio);
}

static int add(struct gendisk *disk, int minor, const struct block_device_operations *fops)
{
	disk->major = major;
	disk->first_minor = minor;
	disk->minors = 1;
	disk->flags |= GENHD_FL_NO_PART;
	disk->fops = fops;
	snprintf(disk->disk_name, sizeof(disk->disk_name), "kunit%d", minor);
	set_capacity(disk, SECTORS);
	return add_disk(disk);
}

static void end_disk(struct gendisk **disk, bool added)
{
	if (added)
		del_gendisk(*disk);
	put_disk(*disk);
	*disk = NULL;
}

static int begin_request_disk(void)
{
	int ret = blk_mq_alloc_tag_set(&tags);

	if (ret)
		return ret;
	block.request_disk = kunit_alloc_request_disk(&tags, MOST_SECTORS);
	ret = PTR_ERR_OR_ZERO(block.request_disk);
	if (ret)
		goto err_tags;
	ret = add(block.request_disk, 0, &request_fops);
	if (!ret)
		return 0;
	end_disk(&block.request_disk, false);
err_tags:
	blk_mq_free_tag_set(&tags);
	return ret;
}

static int begin_bio_disk(void)
{
	int ret;

	block.bio_disk = kunit_alloc_bio_disk(MOST_SECTORS);
	if (!block.bio_disk)
		return -ENOMEM;
	ret = add(block.bio_disk, 1, &bio_fops);
	if (ret)
		end_disk(&block.bio_disk, false);
	return ret;
}

static void end_request_disk(void)
{
	end_disk(&block.request_disk, true);
	blk_mq_free_tag_set(&tags);
}

static int begin(void)
{
	int ret;

	tags = (struct blk_mq_tag_set){
		.ops = &ops, .nr_hw_queues = 1, .queue_depth = 8,
		.numa_node = NUMA_NO_NODE, .cmd_size = 24, .flags = BLK_MQ_F_SHOULD_MERGE,
	};
	ret = bioset_init(&bios, 4, 32, BIOSET_NEED_BVECS);
	if (ret)
		return ret;
	major = register_blkdev(0, "chariot-kunit");
	ret = major < 0 ? major : begin_request_disk();
	if (ret)
		goto err_major;
	ret = begin_bio_disk();
	if (!ret)
		return 0;
	end_request_disk();
err_major:
	if (major > 0)
		unregister_blkdev(major, "chariot-kunit");
	bioset_exit(&bios);
	return ret;
}

static void end(void)
{
	end_disk(&block.bio_disk, true);
	end_request_disk();
	unregister_blkdev(major, "chariot-kunit");
	bioset_exit(&bios);
}

static struct kunit_block block = {
	.begin = begin, .end = end, .get_bio = get_bio, .put_bio = put_bio, .front = 32,
	.payload = 24, .most_bytes = MOST_SECTORS << SECTOR_SHIFT,
};

struct kunit_block *const driver_block = &block;
