// SPDX-License-Identifier: GPL-2.0
/*
 * The rules: what a driver may write beyond its own memory. Each line names an
 * inlined writer of the kernel's headers, or an interface that hands the driver
 * an object to fill. Reviewed line by line against Linux 6.1 and 6.12.
 * Runs in the guest kernel, in any context; trusts no object it looks at.
 */
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/buffer_head.h>
#include <linux/cdev.h>
#include <linux/cred.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/mm_types.h>
#include <linux/mount.h>
#include <linux/netdevice.h>
#include <linux/pid_namespace.h>
#include <linux/platform_device.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>
#include <sound/memalloc.h>
#include <sound/pcm.h>

#include "compat/grants.h"
#include "grant_rules.h"
#include "handed.h"

#define END	{ }

static const void *peek_pointer(const void *const *p)
{
	return (const void *)chariot_peek(p);
}

#define peek_member(object, member) \
	peek_pointer((const void *const *)&(object)->member)

bool chariot_in_module(const struct chariot_driver *d, const void *p)
{
	return p && d->mod &&
	       (chariot_module_contains(d->mod, (unsigned long)p) ||
		chariot_gate_driver((unsigned long)p) == d);
}

/* --- the current task ---------------------------------------------------------- */

const struct chariot_member chariot_task_members[] = {
	/* set_current_state(), __set_current_state() */
	CHARIOT_MEMBER(task_struct, __state),
#ifdef CONFIG_DEBUG_ATOMIC_SLEEP
	CHARIOT_MEMBER(task_struct, task_state_change),
#endif
	/* pagefault_disable(), kmap_atomic() */
	CHARIOT_MEMBER(task_struct, pagefault_disabled),
	/* memalloc_*_save(), current_restore_flags() */
	CHARIOT_MEMBER(task_struct, flags),
#ifdef CONFIG_MEMCG
	/* set_active_memcg() */
	CHARIOT_MEMBER(task_struct, active_memcg),
#endif
	/* set_restart_fn() */
	CHARIOT_MEMBER(task_struct, restart_block.fn),
	/* get_task_struct(current) */
	CHARIOT_MEMBER(task_struct, usage),
	/* a file system's transaction of this task, and what it writes to */
	CHARIOT_MEMBER(task_struct, journal_info),
	CHARIOT_TASK_WRITES_TO
	/* sk_page_frag(), skb_page_frag_refill(): offset moves on */
	CHARIOT_MEMBER(task_struct, task_frag.offset),
#ifdef CONFIG_TASK_IO_ACCOUNTING
	/* task_io_account_read(), _write() */
	CHARIOT_MEMBER(task_struct, ioac),
#endif
	END
};

/* --- objects recognised when a write hits them ---------------------------------- */

/* A file whose operations are the driver's. */
static bool file_belongs(const struct chariot_driver *d, const void *object)
{
	const struct file *file = object;

	return chariot_in_module(d, peek_member(file, f_op));
}

static const struct chariot_member file_members[] = {
	/* open(): file->private_data = ..., and then nonseekable_open() & co. */
	CHARIOT_MEMBER(file, private_data),
	CHARIOT_MEMBER(file, f_pos),
	CHARIOT_MEMBER(file, f_flags),
	CHARIOT_MEMBER(file, f_mode),
	/* replace_fops() */
	CHARIOT_MEMBER(file, f_op),
	/* mmap handlers that share a mapping */
	CHARIOT_MEMBER(file, f_mapping),
	/* iterate_shared() of file systems: where it was */
	CHARIOT_MEMBER(file, f_ra.prev_pos),
	CHARIOT_FILE_VERSION
	END
};

/* get_file(), get_task_struct(), get_cred() take any object of the type. */
static const struct chariot_member file_count[] = {
	CHARIOT_MEMBER(file, f_count),
	END
};

static const struct chariot_member task_count[] = {
	CHARIOT_MEMBER(task_struct, usage),
	END
};

/* A seq_file that shows what the driver says: seq_file.private. */
static bool seq_belongs(const struct chariot_driver *d, const void *object)
{
	const struct seq_file *seq = object;
	const struct seq_operations *op = peek_member(seq, op);
	const struct file *file = peek_member(seq, file);

	if (!op || !file || peek_member(file, private_data) != seq)
		return false;
	/* single_open() makes its own operations, with the driver's show() */
	return chariot_in_module(d, op) || chariot_in_module(d, peek_member(op, show));
}

static const struct chariot_member seq_members[] = {
	CHARIOT_MEMBER(seq_file, private),
	/* next() and start() move *pos, which is this one. */
	CHARIOT_MEMBER(seq_file, index),
	END
};

/* The area that the driver's mmap() sets up. */
static bool vma_belongs(const struct chariot_driver *d, const void *object)
{
	const struct vm_area_struct *vma = object;
	const struct file *file = peek_member(vma, vm_file);

	return file && chariot_in_module(d, peek_member(file, f_op));
}

static const struct chariot_member vma_members[] = {
	CHARIOT_MEMBER(vm_area_struct, vm_ops),
	CHARIOT_MEMBER(vm_area_struct, vm_private_data),
	CHARIOT_MEMBER(vm_area_struct, vm_page_prot),
	CHARIOT_MEMBER(vm_area_struct, vm_pgoff),
	/* vm_flags_set() and its kin */
	CHARIOT_VMA_FLAGS
	CHARIOT_VMA_LOCK
	END
};

/* dev_set_drvdata() on a device that is bound to the driver. */
static bool device_belongs(const struct chariot_driver *d, const void *object)
{
	const struct device *dev = object;
	const struct device_driver *drv = peek_member(dev, driver);

	return chariot_in_module(d, drv) && peek_member(drv, owner) == d->mod &&
	       peek_member(dev, bus) == peek_member(drv, bus);
}

static const struct chariot_member device_members[] = {
	CHARIOT_MEMBER(device, driver_data),
	END
};

/* init_hctx(): hctx->driver_data = ..., of a queue with the driver's operations. */
static bool hctx_belongs(const struct chariot_driver *d, const void *object)
{
	const struct blk_mq_hw_ctx *hctx = object;
	const struct request_queue *q = peek_member(hctx, queue);

	return q && chariot_in_module(d, peek_member(q, mq_ops));
}

static const struct chariot_member hctx_members[] = {
	CHARIOT_MEMBER(blk_mq_hw_ctx, driver_data),
	END
};

/* set_buffer_dirty(), get_bh(), lock_buffer(), map_bh() and their kin */
static const struct chariot_member buffer_members[] = {
	{ "buffer_head", 0, sizeof(struct buffer_head) },
	END
};

const struct chariot_object_rule chariot_object_rules[] = {
	{ .type = "file", .cache = "filp", .belongs = file_belongs,
	  .members = file_members },
	{ .type = "file", .cache = "filp", .members = file_count },
	{ .type = "task_struct", .cache = "task_struct", .members = task_count },
	{ .type = "seq_file", .belongs = seq_belongs, .members = seq_members },
	{ .type = "vm_area_struct", .belongs = vma_belongs,
	  .members = vma_members },
	{ .type = "blk_mq_hw_ctx", .belongs = hctx_belongs,
	  .members = hctx_members },
	{ .type = "buffer_head", .cache = "buffer_head",
	  .belongs = chariot_buffer_belongs, .members = buffer_members },
	{ .type = "device", .embedded = true, .belongs = device_belongs,
	  .members = device_members },
};

const size_t chariot_object_rules_nr = ARRAY_SIZE(chariot_object_rules);

/* --- file systems ------------------------------------------------------------------ */

const struct chariot_member chariot_page_members[] = {
	/* SetPageUptodate(), folio_clear_error() and their kin */
	CHARIOT_MEMBER(page, flags),
	/* get_page(), put_page(), folio_get(), folio_put() */
	CHARIOT_MEMBER(page, _refcount),
	/* attach_page_private(), folio_detach_private() */
	CHARIOT_MEMBER(page, private),
	END
};

/* --- block layer ----------------------------------------------------------------- */

const struct chariot_member chariot_bio_members[] = {
	/* bio_io_error(), bio_wouldblock_error(), bio_set_status */
	CHARIOT_MEMBER(bio, bi_status),
	/* bio_set_flag() in bio_wouldblock_error() */
	CHARIOT_MEMBER(bio, bi_flags),
	/* bio_advance(), bio_advance_iter(); zone append's result */
	CHARIOT_MEMBER(bio, bi_iter),
	/* bio_list_add() and its kin */
	CHARIOT_MEMBER(bio, bi_next),
	/* stacking: bio_set_dev(), own completion */
	CHARIOT_MEMBER(bio, bi_bdev),
	CHARIOT_MEMBER(bio, bi_opf),
	CHARIOT_MEMBER(bio, bi_end_io),
	CHARIOT_MEMBER(bio, bi_private),
	/* bio_inc_remaining(), bio_get() */
	CHARIOT_MEMBER(bio, __bi_remaining),
	CHARIOT_MEMBER(bio, __bi_cnt),
	END
};

const struct chariot_member chariot_request_members[] = {
	/* list_add(&rq->queuelist), rq_list_add(): one union */
	CHARIOT_MEMBER(request, queuelist),
	/* blk_mq_set_request_complete() */
	CHARIOT_MEMBER(request, state),
	/* zone append's result */
	CHARIOT_MEMBER(request, __sector),
	/* discards: rq->special_vec, RQF_SPECIAL_PAYLOAD */
	CHARIOT_MEMBER(request, special_vec),
	CHARIOT_MEMBER(request, rq_flags),
	CHARIOT_MEMBER(request, timeout),
	CHARIOT_MEMBER(request, end_io),
	CHARIOT_MEMBER(request, end_io_data),
	/* req_ref_*() */
	CHARIOT_MEMBER(request, ref),
	END
};

const struct chariot_member chariot_queue_members[] = {
	CHARIOT_MEMBER(request_queue, queuedata),
	/* of a driver that has no tag set, and so no other way to say it */
	CHARIOT_MEMBER(request_queue, nr_requests),
	/* q->limits.discard_granularity = ... */
	CHARIOT_QUEUE_LIMITS
	END
};

/* --- objects handed to the driver, by its plan ---------------------------------------- */

/* The CPU's instance of a per-CPU word that va is in. */
static bool percpu_word(unsigned long offset, unsigned long va,
			struct chariot_span *data)
{
	int cpu;

	data->size = sizeof(int);
	for_each_possible_cpu(cpu) {
		data->start = offset + per_cpu_offset(cpu);
		if (offset && va - data->start < data->size)
			return true;
	}
	return false;
}

/* sb_start_write(): a counter of the file system's, of this CPU */
static bool sb_writers(const struct super_block *sb, unsigned long va,
		       struct chariot_span *data)
{
	int level;

	for (level = 0; sb && level < SB_FREEZE_LEVELS; level++)
		if (percpu_word((unsigned long)
				peek_member(&sb->s_writers.rw_sem[level],
					    read_count), va, data))
			return true;
	return false;
}

/*
 * file_start_write(). And private_data of a file that is being opened, which nobody
 * else has yet: the operations are those of a library (V4L2, for one), which calls the
 * driver's open().
 */
static bool file_data(const struct chariot_driver *d, unsigned long object,
		      unsigned long va, struct chariot_span *data)
{
	const struct file *file = (void *)object;
	const struct inode *inode = peek_member(file, f_inode);

	if (va - (unsigned long)&file->private_data < sizeof(file->private_data) &&
	    !(chariot_peek32((void *)&file->f_mode) & (__force u32)FMODE_OPENED)) {
		data->start = (unsigned long)&file->private_data;
		data->size = sizeof(file->private_data);
		data->kind = CHARIOT_KIND_OBJECT;
		return true;
	}
	return inode && sb_writers(peek_member(inode, i_sb), va, data);
}

static const struct chariot_member mount_members[] = {
	/* of clone_private_mount() */
	CHARIOT_MEMBER(vfsmount, mnt_flags),
	END
};

/* sb_start_write(mnt->mnt_sb), of what lies below a file system */
static bool mount_writers(const struct chariot_driver *d, unsigned long object,
			  unsigned long va, struct chariot_span *data)
{
	return sb_writers(peek_member((struct vfsmount *)object, mnt_sb), va,
			  data);
}

static const struct chariot_member handed_file_members[] = {
	CHARIOT_MEMBER(file, f_count),
	CHARIOT_MEMBER(file, f_pos),
	CHARIOT_MEMBER(file, f_flags),
	CHARIOT_MEMBER(file, f_mode),
	/* a file system's on another one: what fcntl() changes */
	CHARIOT_MEMBER(file, f_iocb_flags),
	END
};

/* dev_hold(): this CPU's count of references; and the queues, which are an array */
static bool device_data(const struct chariot_driver *d, unsigned long object,
			unsigned long va, struct chariot_span *data)
{
	const struct net_device *dev = (void *)object;

	return percpu_word((unsigned long)peek_member(dev, pcpu_refcnt), va,
			   data) || chariot_tx_queue(dev, va, data);
}

#define BUCKETS_MAX	3	/* tables while one grows into another */

static bool hashtable_buckets(const struct chariot_driver *d,
			      unsigned long object, unsigned long va,
			      struct chariot_span *data)
{
	const struct rhashtable *ht = (void *)object;
	const struct bucket_table *t = peek_member(ht, tbl);
	struct chariot_slab_object o;
	int i;

	for (i = 0; t && i < BUCKETS_MAX; i++) {
		data->start = (unsigned long)t;
		if (chariot_slab_object_at(data->start, &o))
			data->size = o.start + o.size - data->start;
		else
			data->size = sizeof(*t) + sizeof(t->buckets[0]) *
				(u32)chariot_peek(&t->size);
		if (va - data->start < data->size)
			return true;
		t = peek_member(t, future_tbl);
	}
	return false;
}

/* The buffer that a stream plays from or records to. */
static bool pcm_buffer(const struct chariot_driver *d, unsigned long object,
		       unsigned long va, struct chariot_span *data)
{
	const struct snd_pcm_runtime *runtime =
		peek_member((struct snd_pcm_substream *)object, runtime);

	if (!runtime)
		return false;
	data->start = (unsigned long)peek_member(runtime, dma_area);
	data->size = (unsigned long)peek_pointer((void *)&runtime->dma_bytes);
	return data->start && va - data->start < data->size;
}

static bool dma_buffer(const struct chariot_driver *d, unsigned long object,
		       unsigned long va, struct chariot_span *data)
{
	const struct snd_dma_buffer *b = (void *)object;

	data->start = (unsigned long)peek_member(b, area);
	data->size = (unsigned long)peek_pointer((void *)&b->bytes);
	return data->start && va - data->start < data->size;
}

/*
 * The file system's own sb_start_write(); and what a library of file systems
 * allocates for the file system that it serves.
 */
static bool sb_private(const struct chariot_driver *d, unsigned long object,
		       unsigned long va, struct chariot_span *data)
{
	struct chariot_slab_object o;

	if (sb_writers((struct super_block *)object, va, data))
		return true;
	data->start = (unsigned long)
		peek_member((struct super_block *)object, s_fs_info);
	if (!chariot_slab_object_at(data->start, &o) || o.start != data->start)
		return false;
	data->size = o.size;
	return va - data->start < data->size;
}

static bool block_buffer(const struct chariot_driver *d, unsigned long object,
			 unsigned long va, struct chariot_span *data)
{
	const struct buffer_head *bh = (void *)object;

	data->start = (unsigned long)peek_member(bh, b_data);
	data->size = (unsigned long)peek_pointer((void *)&bh->b_size);
	return data->start && data->size <= PAGE_SIZE &&
	       va - data->start < data->size;
}

/* kmap_local_page(), of one that a file system is to fill or to change */
static bool page_data(const struct chariot_driver *d, unsigned long object,
		      unsigned long va, struct chariot_span *data)
{
	struct page *page = (void *)object;

	if (object < VMEMMAP_START || !pfn_valid(page_to_pfn(page)))
		return false;
	data->start = (unsigned long)page_to_virt(page);
	data->size = page_size(compound_head(page)) -
		     (data->start - (unsigned long)page_to_virt(compound_head(page)));
	return va - data->start < data->size;
}

/* Whose data a byte may be: this page's, or that of the pages it is in. */
static unsigned long page_at(unsigned long va)
{
	return virt_addr_valid((void *)va) ? (unsigned long)virt_to_page((void *)va) : 0;
}

static unsigned long folio_at(unsigned long va)
{
	return page_at(va) ? (unsigned long)compound_head((struct page *)page_at(va)) : 0;
}

/* get_pid(), get_user_ns(), get_pid_ns() */
static const struct chariot_member pid_members[] = {
	CHARIOT_MEMBER(pid, count),
	END
};

static const struct chariot_member user_namespace_members[] = {
	CHARIOT_MEMBER(user_namespace, ns.count),
	END
};

static const struct chariot_member pid_namespace_members[] = {
	CHARIOT_MEMBER(pid_namespace, ns.count),
	END
};

/* get_net() */
static const struct chariot_member net_members[] = {
	CHARIOT_MEMBER(net, ns.count),
	CHARIOT_MEMBER(net, passive),
	END
};

static const struct chariot_type_rule type_rules[] = {
	/* Who runs, with what rights, in what memory: members above at most. */
	{ "task_struct", CHARIOT_GIVE_MEMBERS, task_count },
	{ "cred", CHARIOT_GIVE_NOTHING },
	{ "mm_struct", CHARIOT_GIVE_NOTHING },
	{ "pid", CHARIOT_GIVE_MEMBERS, pid_members },
	{ "user_namespace", CHARIOT_GIVE_MEMBERS, user_namespace_members },
	{ "pid_namespace", CHARIOT_GIVE_MEMBERS, pid_namespace_members },
	{ "net", CHARIOT_GIVE_MEMBERS, net_members, chariot_net_data },
	{ "module", CHARIOT_GIVE_NOTHING },
	{ "file", CHARIOT_GIVE_MEMBERS, handed_file_members, file_data },
	{ "vfsmount", CHARIOT_GIVE_MEMBERS, mount_members, mount_writers },
	/* The rules of the block layer end with the I/O, not with the memory. */
	/* of a device mapper's target: with what dm keeps for it before the bio */
	{ "bio", CHARIOT_GIVE_MEMBERS, chariot_bio_members,
	  .behind = chariot_bio_pad, .seen = chariot_bio_seen },
	/* ... but for init_request(), where it is not in flight */
	{ "request", CHARIOT_GIVE_MEMBERS, chariot_request_members,
	  .behind = chariot_request_payload },
	{ "scsi_cmnd", CHARIOT_GIVE_BYTES, .behind = chariot_scsi_data },
	{ "blk_mq_tag_set", CHARIOT_GIVE_BYTES, .seen = chariot_tag_set_seen },
	{ "request_queue", CHARIOT_GIVE_MEMBERS, chariot_queue_members },
	{ "vm_area_struct", CHARIOT_GIVE_MEMBERS, vma_members },
	/* by a pointer: rx_handler_func_t */
	/* ... and to be filled: build_skb(), napi_alloc_skb() */
	{ "sk_buff", CHARIOT_GIVE_BYTES, .behind = chariot_skb_data,
	  .by_pointer = true, .at_once = true },
	/* netdev_priv(), shost_priv(), and those that are alike */
	{ "net_device", CHARIOT_GIVE_PRIVATE, .behind = device_data },
	{ "sock", CHARIOT_GIVE_PRIVATE },
	{ "Scsi_Host", CHARIOT_GIVE_PRIVATE, .behind = chariot_scsi_host_data,
	  .seen = chariot_scsi_host_seen },
	/* starget_data[], sdev_data[]: spi_min_period() and its kin */
	{ "scsi_target", CHARIOT_GIVE_PRIVATE },
	{ "scsi_device", CHARIOT_GIVE_PRIVATE },
	{ "snd_card", CHARIOT_GIVE_PRIVATE },
	{ "usb_hcd", CHARIOT_GIVE_PRIVATE },
	/* urb.iso_frame_desc[]; a host controller's until it gives it back */
	{ "urb", CHARIOT_GIVE_PRIVATE, .behind = chariot_urb_data },
	/* usb_ep_ops.queue() */
	{ "usb_request", CHARIOT_GIVE_BYTES, .own = true,
	  .behind = chariot_usb_request_data },
	{ "rtc_device", CHARIOT_GIVE_PRIVATE },
	{ "iio_dev", CHARIOT_GIVE_PRIVATE },
	{ "spi_controller", CHARIOT_GIVE_PRIVATE },
	{ "mmc_host", CHARIOT_GIVE_PRIVATE },
	{ "super_block", CHARIOT_GIVE_BYTES, .behind = sb_private },
	{ "buffer_head", CHARIOT_GIVE_BYTES, .behind = block_buffer,
	  .holder = chariot_buffer_at },
	{ "page", CHARIOT_GIVE_BYTES, .behind = page_data, .holder = page_at },
	{ "folio", CHARIOT_GIVE_BYTES, .behind = page_data, .holder = folio_at },
	{ "snd_dma_buffer", CHARIOT_GIVE_BYTES, .behind = dma_buffer },
	{ "snd_pcm_substream", CHARIOT_GIVE_BYTES, .behind = pcm_buffer },
	{ "rhashtable", CHARIOT_GIVE_BYTES, .behind = hashtable_buckets },
	/* vb2_queue.buf_struct_size */
	{ "vb2_buffer", CHARIOT_GIVE_PRIVATE },
	/* the requests of crypto: their contexts */
	{ "crypto_tfm", CHARIOT_GIVE_PRIVATE },
	{ "skcipher_request", CHARIOT_GIVE_PRIVATE },
	{ "ahash_request", CHARIOT_GIVE_PRIVATE },
	{ "aead_request", CHARIOT_GIVE_PRIVATE },
};

const struct chariot_type_rule *chariot_holder_rule(size_t n)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(type_rules); i++)
		if (type_rules[i].holder && !n--)
			return &type_rules[i];
	return NULL;
}

const struct chariot_type_rule *chariot_type_rule(const char *type)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(type_rules); i++)
		if (!strcmp(type_rules[i].type, type))
			return &type_rules[i];
	return NULL;
}

/* Pointers to functions that the kernel calls if a module has set them. */
bool chariot_symbol_rule(const char *name)
{
	size_t length = strlen(name);

	return length > 5 && !strcmp(name + length - 5, "_hook");
}

/* --- buffers to fill --------------------------------------------------------------- */

const struct chariot_show_rule chariot_show_rules[] = {
	/* show() of sysfs attributes and module parameters: seq_file.buf */
	{ .function = "sysfs_kf_seq_show", .arg = 0, .steps = 1,
	  .path = { offsetof(struct seq_file, buf) }, .size = PAGE_SIZE },
	/*
	 * show() of configfs: kiocb.ki_filp->private_data->page; the last of
	 * struct configfs_buffer, which is private: { count, pos, page }
	 */
	{ .function = "configfs_read_iter", .arg = 0, .steps = 3,
	  .path = { offsetof(struct kiocb, ki_filp),
		    offsetof(struct file, private_data), 16 },
	  .size = PAGE_SIZE },
};

const size_t chariot_show_rules_nr = ARRAY_SIZE(chariot_show_rules);

/* --- calls of the driver's ---------------------------------------------------------- */

static void hashtable_begins(struct chariot_driver *d,
			     const struct chariot_call_rule *rule,
			     const unsigned long *args, unsigned long ret)
{
	chariot_handed_add_hashtable(d, args[0]);
}

static void hashtable_ends(struct chariot_driver *d, const unsigned long *args)
{
	chariot_handed_forget(d, args[0], 1);
}

/*
 * prepare_creds(): they are their maker's to change until they are anyone's, and
 * then nobody's but for get_cred() and put_cred().
 */
static void cred_counts(struct chariot_driver *d, unsigned long cred)
{
	chariot_lend(d, cred + offsetof(struct cred, usage),
		     sizeof_field(struct cred, usage), CHARIOT_KIND_OBJECT,
		     "cred.usage");
	chariot_lend(d, cred + offsetof(struct cred, non_rcu),
		     sizeof_field(struct cred, non_rcu), CHARIOT_KIND_OBJECT,
		     "cred.non_rcu");
}

static void creds_in_use(struct chariot_driver *d, const unsigned long *args)
{
	struct chariot_slab_object o;

	if (!args[0] || !chariot_slab_object_at(args[0], &o) ||
	    o.start != args[0] || o.size < sizeof(struct cred))
		return;
	chariot_lend_end(d, args[0], sizeof(struct cred), CHARIOT_KIND_OBJECT);
	cred_counts(d, args[0]);
}

#define RETURNS(import, type)						\
	[CHARIOT_CALL_##import] = {					\
		#import, .after = chariot_returned_object,		\
		.size = sizeof(type) }
#define AFTER(import, fn)						\
	[CHARIOT_CALL_##import] = { #import, .after = fn }
#define AFTER_STATUS(import, fn)					\
	[CHARIOT_CALL_##import] = { #import, .after = fn, .status = true }
#define BEFORE(import, fn)						\
	[CHARIOT_CALL_##import] = { #import, .before = fn }

struct chariot_call_rule chariot_call_rules[CHARIOT_CALLS_NR] = {
	/* The gendisk whole, its queue's members. */
	AFTER(__alloc_disk_node, chariot_disk_returned),
	AFTER(__blk_alloc_disk, chariot_disk_returned),
	AFTER(__blk_mq_alloc_disk, chariot_disk_returned),
	AFTER(blk_mq_alloc_disk_for_queue, chariot_disk_returned),
	/* Requests of the set, with what the driver keeps behind each. */
	AFTER_STATUS(blk_mq_alloc_tag_set, chariot_tag_set_added),
	AFTER_STATUS(blk_mq_alloc_sq_tag_set, chariot_tag_set_added),
	BEFORE(blk_mq_free_tag_set, chariot_tag_set_ends),
	/* bio->bi_iter.bi_sector = ..., bi_end_io, bi_private; its vectors. */
	AFTER(bio_alloc_bioset, chariot_bio_returned),
	AFTER(bio_alloc_clone, chariot_bio_returned),
	AFTER(bio_split, chariot_bio_returned),
	BEFORE(bio_put, chariot_bio_put),
	BEFORE(bio_endio, chariot_bio_ends),
	/* The page that rw_page() reads into (see bdev_read_page()) is done. */
	BEFORE(page_endio, chariot_page_ends),
	/* The object, while it is mapped for writing. */
	AFTER(zs_malloc, chariot_zs_allocated),
	AFTER(zs_map_object, chariot_zs_mapped),
	BEFORE(zs_unmap_object, chariot_zs_unmaps),
	/* The packet goes to the stack, to another device, or is freed. */
	BEFORE(netif_rx, chariot_skb_goes),
	BEFORE(netif_receive_skb, chariot_skb_goes),
	BEFORE(netif_receive_skb_core, chariot_skb_goes),
	BEFORE(consume_skb, chariot_skb_goes),
	BEFORE(kfree_skb_reason, chariot_skb_goes),
	BEFORE(kfree_skb, chariot_skb_goes),
	BEFORE(__dev_kfree_skb_irq, chariot_skb_goes),
	BEFORE(__dev_kfree_skb_any, chariot_skb_goes),
	BEFORE(dev_kfree_skb_irq_reason, chariot_skb_goes),
	BEFORE(dev_kfree_skb_any_reason, chariot_skb_goes),
	BEFORE(napi_consume_skb, chariot_skb_goes),
	BEFORE(__dev_queue_xmit, chariot_skb_goes),
	BEFORE(napi_gro_receive, chariot_skb_goes_second),
	BEFORE(sk_skb_reason_drop, chariot_skb_goes_second),
	BEFORE(dev_forward_skb, chariot_skb_goes_second),
	/* rhashtable_insert_fast() and its kin write to the buckets. */
	AFTER_STATUS(rhashtable_init, hashtable_begins),
	AFTER_STATUS(rhltable_init, hashtable_begins),
	AFTER_STATUS(rhashtable_init_noprof, hashtable_begins),
	AFTER_STATUS(rhltable_init_noprof, hashtable_begins),
	BEFORE(rhashtable_destroy, hashtable_ends),
	BEFORE(rhashtable_free_and_destroy, hashtable_ends),
	/* What the kernel keeps for the driver in each network namespace. */
	BEFORE(register_pernet_subsys, chariot_pernet_begins),
	BEFORE(register_pernet_device, chariot_pernet_begins),
	/* The command's buffers are filled. */
	BEFORE(scsi_done, chariot_scsi_done),
	/* The URB is its driver's again, the request its function's. */
	BEFORE(usb_hcd_giveback_urb, chariot_urb_given_back),
	BEFORE(usb_gadget_giveback_request, chariot_usb_request_given_back),
	/* Memory of the host controller's, for buffers of URBs. */
	AFTER(usb_alloc_coherent, chariot_usb_coherent_allocated),
	BEFORE(usb_free_coherent, chariot_usb_coherent_freed),
	/* The driver's own trace events, which it fills in the ring buffer. */
	AFTER(trace_event_buffer_reserve, chariot_trace_reserved),
	BEFORE(trace_event_buffer_commit, chariot_trace_commit),
	/* Credentials that the driver makes: cap_lower(), cred->fsuid = ... */
	RETURNS(prepare_creds, struct cred),
	RETURNS(prepare_kernel_cred, struct cred),
	BEFORE(override_creds, creds_in_use),
	BEFORE(commit_creds, creds_in_use),
	BEFORE(abort_creds, creds_in_use),
	/* Objects that a driver sets up by hand. */
	RETURNS(cdev_alloc, struct cdev),
	RETURNS(class_create, struct class),
	RETURNS(__class_create, struct class),
	RETURNS(platform_device_alloc, struct platform_device),
};
