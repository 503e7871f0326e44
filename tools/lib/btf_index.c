// SPDX-License-Identifier: GPL-2.0-only
/* Types of one BTF by name. Runs in user space; the BTF is not trusted. */
#include <bpf/btf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "btf_index.h"

/* Slots to look at; damaged BTF may give one name to all of its types. */
#define PROBES_MAX	1024

static const char *name_of(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);
	const char *name;

	if (!type || !(btf_is_func(type) || btf_is_composite(type) ||
		       btf_is_typedef(type)))
		return "";
	name = btf__name_by_offset(btf, type->name_off);
	return name ? name : "";
}

/* FNV-1a */
static uint32_t hash(const char *text)
{
	uint32_t value = 2166136261u;

	while (*text)
		value = (value ^ (unsigned char)*text++) * 16777619u;
	return value ^ value >> 15;
}

static void add(struct btf_index *index, uint32_t id)
{
	const char *name = name_of(index->btf, id);
	uint32_t slot, probes;

	if (!*name)
		return;
	slot = hash(name) & index->mask;
	for (probes = 0; probes < PROBES_MAX && index->slots[slot]; probes++)
		slot = (slot + 1) & index->mask;
	if (!index->slots[slot])
		index->slots[slot] = id;
}

int btf_index_make(struct btf_index *index, const struct btf *btf,
		   uint32_t first)
{
	uint32_t id, end = btf__type_cnt(btf), room = 16;

	/* At least half of them stay empty, so that searches are short. */
	while (room / 2 < end - first)
		room *= 2;
	*index = (struct btf_index) {
		.btf = btf,
		.slots = calloc(room, sizeof(*index->slots)),
		.mask = room - 1,
	};
	if (!index->slots)
		return -ENOMEM;
	for (id = first; id < end; id++)
		add(index, id);
	return 0;
}

void btf_index_free(struct btf_index *index)
{
	free(index->slots);
	index->slots = NULL;
}

struct btf_search btf_search_begin(const struct btf_index *index,
				   const char *name)
{
	return (struct btf_search) {
		.index = index,
		.name = name,
		.slot = hash(name) & index->mask,
	};
}

uint32_t btf_search_next(struct btf_search *search)
{
	const struct btf_index *index = search->index;
	uint32_t id;

	while (search->probes++ <= PROBES_MAX &&
	       (id = index->slots[search->slot])) {
		search->slot = (search->slot + 1) & index->mask;
		if (!strcmp(name_of(index->btf, id), search->name))
			return id;
	}
	return 0;
}
