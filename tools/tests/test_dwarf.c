// SPDX-License-Identifier: GPL-2.0-only
/* Tests of lib/dwarf.c: the plan of a module that has no BTF. */
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "lib/dwarf.h"
#include "lib/plan_types.h"
#include "plan_check.h"
#include "sample_types.h"

static struct types *kernel_types(void)
{
	struct btf *btf = sample_kernel_types();
	struct blob blob = sample_blob(btf);
	struct types *types;

	CHECK(!types_from_memory(blob.bytes, blob.size, &types));
	free(blob.bytes);
	btf__free(btf);
	return types;
}

static void add_argument(FILE *out, const struct plan_block *block, uint32_t arg)
{
	bool again = CHARIOT_PLAN_IS_POINTER(arg);
	char type[64];

	if (arg == CHARIOT_PLAN_BYTES)
		fputs(" bytes", out);
	else if (arg == CHARIOT_PLAN_STRINGS)
		fputs(" strings", out);
	else if (CHARIOT_PLAN_IS_AREA(arg))
		fprintf(out, " area(%u)", arg - CHARIOT_PLAN_AREA(0));
	else
		fprintf(out, " %s%s",
			plan_block_type_text(block, again ?
				CHARIOT_PLAN_POINTED(arg) : arg,
				type, sizeof(type)) ? type : "-",
			again ? " *" : "");
}

/* "function: arguments" and "type size: offset*count type, ..." */
static void add_function(FILE *out, const struct plan_block *block,
			 const struct chariot_plan_entry *entry)
{
	int i;

	fprintf(out, "%s:", block->strings + entry->name);
	for (i = 0; i < 4; i++)
		add_argument(out, block, entry->args[i]);
	fputc('\n', out);
}

static void add_type(FILE *out, const struct plan_block *block, uint32_t number)
{
	const struct chariot_plan_type *type = &block->types[number];
	const struct chariot_plan_member *member;
	char text[64];
	uint32_t i;

	plan_block_type_text(block, number, text, sizeof(text));
	fprintf(out, "%s %u:", text, type->size);
	for (i = 0; i < type->members; i++) {
		member = &block->members[type->member + i];
		plan_block_type_text(block, member->type, text, sizeof(text));
		fprintf(out, " %u*%u %s", member->offset, member->count, text);
	}
	fputc('\n', out);
}

static char *text_of(const struct plan_block *block)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	uint32_t i;

	for (i = 0; i < block->count.entries; i++)
		add_function(out, block, &block->entries[i]);
	for (i = 0; i < block->count.types; i++)
		add_type(out, block, i);
	fclose(out);
	return text;
}

/* The kernel knows an object of that name and size, and what is in it. */
static const char wanted[] =
	"by_private: struct private - - struct child\n"
	"by_typedef: unnamed_t - - -\n"
	"keep: struct object * area(0) - -\n"
	"fill: struct object bytes - -\n"
	"parse: - strings area(1) -\n"
	"struct private 88: 0*1 struct list 8*1 struct list 24*4 struct child "
	"56*1 struct private 72*1 struct secret\n"
	"struct child 16: 0*1 struct object\n"
	"unnamed_t 8: 0*1 struct child\n"
	"struct object 64: 0*1 struct list 8*1 struct list 24*2 struct child "
	"40*1 struct child 40*1 struct list\n"
	"struct list 16: 0*1 struct list 8*1 struct list\n"
	"struct secret 16: 0*1 struct private\n";

static void plan_of_file(void)
{
	struct types *types = kernel_types();
	struct plan_block block;
	struct image *image;
	const char *why;
	char *text;

	if (image_open(check_file("handed.ko"), &image, &why)) {
		CHECK_TEXT(NULL, "handed.ko, opened");
		types_close(types);
		return;
	}
	CHECK(!plan_types_add_module(types, image, "/nonexistent/vmlinux"));
	CHECK(!plan_types_make(image, types, &block));
	text = text_of(&block);
	CHECK_TEXT(text, wanted);
	free(text);
	plan_block_free(&block);
	image_close(image);
	types_close(types);
}

static void without_information(void)
{
	struct types *types = kernel_types();
	struct image *image;
	const char *why;
	void *btf;
	size_t size;

	CHECK(!image_open(check_file("fixture-stripped.ko"), &image, &why));
	CHECK(dwarf_to_btf(image, types, &btf, &size) == -ENODATA);
	CHECK(!btf);
	image_close(image);
	types_close(types);
}

static void plan_damaged(const unsigned char *bytes, size_t size, void *data)
{
	struct types *types = data;
	struct plan_block block;
	struct image *image;
	const char *why, *wrong;
	size_t length;
	void *plan;

	if (image_from_memory(bytes, size, &image, &why))
		return;
	plan_types_add_module(types, image, "/nonexistent/vmlinux");
	if (!plan_types_make(image, types, &block)) {
		plan = plan_block_pack(&block, &length);
		wrong = plan_check(plan, length);
		CHECK_TEXT(wrong ? wrong : "nothing", "nothing");
		free(plan);
	}
	plan_block_free(&block);
	types_drop_modules(types);
	image_close(image);
}

/* Every third byte, which gets at each kind of field somewhere. */
static void damaged(void)
{
	struct types *types = kernel_types();

	check_spoiled("handed.ko", 3, plan_damaged, types);
	types_close(types);
}

const struct check_test dwarf_tests[] = {
	{ "dwarf: plan of a module without BTF", plan_of_file },
	{ "dwarf: no debug information", without_information },
	{ "dwarf: a file spoiled all over", damaged },
	{ NULL, NULL }
};
