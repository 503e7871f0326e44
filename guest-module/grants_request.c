// SPDX-License-Identifier: GPL-2.0
/*
 * Typed grants of requests: a request lives as long as its tag set. What the
 * driver keeps behind it, and some members, are granted when it first writes to
 * them.
 * Runs in the guest kernel, in any context but NMI; reads requests without
 * faulting: they may be anything.
 */
#include <linux/blk-mq.h>
#include <linux/slab.h>

#include "alloc.h"
#include "chariot.h"
#include "grant_rules.h"

/**
 * struct chariot_grants - what a driver was handed
 * @sets: its tag sets
 */
struct chariot_grants {
	raw_spinlock_t lock;
	struct list_head sets;
};

struct tag_set {
	struct list_head node;
	const struct blk_mq_tag_set *set;
};

/* grants->lock is held. */
static bool knows_set(const struct chariot_grants *g, unsigned long set)
{
	const struct tag_set *t;

	list_for_each_entry(t, &g->sets, node)
		if ((unsigned long)t->set == set)
			return true;
	return false;
}

/* Also of sets that a library of the driver's allocates and frees. */
bool chariot_tag_set_seen(struct chariot_driver *d, unsigned long set)
{
	struct chariot_grants *g = READ_ONCE(d->grants);
	struct tag_set *t;
	unsigned long flags;
	bool known;

	if (!g)
		return false;
	raw_spin_lock_irqsave(&g->lock, flags);
	known = knows_set(g, set);
	raw_spin_unlock_irqrestore(&g->lock, flags);
	if (known)
		return false;
	t = kmalloc(sizeof(*t), GFP_ATOMIC);
	if (!t) {
		atomic64_inc(&d->untracked);
		return false;
	}
	t->set = (const struct blk_mq_tag_set *)set;
	raw_spin_lock_irqsave(&g->lock, flags);
	list_add(&t->node, &g->sets);
	raw_spin_unlock_irqrestore(&g->lock, flags);
	return false;
}

void chariot_tag_set_added(struct chariot_driver *d,
			   const struct chariot_call_rule *rule,
			   const unsigned long *args, unsigned long ret)
{
	chariot_tag_set_seen(d, args[0]);
}

void chariot_tag_set_ends(struct chariot_driver *d, const unsigned long *args)
{
	struct tag_set *t, *next, *found = NULL;
	unsigned long flags;

	if (!d->grants)
		return;
	raw_spin_lock_irqsave(&d->grants->lock, flags);
	list_for_each_entry_safe(t, next, &d->grants->sets, node) {
		if ((unsigned long)t->set == args[0]) {
			list_del(&t->node);
			found = t;
			break;
		}
	}
	raw_spin_unlock_irqrestore(&d->grants->lock, flags);
	kfree(found);
}

/* Is it the request that these tags have for this number? */
static bool tags_hold(const struct blk_mq_tags *tags, u32 tag,
		      const struct request *rq)
{
	struct request **rqs;

	if (!tags || tag >= chariot_peek32(&tags->nr_tags))
		return false;
	rqs = (void *)chariot_peek(&tags->static_rqs);
	return rqs && chariot_peek(&rqs[tag]) == (unsigned long)rq;
}

/* struct blk_flush_queue is private, and holds a single request. */
#define FLUSH_QUEUE_WORDS	16

static bool flush_queue_holds(const void *const *fq, const struct request *rq)
{
	int i;

	for (i = 0; fq && i < FLUSH_QUEUE_WORDS; i++)
		if (chariot_peek(&fq[i]) == (unsigned long)rq)
			return true;
	return false;
}

/* Is it a request in flight of a queue with this tag set? It may be anything. */
static bool is_request(const struct request *rq, const struct blk_mq_tag_set *set)
{
	const struct request_queue *q = (void *)chariot_peek(&rq->q);
	const struct blk_mq_hw_ctx *hctx = (void *)chariot_peek(&rq->mq_hctx);

	if (!q || !hctx || chariot_peek(&q->tag_set) != (unsigned long)set ||
	    chariot_peek(&hctx->queue) != (unsigned long)q)
		return false;
	return tags_hold((void *)chariot_peek(&hctx->tags), chariot_peek32(&rq->tag), rq) ||
	       tags_hold((void *)chariot_peek(&hctx->sched_tags),
			 chariot_peek32(&rq->internal_tag), rq) ||
	       flush_queue_holds((void *)chariot_peek(&hctx->fq), rq);
}

/*
 * Requests lie side by side in blocks of pages that the block layer allocates
 * for a tag set, as large as it can get up to 2^4 pages; but for flush requests,
 * which are slab objects.
 */
#define REQUEST_MAX_ORDER	4

static unsigned long request_at(const struct blk_mq_tag_set *set,
				unsigned long va, size_t size)
{
	struct chariot_slab_object o;
	unsigned long base;
	unsigned int order;

	if (!virt_addr_valid((void *)va))
		return 0;
	if (chariot_slab_object_at(va, &o))
		return is_request((void *)o.start, set) ? o.start : 0;
	size = round_up(size, cache_line_size());
	for (order = 0; order <= REQUEST_MAX_ORDER; order++) {
		base = ALIGN_DOWN(va, PAGE_SIZE << order);
		base += rounddown(va - base, size);
		if (is_request((void *)base, set))
			return base;
	}
	return 0;
}

size_t chariot_tag_sets_max(const struct chariot_driver *d,
			    size_t (*size_of)(const struct blk_mq_tag_set *set))
{
	struct chariot_grants *g = READ_ONCE(d->grants);
	unsigned long flags;
	struct tag_set *t;
	size_t size = 0;

	if (!g)
		return 0;
	raw_spin_lock_irqsave(&g->lock, flags);
	list_for_each_entry(t, &g->sets, node)
		size = max(size, size_of(t->set));
	raw_spin_unlock_irqrestore(&g->lock, flags);
	return min_t(size_t, size, CHARIOT_PAYLOAD_MAX);
}

static size_t payload_size(const struct blk_mq_tag_set *set)
{
	return chariot_peek32(&set->cmd_size);
}

/*
 * "The block driver owns these additional bytes", says the kernel of what is behind
 * a request: if the set is the driver's, and not a library's.
 */
static enum chariot_kind payload_kind(const struct chariot_driver *d,
				      const struct blk_mq_tag_set *set)
{
	return chariot_in_module(d, (void *)chariot_peek(&set->ops)) ?
	       CHARIOT_KIND_PRIVATE : CHARIOT_KIND_OBJECT;
}

/* A request that no queue has used yet knows no set: any of them may be its own. */
static enum chariot_kind payload_kind_of_all(const struct chariot_driver *d)
{
	struct chariot_grants *g = READ_ONCE(d->grants);
	enum chariot_kind kind = CHARIOT_KIND_PRIVATE;
	unsigned long flags;
	struct tag_set *t;

	if (!g)
		return CHARIOT_KIND_OBJECT;
	raw_spin_lock_irqsave(&g->lock, flags);
	list_for_each_entry(t, &g->sets, node)
		if (payload_kind(d, t->set) != CHARIOT_KIND_PRIVATE)
			kind = CHARIOT_KIND_OBJECT;
	raw_spin_unlock_irqrestore(&g->lock, flags);
	return kind;
}

/* What is kept behind a request: as much as one of the driver's sets says. */
bool chariot_request_payload(const struct chariot_driver *d, unsigned long rq,
			     unsigned long va, struct chariot_span *data)
{
	const struct request_queue *q =
		(void *)chariot_peek(&((struct request *)rq)->q);

	data->start = rq + sizeof(struct request);
	data->size = chariot_tag_sets_max(d, payload_size);
	data->kind = q ? payload_kind(d, (void *)chariot_peek(&q->tag_set)) :
			 payload_kind_of_all(d);
	return va - data->start < data->size;
}

bool chariot_request_settle(struct chariot_driver *d, unsigned long va)
{
	struct chariot_grants *g = READ_ONCE(d->grants);
	unsigned long flags, rq;
	struct tag_set *t;
	u32 payload;
	bool ok = false;

	if (!g)
		return false;
	raw_spin_lock_irqsave(&g->lock, flags);
	list_for_each_entry(t, &g->sets, node) {
		payload = chariot_peek32(&t->set->cmd_size);
		rq = request_at(t->set, va, sizeof(struct request) + payload);
		if (!rq)
			continue;
		if (va - rq < sizeof(struct request))
			ok = chariot_lend_member(d, rq, chariot_request_members,
						 va);
		else if (va - rq - sizeof(struct request) < payload)
			ok = !chariot_lend(d, rq + sizeof(struct request),
					   payload, payload_kind(d, t->set),
					   "request payload");
		break;
	}
	raw_spin_unlock_irqrestore(&g->lock, flags);
	return ok;
}

int chariot_requests_attach(struct chariot_driver *d)
{
	struct chariot_grants *g = kzalloc(sizeof(*g), GFP_KERNEL);

	if (!g)
		return -ENOMEM;
	raw_spin_lock_init(&g->lock);
	INIT_LIST_HEAD(&g->sets);
	WRITE_ONCE(d->grants, g);
	return 0;
}

void chariot_requests_detach(struct chariot_driver *d)
{
	struct chariot_grants *g = d->grants;
	struct tag_set *t, *next;

	/* Settling runs in RCU read sections. */
	WRITE_ONCE(d->grants, NULL);
	synchronize_rcu();
	list_for_each_entry_safe(t, next, &g->sets, node)
		kfree(t);
	kfree(g);
}
