// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text in columns: rows are kept until the widths are known.
 * Runs in user space; cells must be printable already.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

static char **new_row(struct table *table)
{
	size_t cells = table->columns * (table->rows + 1);
	char **grown = reallocarray(table->cells, cells, sizeof(*grown));

	if (!grown) {
		table->failed = true;
		return NULL;
	}
	table->cells = grown;
	grown += table->columns * table->rows++;
	memset(grown, 0, table->columns * sizeof(*grown));
	return grown;
}

static void set_cell(struct table *table, char **row, size_t column,
		     const char *text)
{
	row[column] = strdup(text);
	if (!row[column])
		table->failed = true;
}

void table_init(struct table *table, const char *const *heads)
{
	char **row;
	size_t i;

	memset(table, 0, sizeof(*table));
	while (table->columns < TABLE_COLUMNS && heads[table->columns])
		table->columns++;
	row = new_row(table);
	for (i = 0; row && i < table->columns; i++) {
		table->right[i] = heads[i][0] == '>';
		set_cell(table, row, i, heads[i] + table->right[i]);
	}
}

void table_row(struct table *table, ...)
{
	char **row = new_row(table);
	va_list args;
	size_t i;

	va_start(args, table);
	for (i = 0; row && i < table->columns; i++)
		set_cell(table, row, i, va_arg(args, const char *));
	va_end(args);
}

static const char *cell(const struct table *table, size_t row, size_t column)
{
	const char *text = table->cells[row * table->columns + column];

	return text ? text : "";
}

int table_print(const struct table *table, FILE *out, const char *indent)
{
	int widths[TABLE_COLUMNS] = { 0 };
	size_t row, column;

	for (row = 0; row < table->rows; row++) {
		for (column = 0; column < table->columns; column++) {
			int width = strlen(cell(table, row, column));

			if (width > widths[column])
				widths[column] = width;
		}
	}
	for (row = 0; row < table->rows; row++) {
		fputs(indent, out);
		for (column = 0; column < table->columns; column++) {
			const char *text = cell(table, row, column);
			bool last = column + 1 == table->columns;

			if (table->right[column])
				fprintf(out, "%*s", widths[column], text);
			else if (last)
				fputs(text, out);
			else
				fprintf(out, "%-*s", widths[column], text);
			fputs(last ? "\n" : "  ", out);
		}
	}
	return table->failed ? -ENOMEM : 0;
}

void table_free(struct table *table)
{
	size_t i;

	for (i = 0; i < table->rows * table->columns; i++)
		free(table->cells[i]);
	free(table->cells);
	memset(table, 0, sizeof(*table));
}
