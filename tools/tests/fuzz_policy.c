// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzing: bytes as a policy, put into a plan on a small kernel's types. The plan
 * must be one that chariot.ko takes. libFuzzer.
 */
#include <bpf/btf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/policy.h"
#include "plan_check.h"
#include "sample_kernel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(bool wrong, const char *text, void *data)
{
	(void)wrong;
	(void)text;
	(void)data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct policy_listener listener = { ignore, NULL };
	static struct types *types;
	struct plan_block block = { 0 };
	struct policy policy;
	const char *wrong;
	size_t plan_size;
	void *plan;

	if (!types)
		types = sample_kernel();
	policy_parse("fuzz", (const char *)data, size, &listener, &policy);
	policy_check(&policy, types);
	plan_block_type(&block, "struct ", "object", 64);
	plan_block_type(&block, "struct ", "child", 16);
	plan_block_type(&block, "struct ", "list", 16);
	policy_apply(&policy, types, &block);
	plan = plan_block_pack(&block, &plan_size);
	wrong = plan ? plan_check(plan, plan_size) : NULL;
	if (wrong) {
		fprintf(stderr, "a plan with a bad %s\n", wrong);
		abort();
	}
	free(plan);
	plan_block_free(&block);
	policy_free(&policy);
	return 0;
}
