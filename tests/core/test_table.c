// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The access control table: its edges by tables of steps, the rest at random. */
#include "check.h"
#include "oracle.h"
#include "stock.h"

#define W	CHARIOT_RIGHT_WRITE
#define X	CHARIOT_RIGHT_EXEC
#define PAGE	CHARIOT_PAGE_SIZE
#define TOP	(1ull << 52)

enum step_do { END, ADD, REMOVE, CLASS, ALLOWS, BAD, PAGES, BLOCKS, HEIGHT };

/*
 * ADD a=gpa b=size c=rights d=kind: result e
 * REMOVE a=gpa b=size: result e
 * CLASS a=gfn: b=class c=rights d=kind
 * ALLOWS a=gpa b=size c=rights; BAD likewise, with d=the first bad byte
 * PAGES, BLOCKS, HEIGHT: a
 */
struct step {
	enum step_do what;
	u64 a, b, c, d;
	s64 e;
};

struct table_case {
	const char *name;
	struct step step[24];
};

static const struct table_case cases[] = {
	{ "an empty table", {
		{ CLASS, 0, CHARIOT_PAGE_NONE },
		{ CLASS, ~0ull, CHARIOT_PAGE_NONE },
		{ BAD, 0, 1, W, 0 },
		{ BAD, 5, 0, W, 5 },
		{ BAD, ~0ull, ~0ull, W, ~0ull },
		{ REMOVE, 0, TOP },
		{ PAGES, 0 }, { BLOCKS, 0 }, { HEIGHT, 0 },
	} },
	{ "bad ranges", {
		{ ADD, 0, 0, W, 0, -EINVAL },
		{ ADD, TOP, 1, W, 0, -EINVAL },
		{ ADD, TOP - 1, 2, W, 0, -EINVAL },
		{ ADD, ~0ull, 1, W, 0, -EINVAL },
		{ ADD, 1, ~0ull, W, 0, -EINVAL },
		{ ADD, 0, TOP + 1, W, 0, -EINVAL },
		{ ADD, 0, PAGE, 0, 0, -EINVAL },
		{ ADD, 0, PAGE, CHARIOT_RIGHTS_ALL + 1, 0, -EINVAL },
		{ ADD, 0, PAGE, 0x80 | W, 0, -EINVAL },
		{ ADD, 0, PAGE, W, 64, -EINVAL },
		{ ADD, 0, PAGE, W, 0xffff, -EINVAL },
		{ REMOVE, 0, 0, 0, 0, -EINVAL },
		{ REMOVE, 1, TOP, 0, 0, -EINVAL },
		{ REMOVE, ~0ull, ~0ull, 0, 0, -EINVAL },
		{ PAGES, 0 }, { BLOCKS, 0 },
	} },
	{ "one byte", {
		{ ADD, 0x1234, 1, W, 5 },
		{ CLASS, 1, CHARIOT_PAGE_PARTIAL, 0, 0 },
		{ ALLOWS, 0x1234, 1, W },
		{ BAD, 0x1234, 2, W, 0x1235 },
		{ BAD, 0x1233, 2, W, 0x1233 },
		{ BAD, 0x1234, 1, X, 0x1234 },
		{ BAD, 0x1234, 0, W, 0x1234 },
		{ PAGES, 1 }, { BLOCKS, 2 }, { HEIGHT, 1 },
		{ REMOVE, 0x1234, 1 },
		{ PAGES, 0 }, { BLOCKS, 0 }, { HEIGHT, 0 },
	} },
	{ "the last byte there is", {
		{ ADD, TOP - 1, 1, W, 5 },
		{ ALLOWS, TOP - 1, 1, W },
		{ BAD, TOP - 1, 2, W, TOP },
		{ BAD, TOP - 1, ~0ull, W, TOP },
		{ CLASS, (1ull << 40) - 1, CHARIOT_PAGE_PARTIAL, 0, 0 },
		{ CLASS, 1ull << 40, CHARIOT_PAGE_NONE },
		{ HEIGHT, 7 }, { BLOCKS, 8 },
		{ ADD, TOP - PAGE, PAGE - 1, W, 5 },
		{ CLASS, (1ull << 40) - 1, CHARIOT_PAGE_WHOLE, W, 5 },
		{ BLOCKS, 7 },
		{ REMOVE, 0, TOP },
		{ BLOCKS, 0 },
	} },
	{ "parts come to a whole page", {
		{ ADD, 0x2000, 0x800, W, 1 },
		{ ADD, 0x2801, 0x7ff, W, 1 },
		{ CLASS, 2, CHARIOT_PAGE_PARTIAL, 0, 0 },
		{ BAD, 0x2000, PAGE, W, 0x2800 },
		{ ADD, 0x2800, 1, W, 1 },
		{ CLASS, 2, CHARIOT_PAGE_WHOLE, W, 1 },
		{ BLOCKS, 1 },
	} },
	{ "a whole page of two kinds takes the longer one's", {
		{ ADD, 0x2000, 0x801, W, 1 },
		{ ADD, 0x2801, 0x7ff, W, 2 },
		{ CLASS, 2, CHARIOT_PAGE_WHOLE, W, 1 },
		{ ADD, 0x2010, 0x20, W, 3 },
		{ CLASS, 2, CHARIOT_PAGE_WHOLE, W, 1 },
		{ ADD, 0x2000, PAGE, W, 4 },
		{ CLASS, 2, CHARIOT_PAGE_WHOLE, W, 4 },
	} },
	{ "a hole in a whole page", {
		{ ADD, 0x3000, PAGE, W, 2 },
		{ REMOVE, 0x3010, 0x10 },
		{ CLASS, 3, CHARIOT_PAGE_PARTIAL, 0, 0 },
		{ ALLOWS, 0x3000, 0x10, W },
		{ BAD, 0x3000, 0x11, W, 0x3010 },
		{ BAD, 0x301f, 1, W, 0x301f },
		{ ALLOWS, 0x3020, 0xfe0, W },
		{ ADD, 0x3010, 0x10, W, 2 },
		{ CLASS, 3, CHARIOT_PAGE_WHOLE, W, 2 },
	} },
	{ "overlap: the new kind wins", {
		{ ADD, 0x1000, 0x100, W, 1 },
		{ ADD, 0x1040, 0x40, W, 2 },
		{ ALLOWS, 0x1000, 0x100, W },
		{ ADD, 0x10f0, 0x20, W, 1 },
		{ ALLOWS, 0x1000, 0x110, W },
		{ REMOVE, 0x1030, 0x90 },
		{ BAD, 0x1000, 0x110, W, 0x1030 },
		{ ALLOWS, 0x10c0, 0x50, W },
	} },
	{ "over page borders", {
		{ ADD, 0x1ffc, 0x2008, W, 1 },
		{ CLASS, 1, CHARIOT_PAGE_PARTIAL, 0, 0 },
		{ CLASS, 2, CHARIOT_PAGE_WHOLE, W, 1 },
		{ CLASS, 3, CHARIOT_PAGE_WHOLE, W, 1 },
		{ CLASS, 4, CHARIOT_PAGE_PARTIAL, 0, 0 },
		{ ALLOWS, 0x1ffc, 0x2008, W },
		{ BAD, 0x1ffc, 0x2009, W, 0x4004 },
		{ BAD, 0x1ffb, 8, W, 0x1ffb },
		{ REMOVE, 0x2ffe, 4 },
		{ BAD, 0x1ffc, 0x2008, W, 0x2ffe },
		{ PAGES, 4 }, { BLOCKS, 5 },
		{ REMOVE, 0x1000, 0x4000 },
		{ PAGES, 0 }, { BLOCKS, 0 },
	} },
	{ "executable pages", {
		{ ADD, 0x4000, 2 * PAGE, X, 1 },
		{ CLASS, 4, CHARIOT_PAGE_WHOLE, X, 1 },
		{ ALLOWS, 0x4000, 2 * PAGE, X },
		{ BAD, 0x4000, 1, W, 0x4000 },
		{ ADD, 0x4000, 0x10, W, 2 },
		{ CLASS, 4, CHARIOT_PAGE_PARTIAL, X, 0 },
		{ ALLOWS, 0x4000, 2 * PAGE, X },
		{ ALLOWS, 0x4000, 0x10, W },
		{ BAD, 0x4000, 0x11, W | X, 0x4010 },
		{ REMOVE, 0x4800, 1 },
		{ CLASS, 4, CHARIOT_PAGE_PARTIAL, 0, 0 },
		{ BAD, 0x4000, PAGE, X, 0x4800 },
		{ ADD, 0x4000, PAGE, X | W, 2 },
		{ CLASS, 4, CHARIOT_PAGE_WHOLE, X | W, 2 },
	} },
	{ "growing and shrinking", {
		{ ADD, 0, PAGE, W, 1 },
		{ HEIGHT, 1 }, { BLOCKS, 1 },
		{ ADD, 64 * PAGE, PAGE, W, 1 },
		{ HEIGHT, 2 }, { BLOCKS, 3 },
		{ ADD, 1ull << 40, PAGE, W, 1 },
		{ HEIGHT, 5 },
		{ ALLOWS, 0, PAGE, W },
		{ REMOVE, 1ull << 40, PAGE },
		{ HEIGHT, 2 }, { BLOCKS, 3 },
		{ REMOVE, 0, PAGE },
		{ HEIGHT, 2 }, { BLOCKS, 2 },
		{ REMOVE, 0, TOP },
		{ HEIGHT, 0 }, { BLOCKS, 0 },
	} },
	{ "removing far above the tree", {
		{ ADD, 0x1000, PAGE, W, 1 },
		{ REMOVE, 1ull << 50, 1ull << 50 },
		{ REMOVE, 0x2000, TOP - 0x2000 },
		{ PAGES, 1 },
		{ REMOVE, 0x1fff, TOP - 0x1fff },
		{ BAD, 0x1000, PAGE, W, 0x1fff },
		{ PAGES, 1 },
	} },
	{ "a large range", {
		{ ADD, 0x1800, 1ull << 28, W, 1 },
		{ PAGES, (1 << 16) + 1 },
		{ ALLOWS, 0x1800, 1ull << 28, W },
		{ REMOVE, 0x8000000, 1 },
		{ BAD, 0x1800, 1ull << 28, W, 0x8000000 },
		{ REMOVE, 0x1800, 1ull << 28 },
		{ PAGES, 0 }, { BLOCKS, 0 },
	} },
};

static void run_step(struct chariot_table *t, struct chariot_pool *pool,
		     const char *name, unsigned int n, const struct step *s)
{
	struct chariot_page page;
	u64 bad = 0;
	s64 err;
	bool yes;

	switch (s->what) {
	case ADD:
		stock_set(pool, chariot_table_need(t, s->a, s->b));
		err = chariot_table_add(t, pool, s->a, s->b, s->c, s->d);
		CHECK(err == s->e, "%s, step %u: add: %lld", name, n, err);
		break;
	case REMOVE:
		stock_set(pool, chariot_table_remove_need(t, s->a, s->b));
		err = chariot_table_remove(t, pool, s->a, s->b);
		CHECK(err == s->e, "%s, step %u: remove: %lld", name, n,
		      err);
		break;
	case CLASS:
		page = chariot_table_page(t, s->a);
		CHECK(page.class == s->b && page.rights == s->c &&
		      page.kind == s->d,
		      "%s, step %u: class %d rights %u kind %u", name, n,
		      page.class, page.rights, page.kind);
		break;
	case ALLOWS:
		CHECK(chariot_table_allows(t, s->a, s->b, s->c, &bad),
		      "%s, step %u: not allowed at %#llx", name, n,
		      bad);
		break;
	case BAD:
		yes = chariot_table_allows(t, s->a, s->b, s->c, &bad);
		CHECK(!yes && bad == s->d,
		      "%s, step %u: allowed, or bad at %#llx", name, n,
		      bad);
		break;
	case PAGES:
		CHECK(t->pages == s->a, "%s, step %u: %llu pages", name,
		      n, t->pages);
		break;
	case BLOCKS:
		CHECK(t->blocks == s->a, "%s, step %u: %llu blocks",
		      name, n, t->blocks);
		break;
	case HEIGHT:
		CHECK(t->height == s->a, "%s, step %u: height %u", name, n,
		      t->height);
		break;
	case END:
		break;
	}
}

/* Clear the table, and see that every block comes back. */
static void clear(struct chariot_table *t, struct chariot_pool *pool,
		  const char *name)
{
	u64 want = pool->count + t->blocks;

	chariot_table_clear(t, pool);
	CHECK(!t->root && !t->blocks && !t->pages && !t->height,
	      "%s: not cleared", name);
	CHECK(pool->count == want, "%s: %u blocks, not %llu", name,
	      pool->count, want);
	stock_set(pool, 0);
}

static void test_cases(void)
{
	struct chariot_pool pool = { 0 };
	struct chariot_table t;
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		chariot_table_init(&t);
		for (n = 0; cases[i].step[n].what != END; n++)
			run_step(&t, &pool, cases[i].name, n,
				 &cases[i].step[n]);
		clear(&t, &pool, cases[i].name);
	}
}

/* A page of the most ranges that can be: every second byte, in chains. */
static void test_many_ranges(void)
{
	struct chariot_pool pool = { 0 };
	struct chariot_table t;
	struct chariot_range r;
	u64 at, seen = 0;

	chariot_table_init(&t);
	for (at = 0; at < PAGE; at += 2) {
		stock_set(&pool, chariot_table_need(&t, 0x7000 + at, 1));
		CHECK(!chariot_table_add(&t, &pool, 0x7000 + at, 1, W, 6),
		      "range %llu", at / 2);
	}
	CHECK(t.blocks == 1 + (PAGE / 2 + 123) / 124, "%llu blocks",
	      t.blocks);
	for (at = 0; chariot_table_next(&t, at, 1, &r); at = r.gpa + r.size)
		seen++;
	CHECK(seen == PAGE / 2, "%llu ranges listed", seen);
	for (at = 0; at < PAGE; at++)
		CHECK(chariot_table_allows(&t, 0x7000 + at, 1, W, NULL) ==
		      !(at & 1), "byte %llu", at);

	/* Filling the holes with another right makes 4096 ranges. */
	stock_set(&pool, chariot_table_need(&t, 0x7000, PAGE));
	CHECK(!chariot_table_add(&t, &pool, 0x7000, PAGE, X, 7), "fill");
	CHECK(t.blocks == 1 + (PAGE + 123) / 124, "%llu blocks",
	      t.blocks);
	CHECK(chariot_table_page(&t, 7).rights == X, "common rights");
	stock_set(&pool, chariot_table_need(&t, 0x7000, PAGE));
	CHECK(!chariot_table_add(&t, &pool, 0x7000, PAGE, W, 8), "fill");
	CHECK(t.blocks == 1, "%llu blocks", t.blocks);
	clear(&t, &pool, "many ranges");
}

/* One range after another over all the blocks of a list. */
static void test_chain(void)
{
	struct chariot_pool pool = { 0 };
	struct chariot_table t;
	u64 at, bad;

	chariot_table_init(&t);
	for (at = 0; at < 2000; at++) {
		stock_set(&pool, chariot_table_need(&t, 0x7000 + at, 1));
		chariot_table_add(&t, &pool, 0x7000 + at, 1, W, at & 1);
	}
	CHECK(t.blocks == 1 + (2000 + 123) / 124, "%llu blocks", t.blocks);
	for (at = 0; at < 2000; at++)
		CHECK(chariot_table_allows(&t, 0x7000 + at, 2000 - at, W, NULL),
		      "from byte %llu", at);
	CHECK(!chariot_table_allows(&t, 0x7000, 2001, W, &bad) && bad == 0x77d0,
	      "behind the last");
	clear(&t, &pool, "chain");
}

/* What whole pages need is told to the block. */
static void test_need(void)
{
	static const struct { u64 gpa, size; } change[] = {
		{ 0, PAGE }, { 63 * PAGE, PAGE }, { 63 * PAGE, 2 * PAGE },
		{ 1ull << 18, PAGE }, { 0x123000, 0x1000000 },
		{ 1ull << 40, PAGE }, { TOP - 66 * PAGE, 66 * PAGE },
		{ 4095 * PAGE, 2 * PAGE }, { 0, 1ull << 26 },
	};
	struct chariot_pool pool = { 0 };
	struct chariot_table t;
	unsigned int first, i;

	for (first = 0; first < ARRAY_SIZE(change); first++) {
		chariot_table_init(&t);
		for (i = 0; i < ARRAY_SIZE(change); i++) {
			u64 gpa = change[(first + i) % ARRAY_SIZE(change)].gpa;
			u64 size = change[(first + i) % ARRAY_SIZE(change)].size;
			u32 need = chariot_table_need(&t, gpa, size);

			stock_set(&pool, need);
			CHECK(!chariot_table_add(&t, &pool, gpa, size, W, 1),
			      "set %u, change %u", first, i);
			CHECK(!pool.count, "set %u, change %u: %u of %u unused",
			      first, i, pool.count, need);
		}
		clear(&t, &pool, "need");
	}
}

/* Without blocks nothing changes, wherever the pool runs dry. */
static void test_out_of_blocks(void)
{
	static const struct { u64 gpa, size; } change[] = {
		{ 0x1000, PAGE }, { 0x5001, 3 }, { 0x1800, 0x10000000 },
		{ 1ull << 30, 1 }, { TOP - 3, 2 }, { 0xfff, 2 },
		{ 0x3fffff, PAGE + 2 }, { 0, 1ull << 30 },
	};
	struct chariot_pool pool = { 0 };
	struct chariot_table t, before;
	unsigned int i;

	chariot_table_init(&t);
	for (i = 0; i < ARRAY_SIZE(change); i++) {
		u64 gpa = change[i].gpa, size = change[i].size;
		u32 need = chariot_table_need(&t, gpa, size);

		CHECK(need > 0, "change %u needs nothing", i);
		before = t;
		stock_set(&pool, need - 1);
		CHECK(chariot_table_add(&t, &pool, gpa, size, W, 1) == -ENOMEM,
		      "change %u: no -ENOMEM", i);
		CHECK(!memcmp(&before, &t, sizeof(t)) && pool.count == need - 1,
		      "change %u: changed without blocks", i);
		stock_set(&pool, need);
		CHECK(!chariot_table_add(&t, &pool, gpa, size, W, 1),
		      "change %u failed", i);
	}
	stock_set(&pool, 0);
	before = t;
	CHECK(chariot_table_remove(&t, &pool, 0x20000001, 2) == -ENOMEM,
	      "removal split a page without a block");
	CHECK(!memcmp(&before, &t, sizeof(t)), "changed without blocks");
	CHECK(!chariot_table_remove(&t, &pool, 0x20000000, PAGE),
	      "removal of a page needs no block");
	CHECK(chariot_table_need(&t, 0, TOP) == 0xffffffffu,
	      "need of all memory");
	CHECK(chariot_table_add(&t, &pool, 0, TOP, W, 1) == -ENOMEM,
	      "all memory");
	CHECK(chariot_table_need(&t, 1, TOP) == 0, "need of a bad range");
	clear(&t, &pool, "out of blocks");
}

static void test_list_limit(void)
{
	struct chariot_pool pool = { 0 };
	struct chariot_table t;
	struct chariot_range r;

	chariot_table_init(&t);
	stock_set(&pool, chariot_table_need(&t, 0x1000, 0x10000));
	chariot_table_add(&t, &pool, 0x1000, 0x10000, W, 1);
	CHECK(chariot_table_next(&t, 0, 4, &r) && r.gpa == 0x1000 &&
	      r.size == 0x4000, "four pages");
	CHECK(chariot_table_next(&t, 0x5123, 2, &r) && r.gpa == 0x5123 &&
	      r.size == 0x1edd, "from within a page");
	CHECK(chariot_table_next(&t, 0, 0, &r) && r.size == 0x1000, "no pages");
	CHECK(!chariot_table_next(&t, 0x11000, 9, &r), "beyond the end");
	CHECK(!chariot_table_next(&t, ~0ull, 9, &r), "beyond all");
	clear(&t, &pool, "list");
}

static u64 random_gpa(u64 *seed, const u64 *first)
{
	u64 gfn = first[random_below(seed, ORACLE_WINDOWS)];

	return (gfn << CHARIOT_PAGE_SHIFT) +
	       random_below(seed, ORACLE_PAGES * PAGE);
}

static u64 random_size(u64 *seed, u64 gpa, const u64 *first)
{
	static const u64 most[] = { 1, 8, 64, 512, 5000, 3 * PAGE };
	u64 size = 1 + random_below(seed, most[random_below(seed, 6)]);
	u64 end = 0;
	u32 w;

	/* Not beyond the window. */
	for (w = 0; w < ORACLE_WINDOWS; w++)
		if (first[w] <= gpa >> CHARIOT_PAGE_SHIFT)
			end = (first[w] + ORACLE_PAGES) << CHARIOT_PAGE_SHIFT;
	return size < end - gpa ? size : end - gpa;
}

static void random_change(struct chariot_table *t, struct chariot_pool *pool,
			  struct oracle *o, u64 *seed, const u64 *first)
{
	u64 gpa = random_gpa(seed, first);
	u64 size = random_size(seed, gpa, first);
	u8 rights = 1 + random_below(seed, 8) % 3;
	u16 kind = random_below(seed, 3);
	u64 what = random_below(seed, 64);
	u32 need;
	int err;

	/* Whole pages often, all of them now and then. */
	if (what & 1) {
		gpa &= ~(u64)(PAGE - 1);
		size = (size + PAGE - 1) & ~(u64)(PAGE - 1);
	}
	if (what == 62) {
		gpa = 0;
		size = TOP;
	}
	need = chariot_table_need(t, gpa, size);
	if (what < 36) {
		stock_set(pool, need);
		err = chariot_table_add(t, pool, gpa, size, rights, kind);
		oracle_add(o, gpa, size, rights, kind);
	} else {
		stock_set(pool, need < 200 ? need : 200);
		err = chariot_table_remove(t, pool, gpa, size);
		oracle_remove(o, gpa, size);
	}
	CHECK(!err, "change at %#llx size %#llx: %d",
	      gpa, size, err);
}

static unsigned long test_random(unsigned long rounds)
{
	static const u64 first[][ORACLE_WINDOWS] = {
		{ 0, 62, 4094, 262142 },
		{ 0, 8, 100, 200 },
		{ 1, 1ull << 24, 1ull << 36, (1ull << 40) - ORACLE_PAGES },
	};
	static struct oracle o;
	struct chariot_pool pool = { 0 };
	struct chariot_table t;
	u64 seed = 0x434841; /* any */
	unsigned long n, done = 0;
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(first); i++) {
		oracle_init(&o, first[i]);
		chariot_table_init(&t);
		for (n = 0; n < rounds && !checks_failed; n++, done++) {
			const char *wrong;

			random_change(&t, &pool, &o, &seed, first[i]);
			wrong = oracle_compare(&o, &t);
			CHECK(!wrong, "set %u, change %lu: %s", i, n, wrong);
			for (k = 0; k < 8; k++) {
				u64 gpa = random_gpa(&seed, first[i]);
				u64 size = random_below(&seed, 1ull << (k + 1));

				wrong = oracle_compare_range(&o, &t, gpa, size,
							     k % 4);
				CHECK(!wrong, "set %u, change %lu, %#llx"
				      ": %s", i, n, gpa, wrong);
			}
		}
		clear(&t, &pool, "random");
	}
	return done;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000;
	unsigned long changes;

	test_cases();
	test_many_ranges();
	test_chain();
	test_need();
	test_out_of_blocks();
	test_list_limit();
	changes = test_random(rounds);
	return summary("%lu random changes against the byte map", changes);
}
