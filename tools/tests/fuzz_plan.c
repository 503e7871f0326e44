// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzing: bytes as a plan, checked by chariot.ko's own code. What that takes must
 * be good by the second check, too. libFuzzer.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *wrong;

	if (!plan_taken(data, size))
		return 0;
	wrong = plan_numbers_check(data, size);
	/* The kernel does not rely on that order. */
	if (wrong && strcmp(wrong, "order of members")) {
		fprintf(stderr, "chariot.ko takes a plan with a bad %s\n", wrong);
		abort();
	}
	return 0;
}
