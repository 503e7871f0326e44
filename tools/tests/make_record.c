// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes records as /dev/chariot gives them, for test_commands.sh: one of a driver
 * "fixture", or with an argument several of a driver "typed", which hit structures
 * of sample_types.c.
 */
#include <stdint.h>
#include <stdio.h>

#include <chariot/abi.h>
#include "uapi/chariot_dev.h"

static int put(const struct chariot_violation *record)
{
	return fwrite(record, sizeof(*record), 1, stdout) != 1;
}

static int put_typed(const char *function, const char *type, uint64_t offset,
		     uint64_t length, uint64_t repeat)
{
	static uint64_t seq;
	struct chariot_violation record = {
		.size = sizeof(record),
		.revision = CHARIOT_DEV_REVISION,
		/* cppcheck-suppress unknownEvaluationOrder ; there is but one */
		.seq = ++seq,
		.repeat = repeat,
		.address = 0xffff888000001000ull,
		.length = length,
		.outcome = CHARIOT_OUTCOME_AUDITED,
		.victim = CHARIOT_VICTIM_SLAB,
		.type_offset = offset,
		.driver = "typed",
		.victim_text = "kmalloc-64 +0x10",
	};

	snprintf(record.function, sizeof(record.function), "%s", function);
	snprintf(record.type, sizeof(record.type), "%s", type);
	return put(&record);
}

static int all_typed(void)
{
	return put_typed("typed_xmit+0x10/0x40", "object", 24, 8, 5) ||
	       put_typed("typed_xmit+0x20/0x40", "object", 24, 8, 2) ||
	       put_typed("typed_irq+0x8/0x10", "object", 24, 8, 1) ||
	       put_typed("typed_irq+0x9/0x10", "object", 0, 16, 1) ||
	       /* Over two members. */
	       put_typed("typed_init+0x1/0x10", "object", 8, 16, 1) ||
	       put_typed("typed_init+0x2/0x10", "child", 8, 1, 3) ||
	       put_typed("typed_init+0x3/0x10", "object", 56, 8, 1) ||
	       put_typed("typed_init+0x4/0x10", "nosuch", 4, 4, 1) ||
	       put_typed("typed_init+0x5/0x10", "", 0, 4, 1) ||
	       put_typed("typed_init+0x6/0x10", "object", 1000, 4, 1);
}

int main(int argc, char **argv)
{
	static const struct chariot_violation record = {
		.size = sizeof(record),
		.revision = CHARIOT_DEV_REVISION,
		.seq = 1,
		.time_ns = 1700000000000000000ull,
		.repeat = 1,
		.address = 0xffff888000001000ull,
		.gpa = 0x1000,
		.driver = "fixture",
		.function = "fixture_write+0x0/0x7",
		.stack_len = 1,
		.stack = { "fixture_write+0x0/0x7 [fixture]" },
	};

	(void)argv;
	return argc > 1 ? all_typed() : put(&record);
}
