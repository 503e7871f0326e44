/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a module is handed, worked out from its file and from BTF: the plan that
 * chariot.ko gets before the load. User space; neither is trusted.
 */
#ifndef CHARIOT_PLAN_TYPES_H
#define CHARIOT_PLAN_TYPES_H

#include "elf.h"
#include "plan_block.h"
#include "types.h"

/*
 * How far pointers are followed: the members of the types that are handed over,
 * and those of the types that these point to.
 */
#define PLAN_TYPES_DEPTH	2

/**
 * plan_types_add_module - add what is known of a module's types to its kernel's
 * @image: the module
 * @kernel: file of the kernel's BTF; beside it lies that of modules in use
 *
 * Return: 0, -ENODATA if the module has no BTF and no debug information, -EINVAL if it is damaged or of
 * another kernel, -ENOMEM. Only -ENOMEM leaves nothing to make a plan from.
 */
int plan_types_add_module(struct types *types, const struct image *image,
			  const char *kernel);

/**
 * plan_types_make - work out the plan of a module
 * @types: of the kernel, with the module's added; NULL: nothing is known
 * @block: result; plan_block_free() it, also after an error
 *
 * What the limits of a plan leave no room for is left out, the deepest first,
 * and is counted in @block.
 *
 * Return: 0, -ENOEXEC for a damaged image, -ENOMEM.
 */
int plan_types_make(const struct image *image, const struct types *types,
		    struct plan_block *block);

#endif /* CHARIOT_PLAN_TYPES_H */
