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

KUNIT_SUITE_OF("chariot_core_insn", chariot_insn_examples, 300u);
