// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzing: bytes as read from /dev/chariot, shown in both forms, and learned from.
 * libFuzzer.
 */
#include <bpf/btf.h>
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/learn.h"
#include "lib/report.h"
#include "lib/violation.h"
#include "sample_kernel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct learning learning;
	static FILE *out;
	struct chariot_violation violation;
	struct json_object *json;
	ssize_t used;

	if (!out)
		out = fopen("/dev/null", "w");
	if (!learning.types)
		learning.types = sample_kernel();
	while ((used = violation_parse(data, size, &violation)) > 0) {
		report_print(&violation, NULL, learning.types, out);
		json = report_json(&violation, NULL, learning.types);
		json_object_to_json_string(json);
		json_object_put(json);
		learn_violation(&learning, &violation);
		data += used;
		size -= used;
	}
	learn_print(&learning, "fuzz", "", out);
	learn_free(&learning);
	return 0;
}
