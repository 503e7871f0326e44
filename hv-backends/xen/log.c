// SPDX-License-Identifier: GPL-2.0-only
/*
 * chariot-xend's log. What a guest brings about, it may bring about without end, and
 * the processes of all guests write one log: each may write so much at a time.
 */
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

#include "backend.h"
#include "options.h"

#define BURST		20u
#define BURST_SECONDS	5

bool chariot_logs(int priority)
{
	return priority <= chariot_options.verbosity;
}

static void put(int priority, const char *format, va_list args)
{
	char line[512];

	if (!chariot_options.foreground) {
		vsyslog(priority, format, args);
		return;
	}
	vsnprintf(line, sizeof(line), format, args);
	fprintf(stderr, "chariot-xend: %s\n", line);
}

static void say(int priority, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put(priority, format, args);
	va_end(args);
}

static bool too_much(void)
{
	static struct timespec begin;
	static u32 lines;
	struct timespec now;
	u32 unsaid;

	/* Who wants to see all events sees all lines. */
	if (chariot_logs(LOG_DEBUG))
		return false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec - begin.tv_sec < BURST_SECONDS)
		return ++lines > BURST;
	unsaid = lines > BURST ? lines - BURST : 0;
	begin = now;
	lines = 1;
	if (unsaid)
		say(LOG_WARNING, "%u lines were left out", unsaid);
	return false;
}

/**
 * chariot_log - write a line to the system's log, or to stderr in the foreground
 * @priority: of syslog(3)
 * @format: of printf(3), without a newline
 *
 * No more than BURST lines in BURST_SECONDS; how many were left out is told with the
 * first one after them.
 */
void chariot_log(int priority, const char *format, ...)
{
	va_list args;

	if (!chariot_logs(priority) || too_much())
		return;
	va_start(args, format);
	put(priority, format, args);
	va_end(args);
}
