// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The judge, at every edge of a small table. */
#include "check.h"
#include "decide.h"
#include "stock.h"

#define W	CHARIOT_RIGHT_WRITE
#define X	CHARIOT_RIGHT_EXEC
#define ALLOW	CHARIOT_VERDICT_ALLOW
#define EMULATE	CHARIOT_VERDICT_EMULATE
#define BAD	CHARIOT_VERDICT_STOP	/* or AUDIT, as the mode is */
#define TOP	(1ull << 52)

static const struct chariot_range regions[] = {
	{ 0x1000, 0x2000, CHARIOT_KIND_DATA, W },	/* two pages */
	{ 0x3000, 0x0010, CHARIOT_KIND_SLAB, W },	/* and a bit behind */
	{ 0x5040, 0x0040, CHARIOT_KIND_SLAB, W },
	{ 0x5ff8, 0x0008, CHARIOT_KIND_SLAB, W },	/* up to a border */
	{ 0x6000, 0x0008, CHARIOT_KIND_SLAB, W },	/* and over it */
	{ 0x8000, 0x1000, CHARIOT_KIND_TEXT, X },
	{ 0x9000, 0x1000, CHARIOT_KIND_LEAF, W | X },
	{ 0xa000, 0x1000, CHARIOT_KIND_TEXT, X },
	{ 0xa100, 0x0008, CHARIOT_KIND_DATA, W },	/* within text */
	{ TOP - 0x1008, 0x1008, CHARIOT_KIND_PAGES, W },
};

struct decide_case {
	u64 gpa, size;
	enum chariot_verdict verdict;
	u64 bad;
};

static const struct decide_case cases[] = {
	/* Whole pages, of known and unknown size. */
	{ 0x1000, 1, ALLOW, 0 },
	{ 0x1000, 0, ALLOW, 0 },
	{ 0x1fff, 0, ALLOW, 0 },
	{ 0x1ffc, 8, ALLOW, 0 },
	{ 0x1000, 0x2000, ALLOW, 0 },
	{ 0x2ffc, 4, ALLOW, 0 },
	{ 0x9ff8, 8, ALLOW, 0 },
	/* Before and behind them. */
	{ 0x0fff, 1, BAD, 0x0fff },
	{ 0x0fff, 2, BAD, 0x0fff },
	{ 0x0ffc, 0, BAD, 0x0ffc },
	{ 0x2ffc, 8, EMULATE, 0 },
	{ 0x1000, 0x2010, EMULATE, 0 },
	{ 0x1000, 0x2011, BAD, 0x3010 },
	{ 0x2fff, 0x12, BAD, 0x3010 },
	/* A part of a page. */
	{ 0x5040, 8, EMULATE, 0 },
	{ 0x5040, 0x40, EMULATE, 0 },
	{ 0x507f, 1, EMULATE, 0 },
	{ 0x503f, 1, BAD, 0x503f },
	{ 0x503c, 8, BAD, 0x503c },
	{ 0x507c, 8, BAD, 0x5080 },
	{ 0x5080, 1, BAD, 0x5080 },
	{ 0x5040, 0x41, BAD, 0x5080 },
	{ 0x5040, 0, BAD, 0x5040 },
	/* Two regions that touch at a page's border. */
	{ 0x5ffc, 8, EMULATE, 0 },
	{ 0x5ff8, 16, EMULATE, 0 },
	{ 0x5ff8, 17, BAD, 0x6008 },
	{ 0x5ff7, 4, BAD, 0x5ff7 },
	/* Nothing there; executable is not writable. */
	{ 0x7000, 1, BAD, 0x7000 },
	{ 0x7000, 0, BAD, 0x7000 },
	{ 0x8000, 8, BAD, 0x8000 },
	{ 0x8ffc, 8, BAD, 0x8ffc },
	{ 0x9ffc, 8, BAD, 0xa000 },
	{ 0xa100, 8, EMULATE, 0 },
	{ 0xa100, 9, BAD, 0xa108 },
	{ 0xa100, 0, BAD, 0xa100 },
	/* The end of all addresses. */
	{ TOP - 1, 1, ALLOW, 0 },
	{ TOP - 0x1008, 0x1008, EMULATE, 0 },
	{ TOP - 8, 9, BAD, TOP },
	{ TOP - 8, ~0ull, BAD, TOP },
	{ TOP, 1, BAD, TOP },
	{ TOP, 0, BAD, TOP },
	{ ~0ull, 1, BAD, ~0ull },
	{ ~0ull, ~0ull, BAD, ~0ull },
	{ 0x1000, ~0ull, BAD, 0x3010 },
	{ 0x7000, ~0ull, BAD, 0x7000 },
};

static const struct {
	enum chariot_mode mode;
	enum chariot_verdict verdict;
} modes[] = {
	{ CHARIOT_MODE_AUDIT, CHARIOT_VERDICT_AUDIT },
	{ CHARIOT_MODE_ENFORCE, CHARIOT_VERDICT_STOP },
	{ CHARIOT_MODE_COUNT, CHARIOT_VERDICT_STOP },
	{ (enum chariot_mode)0x7fffffff, CHARIOT_VERDICT_STOP },
};

static void test_case(const struct chariot_table *t, const struct decide_case *c)
{
	const struct chariot_access a = { .gpa = c->gpa, .size = c->size };
	unsigned int m;

	for (m = 0; m < ARRAY_SIZE(modes); m++) {
		enum chariot_verdict want = c->verdict, got;
		u64 bad = 0x5555;

		if (want == BAD)
			want = modes[m].verdict;
		got = chariot_decide(t, modes[m].mode, &a, &bad);
		CHECK(got == want, "%#llx size %#llx mode %d: verdict %d not %d",
		      a.gpa, a.size, modes[m].mode, got, want);
		CHECK(bad == (c->verdict == BAD ? c->bad : 0x5555),
		      "%#llx size %#llx: bad at %#llx", a.gpa, a.size, bad);
		CHECK(chariot_decide(t, modes[m].mode, &a, NULL) == got,
		      "%#llx size %#llx: no place for bad", a.gpa, a.size);
	}
}

int main(void)
{
	struct chariot_pool pool = { 0 };
	struct chariot_table t;
	unsigned int i;

	chariot_table_init(&t);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct decide_case c = cases[i];

		/* In an empty table everything is bad from the start. */
		c.verdict = BAD;
		c.bad = c.gpa;
		test_case(&t, &c);
	}
	for (i = 0; i < ARRAY_SIZE(regions); i++) {
		const struct chariot_range *r = &regions[i];

		stock_set(&pool, chariot_table_need(&t, r->gpa, r->size));
		CHECK(!chariot_table_add(&t, &pool, r->gpa, r->size, r->rights,
					 r->kind), "region %u", i);
	}
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		test_case(&t, &cases[i]);
	chariot_table_clear(&t, &pool);
	stock_set(&pool, 0);
	return summary("%zu accesses", ARRAY_SIZE(cases));
}
