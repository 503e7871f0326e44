/* SPDX-License-Identifier: GPL-2.0-only */
/* A violation as a block of text, or as JSON. User space. */
#ifndef CHARIOT_REPORT_H
#define CHARIOT_REPORT_H

#include <stdio.h>

#include "uapi/chariot_dev.h"

struct json_object;
struct symbolizer;

/**
 * report_print - one violation for people
 * @violation: from violation_parse()
 * @lines: source lines of the driver, or NULL
 */
void report_print(const struct chariot_violation *violation,
		  struct symbolizer *lines, FILE *out);

/* The same for programs. Return: a new object, or NULL without memory. */
struct json_object *report_json(const struct chariot_violation *violation,
				struct symbolizer *lines);

#endif /* CHARIOT_REPORT_H */
