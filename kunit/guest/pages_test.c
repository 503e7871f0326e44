// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of user memory that the driver gets hold of: it may write to those that it asked
 * to write to, and its right ends with the last pin, or with the page.
 */
#include <linux/mman.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "alloc.h"
#include "chariot.h"
#include "world.h"

#define PAGES		3
/* So many more that lists of pages to be sorted later hold none of those. */
#define PAGES_MAPPED	64

static struct world_driver world;
static unsigned long memory;

static int pages_init(struct kunit *test)
{
	int ret = world_init(test);

	memory = 0;
	if (!ret)
		world = world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_PAGE);
	return ret;
}

static void map(struct kunit *test)
{
	bool other = world_use_memory();
	int i;

	memory = vm_mmap(NULL, 0, PAGES_MAPPED * PAGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(memory));
	for (i = 0; i < PAGES_MAPPED; i++)
		KUNIT_EXPECT_EQ(test, put_user(i, (int __user *)(memory + i * PAGE_SIZE)), 0);
	world_leave_memory(other);
}

static void unmap(void)
{
	bool other = world_use_memory();

	if (memory && !IS_ERR_VALUE(memory))
		vm_munmap(memory, PAGES_MAPPED * PAGE_SIZE);
	memory = 0;
	world_leave_memory(other);
}

static void pages_exit(struct kunit *test)
{
	unmap();
	world_exit(test);
}

static void get(struct kunit *test, const struct kunit_user_pages *way, bool write,
		struct page **pages)
{
	bool other = world_use_memory();

	KUNIT_ASSERT_EQ_MSG(test, way->get(memory, PAGES, write, pages), PAGES, "%s", way->name);
	world_leave_memory(other);
}

/* How many of them it may write to. */
static int writable(struct page **pages)
{
	int i, n = 0;
	unsigned long bad;

	for (i = 0; i < PAGES; i++)
		n += chariot_can_write(world.chariot, page_address(pages[i]), PAGE_SIZE, &bad);
	return n;
}

/* ... and of how many it may count the references. */
static int countable(struct page **pages)
{
	int i, n = 0;
	unsigned long bad;

	for (i = 0; i < PAGES; i++)
		n += chariot_can_write(world.chariot, &pages[i]->_refcount, sizeof(atomic_t),
				       &bad);
	return n;
}

/* They are no one's then. */
static void expect_gone(struct kunit *test, const struct kunit_user_pages *way,
			struct page **pages)
{
	unmap();
	KUNIT_EXPECT_EQ_MSG(test, writable(pages), 0, "%s", way->name);
	KUNIT_EXPECT_EQ_MSG(test, countable(pages), 0, "%s", way->name);
	world_expect_agreed(test, world.chariot);
}

static void try_write(struct kunit *test, const struct kunit_user_pages *way)
{
	struct page *pages[PAGES], *again[PAGES];

	map(test);
	get(test, way, true, pages);
	KUNIT_EXPECT_EQ_MSG(test, writable(pages), PAGES, "%s", way->name);
	KUNIT_EXPECT_EQ_MSG(test, countable(pages), way->pins ? 0 : PAGES, "%s", way->name);
	get(test, way, true, again);
	way->put(pages, PAGES);
	/* The others are still held. */
	KUNIT_EXPECT_EQ_MSG(test, writable(again), PAGES, "%s", way->name);
	way->put(again, PAGES);
	if (way->pins)
		KUNIT_EXPECT_EQ_MSG(test, writable(pages), 0, "%s", way->name);
	world_expect_agreed(test, world.chariot);
	expect_gone(test, way, pages);
}

static void try_read(struct kunit *test, const struct kunit_user_pages *way)
{
	struct page *pages[PAGES];

	map(test);
	get(test, way, false, pages);
	KUNIT_EXPECT_EQ_MSG(test, writable(pages), 0, "%s", way->name);
	KUNIT_EXPECT_EQ_MSG(test, countable(pages), way->pins ? 0 : PAGES, "%s", way->name);
	way->put(pages, PAGES);
	expect_gone(test, way, pages);
}

static void test_write(struct kunit *test)
{
	size_t i;

	for (i = 0; i < world.calls->nr_user_pages; i++)
		try_write(test, &world.calls->user_pages[i]);
	KUNIT_EXPECT_EQ(test, 0ll, (long long)atomic64_read(&world.chariot->violations));
}

static void test_read(struct kunit *test)
{
	size_t i;

	for (i = 0; i < world.calls->nr_user_pages; i++)
		try_read(test, &world.calls->user_pages[i]);
}

/* None of it is the driver's without being asked for. */
static void test_refused(struct kunit *test)
{
	const struct kunit_user_pages *way = world.calls->user_pages;
	struct page *pages[PAGES];
	bool other;

	map(test);
	other = world_use_memory();
	KUNIT_EXPECT_LE(test, way->get(0, PAGES, true, pages), 0);
	KUNIT_EXPECT_EQ(test, get_user_pages_fast(memory, PAGES, FOLL_WRITE, pages), PAGES);
	world_leave_memory(other);
	KUNIT_EXPECT_EQ(test, writable(pages), 0);
	KUNIT_EXPECT_EQ(test, countable(pages), 0);
	release_pages(pages, PAGES);
}

static struct kunit_case pages_cases[] = {
	KUNIT_CASE(test_write),
	KUNIT_CASE(test_read),
	KUNIT_CASE(test_refused),
	{ }
};

struct kunit_suite guest_pages_suite = {
	.name = "chariot_guest_pages",
	.init = pages_init,
	.exit = pages_exit,
	.test_cases = pages_cases,
};
