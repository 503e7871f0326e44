// SPDX-License-Identifier: GPL-2.0-only
/* Writes a record as /dev/chariot gives it, for test_commands.sh. */
#include <stdio.h>

#include "uapi/chariot_dev.h"

int main(void)
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

	return fwrite(&record, sizeof(record), 1, stdout) != 1;
}
