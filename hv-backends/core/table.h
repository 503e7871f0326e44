/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The access control table of one domain: gfn -> rights, to the byte.
 * Portable core; the caller locks, and supplies memory through a pool.
 */
#ifndef CHARIOT_CORE_TABLE_H
#define CHARIOT_CORE_TABLE_H

#include "env.h"

/*
 * A radix tree over the gfn. A leaf slot is empty, holds the rights and kind
 * of a whole page in line, or points to a page's list of byte ranges, which is
 * as long as need be. All memory is blocks of CHARIOT_BLOCK_SIZE bytes from the
 * pool, so that a caller can stock up before it takes locks.
 */
#define CHARIOT_BLOCK_SIZE	512u
#define CHARIOT_GFN_BITS	40	/* 52-bit physical addresses */

/*
 * How many of them a guest may hold for each page right that it may hold: a node and a
 * list of byte ranges. The number of pages alone is no limit, as a list may be as long
 * as its page. Taking rights away can need blocks, too, and gets as many again, so that
 * it does not fail where giving them did not.
 */
#define CHARIOT_BLOCKS_PER_PAGE	2u

struct chariot_block;

/**
 * struct chariot_pool - stock of blocks for tables
 * @free: list of free blocks
 * @count: how many
 */
struct chariot_pool {
	struct chariot_block *free;
	u32 count;
};

/* Give the pool a block of CHARIOT_BLOCK_SIZE bytes, 8-byte aligned. */
void chariot_pool_put(struct chariot_pool *pool, void *block);
/* Take a block back (to free it), or NULL. */
void *chariot_pool_take(struct chariot_pool *pool);

struct chariot_table {
	void *root;
	u32 height;
	u64 pages;		/* page rights held (whole or partial) */
	u64 blocks;		/* blocks in use */
};

enum chariot_page_class {
	CHARIOT_PAGE_NONE,	/* no right in this page */
	CHARIOT_PAGE_WHOLE,	/* @rights for all its bytes */
	CHARIOT_PAGE_PARTIAL,	/* bytes differ in their rights */
};

struct chariot_page {
	enum chariot_page_class class;
	u8 rights;		/* that all its bytes have, if PARTIAL too */
	u16 kind;		/* of a whole page */
};

struct chariot_range {
	u64 gpa;
	u64 size;
	u16 kind;
	u8 rights;
};

void chariot_table_init(struct chariot_table *t);
/* Return all blocks to @pool; the table is empty afterwards. */
void chariot_table_clear(struct chariot_table *t, struct chariot_pool *pool);
/*
 * Blocks that chariot_table_add() or _remove() of this range can need at most;
 * the caller stocks the pool with as many first.
 */
u32 chariot_table_need(const struct chariot_table *t, u64 gpa, u64 size);
/* The same for _remove() alone, of which only the pages at both ends can need any. */
u64 chariot_table_remove_need(const struct chariot_table *t, u64 gpa, u64 size);
/*
 * 0, -EINVAL, -ENOMEM (pool too small; table unchanged). Union with what is
 * there; where they overlap, the new kind wins.
 */
int chariot_table_add(struct chariot_table *t, struct chariot_pool *pool,
		      u64 gpa, u64 size, u8 rights, u16 kind);
/* 0, -EINVAL, -ENOMEM as above. Nothing there is no error. */
int chariot_table_remove(struct chariot_table *t, struct chariot_pool *pool,
			 u64 gpa, u64 size);
struct chariot_page chariot_table_page(const struct chariot_table *t, u64 gfn);
/*
 * Is every byte of [gpa, gpa + size) granted @rights? If not, *bad (may be
 * NULL) is the first byte that is not. size 0 is allowed nowhere.
 */
bool chariot_table_allows(const struct chariot_table *t, u64 gpa, u64 size,
			  u8 rights, u64 *bad);
/*
 * The same in more detail: CHARIOT_PAGE_WHOLE if every page touched has @rights
 * in all its bytes, CHARIOT_PAGE_PARTIAL if just the range has, else
 * CHARIOT_PAGE_NONE and *bad. size 0 stands for an unknown size within the page
 * and is never PARTIAL.
 */
enum chariot_page_class chariot_table_check(const struct chariot_table *t,
					    u64 gpa, u64 size, u8 rights,
					    u64 *bad);
/*
 * First range at or after @gpa, adjacent bytes of one kind and rights merged
 * within @max_pages pages; false when there is none. For listings.
 */
bool chariot_table_next(const struct chariot_table *t, u64 gpa, u64 max_pages,
			struct chariot_range *out);
/* Nearest range in @gpa's page, or else in the pages beside it. */
bool chariot_table_nearest(const struct chariot_table *t, u64 gpa,
			   struct chariot_range *out);

#endif /* CHARIOT_CORE_TABLE_H */
