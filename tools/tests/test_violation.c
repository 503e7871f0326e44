// SPDX-License-Identifier: GPL-2.0-only
/* Tests of lib/violation.c and lib/printable.c: odd records. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "lib/printable.h"
#include "lib/violation.h"

static void a_record(void)
{
	struct chariot_violation v = { .size = sizeof(v), .seq = 7 }, out;

	strcpy(v.driver, "e1000");
	CHECK(violation_parse(&v, sizeof(v), &out) == sizeof(v));
	CHECK(out.seq == 7);
	CHECK_TEXT(out.driver, "e1000");
	CHECK(!violation_parse(&v, 0, &out));
}

static void sizes_without_sense(void)
{
	static const uint32_t sizes[] = {
		0, 1, 4, 8, 100, 0x7fffffff, 0x80000000, 0xffffffff,
		sizeof(struct chariot_violation) + 1,
	};
	struct chariot_violation v = { }, out;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		v.size = sizes[i];
		CHECK(violation_parse(&v, sizeof(v), &out) == -EPROTO);
	}
	v.size = sizeof(v);
	for (i = 1; i < sizeof(v); i++)
		CHECK(violation_parse(&v, i, &out) == -EPROTO);
}

static void counts_without_sense(void)
{
	struct chariot_violation v, out;

	memset(&v, 0xff, sizeof(v));
	v.size = sizeof(v);
	CHECK(violation_parse(&v, sizeof(v), &out) == sizeof(v));
	CHECK(out.value_len == sizeof(out.value));
	CHECK(out.insn_len == sizeof(out.insn));
	CHECK(out.stack_len == CHARIOT_STACK_MAX);
	/* Not terminated, not UTF-8. */
	CHECK(strlen(out.driver) == sizeof(out.driver) - 1);
	CHECK(out.driver[0] == '?');
	CHECK(strlen(out.stack[CHARIOT_STACK_MAX - 1]) == CHARIOT_TEXT_LEN - 1);
	CHECK_TEXT(victim_name(out.victim), "unknown");
	CHECK_TEXT(outcome_name(out.outcome), "unknown");
	CHECK_TEXT(context_name(out.context), "unknown");
	CHECK_TEXT(mode_name(out.mode), "unknown");
	CHECK_TEXT(kind_name(0xffffffff), "unknown");
}

/* A chariot.ko of another age: shorter records, or longer ones. */
static void other_revisions(void)
{
	struct {
		struct chariot_violation v;
		char more[64];
	} longer = { .v.size = sizeof(longer), .v.seq = 3 };
	struct chariot_violation v = { .seq = 4, .value_len = 64 }, out;

	CHECK(violation_parse(&longer, sizeof(longer), &out) == sizeof(longer));
	CHECK(out.seq == 3);
	v.size = offsetof(struct chariot_violation, value);
	memset(v.value, 1, sizeof(v.value));
	CHECK(violation_parse(&v, sizeof(v), &out) == v.size);
	CHECK(out.value_len == 64 && !out.value[0]);
}

static void every_name_is_there(void)
{
	uint32_t i;

	for (i = 0; i < CHARIOT_VICTIM_COUNT; i++)
		CHECK(strcmp(victim_name(i), "unknown"));
	for (i = 0; i < CHARIOT_KIND_COUNT; i++)
		CHECK(strcmp(kind_name(i), "unknown"));
}

static void printable(void)
{
	char text[8] = { 'a', '\033', '\xc3', '\n', 'b', 'c', 'd', 'e' };
	const uint8_t bytes[] = { 0, 0xab, 0xff };
	char hex[9];

	printable_clean(text, sizeof(text));
	CHECK_TEXT(text, "a???bcd");
	printable_copy(text, 4, "x\ty and more");
	CHECK_TEXT(text, "x?y");
	printable_copy(text, 1, "x");
	CHECK_TEXT(text, "");
	printable_copy(text, sizeof(text), NULL);
	CHECK_TEXT(text, "");
	printable_hex(hex, sizeof(hex), bytes, 3);
	CHECK_TEXT(hex, "00 ab ff");
	printable_hex(hex, 5, bytes, 3);
	CHECK_TEXT(hex, "00");
	printable_hex(hex, 1, bytes, 3);
	CHECK_TEXT(hex, "");
}

const struct check_test violation_tests[] = {
	{ "violation: a record", a_record },
	{ "violation: sizes without sense", sizes_without_sense },
	{ "violation: counts without sense", counts_without_sense },
	{ "violation: other revisions", other_revisions },
	{ "violation: every number has a name", every_name_is_there },
	{ "printable: text and hex", printable },
	{ NULL, NULL }
};
