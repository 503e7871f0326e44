// SPDX-License-Identifier: GPL-2.0-only
/*
 * What chariot.ko is told around a load, so that it names and grants more. Runs
 * in user space as root; chariot.ko checks all of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "btf.h"
#include "device.h"
#include "load.h"
#include "load_tell.h"
#include "message.h"
#include "plan_types.h"
#include "policy.h"

void load_tell_layout(int device, const struct types *types, bool verbose)
{
	struct chariot_layout layout;
	uint32_t ignored;
	int err = -ENODATA;

	if (types) {
		kernel_layout(types, &layout, &ignored);
		err = device_send_layout(device, &layout);
	}
	if (err && verbose)
		message_warning("reports will name less: no kernel layout: %s",
				message_errno(err));
}

static void say_dropped(const struct plan_block *block)
{
	if (block->dropped.entries || block->dropped.imports ||
	    block->dropped.grants)
		message_warning("too much for one plan: %u functions and %u grants are left out",
				block->dropped.entries + block->dropped.imports,
				block->dropped.grants);
	if (block->dropped.types || block->dropped.members ||
	    block->dropped.strings)
		message_warning("too much for one plan: of the types farthest away, %u pointers are left out",
				block->dropped.members);
}

/* What is stopped wrongly later may come of this. */
static void say_guessed(const struct load_plan *plan,
			const struct plan_block *block, int why)
{
	uint32_t known = plan_block_known(block);

	if (known == block->count.entries)
		return;
	message_warning("%s has no types of its own (%s): by the look of its data, what %u of its %u functions are handed is known",
			plan->name, why == -ENODATA ?
			"neither BTF nor debug information; DKMS keeps it with STRIP[0]=no" :
			"its BTF is damaged, or of another kernel",
			known, block->count.entries);
}

static int make_block(const struct load_plan *plan, struct plan_block *block,
		      int *wrong)
{
	struct types *types = plan->types;
	int err, untyped;

	if (!types)
		return -ENODATA;
	untyped = plan_types_add_module(types, plan->image, KERNEL_BTF);
	err = plan_types_make(plan->image, types, block);
	if (!err && untyped)
		say_guessed(plan, block, untyped);
	if (!err && plan->policy)
		*wrong = policy_apply(plan->policy, types, block);
	types_drop_modules(types);
	return err;
}

int load_make_plan(struct load_plan *plan)
{
	struct plan_block block = { 0 };
	int err, wrong = 0;

	plan->bytes = NULL;
	err = make_block(plan, &block, &wrong);
	if (!err) {
		plan->bytes = plan_block_pack(&block, &plan->size);
		err = plan->bytes ? 0 : -ENOMEM;
	}
	if (!err && plan->verbose)
		say_dropped(&block);
	else if (err && plan->verbose)
		message_warning("what %s is handed stays unknown: %s",
				plan->name, message_errno(err));
	plan_block_free(&block);
	if (err && plan->policy && plan->policy->count) {
		policy_tell(plan->policy, true, 0,
			    "it cannot be used without the kernel's types: %s",
			    message_errno(err));
		return err;
	}
	return wrong;
}

void load_tell_plan(int device, const struct load_plan *plan)
{
	int err = plan->bytes ?
		  device_send_plan(device, plan->bytes, plan->size) : 0;

	if (err == -ENOTTY && plan->verbose)
		message_warning("this chariot.ko is older and takes no plan");
	else if (err && err != -ENOTTY)
		message_warning("what %s is handed stays unknown: chariot.ko does not take its plan: %s",
				plan->name, message_errno(err));
}

/* --- its policy ------------------------------------------------------------------ */

static void say_policy(bool wrong, const char *text, void *data)
{
	const struct load_request *request = data;

	if (wrong && request->mode == CHARIOT_MODE_ENFORCE)
		message_error("%s", text);
	else
		message_warning("%s", text);
}

int load_policy(const struct load_request *request, const char *module,
		struct policy *policy, bool *found)
{
	const struct policy_listener listener = {
		say_policy, (void *)request
	};
	const char *file = request->policy;
	char path[512];

	memset(policy, 0, sizeof(*policy));
	*found = false;
	if (request->no_policy)
		return 0;
	if (!file && policy_find(module, path, sizeof(path)))
		file = path;
	if (!file)
		return 0;
	*found = true;
	return policy_open(file, &listener, policy);
}
