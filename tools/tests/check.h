/* SPDX-License-Identifier: GPL-2.0-only */
/* The smallest frame for tests of tools/lib. User space. */
#ifndef CHARIOT_CHECK_H
#define CHARIOT_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/* A test notes what is wrong and goes on; NULL ends a list of tests. */
struct check_test {
	const char *name;
	void (*run)(void);
};

void check_note(bool good, const char *file, int line, const char *text);
void check_text(const char *got, const char *wanted, const char *file,
		int line);

#define CHECK(condition) check_note(condition, __FILE__, __LINE__, #condition)
#define CHECK_TEXT(got, wanted) check_text(got, wanted, __FILE__, __LINE__)

/* A file of test data that the Makefile built, by name; static buffer. */
const char *check_file(const char *name);
/* All of it, for free(3). */
unsigned char *check_read(const char *name, size_t *size);
/* Call @each with that file, each @step-th byte of which is something else in turn. */
void check_spoiled(const char *name, size_t step,
		   void (*each)(const unsigned char *bytes, size_t size, void *data),
		   void *data);

extern const struct check_test elf_tests[];
extern const struct check_test violation_tests[];
extern const struct check_test report_tests[];
extern const struct check_test plan_tests[];
extern const struct check_test types_tests[];
extern const struct check_test plan_types_tests[];
extern const struct check_test dwarf_tests[];
extern const struct check_test shapes_tests[];
extern const struct check_test member_tests[];
extern const struct check_test policy_tests[];
extern const struct check_test symbolize_tests[];
extern const struct check_test system_tests[];

#endif /* CHARIOT_CHECK_H */
