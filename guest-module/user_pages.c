// SPDX-License-Identifier: GPL-2.0
/*
 * Wrappers: pages of user memory, and others that an iterator leads to, that a driver
 * gets hold of. It writes to them by their addresses in the direct map, if it has asked
 * for pages to write to. The right ends when the last pin is gone, or, where only a
 * reference is held, which is put without a call, when the page is freed.
 * Runs in the guest kernel, called by drivers, where those may be; trusts the counts
 * of the memory management.
 */
#include <linux/mm.h>
#include <linux/uio.h>

#include "alloc.h"
#include "compat/user_pages.h"
#include "grant_rules.h"

static const char whose[] = "page of a user";

/* Between the last unpinning and the end of the right no new right is given. */
static DEFINE_RAW_SPINLOCK(pins_lock);

/* What is told the backend at once. */
struct lot {
	struct chariot_driver *driver;
	unsigned int n;
	struct chariot_extent e[CHARIOT_EXTENTS];
};

static void lend_lot(struct lot *lot)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&pins_lock, flags);
	chariot_lend_extents(lot->driver, lot->e, lot->n, whose);
	raw_spin_unlock_irqrestore(&pins_lock, flags);
	lot->n = 0;
}

static void lot_add(struct lot *lot, phys_addr_t gpa, size_t size,
		    enum chariot_kind kind)
{
	struct chariot_extent *last = lot->e + lot->n - 1;

	if (lot->n && last->kind == kind && gpa >= last->gpa &&
	    gpa <= last->gpa + last->size) {
		last->size = max_t(size_t, last->size, gpa + size - last->gpa);
		return;
	}
	if (lot->n == CHARIOT_EXTENTS)
		lend_lot(lot);
	lot->e[lot->n++] = (struct chariot_extent){ gpa, size, kind };
}

/*
 * get_page() and put_page() are inline: whoever has a reference writes the struct page.
 * The frame is marked, so that this right ends with the page, too.
 */
static void add_struct(struct lot *lot, struct page *page)
{
	struct page *head = compound_head(page);

	chariot_frames_mark(page_to_phys(head), PAGE_SIZE);
	lot_add(lot, chariot_virt_to_phys(head), sizeof(*head), CHARIOT_KIND_OBJECT);
}

static void lend(struct chariot_driver *d, struct page **pages, long n, bool written,
		 bool referenced)
{
	struct lot lot = { .driver = d };
	long i;

	for (i = 0; i < n && written; i++)
		lot_add(&lot, page_to_phys(pages[i]), PAGE_SIZE, CHARIOT_KIND_BUFFER);
	for (i = 0; i < n && referenced; i++)
		add_struct(&lot, pages[i]);
	if (lot.n)
		lend_lot(&lot);
}

/* Of a call that returned how many pages it has got. */
static unsigned long got(const struct chariot_call *c, unsigned long ret,
			 unsigned long pages, unsigned int flags, bool pinned)
{
	long n = (int)ret;	/* an int's, or so small */

	if (c->driver && n > 0 && pages)
		lend(c->driver, (struct page **)pages, n, flags & FOLL_WRITE, !pinned);
	return ret;
}

/* Of a call that returned how many bytes, the first of them at start in its page. */
static ssize_t got_bytes(const struct chariot_call *c, ssize_t ret,
			 struct page **pages, size_t start, bool written, bool pinned)
{
	if (c->driver && ret > 0)
		lend(c->driver, pages, DIV_ROUND_UP(start + ret, PAGE_SIZE), written,
		     !pinned);
	return ret;
}

/* --- given back ---------------------------------------------------------------- */

/* Each page has a reference of ours. */
static void end_unpinned(struct chariot_driver *d, struct page **pages, unsigned int n)
{
	struct lot lot = { .driver = d };
	unsigned long flags;
	unsigned int i;

	raw_spin_lock_irqsave(&pins_lock, flags);
	for (i = 0; i < n; i++) {
		struct folio *folio = page_folio(pages[i]);

		if (!folio_maybe_dma_pinned(folio))
			lot_add(&lot, PFN_PHYS(folio_pfn(folio)), folio_size(folio),
				CHARIOT_KIND_BUFFER);
	}
	if (lot.n)
		chariot_revoke_extents(d, lot.e, lot.n);
	raw_spin_unlock_irqrestore(&pins_lock, flags);
}

static void unpin(const struct chariot_call *c, struct page **pages, unsigned long n,
		  bool dirty)
{
	unsigned int some, i;

	for (; n; n -= some, pages += some) {
		some = c->driver ? min_t(unsigned long, n, CHARIOT_EXTENTS) : n;
		for (i = 0; i < some && c->driver; i++)
			get_page(pages[i]);
		unpin_user_pages_dirty_lock(pages, some, dirty);
		if (!c->driver)
			continue;
		end_unpinned(c->driver, pages, some);
		for (i = 0; i < some; i++)
			put_page(pages[i]);
	}
}

CHARIOT_WRAPPERS_BEGIN

/* Which arguments are flags and pages; of those with six at most. */
#define CHARIOT_USER_PAGES(function, flags, pages, pinned)		\
CHARIOT_ANY_WRAPPER(chariot_##function,					\
	got(&c, chariot_call_any((unsigned long)function, args),	\
	    args[pages], args[flags], pinned))

CHARIOT_USER_PAGES(get_user_pages, 2, 3, false)
CHARIOT_USER_PAGES(get_user_pages_unlocked, 3, 2, false)
CHARIOT_USER_PAGES(get_user_pages_fast, 2, 3, false)
CHARIOT_USER_PAGES(get_user_pages_fast_only, 2, 3, false)
CHARIOT_USER_PAGES(pin_user_pages, 2, 3, true)
CHARIOT_USER_PAGES(pin_user_pages_unlocked, 3, 2, true)
CHARIOT_USER_PAGES(pin_user_pages_fast, 2, 3, true)

/*
 * Seven arguments: see chariot_wrap_kmem_cache_create_usercopy(). Since Linux 6.5 they
 * are six: what is there is passed on then, and read by nobody.
 */
#define CHARIOT_REMOTE_PAGES(function, pinned)				\
CHARIOT_WRAPPER long chariot_##function(				\
	unsigned long mm, unsigned long start, unsigned long n,		\
	unsigned long flags, unsigned long pages, unsigned long sixth,	\
	unsigned long to_entry, unsigned long seventh)			\
{									\
	struct chariot_call c = chariot_caller();			\
	long (*fn)(unsigned long mm, unsigned long start,		\
		   unsigned long n, unsigned long flags,		\
		   unsigned long pages, unsigned long sixth,		\
		   unsigned long seventh) = (void *)function;		\
									\
	return got(&c, fn(mm, start, n, flags, pages, sixth, seventh),	\
		   pages, flags, pinned);				\
}

CHARIOT_REMOTE_PAGES(get_user_pages_remote, false)
CHARIOT_REMOTE_PAGES(pin_user_pages_remote, true)

CHARIOT_WRAPPER ssize_t
chariot_iov_iter_get_pages2(struct iov_iter *i, struct page **pages, size_t max,
			    unsigned int max_pages, size_t *start)
{
	struct chariot_call c = chariot_caller();
	bool written = iov_iter_rw(i) == READ;
	ssize_t ret = iov_iter_get_pages2(i, pages, max, max_pages, start);

	return got_bytes(&c, ret, pages, *start, written, false);
}

CHARIOT_WRAPPER ssize_t
chariot_iov_iter_get_pages_alloc2(struct iov_iter *i, struct page ***pages, size_t max,
				  size_t *start)
{
	struct chariot_call c = chariot_caller();
	bool written = iov_iter_rw(i) == READ;
	ssize_t ret = iov_iter_get_pages_alloc2(i, pages, max, start);

	return got_bytes(&c, ret, *pages, *start, written, false);
}

CHARIOT_WRAPPER ssize_t
chariot_iov_iter_extract_pages(struct iov_iter *i, struct page ***pages, size_t max,
			       unsigned int max_pages, unsigned int flags, size_t *start)
{
	struct chariot_call c = chariot_caller();
	/* Others are not pinned, and are whose they were. */
	bool written = iov_iter_rw(i) == READ && user_backed_iter(i);
	ssize_t ret = chariot_extract_pages(i, pages, max, max_pages, flags, start);

	return got_bytes(&c, ret, *pages, *start, written, true);
}

CHARIOT_WRAPPER void chariot_unpin_user_page(struct page *page)
{
	struct chariot_call c = chariot_caller();

	unpin(&c, &page, 1, false);
}

CHARIOT_WRAPPER void chariot_unpin_user_pages(struct page **pages, unsigned long n)
{
	struct chariot_call c = chariot_caller();

	unpin(&c, pages, n, false);
}

CHARIOT_WRAPPER void
chariot_unpin_user_pages_dirty_lock(struct page **pages, unsigned long n, bool dirty)
{
	struct chariot_call c = chariot_caller();

	unpin(&c, pages, n, dirty);
}

CHARIOT_WRAPPER void
chariot_unpin_user_page_range_dirty_lock(struct page *page, unsigned long n, bool dirty)
{
	struct chariot_call c = chariot_caller();
	struct page *one;

	for (; n; n--) {
		one = page++;
		unpin(&c, &one, 1, dirty);
	}
}

CHARIOT_WRAPPERS_END
