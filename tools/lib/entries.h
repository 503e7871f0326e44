/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions of a module that others can call: those whose address stands
 * somewhere in the module. User space; the module's file is not trusted.
 */
#ifndef CHARIOT_ENTRIES_H
#define CHARIOT_ENTRIES_H

#include <stddef.h>
#include <stdint.h>

#include "elf.h"

/**
 * struct entry - a name of such a function
 * @name: its symbol; lies in the image
 * @section: number of its section
 * @offset: byte in the section
 */
struct entry {
	const char *name;
	uint32_t section;
	uint64_t offset;
};

/**
 * entries_find - by relocations, in what is loaded and is no table of places
 * @entries: result, by section and offset; a function of several names (as
 *	init_module) comes once for each. For free(3).
 * @count: result
 *
 * Return: 0, -ENOEXEC for a damaged image, -ENOMEM.
 */
int entries_find(const struct image *image, struct entry **entries,
		 size_t *count);

#endif /* CHARIOT_ENTRIES_H */
