// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The checks of what a guest sends: each field of each structure, at its
 * limits. KUnit alone.
 */
#include <kunit/test.h>

#include "request.h"
#include "rows.h"

#define PAGE	CHARIOT_PAGE_SIZE
#define TOP	(1ull << 52)

struct range_row {
	const char *name;
	u64 start;
	u64 size;
	bool valid;
};

static const struct range_row range_rows[] = {
	{ "a byte", 0, 1, true },
	{ "all memory", 0, TOP, true },
	{ "the last byte", TOP - 1, 1, true },
	{ "nothing", 0x1000, 0, false },
	{ "nothing at the end", TOP, 0, false },
	{ "behind the end", TOP, 1, false },
	{ "over the end", TOP - 1, 2, false },
	{ "all memory and a byte", 0, TOP + 1, false },
	{ "all memory from 1", 1, TOP, false },
	{ "ends at 2^64", ~0ull, 1, false },
	{ "overflows to 0", 0x1000, 0 - 0x1000ull, false },
	{ "overflows", 0x1000, ~0ull, false },
};

CHARIOT_ROWS(range);

static void test_range(struct kunit *test)
{
	const struct range_row *r = test->param_value;

	KUNIT_EXPECT_EQ(test, r->valid, chariot_range_valid(r->start, r->size));
}

struct buffer_row {
	const char *name;
	u64 gpa;
	u64 size;
	u64 align;
	bool valid;
};

static const struct buffer_row buffer_rows[] = {
	{ "a page", 0x1000, PAGE, PAGE, true },
	{ "first address", 0, 64, 8, true },
	{ "ends with the page", 0x1fc0, 64, 8, true },
	{ "last of memory", TOP - 64, 64, 8, true },
	{ "no alignment", 0x1001, 1, 1, true },
	{ "crosses by its last word", 0x1fc8, 64, 8, false },
	{ "crosses by a byte", 0x1fff, 2, 1, false },
	{ "not aligned", 0x1004, 64, 8, false },
	{ "off by a byte", 0x1001, 64, 8, false },
	{ "page not aligned", 0x1008, PAGE, PAGE, false },
	{ "aligned to half a page", 0x1800, 64, PAGE, false },
	{ "larger than a page", 0x1000, PAGE + 1, 8, false },
	{ "empty", 0x1000, 0, 8, false },
	{ "behind the end", TOP, 64, 8, false },
	{ "overflows", ~7ull, 64, 8, false },
	{ "huge", 0, ~0ull, 1, false },
};

CHARIOT_ROWS(buffer);

static void test_buffer(struct kunit *test)
{
	const struct buffer_row *r = test->param_value;

	KUNIT_EXPECT_EQ(test, r->valid,
			chariot_buffer_valid(r->gpa, r->size, r->align));
}

struct hello_row {
	const char *name;
	struct chariot_hello hello;
	int want;
};

#define HELLO(...) { .revision = CHARIOT_ABI_REVISION, .stack_size = 16384, \
		     __VA_ARGS__ }

static const struct hello_row hello_rows[] = {
	{ "plain", HELLO(), 0 },
	{ "unknown features", HELLO(.features = ~0u), 0 },
	{ "smallest stack", HELLO(.stack_size = 4096), 0 },
	{ "largest stack", HELLO(.stack_size = 65536), 0 },
	{ "largest error code", HELLO(.notify_error = 0x7fff), 0 },
	{ "out fields are not looked at",
	  HELLO(.max_domains = ~0u, .max_regions = ~0ull, .backend = "x"), 0 },
	{ "revision 0", HELLO(.revision = 0), -EPROTO },
	{ "next revision", HELLO(.revision = CHARIOT_ABI_REVISION + 1), -EPROTO },
	{ "revision before anything else",
	  HELLO(.revision = ~0u, .stack_size = 1), -EPROTO },
	{ "no stack", HELLO(.stack_size = 0), -EINVAL },
	{ "stack below a page", HELLO(.stack_size = 2048), -EINVAL },
	{ "stack above 64 KiB", HELLO(.stack_size = 131072), -EINVAL },
	{ "stack of three pages", HELLO(.stack_size = 12288), -EINVAL },
	{ "stack and a byte", HELLO(.stack_size = 16385), -EINVAL },
	{ "largest stack size", HELLO(.stack_size = ~0u), -EINVAL },
	{ "error code of 16 bits", HELLO(.notify_error = 0x8000), -EINVAL },
	{ "error code of 32 bits", HELLO(.notify_error = ~0u), -EINVAL },
	{ "reserved0", HELLO(.reserved0 = 1), -EINVAL },
	{ "reserved[0]", HELLO(.reserved = { 1 }), -EINVAL },
	{ "reserved[1]", HELLO(.reserved = { 0, 1ull << 63 }), -EINVAL },
};

CHARIOT_ROWS(hello);

static void test_hello(struct kunit *test)
{
	const struct hello_row *r = test->param_value;

	KUNIT_EXPECT_EQ(test, r->want, chariot_check_hello(&r->hello));
}

struct create_row {
	const char *name;
	struct chariot_domain_create create;
	int want;
};

#define CREATE(...) { .name = "driver", __VA_ARGS__ }
/* 55 characters and the NUL; one more leaves no room for it. */
#define LONGEST	"0123456789012345678901234567890123456789012345678901234"

static const struct create_row create_rows[] = {
	{ "audit", CREATE(.mode = CHARIOT_MODE_AUDIT), 0 },
	{ "enforce", CREATE(.mode = CHARIOT_MODE_ENFORCE), 0 },
	{ "domain is not looked at", CREATE(.domain = ~0u), 0 },
	{ "one letter", { .name = "a" }, 0 },
	{ "longest name", { .name = LONGEST }, 0 },
	{ "a dot within", { .name = "a.b" }, 0 },
	{ "all but letters", { .name = "!_-~0" }, 0 },
	{ "rubbish behind the NUL", { .name = "a\0/\n\x80" }, 0 },
	{ "first unknown mode", CREATE(.mode = CHARIOT_MODE_COUNT), -EINVAL },
	{ "largest mode", CREATE(.mode = ~0u), -EINVAL },
	{ "no name", { .name = "" }, -EINVAL },
	{ "no NUL", { .name = LONGEST "5" }, -EINVAL },
	{ "begins with a dot", { .name = ".hidden" }, -EINVAL },
	{ "dots", { .name = ".." }, -EINVAL },
	{ "slash", { .name = "a/b" }, -EINVAL },
	{ "blank", { .name = "a b" }, -EINVAL },
	{ "line feed", { .name = "a\n" }, -EINVAL },
	{ "escape", { .name = "\x1b[2J" }, -EINVAL },
	{ "delete", { .name = "a\x7f" }, -EINVAL },
	{ "above ASCII", { .name = "a\xc3\xa4" }, -EINVAL },
};

CHARIOT_ROWS(create);

static void test_create(struct kunit *test)
{
	const struct create_row *r = test->param_value;

	KUNIT_EXPECT_EQ(test, r->want, chariot_check_create(&r->create));
}

struct control_row {
	const char *name;
	u64 domain;
	u64 state;
	u64 mode;
	int want;
};

static const struct control_row control_rows[] = {
	{ "first domain", 1, 0, 0, 0 },
	{ "last domain", CHARIOT_DOMAIN_ALL - 1, 1, 1, 0 },
	{ "the kernel", CHARIOT_DOMAIN_KERNEL, 1, 1, -EINVAL },
	{ "all domains", CHARIOT_DOMAIN_ALL, 1, 1, -EINVAL },
	{ "domain of 33 bits", (1ull << 32) + 1, 1, 1, -EINVAL },
	{ "largest domain", ~0ull, 1, 1, -EINVAL },
	{ "first unknown state", 1, CHARIOT_DOMAIN_STATE_COUNT, 1, -EINVAL },
	{ "state of 33 bits", 1, 1ull << 32, 1, -EINVAL },
	{ "first unknown mode", 1, 1, CHARIOT_MODE_COUNT, -EINVAL },
	{ "mode of 33 bits", 1, 1, 1ull << 32, -EINVAL },
};

CHARIOT_ROWS(control);

static void test_control(struct kunit *test)
{
	const struct control_row *r = test->param_value;

	KUNIT_EXPECT_EQ(test, r->want,
			chariot_check_control(r->domain, r->state, r->mode));
}

struct region_row {
	const char *name;
	struct chariot_region region;
	int want;
};

#define REGION(...) { .gpa = 0x3000, .size = PAGE, .domain = 1, \
		      .kind = CHARIOT_KIND_DATA, \
		      .rights = CHARIOT_RIGHT_WRITE, __VA_ARGS__ }
#define TEXT(...) REGION(.rights = CHARIOT_RIGHT_EXEC, \
			 .kind = CHARIOT_KIND_TEXT, __VA_ARGS__)
#define REMOVAL(...) REGION(.rights = 0, .op = CHARIOT_REGION_REMOVE, \
			    __VA_ARGS__)

static const struct region_row region_rows[] = {
	{ "a page", REGION(), 0 },
	{ "a byte", REGION(.gpa = 0x3fff, .size = 1), 0 },
	{ "all memory", REGION(.gpa = 0, .size = TOP), 0 },
	{ "last domain", REGION(.domain = CHARIOT_DOMAIN_ALL - 1), 0 },
	{ "last kind", REGION(.kind = CHARIOT_KIND_COUNT - 1), 0 },
	{ "no kind", REGION(.kind = CHARIOT_KIND_NONE), 0 },
	{ "all rights", REGION(.rights = CHARIOT_RIGHTS_ALL), 0 },
	{ "text", TEXT(), 0 },
	{ "text for all", TEXT(.domain = CHARIOT_DOMAIN_ALL), 0 },
	{ "empty", REGION(.size = 0), -EINVAL },
	{ "over the end", REGION(.gpa = TOP - 1, .size = 2), -EINVAL },
	{ "behind the end", REGION(.gpa = TOP), -EINVAL },
	{ "overflows", REGION(.size = ~0ull), -EINVAL },
	{ "the kernel's", REGION(.domain = CHARIOT_DOMAIN_KERNEL), -EINVAL },
	{ "no right", REGION(.rights = 0), -EINVAL },
	{ "unknown right", REGION(.rights = 1u << 2), -EINVAL },
	{ "unknown right beside", REGION(.rights = 0x81), -EINVAL },
	{ "first unknown kind", REGION(.kind = CHARIOT_KIND_COUNT), -EINVAL },
	{ "largest kind", REGION(.kind = 0xffff), -EINVAL },
	{ "first unknown op", REGION(.op = CHARIOT_REGION_OP_COUNT), -EINVAL },
	{ "largest op", REGION(.op = 0xff), -EINVAL },
	{ "reserved", REGION(.reserved = 1), -EINVAL },
	{ "reserved, the top bit", REGION(.reserved = 1ull << 63), -EINVAL },
	{ "writable for all", REGION(.domain = CHARIOT_DOMAIN_ALL), -EINVAL },
	{ "all rights for all", REGION(.domain = CHARIOT_DOMAIN_ALL,
				       .rights = CHARIOT_RIGHTS_ALL), -EINVAL },
	{ "text not aligned", TEXT(.gpa = 0x3010), -EINVAL },
	{ "text of half a page", TEXT(.size = 0x800), -EINVAL },
	{ "text, written in part", TEXT(.rights = CHARIOT_RIGHTS_ALL,
					.size = PAGE + 8), -EINVAL },

	{ "remove a page", REMOVAL(), 0 },
	{ "remove a byte", REMOVAL(.gpa = 0x3001, .size = 1), 0 },
	{ "remove for all", REMOVAL(.domain = CHARIOT_DOMAIN_ALL), 0 },
	{ "remove, any kind", REMOVAL(.kind = 0xffff), 0 },
	{ "remove with a right", REMOVAL(.rights = 1), -EINVAL },
	{ "remove with an unknown right", REMOVAL(.rights = 0x80), -EINVAL },
	{ "remove nothing", REMOVAL(.size = 0), -EINVAL },
	{ "remove the kernel's", REMOVAL(.domain = CHARIOT_DOMAIN_KERNEL),
	  -EINVAL },
	{ "remove a part for all", REMOVAL(.domain = CHARIOT_DOMAIN_ALL,
					   .size = 8), -EINVAL },
	{ "remove, not aligned, for all",
	  REMOVAL(.domain = CHARIOT_DOMAIN_ALL, .gpa = 0x3008), -EINVAL },
	{ "remove, reserved", REMOVAL(.reserved = 1), -EINVAL },
};

CHARIOT_ROWS(region);

static void test_region(struct kunit *test)
{
	const struct region_row *r = test->param_value;

	KUNIT_EXPECT_EQ(test, r->want, chariot_check_region(&r->region));
}

/* Structures of a page: one word of an otherwise good one. */
struct word_row {
	const char *name;
	u32 count;	/* or whatever comes first */
	size_t offset;
	u64 value;	/* 0: none */
	int want;
};

#define RESERVED(type, i)	offsetof(struct type, reserved[i])
#define MAP_GPA(i)		offsetof(struct chariot_frame_map, gpa[i])

static const struct word_row batch_rows[] = {
	{ "none", 0, 0, 0, 0 },
	{ "one", 1, 0, 0, 0 },
	{ "most", CHARIOT_BATCH_MAX, 0, 0, 0 },
	{ "entries are not looked at", 1,
	  offsetof(struct chariot_batch, region[0].reserved), 1, 0 },
	{ "one too many", CHARIOT_BATCH_MAX + 1, 0, 0, -EINVAL },
	{ "largest count", ~0u, 0, 0, -EINVAL },
	{ "reserved[0]", 1, RESERVED(chariot_batch, 0), 1, -EINVAL },
	{ "reserved[1]", 1, RESERVED(chariot_batch, 1), 1, -EINVAL },
	{ "reserved[2]", 1, RESERVED(chariot_batch, 2), 1ull << 63, -EINVAL },
};

static const struct word_row map_rows[] = {
	{ "none", 0, 0, 0, 0 },
	{ "one", 1, 0, 0, 0 },
	{ "most", CHARIOT_FRAME_MAP_MAX, 0, 0, 0 },
	{ "last page of memory", 1, MAP_GPA(0), TOP - PAGE, 0 },
	{ "bad address behind the last", 1, MAP_GPA(1), 1, 0 },
	{ "one too many", CHARIOT_FRAME_MAP_MAX + 1, 0, 0, -EINVAL },
	{ "largest count", ~0u, 0, 0, -EINVAL },
	{ "reserved0", 1, offsetof(struct chariot_frame_map, count),
	  1ull << 32 | 1, -EINVAL },
	{ "reserved[0]", 1, RESERVED(chariot_frame_map, 0), 1, -EINVAL },
	{ "reserved[14]", 1, RESERVED(chariot_frame_map, 14), 1, -EINVAL },
	{ "first not aligned", 1, MAP_GPA(0), 0x3008, -EINVAL },
	{ "last not aligned", 3, MAP_GPA(2), 0x3001, -EINVAL },
	{ "behind the end", 2, MAP_GPA(1), TOP, -EINVAL },
	{ "last page of 64 bits", 2, MAP_GPA(1), ~0xfffull, -EINVAL },
};

/* Here the first word is op and count. */
#define ALIAS_GPA(i)	offsetof(struct chariot_walk_alias, gpa[i])
#define ALIAS_MAP	offsetof(struct chariot_walk_alias, map)
#define ALIAS_HEAD(op, count)	((u64)(count) << 32 | (op))

static const struct word_row alias_rows[] = {
	{ "nothing", 0, 0, 0, 0 },
	{ "most", 0, 0, ALIAS_HEAD(0, CHARIOT_WALK_ALIAS_MAX), 0 },
	{ "enable", 0, 0, ALIAS_HEAD(CHARIOT_WALK_ALIAS_ENABLE, 2), 0 },
	{ "disable", CHARIOT_WALK_ALIAS_DISABLE, 0, 0, 0 },
	{ "any first", 0, offsetof(struct chariot_walk_alias, first), ~0ull, 0 },
	{ "bad address behind the last", 0, ALIAS_GPA(0), 1, 0 },
	{ "first unknown op", CHARIOT_WALK_ALIAS_OP_COUNT, 0, 0, -EINVAL },
	{ "largest op", ~0u, 0, 0, -EINVAL },
	{ "one too many", 0, 0, ALIAS_HEAD(0, CHARIOT_WALK_ALIAS_MAX + 1), -EINVAL },
	{ "largest count", 0, 0, ALIAS_HEAD(0, ~0u), -EINVAL },
	{ "reserved[0]", 0, RESERVED(chariot_walk_alias, 0), 1, -EINVAL },
	{ "reserved[12]", 0, RESERVED(chariot_walk_alias, 12), 1, -EINVAL },
	{ "last map", 0, ALIAS_MAP, CHARIOT_WALK_ALIAS_MAPS - 1, 0 },
	{ "one map too many", 0, ALIAS_MAP, CHARIOT_WALK_ALIAS_MAPS, -EINVAL },
	{ "largest map", 0, ALIAS_MAP, ~0u, -EINVAL },
	{ "reserved0", 0, ALIAS_MAP, 1ull << 32, -EINVAL },
	{ "disable a map", CHARIOT_WALK_ALIAS_DISABLE, ALIAS_MAP, 1, -EINVAL },
	{ "enable nothing", CHARIOT_WALK_ALIAS_ENABLE, 0, 0, -EINVAL },
	{ "enable half a pair", 0, 0, ALIAS_HEAD(CHARIOT_WALK_ALIAS_ENABLE, 3),
	  -EINVAL },
	{ "enable most", 0, 0, ALIAS_HEAD(CHARIOT_WALK_ALIAS_ENABLE,
					  2 * CHARIOT_WALK_ALIAS_TOPS), 0 },
	{ "enable too many", 0, 0, ALIAS_HEAD(CHARIOT_WALK_ALIAS_ENABLE,
					      2 * CHARIOT_WALK_ALIAS_TOPS + 2),
	  -EINVAL },
};

CHARIOT_ROWS(batch);
CHARIOT_ROWS(map);
CHARIOT_ROWS(alias);

static void *page_with(struct kunit *test, const struct word_row *r)
{
	u8 *page = kunit_kzalloc(test, PAGE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	memcpy(page, &r->count, sizeof(r->count));
	if (r->value)
		memcpy(page + r->offset, &r->value, sizeof(r->value));
	return page;
}

static void test_batch(struct kunit *test)
{
	const struct word_row *r = test->param_value;

	KUNIT_EXPECT_EQ(test, r->want, chariot_check_batch(page_with(test, r)));
}

static void test_frame_map(struct kunit *test)
{
	const struct word_row *r = test->param_value;

	KUNIT_EXPECT_EQ(test, r->want,
			chariot_check_frame_map(page_with(test, r)));
}

static void test_walk_alias(struct kunit *test)
{
	const struct word_row *r = test->param_value;

	KUNIT_EXPECT_EQ(test, r->want,
			chariot_check_walk_alias(page_with(test, r)));
}

/* Addresses in use: the last of two. */
static void test_walk_alias_gpa(struct kunit *test)
{
	struct chariot_walk_alias *a;

	a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, a);
	a->count = 2;
	a->gpa[1] = TOP - PAGE;
	KUNIT_EXPECT_EQ(test, 0, chariot_check_walk_alias(a));
	a->gpa[1] = TOP;
	KUNIT_EXPECT_EQ(test, -EINVAL, chariot_check_walk_alias(a));
	a->gpa[1] = ~0xfffull;
	KUNIT_EXPECT_EQ(test, -EINVAL, chariot_check_walk_alias(a));
	a->gpa[1] = 0x3008;
	KUNIT_EXPECT_EQ(test, -EINVAL, chariot_check_walk_alias(a));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(test_range, range_gen_params),
	KUNIT_CASE_PARAM(test_buffer, buffer_gen_params),
	KUNIT_CASE_PARAM(test_hello, hello_gen_params),
	KUNIT_CASE_PARAM(test_create, create_gen_params),
	KUNIT_CASE_PARAM(test_control, control_gen_params),
	KUNIT_CASE_PARAM(test_batch, batch_gen_params),
	KUNIT_CASE_PARAM(test_region, region_gen_params),
	KUNIT_CASE_PARAM(test_frame_map, map_gen_params),
	KUNIT_CASE_PARAM(test_walk_alias, alias_gen_params),
	KUNIT_CASE(test_walk_alias_gpa),
	{ }
};

static struct kunit_suite suite = {
	.name		= "chariot_request",
	.test_cases	= cases,
};

kunit_test_suite(suite);
