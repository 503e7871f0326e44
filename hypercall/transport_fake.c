// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A backend without hardware: it keeps domains and tables, judges the writes it
 * is told of, and serves each call as abi.h says. No view is ever switched.
 * Runs in a kernel under test, KUnit alone; trusts nothing that a call brings.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "record.h"
#include "request.h"
#include "serve.h"
#include "transport_fake.h"
#include "untold.h"

#define FEATURES	(CHARIOT_F_ENFORCE | CHARIOT_F_BYTE_EXACT | \
			 CHARIOT_F_RECORDS | CHARIOT_F_WATCH_MAP | \
			 CHARIOT_F_WALK_ALIAS | CHARIOT_F_GUEST_SWITCH)
/* mov %rax,(%rdi): what all faked writes are done by. */
#define INSN		"\x48\x89\x07"
#define INSN_LEN	3

struct fake_domain {
	bool used;
	bool active;
	enum chariot_mode mode;
	struct chariot_table table;
	struct chariot_table own;	/* what the backend gave by itself */
	u64 violations;
	u64 emulated;
};

/* Domain 0's table holds what is executable for all. */
struct fake {
	void *ram;
	u64 ram_gpa;
	u64 ram_size;
	bool greeted;
	u32 features;
	u32 notify_error;
	u64 calls;
	u64 blocks;			/* from the kernel, in tables or pool */
	struct chariot_pool pool;
	struct fake_domain domain[CHARIOT_FAKE_DOMAINS + 1];
	struct chariot_ring ring;
	struct chariot_untold_list untold;
	struct chariot_frame_map map;
	union chariot_call_page page;
};

static struct fake fake;
/*
 * Blocks have a cache of their own: where the guest is the kernel itself, the
 * calls that free them come from the ends of its memory. A constructor keeps the
 * cache from being merged with others.
 */
static struct kmem_cache *block_cache;
static DEFINE_SPINLOCK(fake_lock);	/* calls come from any context */

struct chariot_fake_knobs chariot_fake_knobs;

/* Memory. */

static bool is_ram(u64 gpa, u64 size)
{
	return gpa >= fake.ram_gpa && gpa - fake.ram_gpa < fake.ram_size &&
	       size <= fake.ram_size - (gpa - fake.ram_gpa);
}

static void *ram_at(u64 gpa)
{
	return fake.ram + (gpa - fake.ram_gpa);
}

static bool op_read(void *from, u64 gpa, void *to, u64 size)
{
	if (!is_ram(gpa, size))
		return false;
	memcpy(to, ram_at(gpa), size);
	return true;
}

static bool op_write(void *from, u64 gpa, const void *data, u64 size)
{
	if (!is_ram(gpa, size))
		return false;
	memcpy(ram_at(gpa), data, size);
	return true;
}

static bool op_is_memory(void *from, u64 gpa)
{
	return is_ram(gpa, 1);
}

static void pool_drain(void)
{
	void *block;

	while ((block = chariot_pool_take(&fake.pool))) {
		kmem_cache_free(block_cache, block);
		fake.blocks--;
	}
}

static int pool_stock(u32 count)
{
	while (fake.pool.count < count) {
		void *block;

		if (fake.blocks >= chariot_fake_knobs.max_blocks)
			return -ENOMEM;
		block = kmem_cache_alloc(block_cache, GFP_ATOMIC | __GFP_NOWARN);
		if (!block)
			return -ENOMEM;
		chariot_pool_put(&fake.pool, block);
		fake.blocks++;
	}
	return 0;
}

static int table_add(struct chariot_table *t, const struct chariot_region *r)
{
	int err = pool_stock(chariot_table_need(t, r->gpa, r->size));

	if (!err)
		err = chariot_table_add(t, &fake.pool, r->gpa, r->size,
					r->rights, r->kind);
	pool_drain();
	return err;
}

/* Most removals need no block, none more than the lists of both ends. */
static int table_remove(struct chariot_table *t, u64 gpa, u64 size)
{
	u32 stock = 0;
	int err;

	do {
		err = chariot_table_remove(t, &fake.pool, gpa, size);
	} while (err == -ENOMEM && !pool_stock(++stock));
	pool_drain();
	return err;
}

/* Domains. */

static struct fake_domain *domain_find(u64 id)
{
	if (id == CHARIOT_DOMAIN_KERNEL || id > CHARIOT_FAKE_DOMAINS ||
	    !fake.domain[id].used)
		return NULL;
	return &fake.domain[id];
}

/* There is no host that could be told. */
static void tell_all(u32 id)
{
	struct chariot_untold u;

	while (chariot_untold_take(&fake.untold, id, U64_MAX, &u))
		;
}

static void domain_end(struct fake_domain *d)
{
	tell_all(d - fake.domain);
	chariot_table_clear(&d->table, &fake.pool);
	chariot_table_clear(&d->own, &fake.pool);
	pool_drain();
	memset(d, 0, sizeof(*d));
}

static void forget(void)
{
	u32 id;

	for (id = 0; id <= CHARIOT_FAKE_DOMAINS; id++)
		domain_end(&fake.domain[id]);
	chariot_ring_init(&fake.ring);
	memset(&fake.map, 0, sizeof(fake.map));
	fake.greeted = false;
}

static u64 page_rights(void)
{
	u64 sum = 0;
	u32 id;

	for (id = 0; id <= CHARIOT_FAKE_DOMAINS; id++)
		sum += fake.domain[id].table.pages;
	return sum;
}

/* Calls. */

static int op_hello(void *from, struct chariot_hello *h)
{
	if (chariot_fake_knobs.refuse)
		return -EACCES;
	forget();
	fake.features = h->features & chariot_fake_knobs.features;
	fake.notify_error = h->notify_error;
	h->features = fake.features;
	h->max_domains = chariot_fake_knobs.max_domains;
	h->max_regions = chariot_fake_knobs.max_regions;
	memset(h->backend, 0, sizeof(h->backend));
	strscpy(h->backend, "fake", sizeof(h->backend));
	return 0;
}

static int op_domain_create(void *from, struct chariot_domain_create *c)
{
	u32 id;

	for (id = 1; id <= chariot_fake_knobs.max_domains; id++)
		if (!fake.domain[id].used)
			break;
	if (id > chariot_fake_knobs.max_domains)
		return -ENOSPC;
	if (fake.blocks >= chariot_fake_knobs.max_blocks)
		return -ENOMEM;
	fake.domain[id].used = true;
	fake.domain[id].mode = c->mode;
	c->domain = id;
	return 0;
}

static int op_domain_control(void *from, u32 id, u32 state, u32 mode)
{
	struct fake_domain *d = domain_find(id);

	if (!d)
		return -ENOENT;
	d->active = state == CHARIOT_DOMAIN_ACTIVE;
	d->mode = mode;
	return 0;
}

static int op_domain_destroy(void *from, u32 id)
{
	struct fake_domain *d = domain_find(id);

	if (!d)
		return -ENOENT;
	domain_end(d);
	return 0;
}

static int region_add(struct chariot_table *t, const struct chariot_region *r)
{
	u64 limit = chariot_fake_knobs.max_regions;
	u64 used = page_rights();
	u64 pages = ((r->gpa + r->size - 1) >> CHARIOT_PAGE_SHIFT) -
		    (r->gpa >> CHARIOT_PAGE_SHIFT) + 1;

	if (used >= limit || pages > limit - used)
		return -ENOSPC;
	/* A device's registers are named, not guarded. */
	if (r->kind == CHARIOT_KIND_MMIO ? r->rights & CHARIOT_RIGHT_EXEC :
					   !is_ram(r->gpa, r->size))
		return -EFAULT;
	return table_add(t, r);
}

static int region_change(const struct chariot_region *r)
{
	struct fake_domain *d;
	int err = chariot_check_region(r);

	if (err)
		return err;
	d = r->domain == CHARIOT_DOMAIN_ALL ? &fake.domain[0] :
					      domain_find(r->domain);
	if (!d)
		return -ENOENT;
	if (r->op != CHARIOT_REGION_ADD)
		return table_remove(&d->table, r->gpa, r->size);
	err = region_add(&d->table, r);
	if (!err)
		d->violations -= chariot_untold_granted(&fake.untold, r->domain,
							r->gpa, r->size);
	return err;
}

static int op_region_update(void *from, struct chariot_batch *b)
{
	int err = 0;

	for (b->done = 0; b->done < b->count; b->done++) {
		err = region_change(&b->region[b->done]);
		if (err)
			break;
	}
	return err;
}

static int op_record_next(void *from, struct chariot_record *rec)
{
	return chariot_ring_pop(&fake.ring, rec) ? 0 : -ENOENT;
}

static int op_record_settle(void *from, u64 seq)
{
	u32 id = chariot_untold_settled(&fake.untold, seq);

	if (id == CHARIOT_DOMAIN_KERNEL)
		return -ENOENT;
	fake.domain[id].violations--;
	return 0;
}

static int op_domain_stats(void *from, u32 id, struct chariot_stats *s)
{
	u32 first = id ? id : 1;
	u32 last = id ? id : CHARIOT_FAKE_DOMAINS;

	if (id && !domain_find(id))
		return -ENOENT;
	for (id = first; id <= last; id++) {
		const struct fake_domain *d = &fake.domain[id];

		s->violations += d->violations;
		s->emulated += d->emulated;
		s->regions += d->table.pages;
	}
	return 0;
}

static int op_watch_map(void *from, const struct chariot_frame_map *map)
{
	fake.map = *map;
	return 0;
}

/* The byte of the watched map that holds the bit of @gfn, or NULL. */
static u8 *watch_byte(u64 gfn)
{
	u64 page = gfn / (8 * CHARIOT_PAGE_SIZE);

	if (page >= fake.map.count ||
	    !is_ram(fake.map.gpa[page], CHARIOT_PAGE_SIZE))
		return NULL;
	return (u8 *)ram_at(fake.map.gpa[page]) +
	       gfn / 8 % CHARIOT_PAGE_SIZE;
}

static int op_page_release(void *from, u64 gpa, u64 size)
{
	u64 gfn, last;
	u32 id;

	/* Rights are given to whole pages, and end so. */
	gfn = gpa >> CHARIOT_PAGE_SHIFT;
	last = (gpa + size - 1) >> CHARIOT_PAGE_SHIFT;
	for (id = 1; id <= CHARIOT_FAKE_DOMAINS; id++)
		table_remove(&fake.domain[id].own, gfn << CHARIOT_PAGE_SHIFT,
			     (last - gfn + 1) << CHARIOT_PAGE_SHIFT);
	for (; gfn <= last && gfn / (8 * CHARIOT_PAGE_SIZE) < fake.map.count;
	     gfn++) {
		u8 *byte = watch_byte(gfn);

		if (byte)
			*byte &= ~(1u << gfn % 8);
	}
	return 0;
}

/* Nothing walks page tables here: what it names must be there, and that is all. */
static int op_walk_alias(void *from, const struct chariot_walk_alias *a)
{
	u32 i;

	if (!(fake.features & CHARIOT_F_WALK_ALIAS))
		return -ENOSYS;
	for (i = 0; i < a->count; i++) {
		if (a->op == CHARIOT_WALK_ALIAS_TABLES && !a->gpa[i])
			continue;
		if (!is_ram(a->gpa[i], CHARIOT_PAGE_SIZE))
			return -EFAULT;
	}
	return 0;
}

/* No view is ever entered, and the word not read. */
static int op_entry_word(void *from, u64 gpa)
{
	return fake.features & CHARIOT_F_GUEST_SWITCH ? 0 : -ENOSYS;
}

static const struct chariot_call_ops ops = {
	.read		= op_read,
	.write		= op_write,
	.is_memory	= op_is_memory,
	.hello		= op_hello,
	.domain_create	= op_domain_create,
	.domain_control	= op_domain_control,
	.domain_destroy	= op_domain_destroy,
	.region_update	= op_region_update,
	.record_next	= op_record_next,
	.record_settle	= op_record_settle,
	.domain_stats	= op_domain_stats,
	.watch_map	= op_watch_map,
	.page_release	= op_page_release,
	.walk_alias	= op_walk_alias,
	.entry_word	= op_entry_word,
};

static long serve(u32 nr, u64 a1, u64 a2, u64 a3)
{
	fake.calls++;
	if (chariot_fake_knobs.absent)
		return -ENOSYS;
	if (chariot_fake_knobs.fail_call && !--chariot_fake_knobs.fail_call)
		return chariot_fake_knobs.fail_error;
	if (chariot_fake_knobs.unprivileged)
		return -EPERM;
	return chariot_call_serve(&ops, NULL, &fake.greeted, &fake.page, nr, a1,
				  a2, a3);
}

static bool fake_detect(void)
{
	return fake.ram && !chariot_fake_knobs.absent;
}

static long fake_call(u32 nr, u64 a1, u64 a2, u64 a3)
{
	unsigned long flags;
	long ret;

	spin_lock_irqsave(&fake_lock, flags);
	ret = serve(nr, a1, a2, a3);
	spin_unlock_irqrestore(&fake_lock, flags);
	return ret;
}

const struct chariot_transport chariot_transport_fake = {
	.name	= "fake",
	.detect	= fake_detect,
	.call	= fake_call,
};

/* Hooks; transport_fake.h says what they do. */

static void block_made(void *block)
{
}

void chariot_fake_start(void *ram, u64 gpa, u64 size)
{
	chariot_fake_stop();
	block_cache = kmem_cache_create("chariot_fake_block", CHARIOT_BLOCK_SIZE, 0,
					0, block_made);
	/* Without memory there is no hypervisor. */
	fake.ram = block_cache ? ram : NULL;
	fake.ram_gpa = gpa;
	fake.ram_size = fake.ram ? size : 0;
	fake.calls = 0;
	chariot_fake_knobs = (struct chariot_fake_knobs){
		.features = FEATURES,
		.max_domains = CHARIOT_FAKE_DOMAINS,
		.max_regions = 1024,
		.max_blocks = U64_MAX,
		.rip = 0xffffffffc0000000ull,
	};
}

void chariot_fake_stop(void)
{
	unsigned long flags;

	spin_lock_irqsave(&fake_lock, flags);
	forget();
	fake.ram = NULL;
	fake.ram_size = 0;
	spin_unlock_irqrestore(&fake_lock, flags);
	kmem_cache_destroy(block_cache);
	block_cache = NULL;
}

/* Returns true if the guest is to be notified: not of repeats in audit. */
static bool record_write(u32 id, const struct chariot_access *a, u64 bad,
			 enum chariot_verdict verdict)
{
	static const char nobody[CHARIOT_DOMAIN_NAME_LEN];
	bool held = chariot_fake_knobs.held && verdict == CHARIOT_VERDICT_STOP;
	struct chariot_record rec = {
		.time_ns = ktime_get_real_ns(),
		.rip = chariot_fake_knobs.rip,
		.next_rip = chariot_fake_knobs.rip + (held ? 0 : INSN_LEN),
		.rsp = chariot_fake_knobs.rsp,
		.gpa = bad,
		.domain = id,
		.vcpu = chariot_fake_knobs.vcpu,
		.size = a->size,
		.flags = a->size ? CHARIOT_RECORD_SIZE : 0,
		.outcome = held ? CHARIOT_OUTCOME_HELD :
			   verdict == CHARIOT_VERDICT_AUDIT ?
				   CHARIOT_OUTCOME_AUDITED :
				   CHARIOT_OUTCOME_STOPPED,
		.insn_len = INSN_LEN,
		.insn = INSN,
	};
	struct chariot_range near;

	rec.flags |= chariot_fake_knobs.flags;
	memcpy(rec.value, &chariot_fake_knobs.value, sizeof(chariot_fake_knobs.value));
	if (chariot_fake_knobs.insn[0])
		memcpy(rec.insn, chariot_fake_knobs.insn, sizeof(chariot_fake_knobs.insn));
	if (chariot_fake_knobs.gva) {
		rec.flags |= CHARIOT_RECORD_GVA;
		rec.gva = chariot_fake_knobs.gva;
	}
	if (chariot_table_nearest(&fake.domain[id].table, bad, &near)) {
		rec.flags |= CHARIOT_RECORD_REGION;
		rec.region_gpa = near.gpa;
		rec.region_size = near.size;
		rec.region_kind = near.kind;
	}
	if (!chariot_ring_push(&fake.ring, &rec) && verdict != CHARIOT_VERDICT_STOP)
		return false;
	if (chariot_untold_full(&fake.untold))
		tell_all(CHARIOT_DOMAIN_ALL);
	chariot_untold_add(&fake.untold, &rec, nobody, fake.calls);
	return true;
}

static bool judge(u32 id, const struct chariot_access *a,
		  enum chariot_verdict *verdict)
{
	struct fake_domain *d = &fake.domain[id];
	u64 bad;

	*verdict = chariot_decide(&d->own, d->mode, a, NULL);
	if (*verdict != CHARIOT_VERDICT_ALLOW)
		*verdict = chariot_decide(&d->table, d->mode, a, &bad);
	switch (*verdict) {
	case CHARIOT_VERDICT_ALLOW:
		return false;
	case CHARIOT_VERDICT_EMULATE:
		d->emulated++;
		return false;
	default:
		d->violations++;
		return record_write(id, a, bad, *verdict);
	}
}

int chariot_fake_write(u32 domain, u64 gpa, u64 size,
		       enum chariot_verdict *verdict)
{
	const struct chariot_access a = { .gpa = gpa, .size = size };
	enum chariot_verdict v = CHARIOT_VERDICT_ALLOW;
	struct fake_domain *d;
	unsigned long flags;
	bool notify = false;
	int err = 0;

	spin_lock_irqsave(&fake_lock, flags);
	d = domain_find(domain);
	if (d && d->active)
		notify = judge(domain, &a, &v);
	else if (!d && domain != CHARIOT_DOMAIN_KERNEL)
		err = -ENOENT;
	spin_unlock_irqrestore(&fake_lock, flags);

	/* Unlocked, since it will ask for the record. */
	if (notify && fake.notify_error && chariot_fake_knobs.notify)
		chariot_fake_knobs.notify(fake.notify_error);
	if (!err && verdict)
		*verdict = v;
	return err;
}

static int grant(u32 id, u64 gfn)
{
	const struct chariot_region page = {
		.gpa = gfn << CHARIOT_PAGE_SHIFT,
		.size = CHARIOT_PAGE_SIZE,
		.rights = CHARIOT_RIGHT_WRITE,
	};
	struct fake_domain *d = domain_find(id);
	u8 *byte = watch_byte(gfn);
	int err;

	if (!d || gfn / (8 * CHARIOT_PAGE_SIZE) >= fake.map.count)
		return -ENOENT;
	if (!byte)
		return -EFAULT;
	err = table_add(&d->own, &page);
	if (!err)
		*byte |= 1u << gfn % 8;
	return err;
}

int chariot_fake_grant(u32 domain, u64 gpa)
{
	unsigned long flags;
	int err;

	spin_lock_irqsave(&fake_lock, flags);
	err = grant(domain, gpa >> CHARIOT_PAGE_SHIFT);
	spin_unlock_irqrestore(&fake_lock, flags);
	return err;
}

u64 chariot_fake_calls(void)
{
	return fake.calls;
}

u64 chariot_fake_blocks(void)
{
	return fake.blocks;
}
