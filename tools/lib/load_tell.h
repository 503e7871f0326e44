/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What chariot.ko is told around a load: where the kernel keeps things, and what
 * the module is handed. None of it can make a load fail. User space.
 */
#ifndef CHARIOT_LOAD_TELL_H
#define CHARIOT_LOAD_TELL_H

#include <stdbool.h>
#include <stddef.h>

struct image;
struct policy;
struct types;

/**
 * load_tell_layout - for the names in reports
 * @types: of the kernel, or NULL: there are none
 * @verbose: say what goes wrong
 */
void load_tell_layout(int device, const struct types *types, bool verbose);

/**
 * struct load_plan - what goes into a plan
 * @name: of the module
 * @types: of the kernel, or NULL; as before when load_make_plan() returns
 * @policy: whose lines become part of it, or NULL
 * @verbose: say why there is no plan, or what is missing in it
 * @bytes: result: the plan, for free(3); NULL: there is none
 * @size: of it
 */
struct load_plan {
	const char *name;
	const struct image *image;
	struct types *types;
	struct policy *policy;
	bool verbose;
	void *bytes;
	size_t size;
};

/**
 * load_make_plan - work out what a module is handed
 *
 * Context: what the module needs is loaded, since that tells its types then; and
 * the module is not armed yet, to keep that short.
 *
 * Return: 0, also where there is no plan; or -errno if its policy is wrong, or is
 * not in the plan. The rest of the policy is.
 */
int load_make_plan(struct load_plan *plan);

/* Give it to chariot.ko, which is armed; NULL is no plan. */
void load_tell_plan(int device, const struct load_plan *plan);

#endif /* CHARIOT_LOAD_TELL_H */
