// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the commands say on standard error, in the form kmod's commands use, so
 * that scripts that look for "ERROR:" find it. Runs in user space.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "message.h"

const char *message_program = "chariot";

static void say(const char *level, const char *format, va_list args)
{
	/* One write per line: several commands may share a log. */
	char text[1024];

	vsnprintf(text, sizeof(text), format, args);
	fflush(stdout);
	fprintf(stderr, "%s: %s%s\n", message_program, level, text);
}

void message_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("ERROR: ", format, args);
	va_end(args);
}

void message_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("WARNING: ", format, args);
	va_end(args);
}

void message_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("", format, args);
	va_end(args);
}

const char *message_errno(int err)
{
	static char text[128];
	const char *name;

	if (err < 0)
		err = -err;
	name = strerrorname_np(err);
	if (name)
		snprintf(text, sizeof(text), "%s (%s)", strerror(err), name);
	else
		snprintf(text, sizeof(text), "error %d", err);
	return text;
}
