/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions, structures, unions and typedefs of one BTF by name: libbpf would walk
 * through all of its types for each. User space; the BTF is not trusted.
 */
#ifndef CHARIOT_BTF_INDEX_H
#define CHARIOT_BTF_INDEX_H

#include <stdint.h>

struct btf;

/**
 * struct btf_index - a hash of types by name
 * @slots: 0 or a type's number
 * @mask: number of slots - 1
 */
struct btf_index {
	const struct btf *btf;
	uint32_t *slots;
	uint32_t mask;
};

/* Those from number @first on. Return: 0 or -ENOMEM. */
int btf_index_make(struct btf_index *index, const struct btf *btf,
		   uint32_t first);
void btf_index_free(struct btf_index *index);

/**
 * struct btf_search - types of one name, one after the other
 * @slot: where to go on
 * @probes: how many slots were looked at
 */
struct btf_search {
	const struct btf_index *index;
	const char *name;
	uint32_t slot;
	uint32_t probes;
};

struct btf_search btf_search_begin(const struct btf_index *index,
				   const char *name);
/* Return: the number of the next type of that name, or 0. */
uint32_t btf_search_next(struct btf_search *search);

#endif /* CHARIOT_BTF_INDEX_H */
