/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What a leaf of the table holds for one page: nothing, the rights and kind of
 * the whole page, or a list of byte ranges. Private to table.c.
 *
 * A slot is 0, has bit 0 set for a whole page, or is the address of the first
 * block of the list: spans in order, blocks full but for the last. Changes
 * build a new list beside the old one, so that a list is never half done.
 */
#ifndef CHARIOT_CORE_SPANS_H
#define CHARIOT_CORE_SPANS_H

#include "table.h"

#define NODE_BITS	6
#define NODE_SLOTS	(1u << NODE_BITS)
#define SPANS_PER_BLOCK	124u

#define SLOT_WHOLE		1ull
#define SLOT_RIGHTS_SHIFT	8
#define SLOT_KIND_SHIFT		16

#define SPAN_OFFSET_BITS	CHARIOT_PAGE_SHIFT
#define SPAN_KIND_BITS		6
#define SPAN_RIGHTS_BITS	2

/*
 * Bytes start to last of a page; never adjacent to an equal one. In one word, so
 * that the list of most pages is one cache line: that line is what a look-up costs.
 */
struct span {
	u32 rights : SPAN_RIGHTS_BITS;
	u32 kind : SPAN_KIND_BITS;
	u32 start : SPAN_OFFSET_BITS;
	u32 last : SPAN_OFFSET_BITS;
};

struct chariot_block {
	union {
		struct chariot_block *next;	/* in the pool */
		u64 slot[NODE_SLOTS];		/* of the tree */
		struct {
			struct chariot_block *more;
			u16 count;		/* spans in this block */
			u16 total;		/* in the list; first */
			u8 common;		/* rights all bytes have; first */
			u8 reserved[3];
			struct span span[SPANS_PER_BLOCK];
		};
	};
};

_Static_assert(sizeof(struct chariot_block) == CHARIOT_BLOCK_SIZE,
	       "a block has the wrong size");
_Static_assert(sizeof(struct span) == 4, "a span is no word");
_Static_assert(CHARIOT_KIND_COUNT <= 1u << SPAN_KIND_BITS &&
	       CHARIOT_RIGHTS_ALL < 1u << SPAN_RIGHTS_BITS,
	       "a span has no room for each kind and right");
_Static_assert(NODE_SLOTS * sizeof(u64) == CHARIOT_BLOCK_SIZE,
	       "a node does not fill a block");

static u32 span_end(const struct span *s)
{
	return s->last + 1;
}

static u64 min_u64(u64 a, u64 b)
{
	return a < b ? a : b;
}

static u64 max_u64(u64 a, u64 b)
{
	return a > b ? a : b;
}

/* Slots. */

static u64 slot_whole(u8 rights, u16 kind)
{
	return SLOT_WHOLE | (u64)rights << SLOT_RIGHTS_SHIFT |
	       (u64)kind << SLOT_KIND_SHIFT;
}

static bool slot_is_whole(u64 slot)
{
	return slot & SLOT_WHOLE;
}

static u8 slot_rights(u64 slot)
{
	return (slot >> SLOT_RIGHTS_SHIFT) & 0xff;
}

static u16 slot_kind(u64 slot)
{
	return (slot >> SLOT_KIND_SHIFT) & 0xffff;
}

static struct chariot_block *slot_block(u64 slot)
{
	return (struct chariot_block *)(uintptr_t)slot;
}

/* Blocks. */

/* The callers counted first: the pool is never empty here. */
static struct chariot_block *block_new(struct chariot_table *t,
				       struct chariot_pool *pool)
{
	struct chariot_block *b = chariot_pool_take(pool);

	memset(b, 0, sizeof(*b));
	t->blocks++;
	return b;
}

static void block_free(struct chariot_table *t, struct chariot_pool *pool,
		       struct chariot_block *b)
{
	t->blocks--;
	chariot_pool_put(pool, b);
}

static void list_free(struct chariot_table *t, struct chariot_pool *pool,
		      struct chariot_block *b)
{
	while (b) {
		struct chariot_block *more = b->more;

		block_free(t, pool, b);
		b = more;
	}
}

/* Changes. */

/*
 * Blocks for a list that was made of @spans spans by one change: an addition
 * may fill every hole, and cut the spans at its ends.
 */
static u64 list_bound(u32 spans)
{
	u32 most = 2 * spans + 3;

	if (most > CHARIOT_PAGE_SIZE)
		most = CHARIOT_PAGE_SIZE;
	return (most + SPANS_PER_BLOCK - 1) / SPANS_PER_BLOCK;
}

static u64 slot_bound(u64 slot, bool full_page)
{
	if (!slot || slot_is_whole(slot))
		return full_page ? 0 : list_bound(slot ? 1 : 0);
	return list_bound(slot_block(slot)->total);
}

/* A list of spans under construction. */
struct list {
	struct chariot_table *t;
	struct chariot_pool *pool;
	struct chariot_block *first;
	struct chariot_block *tail;
	u32 total;
	u32 bytes;
	u32 longest;
	u16 longest_kind;
	u8 all;			/* rights that every span has */
	u8 any;			/* rights that some span has */
};

static void list_append(struct list *l, u32 start, u32 end, u8 rights, u16 kind)
{
	struct span *s;

	if (start >= end)
		return;
	l->bytes += end - start;
	l->all &= rights;
	l->any |= rights;

	if (l->tail) {
		s = &l->tail->span[l->tail->count - 1];
		if (span_end(s) == start && s->rights == rights &&
		    s->kind == kind) {
			s->last = end - 1;
			goto measure;
		}
	}
	if (!l->tail || l->tail->count == SPANS_PER_BLOCK) {
		struct chariot_block *b = block_new(l->t, l->pool);

		if (l->tail)
			l->tail->more = b;
		else
			l->first = b;
		l->tail = b;
	}
	s = &l->tail->span[l->tail->count++];
	s->start = start;
	s->last = end - 1;
	s->rights = rights;
	s->kind = kind;
	l->total++;
measure:
	if (span_end(s) - s->start > l->longest) {
		l->longest = span_end(s) - s->start;
		l->longest_kind = kind;
	}
}

/* What a change does to bytes [start, end) of a page. */
struct change {
	u32 start;
	u32 end;
	u16 kind;
	u8 rights;		/* to add; 0 removes all */
};

/* Append the old span @s, changed; @done is how far the change has come. */
static void list_append_changed(struct list *l, const struct span *s,
				const struct change *c, u32 *done)
{
	u32 from = max_u64(s->start, c->start);
	u32 end = span_end(s);
	u32 to = min_u64(end, c->end);

	list_append(l, s->start, min_u64(end, c->start), s->rights, s->kind);
	if (c->rights && from < to) {
		list_append(l, *done, from, c->rights, c->kind);
		list_append(l, from, to, s->rights | c->rights, c->kind);
		*done = to;
	}
	if (end > c->end) {
		if (c->rights && *done < c->end) {
			list_append(l, *done, c->end, c->rights, c->kind);
			*done = c->end;
		}
		list_append(l, max_u64(s->start, c->end), end, s->rights,
			    s->kind);
	}
}

/* The list as a slot: nothing, a whole page, or itself. */
static u64 list_finish(struct list *l)
{
	bool full = l->bytes == CHARIOT_PAGE_SIZE;

	if (!l->total)
		return 0;
	if (full && l->all == l->any) {
		list_free(l->t, l->pool, l->first);
		return slot_whole(l->all, l->longest_kind);
	}
	l->first->total = l->total;
	l->first->common = full ? l->all : 0;
	return (uintptr_t)l->first;
}

static u64 slot_rebuild(struct chariot_table *t, struct chariot_pool *pool,
			u64 slot, const struct change *c)
{
	struct list l = { .t = t, .pool = pool, .all = 0xff };
	u32 done = c->start;

	if (slot_is_whole(slot)) {
		const struct span s = {
			.last = CHARIOT_PAGE_SIZE - 1,
			.kind = slot_kind(slot),
			.rights = slot_rights(slot),
		};

		list_append_changed(&l, &s, c, &done);
	} else if (slot) {
		const struct chariot_block *b;
		u32 i;

		for (b = slot_block(slot); b; b = b->more)
			for (i = 0; i < b->count; i++)
				list_append_changed(&l, &b->span[i], c, &done);
	}
	if (c->rights)
		list_append(&l, done, c->end, c->rights, c->kind);
	if (slot && !slot_is_whole(slot))
		list_free(t, pool, slot_block(slot));
	return list_finish(&l);
}

static void slot_change(struct chariot_table *t, struct chariot_pool *pool,
			u64 *slot, const struct change *c)
{
	u64 old = *slot;
	bool full = c->start == 0 && c->end == CHARIOT_PAGE_SIZE;

	if (!old && !c->rights)
		return;
	if (full && !c->rights) {
		if (!slot_is_whole(old))
			list_free(t, pool, slot_block(old));
		*slot = 0;
	} else if (full && (!old || slot_is_whole(old))) {
		*slot = slot_whole(slot_rights(old) | c->rights, c->kind);
	} else if (slot_is_whole(old) && c->rights &&
		   !(c->rights & ~slot_rights(old))) {
		/* A part of a whole page once more: nothing new. */
		return;
	} else {
		*slot = slot_rebuild(t, pool, old, c);
	}
	t->pages += !!*slot;
	t->pages -= !!old;
}

/* Look-ups. */

/* First span of a list that ends after byte @at of the page, or NULL. */
static const struct span *span_find(const struct chariot_block **block, u32 at)
{
	const struct chariot_block *b = *block;
	const struct span *s;
	u32 n, half;

	while (b->more && b->span[b->count - 1].last < at)
		b = b->more;
	*block = b;
	/*
	 * Without a branch to guess wrong, which would keep the look-ups that follow
	 * from waiting for memory at the same time: a choice by ?: becomes one.
	 */
	s = b->span;
	for (n = b->count; n > 1; n -= half) {
		half = n / 2;
		s += half & -(u32)(s[half - 1].last < at);
	}
	return s->last >= at ? s : NULL;
}

static const struct span *span_next(const struct chariot_block **block,
				    const struct span *s)
{
	if (s != &(*block)->span[(*block)->count - 1])
		return s + 1;
	*block = (*block)->more;
	return *block ? (*block)->span : NULL;
}

/* First byte in [at, end) of a listed page without all of @rights; or @end. */
static u32 list_allows_until(const struct chariot_block *b, u32 at, u32 end,
			     u8 rights)
{
	const struct span *s = span_find(&b, at);

	while (s && s->start <= at && !(rights & ~s->rights)) {
		at = min_u64(span_end(s), end);
		if (at == end)
			break;
		s = span_next(&b, s);
	}
	return at;
}

#endif /* CHARIOT_CORE_SPANS_H */
