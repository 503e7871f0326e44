// SPDX-License-Identifier: GPL-2.0-only
/*
 * What chariot.ko is told around a load, so that it names and grants more. Runs
 * in user space as root; chariot.ko checks all of it.
 */
#include <errno.h>
#include <stdlib.h>

#include "btf.h"
#include "device.h"
#include "load_tell.h"
#include "message.h"
#include "plan_types.h"

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

static int make_block(const char *name, const struct image *image,
		      struct types *types, bool verbose,
		      struct plan_block *block)
{
	int err;

	if (!types)
		return -ENODATA;
	err = plan_types_add_module(types, image, KERNEL_BTF);
	if (err && verbose)
		message_warning("%s does not tell its own types: %s", name,
				message_errno(err));
	err = plan_types_make(image, types, block);
	types_drop_modules(types);
	return err;
}

void *load_make_plan(const char *name, const struct image *image,
		     struct types *types, bool verbose, size_t *size)
{
	struct plan_block block = { 0 };
	void *plan = NULL;
	int err;

	err = make_block(name, image, types, verbose, &block);
	if (!err)
		plan = plan_block_pack(&block, size);
	if (plan && verbose)
		say_dropped(&block);
	else if (!plan && verbose)
		message_warning("what %s is handed stays unknown: %s", name,
				message_errno(err ? err : -ENOMEM));
	plan_block_free(&block);
	return plan;
}

void load_tell_plan(int device, const char *name, const void *plan,
		    size_t size, bool verbose)
{
	int err = plan ? device_send_plan(device, plan, size) : 0;

	if (err == -ENOTTY && verbose)
		message_warning("this chariot.ko is older and takes no plan");
	else if (err && err != -ENOTTY)
		message_warning("what %s is handed stays unknown: chariot.ko does not take its plan: %s",
				name, message_errno(err));
}
