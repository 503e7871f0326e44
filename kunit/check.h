/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What tests of tests/core, included behind this, check with in a kernel, in place of
 * tests/core/check.h. KUnit alone.
 */
#ifndef CHARIOT_TESTS_CHECK_H
#define CHARIOT_TESTS_CHECK_H

#include <kunit/test.h>

static struct kunit *under_test;
static unsigned int checks;

#define CHECK(condition, format, ...)						\
({										\
	bool good_ = condition;							\
										\
	checks++;								\
	KUNIT_EXPECT_TRUE_MSG(under_test, good_, format, ##__VA_ARGS__);	\
	good_;									\
})
#define summary(...)	0

/* A suite of one test: @program, whose main() is that name, makes over @least checks. */
#define KUNIT_SUITE_OF(suite_name, program, least)				\
static void test_program(struct kunit *test)					\
{										\
	under_test = test;							\
	checks = 0;								\
	KUNIT_EXPECT_EQ(test, 0, program());					\
	KUNIT_EXPECT_GT(test, checks, least);					\
}										\
										\
static struct kunit_case program_cases[] = {					\
	KUNIT_CASE(test_program),						\
	{ }									\
};										\
										\
static struct kunit_suite program_suite = {					\
	.name = suite_name,							\
	.test_cases = program_cases,						\
};										\
										\
kunit_test_suite(program_suite)

#endif /* CHARIOT_TESTS_CHECK_H */
