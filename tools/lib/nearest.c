// SPDX-License-Identifier: GPL-2.0-only
/* The name that was probably meant, for messages. Runs in user space. */
#include <string.h>

#include "nearest.h"

#define LENGTH_MAX	64	/* longer names are not compared */

/* Levenshtein's distance, or a larger number once it can't be below @limit. */
static size_t distance(const char *a, size_t a_length, const char *b,
		       size_t b_length, size_t limit)
{
	size_t row[LENGTH_MAX + 1], i, j, before, diagonal, best;

	for (j = 0; j <= b_length; j++)
		row[j] = j;
	for (i = 0; i < a_length; i++) {
		diagonal = row[0];
		best = row[0] = i + 1;
		for (j = 0; j < b_length; j++) {
			before = row[j + 1];
			row[j + 1] = diagonal + (a[i] != b[j]);
			if (before + 1 < row[j + 1])
				row[j + 1] = before + 1;
			if (row[j] + 1 < row[j + 1])
				row[j + 1] = row[j] + 1;
			diagonal = before;
			if (row[j + 1] < best)
				best = row[j + 1];
		}
		if (best >= limit)
			return limit;
	}
	return row[b_length];
}

void nearest_begin(struct nearest *nearest, const char *wanted)
{
	size_t length = strlen(wanted);

	nearest->wanted = wanted;
	nearest->name = NULL;
	/* A third of the letters may be wrong. */
	nearest->distance = length <= LENGTH_MAX ? (length + 1) / 3 + 1 : 0;
}

void nearest_try(struct nearest *nearest, const char *name)
{
	size_t length = strlen(name), wanted = strlen(nearest->wanted), now;

	if (length > LENGTH_MAX || !length ||
	    (length > wanted ? length - wanted : wanted - length) >=
	    nearest->distance)
		return;
	now = distance(nearest->wanted, wanted, name, length,
		       nearest->distance);
	if (now >= nearest->distance)
		return;
	nearest->distance = now;
	nearest->name = name;
}
