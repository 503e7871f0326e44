// SPDX-License-Identifier: GPL-2.0-only
/* Runs the tests of tools/lib: check [folder of test data]. User space. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define READ_MAX	((size_t)1 << 20)

static const char *data = ".";
static bool good_so_far;

void check_note(bool good, const char *file, int line, const char *text)
{
	if (good)
		return;
	good_so_far = false;
	printf("    %s:%d: not so: %s\n", file, line, text);
}

void check_text(const char *got, const char *wanted, const char *file,
		int line)
{
	if (got && !strcmp(got, wanted))
		return;
	good_so_far = false;
	printf("    %s:%d: got \"%s\"\n    wanted \"%s\"\n", file, line,
	       got ? got : "(null)", wanted);
}

const char *check_file(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", data, name);
	return path;
}

unsigned char *check_read(const char *name, size_t *size)
{
	unsigned char *bytes = calloc(1, READ_MAX);
	FILE *file = fopen(check_file(name), "r");

	*size = bytes && file ? fread(bytes, 1, READ_MAX, file) : 0;
	if (file)
		fclose(file);
	return bytes;
}

void check_spoiled(const char *name, size_t step,
		   void (*each)(const unsigned char *bytes, size_t size, void *data),
		   void *data)
{
	static const unsigned char spoils[] = { 0, 1, 0x7f, 0x80, 0xff };
	unsigned char *bytes, before;
	size_t size, at, i;

	bytes = check_read(name, &size);
	CHECK(size);
	for (at = 0; at < size; at += step) {
		before = bytes[at];
		for (i = 0; i < sizeof(spoils); i++) {
			bytes[at] = spoils[i];
			each(bytes, size, data);
		}
		bytes[at] = before;
	}
	free(bytes);
}

int main(int argc, char **argv)
{
	static const struct check_test *const lists[] = {
		elf_tests, violation_tests, report_tests, plan_tests,
		types_tests, plan_types_tests, dwarf_tests,
		shapes_tests, member_tests, policy_tests, symbolize_tests, system_tests,
	};
	unsigned int passed = 0, failed = 0;
	const struct check_test *test;
	size_t i;

	if (argc > 1)
		data = argv[1];
	setenv("TZ", "UTC", 1);
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (test = lists[i]; test->name; test++) {
			good_so_far = true;
			test->run();
			printf("%s %s\n", good_so_far ? "ok  " : "FAIL",
			       test->name);
			passed += good_so_far;
			failed += !good_so_far;
		}
	}
	printf("%u passed, %u failed, 0 skipped\n", passed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
