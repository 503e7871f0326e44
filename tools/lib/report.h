/* SPDX-License-Identifier: GPL-2.0-only */
/* A violation as a block of text, or as JSON. User space. */
#ifndef CHARIOT_REPORT_H
#define CHARIOT_REPORT_H

#include <stdio.h>

#include "uapi/chariot_dev.h"

struct json_object;
struct symbolizer;
struct types;

/**
 * report_print - one violation for people
 * @violation: from violation_parse()
 * @lines: source lines of the driver, or NULL
 * @types: of the kernel and the driver, or NULL
 */
void report_print(const struct chariot_violation *violation,
		  struct symbolizer *lines, const struct types *types,
		  FILE *out);

/* The same for programs. Return: a new object, or NULL without memory. */
struct json_object *report_json(const struct chariot_violation *violation,
				struct symbolizer *lines,
				const struct types *types);

/* Who wrote: "writer+0x12/0x40" is "writer". */
void report_function(const struct chariot_violation *violation, char *text,
		     size_t room);
/* What was hit: "slab object kmalloc-64 +0x10". */
void report_victim(const struct chariot_violation *violation, char *text,
		   size_t room);

#endif /* CHARIOT_REPORT_H */
