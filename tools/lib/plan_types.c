// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a module is handed: the functions of its that are called from outside,
 * those of the kernel that give it objects, and the structures that these point
 * to. Runs in user space; neither the module's file nor BTF is trusted.
 */
#include <bpf/btf.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dwarf.h"
#include "entries.h"
#include "list_rules.h"
#include "plan_types.h"
#include "shapes.h"

/* Structures inside of structures; and values to look at in one type. */
#define NESTING_MAX	16
#define STEPS_MAX	16384
#define POINTER_SIZE	8u

#define SLOTS		(2 * CHARIOT_PLAN_TYPES_MAX)

/**
 * struct survey - a plan in the making
 * @object: where each of the plan's types stands in BTF
 * @slots: hash of the types by name: 0 or a type's number + 1
 */
struct survey {
	const struct types *types;
	struct plan_block *block;
	struct type_object object[CHARIOT_PLAN_TYPES_MAX];
	uint32_t slots[SLOTS];
};

/* --- types ------------------------------------------------------------------- */

static uint32_t first_slot(const struct type_object *object)
{
	const char *name = object->name;
	uint32_t value = 5381 + object->size;

	while (*name)
		value = value * 33 + (unsigned char)*name++;
	return (value ^ value >> 16) % SLOTS;
}

/* The number of a type in the plan, which it gets now if it is new. */
static uint32_t type_number(struct survey *survey,
			    const struct type_object *object)
{
	uint32_t slot, number;

	if (!object->btf || object->size > CHARIOT_PLAN_OBJECT_MAX)
		return CHARIOT_PLAN_NONE;
	for (slot = first_slot(object); survey->slots[slot];
	     slot = (slot + 1) % SLOTS)
		if (types_same(&survey->object[survey->slots[slot] - 1],
			       object))
			return survey->slots[slot] - 1;
	number = plan_block_type(survey->block, object->keyword, object->name,
				 object->size);
	if (number != CHARIOT_PLAN_NONE) {
		survey->object[number] = *object;
		survey->slots[slot] = number + 1;
	}
	return number;
}

/* --- their members ------------------------------------------------------------ */

/**
 * struct walk - through the members of one type, and those of structures in it
 * @size: of the type
 * @steps: left, until it is enough
 */
struct walk {
	struct survey *survey;
	const struct btf *btf;
	uint64_t size;
	unsigned int steps;
};

static void walk_value(struct walk *walk, uint32_t id, uint64_t offset,
		       int nesting);

static void note_pointer(struct walk *walk, uint32_t id, uint64_t offset,
			 uint64_t count)
{
	struct chariot_plan_member member = { .offset = offset, .count = count };
	struct type_object target;

	if (!count || offset > walk->size ||
	    (count != CHARIOT_PLAN_FLEXIBLE &&
	     count > (walk->size - offset) / POINTER_SIZE) ||
	    !types_pointee(walk->survey->types, walk->btf, id, &target) ||
	    target.size > CHARIOT_PLAN_OBJECT_MAX)
		return;
	member.type = type_number(walk->survey, &target);
	if (member.type == CHARIOT_PLAN_NONE)
		walk->survey->block->dropped.members++;
	else
		plan_block_member(walk->survey->block, &member);
}

static const char *name_at(const struct walk *walk, uint32_t offset)
{
	const char *name = btf__name_by_offset(walk->btf, offset);

	return name ? name : "";
}

/* @type has @member, which may be the head of a list that a rule knows. */
static void note_list(struct walk *walk, const struct btf_type *type,
		      const struct btf_member *member, uint64_t offset)
{
	struct type_peeled head = type_peel(walk->btf, member->type);
	struct chariot_plan_member list = { .offset = offset };
	struct type_object element;
	uint32_t link;

	if (!head.type || !btf_is_struct(head.type) ||
	    head.type->size != LIST_RULES_HEAD ||
	    walk->size < LIST_RULES_HEAD ||
	    offset > walk->size - LIST_RULES_HEAD ||
	    strcmp(name_at(walk, head.type->name_off), "list_head") ||
	    !list_rules_elements(walk->survey->types,
				 name_at(walk, type->name_off),
				 name_at(walk, member->name_off), &element,
				 &link))
		return;
	list.count = CHARIOT_PLAN_LIST | link;
	list.type = type_number(walk->survey, &element);
	if (list.type == CHARIOT_PLAN_NONE)
		walk->survey->block->dropped.members++;
	else
		plan_block_member(walk->survey->block, &list);
}

static void walk_array(struct walk *walk, const struct btf_type *type,
		       uint64_t offset, int nesting)
{
	struct type_peeled element;
	uint64_t count = 1, i;
	int dimensions;

	if (!btf_array(type)->nelems) {
		element = type_peel(walk->btf, btf_array(type)->type);
		if (element.type && btf_is_ptr(element.type))
			note_pointer(walk, element.id, offset,
				     CHARIOT_PLAN_FLEXIBLE);
		return;
	}
	for (dimensions = 0; dimensions < NESTING_MAX; dimensions++) {
		count *= btf_array(type)->nelems;
		/* More than fits in any type is none. */
		if (!count || count > walk->size)
			return;
		element = type_peel(walk->btf, btf_array(type)->type);
		if (!element.type || !btf_is_array(element.type))
			break;
		type = element.type;
	}
	if (!element.type)
		return;
	if (btf_is_ptr(element.type))
		note_pointer(walk, element.id, offset, count);
	else if (btf_is_composite(element.type))
		for (i = 0; i < count && walk->steps; i++)
			walk_value(walk, element.id,
				   offset + i * element.type->size,
				   nesting + 1);
}

static void walk_members(struct walk *walk, const struct btf_type *type,
			 uint64_t offset, int nesting)
{
	const struct btf_member *member = btf_members(type);
	uint32_t bits;
	int i;

	for (i = 0; i < btf_vlen(type); i++) {
		bits = btf_member_bit_offset(type, i);
		if (bits % 8 || btf_member_bitfield_size(type, i))
			continue;
		note_list(walk, type, &member[i], offset + bits / 8);
		walk_value(walk, member[i].type, offset + bits / 8,
			   nesting + 1);
	}
}

static void walk_value(struct walk *walk, uint32_t id, uint64_t offset,
		       int nesting)
{
	struct type_peeled peeled;

	if (!walk->steps || nesting > NESTING_MAX || offset > walk->size)
		return;
	walk->steps--;
	peeled = type_peel(walk->btf, id);
	if (!peeled.type)
		return;
	if (btf_is_ptr(peeled.type))
		note_pointer(walk, peeled.id, offset, 1);
	else if (btf_is_array(peeled.type))
		walk_array(walk, peeled.type, offset, nesting);
	else if (btf_is_composite(peeled.type))
		walk_members(walk, peeled.type, offset, nesting);
}

static int by_offset(const void *a, const void *b)
{
	const struct chariot_plan_member *one = a, *other = b;

	if (one->offset != other->offset)
		return one->offset < other->offset ? -1 : 1;
	if (one->type != other->type)
		return one->type < other->type ? -1 : 1;
	return one->count < other->count ? -1 : one->count > other->count;
}

/* Members of a union may say the same twice. */
static uint32_t without_repeats(struct chariot_plan_member *member,
				uint32_t count)
{
	uint32_t i, kept = 0;

	for (i = 0; i < count; i++)
		if (!kept || by_offset(&member[kept - 1], &member[i]))
			member[kept++] = member[i];
	return kept;
}

static void tell_members(struct survey *survey, uint32_t number)
{
	const struct type_object object = survey->object[number];
	struct plan_block *block = survey->block;
	uint32_t count, first = block->count.members;
	struct walk walk = {
		.survey = survey,
		.btf = object.btf,
		.size = object.size,
		.steps = STEPS_MAX,
	};

	walk_value(&walk, object.id, 0, 0);
	if (!walk.steps)
		block->dropped.members++;
	count = block->count.members - first;
	if (!count)
		return;
	qsort(block->members + first, count, sizeof(*block->members),
	      by_offset);
	count = without_repeats(block->members + first, count);
	block->count.members = first + count;
	block->types[number].member = first;
	block->types[number].members = count;
}

/* Types are found in the order of their depth, so the deepest find no room. */
static void follow(struct survey *survey)
{
	uint32_t number = 0, end;
	int depth;

	for (depth = 0; depth < PLAN_TYPES_DEPTH; depth++)
		for (end = survey->block->count.types; number < end; number++)
			tell_members(survey, number);
}

/* --- functions ----------------------------------------------------------------- */

/* Structures of pointers that a call sets for its caller, and returns 0. */
static const char *const filled_types[] = {
	"path",		/* kern_path(), user_path_at() */
};

/* What a function of the kernel's gives the module by its argument i. */
static uint32_t given(struct survey *survey, const struct type_call *call, int i)
{
	const struct type_object *object = &call->args[i];
	uint32_t number = type_number(survey, &call->outs[i]);
	size_t k;

	if (number != CHARIOT_PLAN_NONE || !object->btf)
		return number;
	for (k = 0; k < sizeof(filled_types) / sizeof(*filled_types); k++) {
		if (strcmp(object->name, filled_types[k]))
			continue;
		number = type_number(survey, object);
		return number == CHARIOT_PLAN_NONE ? number :
						     CHARIOT_PLAN_FILLED(number);
	}
	return CHARIOT_PLAN_NONE;
}

static int add_import(const char *name, bool weak, void *data)
{
	struct chariot_plan_import import = { 0 };
	struct survey *survey = data;
	struct type_call call;
	bool gives;
	int i;

	(void)weak;
	if (!types_call(survey->types, name, false, &call))
		return 0;
	import.ret = type_number(survey, &call.ret);
	gives = import.ret != CHARIOT_PLAN_NONE;
	for (i = 0; i < CHARIOT_PLAN_ARGS; i++) {
		import.outs[i] = given(survey, &call, i);
		gives |= import.outs[i] != CHARIOT_PLAN_NONE;
	}
	if (gives || call.relayed)
		plan_block_import(survey->block, name, &import);
	return 0;
}

/* What a function of the module's is handed by its argument i. */
static uint32_t argument(struct survey *survey, const struct type_call *call,
			 int i)
{
	uint32_t pointed = type_number(survey, &call->outs[i]);

	if (pointed != CHARIOT_PLAN_NONE)
		return CHARIOT_PLAN_POINTER(pointed);
	return call->bytes[i] ? call->bytes[i] :
	       type_number(survey, &call->args[i]);
}

/* @names: of one function; the one that BTF knows is the best. */
static void add_entry(struct survey *survey, const struct entry *names,
		      size_t count)
{
	struct chariot_plan_entry entry = {
		.section = names->section,
		.offset = names->offset,
	};
	struct type_call call;
	size_t best;
	int i;

	if (names->offset > UINT32_MAX)
		return;
	for (best = 0; best < count; best++)
		if (types_call(survey->types, names[best].name, true, &call))
			break;
	if (best == count) {
		memset(&call, 0, sizeof(call));
		best = 0;
	}
	for (i = 0; i < CHARIOT_PLAN_ARGS; i++)
		entry.args[i] = argument(survey, &call, i);
	plan_block_entry(survey->block, names[best].name, &entry);
}

static bool same_place(const struct entry *a, const struct entry *b)
{
	return a->section == b->section && a->offset == b->offset;
}

static int add_entries(struct survey *survey, const struct image *image)
{
	struct entry *entries;
	size_t count, i, names;
	int err = entries_find(image, &entries, &count);

	if (err)
		return err;
	for (i = 0; i < count; i += names) {
		for (names = 1; i + names < count; names++)
			if (!same_place(&entries[i], &entries[i + names]))
				break;
		add_entry(survey, &entries[i], names);
	}
	free(entries);
	return 0;
}

int plan_types_make(const struct image *image, const struct types *types,
		    struct plan_block *block)
{
	struct survey *survey = calloc(1, sizeof(*survey));
	int err;

	memset(block, 0, sizeof(*block));
	if (!survey)
		return -ENOMEM;
	survey->types = types;
	survey->block = block;
	err = add_entries(survey, image);
	if (!err)
		err = image_each_import(image, add_import, survey);
	if (!err) {
		plan_block_sort_imports(block);
		follow(survey);
	}
	if (!err && block->no_memory)
		err = -ENOMEM;
	free(survey);
	return err;
}

/* --- types of the module and of those it needs ------------------------------------- */

static void add_needed(struct types *types, const char *kernel,
		       const char *name, size_t length)
{
	const char *slash = strrchr(kernel, '/');
	int folder = slash ? slash + 1 - kernel : 0;
	char path[512], *at;

	if (!length || memchr(name, '/', length) ||
	    snprintf(path, sizeof(path), "%.*s%.*s", folder, kernel,
		     (int)length, name) >= (int)sizeof(path))
		return;
	/* The kernel's names have no '-'. */
	for (at = path + folder; *at; at++)
		if (*at == '-')
			*at = '_';
	/* It isn't in the kernel, then nothing is known of what it returns. */
	types_add_module_file(types, path, false);
}

/* Modules that are built without the kernel's vmlinux at hand have no BTF. */
static int add_debug_information(struct types *types, const struct image *image)
{
	size_t size;
	void *btf;
	int err = dwarf_to_btf(image, types, &btf, &size);

	if (!err)
		err = types_add_standalone(types, btf, size);
	free(btf);
	return err;
}

int plan_types_add_module(struct types *types, const struct image *image,
			  const char *kernel)
{
	const char *name = image_modinfo(image, "depends", 0);
	struct image_section btf;
	size_t length;
	int err;

	while (name && *name) {
		length = strcspn(name, ",");
		add_needed(types, kernel, name, length);
		name += length + (name[length] == ',');
	}
	err = image_find_section(image, ".BTF", &btf) && btf.bytes ?
	      types_add_module(types, btf.bytes, btf.size, true) :
	      add_debug_information(types, image);
	/* Without its own, those of the kernel that its tables look like. */
	if (err && err != -ENOMEM && shapes_lend(image, types) == -ENOMEM)
		err = -ENOMEM;
	return err;
}
