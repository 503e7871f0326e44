/* SPDX-License-Identifier: GPL-2.0-only */
/* Source lines of a module's code. User space. */
#ifndef CHARIOT_SYMBOLIZE_H
#define CHARIOT_SYMBOLIZE_H

#include <stdbool.h>
#include <stddef.h>

struct symbolizer;

/**
 * symbolizer_open - prepare to look up lines of a module
 * @path: its .ko file, with debug information in it or where distributions
 *	keep it (/usr/lib/debug, by build id or debug link)
 *
 * Return: handle, or NULL with *@why a constant string.
 */
struct symbolizer *symbolizer_open(const char *path, const char **why);
void symbolizer_close(struct symbolizer *symbolizer);

/**
 * symbolizer_line - source of a place in the module
 * @place: "function+0xoff/0xsize", with or without " [module]"
 * @after_call: the place is a return address: name the line of the call
 * @text: result, "file.c:123", printable
 * @room: its size
 *
 * Return: false if it isn't known; @text is empty then.
 */
bool symbolizer_line(struct symbolizer *symbolizer, const char *place,
		     bool after_call, char *text, size_t room);

/**
 * place_parse - take "function+0xoff/0xsize [module]" apart
 * @name: result, with @name_room
 * @module: result with @module_room, "" if the place names none
 *
 * Return: false for what has another form.
 */
bool place_parse(const char *place, char *name, size_t name_room,
		 unsigned long *offset, unsigned long *size, char *module,
		 size_t module_room);

#endif /* CHARIOT_SYMBOLIZE_H */
