// SPDX-License-Identifier: GPL-2.0-only
/* Tests of lib/types.c: prototypes from BTF, whole and damaged. */
#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "lib/types.h"
#include "sample_types.h"

/* The types of the sample kernel, and of its module if asked for. */
static struct types *make_types(bool with_module)
{
	struct btf *kernel = sample_kernel_types();
	struct btf *module = sample_module_types(kernel);
	struct blob blob = sample_blob(kernel);
	struct types *types;

	CHECK(!types_from_memory(blob.bytes, blob.size, &types));
	free(blob.bytes);
	blob = sample_blob(module);
	if (with_module)
		CHECK(!types_add_module(types, blob.bytes, blob.size, true));
	free(blob.bytes);
	btf__free(module);
	btf__free(kernel);
	return types;
}

static const char *name_of(const struct type_object *object)
{
	return object->btf ? object->name : "-";
}

/* The names of all that a call hands over: "returns, args; outs". */
static const char *text_of(const struct type_call *call)
{
	static char text[256];
	int i;

	strcpy(text, name_of(&call->ret));
	for (i = 0; i < 4; i++) {
		strcat(text, " ");
		strcat(text, name_of(&call->args[i]));
	}
	strcat(text, ";");
	for (i = 0; i < 3; i++) {
		strcat(text, " ");
		strcat(text, name_of(&call->outs[i]));
	}
	return text;
}

static void calls(const struct types *types, const char *name, bool own,
		  const char *wanted)
{
	struct type_call call;

	CHECK(types_call(types, name, own, &call));
	CHECK_TEXT(text_of(&call), wanted);
}

static void of_kernel(void)
{
	struct types *types = make_types(false);
	struct type_call call;

	calls(types, "get_object", false, "object - - - -; - - -");
	calls(types, "find_object", false, "- - - - -; - object -");
	calls(types, "get_constant", false, "- object - - -; - - -");
	calls(types, "by_data", false, "- list - - -; - - -");
	/* Without the module's own, a name alone says nothing. */
	CHECK(!types_call(types, "by_data", true, &call));
	CHECK(!types_call(types, "nosuch", false, &call));
	CHECK(!types_call(types, "", false, &call));
	CHECK(!types_call(types, "object", false, &call));
	CHECK(!types_call(NULL, "by_data", true, &call));
	types_close(types);
}

static void of_module(void)
{
	struct types *types = make_types(true);

	calls(types, "by_data", true, "- hidden - object -; - - -");
	/* By value: 8 bytes fill a register, 12 nobody knows where. */
	calls(types, "by_code", true, "- - object - -; - - -");
	/* Returned in memory: its address takes the first register. */
	calls(types, "by_end", true, "- - - - -; - - -");
	calls(types, "exported", true, "- object - - -; - - -");
	/* What BTF of the module shares with the kernel's stands only there. */
	calls(types, "get_object", true, "object - - - -; - - -");
	calls(types, "by_data", false, "- list - - -; - - -");
	types_close(types);
}

static void declared_only(void)
{
	struct types *types = make_types(true);
	struct type_object object, target;
	const struct btf_type *type;
	uint32_t hidden;

	CHECK(types_object(types, "object", &object));
	CHECK(object.size == 64);
	CHECK_TEXT(object.keyword, "struct ");
	type = btf__type_by_id(object.btf, object.id);
	hidden = btf_members(type)[btf_vlen(type) - 1].type;
	CHECK(types_pointee(types, object.btf, hidden, &target));
	CHECK_TEXT(target.name, "hidden");
	CHECK(target.size == 24);
	types_drop_modules(types);
	CHECK(!types_pointee(types, object.btf, hidden, &target));
	CHECK(!types_object(types, "hidden", &target));
	types_close(types);
}

/* A type that is a typedef of itself, and one that is const of a typedef. */
static void circles(void)
{
	struct btf *btf = btf__new_empty();
	struct type_object object;
	struct types *types;
	struct blob blob;

	btf__add_typedef(btf, "round", 1);
	btf__add_ptr(btf, 1);
	btf__add_const(btf, 4);
	btf__add_typedef(btf, "about", 3);
	btf__add_ptr(btf, 4);
	btf__add_ptr(btf, 6);
	blob = sample_blob(btf);
	CHECK(!types_from_memory(blob.bytes, blob.size, &types));
	CHECK(!type_peel(btf, 1).type);
	CHECK(!type_peel(btf, 4).type);
	CHECK(!types_pointee(types, btf, 2, &object));
	CHECK(!types_pointee(types, btf, 5, &object));
	CHECK(!types_pointee(types, btf, 6, &object));
	CHECK(!types_pointee(types, btf, 1000, &object));
	types_close(types);
	free(blob.bytes);
	btf__free(btf);
}

/* By the wrong kernel's BTF, functions are of types that are no prototypes. */
static void of_another_kernel(void)
{
	struct btf *kernel = sample_kernel_types();
	struct btf *module = sample_module_types(kernel);
	struct btf *other = btf__new_empty();
	struct blob blob = sample_blob(module), base;
	struct types *types;

	btf__add_int(other, "int", 4, 0);
	base = sample_blob(other);
	CHECK(!types_from_memory(base.bytes, base.size, &types));
	CHECK(types_add_module(types, blob.bytes, blob.size, true) == -EINVAL);
	types_close(types);
	free(base.bytes);
	free(blob.bytes);
	btf__free(other);
	btf__free(module);
	btf__free(kernel);
}

static void damaged_headers(void)
{
	struct btf *kernel = sample_kernel_types();
	struct blob blob = sample_blob(kernel);
	struct btf_header *header = (void *)blob.bytes;
	struct types *types;
	size_t cut;

	for (cut = 0; cut < blob.size; cut += 3) {
		unsigned char *copy = malloc(cut + 1);

		memcpy(copy, blob.bytes, cut);
		CHECK(types_from_memory(copy, cut, &types) < 0);
		CHECK(!types);
		free(copy);
	}
	/* libbpf would read as far behind the end as its header is longer. */
	header->hdr_len += 64;
	CHECK(types_from_memory(blob.bytes, blob.size, &types) == -EINVAL);
	free(blob.bytes);
	btf__free(kernel);
}

static void too_many_modules(void)
{
	struct types *types = make_types(false);
	struct btf *kernel = sample_kernel_types();
	struct btf *module = sample_module_types(kernel);
	struct blob blob = sample_blob(module);
	int i, err = 0;

	for (i = 0; !err && i < 1000; i++)
		err = types_add_module(types, blob.bytes, blob.size, false);
	CHECK(err == -ENOSPC);
	CHECK(types_add_module_file(types, "/nonexistent", false) == -ENOSPC);
	types_drop_modules(types);
	CHECK(types_add_module_file(types, "/nonexistent", false) == -ENOENT);
	CHECK(!types_add_module(types, blob.bytes, blob.size, true));
	types_close(types);
	free(blob.bytes);
	btf__free(module);
	btf__free(kernel);
}

const struct check_test types_tests[] = {
	{ "types: functions of the kernel", of_kernel },
	{ "types: functions of the module", of_module },
	{ "types: what is only declared", declared_only },
	{ "types: circles of typedefs", circles },
	{ "types: a module of another kernel", of_another_kernel },
	{ "types: damaged headers", damaged_headers },
	{ "types: too many modules", too_many_modules },
	{ NULL, NULL }
};
