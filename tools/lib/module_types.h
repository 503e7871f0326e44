/* SPDX-License-Identifier: GPL-2.0-only */
/* The types of a kernel and of one module of it, found by name. User space. */
#ifndef CHARIOT_MODULE_TYPES_H
#define CHARIOT_MODULE_TYPES_H

#include "types.h"

/**
 * module_types_add - replace the modules in @types by this one and what it needs
 * @types: of the kernel
 * @kernel: file of the kernel's BTF; NULL: this kernel
 * @module: the module's name; NULL or "": only @file says
 * @file: its file; NULL: where modprobe looks, else /sys/kernel/btf, if it is of
 *	this kernel
 *
 * Return: 0, or -errno if nothing is known of the module's own types.
 */
int module_types_add(struct types *types, const char *kernel,
		     const char *module, const char *file);

#endif /* CHARIOT_MODULE_TYPES_H */
