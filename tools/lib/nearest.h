/* SPDX-License-Identifier: GPL-2.0-only */
/* The name that was probably meant, for messages. User space. */
#ifndef CHARIOT_NEAREST_H
#define CHARIOT_NEAREST_H

#include <stddef.h>

/**
 * struct nearest - the best of the names tried
 * @wanted: what was written
 * @name: the best so far, or NULL
 * @distance: letters to change, add or drop
 */
struct nearest {
	const char *wanted;
	const char *name;
	size_t distance;
};

void nearest_begin(struct nearest *nearest, const char *wanted);
/* @name must stay as long as the result is used. */
void nearest_try(struct nearest *nearest, const char *name);

#endif /* CHARIOT_NEAREST_H */
