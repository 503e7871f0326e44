/* SPDX-License-Identifier: GPL-2.0-only */
/* Arrays that grow. User space. */
#ifndef CHARIOT_ARRAY_H
#define CHARIOT_ARRAY_H

#include <stdlib.h>

#define ARRAY_FIRST	16u

/**
 * array_room - room for one more in an array
 * @array: for free(3), or NULL for none
 * @count: how many are in it
 * @room: how many have room; changed with it
 * @size: of one
 *
 * Return: the array, or NULL without memory: then @array is as it was.
 */
static inline void *array_room(void *array, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room ? 2 * *room : ARRAY_FIRST;
	void *more;

	if (count < *room)
		return array;
	more = reallocarray(array, wanted, size);
	if (more)
		*room = wanted;
	return more;
}

#endif /* CHARIOT_ARRAY_H */
