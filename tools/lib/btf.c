// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the running kernel keeps what chariot must know, from the kernel's own
 * BTF. Runs in user space; the kernel checks what it is told from here.
 */
#include <bpf/btf.h>
#include <stdbool.h>
#include <string.h>

#include "btf.h"

#define NESTING_MAX	8

/* Bit offset of a member, also of unnamed structs and unions inside. */
static bool find_member(const struct btf *btf, const struct btf_type *type,
			const char *name, int nesting, uint64_t *bits)
{
	const struct btf_member *member = btf_members(type);
	const struct btf_type *inner;
	const char *text;
	uint64_t inside;
	int i;

	for (i = 0; i < btf_vlen(type); i++) {
		text = btf__name_by_offset(btf, member[i].name_off);
		if (text && !strcmp(text, name)) {
			*bits = btf_member_bit_offset(type, i);
			return true;
		}
		if ((text && *text) || nesting >= NESTING_MAX)
			continue;
		inner = btf__type_by_id(btf, member[i].type);
		if (inner && btf_is_composite(inner) &&
		    find_member(btf, inner, name, nesting + 1, &inside)) {
			*bits = btf_member_bit_offset(type, i) + inside;
			return true;
		}
	}
	return false;
}

static uint32_t offset_of(const struct types *types, const char *structure,
			  const char *name)
{
	struct type_object object;
	const struct btf_type *type;
	uint64_t bits;

	if (!types_object(types, structure, &object))
		return LAYOUT_UNKNOWN;
	type = btf__type_by_id(object.btf, object.id);
	if (!find_member(object.btf, type, name, 0, &bits) || bits % 8 ||
	    bits / 8 >= object.size)
		return LAYOUT_UNKNOWN;
	return bits / 8;
}

void kernel_layout(const struct types *types, struct chariot_layout *layout,
		   uint32_t *module_name)
{
	memset(layout, 0, sizeof(*layout));
	layout->revision = CHARIOT_DEV_REVISION;
	layout->kmem_cache_name = offset_of(types, "kmem_cache", "name");
	layout->kmem_cache_size = offset_of(types, "kmem_cache", "size");
	layout->kmem_cache_object_size =
		offset_of(types, "kmem_cache", "object_size");
	layout->slab_slab_cache = offset_of(types, "slab", "slab_cache");
	*module_name = offset_of(types, "module", "name");
}
