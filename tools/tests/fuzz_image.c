// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzing: bytes as a module's file, planned on a small kernel's types. Its plan
 * must be one that chariot.ko takes. libFuzzer.
 */
#include <bpf/btf.h>
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/elf.h"
#include "lib/plan.h"
#include "lib/plan_types.h"
#include "plan_check.h"
#include "sample_kernel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void plan_with(const struct image *image, struct types *types)
{
	struct plan_block block;
	const char *wrong;
	size_t size;
	void *plan;

	plan_types_add_module(types, image, "/nonexistent/vmlinux");
	if (!plan_types_make(image, types, &block)) {
		plan = plan_block_pack(&block, &size);
		wrong = plan ? plan_check(plan, size) : NULL;
		if (wrong) {
			fprintf(stderr, "a plan with a bad %s\n", wrong);
			abort();
		}
		free(plan);
	}
	plan_block_free(&block);
	types_drop_modules(types);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct types *types;
	static FILE *out;
	struct image *image;
	struct plan plan;
	const char *why;

	if (!out)
		out = fopen("/dev/null", "w");
	if (!types)
		types = sample_kernel();
	if (image_from_memory(data, size, &image, &why))
		return 0;
	plan_with(image, types);
	if (!plan_make(image, &plan) &&
	    !plan_add_types(image, "/nonexistent/vmlinux", NULL, &plan)) {
		plan_print(&plan, out);
		json_object_put(plan_json(&plan));
	}
	plan_free(&plan);
	image_close(image);
	return 0;
}
