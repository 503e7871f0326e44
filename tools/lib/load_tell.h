/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What chariot.ko is told around a load: where the kernel keeps things, and what
 * the module is handed. None of it can make a load fail. User space.
 */
#ifndef CHARIOT_LOAD_TELL_H
#define CHARIOT_LOAD_TELL_H

#include <stdbool.h>
#include <stddef.h>

struct image;
struct types;

/**
 * load_tell_layout - for the names in reports
 * @types: of the kernel, or NULL: there are none
 * @verbose: say what goes wrong
 */
void load_tell_layout(int device, const struct types *types, bool verbose);

/**
 * load_make_plan - work out what a module is handed
 * @name: of the module
 * @types: of the kernel, or NULL; as before when this returns
 * @verbose: say why there is no plan, or what is missing in it
 * @size: result
 *
 * To be called when what the module needs is loaded, since that tells its types
 * then; and before the module is armed, to keep that short.
 *
 * Return: the plan, for free(3), or NULL.
 */
void *load_make_plan(const char *name, const struct image *image,
		     struct types *types, bool verbose, size_t *size);

/* Give it to chariot.ko, which is armed; NULL is no plan. */
void load_tell_plan(int device, const char *name, const void *plan,
		    size_t size, bool verbose);

#endif /* CHARIOT_LOAD_TELL_H */
