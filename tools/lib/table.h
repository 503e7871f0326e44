/* SPDX-License-Identifier: GPL-2.0-only */
/* Text in columns on standard output. User space. */
#ifndef CHARIOT_TABLE_H
#define CHARIOT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS	16

struct table {
	size_t columns, rows;
	bool right[TABLE_COLUMNS];	/* numbers */
	char **cells;
	bool failed;			/* a row is missing: no memory */
};

/**
 * table_init - begin a table with its head
 * @heads: NULL terminated, at most TABLE_COLUMNS; one that begins with '>' is
 *	aligned to the right (and shown without it)
 */
void table_init(struct table *table, const char *const *heads);
/* As many strings as there are columns. */
void table_row(struct table *table, ...);
/* Return: 0, or -ENOMEM if a row was lost. */
int table_print(const struct table *table, FILE *out, const char *indent);
void table_free(struct table *table);

#endif /* CHARIOT_TABLE_H */
