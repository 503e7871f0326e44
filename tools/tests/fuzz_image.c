// SPDX-License-Identifier: GPL-2.0-only
/* Fuzzing: bytes as a module's file, planned. libFuzzer. */
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/elf.h"
#include "lib/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *out;
	struct image *image;
	struct plan plan;
	const char *why;

	if (!out)
		out = fopen("/dev/null", "w");
	if (image_from_memory(data, size, &image, &why))
		return 0;
	if (!plan_make(image, &plan) &&
	    !plan_add_types(image, NULL, &plan)) {
		plan_print(&plan, out);
		json_object_put(plan_json(&plan));
	}
	plan_free(&plan);
	image_close(image);
	return 0;
}
