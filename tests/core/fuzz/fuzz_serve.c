// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A guest's calls, served over guest memory that is other bytes each time it is
 * read: nothing may be read twice, what was checked is what the backend gets, and
 * answers go where the guest asked for them. For libFuzzer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "request.h"
#include "serve.h"
#include "require.h"

#define TOP		(1ull << 52)
#define PAGE		((u64)CHARIOT_PAGE_SIZE)
#define RAM		(4 * PAGE)	/* from 0 on; nothing behind it is memory */
#define CALLS		64

/* The input: what the guest asks for, has in memory, and what a backend answers. */
struct input {
	const u8 *at;
	size_t left;
};

struct guest {
	struct input in;
	u8 ram[RAM];		/* as it was read */
	bool seen[RAM];		/* read in this call */
	u64 nr, arg[3];
	bool greeted;
	u32 asked;		/* calls of the backend in this one */
	bool destroyed;
	u64 room;		/* what is_memory() was asked for, or ~0 */
	const union chariot_call_page *page;
};

static void take(struct input *in, void *to, size_t size)
{
	size_t part = size < in->left ? size : in->left;

	memset(to, 0, size);
	/* There may be no input at all. */
	if (part)
		memcpy(to, in->at, part);
	in->at += part;
	in->left -= part;
}

static u8 take_byte(struct input *in)
{
	u8 byte;

	take(in, &byte, 1);
	return byte;
}

static bool read_ram(void *from, u64 gpa, void *to, u64 size)
{
	struct guest *g = from;
	u64 i;

	REQUIRE(size && gpa < TOP && size <= PAGE - gpa % PAGE);
	REQUIRE(!g->asked);
	if (gpa >= RAM)
		return false;
	take(&g->in, g->ram + gpa, size);
	for (i = gpa; i < gpa + size; i++) {
		REQUIRE(!g->seen[i]);
		g->seen[i] = true;
	}
	memcpy(to, g->ram + gpa, size);
	return true;
}

/* Only where it has read or asked, so that what was done can be told. */
static bool write_ram(void *from, u64 gpa, const void *data, u64 size)
{
	static u8 sink[PAGE];
	struct guest *g = from;

	REQUIRE(size && gpa < RAM && size <= PAGE - gpa % PAGE);
	REQUIRE(g->asked == 1);
	REQUIRE(g->seen[gpa] || g->room == gpa);
	REQUIRE(gpa == g->arg[g->nr == CHARIOT_CALL_DOMAIN_STATS]);
	memcpy(sink, data, size);
	return take_byte(&g->in) != 0xff;
}

static bool is_memory(void *from, u64 gpa)
{
	struct guest *g = from;

	REQUIRE(gpa < TOP);
	g->room = gpa;
	return gpa < RAM;
}

/* The backend is asked once, for this call, and not before HELLO. */
static int answer(struct guest *g, enum chariot_call_nr nr)
{
	static const int errors[] = { 0, 0, 0, -EINVAL, -ENOENT, -ENOSPC,
				      -ENOMEM, -EBUSY };

	REQUIRE(g->nr == nr && !g->asked++);
	REQUIRE(g->greeted || nr == CHARIOT_CALL_HELLO);
	return errors[take_byte(&g->in) % 8];
}

static int hello(void *from, struct chariot_hello *h)
{
	struct guest *g = from;

	REQUIRE(!memcmp(h, g->ram + g->arg[0], sizeof(*h)));
	REQUIRE(!chariot_check_hello(h));
	return answer(g, CHARIOT_CALL_HELLO);
}

static int domain_create(void *from, struct chariot_domain_create *c)
{
	struct guest *g = from;

	REQUIRE(!memcmp(c, g->ram + g->arg[0], sizeof(*c)));
	REQUIRE(!chariot_check_create(c));
	c->domain = 7;
	return answer(g, CHARIOT_CALL_DOMAIN_CREATE);
}

static bool is_domain(u64 id)
{
	return id && id < CHARIOT_DOMAIN_ALL;
}

static int domain_control(void *from, u32 id, u32 state, u32 mode)
{
	struct guest *g = from;

	REQUIRE(is_domain(id) && id == g->arg[0] && state == g->arg[1] &&
		mode == g->arg[2]);
	REQUIRE(state < CHARIOT_DOMAIN_STATE_COUNT && mode < CHARIOT_MODE_COUNT);
	return answer(g, CHARIOT_CALL_DOMAIN_CONTROL);
}

static int domain_destroy(void *from, u32 id)
{
	struct guest *g = from;

	/* The guest could not be told of the new domain: it goes again. */
	if (g->nr == CHARIOT_CALL_DOMAIN_CREATE) {
		REQUIRE(g->asked == 1 && id == 7 && !g->destroyed);
		g->destroyed = true;
		return 0;
	}
	REQUIRE(is_domain(id) && id == g->arg[0]);
	return answer(g, CHARIOT_CALL_DOMAIN_DESTROY);
}

static int region_update(void *from, struct chariot_batch *b)
{
	struct guest *g = from;
	const struct chariot_batch *sent = (void *)(g->ram + g->arg[0]);

	REQUIRE(b == &g->page->batch && g->arg[0] % PAGE == 0);
	REQUIRE(b->count <= CHARIOT_BATCH_MAX && b->count == sent->count);
	REQUIRE(!(b->reserved[0] | b->reserved[1] | b->reserved[2]));
	REQUIRE(!memcmp(b->region, sent->region,
			b->count * sizeof(b->region[0])));
	b->done = b->count ? take_byte(&g->in) % b->count : 0;
	return answer(g, CHARIOT_CALL_REGION_UPDATE);
}

/* A record is taken only if it can be delivered. */
static int record_next(void *from, struct chariot_record *rec)
{
	struct guest *g = from;

	REQUIRE(g->room == g->arg[0] && g->room < RAM &&
		g->room % PAGE + sizeof(*rec) <= PAGE);
	memset(rec, 1, sizeof(*rec));
	return answer(g, CHARIOT_CALL_RECORD_NEXT);
}

static int domain_stats(void *from, u32 id, struct chariot_stats *s)
{
	struct guest *g = from;

	REQUIRE(id == g->arg[0] && id < CHARIOT_DOMAIN_ALL);
	s->entries = 1;
	return answer(g, CHARIOT_CALL_DOMAIN_STATS);
}

static int watch_map(void *from, const struct chariot_frame_map *map)
{
	struct guest *g = from;

	REQUIRE(!memcmp(map, g->ram + g->arg[0], sizeof(*map)));
	REQUIRE(map->count <= CHARIOT_FRAME_MAP_MAX);
	REQUIRE(!chariot_check_frame_map(map));
	return answer(g, CHARIOT_CALL_WATCH_MAP);
}

static int page_release(void *from, u64 gpa, u64 size)
{
	struct guest *g = from;

	REQUIRE(gpa == g->arg[0] && size == g->arg[1]);
	REQUIRE(size && gpa < TOP && size <= TOP - gpa);
	return answer(g, CHARIOT_CALL_PAGE_RELEASE);
}

static int walk_alias(void *from, const struct chariot_walk_alias *a)
{
	struct guest *g = from;

	REQUIRE(!memcmp(a, g->ram + g->arg[0], sizeof(*a)));
	REQUIRE(a->op < CHARIOT_WALK_ALIAS_OP_COUNT &&
		a->count <= CHARIOT_WALK_ALIAS_MAX);
	REQUIRE(!chariot_check_walk_alias(a));
	return answer(g, CHARIOT_CALL_WALK_ALIAS);
}

static int entry_word(void *from, u64 gpa)
{
	struct guest *g = from;

	REQUIRE(gpa == g->arg[0] && gpa < RAM && gpa % 8 == 0);
	return answer(g, CHARIOT_CALL_ENTRY_WORD);
}

static int record_settle(void *from, u64 seq)
{
	struct guest *g = from;

	REQUIRE(seq && seq == g->arg[0]);
	return answer(g, CHARIOT_CALL_RECORD_SETTLE);
}

static const struct chariot_call_ops with_entry_word = {
	.read = read_ram, .write = write_ram, .is_memory = is_memory,
	.hello = hello, .domain_create = domain_create,
	.domain_control = domain_control, .domain_destroy = domain_destroy,
	.region_update = region_update, .record_next = record_next,
	.domain_stats = domain_stats, .watch_map = watch_map,
	.page_release = page_release, .walk_alias = walk_alias,
	.entry_word = entry_word, .record_settle = record_settle,
};

/* Small numbers, addresses in memory, or any. */
static u64 take_argument(struct input *in)
{
	u8 how = take_byte(in);
	u64 any;

	if (how < 64)
		return how % 4;
	if (how < 160)
		return how % 8 * PAGE;
	if (how < 224)
		return how % 8 * PAGE + 16ull * take_byte(in);
	take(in, &any, sizeof(any));
	return any;
}

static void call(struct guest *g)
{
	struct chariot_call_ops ops = with_entry_word;
	/* Of its own size, so that the sanitizer guards its end. */
	union chariot_call_page *page = malloc(sizeof(*page));
	bool greeted = g->greeted;
	u8 what = take_byte(&g->in);
	long result;
	u32 i;

	if (!page)
		abort();
	memset(page, 0xa5, sizeof(*page));
	g->nr = what & 0x40 ? ~0ull << (what & 31) : what % 13;
	if (what & 0x80)
		ops.entry_word = NULL;
	for (i = 0; i < 3; i++)
		g->arg[i] = take_argument(&g->in);
	memset(g->seen, 0, sizeof(g->seen));
	g->asked = 0;
	g->destroyed = false;
	g->room = ~0ull;
	g->page = page;
	result = chariot_call_serve(&ops, g, &greeted, page, g->nr, g->arg[0],
				    g->arg[1], g->arg[2]);
	REQUIRE(result <= 0 && result > -4096);
	REQUIRE(result || g->asked == 1);
	if (g->nr >= CHARIOT_CALL_COUNT)
		REQUIRE(result == -ENOSYS && !g->asked);
	else if (!g->greeted && g->nr != CHARIOT_CALL_HELLO)
		REQUIRE(result == -ENODEV);
	if (g->nr == CHARIOT_CALL_ENTRY_WORD && g->greeted && what & 0x80)
		REQUIRE(result == -ENOSYS);
	if (g->nr == CHARIOT_CALL_HELLO)
		REQUIRE(greeted || result);
	else
		REQUIRE(greeted == g->greeted);
	g->greeted = greeted;
	free(page);
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t n);

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t n)
{
	static struct guest g;
	u32 i;

	memset(&g, 0, sizeof(g));
	g.in = (struct input){ bytes, n };
	/* HELLO is one of many calls, but nothing is served without it. */
	g.greeted = take_byte(&g.in) & 1;
	for (i = 0; g.in.left && i < CALLS; i++)
		call(&g);
	return 0;
}
