// SPDX-License-Identifier: GPL-2.0
/* Ways in which the driver under test gets hold of pages of user memory. */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/uio.h>

#include "compat/driver.h"
#include "driver_parts.h"

static unsigned int wanted(bool write)
{
	return write ? FOLL_WRITE : 0;
}

/* Some are called under the lock of the memory. */
static long unlock(long ret)
{
	mmap_read_unlock(current->mm);
	return ret;
}

static long get(unsigned long va, int n, bool write, struct page **pages)
{
	mmap_read_lock(current->mm);
	return unlock(kunit_get_user_pages(va, n, wanted(write), pages));
}

static long get_remote(unsigned long va, int n, bool write, struct page **pages)
{
	mmap_read_lock(current->mm);
	return unlock(kunit_get_user_pages_remote(current->mm, va, n, wanted(write),
						   pages));
}

static long pin(unsigned long va, int n, bool write, struct page **pages)
{
	mmap_read_lock(current->mm);
	return unlock(kunit_pin_user_pages(va, n, wanted(write), pages));
}

static long pin_remote(unsigned long va, int n, bool write, struct page **pages)
{
	mmap_read_lock(current->mm);
	return unlock(kunit_pin_user_pages_remote(current->mm, va, n, wanted(write),
						   pages));
}

static long get_unlocked(unsigned long va, int n, bool write, struct page **pages)
{
	return get_user_pages_unlocked(va, n, pages, wanted(write));
}

static long get_fast(unsigned long va, int n, bool write, struct page **pages)
{
	return get_user_pages_fast(va, n, wanted(write), pages);
}

static long get_fast_only(unsigned long va, int n, bool write, struct page **pages)
{
	return get_user_pages_fast_only(va, n, wanted(write), pages);
}

static long pin_unlocked(unsigned long va, int n, bool write, struct page **pages)
{
	return pin_user_pages_unlocked(va, n, pages, wanted(write));
}

static long pin_fast(unsigned long va, int n, bool write, struct page **pages)
{
	return pin_user_pages_fast(va, n, wanted(write), pages);
}

/* What is written to is what is read into. */
static struct iov_iter over(unsigned long va, int n, bool write)
{
	struct iov_iter iter;

	iov_iter_ubuf(&iter, write ? READ : WRITE, (void __user *)va + 8,
		      n * PAGE_SIZE - 8);
	return iter;
}

static long count(ssize_t bytes, size_t start)
{
	return bytes < 0 ? bytes : DIV_ROUND_UP(start + bytes, PAGE_SIZE);
}

static long iter_get(unsigned long va, int n, bool write, struct page **pages)
{
	struct iov_iter iter = over(va, n, write);
	size_t start = 0;
	ssize_t ret = iov_iter_get_pages2(&iter, pages, LONG_MAX, n, &start);

	return count(ret, start);
}

static long iter_get_new(unsigned long va, int n, bool write, struct page **pages)
{
	struct iov_iter iter = over(va, n, write);
	struct page **new = NULL;
	size_t start = 0;
	ssize_t ret = iov_iter_get_pages_alloc2(&iter, &new, n * PAGE_SIZE, &start);

	if (ret > 0)
		memcpy(pages, new, count(ret, start) * sizeof(*pages));
	kvfree(new);
	return count(ret, start);
}

#if KUNIT_EXTRACTS
static long iter_extract(unsigned long va, int n, bool write, struct page **pages)
{
	struct iov_iter iter = over(va, n, write);
	size_t start = 0;
	ssize_t ret = iov_iter_extract_pages(&iter, &pages, LONG_MAX, n, 0, &start);

	return count(ret, start);
}
#endif

static void put(struct page **pages, int n)
{
	while (n--)
		put_page(pages[n]);
}

static void unpin(struct page **pages, int n)
{
	unpin_user_pages(pages, n);
}

static void unpin_dirty(struct page **pages, int n)
{
	unpin_user_pages_dirty_lock(pages, n, true);
}

static void unpin_each(struct page **pages, int n)
{
	while (n--)
		unpin_user_page(pages[n]);
}

static void unpin_range(struct page **pages, int n)
{
	while (n--)
		unpin_user_page_range_dirty_lock(pages[n], 1, true);
}

const struct kunit_user_pages driver_user_pages[] = {
	{ "get_user_pages", get, put },
	{ "get_user_pages_remote", get_remote, put },
	{ "get_user_pages_unlocked", get_unlocked, put },
	{ "get_user_pages_fast", get_fast, put },
	{ "get_user_pages_fast_only", get_fast_only, put },
	{ "iov_iter_get_pages2", iter_get, put },
	{ "iov_iter_get_pages_alloc2", iter_get_new, put },
	{ "pin_user_pages", pin, unpin, .pins = true },
	{ "pin_user_pages_remote", pin_remote, unpin_dirty, .pins = true },
	{ "pin_user_pages_unlocked", pin_unlocked, unpin_each, .pins = true },
	{ "pin_user_pages_fast", pin_fast, unpin_range, .pins = true },
#if KUNIT_EXTRACTS
	{ "iov_iter_extract_pages", iter_extract, unpin, .pins = true },
#endif
};

const size_t driver_nr_user_pages = ARRAY_SIZE(driver_user_pages);
