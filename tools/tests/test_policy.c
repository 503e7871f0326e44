// SPDX-License-Identifier: GPL-2.0-only
/* Tests of lib/policy.c, lib/policy_apply.c and lib/learn.c. */
#include <bpf/btf.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "lib/learn.h"
#include "lib/policy.h"
#include "sample_types.h"

static char told[16384];

static void tell(bool wrong, const char *text, void *data)
{
	size_t used = strlen(told);

	(void)data;
	snprintf(told + used, sizeof(told) - used, "%s%s\n",
		 wrong ? "" : "note: ", text);
}

static const struct policy_listener listener = { tell, NULL };

static struct types *sample_types(void)
{
	struct btf *kernel = sample_kernel_types();
	struct blob blob = sample_blob(kernel);
	struct types *types;

	CHECK(!types_from_memory(blob.bytes, blob.size, &types));
	free(blob.bytes);
	btf__free(kernel);
	return types;
}

/* From a block of its exact size, so that ASan sees a byte too far. */
static int parse(const char *text, size_t size, struct policy *policy)
{
	char *copy = malloc(size);
	int err;

	memcpy(copy, text, size);
	told[0] = '\0';
	err = policy_parse("f", copy, size, &listener, policy);
	free(copy);
	return err;
}

static int parse_text(const char *text, struct policy *policy)
{
	return parse(text, strlen(text), policy);
}

static void lines(void)
{
	struct policy policy;
	char text[512];

	CHECK(!parse_text("# \xc3\xbc\n\n  write struct a.b # c\n"
			  "write\tunion a\ngranularity page t_t\n\t\nwrite a",
			  &policy));
	CHECK(policy.count == 4);
	CHECK(policy.lines[0].number == 3);
	policy_line_text(&policy.lines[0], text, sizeof(text));
	CHECK_TEXT(text, "struct a.b");
	policy_line_text(&policy.lines[1], text, sizeof(text));
	CHECK_TEXT(text, "union a");
	CHECK(policy.lines[2].verb == POLICY_PAGES);
	CHECK(policy.lines[3].number == 7);
	policy_free(&policy);
	CHECK(!parse_text("", &policy));
	CHECK(!policy.count);
	policy_free(&policy);
}

static void wrong(const char *text, const char *wanted)
{
	struct policy policy;

	CHECK(parse_text(text, &policy) == -EINVAL);
	if (!strstr(told, wanted))
		CHECK_TEXT(told, wanted);
	policy_free(&policy);
}

static void wrong_lines(void)
{
	char line[1100];

	wrong("\n\nread struct a", "f:3: 'read' is not known: 'write' and 'granularity'");
	wrong("writestruct a", "f:1: 'writestruct' is not known");
	wrong("write", "f:1: here the name of a structure is wanted");
	wrong("write struct", "f:1: here the name of a structure is wanted");
	wrong("write struct a\r\n", "f:1: there is a control character");
	wrong("# \033[2J", "f:1: there is a control character");
	wrong("granularity byte struct a", "f:1: behind 'granularity' only 'page'");
	wrong("write \xff", "f:1: here");
	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	wrong(line, "f:1: a line has 1024 bytes at most");
	memcpy(line, "write ", 6);
	line[1000] = '\0';
	wrong(line, "no structure has a name of 994 letters");
	line[7] = '.';
	wrong(line, "the name is too long");
}

static void too_much(void)
{
	const size_t size = POLICY_SIZE_MAX + 1;
	char *text = malloc(size);
	struct policy policy;
	size_t i;

	memset(text, '\n', size);
	CHECK(parse(text, size, &policy) == -EINVAL);
	CHECK(strstr(told, "f: a policy has 262144 bytes at most"));
	policy_free(&policy);
	CHECK(!parse(text, size - 1, &policy));
	policy_free(&policy);
	memset(text, 0, size);
	CHECK(parse(text, 500, &policy) == -EINVAL);
	policy_free(&policy);
	/* Messages end, lines too. */
	for (i = 0; i + 8 <= 8 * (POLICY_LINES_MAX + 100); i += 8)
		memcpy(text + i, "write a\n", 8);
	CHECK(parse(text, i, &policy) == -EINVAL);
	CHECK(policy.count == POLICY_LINES_MAX && policy.wrong == 100);
	CHECK(strstr(told, "f:4097: a policy has 4096 lines at most"));
	CHECK(strstr(told, "more is wrong"));
	CHECK(!strstr(told, "f:4190"));
	policy_free(&policy);
	free(text);
}

/* @wanted: what is told, or "" if it is good */
static void checks(struct types *types, const char *text, const char *wanted)
{
	struct policy policy;

	CHECK(!parse_text(text, &policy));
	CHECK(policy_check(&policy, types) == (*wanted ? -EINVAL : 0));
	if (!strstr(told, wanted) || (!*wanted && *told))
		CHECK_TEXT(told, wanted);
	policy_free(&policy);
}

static void held_against_types(void)
{
	struct types *types = sample_types();

	checks(types, "write struct object.list.next\nwrite struct object.child", "");
	checks(types, "write struct child.flags:byte", "");
	checks(types, "write struct child.flags", "f:1: 'struct child.flags' is a bit field");
	checks(types, "write struct objekt.list", "f:1: there is no struct objekt in this kernel's and the module's types; is 'object' meant?");
	checks(types, "write union object", "f:1: there is no union object, but 'struct object'");
	checks(types, "write object", "f:1: there is no typedef object, but 'struct object'");
	checks(types, "write struct object.kids[2]", "f:1: 'struct object.kids' has 2 elements");
	checks(types, "write struct hidden", "f:1: there is no struct hidden");
	checks(types, "granularity page struct object", "");
	checks(types, "granularity page struct object.list", "leave out '.list'");
	checks(types, "granularity page struct nosuch", "there is no struct nosuch");
	types_close(types);
}

/* As a plan's, without pointers. */
static void plan_with(struct plan_block *block, const char *name, uint32_t size)
{
	CHECK(plan_block_type(block, "struct ", name, size) !=
	      CHARIOT_PLAN_NONE);
}

static void applies(void)
{
	struct types *types = sample_types();
	struct plan_block block = { 0 };
	struct policy policy;

	plan_with(&block, "other", 8);
	plan_with(&block, "object", 64);
	/* Another one of that name: not the one that is in the types. */
	plan_with(&block, "object", 72);
	CHECK(!parse_text("write struct object.kids[1]\nwrite struct child\n"
			  "write struct object.constant\n"
			  "write struct object.kids[0]\n"
			  "write struct object.hidden\n", &policy));
	CHECK(!policy_apply(&policy, types, &block));
	CHECK_TEXT(told, "note: f:2: the module is handed no struct child: this line has no effect\n");
	/* Neighbours are one. */
	CHECK(block.count.grants == 2);
	CHECK(block.grants[0].type == 1 && block.grants[0].offset == 16 &&
	      block.grants[0].size == 24 && !block.grants[0].flags);
	CHECK(block.grants[1].offset == 48 && block.grants[1].size == 8);
	CHECK(policy.lines[0].state == POLICY_GRANTED);
	CHECK(policy.lines[0].place.offset == 32);
	CHECK(policy.lines[1].state == POLICY_NOT_HANDED);
	policy_free(&policy);
	plan_block_free(&block);
	types_close(types);
}

/* Of the whole, and not one with what is given by the byte. */
static void applies_to_pages(void)
{
	struct types *types = sample_types();
	struct plan_block block = { 0 };
	struct policy policy;

	plan_with(&block, "object", 64);
	CHECK(!parse_text("write struct object.kids[1]\n"
			  "granularity page struct object\n"
			  "granularity page struct object\n"
			  "write struct object.kids[0]\n", &policy));
	CHECK(!policy_apply(&policy, types, &block));
	CHECK(block.count.grants == 2);
	CHECK(!block.grants[0].flags && block.grants[0].size == 16);
	CHECK(block.grants[1].flags == CHARIOT_PLAN_GRANT_PAGES &&
	      !block.grants[1].offset && block.grants[1].size == 64);
	CHECK(policy.lines[1].state == POLICY_GRANTED);
	policy_free(&policy);
	plan_block_free(&block);

	memset(&block, 0, sizeof(block));
	plan_with(&block, "object", 64);
	CHECK(!parse_text("granularity page struct object.list\n", &policy));
	CHECK(policy_apply(&policy, types, &block) == -EINVAL);
	CHECK(!block.count.grants && policy.lines[0].state == POLICY_WRONG);
	policy_free(&policy);
	plan_block_free(&block);
	types_close(types);
}

/* A wrong line is left out, and said. */
static void applies_the_rest(void)
{
	struct types *types = sample_types();
	struct plan_block block = { 0 };
	struct policy policy;

	plan_with(&block, "object", 64);
	CHECK(!parse_text("write struct object.nosuch\nwrite struct object.list\n",
			  &policy));
	CHECK(policy_apply(&policy, types, &block) == -EINVAL);
	CHECK(policy.wrong == 1 && policy.lines[0].state == POLICY_WRONG);
	CHECK(block.count.grants == 1 && block.grants[0].size == 16);
	policy_free(&policy);
	plan_block_free(&block);
	types_close(types);
}

static struct types *types_of(struct btf *btf)
{
	struct blob blob = sample_blob(btf);
	struct types *types;

	CHECK(!types_from_memory(blob.bytes, blob.size, &types));
	free(blob.bytes);
	btf__free(btf);
	return types;
}

/* Of one name and size, but a member at different places. */
static void uncertain(void)
{
	struct btf *btf = btf__new_empty();
	struct plan_block block = { 0 };
	struct policy policy;
	struct types *types;

	btf__add_int(btf, "int", 4, 0);
	btf__add_struct(btf, "twin", 8);
	btf__add_field(btf, "a", 1, 0, 0);
	btf__add_field(btf, "b", 1, 32, 0);
	btf__add_struct(btf, "twin", 8);
	btf__add_field(btf, "b", 1, 0, 0);
	btf__add_field(btf, "c", 1, 32, 0);
	types = types_of(btf);
	plan_with(&block, "twin", 8);
	CHECK(!parse_text("write struct twin.b\nwrite struct twin.c\n", &policy));
	CHECK(policy_apply(&policy, types, &block) == -EINVAL);
	CHECK(strstr(told, "f:1: there are several structures 'twin' of 8 bytes"));
	CHECK(block.count.grants == 1 && block.grants[0].offset == 4);
	policy_free(&policy);
	plan_block_free(&block);
	types_close(types);
}

static void more_than_a_plan_takes(void)
{
	struct btf *btf = btf__new_empty();
	struct plan_block block = { 0 };
	char *text = malloc(1100 * 40);
	struct policy policy;
	struct types *types;
	size_t used = 0;
	int i;

	btf__add_int(btf, "int", 4, 0);
	btf__add_array(btf, 1, 1, 4096);
	btf__add_struct(btf, "wide", 16384);
	btf__add_field(btf, "x", 2, 0, 0);
	types = types_of(btf);
	plan_with(&block, "wide", 16384);
	for (i = 0; i < 1100; i++)
		used += sprintf(text + used, "write struct wide.x[%d]\n", 2 * i);
	CHECK(!parse_text(text, &policy));
	CHECK(policy_apply(&policy, types, &block) == -ENOSPC);
	CHECK_TEXT(told, "f: these are 1100 places, and a plan has room for 1024: name fewer, or larger ones\n");
	policy_free(&policy);
	plan_block_free(&block);
	types_close(types);
	free(text);
}

static void files(void)
{
	struct policy policy;

	told[0] = '\0';
	CHECK(policy_open("/nonexistent/x.policy", &listener, &policy) == -ENOENT);
	CHECK_TEXT(told, "/nonexistent/x.policy: No such file or directory\n");
	policy_free(&policy);
	CHECK(policy_open("/", &listener, &policy) == -EISDIR);
	policy_free(&policy);
	CHECK(policy_open("/dev/zero", &listener, &policy) == -EINVAL);
	policy_free(&policy);
	CHECK(policy_open("/dev/null", NULL, &policy) == 0);
	policy_free(&policy);
}

/* --- damage --------------------------------------------------------------------- */

static const char all_of_sample[] =
	"write struct object.list.next\nwrite struct object.kids[1]\n"
	"write struct object.child\nwrite struct child.flags:byte\n"
	"write struct object.nosuch\nwrite struct objekt\nwrite struct list\n";

static void use_types(struct types *types)
{
	struct plan_block block = { 0 };
	struct learning learning = { .types = types };
	struct chariot_violation v = { .type = "object", .length = 64 };
	struct policy policy;
	char text[MEMBER_TEXT];
	uint32_t i;

	parse_text(all_of_sample, &policy);
	plan_block_type(&block, "struct ", "object", 64);
	policy_apply(&policy, types, &block);
	for (i = 0; i < block.count.grants; i++)
		CHECK(block.grants[i].size && block.grants[i].offset < 64 &&
		      block.grants[i].size <= 64 - block.grants[i].offset);
	for (i = 0; i < 64; i += 8)
		member_describe(types, "object", i, 8, text);
	learn_violation(&learning, &v);
	learn_free(&learning);
	policy_free(&policy);
	plan_block_free(&block);
}

static void damaged_types(void)
{
	static const uint32_t spoils[] = {
		0, 1, 2, 0x7f, 0xff, 0x1000, 0xffff, 0x7fffffff, 0x80000000,
		0x84000001, 0xfffffff0, 0xffffffff,
	};
	struct btf *btf = sample_kernel_types();
	struct blob kernel = sample_blob(btf);
	struct types *types;
	uint32_t before;
	size_t at, i;

	for (at = 0; at + 4 <= kernel.size; at += 4) {
		memcpy(&before, kernel.bytes + at, 4);
		for (i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
			memcpy(kernel.bytes + at, &spoils[i], 4);
			if (types_from_memory(kernel.bytes, kernel.size, &types))
				continue;
			use_types(types);
			types_close(types);
		}
		memcpy(kernel.bytes + at, &before, 4);
	}
	free(kernel.bytes);
	btf__free(btf);
}

/* --- learning ------------------------------------------------------------------- */

static void see(struct learning *learning, const char *function,
		const char *type, uint64_t offset, uint64_t length,
		uint64_t repeat)
{
	struct chariot_violation v = {
		.type_offset = offset, .length = length, .repeat = repeat,
		.victim = CHARIOT_VICTIM_SLAB, .victim_text = "kmalloc-8",
	};

	snprintf(v.function, sizeof(v.function), "%s", function);
	snprintf(v.type, sizeof(v.type), "%s", type);
	learn_violation(learning, &v);
}

static char *printed(struct learning *learning, size_t *lines_in_it)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	*lines_in_it = learn_print(learning, "m", "6.1", out);
	fclose(out);
	return text;
}

static const char learned[] =
"# Policy of m, learned on kernel 6.1 from 9 kinds of write.\n"
"# What a fault of the driver's wrote is among them: read each line, and keep\n"
"# those that the driver has a right to. See chariot-policy(5).\n"
"\n"
"# init (once)\n"
"# a byte of bit fields, any of which was meant: flags\n"
"write struct child.flags:byte\n"
"\n"
"# xmit (7 times), irq (once)\n"
"# one element; if others are written too: struct object.kids\n"
"write struct object.kids[0]\n"
"\n"
"# irq (once)\n"
"write struct object.list\n"
"\n"
"# irq (once)\n"
"write struct object.list.prev\n"
"\n"
"# No member is there: padding, or beyond the structure.\n"
"#   init writes object +0x38 (1 time)\n";

static void learns(void)
{
	struct learning learning = { .types = sample_types() };
	struct types *types = (struct types *)learning.types;
	struct policy policy;
	size_t count;
	char *text;

	see(&learning, "irq+0x1/0x2", "object", 24, 8, 1);
	see(&learning, "xmit+0x1/0x2", "object", 24, 8, 5);
	see(&learning, "xmit+0x2/0x2", "object", 26, 2, 2);
	see(&learning, "irq+0x1/0x2", "object", 0, 16, 1);
	see(&learning, "irq+0x1/0x2", "object", 12, 4, 1);
	see(&learning, "init+0x1/0x2", "child", 8, 1, 1);
	see(&learning, "init+0x1/0x2", "object", 56, 8, 1);
	see(&learning, "", "nosuch", 0, 0, 0);
	see(&learning, "x\n\033", "", 0, 0, 0);
	text = printed(&learning, &count);
	CHECK(count == 4);
	CHECK(!strncmp(text, learned, sizeof(learned) - 1));
	if (strncmp(text, learned, sizeof(learned) - 1))
		CHECK_TEXT(text, learned);
	CHECK(strstr(text, "#   unknown function writes nosuch +0x0 (1 time)\n"));
	CHECK(strstr(text, " writes slab object kmalloc-8 (1 time)\n"));
	free(text);
	learn_free(&learning);

	/* What is learned from clean records is a policy. */
	see(&learning, "irq", "object", 0, 64, 1);
	text = printed(&learning, &count);
	CHECK(count == 1);
	CHECK(strstr(text, "\nwrite struct object\n"));
	CHECK(!parse_text(text, &policy));
	CHECK(!policy_check(&policy, types));
	policy_free(&policy);
	free(text);
	learn_free(&learning);
	types_close(types);
}

/* A write over many members, and numbers without sense. */
static void learns_from_anything(void)
{
	struct learning learning = { .types = sample_types() };
	size_t count, i;
	uint64_t offset;
	char *text;

	for (i = 0; i < 64; i++) {
		offset = 1ull << i;
		see(&learning, "f", "object", offset, ~offset, ~0ull);
		see(&learning, "f", "object", offset - 1, offset, 0);
		see(&learning, "f", "list", ~offset, 1, 1);
		see(&learning, "f", "child", offset - 1, 3, 1);
	}
	text = printed(&learning, &count);
	CHECK(count);
	free(text);
	learn_free(&learning);
	types_close((struct types *)learning.types);
	learning.types = NULL;
	see(&learning, "f", "object", 0, 8, 1);
	text = printed(&learning, &count);
	CHECK(!count);
	CHECK(strstr(text, "f writes object +0x0"));
	free(text);
	learn_free(&learning);
}

const struct check_test policy_tests[] = {
	{ "policy: lines", lines },
	{ "policy: lines that are wrong", wrong_lines },
	{ "policy: too much of all", too_much },
	{ "policy: held against types", held_against_types },
	{ "policy: becomes grants", applies },
	{ "policy: whole pages", applies_to_pages },
	{ "policy: a wrong line is left out", applies_the_rest },
	{ "policy: structures that cannot be told apart", uncertain },
	{ "policy: more than a plan takes", more_than_a_plan_takes },
	{ "policy: files", files },
	{ "policy: every field of the kernel's BTF spoiled", damaged_types },
	{ "learn: a policy from violations", learns },
	{ "learn: violations without sense", learns_from_anything },
	{ NULL, NULL }
};
