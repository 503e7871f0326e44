// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Cost of the table: time of a look-up, memory of a region; beside it, if there is
 * the kernel's source, its maple tree and its interval tree. Regions are objects of
 * 192 bytes or whole pages, in runs of eight pages spread over a guest of 16 GiB.
 * Blocks come from large pages, as a kernel's memory does.
 */
#include <sys/mman.h>
#include <time.h>

#include "bench_trees.h"
#include "check.h"
#include "decide.h"

#define OBJECT		192u
#define PER_PAGE	(CHARIOT_PAGE_SIZE / OBJECT)
#define FRAMES		(1ull << 22)	/* 16 GiB */
#define ARENA		(512ull << 20)
#define SIZES		10		/* powers of two */
#define PROBES		(1u << 18)
#define ROUNDS		3
#define AIM		100		/* ns for a look-up */
#define LINES		(1u << 20)	/* of 64 bytes: about what the table takes */

enum layout { PACKED, EVERY_SECOND, PAGES };
static const char *const layout_name[] = {
	"objects, all", "objects, every second", "whole pages",
};

static u8 *arena, *arena_next;
static void *arena_free[SIZES];

void *bench_memory(size_t size)
{
	u32 power = __builtin_ctzll(size);
	void **memory = arena_free[power];

	if (memory) {
		arena_free[power] = *memory;
		return memory;
	}
	/* A maple node's address has flags in its low bits. */
	arena_next = (u8 *)(((uintptr_t)arena_next + size - 1) & ~(size - 1));
	if (arena_next + size > arena + ARENA)
		abort();
	arena_next += size;
	return arena_next - size;
}

void bench_memory_free(void *memory, size_t size)
{
	u32 power = __builtin_ctzll(size);

	*(void **)memory = arena_free[power];
	arena_free[power] = memory;
}

/* --- the table as one of the trees ----------------------------------------------- */

static struct chariot_table table;
static struct chariot_pool pool;

static void stock(u64 gpa, u64 size)
{
	u32 need = chariot_table_need(&table, gpa, size);

	while (pool.count < need)
		chariot_pool_put(&pool, bench_memory(CHARIOT_BLOCK_SIZE));
}

static void table_add(unsigned long long gpa, unsigned long long size)
{
	stock(gpa, size);
	if (chariot_table_add(&table, &pool, gpa, size, CHARIOT_RIGHT_WRITE,
			      CHARIOT_KIND_SLAB))
		abort();
}

static bool table_allows(unsigned long long gpa, unsigned long long size)
{
	const struct chariot_access access = { .gpa = gpa, .size = size };

	return chariot_decide(&table, CHARIOT_MODE_ENFORCE, &access, NULL) <=
	       CHARIOT_VERDICT_EMULATE;
}

static void table_remove(unsigned long long gpa, unsigned long long size)
{
	stock(gpa, size);
	if (chariot_table_remove(&table, &pool, gpa, size))
		abort();
}

static unsigned long long table_bytes(void)
{
	return table.blocks * CHARIOT_BLOCK_SIZE;
}

static const struct bench_tree bench_table = {
	"table", table_add, table_allows, table_remove, table_bytes,
};

static const struct bench_tree *const trees[] = {
	&bench_table,
#ifdef HAVE_KERNEL_TREES
	&bench_maple, &bench_interval,
#endif
};

/* --- measuring ------------------------------------------------------------------- */

/* In ns, and bytes, of one region. */
struct cost {
	double find, add, remove, bytes;
};

static double now(void)
{
	struct timespec t;

	/* Of this thread alone: other work on the machine is no cost of ours. */
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* A permutation of the frames: slabs come from anywhere. */
static u64 frame(u64 slab)
{
	return (slab * 0x9e3779b1ull) % FRAMES;
}

static u64 place(enum layout layout, u64 i, u64 *size)
{
	u64 per = layout == PAGES ? 1 : layout == PACKED ? PER_PAGE :
							    PER_PAGE / 2;
	u64 step = layout == EVERY_SECOND ? 2 * OBJECT : OBJECT;

	*size = layout == PAGES ? CHARIOT_PAGE_SIZE : OBJECT;
	/* Runs of eight pages, as an allocator gives them. */
	return ((frame(i / per / 8) & ~7ull) + i / per % 8) *
	       CHARIOT_PAGE_SIZE + i % per * step;
}

static double change(const struct bench_tree *tree, enum layout layout,
		     u64 regions, bool add)
{
	double start = now();
	u64 i, gpa, size;

	for (i = 0; i < regions; i++) {
		gpa = place(layout, i, &size);
		if (add)
			tree->add(gpa, size);
		else
			tree->remove(gpa, size);
	}
	return (now() - start) / regions;
}

/* The best of some rounds: the others were disturbed. */
static double find(const struct bench_tree *tree, const u64 *probe)
{
	u32 round, i, good;
	double took, best = 0;

	for (round = 0; round < ROUNDS; round++) {
		took = now();
		for (i = 0, good = 0; i < PROBES; i++)
			good += tree->allows(probe[i], sizeof(u64));
		took = now() - took;
		CHECK(good == PROBES, "%s: a region was not found", tree->name);
		if (!round || took < best)
			best = took;
	}
	return best / PROBES;
}

/* What one access costs that no cache knows of: in ns. */
static double load(void)
{
	u64 i, next, (*line)[8] = (void *)arena;
	double start;

	/* A round through all of them, by a generator of full period. */
	for (i = 0; i < LINES; i++)
		line[i][0] = (i * 1664525 + 1013904223) % LINES;
	start = now();
	for (i = 0, next = 0; i < LINES; i++)
		next = line[next][0];
	start = now() - start;
	CHECK(!next, "that was no round");
	return start / LINES;
}

static struct cost measure(const struct bench_tree *tree, enum layout layout,
			   u64 regions, const u64 *probe)
{
	struct cost cost;

	arena_next = arena;
	memset(arena_free, 0, sizeof(arena_free));
	memset(&pool, 0, sizeof(pool));
	cost.add = change(tree, layout, regions, true);
	cost.bytes = (double)tree->bytes() / regions;
	cost.find = find(tree, probe);
	cost.remove = change(tree, layout, regions, false);
	CHECK(!tree->allows(probe[0], sizeof(u64)), "%s: not removed",
	      tree->name);
	CHECK(!tree->bytes(), "%s: memory is left over", tree->name);
	return cost;
}

/* How much the table's is of the better one of the others. */
static double ratio(double table_cost, double one, double other)
{
	return table_cost / (one < other ? one : other);
}

/* Returns what a look-up costs the table. */
static double compare(enum layout layout, u64 regions)
{
	static u64 probe[PROBES];
	struct cost cost[ARRAY_SIZE(trees)];
	u64 seed = 0x434841, size;
	u32 i;

	for (i = 0; i < PROBES; i++) {
		probe[i] = place(layout, random_below(&seed, regions), &size);
		probe[i] += random_below(&seed, size - sizeof(u64));
	}
	for (i = 0; i < ARRAY_SIZE(trees); i++) {
		cost[i] = measure(trees[i], layout, regions, probe);
		printf("%9llu  %-22s %-9s %8.1f %8.1f %8.1f %8.1f\n", regions,
		       layout_name[layout], trees[i]->name, cost[i].find,
		       cost[i].add, cost[i].remove, cost[i].bytes);
	}
	if (ARRAY_SIZE(trees) > 2)
		printf("%9s  %-22s %-9s %8.2f %8.2f %8.2f %8.2f\n", "", "",
		       "ratio", ratio(cost[0].find, cost[1].find, cost[2].find),
		       ratio(cost[0].add, cost[1].add, cost[2].add),
		       ratio(cost[0].remove, cost[1].remove, cost[2].remove),
		       ratio(cost[0].bytes, cost[1].bytes, cost[2].bytes));
	return cost[0].find;
}

int main(void)
{
	static const u64 counts[] = { 1000, 100000, 1000000 };
	double found, slowest = 0;
	unsigned int i, layout;

	arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED)
		return EXIT_FAILURE;
	madvise(arena, ARENA, MADV_HUGEPAGE);
	memset(arena, 0, ARENA);
	setlinebuf(stdout);
	printf("%9s  %-22s %-9s %8s %8s %8s %8s\n", "regions", "layout", "tree",
	       "find ns", "add ns", "rem. ns", "bytes");
	for (layout = PACKED; layout <= PAGES; layout++) {
		for (i = 0; i < ARRAY_SIZE(counts); i++) {
			found = compare(layout, counts[i]);
			if (found > slowest)
				slowest = found;
		}
	}
	if (ARRAY_SIZE(trees) == 1)
		puts("the kernel's trees were not measured: kunit/run fetches its source");
	else
		puts("ratio: the table's cost by that of the better one of the others");
	printf("slowest look-up: %.1f ns, the aim is %u; a load from memory: %.1f ns\n",
	       slowest, AIM, load());
	return summary("%zu trees", ARRAY_SIZE(trees));
}
