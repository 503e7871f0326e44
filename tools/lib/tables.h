/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where addresses stand in a module: in objects of its data, and in the registers
 * with which its code calls imports. User space; the module's file is not trusted.
 */
#ifndef CHARIOT_TABLES_H
#define CHARIOT_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "elf.h"
#include "entries.h"

/* What an address is of; several for what may be either. */
#define TABLE_TO_FUNCTION	1u
#define TABLE_TO_MODULE		2u	/* the module's own struct module */
#define TABLE_TO_STRING		4u
#define TABLE_TO_DATA		8u

/**
 * struct table_address - an address
 * @to: TABLE_TO_...
 * @function: the module's own function that it is of, or NULL; by the first of its
 *	names
 * @names: how many it has
 * @table: number of the table that it is of, or -1
 */
struct table_address {
	unsigned int to;
	const struct entry *function;
	size_t names;
	ptrdiff_t table;
};

/* @offset: in its table */
struct table_place {
	uint64_t offset;
	struct table_address address;
};

/**
 * struct table - an object that holds addresses
 * @name: not cleaned; lies in the image
 * @bytes: @size of them; NULL: zeroes
 * @place: those of its addresses, by offset; inside of struct tables
 */
struct table {
	const char *name;
	uint64_t size;
	const unsigned char *bytes;
	const struct table_place *place;
	size_t places;
};

/* @address is argument @arg of a call of @import. */
struct table_passed {
	const char *import;
	unsigned int arg;
	struct table_address address;
};

struct tables {
	struct entry *entry;
	size_t entries;
	struct table *table;
	size_t count;
	struct table_place *place;
	struct table_passed *passed;
	size_t passed_count, passed_room;
};

/**
 * tables_read - find them by symbols and relocations
 * @tables: result, tables_free() it, also after an error
 *
 * What code passes is read from the instructions before a call, and may be wrong
 * where the code branches.
 *
 * Return: 0, -ENOEXEC for a damaged image, -ENOMEM.
 */
int tables_read(const struct image *image, struct tables *tables);
void tables_free(struct tables *tables);

#endif /* CHARIOT_TABLES_H */
