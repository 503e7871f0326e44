// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of lib/entries.c, plan_block.c and plan_types.c: the plan of a module,
 * from good and from damaged files and BTF. Each plan is checked as chariot.ko
 * does.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "lib/entries.h"
#include "lib/plan_types.h"
#include "plan_check.h"
#include "sample_types.h"

struct sample {
	struct btf *kernel;
	struct blob kernel_blob, module;
};

static struct sample make_sample(void)
{
	struct sample sample = { .kernel = sample_kernel_types() };
	struct btf *module = sample_module_types(sample.kernel);
	struct blob blob = sample_blob(module);

	sample.kernel_blob = sample_blob(sample.kernel);
	sample.module = sample_typed_module(&blob);
	free(blob.bytes);
	btf__free(module);
	return sample;
}

static void free_sample(struct sample *sample)
{
	free(sample->module.bytes);
	free(sample->kernel_blob.bytes);
	btf__free(sample->kernel);
}

/* In a block of its own exact size, so that ASan sees a byte too far. */
static void check_plan(const struct plan_block *block)
{
	const char *wrong = "no memory";
	size_t size;
	void *plan = plan_block_pack(block, &size);

	if (plan)
		wrong = plan_check(plan, size);
	CHECK_TEXT(wrong ? wrong : "nothing", "nothing");
	free(plan);
}

/* Plan this module and check the plan; false if it has none. */
static bool make_plan(const struct blob *module, struct types *types,
		      struct plan_block *block)
{
	struct image *image;
	const char *why;
	int err;

	memset(block, 0, sizeof(*block));
	if (image_from_memory(module->bytes, module->size, &image, &why))
		return false;
	if (types)
		plan_types_add_module(types, image, "/nonexistent/vmlinux");
	err = plan_types_make(image, types, block);
	if (types)
		types_drop_modules(types);
	image_close(image);
	if (!err)
		check_plan(block);
	return !err;
}

static const struct chariot_plan_entry *entry(const struct plan_block *block,
					      const char *name)
{
	uint32_t i;

	for (i = 0; i < block->count.entries; i++)
		if (!strcmp(block->strings + block->entries[i].name, name))
			return &block->entries[i];
	return NULL;
}

static const char *type(const struct plan_block *block, uint32_t number)
{
	static char text[64];

	return plan_block_type_text(block, number, text, sizeof(text)) ? text :
	       "-";
}

static void entries(void)
{
	static const char *const wanted[] = {
		"by_data", "by_code", "by_end", "exported", "by_alias",
		"init_module",
	};
	struct sample sample = make_sample();
	struct entry *found;
	struct image *image;
	const char *why;
	size_t count, i;

	CHECK(!image_from_memory(sample.module.bytes, sample.module.size,
				 &image, &why));
	CHECK(!entries_find(image, &found, &count));
	CHECK(count == 6);
	for (i = 0; i < count && i < 6; i++)
		CHECK_TEXT(found[i].name, wanted[i]);
	CHECK(count == 6 && found[1].offset == 16 && found[1].section == 1);
	free(found);
	image_close(image);
	free_sample(&sample);
}

static void entries_of_sample(const struct plan_block *block)
{
	CHECK(block->count.entries == 5);
	if (!entry(block, "by_data") || !entry(block, "by_code") ||
	    !entry(block, "by_alias")) {
		CHECK_TEXT(NULL, "all entries");
		return;
	}
	CHECK_TEXT(type(block, entry(block, "by_data")->args[0]),
		   "struct hidden");
	CHECK_TEXT(type(block, entry(block, "by_data")->args[1]), "-");
	CHECK_TEXT(type(block, entry(block, "by_data")->args[2]),
		   "struct object");
	CHECK_TEXT(type(block, entry(block, "by_code")->args[1]),
		   "struct object");
	/* Of its two names BTF knows one. */
	CHECK_TEXT(type(block, entry(block, "by_alias")->args[0]),
		   "struct list");
}

static void imports_of_sample(const struct plan_block *block)
{
	const struct chariot_plan_import *import;

	CHECK(block->count.imports == 4);
	import = plan_block_find_import(block, "get_object");
	CHECK(import);
	if (import)
		CHECK_TEXT(type(block, import->ret), "struct object");
	import = plan_block_find_import(block, "find_object");
	CHECK(import && import->ret == CHARIOT_PLAN_NONE);
	if (import)
		CHECK_TEXT(type(block, import->outs[1]), "struct object");
	/* What it sets is in a structure of the caller's. */
	import = plan_block_find_import(block, "get_number");
	CHECK(import && CHARIOT_PLAN_IS_FILLED(import->outs[1]) &&
	      import->outs[0] == CHARIOT_PLAN_NONE);
	if (import)
		CHECK_TEXT(type(block, CHARIOT_PLAN_FILLED_TYPE(import->outs[1])),
			   "struct path");
	/* Gives nothing, but can be called through a gate. */
	import = plan_block_find_import(block, "get_constant");
	CHECK(import && import->ret == CHARIOT_PLAN_NONE &&
	      import->outs[0] == CHARIOT_PLAN_NONE);
	CHECK(!plan_block_find_import(block, "print_object"));
	CHECK(!plan_block_find_import(block, "in_assembly"));
}

/* "offset*count type, ...", of the members of a type. */
static void members(const struct plan_block *block, const char *name,
		    const char *wanted)
{
	const struct chariot_plan_member *member;
	char text[512] = "none";
	size_t length = 0;
	uint32_t i, j;

	for (i = 0; i < block->count.types; i++) {
		if (strcmp(block->strings + block->types[i].name, name))
			continue;
		for (j = 0; j < block->types[i].members; j++) {
			member = &block->members[block->types[i].member + j];
			length += snprintf(text + length, sizeof(text) - length,
					   "%s%u*%u %s", j ? ", " : "",
					   member->offset, member->count,
					   type(block, member->type));
		}
	}
	CHECK_TEXT(text, wanted);
}

static void plan_of_sample(void)
{
	struct sample sample = make_sample();
	struct plan_block block;
	struct types *types;

	CHECK(!types_from_memory(sample.kernel_blob.bytes,
				 sample.kernel_blob.size, &types));
	CHECK(make_plan(&sample.module, types, &block));
	entries_of_sample(&block);
	imports_of_sample(&block);
	/* Flat; const left out; what the union says twice, once. */
	members(&block, "object",
		"0*1 struct list, 8*1 struct list, 24*2 struct child, "
		"40*1 struct list, 40*1 struct child, 48*1 struct hidden");
	members(&block, "child", "0*1 struct object");
	members(&block, "hidden", "8*1 struct object");
	members(&block, "path", "0*1 struct object");
	CHECK(block.count.types == 5);
	CHECK(!block.dropped.types && !block.dropped.members);
	plan_block_free(&block);
	types_close(types);
	free_sample(&sample);
}

static void without_types(void)
{
	struct sample sample = make_sample();
	struct blob module = sample_typed_module(NULL);
	struct plan_block block;
	struct types *types;

	CHECK(make_plan(&sample.module, NULL, &block));
	CHECK(block.count.entries == 5 && !block.count.types);
	plan_block_free(&block);
	CHECK(!types_from_memory(sample.kernel_blob.bytes,
				 sample.kernel_blob.size, &types));
	CHECK(make_plan(&module, types, &block));
	CHECK(block.count.entries == 5 && block.count.imports == 4);
	if (entry(&block, "by_data"))
		CHECK_TEXT(type(&block, entry(&block, "by_data")->args[0]), "-");
	plan_block_free(&block);
	types_close(types);
	free(module.bytes);
	free_sample(&sample);
}

/* --- limits -------------------------------------------------------------------- */

/* Plan the sample module on another kernel's types; takes @btf over. */
static void plan_on(struct btf *btf, struct plan_block *block)
{
	struct blob blob = sample_blob(btf), module = sample_typed_module(NULL);
	struct types *types;

	CHECK(!types_from_memory(blob.bytes, blob.size, &types));
	CHECK(make_plan(&module, types, block));
	types_close(types);
	free(module.bytes);
	free(blob.bytes);
	btf__free(btf);
}

static void give(struct btf *btf, int type)
{
	int proto = btf__add_func_proto(btf, btf__add_ptr(btf, type));

	btf__add_func(btf, "get_object", BTF_FUNC_GLOBAL, proto);
}

/* Each points to the next one. */
static void depth(void)
{
	struct btf *btf = btf__new_empty();
	struct plan_block block;
	char name[16];
	int i;

	for (i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "link%d", i);
		btf__add_struct(btf, name, 8);
		btf__add_field(btf, "next", 2 * i + 2, 0, 0);
		btf__add_ptr(btf, 2 * i + 3);
	}
	btf__add_struct(btf, "last", 8);
	give(btf, 1);
	plan_on(btf, &block);
	CHECK(block.count.types == PLAN_TYPES_DEPTH + 1);
	members(&block, "link0", "0*1 struct link1");
	members(&block, "link1", "0*1 struct link2");
	members(&block, "link2", "none");
	plan_block_free(&block);
}

static void too_many_types(void)
{
	struct btf *btf = btf__new_empty();
	struct plan_block block;
	char name[16];
	int i, wide;

	for (i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "type%d", i);
		btf__add_ptr(btf, btf__add_struct(btf, name, 8));
	}
	wide = btf__add_struct(btf, "wide", 40000);
	for (i = 0; i < 5000; i++)
		btf__add_field(btf, "to", 2 * i + 2, 64 * i, 0);
	give(btf, wide);
	plan_on(btf, &block);
	CHECK(block.count.types == CHARIOT_PLAN_TYPES_MAX);
	CHECK(block.count.members == CHARIOT_PLAN_TYPES_MAX - 1);
	CHECK(block.dropped.types == 5001 - CHARIOT_PLAN_TYPES_MAX);
	CHECK(block.dropped.members == block.dropped.types);
	plan_block_free(&block);
}

static void too_many_members(void)
{
	struct btf *btf = btf__new_empty();
	struct plan_block block;
	int i, array, wide[9];
	char name[16];

	btf__add_struct(btf, "cell", 8);
	btf__add_field(btf, "to", 2, 0, 0);
	btf__add_ptr(btf, 1);
	btf__add_int(btf, "int", 4, 0);
	array = btf__add_array(btf, 3, 1, 8000);
	for (i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "wide%d", i);
		wide[i] = btf__add_struct(btf, name, 64000);
		btf__add_field(btf, "cells", array, 0, 0);
		wide[i] = btf__add_ptr(btf, wide[i]);
	}
	array = btf__add_struct(btf, "top", 72);
	for (i = 0; i < 9; i++)
		btf__add_field(btf, "wide", wide[i], 64 * i, 0);
	give(btf, array);
	plan_on(btf, &block);
	CHECK(block.count.members == CHARIOT_PLAN_MEMBERS_MAX);
	CHECK(block.dropped.members == 9 + 72000 - CHARIOT_PLAN_MEMBERS_MAX);
	plan_block_free(&block);
}

/* Members that lie outside, structures without end inside of each other. */
static void without_sense(void)
{
	struct btf *btf = btf__new_empty();
	struct plan_block block;
	int i, empty;

	btf__add_struct(btf, "self", 64);
	btf__add_field(btf, "self", 1, 0, 0);
	for (i = 0; i < 20; i++)
		btf__add_field(btf, "again", 1, 64, 0);
	btf__add_field(btf, "outside", 2, 57 * 8, 0);
	btf__add_field(btf, "far", 2, 0x7fffffc0, 0);
	btf__add_field(btf, "array", 4, 0, 0);
	btf__add_ptr(btf, 1);
	btf__add_int(btf, "int", 4, 0);
	btf__add_array(btf, 3, 4, 0xffffffff);
	give(btf, 1);
	plan_on(btf, &block);
	CHECK(block.count.types == 1);
	plan_block_free(&block);

	btf = btf__new_empty();
	btf__add_int(btf, "int", 4, 0);
	empty = btf__add_struct(btf, "empty", 0);
	btf__add_struct(btf, "huge", 0x40000000);
	btf__add_ptr(btf, empty);
	btf__add_struct(btf, "good", 16);
	btf__add_field(btf, "empty", 4, 0, 0);
	btf__add_field(btf, "empties", btf__type_cnt(btf), 64, 0);
	btf__add_array(btf, 1, empty, 0xffffffff);
	give(btf, 5);
	plan_on(btf, &block);
	CHECK(block.count.types == 1 && !block.count.members);
	plan_block_free(&block);
}

/* --- lists ------------------------------------------------------------------------ */

/**
 * struct listing - a kernel with a list that a rule knows, but for what is wrong
 * @head: tag of the head's type
 * @head_at: byte of the head, in a structure of 64
 * @head_size: bytes
 * @element: tag of the elements
 * @link: their member's name
 * @link_size: its bytes
 */
struct listing {
	const char *head;
	uint32_t head_at, head_size;
	const char *element, *link;
	uint32_t link_size;
};

static void plan_list(const struct listing *listing, struct plan_block *block)
{
	struct btf *btf = btf__new_empty();
	int head, link, array;

	btf__add_int(btf, "char", 1, 0);
	array = btf__add_array(btf, 1, 1, listing->link_size);
	head = btf__add_struct(btf, listing->head, listing->head_size);
	link = btf__add_struct(btf, "link", listing->link_size);
	btf__add_field(btf, "bytes", array, 0, 0);
	btf__add_struct(btf, listing->element, 48);
	btf__add_field(btf, "first", 1, 0, 0);
	btf__add_field(btf, listing->link, link, 128, 0);
	array = btf__add_struct(btf, "mddev", 64);
	btf__add_field(btf, "other", head, 0, 0);
	btf__add_field(btf, "disks", head, 8 * listing->head_at, 0);
	give(btf, array);
	plan_on(btf, block);
}

static void lists(void)
{
	static const struct listing known = { "list_head", 16, 16, "md_rdev",
					      "same_set", 16 };
	struct plan_block block;

	plan_list(&known, &block);
	CHECK(block.count.types == 2 && block.count.members == 1);
	if (block.count.members == 1) {
		CHECK(block.members[0].offset == 16);
		CHECK(block.members[0].count == (CHARIOT_PLAN_LIST | 16));
		CHECK_TEXT(type(&block, block.members[0].type),
			   "struct md_rdev");
	}
	plan_block_free(&block);
}

/* What is not as the rule says is no list, and the plan is good without it. */
static void lists_without_sense(void)
{
	static const struct listing wrong[] = {
		{ "chain", 16, 16, "md_rdev", "same_set", 16 },
		{ "list_head", 16, 8, "md_rdev", "same_set", 16 },
		{ "list_head", 56, 16, "md_rdev", "same_set", 16 },
		{ "list_head", 16, 16, "disk", "same_set", 16 },
		{ "list_head", 16, 16, "md_rdev", "other", 16 },
		{ "list_head", 16, 16, "md_rdev", "same_set", 8 },
		{ "list_head", 16, 16, "md_rdev", "same_set", 64 },
	};
	struct plan_block block;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		plan_list(&wrong[i], &block);
		CHECK(block.count.types == 1 && !block.count.members);
		plan_block_free(&block);
	}
}

/* --- flexible arrays -------------------------------------------------------------- */

/* Of pointers; of anything else, or of nothing to point to, there is none. */
static void flexible_arrays(void)
{
	struct btf *btf = btf__new_empty();
	struct plan_block block;
	int element, pointer, number, host;

	number = btf__add_int(btf, "char", 1, 0);
	element = btf__add_struct(btf, "port", 24);
	btf__add_field(btf, "number", number, 0, 0);
	pointer = btf__add_ptr(btf, element);
	btf__add_array(btf, number, pointer, 0);
	btf__add_array(btf, number, element, 0);
	host = btf__add_struct(btf, "host", 16);
	btf__add_field(btf, "number", number, 0, 0);
	btf__add_field(btf, "ports", pointer + 1, 128, 0);
	btf__add_field(btf, "data", pointer + 2, 128, 0);
	give(btf, host);
	plan_on(btf, &block);
	CHECK(block.count.types == 2 && block.count.members == 1);
	if (block.count.members == 1) {
		CHECK(block.members[0].offset == 16);
		CHECK(block.members[0].count == CHARIOT_PLAN_FLEXIBLE);
		CHECK_TEXT(type(&block, block.members[0].type), "struct port");
	}
	plan_block_free(&block);
}

/* --- damage --------------------------------------------------------------------- */

static const uint32_t spoils[] = {
	0, 1, 2, 0x7f, 0xff, 0x1000, 0xffff, 0x7fffffff, 0x80000000,
	0x84000001, 0xfffffff0, 0xffffffff,
};

/* From exact blocks, so that ASan sees a byte too far. */
static void plan_damaged(const struct blob *module, struct types *types)
{
	struct blob copy = { malloc(module->size), module->size };
	struct plan_block block;

	memcpy(copy.bytes, module->bytes, copy.size);
	make_plan(&copy, types, &block);
	plan_block_free(&block);
	free(copy.bytes);
}

static void damaged_modules(void)
{
	struct sample sample = make_sample();
	struct blob *module = &sample.module;
	uint32_t before;
	struct types *types;
	size_t at, i;

	CHECK(!types_from_memory(sample.kernel_blob.bytes,
				 sample.kernel_blob.size, &types));
	for (at = 0; at + 4 <= module->size; at += 4) {
		memcpy(&before, module->bytes + at, 4);
		for (i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
			memcpy(module->bytes + at, &spoils[i], 4);
			plan_damaged(module, types);
		}
		memcpy(module->bytes + at, &before, 4);
	}
	types_close(types);
	free_sample(&sample);
}

static void damaged_kernels(void)
{
	struct sample sample = make_sample();
	struct blob *kernel = &sample.kernel_blob;
	struct types *types;
	uint32_t before;
	size_t at, i;

	for (at = 0; at + 4 <= kernel->size; at += 4) {
		memcpy(&before, kernel->bytes + at, 4);
		for (i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
			memcpy(kernel->bytes + at, &spoils[i], 4);
			if (types_from_memory(kernel->bytes, kernel->size,
					      &types))
				continue;
			plan_damaged(&sample.module, types);
			types_close(types);
		}
		memcpy(kernel->bytes + at, &before, 4);
	}
	free_sample(&sample);
}

/* As a damaged symbol table may say. Found by fuzzing. */
static void import_named_twice(void)
{
	const struct chariot_plan_import import = {
		.outs = { CHARIOT_PLAN_NONE, CHARIOT_PLAN_NONE, CHARIOT_PLAN_NONE,
			  CHARIOT_PLAN_NONE, CHARIOT_PLAN_NONE, CHARIOT_PLAN_NONE },
	};
	static const char *const names[] = { "b", "a", "b", "c", "b", "a" };
	struct plan_block block = { 0 };
	size_t i;

	plan_block_type(&block, "struct ", "object", 64);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK(plan_block_import(&block, names[i], &import));
	plan_block_sort_imports(&block);
	CHECK(block.count.imports == 3);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK(plan_block_find_import(&block, names[i]));
	check_plan(&block);
	plan_block_free(&block);
}

const struct check_test plan_types_tests[] = {
	{ "plan: functions whose address is taken", entries },
	{ "plan: what the sample module is handed", plan_of_sample },
	{ "plan: lists that a rule knows", lists },
	{ "plan: lists that are not as their rule says", lists_without_sense },
	{ "plan: flexible arrays of pointers", flexible_arrays },
	{ "plan: without types", without_types },
	{ "plan: how far pointers are followed", depth },
	{ "plan: more types than there is room for", too_many_types },
	{ "plan: more members than there is room for", too_many_members },
	{ "plan: structures without sense", without_sense },
	{ "plan: an import that is named twice", import_named_twice },
	{ "plan: every field of a module spoiled", damaged_modules },
	{ "plan: every field of the kernel's BTF spoiled", damaged_kernels },
	{ NULL, NULL }
};
