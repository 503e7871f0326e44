// SPDX-License-Identifier: GPL-2.0-only
/* A block driver that strays: a disk in memory. Runs in the guest's kernel. */
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#include "../compat/disk.h"
#include "sweep.h"

#define DISK_BYTES	(256UL << 10)

static struct blk_mq_tag_set tags;
static struct gendisk *disk;
static u8 *storage;
static int major;

static blk_status_t sweep_queue(struct blk_mq_hw_ctx *hctx,
				const struct blk_mq_queue_data *data)
{
	struct request *rq = data->rq;
	u8 *at = storage + (blk_rq_pos(rq) << SECTOR_SHIFT);
	struct req_iterator i;
	struct bio_vec v;
	void *page;

	blk_mq_start_request(rq);
	rq_for_each_segment(v, rq, i) {
		page = kmap_local_page(v.bv_page);
		if (rq_data_dir(rq) == WRITE)
			memcpy(at, page + v.bv_offset, v.bv_len);
		else
			memcpy(page + v.bv_offset, at, v.bv_len);
		kunmap_local(page);
		at += v.bv_len;
	}
	blk_mq_end_request(rq, BLK_STS_OK);
	return BLK_STS_OK;
}

static const struct blk_mq_ops queue_operations = {
	.queue_rq = sweep_queue,
};

static const struct block_device_operations operations = {
	.owner = THIS_MODULE,
};

static int add_disk_of(void)
{
	int ret;

	disk = alloc_disk_of(&tags);
	if (IS_ERR(disk))
		return PTR_ERR(disk);
	disk->major = major;
	disk->first_minor = 0;
	disk->minors = 1;
	disk->fops = &operations;
	strscpy(disk->disk_name, "sweepdisk", sizeof(disk->disk_name));
	set_capacity(disk, DISK_BYTES >> SECTOR_SHIFT);
	ret = add_disk(disk);
	if (ret) {
		put_disk(disk);
		disk = NULL;
	}
	return ret;
}

static void end(void)
{
	if (!IS_ERR_OR_NULL(disk)) {
		del_gendisk(disk);
		put_disk(disk);
	}
	if (tags.ops)
		blk_mq_free_tag_set(&tags);
	if (major > 0)
		unregister_blkdev(major, "sweepdisk");
	vfree(storage);
}

static int __init sweep_block_init(void)
{
	int ret = -ENOMEM;

	storage = vzalloc(DISK_BYTES);
	if (!storage)
		return ret;
	major = register_blkdev(0, "sweepdisk");
	if (major < 0) {
		ret = major;
		goto err;
	}
	tags.ops = &queue_operations;
	tags.nr_hw_queues = 1;
	tags.queue_depth = 16;
	tags.numa_node = NUMA_NO_NODE;
	ret = blk_mq_alloc_tag_set(&tags);
	if (ret) {
		tags.ops = NULL;
		goto err;
	}
	ret = add_disk_of();
	if (!ret)
		ret = sweep_start("sweep_block");
	if (!ret)
		return 0;
err:
	end();
	return ret;
}

static void __exit sweep_block_exit(void)
{
	sweep_stop();
	end();
}

module_init(sweep_block_init);
module_exit(sweep_block_exit);
MODULE_DESCRIPTION("Chariot's test: a block driver that strays");
MODULE_LICENSE("GPL");
