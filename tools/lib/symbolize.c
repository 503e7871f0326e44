// SPDX-License-Identifier: GPL-2.0-only
/*
 * Source lines of a module's code, by libdwfl from its debug information.
 * Runs in user space; neither the file nor the place's text is trusted.
 */
#include <ctype.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "printable.h"
#include "symbolize.h"

struct symbolizer {
	Dwfl *dwfl;
	Dwfl_Module *module;
};

static char *debug_path;	/* NULL: libdwfl's own, /usr/lib/debug */

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.section_address = dwfl_offline_section_address,
	.debuginfo_path = &debug_path,
};

struct symbolizer *symbolizer_open(const char *path, const char **why)
{
	struct symbolizer *symbolizer = calloc(1, sizeof(*symbolizer));
	GElf_Addr bias;

	*why = "no memory";
	if (!symbolizer)
		return NULL;
	symbolizer->dwfl = dwfl_begin(&callbacks);
	if (!symbolizer->dwfl)
		goto err;
	dwfl_report_begin(symbolizer->dwfl);
	symbolizer->module = dwfl_report_offline(symbolizer->dwfl, "module",
						 path, -1);
	dwfl_report_end(symbolizer->dwfl, NULL, NULL);
	*why = "it cannot be read as a module";
	if (!symbolizer->module)
		goto err;
	*why = "it has no debug information";
	if (!dwfl_module_getdwarf(symbolizer->module, &bias))
		goto err;
	return symbolizer;
err:
	symbolizer_close(symbolizer);
	return NULL;
}

void symbolizer_close(struct symbolizer *symbolizer)
{
	if (!symbolizer)
		return;
	if (symbolizer->dwfl)
		dwfl_end(symbolizer->dwfl);
	free(symbolizer);
}

static bool copy_part(char *to, size_t room, const char *from, size_t length)
{
	if (length >= room)
		return false;
	memcpy(to, from, length);
	to[length] = '\0';
	return true;
}

/* strtoul() alone would take signs and blanks. */
static bool parse_hex(const char **text, unsigned long *value)
{
	char *end;

	if (strncmp(*text, "0x", 2) || !isxdigit((unsigned char)(*text)[2]))
		return false;
	errno = 0;
	*value = strtoul(*text, &end, 16);
	*text = end;
	return !errno;
}

bool place_parse(const char *place, char *name, size_t name_room,
		 unsigned long *offset, unsigned long *size, char *module,
		 size_t module_room)
{
	const char *at = strchr(place, '+');
	const char *end;

	module[0] = '\0';
	if (!at || at == place || !copy_part(name, name_room, place, at - place))
		return false;
	at++;
	if (!parse_hex(&at, offset) || *at++ != '/' || !parse_hex(&at, size))
		return false;
	if (strncmp(at, " [", 2))
		return !*at;
	at += 2;
	/* The kernel may add a build id: "[module 0123abc]". */
	end = at + strcspn(at, " ]");
	return *end && copy_part(module, module_room, at, end - at);
}

/* A name may belong to several static functions: the size tells which. */
static bool find_function(struct symbolizer *symbolizer, const char *name,
			  unsigned long size, GElf_Addr *address)
{
	int i, count = dwfl_module_getsymtab(symbolizer->module);
	bool found = false;
	const char *text;
	GElf_Addr value;
	GElf_Sym symbol;

	for (i = 1; i < count; i++) {
		text = dwfl_module_getsym_info(symbolizer->module, i, &symbol,
					       &value, NULL, NULL, NULL);
		if (!text || GELF_ST_TYPE(symbol.st_info) != STT_FUNC ||
		    strcmp(text, name))
			continue;
		if (!found || symbol.st_size == size)
			*address = value;
		if (symbol.st_size == size)
			return true;
		found = true;
	}
	return found;
}

bool symbolizer_line(struct symbolizer *symbolizer, const char *place,
		     bool after_call, char *text, size_t room)
{
	char name[256], module[64];
	unsigned long offset, size;
	const char *file;
	GElf_Addr address = 0;
	Dwfl_Line *line;
	size_t used;
	int number;

	text[0] = '\0';
	if (!place_parse(place, name, sizeof(name), &offset, &size, module,
			 sizeof(module)) || offset > size ||
	    !find_function(symbolizer, name, size, &address))
		return false;
	if (after_call && offset)
		offset--;
	line = dwfl_module_getsrc(symbolizer->module, address + offset);
	if (!line)
		return false;
	file = dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL);
	if (!file)
		return false;
	printable_copy(text, room, file);
	used = strlen(text);
	snprintf(text + used, room - used, ":%d", number);
	return true;
}
