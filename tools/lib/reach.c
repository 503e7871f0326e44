// SPDX-License-Identifier: GPL-2.0-only
/*
 * Types by the pointers that lead to them, from the arguments of what a module
 * imports. Runs in user space; neither the module's file nor BTF is trusted.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <search.h>
#include <stdlib.h>

#include "array.h"
#include "reach.h"

/* Structures inside of structures; and values to look at in one type. */
#define NESTING_MAX	16
#define STEPS_MAX	16384u
#define WORD		8u
#define REACHED_MAX	100000u

/* --- pointers and numbers in a type ------------------------------------------------------------ */

struct walk {
	const struct btf *btf;
	unsigned int steps;
	void (*each)(uint32_t type, uint64_t offset, bool alone, void *data);
	void *data;
};

static void walk_type(struct walk *walk, uint32_t id, uint64_t offset,
		      bool alone, int nesting);

static void walk_array(struct walk *walk, const struct btf_type *type,
		       uint64_t offset, bool alone, int nesting)
{
	uint32_t element = btf_array(type)->type, i;
	int64_t size = btf__resolve_size(walk->btf, element);

	for (i = 0; size > 0 && i < btf_array(type)->nelems && walk->steps; i++)
		walk_type(walk, element, offset + i * (uint64_t)size, alone,
			  nesting);
}

static void walk_members(struct walk *walk, const struct btf_type *type,
			 uint64_t offset, bool alone, int nesting)
{
	const struct btf_member *member = btf_members(type);
	uint32_t bits;
	int i;

	for (i = 0; i < btf_vlen(type); i++) {
		bits = btf_member_bit_offset(type, i);
		if (bits % 8 || btf_member_bitfield_size(type, i))
			continue;
		walk_type(walk, member[i].type, offset + bits / 8,
			  alone && !btf_is_union(type), nesting);
	}
}

static void walk_type(struct walk *walk, uint32_t id, uint64_t offset,
		      bool alone, int nesting)
{
	struct type_peeled peeled = type_peel(walk->btf, id);

	if (!peeled.type || nesting > NESTING_MAX || !walk->steps)
		return;
	walk->steps--;
	if (btf_is_ptr(peeled.type) ||
	    (btf_is_int(peeled.type) && peeled.type->size == WORD))
		walk->each(peeled.id, offset, alone, walk->data);
	else if (btf_is_array(peeled.type))
		walk_array(walk, peeled.type, offset, alone, nesting + 1);
	else if (btf_is_composite(peeled.type))
		walk_members(walk, peeled.type, offset, alone, nesting + 1);
}

void reach_words(const struct btf *btf, uint32_t id,
		 void (*each)(uint32_t type, uint64_t offset, bool alone, void *data),
		 void *data)
{
	struct walk walk = {
		.btf = btf, .steps = STEPS_MAX, .each = each, .data = data,
	};

	walk_type(&walk, id, 0, true, 0);
}

/* --- types --------------------------------------------------------------------------- */

/**
 * struct reaching - at work
 * @tree: which types are in @reached, as struct type_object
 * @btf: where the types stand that are looked at
 * @hops: how far what they point to is
 */
struct reaching {
	const struct types *types;
	void *tree;
	struct reached *reached;
	size_t count, room;
	const struct btf *btf;
	unsigned int hops;
	bool no_memory;
};

static int by_place(const void *a, const void *b)
{
	const struct type_object *one = a, *other = b;

	if (one->btf != other->btf)
		return one->btf < other->btf ? -1 : 1;
	return one->id < other->id ? -1 : one->id > other->id;
}

/* Is it the first time? */
static bool is_new(struct reaching *reaching, const struct type_object *object)
{
	struct type_object *key = malloc(sizeof(*key)), **found = NULL;
	bool new;

	if (key) {
		*key = *object;
		found = tsearch(key, &reaching->tree, by_place);
	}
	new = found && *found == key;
	reaching->no_memory |= !found;
	if (!new)
		free(key);
	return new;
}

static void reach(struct reaching *reaching, const struct type_object *object)
{
	struct reached *more;

	if (reaching->count == REACHED_MAX || !is_new(reaching, object))
		return;
	more = array_room(reaching->reached, reaching->count, &reaching->room, sizeof(*more));
	if (!more) {
		reaching->no_memory = true;
		return;
	}
	reaching->reached = more;
	more[reaching->count++] = (struct reached) { *object, reaching->hops };
}

/* Pointers to pointers, as arrays of them are, count as one. */
static void reach_pointee(uint32_t id, uint64_t offset, bool alone, void *data)
{
	struct reaching *reaching = data;
	struct type_peeled target = type_peel(reaching->btf, id);
	struct type_object object;
	int i;

	(void)offset, (void)alone;
	for (i = 0; i < NESTING_MAX && target.type && btf_is_ptr(target.type); i++)
		target = type_peel(reaching->btf, target.type->type);
	if (i && types_structure(reaching->types, reaching->btf, target.id, &object))
		reach(reaching, &object);
}

static int reach_from(const char *import, bool weak, void *data)
{
	struct reaching *reaching = data;
	const struct btf_type *proto;
	uint32_t id;
	int i;

	(void)weak;
	if (!types_prototype(reaching->types, import, false, &reaching->btf, &id))
		return 0;
	proto = btf__type_by_id(reaching->btf, id);
	reach_pointee(proto->type, 0, true, reaching);
	for (i = 0; i < btf_vlen(proto); i++)
		reach_pointee(btf_params(proto)[i].type, 0, true, reaching);
	return 0;
}

/* Those that are found are put behind. */
static void go_on(struct reaching *reaching)
{
	struct reached from;
	size_t i;

	for (i = 0; i < reaching->count; i++) {
		from = reaching->reached[i];
		if (from.hops == REACH_HOPS)
			break;
		reaching->btf = from.object.btf;
		reaching->hops = from.hops + 1;
		reach_words(from.object.btf, from.object.id, reach_pointee, reaching);
	}
}

/* No argument is of these types: they are known by a part of theirs, or a section. */
static void reach_named(struct reaching *reaching, unsigned int hops,
			const char *const *names, size_t count)
{
	struct type_object object;

	reaching->hops = hops;
	while (count--)
		if (types_object(reaching->types, *names++, &object))
			reach(reaching, &object);
}

int reach_types(const struct image *image, const struct types *types,
		struct reached **reached, size_t *count)
{
	static const char *const near[] = { "module", "kernel_param" };
	static const char *const far[] = {
		"device_attribute", "kobj_attribute", "driver_attribute",
		"bus_attribute", "class_attribute", "iio_dev_attr",
	};
	struct reaching reaching = { .types = types };
	int err = image_each_import(image, reach_from, &reaching);

	reach_named(&reaching, 1, near, sizeof(near) / sizeof(*near));
	if (!err)
		go_on(&reaching);
	reach_named(&reaching, REACH_HOPS + 1, far, sizeof(far) / sizeof(*far));
	if (!err && reaching.no_memory)
		err = -ENOMEM;
	tdestroy(reaching.tree, free);
	if (err) {
		free(reaching.reached);
		reaching.reached = NULL;
		reaching.count = 0;
	}
	*reached = reaching.reached;
	*count = reaching.count;
	return err;
}
