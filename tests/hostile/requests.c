// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests: valid ones, ones with a field changed, ones that lie about addresses,
 * lengths, counts and domains. What the backend writes goes to the arena, and what
 * may become executable for a driver alone lies there or in driver.S: a guest whose
 * own kernel loses its text would end the test, not the host.
 * Runs in the guest's kernel.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "hostile.h"

#define REGION_PAGES	4u	/* a region in the arena is no longer than that ... */
/* ... and begins so far before its end. */
#define PLACES		(ARENA_PAGES - REGION_PAGES)
#define MAP_USED	8u	/* pages of a map that a small guest's memory needs */

u64 roll(struct dice *dice)
{
	dice->state ^= dice->state << 13;
	dice->state ^= dice->state >> 7;
	dice->state ^= dice->state << 17;
	return dice->state;
}

static bool one_in(struct dice *dice, u32 n)
{
	return roll(dice) % n == 0;
}

/* Out of a thousand. Few that begin anew, or the state would never be deep. */
u32 pick_call(struct dice *dice)
{
	static const struct {
		u16 share, nr;
	} shares[] = {
		{ 380, CHARIOT_CALL_REGION_UPDATE },
		{ 100, CHARIOT_CALL_DOMAIN_CREATE },
		{ 150, CHARIOT_CALL_DOMAIN_CONTROL },
		{ 30, CHARIOT_CALL_DOMAIN_DESTROY },
		{ 80, CHARIOT_CALL_RECORD_NEXT },
		{ 20, CHARIOT_CALL_RECORD_SETTLE },
		{ 60, CHARIOT_CALL_DOMAIN_STATS },
		{ 40, CHARIOT_CALL_WATCH_MAP },
		{ 60, CHARIOT_CALL_PAGE_RELEASE },
		{ 50, CHARIOT_CALL_WALK_ALIAS },
		{ 10, CHARIOT_CALL_ENTRY_WORD },
		{ 4, CHARIOT_CALL_HELLO },
	};
	u32 at = roll(dice) % 1000;
	int i;

	for (i = 0; i < ARRAY_SIZE(shares); i++) {
		if (at < shares[i].share)
			return shares[i].nr;
		at -= shares[i].share;
	}
	/* No call at all; still one of Chariot's numbers. */
	return CHARIOT_CALL_COUNT + roll(dice) % (0x10000 - CHARIOT_CALL_COUNT);
}

/* Addresses without memory: a device's, far behind everything, no address at all. */
static u64 pick_nowhere(struct dice *dice)
{
	static const u64 devices[] = {
		0xfee00000, 0xfec00000, 0xfed00000, 0xa0000, 0xfffffff8,
	};

	switch (roll(dice) % 4) {
	case 0:
		return devices[roll(dice) % ARRAY_SIZE(devices)];
	case 1:
		return 1ull << (40 + roll(dice) % 24);
	case 2:
		return 0 - roll(dice) % 4096;
	default:
		/* Aligned, so that only the memory is missing. */
		return (roll(dice) | 1ull << 45) & (((1ull << 52) - 1) & PAGE_MASK);
	}
}

static u64 pick_page(struct dice *dice, bool shared)
{
	return shared || roll(dice) % 4 ? page_gpa(roll(dice) % PLACES) :
				driver_gpa(roll(dice) % DRIVERS);
}

/* A request, or room for an answer: mostly where the caller has put one. */
u64 pick_buffer(struct dice *dice, u64 likely)
{
	switch (roll(dice) % 16) {
	case 0:
		return pick_nowhere(dice);
	case 1:
		return page_gpa(roll(dice) % PLACES) + roll(dice) % PAGE_SIZE;
	case 2:
		/* Over the end of its page. */
		return page_gpa(roll(dice) % PLACES) + PAGE_SIZE - 8;
	case 3:
		return page_gpa(roll(dice) % PLACES);
	default:
		return likely;
	}
}

/*
 * Where a region begins. Of a request that others change while it is read, any two
 * fields may come from different regions: none may be a place that matters.
 */
u64 pick_place(struct dice *dice, bool shared)
{
	switch (roll(dice) % 8) {
	case 0:
		return pick_nowhere(dice);
	case 1:
	case 2:
		return pick_page(dice, shared) + roll(dice) % PAGE_SIZE;
	case 3:
		/* Not a page's start, so it can't become executable. */
		if (!shared)
			return roll(dice) % ((u64)totalram_pages() << PAGE_SHIFT) | 1;
		fallthrough;
	default:
		return pick_page(dice, shared);
	}
}

static u64 pick_size(struct dice *dice, bool shared)
{
	switch (roll(dice) % 8) {
	case 0:
		return roll(dice) % 64;
	case 1:
		return roll(dice) % PAGE_SIZE;
	case 2:
		/* No whole pages, so they can't become executable. */
		if (!shared)
			return (roll(dice) >> (roll(dice) % 64)) | 1;
		fallthrough;
	default:
		return (1 + roll(dice) % REGION_PAGES) * PAGE_SIZE;
	}
}

/* Few, so that they meet; sometimes another's, nobody's, or all. */
u32 pick_domain(struct dice *dice)
{
	switch (roll(dice) % 16) {
	case 0:
		return roll(dice);
	case 1:
		return roll(dice) % 40;
	case 2:
		return CHARIOT_DOMAIN_ALL;
	default:
		return 1 + roll(dice) % 4;
	}
}

/* A driver's page lies anywhere in memory, and behind it another's, such as our own text. */
static bool is_driver_page(u64 gpa)
{
	u32 i;

	for (i = 0; i < DRIVERS; i++)
		if (gpa >> PAGE_SHIFT == driver_gpa(i) >> PAGE_SHIFT)
			return true;
	return false;
}

static struct chariot_region pick_region(struct dice *dice, bool shared)
{
	struct chariot_region r = {
		.gpa = pick_place(dice, shared),
		.size = pick_size(dice, shared),
		.domain = pick_domain(dice),
		.kind = roll(dice) % CHARIOT_KIND_COUNT,
		.op = roll(dice) % 8 ? roll(dice) % 2 : roll(dice),
	};

	if (r.op == CHARIOT_REGION_ADD || one_in(dice, 8))
		r.rights = 1 + roll(dice) % 3;
	if (r.domain == CHARIOT_DOMAIN_ALL)
		r.rights &= CHARIOT_RIGHT_EXEC;
	if (one_in(dice, 32))
		r.reserved = roll(dice);
	if (one_in(dice, 32))
		r.rights = roll(dice);
	if (one_in(dice, 32))
		r.kind = roll(dice);
	if (is_driver_page(r.gpa) && PAGE_ALIGNED(r.size))
		r.size = PAGE_SIZE;
	return r;
}

static void fill_batch(struct dice *dice, struct chariot_batch *b, bool shared)
{
	u32 count = one_in(dice, 8) ? CHARIOT_BATCH_MAX : 1 + roll(dice) % 8;
	u32 i;

	/* Others may change what is in the page. */
	memset(b, 0, offsetof(struct chariot_batch, region));
	b->count = count;
	for (i = 0; i < count; i++)
		b->region[i] = pick_region(dice, shared);
	if (one_in(dice, 32))
		b->count = roll(dice) >> (32 + roll(dice) % 32);
	if (one_in(dice, 32))
		b->reserved[roll(dice) % 3] = roll(dice);
	b->done = roll(dice);
}

static void fill_pages(struct dice *dice, u64 *gpa, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		gpa[i] = one_in(dice, 2) ? page_gpa(roll(dice) % PLACES) :
			 one_in(dice, 64) ? pick_nowhere(dice) : 0;
}

static void fill_alias(struct dice *dice, struct chariot_walk_alias *w)
{
	u32 op = roll(dice) % CHARIOT_WALK_ALIAS_OP_COUNT;
	u32 count = 2 * (1 + roll(dice) % CHARIOT_WALK_ALIAS_TOPS);

	memset(w, 0, sizeof(*w));
	if (op == CHARIOT_WALK_ALIAS_TABLES) {
		count = 1 + roll(dice) % 200;
		w->map = roll(dice) % CHARIOT_WALK_ALIAS_MAPS;
		w->first = one_in(dice, 8) ? roll(dice) >> (roll(dice) % 64) : 0;
	}
	w->op = op;
	w->count = count;
	fill_pages(dice, w->gpa, count);
	if (one_in(dice, 16))
		w->count = roll(dice) >> (32 + roll(dice) % 32);
	if (one_in(dice, 32))
		w->op = roll(dice);
	if (one_in(dice, 32))
		w->map = roll(dice);
}

static void fill_map(struct dice *dice, struct chariot_frame_map *m)
{
	u32 count = 1 + roll(dice) % 32;
	u32 i;

	memset(m, 0, sizeof(*m));
	m->count = count;
	for (i = 0; i < count; i++)
		/* A walk that can't be marked never ends: so not for memory that is there. */
		m->gpa[i] = i >= MAP_USED && one_in(dice, 16) ?
			    pick_nowhere(dice) & PAGE_MASK : page_gpa(roll(dice) % PLACES);
	if (one_in(dice, 16))
		m->count = roll(dice) >> (32 + roll(dice) % 32);
}

static void fill_hello(struct dice *dice, struct chariot_hello *h)
{
	*h = (struct chariot_hello){
		.revision = one_in(dice, 8) ? roll(dice) : CHARIOT_ABI_REVISION,
		.features = roll(dice) | CHARIOT_F_ENFORCE,
		.stack_size = one_in(dice, 8) ? roll(dice) : 4096u << (roll(dice) % 5),
		.notify_error = one_in(dice, 8) ? roll(dice) : roll(dice) & 0x7fff,
	};
	if (one_in(dice, 16))
		h->reserved[roll(dice) % 2] = roll(dice);
}

static void fill_create(struct dice *dice, struct chariot_domain_create *c)
{
	u32 i, length = 1 + roll(dice) % (CHARIOT_DOMAIN_NAME_LEN - 1);

	*c = (struct chariot_domain_create){ .mode = roll(dice) % CHARIOT_MODE_COUNT };
	for (i = 0; i < length; i++)
		c->name[i] = 'a' + roll(dice) % 26;
	if (one_in(dice, 8))
		c->name[roll(dice) % CHARIOT_DOMAIN_NAME_LEN] = roll(dice);
	if (one_in(dice, 16))
		memset(c->name, '%', sizeof(c->name));
	if (one_in(dice, 16))
		c->mode = roll(dice);
}

/**
 * fill_request - write what a call is to bring along
 * @dice: where chance comes from
 * @nr: the call
 * @page: of the arena
 * @shared: others change the page, too, or may use it for another call
 */
void fill_request(struct dice *dice, u32 nr, void *page, bool shared)
{
	switch (nr) {
	case CHARIOT_CALL_HELLO:
		fill_hello(dice, page);
		break;
	case CHARIOT_CALL_DOMAIN_CREATE:
		fill_create(dice, page);
		break;
	case CHARIOT_CALL_REGION_UPDATE:
		fill_batch(dice, page, shared);
		break;
	case CHARIOT_CALL_WATCH_MAP:
		fill_map(dice, page);
		break;
	case CHARIOT_CALL_WALK_ALIAS:
		fill_alias(dice, page);
		break;
	}
}

/* Change a shared request while its reader is at it. */
void mutate(struct dice *dice, void *page)
{
	struct chariot_batch *b = page;

	switch (roll(dice) % 4) {
	case 0:
		WRITE_ONCE(b->count, roll(dice) % (CHARIOT_BATCH_MAX + 2));
		break;
	case 1:
		WRITE_ONCE(b->reserved[roll(dice) % 3], one_in(dice, 2) ? 0 : roll(dice));
		break;
	default:
		b->region[roll(dice) % CHARIOT_BATCH_MAX] = pick_region(dice, true);
	}
}

/* May a call return this? A result that abi.h does not know is a failure. */
bool documented(u32 nr, long ret)
{
	switch (ret) {
	case 0:
		return nr < CHARIOT_CALL_COUNT;
	case -ENOSYS:
		return nr >= CHARIOT_CALL_COUNT || nr == CHARIOT_CALL_WALK_ALIAS ||
		       nr == CHARIOT_CALL_ENTRY_WORD;
	case -EINVAL:
	case -EFAULT:
		return nr < CHARIOT_CALL_COUNT;
	case -ENODEV:
		/* Somebody's greeting has just failed at its end. */
		return nr != CHARIOT_CALL_HELLO && nr < CHARIOT_CALL_COUNT;
	case -EPROTO:
		return nr == CHARIOT_CALL_HELLO;
	case -ENOSPC:
		return nr == CHARIOT_CALL_DOMAIN_CREATE || nr == CHARIOT_CALL_REGION_UPDATE;
	case -EBUSY:
		return nr == CHARIOT_CALL_REGION_UPDATE || nr == CHARIOT_CALL_WALK_ALIAS;
	case -ENOENT:
		return nr == CHARIOT_CALL_DOMAIN_CONTROL ||
		       nr == CHARIOT_CALL_DOMAIN_DESTROY ||
		       nr == CHARIOT_CALL_REGION_UPDATE ||
		       nr == CHARIOT_CALL_RECORD_NEXT ||
		       nr == CHARIOT_CALL_DOMAIN_STATS ||
		       nr == CHARIOT_CALL_RECORD_SETTLE;
	}
	return false;
}
