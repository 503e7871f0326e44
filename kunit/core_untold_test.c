// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The list of what the host is yet to be told: the tests of tests/core in the kernel. */
#include "check.h"

#define main		chariot_untold_tests

int chariot_untold_tests(void);
#include "../tests/core/test_untold.c"

static void test_list(struct kunit *test)
{
	under_test = test;
	checks = 0;
	KUNIT_EXPECT_EQ(test, 0, chariot_untold_tests());
	KUNIT_EXPECT_GT(test, checks, 100u);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(test_list),
	{ }
};

static struct kunit_suite suite = {
	.name = "chariot_untold",
	.test_cases = cases,
};

kunit_test_suite(suite);
