// SPDX-License-Identifier: GPL-2.0-only
/* Tests of lib/shapes.c: what the tables of shaped.c are taken for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "lib/shapes.h"
#include "sample_types.h"

static struct types *kernel(void)
{
	struct types *types;

	CHECK(!types_open(check_file("shaped.btf"), &types));
	return types;
}

static const char *name_of(const struct type_object *object)
{
	return object->btf ? object->name : "-";
}

/* What a function of the module's is known to be handed by its two arguments. */
static void handed(const struct types *types, const char *function,
		   const char *wanted)
{
	struct type_call call;
	char text[128] = "nothing";

	if (types_call(types, function, true, &call))
		snprintf(text, sizeof(text), "%s %s", name_of(&call.args[0]),
			 name_of(&call.args[1]));
	CHECK_TEXT(text, wanted);
}

static void tables(void)
{
	struct types *types = kernel();
	struct type_call call;
	struct image *image;
	const char *why;

	if (!types || image_open(check_file("shaped.ko"), &image, &why)) {
		CHECK_TEXT(NULL, "shaped.ko, opened");
		types_close(types);
		return;
	}
	CHECK(!shapes_lend(image, types));
	/* An argument says what it is, or a member. */
	handed(types, "file_open", "inode file");
	handed(types, "file_close", "inode file");
	handed(types, "page_read", "page file");
	handed(types, "probe", "disk -");
	handed(types, "run_one", "file -");
	handed(types, "run_two", "file -");
	/* It fits one type alone, of those that the module deals with. */
	handed(types, "submit", "disk -");
	handed(types, "flush", "disk page");
	CHECK(types_call(types, "status", true, &call));
	CHECK(call.bytes[1] == CHARIOT_PLAN_BYTES && call.bytes[3] != CHARIOT_PLAN_BYTES);
	CHECK(types_call(types, "begin", true, &call));
	CHECK(call.bytes[2] == CHARIOT_PLAN_STRINGS);
	/* What both have in common that it fits. */
	handed(types, "unclear_open", "- file");
	/* A callback. */
	handed(types, "each", "page -");
	/* The kernel's macro named it. */
	handed(types, "show", "disk device_attribute");
	/* By its name one of two. */
	handed(types, "show_some", "disk -");
	handed(types, "unlike_go", "nothing");
	handed(types, "far_go", "nothing");
	handed(types, "internal_one", "nothing");
	/* An import is none of its own. */
	handed(types, "register_file", "nothing");
	types_drop_modules(types);
	handed(types, "file_open", "nothing");
	image_close(image);
	types_close(types);
}

static void without_tables(void)
{
	struct types *types = kernel();
	struct image *image;
	const char *why;

	CHECK(!image_open(check_file("fixture-stripped.ko"), &image, &why));
	CHECK(!shapes_lend(image, types));
	handed(types, "by_data", "nothing");
	image_close(image);
	types_close(types);
}

static void lend_damaged(const unsigned char *bytes, size_t size, void *data)
{
	struct types *types = data;
	struct image *image;
	const char *why;
	int err;

	if (image_from_memory(bytes, size, &image, &why))
		return;
	err = shapes_lend(image, types);
	CHECK(!err || err == -ENOEXEC);
	types_drop_modules(types);
	image_close(image);
}

static void damaged(void)
{
	struct types *types = kernel();

	check_spoiled("shaped.ko", 1, lend_damaged, types);
	types_close(types);
}

const struct check_test shapes_tests[] = {
	{ "shapes: tables of a module without types", tables },
	{ "shapes: a module without tables", without_tables },
	{ "shapes: a file spoiled all over", damaged },
	{ NULL, NULL }
};
