// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes text from files and kernel records safe to show: terminated, and
 * printable ASCII only, so that no record can steer a terminal or break JSON.
 * Runs in user space; trusts nothing it is given but the buffer's size.
 */
#include <stdio.h>
#include <string.h>

#include "printable.h"

static char harmless(char c)
{
	return c >= 0x20 && c <= 0x7e ? c : '?';
}

void printable_clean(char *text, size_t room)
{
	size_t i, length = strnlen(text, room - 1);

	text[length] = '\0';
	for (i = 0; i < length; i++)
		text[i] = harmless(text[i]);
}

void printable_copy(char *to, size_t room, const char *from)
{
	size_t i;

	for (i = 0; from && from[i] && i + 1 < room; i++)
		to[i] = harmless(from[i]);
	to[i] = '\0';
}

void printable_hex(char *to, size_t room, const uint8_t *bytes, size_t count)
{
	size_t i, used = 0;

	to[0] = '\0';
	for (i = 0; i < count && used + 4 <= room; i++)
		used += snprintf(to + used, room - used, i ? " %02x" : "%02x",
				 bytes[i]);
}
