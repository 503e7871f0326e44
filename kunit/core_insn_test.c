// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The instruction decoder in the kernel: the examples of tests/core, with KUnit's
 * checks. What they leave is compared with other decoders there.
 */
#include "check.h"

#define main		chariot_insn_examples

/* UML's. */
#undef FS
#undef GS

int chariot_insn_examples(void);
#include "../tests/core/test_insn.c"

static void test_examples(struct kunit *test)
{
	under_test = test;
	checks = 0;
	KUNIT_EXPECT_EQ(test, 0, chariot_insn_examples());
	KUNIT_EXPECT_GT(test, checks, 300u);
}

static struct kunit_case insn_cases_run[] = {
	KUNIT_CASE(test_examples),
	{ }
};

static struct kunit_suite insn_suite = {
	.name = "chariot_core_insn",
	.test_cases = insn_cases_run,
};

kunit_test_suite(insn_suite);
