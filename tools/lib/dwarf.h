/* SPDX-License-Identifier: GPL-2.0-only */
/* A module's debug information, for modules without BTF. User space. */
#ifndef CHARIOT_DWARF_H
#define CHARIOT_DWARF_H

#include <stddef.h>

struct image;
struct types;

/**
 * dwarf_to_btf - the prototypes of a module's functions as BTF
 * @types: of the kernel: structures that it knows are only named
 * @btf: result, for free(3); NULL after an error
 * @size: result
 *
 * Return: 0, -ENODATA without debug information, -EINVAL if it is damaged,
 * -ENOMEM.
 */
int dwarf_to_btf(const struct image *image, const struct types *types,
		 void **btf, size_t *size);

#endif /* CHARIOT_DWARF_H */
