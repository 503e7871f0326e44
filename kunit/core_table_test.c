// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The table: what changes make of it, listed and asked byte by byte.
 * KUnit alone.
 */
#include <kunit/test.h>

#include "rows.h"
#include "stock.h"

#define W	CHARIOT_RIGHT_WRITE
#define X	CHARIOT_RIGHT_EXEC
#define PAGE	CHARIOT_PAGE_SIZE
#define TOP	(1ull << 52)
#define MOST	8	/* changes and ranges of a row */
#define WINDOW	(8 * PAGE)	/* where each byte is asked for */

/* No rights: remove. */
struct change {
	u64 gpa;
	u64 size;
	u8 rights;
	u16 kind;
};

struct table_row {
	const char *name;
	struct change change[MOST];
	struct chariot_range want[MOST];
	u64 pages;
};

static const struct table_row table_rows[] = {
	{ "insert: a byte", { { 0x1234, 1, W, 2 } },
	  { { 0x1234, 1, 2, W } }, 1 },
	{ "insert: first byte of memory", { { 0, 1, W, 2 } },
	  { { 0, 1, 2, W } }, 1 },
	{ "insert: last byte of a page", { { 0x1fff, 1, W, 2 } },
	  { { 0x1fff, 1, 2, W } }, 1 },
	{ "insert: over a border", { { 0x1fff, 2, W, 2 } },
	  { { 0x1fff, 2, 2, W } }, 2 },
	{ "insert: a page", { { 0x1000, PAGE, W, 2 } },
	  { { 0x1000, PAGE, 2, W } }, 1 },
	{ "insert: a page and a byte each side",
	  { { 0x1fff, PAGE + 2, W, 2 } },
	  { { 0x1fff, PAGE + 2, 2, W } }, 3 },
	{ "insert: out of order",
	  { { 0x3000, 8, W, 2 }, { 0x1000, 8, W, 2 }, { 0x2000, 8, W, 2 } },
	  { { 0x1000, 8, 2, W }, { 0x2000, 8, 2, W }, { 0x3000, 8, 2, W } },
	  3 },
	{ "insert: out of order in a page",
	  { { 0x1800, 8, W, 2 }, { 0x1000, 8, W, 2 }, { 0x1400, 8, W, 2 } },
	  { { 0x1000, 8, 2, W }, { 0x1400, 8, 2, W }, { 0x1800, 8, 2, W } },
	  1 },

	{ "merge: neighbours", { { 0x1000, 8, W, 2 }, { 0x1008, 8, W, 2 } },
	  { { 0x1000, 16, 2, W } }, 1 },
	{ "merge: neighbours, downwards",
	  { { 0x1008, 8, W, 2 }, { 0x1000, 8, W, 2 } },
	  { { 0x1000, 16, 2, W } }, 1 },
	{ "merge: the hole between",
	  { { 0x1000, 8, W, 2 }, { 0x1010, 8, W, 2 }, { 0x1008, 8, W, 2 } },
	  { { 0x1000, 24, 2, W } }, 1 },
	{ "merge: over a page's border",
	  { { 0x1ff8, 8, W, 2 }, { 0x2000, 8, W, 2 } },
	  { { 0x1ff8, 16, 2, W } }, 2 },
	{ "merge: not other kinds",
	  { { 0x1000, 8, W, 2 }, { 0x1008, 8, W, 3 } },
	  { { 0x1000, 8, 2, W }, { 0x1008, 8, 3, W } }, 1 },
	{ "merge: not other rights",
	  { { 0x1000, 8, W, 2 }, { 0x1008, 8, X, 2 } },
	  { { 0x1000, 8, 2, W }, { 0x1008, 8, 2, X } }, 1 },
	{ "merge: not over a hole of a byte",
	  { { 0x1000, 8, W, 2 }, { 0x1009, 8, W, 2 } },
	  { { 0x1000, 8, 2, W }, { 0x1009, 8, 2, W } }, 1 },
	{ "merge: parts that fill a page take the longest's kind",
	  { { 0x1000, 0x700, W, 2 }, { 0x1700, 0x900, W, 3 } },
	  { { 0x1000, PAGE, 3, W } }, 1 },

	{ "overlap: the same twice",
	  { { 0x1010, 16, W, 2 }, { 0x1010, 16, W, 2 } },
	  { { 0x1010, 16, 2, W } }, 1 },
	{ "overlap: the end", { { 0x1010, 16, W, 2 }, { 0x1018, 16, W, 2 } },
	  { { 0x1010, 24, 2, W } }, 1 },
	{ "overlap: the new kind wins",
	  { { 0x1010, 16, W, 2 }, { 0x1018, 16, W, 3 } },
	  { { 0x1010, 8, 2, W }, { 0x1018, 16, 3, W } }, 1 },
	{ "overlap: the new kind wins within",
	  { { 0x1010, 24, W, 2 }, { 0x1018, 8, W, 3 } },
	  { { 0x1010, 8, 2, W }, { 0x1018, 8, 3, W }, { 0x1020, 8, 2, W } },
	  1 },
	{ "overlap: the new one is larger",
	  { { 0x1018, 8, W, 2 }, { 0x1010, 24, W, 3 } },
	  { { 0x1010, 24, 3, W } }, 1 },
	{ "overlap: several and their holes",
	  { { 0x1010, 8, W, 2 }, { 0x1020, 8, W, 2 }, { 0x1030, 8, W, 2 },
	    { 0x1014, 0x20, W, 3 } },
	  { { 0x1010, 4, 2, W }, { 0x1014, 0x20, 3, W }, { 0x1034, 4, 2, W } },
	  1 },
	{ "overlap: rights add up",
	  { { 0x1010, 16, W, 2 }, { 0x1018, 16, X, 2 } },
	  { { 0x1010, 8, 2, W }, { 0x1018, 8, 2, W | X },
	    { 0x1020, 8, 2, X } }, 1 },
	{ "overlap: a part of a page once more is nothing new",
	  { { 0x1000, PAGE, W, 2 }, { 0x1010, 16, W, 3 } },
	  { { 0x1000, PAGE, 2, W } }, 1 },
	{ "overlap: a page over its parts",
	  { { 0x1010, 16, W, 2 }, { 0x1800, 16, W, 3 },
	    { 0x1000, PAGE, W, 4 } },
	  { { 0x1000, PAGE, 4, W } }, 1 },

	{ "split: the middle", { { 0x1010, 24, W, 2 }, { 0x1018, 8 } },
	  { { 0x1010, 8, 2, W }, { 0x1020, 8, 2, W } }, 1 },
	{ "split: a byte off the start", { { 0x1010, 16, W, 2 }, { 0x1010, 1 } },
	  { { 0x1011, 15, 2, W } }, 1 },
	{ "split: a byte off the end", { { 0x1010, 16, W, 2 }, { 0x101f, 1 } },
	  { { 0x1010, 15, 2, W } }, 1 },
	{ "split: a byte of a page", { { 0x1000, PAGE, W, 2 }, { 0x1800, 1 } },
	  { { 0x1000, 0x800, 2, W }, { 0x1801, 0x7ff, 2, W } }, 1 },
	{ "split: a page of three",
	  { { 0x1000, 3 * PAGE, W, 2 }, { 0x2000, PAGE } },
	  { { 0x1000, PAGE, 2, W }, { 0x3000, PAGE, 2, W } }, 2 },
	{ "split: over a border",
	  { { 0x1000, 2 * PAGE, W, 2 }, { 0x1ff8, 16 } },
	  { { 0x1000, 0xff8, 2, W }, { 0x2008, 0xff8, 2, W } }, 2 },
	{ "split: both ends of a range of four pages",
	  { { 0x1800, 3 * PAGE, W, 2 }, { 0x1000, 0x900 }, { 0x4700, PAGE } },
	  { { 0x1900, 0x2e00, 2, W } }, 4 },
	{ "split: and mend",
	  { { 0x1000, PAGE, W, 2 }, { 0x1800, 8 }, { 0x1800, 8, W, 2 } },
	  { { 0x1000, PAGE, 2, W } }, 1 },

	{ "remove: all rights", { { 0x1000, PAGE, W | X, 2 }, { 0x1000, PAGE } },
	  { }, 0 },
	{ "remove: the last byte of a page",
	  { { 0x1010, 1, W, 2 }, { 0x1010, 1 } }, { }, 0 },
	{ "remove: several at once",
	  { { 0x1010, 8, W, 2 }, { 0x1020, 8, X, 3 }, { 0x3000, PAGE, W, 2 },
	    { 0x1000, 3 * PAGE } }, { }, 0 },
	{ "remove: what is not there",
	  { { 0x1010, 8, W, 2 }, { 0x1018, 8 }, { 0x1008, 8 }, { 0x2000, PAGE } },
	  { { 0x1010, 8, 2, W } }, 1 },
	{ "remove: from nothing", { { 0, TOP } }, { }, 0 },
	{ "remove: all memory",
	  { { 0, 1, W, 2 }, { 0x5000, PAGE, W, 2 }, { TOP - 1, 1, W, 2 },
	    { 0, TOP } }, { }, 0 },

	{ "limits: the last byte", { { TOP - 1, 1, W, 2 } },
	  { { TOP - 1, 1, 2, W } }, 1 },
	{ "limits: the last page", { { TOP - PAGE, PAGE, W, 2 } },
	  { { TOP - PAGE, PAGE, 2, W } }, 1 },
	{ "limits: first and last byte", { { 0, 1, W, 2 }, { TOP - 1, 1, W, 3 } },
	  { { 0, 1, 2, W }, { TOP - 1, 1, 3, W } }, 2 },
	{ "limits: around a node's end",
	  { { 64 * PAGE - 8, 16, W, 2 }, { 4096 * PAGE - 8, 16, W, 2 } },
	  { { 64 * PAGE - 8, 16, 2, W }, { 4096ull * PAGE - 8, 16, 2, W } }, 4 },
};

CHARIOT_ROWS(table);

static u8 rights_wanted(const struct table_row *c, u64 gpa)
{
	unsigned int i;

	for (i = 0; i < MOST && c->want[i].size; i++)
		if (gpa - c->want[i].gpa < c->want[i].size)
			return c->want[i].rights;
	return 0;
}

static void check_listing(struct kunit *test, const struct table_row *c)
{
	struct stock *s = test->priv;
	struct chariot_range r = { };
	unsigned int i;

	for (i = 0; i < MOST && c->want[i].size; i++) {
		bool any = chariot_table_next(&s->table, r.gpa + r.size, MOST,
					      &r);

		KUNIT_ASSERT_TRUE_MSG(test, any, "range %u", i);
		KUNIT_EXPECT_EQ_MSG(test, r.gpa, c->want[i].gpa, "range %u", i);
		KUNIT_EXPECT_EQ_MSG(test, r.size, c->want[i].size, "range %u", i);
		KUNIT_EXPECT_EQ_MSG(test, r.kind, c->want[i].kind, "range %u", i);
		KUNIT_EXPECT_EQ_MSG(test, r.rights, c->want[i].rights,
				    "range %u", i);
	}
	KUNIT_EXPECT_FALSE(test, chariot_table_next(&s->table, r.gpa + r.size,
						    MOST, &r));
}

static void check_bytes(struct kunit *test, const struct table_row *c)
{
	struct stock *s = test->priv;
	u64 at, bad;
	u8 rights;

	for (at = 0; at < WINDOW; at++)
		for (rights = W; rights <= (W | X); rights++) {
			bool want = (rights_wanted(c, at) & rights) == rights;

			bad = at;
			KUNIT_ASSERT_EQ_MSG(test, want,
					    chariot_table_allows(&s->table, at,
								 1, rights,
								 &bad),
					    "rights %u at %#llx", rights, at);
			KUNIT_ASSERT_EQ(test, bad, at);
		}
}

static void check_pages(struct kunit *test, const struct table_row *c)
{
	struct stock *s = test->priv;
	u64 gfn, at;

	for (gfn = 0; gfn < WINDOW / PAGE; gfn++) {
		struct chariot_page page = chariot_table_page(&s->table, gfn);
		u8 first = rights_wanted(c, gfn * PAGE);
		u8 all = W | X, any = 0;
		bool whole = true;

		for (at = gfn * PAGE; at < (gfn + 1) * PAGE; at++) {
			all &= rights_wanted(c, at);
			any |= rights_wanted(c, at);
			whole &= rights_wanted(c, at) == first;
		}
		KUNIT_EXPECT_EQ_MSG(test, page.class,
				    !any ? CHARIOT_PAGE_NONE :
				    whole ? CHARIOT_PAGE_WHOLE :
					    CHARIOT_PAGE_PARTIAL,
				    "page %llu", gfn);
		KUNIT_EXPECT_EQ_MSG(test, page.rights, all, "page %llu", gfn);
	}
}

static void test_changes(struct kunit *test)
{
	const struct table_row *c = test->param_value;
	struct stock *s = test->priv;
	unsigned int i;

	for (i = 0; i < MOST && c->change[i].size; i++) {
		const struct change *h = &c->change[i];

		KUNIT_ASSERT_EQ(test, 0,
				h->rights ? stock_add(test, h->gpa, h->size,
						      h->rights, h->kind) :
					    stock_remove(test, h->gpa, h->size));
	}
	check_listing(test, c);
	check_bytes(test, c);
	check_pages(test, c);
	KUNIT_EXPECT_EQ(test, s->table.pages, c->pages);
	/* What was removed leaves nothing. */
	KUNIT_EXPECT_EQ(test, !s->table.blocks, !c->pages);
}

struct bad_row {
	const char *name;
	u64 gpa;
	u64 size;
};

static const struct bad_row bad_rows[] = {
	{ "empty", 0x1000, 0 },
	{ "empty, at the end", TOP, 0 },
	{ "a byte behind the end", TOP, 1 },
	{ "over the end", TOP - 1, 2 },
	{ "all memory and a byte", 0, TOP + 1 },
	{ "to 2^64", TOP - 1, ~0ull - (TOP - 1) + 1 },
	{ "around 2^64", 0x1000, ~0ull },
	{ "last byte of 64 bits", ~0ull, 1 },
};

CHARIOT_ROWS(bad);

static void test_bad_range(struct kunit *test)
{
	const struct bad_row *c = test->param_value;
	struct stock *s = test->priv;
	struct chariot_table before;

	KUNIT_ASSERT_EQ(test, 0, stock_add(test, 0x1000, PAGE, W, 2));
	before = s->table;
	stock_set(test, 8);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			chariot_table_add(&s->table, &s->pool, c->gpa, c->size,
					  W, 2));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			chariot_table_remove(&s->table, &s->pool, c->gpa,
					     c->size));
	KUNIT_EXPECT_EQ(test, 0u,
			chariot_table_need(&s->table, c->gpa, c->size));
	KUNIT_EXPECT_EQ(test, 0, memcmp(&before, &s->table, sizeof(before)));
	KUNIT_EXPECT_EQ(test, 8u, s->pool.count);
}

static void test_no_rights(struct kunit *test)
{
	struct stock *s = test->priv;

	KUNIT_EXPECT_EQ(test, -EINVAL, stock_add(test, 0x1000, PAGE, 0, 2));
	KUNIT_EXPECT_NULL(test, s->table.root);
}

/* One block too few: nothing is changed, however far the change would go. */
static void test_out_of_blocks(struct kunit *test)
{
	static const struct change change[] = {
		{ 0x1000, PAGE }, { 0x1008, 8 }, { 0x5001, 3 }, { 0xfff, 2 },
		{ 0x3fffff, PAGE + 2 }, { 0x1800, 1ull << 26 }, { TOP - 3, 2 },
	};
	struct stock *s = test->priv;
	struct chariot_table before;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(change); i++) {
		u64 gpa = change[i].gpa, size = change[i].size;
		u32 need = chariot_table_need(&s->table, gpa, size);

		before = s->table;
		if (need) {
			stock_set(test, need - 1);
			KUNIT_EXPECT_EQ_MSG(test, -ENOMEM,
					    chariot_table_add(&s->table,
							      &s->pool, gpa,
							      size, W, 2),
					    "change %u", i);
			KUNIT_EXPECT_EQ(test, need - 1, s->pool.count);
		}
		KUNIT_EXPECT_EQ_MSG(test, 0, memcmp(&before, &s->table,
						    sizeof(before)),
				    "change %u", i);
		KUNIT_EXPECT_EQ_MSG(test, 0, stock_add(test, gpa, size, W, 2),
				    "change %u", i);
	}
	stock_set(test, 0);
	before = s->table;
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			chariot_table_remove(&s->table, &s->pool, 0x10001, 2));
	KUNIT_EXPECT_EQ(test, 0, memcmp(&before, &s->table, sizeof(before)));
	KUNIT_EXPECT_EQ(test, 0, chariot_table_remove(&s->table, &s->pool,
						      0x10000, PAGE));
}

/* Every second byte of a page, then what is between them. */
static void test_full_page(struct kunit *test)
{
	struct stock *s = test->priv;
	struct chariot_range r = { };
	u64 at;

	for (at = 0x1000; at < 0x2000; at += 2)
		KUNIT_ASSERT_EQ(test, 0, stock_add(test, at, 1, W, 2));
	for (at = 0x1000; at < 0x2000; at += 2) {
		KUNIT_ASSERT_TRUE(test, chariot_table_next(&s->table,
							   r.gpa + r.size, 1,
							   &r));
		KUNIT_ASSERT_EQ(test, r.gpa, at);
		KUNIT_ASSERT_EQ(test, r.size, 1ull);
	}
	for (at = 0x1000; at < 0x2000; at++)
		KUNIT_ASSERT_EQ(test, !(at & 1),
				chariot_table_allows(&s->table, at, 1, W, NULL));
	KUNIT_EXPECT_EQ(test, s->table.pages, 1ull);
	KUNIT_EXPECT_EQ(test, 0, stock_add(test, 0x1000, PAGE, X, 3));
	KUNIT_EXPECT_EQ(test, chariot_table_page(&s->table, 1).rights, X);
	KUNIT_EXPECT_EQ(test, 0, stock_add(test, 0x1000, PAGE, W, 4));
	KUNIT_EXPECT_EQ(test, chariot_table_page(&s->table, 1).class,
			CHARIOT_PAGE_WHOLE);
	KUNIT_EXPECT_EQ(test, s->table.blocks, 1ull);
}

struct nearest_row {
	const char *name;
	u64 gpa;
	u64 want;	/* start of the range; 0 for none */
};

/* The table: 8 bytes at 0x2010, 8 at 0x2020, 8 at 0x3ff0, all of page 5. */
static const struct nearest_row nearest_rows[] = {
	{ "in it", 0x2013, 0x2010 },
	{ "a byte before", 0x200f, 0x2010 },
	{ "a byte behind", 0x2018, 0x2010 },
	{ "nearer to the next", 0x201d, 0x2020 },
	{ "far in the same page", 0x2fff, 0x2020 },
	{ "the page has one, a neighbour a nearer one", 0x3001, 0x3ff0 },
	{ "between two pages that have some", 0x4001, 0x3ff0 },
	{ "nearer to the page above", 0x4fff, 0x5000 },
	{ "the page below", 0x6000, 0x5000 },
	{ "the page above", 0x1000, 0x2010 },
	{ "two pages off", 0x7000, 0 },
	{ "first byte of memory", 0, 0 },
	{ "last byte of 64 bits", ~0ull, 0 },
};

CHARIOT_ROWS(nearest);

static void test_nearest(struct kunit *test)
{
	const struct nearest_row *c = test->param_value;
	struct stock *s = test->priv;
	struct chariot_range r = { };

	KUNIT_ASSERT_EQ(test, 0, stock_add(test, 0x2010, 8, W, 2));
	KUNIT_ASSERT_EQ(test, 0, stock_add(test, 0x2020, 8, W, 2));
	KUNIT_ASSERT_EQ(test, 0, stock_add(test, 0x3ff0, 8, W, 2));
	KUNIT_ASSERT_EQ(test, 0, stock_add(test, 0x5000, PAGE, W, 2));
	KUNIT_EXPECT_EQ(test, c->want != 0,
			chariot_table_nearest(&s->table, c->gpa, &r));
	KUNIT_EXPECT_EQ(test, r.gpa, c->want);
}

static void test_empty(struct kunit *test)
{
	struct stock *s = test->priv;
	struct chariot_range r;
	u64 bad = 0;

	KUNIT_EXPECT_FALSE(test, chariot_table_allows(&s->table, 0x1234, 0, W,
						      &bad));
	KUNIT_EXPECT_EQ(test, bad, 0x1234ull);
	KUNIT_EXPECT_FALSE(test, chariot_table_next(&s->table, 0, 1, &r));
	KUNIT_EXPECT_FALSE(test, chariot_table_nearest(&s->table, 0, &r));
	KUNIT_EXPECT_NULL(test, chariot_pool_take(&s->pool));
	chariot_table_clear(&s->table, &s->pool);
	KUNIT_EXPECT_EQ(test, s->pool.count, 0u);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(test_changes, table_gen_params),
	KUNIT_CASE_PARAM(test_bad_range, bad_gen_params),
	KUNIT_CASE(test_no_rights),
	KUNIT_CASE(test_out_of_blocks),
	KUNIT_CASE(test_full_page),
	KUNIT_CASE_PARAM(test_nearest, nearest_gen_params),
	KUNIT_CASE(test_empty),
	{ }
};

static struct kunit_suite suite = {
	.name		= "chariot_table",
	.init		= stock_init,
	.exit		= stock_exit,
	.test_cases	= cases,
};

kunit_test_suite(suite);
