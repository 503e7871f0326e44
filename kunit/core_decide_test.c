// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The judge: each access around each edge of a table, against a map with one
 * entry a byte. KUnit alone.
 */
#include <kunit/test.h>

#include "decide.h"
#include "rows.h"
#include "stock.h"

#define W	CHARIOT_RIGHT_WRITE
#define X	CHARIOT_RIGHT_EXEC
#define PAGE	CHARIOT_PAGE_SIZE
#define PAGES	16
#define REACH	9	/* bytes to both sides of an edge */
#define TOP	(1ull << 52)

static const struct chariot_range regions[] = {
	{ 0x2000, 0x2000, CHARIOT_KIND_DATA, W },	/* two pages */
	{ 0x4000, 0x0010, CHARIOT_KIND_SLAB, W },	/* and a bit behind */
	{ 0x6040, 0x0040, CHARIOT_KIND_SLAB, W },
	{ 0x6080, 0x0008, CHARIOT_KIND_OBJECT, W },	/* touches the last */
	{ 0x6100, 0x0001, CHARIOT_KIND_OBJECT, W },
	{ 0x6ffc, 0x0008, CHARIOT_KIND_BUFFER, W },	/* over a border */
	{ 0x8000, 0x0fff, CHARIOT_KIND_PAGES, W },	/* all but a byte */
	{ 0x9001, 0x0fff, CHARIOT_KIND_PAGES, W },
	{ 0xa000, 0x1000, CHARIOT_KIND_PAGES, W },
	{ 0xb000, 0x1000, CHARIOT_KIND_TEXT, X },
	{ 0xc000, 0x1000, CHARIOT_KIND_LEAF, W | X },
	{ 0xd000, 0x1000, CHARIOT_KIND_TEXT, X },
	{ 0xd800, 0x0010, CHARIOT_KIND_DATA, W },	/* within text */
};

struct edge {
	u64 gpa;
};

static const struct edge edges[] = {
	{ 0x1000 }, { 0x2000 }, { 0x3000 }, { 0x4000 }, { 0x4010 }, { 0x5000 },
	{ 0x6000 }, { 0x6040 }, { 0x6080 }, { 0x6088 }, { 0x6100 }, { 0x6101 },
	{ 0x6ffc }, { 0x7000 }, { 0x7004 }, { 0x8000 }, { 0x8fff }, { 0x9001 },
	{ 0xa000 }, { 0xb000 }, { 0xc000 }, { 0xd000 }, { 0xd800 }, { 0xd810 },
	{ 0xe000 },
};

static void edge_desc(const struct edge *e, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "around %#llx", e->gpa);
}

KUNIT_ARRAY_PARAM(edge, edges, edge_desc);

/* By construction apart from the table's code. */
struct map {
	struct stock stock;	/* where stock.h looks for it */
	bool writable[PAGES * PAGE];
	bool whole[PAGES];
};

static int decide_init(struct kunit *test)
{
	struct map *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int i;
	u64 at;

	if (!m)
		return -ENOMEM;
	chariot_table_init(&m->stock.table);
	test->priv = m;
	for (i = 0; i < ARRAY_SIZE(regions); i++) {
		const struct chariot_range *r = &regions[i];
		int err = stock_add(test, r->gpa, r->size, r->rights, r->kind);

		if (err)
			return err;
		for (at = r->gpa; at < r->gpa + r->size; at++)
			if (r->rights & W)
				m->writable[at] = true;
	}
	memset(m->whole, true, sizeof(m->whole));
	for (at = 0; at < PAGES * PAGE; at++)
		m->whole[at / PAGE] &= m->writable[at];
	return 0;
}

static enum chariot_verdict verdict_wanted(const struct map *m, u64 gpa,
					   u64 size, enum chariot_mode mode,
					   u64 *bad)
{
	bool whole = true;
	u64 at;

	for (at = gpa; at < gpa + max(size, 1ull); at++) {
		whole &= m->whole[at / PAGE];
		if (m->writable[at] && (size || whole))
			continue;
		*bad = at;
		return mode == CHARIOT_MODE_AUDIT ? CHARIOT_VERDICT_AUDIT :
						    CHARIOT_VERDICT_STOP;
	}
	return whole ? CHARIOT_VERDICT_ALLOW : CHARIOT_VERDICT_EMULATE;
}

static void check_access(struct kunit *test, u64 gpa, u64 size,
			 enum chariot_mode mode)
{
	const struct chariot_access a = { .gpa = gpa, .size = size };
	u64 bad = 0x5555, bad_wanted = 0x5555;
	struct map *m = test->priv;
	enum chariot_verdict want;

	want = verdict_wanted(m, gpa, size, mode, &bad_wanted);
	KUNIT_ASSERT_EQ_MSG(test, want,
			    chariot_decide(&m->stock.table, mode, &a, &bad),
			    "%#llx size %llu mode %d", gpa, size, mode);
	KUNIT_ASSERT_EQ_MSG(test, bad, bad_wanted, "%#llx size %llu", gpa, size);
	KUNIT_ASSERT_EQ(test, want,
			chariot_decide(&m->stock.table, mode, &a, NULL));
}

static void test_edges(struct kunit *test)
{
	static const u64 sizes[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17,
				     32, 64, 0xff7, 0xfff, 0x1000, 0x1001,
				     0x1010, 0x2000, 0x2010, 0x2011 };
	const struct edge *e = test->param_value;
	unsigned int i;
	u64 gpa;

	for (gpa = e->gpa - REACH; gpa <= e->gpa + REACH; gpa++) {
		for (i = 0; i < ARRAY_SIZE(sizes) && gpa + sizes[i] <= PAGES * PAGE; i++) {
			check_access(test, gpa, sizes[i], CHARIOT_MODE_AUDIT);
			check_access(test, gpa, sizes[i], CHARIOT_MODE_ENFORCE);
		}
	}
}

/* A byte at a time, and all that it touches. */
static void test_every_byte(struct kunit *test)
{
	u64 gpa;

	for (gpa = 0; gpa <= PAGES * PAGE - 8; gpa++) {
		check_access(test, gpa, 0, CHARIOT_MODE_ENFORCE);
		check_access(test, gpa, 1, CHARIOT_MODE_ENFORCE);
		check_access(test, gpa, 8, CHARIOT_MODE_ENFORCE);
	}
}

struct far_row {
	const char *name;
	u64 gpa;
	u64 size;
	enum chariot_verdict verdict;	/* when enforcing */
	u64 bad;
};

static const struct far_row far_rows[] = {
	{ "last byte", TOP - 1, 1, CHARIOT_VERDICT_ALLOW },
	{ "last byte, size unknown", TOP - 1, 0, CHARIOT_VERDICT_ALLOW },
	{ "last page", TOP - PAGE, PAGE, CHARIOT_VERDICT_ALLOW },
	{ "over the end", TOP - 8, 9, CHARIOT_VERDICT_STOP, TOP },
	{ "behind the end", TOP, 1, CHARIOT_VERDICT_STOP, TOP },
	{ "far behind the end", TOP - 8, ~0ull, CHARIOT_VERDICT_STOP, TOP },
	{ "last byte of 64 bits", ~0ull, 1, CHARIOT_VERDICT_STOP, ~0ull },
	{ "around 2^64", ~0ull, ~0ull, CHARIOT_VERDICT_STOP, ~0ull },
	{ "all but a byte of 64 bits", 0x2000, ~0ull, CHARIOT_VERDICT_STOP,
	  0x4010 },
};

CHARIOT_ROWS(far);

static void test_far(struct kunit *test)
{
	const struct far_row *c = test->param_value;
	const struct chariot_access a = { .gpa = c->gpa, .size = c->size };
	struct map *m = test->priv;
	u64 bad = 0;

	KUNIT_ASSERT_EQ(test, 0, stock_add(test, TOP - PAGE, PAGE, W, 2));
	KUNIT_EXPECT_EQ(test, c->verdict,
			chariot_decide(&m->stock.table, CHARIOT_MODE_ENFORCE,
				       &a, &bad));
	KUNIT_EXPECT_EQ(test, bad, c->bad);
}

/* What nobody understands enforces. */
static void test_unknown_mode(struct kunit *test)
{
	const struct chariot_access a = { .gpa = 0x5000, .size = 1 };
	struct map *m = test->priv;

	KUNIT_EXPECT_EQ(test, CHARIOT_VERDICT_STOP,
			chariot_decide(&m->stock.table, CHARIOT_MODE_COUNT, &a,
				       NULL));
	KUNIT_EXPECT_EQ(test, CHARIOT_VERDICT_STOP,
			chariot_decide(&m->stock.table,
				       (enum chariot_mode)0x7fffffff, &a,
				       NULL));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(test_edges, edge_gen_params),
	KUNIT_CASE(test_every_byte),
	KUNIT_CASE_PARAM(test_far, far_gen_params),
	KUNIT_CASE(test_unknown_mode),
	{ }
};

static struct kunit_suite suite = {
	.name		= "chariot_decide",
	.init		= decide_init,
	.exit		= stock_exit,
	.test_cases	= cases,
};

kunit_test_suite(suite);
