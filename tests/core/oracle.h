/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What a table should say, kept as one cell for each byte of a few windows of
 * pages: slow, and too plain to be wrong. Used by test_table.c and the fuzzer.
 */
#ifndef CHARIOT_TESTS_ORACLE_H
#define CHARIOT_TESTS_ORACLE_H

#include "table.h"

#define ORACLE_WINDOWS	4
#define ORACLE_PAGES	3	/* in each window */

struct oracle_cell {
	u16 kind;
	u8 rights;
};

struct oracle_page {
	u64 gfn;
	struct oracle_cell cell[CHARIOT_PAGE_SIZE];
};

struct oracle {
	struct oracle_page page[ORACLE_WINDOWS * ORACLE_PAGES];
};

/* @first: gfn of each window, ascending, windows apart from each other. */
void oracle_init(struct oracle *o, const u64 first[ORACLE_WINDOWS]);
void oracle_add(struct oracle *o, u64 gpa, u64 size, u8 rights, u16 kind);
void oracle_remove(struct oracle *o, u64 gpa, u64 size);

/*
 * Compare everything the table can be asked about the windows, and its
 * counters. Returns NULL, or what is wrong.
 */
const char *oracle_compare(const struct oracle *o,
			   const struct chariot_table *t);
/* Compare the answers for one range, and what is nearest to its start. */
const char *oracle_compare_range(const struct oracle *o,
				 const struct chariot_table *t, u64 gpa,
				 u64 size, u8 rights);

#endif /* CHARIOT_TESTS_ORACLE_H */
