// SPDX-License-Identifier: GPL-2.0
/*
 * Typed grants of the block layer: what a block driver is handed and writes to.
 * Runs in the guest kernel, in any context but NMI; trusts the block layer's
 * tracepoints.
 *
 * A bio is on loan from the moment it is queued to a disk of the driver's
 * (block_bio_queue) until it has completed, just before its submitter hears of
 * it: block_bio_complete for bios that end by themselves, block_rq_complete for
 * those in requests, which the block layer does not trace one by one. While on
 * loan, its data pages are the driver's to write if it reads, byte for byte, and
 * some members of its struct. A bio that the block layer splits is on loan in
 * parts (block_split).
 *
 * A bio that a driver is handed without a disk of its own, as a target of the device
 * mapper is, is noted like a loan, but its data is lent only when the driver writes
 * to it: most pass it on (block_bio_remap) and never do.
 */
#include <linux/bio.h>
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/bvec.h>
#include <linux/hash.h>
#include <linux/kprobes.h>
#include <linux/mempool.h>
#include <linux/part_stat.h>
#include <linux/tracepoint.h>

#include "alloc.h"
#include "chariot.h"
#include "grant_rules.h"
#include "handed.h"

#define LOAN_BITS	8
#define LOANS_RESERVED	128

/**
 * struct loan - a bio on loan to a driver
 * @node: in loans, by @bio
 * @bio: which; not looked at but by those who know it alive
 * @driver: to whom
 * @vec: its data, from @iter on; as they were when it was lent
 * @reads: the driver is to fill its data
 * @members: some member of the struct was granted
 * @handed: without a disk of the driver's
 * @given: the data was lent
 */
struct loan {
	struct hlist_node node;
	struct bio *bio;
	struct chariot_driver *driver;
	const struct bio_vec *vec;
	struct bvec_iter iter;
	bool reads;
	bool members;
	bool handed;
	bool given;
};

static struct hlist_head loans[1 << LOAN_BITS];
static DEFINE_RAW_SPINLOCK(loans_lock);
static unsigned int nr_loans;
static struct kmem_cache *loan_cache;
static mempool_t *loan_pool;
static unsigned int nr_drivers;		/* under chariot_mutex */

/* --- bios ------------------------------------------------------------------------------- */

static struct hlist_head *loan_bucket(const struct bio *bio)
{
	return &loans[hash_ptr(bio, LOAN_BITS)];
}

/* Under the lock. */
static struct loan *loan_find(const struct bio *bio)
{
	struct loan *l;

	hlist_for_each_entry(l, loan_bucket(bio), node)
		if (l->bio == bio)
			return l;
	return NULL;
}

static struct chariot_driver *driver_of_disk(const struct gendisk *disk)
{
	return chariot_driver_by_address((unsigned long)disk->fops);
}

static bool is_page(const struct page *page)
{
	return (unsigned long)page >= VMEMMAP_START && pfn_valid(page_to_pfn(page));
}

/*
 * The next piece of contiguous memory; false when there is none. The vectors are read
 * without faulting: a bio that was handed may be anything.
 */
static bool loan_segment(const struct loan *l, struct bvec_iter *iter,
			 unsigned long *va, unsigned int *len)
{
	struct bio_vec bv;
	u64 end;

	if (!iter->bi_size ||
	    !chariot_peek_bytes(&bv, &l->vec[iter->bi_idx], sizeof(bv)) ||
	    bv.bv_len <= iter->bi_bvec_done)
		return false;
	end = (u64)bv.bv_offset + bv.bv_len;
	if (!is_page(bv.bv_page) || !is_page(bv.bv_page + (end - 1) / PAGE_SIZE))
		return false;
	*va = (unsigned long)page_address(bv.bv_page) + bv.bv_offset +
	      iter->bi_bvec_done;
	*len = min(iter->bi_size, bv.bv_len - iter->bi_bvec_done);
	iter->bi_size -= *len;
	iter->bi_bvec_done += *len;
	if (iter->bi_bvec_done == bv.bv_len) {
		iter->bi_bvec_done = 0;
		iter->bi_idx++;
	}
	return true;
}

/* The next extents of a loan, from *iter on; returns how many. */
static unsigned int loan_extents(const struct loan *l, struct bvec_iter *iter,
				 struct chariot_extent *e)
{
	unsigned int n = 0, len;
	unsigned long va;

	while (n < CHARIOT_EXTENTS && loan_segment(l, iter, &va, &len)) {
		if (n && e[n - 1].gpa + e[n - 1].size == __pa(va))
			e[n - 1].size += len;
		else
			e[n++] = (struct chariot_extent) {
				__pa(va), len, CHARIOT_KIND_BUFFER
			};
	}
	return n;
}

static void loan_give(struct loan *l)
{
	struct chariot_extent e[CHARIOT_EXTENTS];
	struct bvec_iter iter = l->iter;
	unsigned int n;

	l->given = true;
	while (l->reads && (n = loan_extents(l, &iter, e)))
		chariot_lend_extents(l->driver, e, n, "bio data");
}

/* Ends a loan that is in no list any more. */
static void loan_end(struct loan *l)
{
	struct chariot_extent e[CHARIOT_EXTENTS];
	struct bvec_iter iter = l->iter;
	unsigned int n;

	while (l->reads && l->given && (n = loan_extents(l, &iter, e)))
		chariot_revoke_extents(l->driver, e, n);
	if (l->members)
		chariot_lend_end(l->driver, (unsigned long)l->bio,
				 sizeof(*l->bio), CHARIOT_KIND_OBJECT);
	mempool_free(l, loan_pool);
}

static bool reads_data(const struct bio *bio)
{
	return !op_is_write(bio_op(bio)) && bio_has_data((struct bio *)bio);
}

/* @now: what the bio is like */
static struct loan *loan_new(struct chariot_driver *d, struct bio *bio,
			     const struct bio *now)
{
	struct loan *l = mempool_alloc(loan_pool, GFP_ATOMIC | __GFP_NOWARN);

	if (!l) {
		atomic64_inc(&d->untracked);
		return NULL;
	}
	*l = (struct loan) {
		.bio = bio, .driver = d, .vec = now->bi_io_vec,
		.iter = now->bi_iter, .reads = reads_data(now),
	};
	return l;
}

/* In place of one that is there: it ended without our seeing it. */
static void loan_insert(struct loan *l)
{
	struct loan *old;
	unsigned long flags;

	raw_spin_lock_irqsave(&loans_lock, flags);
	old = loan_find(l->bio);
	if (old)
		hlist_del(&old->node);
	else
		nr_loans++;
	hlist_add_head(&l->node, loan_bucket(l->bio));
	raw_spin_unlock_irqrestore(&loans_lock, flags);
	if (old)
		mempool_free(old, loan_pool);
}

static struct loan *loan_take(const struct bio *bio)
{
	struct loan *l;
	unsigned long flags;

	if (!READ_ONCE(nr_loans))
		return NULL;
	raw_spin_lock_irqsave(&loans_lock, flags);
	l = loan_find(bio);
	if (l) {
		hlist_del(&l->node);
		nr_loans--;
	}
	raw_spin_unlock_irqrestore(&loans_lock, flags);
	return l;
}

static void lend_bio(struct bio *bio)
{
	struct chariot_driver *d;
	struct loan *l;

	if (!READ_ONCE(nr_drivers) || !bio->bi_bdev)
		return;
	rcu_read_lock();
	d = driver_of_disk(bio->bi_bdev->bd_disk);
	l = d ? loan_new(d, bio, bio) : NULL;
	if (l) {
		loan_insert(l);
		loan_give(l);
	}
	rcu_read_unlock();
}

static bool loan_noted(const struct bio *bio, bool handed)
{
	unsigned long flags;
	struct loan *l;
	bool noted;

	if (!READ_ONCE(nr_loans))
		return false;
	raw_spin_lock_irqsave(&loans_lock, flags);
	l = loan_find(bio);
	noted = l && l->handed == handed;
	raw_spin_unlock_irqrestore(&loans_lock, flags);
	return noted;
}

/*
 * The bio may be anything. What is on loan is dealt with here: to be handed it as well
 * would only cost time.
 */
bool chariot_bio_seen(struct chariot_driver *d, unsigned long bio)
{
	struct loan *l;
	struct bio now;

	if (loan_noted((struct bio *)bio, false))
		return true;
	if (!chariot_peek_bytes(&now, (void *)bio, sizeof(now)) || !reads_data(&now))
		return false;
	l = loan_new(d, (struct bio *)bio, &now);
	if (l) {
		l->handed = true;
		loan_insert(l);
	}
	return false;
}

static void end_bio(const struct bio *bio)
{
	struct loan *l = loan_take(bio);

	if (l)
		loan_end(l);
}

static void probe_bio_queue(void *unused, struct bio *bio)
{
	lend_bio(bio);
}

/* A stacking driver passes a bio on, perhaps to a disk of ours. */
static void probe_bio_remap(void *unused, struct bio *bio, dev_t dev,
			    sector_t from)
{
	end_bio(bio);
	lend_bio(bio);
}

/* A bio that a driver was handed and that is no loan: a stacking driver's. */
static void end_handed(struct chariot_driver *d, const struct bio *bio)
{
	struct chariot_span pad;

	if (!chariot_handed_forget(d, (unsigned long)bio, sizeof(*bio)))
		return;
	if (chariot_bio_pad(d, (unsigned long)bio, 0, &pad))
		chariot_lend_end(d, pad.start, pad.size, CHARIOT_KIND_BUFFER);
	chariot_lend_end(d, (unsigned long)bio, sizeof(*bio),
			 CHARIOT_KIND_OBJECT);
}

static void probe_bio_complete(void *unused, struct request_queue *q,
			       struct bio *bio)
{
	struct chariot_driver *d;

	end_bio(bio);
	if (!virt_addr_valid(bio) ||
	    !chariot_frame_marked(PHYS_PFN(__pa(bio))))
		return;
	rcu_read_lock();
	list_for_each_entry_rcu(d, &chariot_drivers, node)
		if (READ_ONCE(d->nr_handed))
			end_handed(d, bio);
	rcu_read_unlock();
}

/* One with a disk may have parts that go on. */
void chariot_bio_ends(struct chariot_driver *d, const unsigned long *args)
{
	if (!args[0])
		return;
	if (loan_noted((struct bio *)args[0], true))
		end_bio((struct bio *)args[0]);
	end_handed(d, (struct bio *)args[0]);
}

/*
 * A part was cut off a bio's front, and completes it when it is done itself. The
 * rights stay as they are; who ends them changes.
 */
static void probe_split(void *unused, struct bio *part, unsigned int sector)
{
	struct bio *rest = part->bi_private;
	struct loan *l, *whole;
	unsigned long flags;

	if (!READ_ONCE(nr_loans))
		return;
	raw_spin_lock_irqsave(&loans_lock, flags);
	whole = loan_find(rest);
	l = whole ? loan_new(whole->driver, part, part) : NULL;
	if (l) {
		l->handed = whole->handed;
		l->given = whole->given;
		whole->iter = rest->bi_iter;
		hlist_add_head(&l->node, loan_bucket(part));
		nr_loans++;
	}
	raw_spin_unlock_irqrestore(&loans_lock, flags);
}

static void probe_rq_complete(void *unused, struct request *rq, blk_status_t error,
			      unsigned int bytes)
{
	struct bio *bio;

	if (!READ_ONCE(nr_loans))
		return;
	for (bio = rq->bio; bio && bytes >= bio->bi_iter.bi_size;
	     bio = bio->bi_next) {
		bytes -= bio->bi_iter.bi_size;
		end_bio(bio);
	}
}

/* Is this loan what it was when it was noted? The bio may be long gone. */
static bool loan_alive(const struct loan *l)
{
	const struct block_device *bdev;
	const struct gendisk *disk;

	if (chariot_peek(&l->bio->bi_io_vec) != (unsigned long)l->vec)
		return false;
	if (l->handed)
		return true;
	bdev = (void *)chariot_peek(&l->bio->bi_bdev);
	disk = bdev ? (void *)chariot_peek(&bdev->bd_disk) : NULL;
	return disk && chariot_module_contains(l->driver->mod,
					       chariot_peek(&disk->fops));
}

static bool settle_loan(struct loan *l, unsigned long va)
{
	struct bvec_iter iter = l->iter;
	unsigned long start;
	unsigned int len;

	if (va - (unsigned long)l->bio < sizeof(*l->bio)) {
		if (l->handed || !loan_alive(l) ||
		    !chariot_lend_member(l->driver, (unsigned long)l->bio,
					 chariot_bio_members, va))
			return false;
		l->members = true;
		return true;
	}
	if (!l->reads || !loan_alive(l))
		return false;
	/* Data that two bios on loan share, and one of them has ended; or not yet lent. */
	while (loan_segment(l, &iter, &start, &len)) {
		if (va - start >= len)
			continue;
		if (!l->given)
			loan_give(l);
		return !chariot_lend(l->driver, start, len, CHARIOT_KIND_BUFFER,
				     "bio data");
	}
	return false;
}

static bool settle_bio(struct chariot_driver *d, unsigned long va)
{
	unsigned long flags;
	struct loan *l;
	bool ok = false;
	int i;

	if (!READ_ONCE(nr_loans))
		return false;
	/* Held over the grant: the bio may complete on another CPU. */
	raw_spin_lock_irqsave(&loans_lock, flags);
	for (i = 0; i < ARRAY_SIZE(loans) && !ok; i++) {
		hlist_for_each_entry(l, &loans[i], node) {
			ok = l->driver == d && settle_loan(l, va);
			if (ok)
				break;
		}
	}
	raw_spin_unlock_irqrestore(&loans_lock, flags);
	return ok;
}

/* va 0: wherever it is */
bool chariot_bio_pad(const struct chariot_driver *d, unsigned long bio,
		     unsigned long va, struct chariot_span *data)
{
	const struct bio_set *set =
		(void *)chariot_peek(&((struct bio *)bio)->bi_pool);

	data->size = set ? min_t(size_t, chariot_peek32(&set->front_pad), CHARIOT_PAYLOAD_MAX) : 0;
	data->start = bio - data->size;
	return data->size && (!va || va - data->start < data->size);
}

/* What a bio set of the driver's own has before each bio is the driver's. */
static size_t front_pad(struct chariot_driver *d, const struct bio *bio)
{
	const struct bio_set *set = bio->bi_pool;
	unsigned long bad;

	if (!set || !chariot_may_write(d, set, sizeof(*set), &bad))
		return 0;
	return min_t(size_t, chariot_peek32(&set->front_pad), CHARIOT_PAYLOAD_MAX);
}

void chariot_bio_put(struct chariot_driver *d, const unsigned long *args)
{
	struct bio *bio = (struct bio *)args[0];

	if (!bio || (bio_flagged(bio, BIO_REFFED) &&
		     atomic_read(&bio->__bi_cnt) != 1))
		return;
	chariot_lend_end(d, args[0], sizeof(*bio), CHARIOT_KIND_OBJECT);
}

void chariot_bio_returned(struct chariot_driver *d,
			  const struct chariot_call_rule *rule,
			  const unsigned long *args, unsigned long ret)
{
	const struct bio *bio = (struct bio *)ret;
	size_t pad = front_pad(d, bio);

	chariot_lend(d, ret - pad, pad + sizeof(*bio), CHARIOT_KIND_OBJECT,
		     "bio");
	/* A clone has none of its own. */
	if (bio->bi_io_vec && bio->bi_max_vecs)
		chariot_lend(d, (unsigned long)bio->bi_io_vec,
			     bio->bi_max_vecs * sizeof(struct bio_vec),
			     CHARIOT_KIND_OBJECT, "bio_vec");
}

/* --- pages without a bio (rw_page, until Linux 6.4) -------------------------------------- */

struct page_read {
	u32 domain;
	struct page *page;
};

static int page_read_enter(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct block_device *bdev =
		(void *)regs_get_kernel_argument(regs, 0);
	struct page_read *p = (struct page_read *)ri->data;
	struct chariot_driver *d;

	if (!READ_ONCE(nr_drivers))
		return 1;
	rcu_read_lock();
	d = driver_of_disk(bdev->bd_disk);
	if (d) {
		p->domain = d->domain;
		p->page = (void *)regs_get_kernel_argument(regs, 2);
		chariot_lend(d, (unsigned long)page_address(p->page),
			     page_size(p->page), CHARIOT_KIND_BUFFER,
			     "page to read");
	}
	rcu_read_unlock();
	return !d;
}
NOKPROBE_SYMBOL(page_read_enter);

static int page_read_leave(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct page_read *p = (struct page_read *)ri->data;
	struct chariot_driver *d;

	rcu_read_lock();
	d = chariot_driver_by_domain(p->domain);
	if (d)
		chariot_lend_end(d, (unsigned long)page_address(p->page),
				 PAGE_SIZE, CHARIOT_KIND_BUFFER);
	rcu_read_unlock();
	return 0;
}
NOKPROBE_SYMBOL(page_read_leave);

static struct kretprobe page_read_probe;
static bool page_read_probed;

static void probe_page_read(void)
{
	page_read_probe = (struct kretprobe) {
		.kp.symbol_name = "bdev_read_page",
		.entry_handler = page_read_enter,
		.handler = page_read_leave,
		.data_size = sizeof(struct page_read),
		.maxactive = 64,
	};
	/* Not there since Linux 6.4: then pages come in bios only. */
	page_read_probed = !register_kretprobe(&page_read_probe);
}

/* page_endio(page, ...) by the driver */
void chariot_page_ends(struct chariot_driver *d, const unsigned long *args)
{
	struct page *page = (struct page *)args[0];

	if (pfn_valid(page_to_pfn(page)))
		chariot_lend_end(d, (unsigned long)page_address(page),
				 PAGE_SIZE, CHARIOT_KIND_BUFFER);
}

/* --- disks ---------------------------------------------------------------------------------- */

void chariot_disk_returned(struct chariot_driver *d,
			   const struct chariot_call_rule *rule,
			   const unsigned long *args, unsigned long ret)
{
	const struct gendisk *disk = (struct gendisk *)ret;
	const struct chariot_member *m;

	chariot_lend(d, ret, sizeof(*disk), CHARIOT_KIND_OBJECT, "gendisk");
	for (m = chariot_queue_members; m->text; m++)
		chariot_lend(d, (unsigned long)disk->queue + m->offset, m->size,
			     CHARIOT_KIND_OBJECT, m->text);
	/* part_stat_set_all(), part_stat_add() */
	chariot_percpu_give(d, disk->part0->bd_stats, sizeof(struct disk_stats),
			    "disk_stats", (unsigned long)rule->real);
}

/* --- coming and going ---------------------------------------------------------- */

bool chariot_block_settle(struct chariot_driver *d, unsigned long va)
{
	return settle_bio(d, va) || chariot_request_settle(d, va);
}

static struct watch {
	const char *name;
	void *probe;
	struct tracepoint *tp;
	bool on;
} watches[] = {
	{ "block_bio_queue",	probe_bio_queue },
	{ "block_bio_remap",	probe_bio_remap },
	{ "block_bio_complete",	probe_bio_complete },
	{ "block_split",	probe_split },
	{ "block_rq_complete",	probe_rq_complete },
};

static void find_watch(struct tracepoint *tp, void *unused)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(watches); i++)
		if (!strcmp(tp->name, watches[i].name))
			watches[i].tp = tp;
}

static void watch_off(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(watches); i++) {
		struct watch *w = &watches[i];

		if (w->on)
			tracepoint_probe_unregister(w->tp, w->probe, NULL);
		w->on = false;
	}
	tracepoint_synchronize_unregister();
	if (page_read_probed)
		unregister_kretprobe(&page_read_probe);
	page_read_probed = false;
}

static int watch_on(void)
{
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(watches); i++) {
		struct watch *w = &watches[i];

		ret = w->tp ? tracepoint_probe_register(w->tp, w->probe, NULL)
			    : -ENOENT;
		if (ret) {
			pr_err("tracepoint %s: %d\n", w->name, ret);
			watch_off();
			return ret;
		}
		w->on = true;
	}
	probe_page_read();
	return 0;
}

int chariot_block_attach(struct chariot_driver *d)
{
	int ret = chariot_requests_attach(d);

	if (ret)
		return ret;
	if (!nr_drivers) {
		ret = watch_on();
		if (ret) {
			chariot_requests_detach(d);
			return ret;
		}
	}
	WRITE_ONCE(nr_drivers, nr_drivers + 1);
	return 0;
}

static void forget_loans(const struct chariot_driver *d)
{
	struct hlist_node *next;
	struct hlist_head gone = HLIST_HEAD_INIT;
	unsigned long flags;
	struct loan *l;
	int i;

	raw_spin_lock_irqsave(&loans_lock, flags);
	for (i = 0; i < ARRAY_SIZE(loans); i++) {
		hlist_for_each_entry_safe(l, next, &loans[i], node) {
			if (l->driver != d)
				continue;
			hlist_del(&l->node);
			hlist_add_head(&l->node, &gone);
			nr_loans--;
		}
	}
	raw_spin_unlock_irqrestore(&loans_lock, flags);
	hlist_for_each_entry_safe(l, next, &gone, node)
		mempool_free(l, loan_pool);
}

void chariot_block_detach(struct chariot_driver *d)
{
	WRITE_ONCE(nr_drivers, nr_drivers - 1);
	if (!nr_drivers)
		watch_off();
	forget_loans(d);
	chariot_requests_detach(d);
}

int chariot_block_init(void)
{
	for_each_kernel_tracepoint(find_watch, NULL);
	loan_cache = kmem_cache_create("chariot_loan", sizeof(struct loan), 0, 0,
				       NULL);
	if (!loan_cache)
		return -ENOMEM;
	loan_pool = mempool_create_slab_pool(LOANS_RESERVED, loan_cache);
	if (!loan_pool) {
		kmem_cache_destroy(loan_cache);
		return -ENOMEM;
	}
	return 0;
}

void chariot_block_exit(void)
{
	mempool_destroy(loan_pool);
	kmem_cache_destroy(loan_cache);
}
