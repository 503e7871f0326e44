/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What has to hold in a fuzz target. */
#ifndef CHARIOT_FUZZ_REQUIRE_H
#define CHARIOT_FUZZ_REQUIRE_H

#include <stdio.h>
#include <stdlib.h>

#define REQUIRE(condition)						\
	do {								\
		if (!(condition)) {					\
			fprintf(stderr, "not so: %s\n", #condition);	\
			abort();					\
		}							\
	} while (0)

#endif /* CHARIOT_FUZZ_REQUIRE_H */
