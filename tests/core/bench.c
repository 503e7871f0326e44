// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Cost of the table: time of a look-up, memory of a region. Regions are objects
 * of 192 bytes or whole pages, in runs of eight pages spread over a guest of
 * 16 GiB. Blocks come from large pages, as a kernel's memory does.
 */
#include <sys/mman.h>
#include <time.h>

#include "check.h"
#include "decide.h"

#define OBJECT		192u
#define PER_PAGE	(CHARIOT_PAGE_SIZE / OBJECT)
#define FRAMES		(1ull << 22)	/* 16 GiB */
#define ARENA		(512ull << 20)
#define PROBES		(1u << 20)
#define ROUNDS		5

enum layout { PACKED, EVERY_SECOND, PAGES };
static const char *const layout_name[] = {
	"objects, all", "objects, every second", "whole pages",
};

static u8 *arena, *arena_next;

/* Make the pool hold @count blocks or more. */
static void stock(struct chariot_pool *pool, u32 count)
{
	while (pool->count < count) {
		if (arena_next == arena + ARENA)
			abort();
		chariot_pool_put(pool, arena_next);
		arena_next += CHARIOT_BLOCK_SIZE;
	}
}

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

static void measure(enum layout layout, u64 regions)
{
	struct chariot_pool pool = { 0 };
	struct chariot_table t;
	u64 seed = 0x434841, i, size, good = 0;
	double start, filled, looked = 0, removed;
	u32 round;
	struct chariot_access *probe = malloc(PROBES * sizeof(*probe));

	if (!probe)
		abort();
	arena_next = arena;
	chariot_table_init(&t);
	start = now();
	for (i = 0; i < regions; i++) {
		u64 gpa = place(layout, i, &size);

		stock(&pool, chariot_table_need(&t, gpa, size));
		chariot_table_add(&t, &pool, gpa, size, CHARIOT_RIGHT_WRITE,
				  CHARIOT_KIND_SLAB);
	}
	filled = now() - start;

	for (i = 0; i < PROBES; i++) {
		probe[i].gpa = place(layout, random_below(&seed, regions),
				     &size) + random_below(&seed, size - 8);
		probe[i].size = 8;
	}
	/* The best of some rounds: the others were disturbed. */
	for (round = 0; round < ROUNDS; round++) {
		start = now();
		for (i = 0, good = 0; i < PROBES; i++)
			good += chariot_decide(&t, CHARIOT_MODE_ENFORCE,
					       &probe[i], NULL) <=
				CHARIOT_VERDICT_EMULATE;
		start = now() - start;
		if (!round || start < looked)
			looked = start;
	}

	printf("%9llu %-22s decide %6.1f ns  add %6.1f ns  %6.1f bytes a region"
	       "  height %u", regions, layout_name[layout], looked / PROBES,
	       filled / regions,
	       (double)t.blocks * CHARIOT_BLOCK_SIZE / regions, t.height);

	start = now();
	for (i = 0; i < regions; i++) {
		u64 gpa = place(layout, i, &size);

		stock(&pool, chariot_table_need(&t, gpa, size));
		chariot_table_remove(&t, &pool, gpa, size);
	}
	removed = now() - start;
	printf("  remove %6.1f ns%s\n", removed / regions,
	       good == PROBES && !t.blocks ? "" : "  WRONG");
	free(probe);
}

int main(void)
{
	static const u64 counts[] = { 1000, 100000, 1000000 };
	unsigned int i, layout;

	arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED)
		return EXIT_FAILURE;
	madvise(arena, ARENA, MADV_HUGEPAGE);
	memset(arena, 0, ARENA);
	for (layout = PACKED; layout <= PAGES; layout++)
		for (i = 0; i < ARRAY_SIZE(counts); i++)
			measure(layout, counts[i]);
	return 0;
}
