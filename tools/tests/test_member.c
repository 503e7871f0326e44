// SPDX-License-Identifier: GPL-2.0-only
/* Tests of lib/member.c and lib/member_name.c: names of bytes, and bytes of names. */
#include <bpf/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "lib/member.h"
#include "sample_types.h"

/*
 * struct inner { int a; short b[2][3]; };			16 bytes
 * typedef struct { int value; } alias_t;			4
 * struct outer {						96
 *	int first;						at 0
 *	const int fixed;					4
 *	struct inner inner;					8
 *	struct inner many[2];					24
 *	union { long number; struct { int low; int high; }; };	56
 *	int low_bits : 3, high_bits : 7;			64
 *	alias_t alias;						68
 *	void *pointer;						72
 *	const char name[4];					80
 *	(4 bytes of padding)
 *	int second;						88
 *	char end[];						96
 * };
 */
static struct types *make_types(void)
{
	struct btf *btf = btf__new_empty();
	int integer, shorts, inner, alias, pointer, fixed, name, end, many;
	int pair, either, character, number;
	struct types *types;
	struct blob blob;

	integer = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	shorts = btf__add_array(btf, integer,
				btf__add_int(btf, "short", 2, 0), 3);
	shorts = btf__add_array(btf, integer, shorts, 2);
	inner = btf__add_struct(btf, "inner", 16);
	btf__add_field(btf, "a", integer, 0, 0);
	btf__add_field(btf, "b", shorts, 32, 0);
	alias = btf__add_struct(btf, NULL, 4);
	btf__add_field(btf, "value", integer, 0, 0);
	alias = btf__add_typedef(btf, "alias_t", alias);
	pointer = btf__add_ptr(btf, inner);
	fixed = btf__add_const(btf, integer);
	character = btf__add_int(btf, "char", 1, 0);
	name = btf__add_array(btf, integer, btf__add_const(btf, character), 4);
	end = btf__add_array(btf, integer, character, 0);
	many = btf__add_array(btf, integer, inner, 2);
	pair = btf__add_struct(btf, NULL, 8);
	btf__add_field(btf, "low", integer, 0, 0);
	btf__add_field(btf, "high", integer, 32, 0);
	number = btf__add_int(btf, "long", 8, 0);
	either = btf__add_union(btf, NULL, 8);
	btf__add_field(btf, "number", number, 0, 0);
	btf__add_field(btf, "", pair, 0, 0);
	btf__add_struct(btf, "outer", 96);
	btf__add_field(btf, "first", integer, 0, 0);
	btf__add_field(btf, "fixed", fixed, 32, 0);
	btf__add_field(btf, "inner", inner, 64, 0);
	btf__add_field(btf, "many", many, 192, 0);
	btf__add_field(btf, "", either, 448, 0);
	btf__add_field(btf, "low_bits", integer, 512, 3);
	btf__add_field(btf, "high_bits", integer, 515, 7);
	btf__add_field(btf, "low_bits", integer, 512, 3);
	btf__add_field(btf, "alias", alias, 544, 0);
	btf__add_field(btf, "pointer", pointer, 576, 0);
	btf__add_field(btf, "name", name, 640, 0);
	btf__add_field(btf, "second", integer, 704, 0);
	btf__add_field(btf, "end", end, 768, 0);
	btf__add_union(btf, "either", 4);
	btf__add_field(btf, "x", integer, 0, 0);
	btf__add_typedef(btf, "number_t", integer);
	blob = sample_blob(btf);
	CHECK(!types_from_memory(blob.bytes, blob.size, &types));
	free(blob.bytes);
	btf__free(btf);
	return types;
}

/* @wanted: "offset size", or a part of why it is none */
static void finds(const struct types *types, const char *text,
		  const char *wanted)
{
	struct type_object object;
	struct member_place place;
	struct member_name name;
	char why[MEMBER_WHY] = "", got[64];

	if (member_parse(text, &name, why) &&
	    types_objects(types, name.keyword, name.tag, &object, 1) &&
	    member_find(&object, name.path, &place, why)) {
		snprintf(got, sizeof(got), "%u %u", place.offset, place.size);
		CHECK_TEXT(got, wanted);
		return;
	}
	if (!strstr(why, wanted))
		CHECK_TEXT(why, wanted);
}

static void places(void)
{
	struct types *types = make_types();

	finds(types, "struct outer", "0 96");
	finds(types, "struct\t outer.first", "0 4");
	finds(types, "struct outer.inner", "8 16");
	finds(types, "struct outer.inner.b", "12 12");
	finds(types, "struct outer.inner.b[1]", "18 6");
	finds(types, "struct outer.inner.b[1][2]", "22 2");
	finds(types, "struct outer.many", "24 32");
	finds(types, "struct outer.many[1].a", "40 4");
	finds(types, "struct outer.number", "56 8");
	finds(types, "struct outer.high", "60 4");
	finds(types, "struct outer.low_bits:byte", "64 1");
	finds(types, "struct outer.high_bits:byte", "64 2");
	finds(types, "struct outer.alias.value", "68 4");
	finds(types, "struct outer.pointer", "72 8");
	finds(types, "alias_t", "0 4");
	finds(types, "alias_t.value", "0 4");
	finds(types, "union either.x", "0 4");
	types_close(types);
}

static void refusals(void)
{
	struct types *types = make_types();

	finds(types, "", "the name of a structure is wanted");
	finds(types, "struct 3", "the name of a structure is wanted");
	finds(types, "struct outer first", "behind 'outer' stands ' first'");
	finds(types, "struct outer.", "a member's name is wanted");
	finds(types, "struct outer.frist", "is 'first' meant?");
	finds(types, "struct inner.nothing", "has no member 'nothing', only: a, b");
	finds(types, "struct outer.zzzzzzzzz", "it has 15 others: first, fixed, inner, many, number, ...");
	finds(types, "struct outer.fixed", "'struct outer.fixed' is const");
	finds(types, "struct outer.name", "'struct outer.name' is const");
	finds(types, "struct outer.name[2]", "'struct outer.name[2]' is const");
	finds(types, "struct outer.low_bits", "is a bit field of 3 bits");
	finds(types, "struct outer.low_bits", "5 other bits too");
	finds(types, "struct outer.low_bits.x", "it has no parts");
	finds(types, "struct outer.low_bits:bit", "stands ':bit'");
	finds(types, "struct outer.first:byte", "is no bit field");
	finds(types, "struct outer.many[2]", "has 2 elements, struct outer.many[0] to struct outer.many[1]");
	finds(types, "struct outer.many[99999999999999999999]", "has 2 elements");
	finds(types, "struct outer.many[-1]", "an element's number is wanted");
	finds(types, "struct outer.many[1", "a number and ']' are wanted");
	finds(types, "struct outer.many.a", "is an array: name an element");
	finds(types, "struct outer.first[0]", "is no array");
	finds(types, "struct outer.first.x", "is no structure");
	finds(types, "struct outer.pointer.a", "is a pointer");
	finds(types, "struct outer.end", "has no size of its own");
	finds(types, "struct outer.end[0]", "an array without a size");
	finds(types, "struct outer.first x", "stands ' x'");
	finds(types, "struct outer.first..x", "a member's name is wanted");
	/* No structure: nothing is found, and nothing to say here. */
	finds(types, "struct alias_t", "");
	finds(types, "number_t", "");
	types_close(types);
}

static void says(const struct types *types, uint64_t offset, uint64_t length,
		 const char *wanted)
{
	char text[MEMBER_TEXT];

	member_describe(types, "outer", offset, length, text);
	CHECK_TEXT(text, wanted);
}

static void names(void)
{
	struct types *types = make_types();
	char text[MEMBER_TEXT];

	says(types, 0, 4, "struct outer.first");
	says(types, 2, 1, "struct outer.first");
	says(types, 0, 0, "struct outer.first");
	says(types, 8, 16, "struct outer.inner");
	says(types, 8, 4, "struct outer.inner.a");
	says(types, 20, 2, "struct outer.inner.b[1][1]");
	says(types, 18, 6, "struct outer.inner.b[1]");
	says(types, 24, 32, "struct outer.many");
	says(types, 40, 16, "struct outer.many[1]");
	says(types, 56, 8, "struct outer.number");
	says(types, 60, 4, "struct outer.high");
	says(types, 64, 1, "struct outer.low_bits:byte");
	says(types, 65, 1, "struct outer.high_bits:byte");
	says(types, 68, 4, "struct outer.alias");
	says(types, 0, 96, "struct outer");
	says(types, 0, 8, "struct outer.first to .fixed");
	says(types, 84, 4, "outer +0x54");
	says(types, 96, 1, "outer +0x60");
	says(types, UINT64_MAX, UINT64_MAX, "outer +0xffffffffffffffff");
	says(NULL, 0, 4, "outer +0x0");
	CHECK(member_describe(types, "alias_t", 0, 4, text));
	CHECK_TEXT(text, "alias_t");
	CHECK(!member_describe(types, "\033[2J", 0, 4, text));
	CHECK_TEXT(text, "?[2J +0x0");
	types_close(types);
}

static void bit_fields(void)
{
	struct types *types = make_types();
	struct type_object object;
	char text[64];

	CHECK(types_object(types, "outer", &object));
	member_fields(&object, 64, text, sizeof(text));
	CHECK_TEXT(text, "low_bits, high_bits");
	member_fields(&object, 65, text, sizeof(text));
	CHECK_TEXT(text, "high_bits");
	member_fields(&object, 64, text, 12);
	CHECK_TEXT(text, "low_bits, h");
	member_fields(&object, 40, text, sizeof(text));
	CHECK_TEXT(text, "");
	member_fields(&object, UINT64_MAX, text, sizeof(text));
	CHECK_TEXT(text, "");
	types_close(types);
}

/* Each byte that has a name is found again by this name. */
static void there_and_back(void)
{
	struct types *types = make_types();
	char path[MEMBER_TEXT], why[MEMBER_WHY];
	struct member_place place, again;
	struct type_object object;
	uint64_t from, length;

	CHECK(types_object(types, "outer", &object));
	for (from = 0; from < 100; from++) {
		for (length = 1; length < 100; length++) {
			if (!member_at(&object, from, from + length, path, &place))
				continue;
			CHECK(place.offset <= from &&
			      place.offset + place.size > from);
			if (!member_find(&object, path, &again, why))
				CHECK(strstr(why, "is const"));
			else
				CHECK(again.offset == place.offset &&
				      again.size == place.size);
		}
	}
	types_close(types);
}

/* Structures without end in each other, and members outside. */
static void without_sense(void)
{
	struct btf *btf = btf__new_empty();
	char why[MEMBER_WHY], path[MEMBER_TEXT];
	struct member_place place;
	struct type_object object;
	struct types *types;
	struct blob blob;
	int i;

	btf__add_struct(btf, "self", 64);
	for (i = 0; i < 20; i++)
		btf__add_field(btf, "", 1, 0, 0);
	btf__add_field(btf, "outside", 2, 64 * 8, 0);
	btf__add_field(btf, "far", 2, 0x7fffffc0, 0);
	btf__add_field(btf, "over", 3, 63 * 8, 0);
	btf__add_int(btf, "char", 1, 0);
	btf__add_int(btf, "int", 4, 0);
	btf__add_field(btf, "\033[2J", 3, 0, 0);
	blob = sample_blob(btf);
	CHECK(!types_from_memory(blob.bytes, blob.size, &types));
	CHECK(types_object(types, "self", &object));
	CHECK(!member_find(&object, ".nosuch", &place, why));
	CHECK(!member_find(&object, ".outside", &place, why));
	CHECK(!member_find(&object, ".far", &place, why));
	CHECK(!member_find(&object, ".over", &place, why));
	CHECK(strstr(why, "the BTF is damaged"));
	member_at(&object, 0, 4, path, &place);
	member_at(&object, 63, 67, path, &place);
	types_close(types);
	free(blob.bytes);
	btf__free(btf);
}

/* Two structures of one name: what they agree on is certain. */
static void two_of_a_name(void)
{
	struct btf *btf = btf__new_empty();
	struct types *types;
	struct blob blob;
	char text[MEMBER_TEXT];

	btf__add_int(btf, "int", 4, 0);
	btf__add_struct(btf, "outer", 8);
	btf__add_field(btf, "same", 1, 0, 0);
	btf__add_field(btf, "one", 1, 32, 0);
	btf__add_struct(btf, "outer", 12);
	btf__add_field(btf, "same", 1, 0, 0);
	btf__add_field(btf, "other", 1, 32, 0);
	btf__add_field(btf, "more", 1, 64, 0);
	blob = sample_blob(btf);
	CHECK(!types_from_memory(blob.bytes, blob.size, &types));
	says(types, 0, 4, "struct outer.same");
	says(types, 4, 4, "outer +0x4");
	says(types, 8, 4, "struct outer.more");
	CHECK(!member_describe(types, "outer", 4, 4, text));
	types_close(types);
	free(blob.bytes);
	btf__free(btf);
}

const struct check_test member_tests[] = {
	{ "member: places by name", places },
	{ "member: what is refused, and why", refusals },
	{ "member: names of places", names },
	{ "member: bit fields of a byte", bit_fields },
	{ "member: there and back", there_and_back },
	{ "member: structures without sense", without_sense },
	{ "member: two structures of a name", two_of_a_name },
	{ NULL, NULL }
};
