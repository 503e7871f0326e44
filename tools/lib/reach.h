/* SPDX-License-Identifier: GPL-2.0-only */
/* Which types a module deals with: those that what it imports leads to. User space. */
#ifndef CHARIOT_REACH_H
#define CHARIOT_REACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf.h"
#include "types.h"

/* From the arguments of an import, by so many pointers. */
#define REACH_HOPS	2u

/* A type, and how many pointers it is away from an import. */
struct reached {
	struct type_object object;
	unsigned int hops;
};

/**
 * reach_types - all types that a module deals with, the nearest first
 * @types: of the kernel, and of the modules that this one needs
 * @reached: result, for free(3)
 * @count: result
 *
 * Return: 0, -ENOEXEC for a damaged image, -ENOMEM.
 */
int reach_types(const struct image *image, const struct types *types,
		struct reached **reached, size_t *count);

/**
 * reach_words - call @each for all pointers in a type, also in structures in it, and
 * for numbers of their size
 * @id: in @btf
 *
 * @each is told its type, its offset, and whether it is alone there: in no union. What
 * is too large or nested too deeply is left out.
 */
void reach_words(const struct btf *btf, uint32_t id,
		 void (*each)(uint32_t type, uint64_t offset, bool alone, void *data),
		 void *data);

#endif /* CHARIOT_REACH_H */
