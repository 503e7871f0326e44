// SPDX-License-Identifier: GPL-2.0-only
/* Tests of lib/symbolize.c: places, and lines of a real module file. */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "lib/symbolize.h"

static bool parse(const char *place, char *name, unsigned long *offset,
		  unsigned long *size, char *module)
{
	return place_parse(place, name, 16, offset, size, module, 8);
}

static void places(void)
{
	unsigned long offset, size;
	char name[16], module[8];

	CHECK(parse("writer+0x12/0x40 [drv]", name, &offset, &size, module));
	CHECK_TEXT(name, "writer");
	CHECK_TEXT(module, "drv");
	CHECK(offset == 0x12 && size == 0x40);
	CHECK(parse("a+0x0/0x1", name, &offset, &size, module));
	CHECK_TEXT(module, "");
	CHECK(parse("a.b.0+0x0/0x1 [drv 0a1b2c]", name, &offset, &size, module));
	CHECK_TEXT(module, "drv");
}

static void odd_places(void)
{
	static const char *const odd[] = {
		"", "+", "writer", "0xffffffffc0401234", "+0x1/0x2", "f+",
		"f+0x/0x1", "f+0x1", "f+0x1/", "f+0x1/0x", "f+1/2",
		"f+0x-1/0x2", "f+0x 1/0x2", "f+0x1/0x2x", "f+0x1/0x2 [",
		"f+0x1/0x2 [m", "f+0xfffffffffffffffff/0x2",
		"f+0x1/0x2 [a_name_too_long]", "a_function_too_long+0x1/0x2",
	};
	unsigned long offset, size;
	char name[16], module[8];
	size_t i;

	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		if (parse(odd[i], name, &offset, &size, module))
			CHECK_TEXT(odd[i], "a place that is refused");
}

static void lines(void)
{
	const char *why;
	struct symbolizer *symbolizer;
	char text[256], small[8];

	symbolizer = symbolizer_open(check_file("fixture.ko"), &why);
	CHECK(symbolizer);
	if (!symbolizer)
		return;
	CHECK(symbolizer_line(symbolizer, "fixture_write+0x0/0x1", false, text,
			      sizeof(text)));
	CHECK(strstr(text, "fixture.c:19"));
	CHECK(symbolizer_line(symbolizer, "fixture_write+0x0/0x1 [fixture]",
			      true, small, sizeof(small)));
	CHECK(strlen(small) < sizeof(small));
	CHECK(!symbolizer_line(symbolizer, "nosuch+0x0/0x1", false, text,
			       sizeof(text)));
	CHECK_TEXT(text, "");
	CHECK(!symbolizer_line(symbolizer, "fixture_write+0x9/0x1", false,
			       text, sizeof(text)));
	symbolizer_close(symbolizer);
}

static void without_lines(void)
{
	const char *why;

	CHECK(!symbolizer_open("/nonexistent", &why));
	CHECK(!symbolizer_open("/dev/null", &why));
	CHECK(!symbolizer_open(check_file("fixture-stripped.ko"), &why));
	CHECK_TEXT(why, "it has no debug information");
	symbolizer_close(NULL);
}

const struct check_test symbolize_tests[] = {
	{ "symbolize: places", places },
	{ "symbolize: odd places", odd_places },
	{ "symbolize: lines", lines },
	{ "symbolize: without lines", without_lines },
	{ NULL, NULL }
};
