/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a module without types of its own is handed, as far as it can be seen from
 * the shape of its data: a table of functions that it gives to the kernel looks
 * like one of the kernel's types. User space; the module's file is not trusted.
 */
#ifndef CHARIOT_SHAPES_H
#define CHARIOT_SHAPES_H

#include "elf.h"
#include "types.h"

/**
 * shapes_lend - tell the prototypes of the functions in a module's tables
 * @types: of the kernel, and of the modules that this one needs
 *
 * A table is taken for what it fits, of the types that the module's imports deal
 * with; if it fits several, for what they agree on.
 *
 * Return: 0, -ENOEXEC for a damaged image, -ENOMEM.
 */
int shapes_lend(const struct image *image, struct types *types);

#endif /* CHARIOT_SHAPES_H */
