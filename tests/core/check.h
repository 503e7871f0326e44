/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What a unit's test program needs: checks that are counted, a summary line,
 * repeatable random numbers. User space only.
 */
#ifndef CHARIOT_TESTS_CHECK_H
#define CHARIOT_TESTS_CHECK_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "env.h"

#define EXIT_SKIP	77
#ifndef FAILURES_SHOWN
#define FAILURES_SHOWN	20
#endif
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static unsigned long checks_done;
static unsigned long checks_failed;

__attribute__((format(printf, 4, 5)))
static inline bool check(bool good, const char *file, int line,
			 const char *format, ...)
{
	va_list args;

	checks_done++;
	if (good)
		return true;
	if (checks_failed++ < FAILURES_SHOWN) {
		fprintf(stderr, "%s:%d: ", file, line);
		va_start(args, format);
		vfprintf(stderr, format, args);
		va_end(args);
		fputc('\n', stderr);
	}
	return false;
}

/* Count a check; the rest is printed when it fails. Returns the condition. */
#define CHECK(condition, ...) \
	check((condition), __FILE__, __LINE__, __VA_ARGS__)

/* The summary line, and the exit status of the program. */
__attribute__((format(printf, 1, 2)))
static inline int summary(const char *format, ...)
{
	va_list args;

	printf("%lu checks, %lu failed", checks_done, checks_failed);
	if (format[0])
		printf("; ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	return checks_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* xorshift64*: the same numbers everywhere, from a seed that is not 0. */
static inline u64 random_next(u64 *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

static inline u64 random_below(u64 *state, u64 limit)
{
	return (random_next(state) >> 16) % limit;
}

#endif /* CHARIOT_TESTS_CHECK_H */
