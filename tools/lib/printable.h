/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes text from files and kernel records safe to show. Runs in user space. */
#ifndef CHARIOT_PRINTABLE_H
#define CHARIOT_PRINTABLE_H

#include <stddef.h>
#include <stdint.h>

/**
 * printable_clean - end a string inside its buffer and replace what a terminal
 * or a JSON parser could stumble over by '?'
 * @text: buffer, not necessarily terminated; changed in place
 * @room: its size in bytes, at least 1
 */
void printable_clean(char *text, size_t room);

/**
 * printable_copy - the same into another buffer, cut to its size
 * @to: result, always terminated
 * @room: its size, at least 1
 * @from: string; NULL counts as empty
 */
void printable_copy(char *to, size_t room, const char *from);

/**
 * printable_hex - bytes as "de ad be ef"
 * @to: result, always terminated; 3 * @count bytes suffice (and at least 1)
 */
void printable_hex(char *to, size_t room, const uint8_t *bytes, size_t count);

#endif /* CHARIOT_PRINTABLE_H */
