// SPDX-License-Identifier: GPL-2.0
/*
 * What goes with an object that a driver was handed, and that no type tells: found by the
 * rule for the object's type, and taken back by the call that gives the object back. The
 * objects here are made up as the kernel's interfaces say.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/buffer_head.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/netdevice.h>
#include <linux/pid.h>
#include <linux/rhashtable.h>
#include <linux/scatterlist.h>
#include <linux/usb.h>
#include <linux/usb/gadget.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_host.h>
#include <sound/memalloc.h>
#include <sound/pcm.h>

#include <chariot/hypercall.h>
#include "alloc.h"
#include "chariot.h"
#include "grant_rules.h"
#include "handed.h"
#include "plan.h"
#include "world.h"

#define ROOM		8192	/* for an object: more than any takes */
#define SIZE		200	/* of data */

/**
 * struct field - memory of the kernel's, to make objects of
 * @object: what the driver is handed
 * @more: other objects that it leads to
 * @data: a page each
 * @counter: of each CPU's
 * @yes: bytes that go with the object
 * @no: bytes that do not; 0 if there are none but those behind @yes
 */
struct field {
	struct chariot_driver *d;
	void *object;
	void *more[2];
	void *data[2];
	int __percpu *counter;
	struct chariot_span yes[2];
	unsigned long no;
};

static struct field field;

static void goes_with(struct field *f, int i, const void *start, size_t size)
{
	f->yes[i].start = (unsigned long)start;
	f->yes[i].size = size;
}

/* What is there does not go with it. */
static void goes_not(struct field *f)
{
	f->no = f->yes[0].start;
	f->yes[0].size = 0;
	f->yes[1].size = 0;
}

/* --- objects, and data that go with them ----------------------------------------------- */

static void make_urb(struct field *f)
{
	struct urb *urb = f->object;

	urb->transfer_buffer = f->data[0];
	urb->transfer_buffer_length = SIZE;
	urb->transfer_flags = URB_DIR_IN;
	goes_with(f, 0, f->data[0], SIZE);
}

/* The two tables of a list that goes on in another: a piece of each page. */
static struct scatterlist *make_list(struct field *f)
{
	struct scatterlist *first = f->more[0], *second = f->more[1];

	sg_init_table(first, 2);
	sg_init_table(second, 1);
	sg_set_page(first, virt_to_page(f->data[0]), SIZE, 512);
	sg_chain(first, 2, second);
	sg_set_page(second, virt_to_page(f->data[1]), SIZE, 0);
	goes_with(f, 0, f->data[0] + 512, SIZE);
	goes_with(f, 1, f->data[1], SIZE);
	f->no = (unsigned long)f->data[0] + 511;
	return first;
}

static void make_urb_list(struct field *f)
{
	struct urb *urb = f->object;

	urb->num_sgs = 2;
	urb->sg = make_list(f);
	urb->transfer_flags = URB_DIR_IN;
}

static void make_urb_out(struct field *f)
{
	struct urb *urb = f->object;

	make_urb(f);
	urb->transfer_flags = URB_DIR_OUT;
	goes_not(f);
}

static void make_usb_request(struct field *f)
{
	struct usb_request *req = f->object;

	req->buf = f->data[0];
	req->length = SIZE;
	req->status = -EINPROGRESS;
	goes_with(f, 0, f->data[0], SIZE);
}

static void make_usb_request_list(struct field *f)
{
	struct usb_request *req = f->object;

	req->num_sgs = 2;
	req->sg = make_list(f);
	req->status = -EINPROGRESS;
}

static void make_usb_request_idle(struct field *f)
{
	struct usb_request *req = f->object;

	make_usb_request(f);
	req->status = 0;
	goes_not(f);
}

static void make_command(struct field *f)
{
	struct scsi_cmnd *cmd = f->object;

	cmd->sc_data_direction = DMA_FROM_DEVICE;
	cmd->sdb.table.sgl = make_list(f);
	cmd->sense_buffer = f->data[1] + 1024;
	goes_with(f, 0, cmd->sense_buffer, SCSI_SENSE_BUFFERSIZE);
}

static void make_command_out(struct field *f)
{
	struct scsi_cmnd *cmd = f->object;

	make_command(f);
	cmd->sc_data_direction = DMA_TO_DEVICE;
	f->yes[1].size = 0;
	f->no = (unsigned long)f->data[1];
}

static void make_host(struct field *f)
{
	struct Scsi_Host *host = f->object;

	host->shost_data = f->more[0];
	goes_with(f, 0, f->more[0], ROOM);
}

/* A target's of a device mapper: the bio is nobody's disk's here. Of two pieces. */
static void make_bio(struct field *f)
{
	struct bio_vec *vec = f->more[0];
	struct bio *bio = f->object;

	bvec_set_page(&vec[0], virt_to_page(f->data[0]), SIZE, 512);
	bvec_set_page(&vec[1], virt_to_page(f->data[1]), SIZE + 64, 0);
	bio->bi_io_vec = vec;
	bio->bi_iter.bi_size = 2 * SIZE;	/* and not the rest of the second */
	bio->bi_opf = REQ_OP_READ;
	atomic_set(&bio->__bi_remaining, 1);
	goes_with(f, 0, f->data[0] + 512, SIZE);
	goes_with(f, 1, f->data[1], SIZE);
	f->no = (unsigned long)f->data[0] + 511;
}

static void make_bio_write(struct field *f)
{
	struct bio *bio = f->object;

	make_bio(f);
	bio->bi_opf = REQ_OP_WRITE;
	goes_not(f);
}

static void make_bio_nowhere(struct field *f)
{
	struct bio *bio = f->object;

	make_bio(f);
	bio->bi_io_vec = (void *)0xdead000000000000;
	goes_not(f);
}

static void make_bio_of_no_pages(struct field *f)
{
	make_bio_nowhere(f);
	((struct bio *)f->object)->bi_io_vec = f->more[0];
	((struct bio_vec *)f->more[0])->bv_page = (void *)f->data[0];
}

static void make_dma_buffer(struct field *f)
{
	struct snd_dma_buffer *buffer = f->object;

	buffer->area = f->data[0];
	buffer->bytes = SIZE;
	goes_with(f, 0, f->data[0], SIZE);
}

static void make_substream(struct field *f)
{
	struct snd_pcm_substream *substream = f->object;

	substream->runtime = f->more[0];
	substream->runtime->dma_area = f->data[0];
	substream->runtime->dma_bytes = SIZE;
	goes_with(f, 0, f->data[0], SIZE);
}

/* Two in a page, of which the driver was handed the second. */
static void make_buffer_head(struct field *f)
{
	struct buffer_head *mine = f->object, *other = f->more[0];
	struct page *page = virt_to_page(f->data[0]);

	*mine = (struct buffer_head){
		.b_page = page, .b_this_page = other, .b_size = 512,
		.b_data = f->data[0] + 512,
	};
	*other = (struct buffer_head){
		.b_page = page, .b_this_page = mine, .b_size = 512, .b_data = f->data[0],
	};
	attach_page_private(page, other);
	goes_with(f, 0, mine->b_data, 512);
	f->no = (unsigned long)other->b_data;
}

static void end_buffer_head(struct field *f)
{
	detach_page_private(virt_to_page(f->data[0]));
}

static int __percpu *make_counter(struct field *f)
{
	goes_with(f, 0, per_cpu_ptr(f->counter, nr_cpu_ids - 1), sizeof(int));
	return f->counter;
}

static struct super_block *make_super_block(struct field *f, struct super_block *sb)
{
	sb->s_writers.rw_sem[1].read_count = (unsigned int __percpu *)make_counter(f);
	return sb;
}

static void make_mount(struct field *f)
{
	struct vfsmount *mount = f->object;

	mount->mnt_sb = make_super_block(f, f->more[0]);
}

static void make_file(struct field *f)
{
	struct inode *inode = f->more[1];

	((struct file *)f->object)->f_inode = inode;
	inode->i_sb = make_super_block(f, f->more[0]);
}

/* By operations of a library's, which call the driver's. */
static void make_file_opening(struct field *f)
{
	struct file *file = f->object;

	goes_with(f, 0, &file->private_data, sizeof(file->private_data));
	f->no = (unsigned long)&file->f_op;
}

static void make_file_open(struct field *f)
{
	struct file *file = f->object;

	file->f_mode = FMODE_OPENED;
	f->no = (unsigned long)&file->private_data;
}

static void make_queue(struct field *f)
{
	struct request_queue *q = f->object;

	goes_with(f, 0, &q->nr_requests, sizeof(q->nr_requests));
	f->no = (unsigned long)&q->elevator;
}

static void make_file_system(struct field *f)
{
	struct super_block *sb = make_super_block(f, f->object);

	sb->s_fs_info = f->more[0];
	goes_with(f, 1, f->more[0], ROOM);
}

static void make_device(struct field *f)
{
	struct net_device *dev = f->object;

	dev->pcpu_refcnt = make_counter(f);
	dev->_tx = f->data[0];
	dev->num_tx_queues = 2;
	goes_with(f, 1, dev->_tx + 1, sizeof(*dev->_tx));
}

static struct rhashtable_params params;

static void make_hashtable(struct field *f)
{
	struct rhashtable *ht = f->object;
	struct bucket_table *small = f->more[0], *grown = f->more[1];

	ht->p = params;
	rcu_assign_pointer(ht->tbl, small);
	rcu_assign_pointer(small->future_tbl, grown);
	goes_with(f, 0, small, ROOM);
	goes_with(f, 1, grown, ROOM);
}

static unsigned int operations_id = 5;
static struct pernet_operations operations = { .id = &operations_id, .size = SIZE };

/* The area of this driver's number, the second of those that there are. */
static void make_net(struct field *f)
{
	struct net_generic *gen = f->more[0];
	const unsigned long args[6] = { (unsigned long)&operations };

	gen->s.len = 8;
	gen->ptr[5] = f->data[0];
	gen->ptr[6] = f->data[1];
	rcu_assign_pointer(((struct net *)f->object)->gen, gen);
	chariot_call_rules[CHARIOT_CALL_register_pernet_subsys].before(f->d, args);
	goes_with(f, 0, f->data[0], SIZE);
	f->no = (unsigned long)f->data[1];
}

/* The allocation to its end; of so large a one as much as is written to. */
static void make_private(struct field *f)
{
	goes_with(f, 0, f->object, 512);
	goes_with(f, 1, f->object + ROOM - 512, 512);
}

static void make_plain(struct field *f)
{
	goes_with(f, 0, f->object, SIZE);
}

/* The first of the two that the object's allocation has. */
static void make_pages(struct field *f)
{
	goes_with(f, 0, f->object, PAGE_SIZE);
}

static void make_pid(struct field *f)
{
	struct pid *pid = f->object;

	goes_with(f, 0, &pid->count, sizeof(pid->count));
	f->no = (unsigned long)&pid->level;
}

static void make_closed(struct field *f)
{
	f->no = (unsigned long)f->object;
}

#define NO_END	CHARIOT_CALLS_NR

/**
 * struct row - objects of a type
 * @size: of the type
 * @make: sets up the object, and what goes with it
 * @end: the call that gives it back, or NO_END
 * @argument: of that call, that is the object
 * @clean: before its memory is freed; or NULL
 */
static const struct row {
	const char *name;
	const char *type;
	size_t size;
	void (*make)(struct field *f);
	enum chariot_call_number end;
	int argument;
	void (*clean)(struct field *f);
} rows[] = {
	{ "urb", "urb", sizeof(struct urb), make_urb, CHARIOT_CALL_usb_hcd_giveback_urb, 1 },
	{ "urb with a list", "urb", sizeof(struct urb), make_urb_list,
	  CHARIOT_CALL_usb_hcd_giveback_urb, 1 },
	{ "urb that writes", "urb", sizeof(struct urb), make_urb_out, NO_END },
	{ "usb_request", "usb_request", sizeof(struct usb_request), make_usb_request,
	  CHARIOT_CALL_usb_gadget_giveback_request, 1 },
	{ "usb_request with a list", "usb_request", sizeof(struct usb_request),
	  make_usb_request_list, CHARIOT_CALL_usb_gadget_giveback_request, 1 },
	{ "usb_request not queued", "usb_request", sizeof(struct usb_request),
	  make_usb_request_idle, NO_END },
	{ "scsi_cmnd", "scsi_cmnd", sizeof(struct scsi_cmnd), make_command,
	  CHARIOT_CALL_scsi_done, 0 },
	{ "scsi_cmnd that writes", "scsi_cmnd", sizeof(struct scsi_cmnd), make_command_out,
	  CHARIOT_CALL_scsi_done, 0 },
	{ "Scsi_Host", "Scsi_Host", sizeof(struct Scsi_Host), make_host, NO_END },
	{ "bio", "bio", sizeof(struct bio), make_bio, CHARIOT_CALL_bio_endio, 0 },
	{ "bio that leads nowhere", "bio", sizeof(struct bio), make_bio_nowhere, NO_END },
	{ "bio of no pages", "bio", sizeof(struct bio), make_bio_of_no_pages, NO_END },
	{ "bio that writes", "bio", sizeof(struct bio), make_bio_write, NO_END },
	{ "snd_dma_buffer", "snd_dma_buffer", sizeof(struct snd_dma_buffer),
	  make_dma_buffer, NO_END },
	{ "snd_pcm_substream", "snd_pcm_substream", sizeof(struct snd_pcm_substream),
	  make_substream, NO_END },
	{ "buffer_head", "buffer_head", sizeof(struct buffer_head), make_buffer_head, NO_END,
	  .clean = end_buffer_head },
	{ "vfsmount", "vfsmount", sizeof(struct vfsmount), make_mount, NO_END },
	{ "file", "file", sizeof(struct file), make_file, NO_END },
	{ "file being opened", "file", sizeof(struct file), make_file_opening, NO_END },
	{ "file that is open", "file", sizeof(struct file), make_file_open, NO_END },
	{ "request_queue", "request_queue", sizeof(struct request_queue), make_queue,
	  NO_END },
	{ "super_block", "super_block", sizeof(struct super_block), make_file_system, NO_END },
	{ "net_device", "net_device", sizeof(struct net_device), make_device, NO_END },
	{ "net", "net", sizeof(struct net), make_net, NO_END },
	{ "rhashtable", "rhashtable", sizeof(struct rhashtable), make_hashtable, NO_END },
	{ "iio_dev", "iio_dev", 1024, make_private, NO_END },
	{ "pid", "pid", sizeof(struct pid), make_pid, NO_END },
	{ "cred", "cred", 128, make_closed, NO_END },
	{ "no rule", "kunit_object", SIZE, make_plain, NO_END },
	{ "by a page", "kunit_paged", SIZE, make_pages, NO_END },
};

static void row_name(const struct row *r, char *text)
{
	strscpy(text, r->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(row, rows, row_name)

/* --- tests ------------------------------------------------------------------------------- */

#define NAME_SIZE	24
#define PAGED		(ARRAY_SIZE(rows) - 1)

/* A type for each row; a line of the policy's for the last one: with its pages. */
struct image {
	struct chariot_plan_header h;
	struct chariot_plan_type types[ARRAY_SIZE(rows)];
	struct chariot_plan_grant grants[1];
	char strings[ARRAY_SIZE(rows)][NAME_SIZE];
};

static struct chariot_plan *make_plan(struct kunit *test)
{
	struct image *image = kvzalloc(sizeof(*image), GFP_KERNEL);
	struct chariot_plan *plan;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, image);
	image->h.revision = CHARIOT_PLAN_REVISION;
	image->h.size = sizeof(*image);
	image->h.types = ARRAY_SIZE(rows);
	image->h.grants = 1;
	image->h.strings = sizeof(image->strings);
	image->grants[0] = (struct chariot_plan_grant){
		.type = PAGED, .size = rows[PAGED].size, .flags = CHARIOT_PLAN_GRANT_PAGES,
	};
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		image->types[i].name = i * NAME_SIZE;
		image->types[i].size = rows[i].size;
		strscpy(image->strings[i], rows[i].type, NAME_SIZE);
	}
	plan = chariot_plan_take(image, sizeof(*image));
	KUNIT_ASSERT_FALSE(test, IS_ERR(plan));
	return plan;
}

static int rules_init(struct kunit *test)
{
	int i, ret = world_init(test);
	struct field *f = &field;

	if (ret)
		return ret;
	memset(f, 0, sizeof(*f));
	f->d = world_load_planned(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_BYTE,
				  make_plan(test)).chariot;
	f->object = kzalloc(ROOM, GFP_KERNEL);
	f->counter = alloc_percpu(int);
	for (i = 0; i < ARRAY_SIZE(f->more); i++)
		f->more[i] = kzalloc(ROOM, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(f->data); i++)
		f->data[i] = (void *)get_zeroed_page(GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, f->object && f->counter);
	KUNIT_ASSERT_TRUE(test, f->more[0] && f->more[1]);
	KUNIT_ASSERT_TRUE(test, f->data[0] && f->data[1]);
	return 0;
}

static void rules_exit(struct kunit *test)
{
	struct field *f = &field;
	int i;

	for (i = 0; i < ARRAY_SIZE(f->data); i++)
		free_page((unsigned long)f->data[i]);
	for (i = 0; i < ARRAY_SIZE(f->more); i++)
		kfree(f->more[i]);
	free_percpu(f->counter);
	kfree(f->object);
	if (f->d)
		world_expect_agreed(test, f->d);
	world_exit(test);
}

static bool settles(unsigned long va, size_t size)
{
	return world_settles(field.d, (void *)va, size);
}

static bool writable(struct kunit *test, unsigned long va, size_t size)
{
	return world_writable(test, field.d, (void *)va, size);
}

static bool goes_with_it(unsigned long va)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(field.yes); i++)
		if (va - field.yes[i].start < field.yes[i].size)
			return true;
	return false;
}

static void expect_not_given(struct kunit *test, unsigned long va)
{
	if (!goes_with_it(va))
		KUNIT_EXPECT_FALSE(test, writable(test, va, 1));
}

/* And nothing beside it. */
static void expect_given(struct kunit *test, unsigned long va, size_t size)
{
	KUNIT_EXPECT_TRUE(test, settles(va, size));
	KUNIT_EXPECT_TRUE(test, writable(test, va, size));
	expect_not_given(test, va + size);
	expect_not_given(test, va - 1);
}

static void call_before(enum chariot_call_number n, const unsigned long *args)
{
	chariot_call_rules[n].before(field.d, args);
}

static void call_after(enum chariot_call_number n, const unsigned long *args,
		       const void *ret)
{
	const struct chariot_call_rule *rule = &chariot_call_rules[n];

	rule->after(field.d, rule, args, (unsigned long)ret);
}

static void test_rule(struct kunit *test)
{
	const struct row *r = test->param_value;
	struct field *f = &field;
	unsigned long args[CHARIOT_PLAN_ARGS] = { };
	int i;

	r->make(f);
	for (i = 0; i < ARRAY_SIZE(f->yes); i++)
		if (f->yes[i].size)
			KUNIT_EXPECT_FALSE(test, settles(f->yes[i].start, 1));
	chariot_handed_add(f->d, (unsigned long)f->object, r - rows);
	for (i = 0; i < ARRAY_SIZE(f->yes); i++)
		if (f->yes[i].size)
			expect_given(test, f->yes[i].start, f->yes[i].size);
	if (f->no)
		KUNIT_EXPECT_FALSE(test, settles(f->no, 1));
	if (r->end != NO_END) {
		args[r->argument] = (unsigned long)f->object;
		call_before(r->end, args);
		for (i = 0; i < ARRAY_SIZE(f->yes); i++)
			if (f->yes[i].size)
				KUNIT_EXPECT_FALSE(test, writable(test, f->yes[i].start, 1));
	}
	if (r->clean)
		r->clean(f);
}

/* Memory of a host controller's. */
static void test_coherent(struct kunit *test)
{
	struct field *f = &field;
	unsigned long args[CHARIOT_PLAN_ARGS] = { 0, SIZE, (unsigned long)f->data[0] };

	call_after(CHARIOT_CALL_usb_alloc_coherent, args, f->data[0]);
	expect_given(test, args[2], SIZE);
	call_before(CHARIOT_CALL_usb_free_coherent, args);
	KUNIT_EXPECT_FALSE(test, writable(test, args[2], 1));
	args[2] = 0;
	call_before(CHARIOT_CALL_usb_free_coherent, args);
}

#define ZS_READ_WRITE	0
#define ZS_READ_ONLY	1

/* While it is mapped for writing; of one whose length is forgotten, the page's rest. */
static void test_zs(struct kunit *test)
{
	const unsigned long size[CHARIOT_PLAN_ARGS] = { 0, SIZE };
	unsigned long map[CHARIOT_PLAN_ARGS] = { 0, 0x1234, ZS_READ_WRITE };
	unsigned long at = (unsigned long)field.data[0] + 100;

	call_after(CHARIOT_CALL_zs_malloc, size, (void *)0x1234);
	preempt_disable();
	call_after(CHARIOT_CALL_zs_map_object, map, (void *)at);
	expect_given(test, at, SIZE);
	call_before(CHARIOT_CALL_zs_unmap_object, map);
	KUNIT_EXPECT_FALSE(test, writable(test, at, 1));
	map[2] = ZS_READ_ONLY;
	call_after(CHARIOT_CALL_zs_map_object, map, (void *)at);
	KUNIT_EXPECT_FALSE(test, writable(test, at, 1));
	call_before(CHARIOT_CALL_zs_unmap_object, map);
	map[1] = 0x4321;
	map[2] = ZS_READ_WRITE;
	call_after(CHARIOT_CALL_zs_map_object, map, (void *)at);
	expect_given(test, at, PAGE_SIZE - 100);
	call_before(CHARIOT_CALL_zs_unmap_object, map);
	preempt_enable();
}

/* Credentials are their maker's until they are anyone's. */
static void test_cred(struct kunit *test)
{
	struct cred *cred = prepare_creds();
	const unsigned long args[CHARIOT_PLAN_ARGS] = { (unsigned long)cred };

	KUNIT_ASSERT_NOT_NULL(test, cred);
	call_after(CHARIOT_CALL_prepare_creds, args, cred);
	KUNIT_EXPECT_TRUE(test, writable(test, args[0], sizeof(*cred)));
	call_before(CHARIOT_CALL_override_creds, args);
	KUNIT_EXPECT_TRUE(test, writable(test, (unsigned long)&cred->usage,
					 sizeof(cred->usage)));
	KUNIT_EXPECT_FALSE(test, writable(test, (unsigned long)&cred->fsuid, 1));
	KUNIT_EXPECT_FALSE(test, settles((unsigned long)&cred->fsuid, 1));
	put_cred(cred);
	/* The kernel's free of it ends the rest, after a grace period. */
	rcu_barrier();
	KUNIT_EXPECT_FALSE(test, writable(test, args[0], 1));
}

/* With one, a cache has its slabs for itself. */
static void object_made(void *object)
{
}

/* Two objects in a page: its right ends with the last one. */
static void test_pages(struct kunit *test)
{
	struct kmem_cache *cache = kmem_cache_create("chariot_kunit_paged", 256, 0, 0,
						     object_made);
	struct field *f = &field;
	void *first, *second;

	KUNIT_ASSERT_NOT_NULL(test, cache);
	first = kmem_cache_alloc(cache, GFP_KERNEL);
	second = kmem_cache_alloc(cache, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, PTR_ALIGN_DOWN(first, PAGE_SIZE),
			    PTR_ALIGN_DOWN(second, PAGE_SIZE));
	chariot_handed_add(f->d, (unsigned long)first, PAGED);
	chariot_handed_add(f->d, (unsigned long)second, PAGED);
	KUNIT_EXPECT_TRUE(test, settles((unsigned long)first, 8));
	KUNIT_EXPECT_TRUE(test, writable(test, (unsigned long)second & PAGE_MASK, PAGE_SIZE));
	kmem_cache_free(cache, first);
	KUNIT_EXPECT_TRUE(test, writable(test, (unsigned long)second, 256));
	kmem_cache_free(cache, second);
	KUNIT_EXPECT_FALSE(test, writable(test, (unsigned long)second, 1));
	world_expect_agreed(test, f->d);
	kmem_cache_destroy(cache);
}

/* A table of the driver's own: its buckets are not. */
static void test_hashtable(struct kunit *test)
{
	struct field *f = &field;
	const unsigned long args[CHARIOT_PLAN_ARGS] = { (unsigned long)f->object };
	unsigned long buckets;

	make_hashtable(f);
	buckets = f->yes[0].start;
	KUNIT_EXPECT_FALSE(test, settles(buckets, 8));
	call_after(CHARIOT_CALL_rhashtable_init, args, NULL);
	expect_given(test, buckets, ROOM);
	call_before(CHARIOT_CALL_rhashtable_destroy, args);
	KUNIT_EXPECT_FALSE(test, settles(f->yes[1].start, 8));
}

static struct kunit_case rules_cases[] = {
	KUNIT_CASE_PARAM(test_rule, row_gen_params),
	KUNIT_CASE(test_coherent),
	KUNIT_CASE(test_zs),
	KUNIT_CASE(test_cred),
	KUNIT_CASE(test_pages),
	KUNIT_CASE(test_hashtable),
	{ }
};

struct kunit_suite guest_rules_suite = {
	.name = "chariot_guest_rules",
	.init = rules_init,
	.exit = rules_exit,
	.test_cases = rules_cases,
};
