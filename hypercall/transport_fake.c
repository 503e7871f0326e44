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
#include "transport_fake.h"

#define FEATURES	(CHARIOT_F_ENFORCE | CHARIOT_F_BYTE_EXACT | \
			 CHARIOT_F_RECORDS | CHARIOT_F_WATCH_MAP | \
			 CHARIOT_F_WALK_ALIAS)
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
	struct chariot_frame_map map;
	union {				/* private copy of a page from the guest */
		struct chariot_batch batch;
		struct chariot_frame_map map;
		struct chariot_walk_alias alias;
	} page;
};

static struct fake fake;
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

static int buffer_check(u64 gpa, u64 size, u64 align)
{
	if (!chariot_buffer_valid(gpa, size, align))
		return -EINVAL;
	return is_ram(gpa, size) ? 0 : -EFAULT;
}

static int copy_in(void *to, u64 gpa, u64 size, u64 align)
{
	int err = buffer_check(gpa, size, align);

	if (!err)
		memcpy(to, ram_at(gpa), size);
	return err;
}

/* Where copy_in() or buffer_check() has been. */
static void copy_out(u64 gpa, const void *from, u64 size)
{
	memcpy(ram_at(gpa), from, size);
}

static void pool_drain(void)
{
	void *block;

	while ((block = chariot_pool_take(&fake.pool))) {
		kfree(block);
		fake.blocks--;
	}
}

static int pool_stock(u32 count)
{
	while (fake.pool.count < count) {
		void *block;

		if (fake.blocks >= chariot_fake_knobs.max_blocks)
			return -ENOMEM;
		block = kmalloc(CHARIOT_BLOCK_SIZE, GFP_ATOMIC | __GFP_NOWARN);
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

static void domain_end(struct fake_domain *d)
{
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

static long hello(u64 gpa)
{
	struct chariot_hello h;
	int err;

	err = copy_in(&h, gpa, sizeof(h), sizeof(u64));
	if (!err)
		err = chariot_check_hello(&h);
	if (err)
		return err;
	if (chariot_fake_knobs.refuse)
		return -EACCES;
	forget();
	fake.greeted = true;
	fake.features = h.features & chariot_fake_knobs.features;
	fake.notify_error = h.notify_error;
	h.revision = CHARIOT_ABI_REVISION;
	h.features = fake.features;
	h.max_domains = chariot_fake_knobs.max_domains;
	h.max_regions = chariot_fake_knobs.max_regions;
	memset(h.backend, 0, sizeof(h.backend));
	strscpy(h.backend, "fake", sizeof(h.backend));
	copy_out(gpa, &h, sizeof(h));
	return 0;
}

static long domain_create(u64 gpa)
{
	struct chariot_domain_create c;
	u32 id;
	int err;

	err = copy_in(&c, gpa, sizeof(c), sizeof(u64));
	if (!err)
		err = chariot_check_create(&c);
	if (err)
		return err;
	for (id = 1; id <= chariot_fake_knobs.max_domains; id++)
		if (!fake.domain[id].used)
			break;
	if (id > chariot_fake_knobs.max_domains)
		return -ENOSPC;
	if (fake.blocks >= chariot_fake_knobs.max_blocks)
		return -ENOMEM;
	fake.domain[id].used = true;
	fake.domain[id].mode = c.mode;
	c.domain = id;
	copy_out(gpa, &c, sizeof(c));
	return 0;
}

static long domain_control(u64 id, u64 state, u64 mode)
{
	int err = chariot_check_control(id, state, mode);
	struct fake_domain *d = domain_find(id);

	if (err)
		return err;
	if (!d)
		return -ENOENT;
	d->active = state == CHARIOT_DOMAIN_ACTIVE;
	d->mode = mode;
	return 0;
}

static long domain_destroy(u64 id)
{
	struct fake_domain *d = domain_find(id);

	if (id == CHARIOT_DOMAIN_KERNEL || id >= CHARIOT_DOMAIN_ALL)
		return -EINVAL;
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
	return r->op == CHARIOT_REGION_ADD ?
		       region_add(&d->table, r) :
		       table_remove(&d->table, r->gpa, r->size);
}

static long region_update(u64 gpa)
{
	struct chariot_batch *b = &fake.page.batch;
	int err;

	err = copy_in(b, gpa, sizeof(*b), CHARIOT_PAGE_SIZE);
	if (!err)
		err = chariot_check_batch(b);
	if (err)
		return err;
	for (b->done = 0; b->done < b->count; b->done++) {
		err = region_change(&b->region[b->done]);
		if (err)
			break;
	}
	copy_out(gpa, b, offsetof(struct chariot_batch, reserved));
	return err;
}

static long record_next(u64 gpa)
{
	struct chariot_record rec;
	int err;

	/* A record that cannot be delivered stays. */
	err = buffer_check(gpa, sizeof(rec), sizeof(u64));
	if (err)
		return err;
	if (!chariot_ring_pop(&fake.ring, &rec))
		return -ENOENT;
	copy_out(gpa, &rec, sizeof(rec));
	return 0;
}

static long domain_stats(u64 id, u64 gpa)
{
	u32 first = id ? id : 1;
	u32 last = id ? id : CHARIOT_FAKE_DOMAINS;
	struct chariot_stats s = { 0 };
	int err;

	if (id >= CHARIOT_DOMAIN_ALL)
		return -EINVAL;
	if (id && !domain_find(id))
		return -ENOENT;
	err = buffer_check(gpa, sizeof(s), sizeof(u64));
	if (err)
		return err;
	for (id = first; id <= last; id++) {
		const struct fake_domain *d = &fake.domain[id];

		s.violations += d->violations;
		s.emulated += d->emulated;
		s.regions += d->table.pages;
	}
	copy_out(gpa, &s, sizeof(s));
	return 0;
}

static long watch_map(u64 gpa)
{
	struct chariot_frame_map *map = &fake.page.map;
	int err;

	err = copy_in(map, gpa, sizeof(*map), CHARIOT_PAGE_SIZE);
	if (!err)
		err = chariot_check_frame_map(map);
	if (!err)
		fake.map = *map;
	return err;
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

static long page_release(u64 gpa, u64 size)
{
	u64 gfn, last;
	u32 id;

	if (!chariot_range_valid(gpa, size))
		return -EINVAL;
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

static int alias_check(const struct chariot_walk_alias *a)
{
	int err = chariot_check_walk_alias(a);
	u32 i;

	if (err)
		return err;
	for (i = 0; i < a->count; i++) {
		if (a->op == CHARIOT_WALK_ALIAS_TABLES && !a->gpa[i])
			continue;
		if (!is_ram(a->gpa[i], CHARIOT_PAGE_SIZE))
			return -EFAULT;
	}
	return 0;
}

/* Nothing walks page tables here: it is checked, and that is all. */
static long walk_alias(u64 gpa)
{
	struct chariot_walk_alias *a = &fake.page.alias;
	int err;

	if (!(fake.features & CHARIOT_F_WALK_ALIAS))
		return -ENOSYS;
	err = copy_in(a, gpa, sizeof(*a), CHARIOT_PAGE_SIZE);
	return err ? err : alias_check(a);
}

static long dispatch(u32 nr, u64 a1, u64 a2, u64 a3)
{
	fake.calls++;
	if (chariot_fake_knobs.absent)
		return -ENOSYS;
	if (chariot_fake_knobs.fail_call && !--chariot_fake_knobs.fail_call)
		return chariot_fake_knobs.fail_error;
	if (chariot_fake_knobs.unprivileged)
		return -EPERM;
	if (nr >= CHARIOT_CALL_COUNT)
		return -ENOSYS;
	if (nr != CHARIOT_CALL_HELLO && !fake.greeted)
		return -ENODEV;

	switch ((enum chariot_call_nr)nr) {
	case CHARIOT_CALL_HELLO:
		return hello(a1);
	case CHARIOT_CALL_DOMAIN_CREATE:
		return domain_create(a1);
	case CHARIOT_CALL_DOMAIN_CONTROL:
		return domain_control(a1, a2, a3);
	case CHARIOT_CALL_DOMAIN_DESTROY:
		return domain_destroy(a1);
	case CHARIOT_CALL_REGION_UPDATE:
		return region_update(a1);
	case CHARIOT_CALL_RECORD_NEXT:
		return record_next(a1);
	case CHARIOT_CALL_DOMAIN_STATS:
		return domain_stats(a1, a2);
	case CHARIOT_CALL_WATCH_MAP:
		return watch_map(a1);
	case CHARIOT_CALL_PAGE_RELEASE:
		return page_release(a1, a2);
	case CHARIOT_CALL_WALK_ALIAS:
		return walk_alias(a1);
	case CHARIOT_CALL_COUNT:
		break;
	}
	return -ENOSYS;
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
	ret = dispatch(nr, a1, a2, a3);
	spin_unlock_irqrestore(&fake_lock, flags);
	return ret;
}

const struct chariot_transport chariot_transport_fake = {
	.name	= "fake",
	.detect	= fake_detect,
	.call	= fake_call,
};

/* Hooks; transport_fake.h says what they do. */

void chariot_fake_start(void *ram, u64 gpa, u64 size)
{
	chariot_fake_stop();
	fake.ram = ram;
	fake.ram_gpa = gpa;
	fake.ram_size = size;
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
}

/* Returns true if the guest is to be notified: not of repeats in audit. */
static bool record_write(u32 id, const struct chariot_access *a, u64 bad,
			 enum chariot_verdict verdict)
{
	struct chariot_record rec = {
		.time_ns = ktime_get_real_ns(),
		.rip = chariot_fake_knobs.rip,
		.next_rip = chariot_fake_knobs.rip + INSN_LEN,
		.gpa = bad,
		.domain = id,
		.vcpu = chariot_fake_knobs.vcpu,
		.size = a->size,
		.flags = a->size ? CHARIOT_RECORD_SIZE : 0,
		.outcome = verdict == CHARIOT_VERDICT_AUDIT ?
				   CHARIOT_OUTCOME_AUDITED :
				   CHARIOT_OUTCOME_STOPPED,
		.insn_len = INSN_LEN,
		.insn = INSN,
	};
	struct chariot_range near;

	if (chariot_table_nearest(&fake.domain[id].table, bad, &near)) {
		rec.flags |= CHARIOT_RECORD_REGION;
		rec.region_gpa = near.gpa;
		rec.region_size = near.size;
		rec.region_kind = near.kind;
	}
	return chariot_ring_push(&fake.ring, &rec) ||
	       verdict == CHARIOT_VERDICT_STOP;
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
