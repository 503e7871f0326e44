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

#endif /* CHARIOT_TESTS_CHECK_H */
