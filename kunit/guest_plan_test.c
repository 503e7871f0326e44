// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What chariot.ko takes for a plan: one that is good, and that one spoilt. */
#include <kunit/test.h>

#include "chariot.h"
#include "grant_rules.h"
#include "plan.h"
#include "rows.h"

struct sample {
	struct chariot_plan_header h;
	struct chariot_plan_type types[2];
	struct chariot_plan_member members[2];
	struct chariot_plan_entry entries[2];
	struct chariot_plan_import imports[2];
	struct chariot_plan_grant grants[1];
	char strings[16];
};

#define NONE	CHARIOT_PLAN_NONE

static const struct sample good = {
	.h = {
		.revision = CHARIOT_PLAN_REVISION, .size = sizeof(good),
		.types = 2, .members = 2, .entries = 2, .imports = 2,
		.grants = 1, .strings = sizeof(good.strings),
	},
	.types = { { .name = 0, .size = 64, .member = 0, .members = 2 },
		   { .name = 2, .size = 128, .member = 2, .members = 0 } },
	.members = { { .offset = 56, .type = 1, .count = 1 },
		     { .offset = 48, .type = 0,
		       .count = CHARIOT_PLAN_LIST | 63 } },
	.entries = { { .name = 4, .section = 1, .offset = 16,
		       .args = { 0, CHARIOT_PLAN_BYTES, NONE, NONE,
				 CHARIOT_PLAN_STRINGS, NONE } },
		     { .name = 6, .section = 2, .offset = 0,
		       .args = { CHARIOT_PLAN_AREA(0), CHARIOT_PLAN_AREA(8),
				 CHARIOT_PLAN_POINTER(1), NONE, NONE, 1 } } },
	.imports = { { .name = 8, .ret = 0,
		       .outs = { NONE, NONE, NONE, NONE, NONE, NONE } },
		     { .name = 10, .ret = NONE,
		       .outs = { 1, CHARIOT_PLAN_FILLED(0), NONE, NONE, NONE,
				 NONE } } },
	.grants = { { .type = 1, .offset = 120, .size = 8 } },
	.strings = "a\0b\0c\0d\0e\0f",
};

static struct chariot_plan *take(struct kunit *test, const struct sample *s,
				 size_t size)
{
	struct chariot_plan *plan;
	void *image = kvmalloc(sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, image);
	memcpy(image, s, sizeof(*s));
	plan = chariot_plan_take(image, size);
	if (IS_ERR(plan))
		kvfree(image);
	return plan;
}

static void test_good(struct kunit *test)
{
	struct chariot_plan *plan = take(test, &good, sizeof(good));

	KUNIT_ASSERT_FALSE(test, IS_ERR(plan));
	KUNIT_EXPECT_STREQ(test, "b", chariot_plan_type_name(plan, 1));
	KUNIT_EXPECT_STREQ(test, "buffer", chariot_plan_type_name(plan, 2));
	KUNIT_EXPECT_EQ(test, 128, plan->types[1].size);
	KUNIT_EXPECT_EQ(test, 0, plan->types[2].size);
	KUNIT_EXPECT_STREQ(test, "f", plan->strings + plan->imports[1].name);
	chariot_plan_free(plan);
}

/* Whole pages are for all of a type, and for that one alone. */
static void test_paged(struct kunit *test)
{
	struct sample s = good;
	struct chariot_plan *plan = take(test, &s, sizeof(s));

	KUNIT_ASSERT_FALSE(test, IS_ERR(plan));
	KUNIT_EXPECT_FALSE(test, chariot_plan_is_paged(plan, 1));
	chariot_plan_free(plan);

	s.grants[0] = (struct chariot_plan_grant) {
		.type = 1, .size = 128, .flags = CHARIOT_PLAN_GRANT_PAGES,
	};
	plan = take(test, &s, sizeof(s));
	KUNIT_ASSERT_FALSE(test, IS_ERR(plan));
	KUNIT_EXPECT_TRUE(test, chariot_plan_is_paged(plan, 1));
	KUNIT_EXPECT_FALSE(test, chariot_plan_is_paged(plan, 0));
	KUNIT_EXPECT_FALSE(test, chariot_plan_is_paged(plan, 2));
	KUNIT_EXPECT_FALSE(test, chariot_plan_is_paged(plan, CHARIOT_PLAN_NONE));
	chariot_plan_free(plan);
}

/* Behind the structure, but not farther. */
static void test_flexible(struct kunit *test)
{
	struct sample s = good;
	struct chariot_plan *plan;

	s.members[0].count = CHARIOT_PLAN_FLEXIBLE;
	s.members[0].offset = 64;
	plan = take(test, &s, sizeof(s));
	KUNIT_ASSERT_FALSE(test, IS_ERR(plan));
	chariot_plan_free(plan);
	s.members[0].offset = 65;
	KUNIT_EXPECT_TRUE(test, IS_ERR(take(test, &s, sizeof(s))));
}

#define SPOILT(what, value)						\
	{ #what " = " #value, offsetof(struct sample, what), value }

static const struct spoilt {
	const char *name;
	size_t offset;
	u32 value;
} spoilt_rows[] = {
	SPOILT(h.revision, 2),
	SPOILT(h.size, 0),
	SPOILT(h.size, sizeof(good) + 4),
	SPOILT(h.types, 3),
	SPOILT(h.types, CHARIOT_PLAN_TYPES_MAX + 1),
	SPOILT(h.members, 0),
	SPOILT(h.members, 0xffffffff),
	SPOILT(h.entries, 0x40000000),
	SPOILT(h.imports, CHARIOT_PLAN_IMPORTS_MAX + 1),
	SPOILT(h.grants, 0),
	SPOILT(h.strings, 0),
	SPOILT(h.strings, 15),
	SPOILT(strings[12], 0x01010101),
	SPOILT(types[0].name, 16),
	SPOILT(types[0].size, 0),
	SPOILT(types[0].size, 63),
	SPOILT(types[0].size, CHARIOT_PLAN_OBJECT_MAX + 1),
	SPOILT(types[0].member, 1),
	SPOILT(types[0].member, 0xffffffff),
	SPOILT(types[0].members, 3),
	SPOILT(members[0].offset, 57),
	SPOILT(members[0].offset, 64),
	SPOILT(members[0].type, 2),
	SPOILT(members[0].type, NONE),
	SPOILT(members[0].count, 0),
	SPOILT(members[0].count, 2),
	SPOILT(members[0].count, CHARIOT_PLAN_FLEXIBLE | 1),
	SPOILT(members[1].offset, 49),
	SPOILT(members[1].count, CHARIOT_PLAN_LIST | 64),
	SPOILT(entries[0].name, 16),
	SPOILT(entries[0].section, 3),
	SPOILT(entries[1].section, 1),
	SPOILT(entries[0].args[0], 2),
	SPOILT(entries[0].args[0], CHARIOT_PLAN_STRINGS),
	SPOILT(entries[0].args[5], CHARIOT_PLAN_BYTES),
	SPOILT(entries[1].args[0], CHARIOT_PLAN_AREA(9)),
	SPOILT(entries[1].args[2], CHARIOT_PLAN_POINTER(2)),
	SPOILT(imports[0].name, 10),
	SPOILT(imports[0].ret, 2),
	SPOILT(imports[0].outs[0], CHARIOT_PLAN_BYTES),
	SPOILT(imports[0].outs[0], CHARIOT_PLAN_POINTER(1)),
	SPOILT(imports[0].outs[0], CHARIOT_PLAN_FILLED(2)),
	SPOILT(grants[0].type, NONE),
	SPOILT(grants[0].offset, 121),
	SPOILT(grants[0].offset, 128),
	SPOILT(grants[0].size, 0),
	SPOILT(grants[0].size, 0xffffffff),
	SPOILT(grants[0].flags, 2),
	SPOILT(grants[0].flags, CHARIOT_PLAN_GRANT_PAGES),
};

CHARIOT_ROWS(spoilt);

static void test_spoilt(struct kunit *test)
{
	const struct spoilt *row = test->param_value;
	struct sample s = good;
	struct chariot_plan *plan;

	*(u32 *)((char *)&s + row->offset) = row->value;
	plan = take(test, &s, sizeof(s));
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR_OR_ZERO(plan));
	if (!IS_ERR(plan))
		chariot_plan_free(plan);
}

/* Of a module that is handed nothing. */
static void test_empty(struct kunit *test)
{
	struct sample s = { .h = {
		.revision = CHARIOT_PLAN_REVISION, .size = sizeof(s.h),
	} };
	struct chariot_plan *plan = take(test, &s, sizeof(s.h));

	KUNIT_ASSERT_FALSE(test, IS_ERR(plan));
	chariot_plan_free(plan);
}

static void test_short(struct kunit *test)
{
	struct sample s = good;
	size_t size;

	for (size = 0; size < sizeof(s); size++) {
		s.h.size = size;
		KUNIT_EXPECT_EQ(test, -EINVAL,
				PTR_ERR_OR_ZERO(take(test, &s, size)));
	}
}

static struct kunit_case plan_cases[] = {
	KUNIT_CASE(test_good),
	KUNIT_CASE(test_paged),
	KUNIT_CASE(test_flexible),
	KUNIT_CASE_PARAM(test_spoilt, spoilt_gen_params),
	KUNIT_CASE(test_empty),
	KUNIT_CASE(test_short),
	{ }
};

static struct kunit_suite plan_suite = {
	.name = "chariot_guest_plan",
	.test_cases = plan_cases,
};

kunit_test_suite(plan_suite);
