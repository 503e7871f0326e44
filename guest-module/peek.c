// SPDX-License-Identifier: GPL-2.0
/*
 * Reads kernel memory that may be anything, without faulting.
 * Runs in the guest kernel, in any context.
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "chariot.h"

bool chariot_peek_bytes(void *dst, const void *src, size_t size)
{
	return !copy_from_kernel_nofault(dst, src, size);
}

unsigned long chariot_peek(const void *src)
{
	unsigned long value;

	return chariot_peek_bytes(&value, src, sizeof(value)) ? value : 0;
}

bool chariot_kernel_pointer(unsigned long va)
{
	return va >= PAGE_OFFSET && !IS_ERR_VALUE(va);
}

bool chariot_peek_text(char *dst, size_t room, unsigned long src)
{
	size_t i;

	if (!chariot_kernel_pointer(src))
		return false;
	for (i = 0; i < room - 1; i++) {
		if (!chariot_peek_bytes(&dst[i], (void *)(src + i), 1))
			return false;
		if (!dst[i])
			return i > 0;
		if (!isascii(dst[i]) || !isprint(dst[i]))
			return false;
	}
	dst[i] = 0;
	return true;
}
