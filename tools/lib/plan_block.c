// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arrays of a plan, and their packing into one block. Runs in user space and
 * keeps to the limits that chariot.ko checks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan_block.h"
#include "printable.h"

#define FIRST_ROOM	64u

/*
 * Room for @more things behind @count of them, in an array that doubles: with
 * FIRST_ROOM or a power of two of them it is full.
 */
static bool make_room(struct plan_block *block, void *array, uint32_t count,
		      uint32_t more, size_t size)
{
	uint32_t have = count ? FIRST_ROOM : 0, room = FIRST_ROOM;
	void *old, *bigger;

	while (have && have < count)
		have *= 2;
	while (room < count + more)
		room *= 2;
	if (room == have)
		return true;
	memcpy(&old, array, sizeof(old));
	bigger = reallocarray(old, room, size);
	if (!bigger) {
		block->no_memory = true;
		return false;
	}
	memcpy(array, &bigger, sizeof(bigger));
	return true;
}

/* One more of an array, which is as long as @limit allows at most. */
#define APPEND(block, array, limit, from)				\
	((block)->count.array < (limit) &&				\
	 make_room(block, &(block)->array, (block)->count.array, 1,	\
		   sizeof(*(block)->array)) ?				\
	 ((block)->array[(block)->count.array++] = (from), true) :	\
	 ((block)->dropped.array++, false))

static uint32_t add_string(struct plan_block *block, const char *text)
{
	uint32_t at = block->count.strings;
	size_t size = strlen(text) + 1;

	if (size > CHARIOT_PLAN_STRINGS_MAX - at ||
	    !make_room(block, &block->strings, at, size, 1)) {
		block->dropped.strings++;
		return CHARIOT_PLAN_NONE;
	}
	memcpy(block->strings + at, text, size);
	printable_clean(block->strings + at, size);
	block->count.strings += size;
	return at;
}

uint32_t plan_block_type(struct plan_block *block, const char *keyword,
			 const char *name, uint32_t size)
{
	struct chariot_plan_type type = { .size = size };

	if (block->count.types < CHARIOT_PLAN_TYPES_MAX)
		type.name = add_string(block, name);
	if (type.name == CHARIOT_PLAN_NONE ||
	    !APPEND(block, types, CHARIOT_PLAN_TYPES_MAX, type))
		return CHARIOT_PLAN_NONE;
	if (!APPEND(block, keywords, CHARIOT_PLAN_TYPES_MAX, keyword)) {
		block->count.types--;
		return CHARIOT_PLAN_NONE;
	}
	return block->count.types - 1;
}

bool plan_block_member(struct plan_block *block,
		       const struct chariot_plan_member *member)
{
	return APPEND(block, members, CHARIOT_PLAN_MEMBERS_MAX, *member);
}

bool plan_block_entry(struct plan_block *block, const char *name,
		      const struct chariot_plan_entry *entry)
{
	struct chariot_plan_entry named = *entry;

	if (block->count.entries < CHARIOT_PLAN_ENTRIES_MAX)
		named.name = add_string(block, name);
	return named.name != CHARIOT_PLAN_NONE &&
	       APPEND(block, entries, CHARIOT_PLAN_ENTRIES_MAX, named);
}

bool plan_block_import(struct plan_block *block, const char *name,
		       const struct chariot_plan_import *import)
{
	struct chariot_plan_import named = *import;

	if (block->count.imports < CHARIOT_PLAN_IMPORTS_MAX)
		named.name = add_string(block, name);
	return named.name != CHARIOT_PLAN_NONE &&
	       APPEND(block, imports, CHARIOT_PLAN_IMPORTS_MAX, named);
}

bool plan_block_grant(struct plan_block *block,
		      const struct chariot_plan_grant *grant)
{
	return APPEND(block, grants, CHARIOT_PLAN_GRANTS_MAX, *grant);
}

bool plan_block_type_text(const struct plan_block *block, uint32_t type,
			  char *to, size_t room)
{
	to[0] = '\0';
	if (type >= block->count.types)
		return false;
	snprintf(to, room, "%s%s", block->keywords[type],
		 block->strings + block->types[type].name);
	return true;
}

static int by_name(const void *a, const void *b, void *data)
{
	const struct chariot_plan_import *one = a, *other = b;
	const char *strings = data;

	return strcmp(strings + one->name, strings + other->name);
}

void plan_block_sort_imports(struct plan_block *block)
{
	uint32_t i, kept = 0;

	if (block->count.imports)
		qsort_r(block->imports, block->count.imports,
			sizeof(*block->imports), by_name, block->strings);
	for (i = 0; i < block->count.imports; i++)
		if (!kept || by_name(&block->imports[kept - 1],
				     &block->imports[i], block->strings))
			block->imports[kept++] = block->imports[i];
	block->count.imports = kept;
}

const struct chariot_plan_import *
plan_block_find_import(const struct plan_block *block, const char *name)
{
	uint32_t low = 0, high = block->count.imports, middle;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = strcmp(name, block->strings +
			       block->imports[middle].name);
		if (!order)
			return &block->imports[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static unsigned char *put(unsigned char *to, const void *from, size_t size)
{
	if (size)
		memcpy(to, from, size);
	return to + size;
}

uint32_t plan_block_known(const struct plan_block *block)
{
	uint32_t i, known = 0;
	unsigned int arg;

	for (i = 0; i < block->count.entries; i++) {
		for (arg = 0; arg < CHARIOT_PLAN_ARGS; arg++)
			if (block->entries[i].args[arg] != CHARIOT_PLAN_NONE)
				break;
		known += arg < CHARIOT_PLAN_ARGS;
	}
	return known;
}

void *plan_block_pack(const struct plan_block *block, size_t *size)
{
	struct chariot_plan_header header = {
		.revision = CHARIOT_PLAN_REVISION,
		.types = block->count.types,
		.members = block->count.members,
		.entries = block->count.entries,
		.imports = block->count.imports,
		.grants = block->count.grants,
		.strings = block->count.strings,
	};
	unsigned char *bytes, *at;

	*size = sizeof(header) + header.types * sizeof(*block->types) +
		header.members * sizeof(*block->members) +
		header.entries * sizeof(*block->entries) +
		header.imports * sizeof(*block->imports) +
		header.grants * sizeof(*block->grants) + header.strings;
	header.size = *size;
	bytes = malloc(*size);
	if (!bytes)
		return NULL;
	at = put(bytes, &header, sizeof(header));
	at = put(at, block->types, header.types * sizeof(*block->types));
	at = put(at, block->members, header.members * sizeof(*block->members));
	at = put(at, block->entries, header.entries * sizeof(*block->entries));
	at = put(at, block->imports, header.imports * sizeof(*block->imports));
	at = put(at, block->grants, header.grants * sizeof(*block->grants));
	put(at, block->strings, header.strings);
	return bytes;
}

void plan_block_free(struct plan_block *block)
{
	free(block->types);
	free(block->keywords);
	free(block->members);
	free(block->entries);
	free(block->imports);
	free(block->grants);
	free(block->strings);
	memset(block, 0, sizeof(*block));
}
