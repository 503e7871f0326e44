// SPDX-License-Identifier: GPL-2.0-only
/* Fuzzing: bytes as read from /dev/chariot, shown in both forms. libFuzzer. */
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/report.h"
#include "lib/violation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *out;
	struct chariot_violation violation;
	struct json_object *json;
	ssize_t used;

	if (!out)
		out = fopen("/dev/null", "w");
	while ((used = violation_parse(data, size, &violation)) > 0) {
		report_print(&violation, NULL, NULL, out);
		json = report_json(&violation, NULL, NULL);
		json_object_to_json_string(json);
		json_object_put(json);
		data += used;
		size -= used;
	}
	return 0;
}
