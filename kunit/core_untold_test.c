// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The list of what the host is yet to be told: the tests of tests/core in the kernel. */
#include "check.h"

#define main		chariot_untold_tests

int chariot_untold_tests(void);
#include "../tests/core/test_untold.c"

KUNIT_SUITE_OF("chariot_core_untold", chariot_untold_tests, 100u);
