// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The access control table: a radix tree over the gfn, with pages at its leaves.
 * Runs wherever the core runs, under the caller's lock; trusts the tree it
 * built itself and nothing of the ranges it is asked about.
 *
 * The tree is always as low and as small as its content allows: what is removed
 * leaves nothing behind. What a leaf holds for a page is in spans.h.
 */
#include "spans.h"

#define MAX_HEIGHT	((CHARIOT_GFN_BITS + NODE_BITS - 1) / NODE_BITS)
#define GPA_END		(1ull << (CHARIOT_GFN_BITS + CHARIOT_PAGE_SHIFT))

static bool valid_range(u64 gpa, u64 size)
{
	return size && gpa < GPA_END && size <= GPA_END - gpa;
}

/**
 * chariot_pool_put - give a pool a block
 * @pool: the stock, zeroed before its first use
 * @block: CHARIOT_BLOCK_SIZE bytes, aligned to 8
 */
void chariot_pool_put(struct chariot_pool *pool, void *block)
{
	struct chariot_block *b = block;

	b->next = pool->free;
	pool->free = b;
	pool->count++;
}

/**
 * chariot_pool_take - take a block out of a pool
 * @pool: the stock
 *
 * Returns the block, or NULL when the pool is empty.
 */
void *chariot_pool_take(struct chariot_pool *pool)
{
	struct chariot_block *b = pool->free;

	if (b) {
		pool->free = b->next;
		pool->count--;
	}
	return b;
}

/* The tree. */

static u32 slot_index(u64 gfn, u32 level)
{
	return (gfn >> (level * NODE_BITS)) & (NODE_SLOTS - 1);
}

static u32 height_for(u64 gfn)
{
	u32 height = 1;

	while (gfn >> (height * NODE_BITS))
		height++;
	return height;
}

static bool gfn_fits(const struct chariot_table *t, u64 gfn)
{
	return t->root && !(gfn >> (t->height * NODE_BITS));
}

/*
 * The leaf that holds @gfn, or NULL and the level of the empty slot that ends
 * the way there: all of that slot's subtree is missing. A gfn above the tree
 * ends at level MAX_HEIGHT.
 */
static struct chariot_block *leaf_find(const struct chariot_table *t, u64 gfn,
				       u32 *level)
{
	struct chariot_block *node = t->root;
	u32 l;

	*level = MAX_HEIGHT;
	if (!gfn_fits(t, gfn))
		return NULL;
	for (l = t->height - 1; l; l--) {
		u64 slot = node->slot[slot_index(gfn, l)];

		if (!slot) {
			*level = l;
			return NULL;
		}
		node = slot_block(slot);
	}
	*level = 0;
	return node;
}

/* Last gfn below the slot at @level that @gfn is under. */
static u64 last_under(u64 gfn, u32 level)
{
	return gfn | ((1ull << (level * NODE_BITS)) - 1);
}

static u64 slot_find(const struct chariot_table *t, u64 gfn)
{
	u32 level;
	const struct chariot_block *leaf = leaf_find(t, gfn, &level);

	return leaf ? leaf->slot[slot_index(gfn, 0)] : 0;
}

static struct chariot_block *leaf_make(struct chariot_table *t,
				       struct chariot_pool *pool, u64 gfn)
{
	struct chariot_block *node;
	u32 l;

	if (!t->root) {
		t->root = block_new(t, pool);
		t->height = height_for(gfn);
	}
	while (!gfn_fits(t, gfn)) {
		node = block_new(t, pool);
		node->slot[0] = (uintptr_t)t->root;
		t->root = node;
		t->height++;
	}
	node = t->root;
	for (l = t->height - 1; l; l--) {
		u64 *slot = &node->slot[slot_index(gfn, l)];

		if (!*slot)
			*slot = (uintptr_t)block_new(t, pool);
		node = slot_block(*slot);
	}
	return node;
}

/* Is no slot used, from @first on? */
static bool node_empty(const struct chariot_block *node, u32 first)
{
	u32 i;

	for (i = first; i < NODE_SLOTS; i++)
		if (node->slot[i])
			return false;
	return true;
}

/* Free what is empty on the way to the leaf of @gfn, and a needless top. */
static void prune(struct chariot_table *t, struct chariot_pool *pool, u64 gfn)
{
	struct chariot_block *path[MAX_HEIGHT];
	struct chariot_block *node = t->root;
	u32 l = t->height - 1;

	path[l] = node;
	while (l) {
		node = slot_block(node->slot[slot_index(gfn, l)]);
		path[--l] = node;
	}
	while (node_empty(path[l], 0)) {
		block_free(t, pool, path[l]);
		if (l == t->height - 1) {
			t->root = NULL;
			t->height = 0;
			return;
		}
		l++;
		path[l]->slot[slot_index(gfn, l)] = 0;
	}
	while (t->height > 1) {
		node = t->root;
		if (!node_empty(node, 1))
			break;
		t->root = slot_block(node->slot[0]);
		t->height--;
		block_free(t, pool, node);
	}
}

/* Counting what a change can need. */

/* Nodes of level @from up to, not including, @to, over gfns [first, last]. */
static u64 nodes_over(u64 first, u64 last, u32 from, u32 to)
{
	u64 sum = 0;

	for (; from < to; from++) {
		u32 shift = (from + 1) * NODE_BITS;

		sum += (last >> shift) - (first >> shift) + 1;
	}
	return sum;
}

/* Nodes to grow the tree over gfns [first, last], all above it. */
static u64 nodes_above(const struct chariot_table *t, u64 first, u64 last)
{
	u32 height = height_for(last);
	u64 sum = nodes_over(first, last, 0, height);
	u32 l;

	/* The way down to the old root; parts of it may be counted already. */
	for (l = t->height; t->root && l < height; l++)
		if (first >> ((l + 1) * NODE_BITS))
			sum++;
	return sum;
}

static bool covers_page(u64 gfn, u64 gpa, u64 size)
{
	u64 start = gfn << CHARIOT_PAGE_SHIFT;

	return gpa <= start && gpa + size >= start + CHARIOT_PAGE_SIZE;
}

static u64 add_need(const struct chariot_table *t, u64 gpa, u64 size)
{
	u64 gfn = gpa >> CHARIOT_PAGE_SHIFT;
	u64 last = (gpa + size - 1) >> CHARIOT_PAGE_SHIFT;
	u64 need = 0;

	/* Lists for the pages at both ends, as long as those are empty. */
	if (!slot_find(t, gfn) && !covers_page(gfn, gpa, size))
		need++;
	if (last != gfn && !slot_find(t, last) && !covers_page(last, gpa, size))
		need++;

	while (gfn <= last) {
		u32 level;
		const struct chariot_block *leaf = leaf_find(t, gfn, &level);
		u64 until;

		if (level == MAX_HEIGHT)
			return need + nodes_above(t, gfn, last);
		until = min_u64(last, last_under(gfn, leaf ? 1 : level));
		if (!leaf) {
			need += nodes_over(gfn, until, 0, level);
			gfn = until + 1;
			continue;
		}
		for (; gfn <= until; gfn++) {
			u64 slot = leaf->slot[slot_index(gfn, 0)];

			if (slot)
				need += slot_bound(slot,
						   covers_page(gfn, gpa, size));
		}
	}
	return need;
}

static u64 remove_need(const struct chariot_table *t, u64 gpa, u64 size)
{
	u64 first = gpa >> CHARIOT_PAGE_SHIFT;
	u64 last = (gpa + size - 1) >> CHARIOT_PAGE_SHIFT;
	u64 need = 0;
	u64 slot;

	slot = slot_find(t, first);
	if (slot && !covers_page(first, gpa, size))
		need += slot_bound(slot, false);
	slot = slot_find(t, last);
	if (last != first && slot && !covers_page(last, gpa, size))
		need += slot_bound(slot, false);
	return need;
}

/**
 * chariot_table_need - blocks a change of a range can need
 * @t: the table
 * @gpa: start of the range
 * @size: its size in bytes
 *
 * Returns how many blocks the pool must hold so that neither
 * chariot_table_add() nor chariot_table_remove() fails with -ENOMEM, if the
 * table stays as it is until then. U32_MAX stands for more than can be had.
 */
u32 chariot_table_need(const struct chariot_table *t, u64 gpa, u64 size)
{
	if (!valid_range(gpa, size))
		return 0;
	return min_u64(add_need(t, gpa, size), 0xffffffffu);
}

u64 chariot_table_remove_need(const struct chariot_table *t, u64 gpa, u64 size)
{
	const u64 mask = CHARIOT_PAGE_SIZE - 1;
	u64 end = gpa + size;
	u64 head = min_u64(size, CHARIOT_PAGE_SIZE - (gpa & mask));
	u64 tail = min_u64(size, ((end - 1) & mask) + 1);

	return (u64)chariot_table_need(t, gpa, head) +
	       chariot_table_need(t, end - tail, tail);
}

/* Changing. */

/* The part of [gpa, gpa + size) that lies in page @gfn. */
static void change_clip(struct change *c, u64 gfn, u64 gpa, u64 size)
{
	u64 base = gfn << CHARIOT_PAGE_SHIFT;

	c->start = gpa > base ? gpa - base : 0;
	c->end = min_u64(gpa + size - base, CHARIOT_PAGE_SIZE);
}

/**
 * chariot_table_init - make an empty table
 * @t: the table
 */
void chariot_table_init(struct chariot_table *t)
{
	memset(t, 0, sizeof(*t));
}

/**
 * chariot_table_add - give rights
 * @t: the table
 * @pool: where blocks come from and go to; see chariot_table_need()
 * @gpa: start of the range
 * @size: its size in bytes
 * @rights: CHARIOT_RIGHT_*, at least one, no others; added to those in force
 * @kind: enum chariot_kind, for listings; replaces the old one where the ranges
 *	overlap, except when a part of a whole page gets nothing new. A page
 *	that comes to have equal rights in all its bytes takes the kind of its
 *	longest span.
 *
 * Returns 0, -EINVAL for a bad range, kind or rights, -ENOMEM when the pool holds
 * less than the change can need; the table is unchanged then.
 */
int chariot_table_add(struct chariot_table *t, struct chariot_pool *pool,
		      u64 gpa, u64 size, u8 rights, u16 kind)
{
	struct change c = { .rights = rights, .kind = kind };
	u64 gfn, last;

	if (!valid_range(gpa, size) || !rights ||
	    rights & ~CHARIOT_RIGHTS_ALL || kind >= 1u << SPAN_KIND_BITS)
		return -EINVAL;
	if (add_need(t, gpa, size) > pool->count)
		return -ENOMEM;

	gfn = gpa >> CHARIOT_PAGE_SHIFT;
	last = (gpa + size - 1) >> CHARIOT_PAGE_SHIFT;
	while (gfn <= last) {
		struct chariot_block *leaf = leaf_make(t, pool, gfn);
		u64 until = min_u64(last, last_under(gfn, 1));

		for (; gfn <= until; gfn++) {
			change_clip(&c, gfn, gpa, size);
			slot_change(t, pool, &leaf->slot[slot_index(gfn, 0)],
				    &c);
		}
	}
	return 0;
}

/**
 * chariot_table_remove - end all rights in a range
 * @t: the table
 * @pool: where blocks come from and go to; see chariot_table_need()
 * @gpa: start of the range
 * @size: its size in bytes
 *
 * Time is in proportion to what the table holds in the range, not to @size.
 * Returns 0, -EINVAL for a bad range, -ENOMEM as chariot_table_add().
 */
int chariot_table_remove(struct chariot_table *t, struct chariot_pool *pool,
			 u64 gpa, u64 size)
{
	struct change c = { .rights = 0 };
	u64 gfn, last;

	if (!valid_range(gpa, size))
		return -EINVAL;
	if (remove_need(t, gpa, size) > pool->count)
		return -ENOMEM;

	gfn = gpa >> CHARIOT_PAGE_SHIFT;
	last = (gpa + size - 1) >> CHARIOT_PAGE_SHIFT;
	while (gfn <= last) {
		u32 level;
		struct chariot_block *leaf = leaf_find(t, gfn, &level);
		u64 until = min_u64(last, last_under(gfn, leaf ? 1 : level));
		u64 first = gfn;

		if (level == MAX_HEIGHT)
			break;
		if (leaf) {
			for (; gfn <= until; gfn++) {
				change_clip(&c, gfn, gpa, size);
				slot_change(t, pool,
					    &leaf->slot[slot_index(gfn, 0)],
					    &c);
			}
			prune(t, pool, first);
		}
		gfn = until + 1;
	}
	return 0;
}

/**
 * chariot_table_clear - end all rights and give back all blocks
 * @t: the table, empty afterwards
 * @pool: takes the blocks
 */
void chariot_table_clear(struct chariot_table *t, struct chariot_pool *pool)
{
	struct chariot_block *path[MAX_HEIGHT];
	u32 index[MAX_HEIGHT];
	u32 top, l;

	if (!t->root)
		return;
	top = t->height - 1;
	l = top;
	path[l] = t->root;
	index[l] = 0;
	for (;;) {
		u64 slot;

		if (index[l] == NODE_SLOTS) {
			block_free(t, pool, path[l]);
			if (l == top)
				break;
			l++;
			continue;
		}
		slot = path[l]->slot[index[l]++];
		if (!slot)
			continue;
		if (l) {
			l--;
			path[l] = slot_block(slot);
			index[l] = 0;
		} else if (!slot_is_whole(slot)) {
			list_free(t, pool, slot_block(slot));
		}
	}
	chariot_table_init(t);
}

/* Asking. */

/**
 * chariot_table_page - what a page may be mapped as
 * @t: the table
 * @gfn: the page
 *
 * @rights of the answer are those that all of the page's bytes have, for a
 * partial page too; @kind is set for a whole page only.
 */
struct chariot_page chariot_table_page(const struct chariot_table *t, u64 gfn)
{
	struct chariot_page page = { .class = CHARIOT_PAGE_NONE };
	u64 slot = slot_find(t, gfn);

	if (slot_is_whole(slot)) {
		page.class = CHARIOT_PAGE_WHOLE;
		page.rights = slot_rights(slot);
		page.kind = slot_kind(slot);
	} else if (slot) {
		page.class = CHARIOT_PAGE_PARTIAL;
		page.rights = slot_block(slot)->common;
	}
	return page;
}

/**
 * chariot_table_check - how far does a range have some rights?
 * @t: the table
 * @gpa: start of the range
 * @size: its size in bytes, or 0 if that is not known; then all of the page
 *	must have them
 * @rights: CHARIOT_RIGHT_*; 0 asks for any
 * @bad: out, may be NULL: first byte without them, for CHARIOT_PAGE_NONE
 *
 * Returns CHARIOT_PAGE_WHOLE if all bytes of all pages touched have them,
 * CHARIOT_PAGE_PARTIAL if all bytes of the range have, else CHARIOT_PAGE_NONE.
 */
enum chariot_page_class chariot_table_check(const struct chariot_table *t,
					    u64 gpa, u64 size, u8 rights,
					    u64 *bad)
{
	enum chariot_page_class answer = CHARIOT_PAGE_WHOLE;
	u64 left = size ? size : 1;
	u64 at = gpa;

	for (;;) {
		u32 start = at & (CHARIOT_PAGE_SIZE - 1);
		u32 end = start + min_u64(left, CHARIOT_PAGE_SIZE - start);
		u64 slot = slot_find(t, at >> CHARIOT_PAGE_SHIFT);
		u32 good;

		if (slot_is_whole(slot)) {
			if (rights & ~slot_rights(slot))
				break;
		} else if (!slot) {
			break;
		} else if (!rights || (rights & ~slot_block(slot)->common)) {
			if (!size)
				break;
			good = list_allows_until(slot_block(slot), start, end,
						 rights);
			if (good < end) {
				at += good - start;
				break;
			}
			answer = CHARIOT_PAGE_PARTIAL;
		}
		left -= end - start;
		if (!left)
			return answer;
		/* No slot has a gfn so high that this could overflow. */
		at += end - start;
	}
	if (bad)
		*bad = at;
	return CHARIOT_PAGE_NONE;
}

/**
 * chariot_table_allows - does every byte of a range have some rights?
 * @t: the table
 * @gpa: start of the range
 * @size: its size in bytes; an empty range is allowed nowhere
 * @rights: CHARIOT_RIGHT_*; 0 asks for any
 * @bad: out, may be NULL: first byte without them, if the answer is false
 */
bool chariot_table_allows(const struct chariot_table *t, u64 gpa, u64 size,
			  u8 rights, u64 *bad)
{
	if (size)
		return chariot_table_check(t, gpa, size, rights, bad) !=
		       CHARIOT_PAGE_NONE;
	if (bad)
		*bad = gpa;
	return false;
}

static void range_of_span(u64 gfn, const struct span *s,
			  struct chariot_range *out)
{
	*out = (struct chariot_range){
		.gpa = (gfn << CHARIOT_PAGE_SHIFT) + s->start,
		.size = span_end(s) - s->start,
		.kind = s->kind,
		.rights = s->rights,
	};
}

/*
 * First range of page @gfn that ends after byte @at of it. *block and *span
 * are set for range_next(); of a whole page there is no next.
 */
static bool range_first(u64 slot, u64 gfn, u32 at,
			const struct chariot_block **block,
			const struct span **span, struct chariot_range *out)
{
	*block = NULL;
	*span = NULL;
	if (!slot)
		return false;
	if (slot_is_whole(slot)) {
		const struct span whole = {
			.last = CHARIOT_PAGE_SIZE - 1,
			.kind = slot_kind(slot),
			.rights = slot_rights(slot),
		};

		range_of_span(gfn, &whole, out);
		return true;
	}
	*block = slot_block(slot);
	*span = span_find(block, at);
	if (*span)
		range_of_span(gfn, *span, out);
	return *span;
}

static bool range_next(u64 gfn, const struct chariot_block **block,
		       const struct span **span, struct chariot_range *out)
{
	if (!*span)
		return false;
	*span = span_next(block, *span);
	if (*span)
		range_of_span(gfn, *span, out);
	return *span;
}

static bool page_range(const struct chariot_table *t, u64 gfn, u32 at,
		       struct chariot_range *out)
{
	const struct chariot_block *block;
	const struct span *span;

	return range_first(slot_find(t, gfn), gfn, at, &block, &span, out);
}

/* First gfn from @gfn on that has any right. */
static bool gfn_next(const struct chariot_table *t, u64 *gfn)
{
	u64 g = *gfn;

	for (;;) {
		u32 level;
		const struct chariot_block *leaf = leaf_find(t, g, &level);

		if (level == MAX_HEIGHT)
			return false;
		if (!leaf) {
			g = last_under(g, level) + 1;
			continue;
		}
		do {
			if (leaf->slot[slot_index(g, 0)]) {
				*gfn = g;
				return true;
			}
			g++;
		} while (slot_index(g, 0));
	}
}

/**
 * chariot_table_next - list a table
 * @t: the table
 * @gpa: where to go on: 0, then the end of the range before
 * @max_pages: pages that one answer may touch
 * @out: the first range that ends after @gpa, without what lies before @gpa;
 *	adjacent bytes of one kind and rights are one range
 *
 * Returns false when there is none.
 */
bool chariot_table_next(const struct chariot_table *t, u64 gpa, u64 max_pages,
			struct chariot_range *out)
{
	u64 gfn = gpa >> CHARIOT_PAGE_SHIFT;
	u32 at = gpa & (CHARIOT_PAGE_SIZE - 1);
	struct chariot_range more;
	u64 last;

	if (!page_range(t, gfn, at, out)) {
		gfn++;
		if (!gfn_next(t, &gfn) || !page_range(t, gfn, 0, out))
			return false;
	}
	if (out->gpa < gpa) {
		out->size -= gpa - out->gpa;
		out->gpa = gpa;
	}
	/* Within a page equal neighbours are one span already. */
	last = max_pages > ~gfn ? ~0ull : gfn + max_pages;
	for (gfn++; gfn < last; gfn++) {
		u64 end = out->gpa + out->size;

		if (end != gfn << CHARIOT_PAGE_SHIFT ||
		    !page_range(t, gfn, 0, &more) || more.gpa != end ||
		    more.kind != out->kind || more.rights != out->rights)
			break;
		out->size += more.size;
	}
	return true;
}

static u64 distance(const struct chariot_range *r, u64 gpa)
{
	if (gpa < r->gpa)
		return r->gpa - gpa;
	return gpa < r->gpa + r->size ? 0 : gpa - (r->gpa + r->size) + 1;
}

/* Nearest range in page @gfn, if nearer than *best. */
static void page_nearest(const struct chariot_table *t, u64 gfn, u64 gpa,
			 struct chariot_range *out, u64 *best)
{
	u64 slot = slot_find(t, gfn);
	const struct chariot_block *b;
	const struct span *s = NULL;
	struct chariot_range r;
	bool more;

	for (more = range_first(slot, gfn, 0, &b, &s, &r); more;
	     more = range_next(gfn, &b, &s, &r)) {
		u64 d = distance(&r, gpa);

		if (d < *best) {
			*best = d;
			*out = r;
		}
	}
}

/**
 * chariot_table_nearest - what a stray access was near to
 * @t: the table
 * @gpa: where it went
 * @out: the nearest range in the same page or, if that has none, in the pages
 *	beside it; only its part within one page
 *
 * Returns false when there is none.
 */
bool chariot_table_nearest(const struct chariot_table *t, u64 gpa,
			   struct chariot_range *out)
{
	u64 gfn = gpa >> CHARIOT_PAGE_SHIFT;
	u64 best = ~0ull;

	page_nearest(t, gfn, gpa, out, &best);
	if (best != ~0ull)
		return true;
	if (gfn)
		page_nearest(t, gfn - 1, gpa, out, &best);
	page_nearest(t, gfn + 1, gpa, out, &best);
	return best != ~0ull;
}
