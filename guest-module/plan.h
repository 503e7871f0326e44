/* SPDX-License-Identifier: GPL-2.0 */
/* A module's plan, as checked by plan.c. */
#ifndef CHARIOT_PLAN_H
#define CHARIOT_PLAN_H

#include <linux/bitops.h>

#include "uapi/chariot_plan.h"

struct chariot_type_rule;

/* Numbers of types behind those of the plan. */
enum { CHARIOT_PLAN_BUFFER, CHARIOT_PLAN_HASHTABLE, CHARIOT_PLAN_EXTRA };

/**
 * struct chariot_plan - a plan whose every number is in its bounds
 * @h: its header
 * @types: and behind them, from number @h.types on, those of chariot.ko itself
 * @rules: for each type, or NULL
 * @paged: types of the plan whose pages are given whole, a bit each; or NULL
 * @image: what all of it lies in
 */
struct chariot_plan {
	struct chariot_plan_header h;
	const struct chariot_plan_type *types;
	const struct chariot_plan_member *members;
	const struct chariot_plan_entry *entries;	/* by section, offset */
	const struct chariot_plan_import *imports;	/* by name */
	const struct chariot_plan_grant *grants;
	const char *strings;
	const struct chariot_type_rule **rules;
	unsigned long *paged;
	void *image;
};

/**
 * chariot_plan_take - check a plan and keep it
 * @image: as user space sent it; kept, and freed by chariot_plan_free(), if the
 *	plan is good
 *
 * May sleep. Return: the plan, or an ERR_PTR: -EINVAL, -ENOMEM.
 */
struct chariot_plan *chariot_plan_take(void *image, size_t size);
void chariot_plan_free(struct chariot_plan *plan);

static inline const char *chariot_plan_type_name(const struct chariot_plan *plan,
						 u32 type)
{
	if (type >= plan->h.types)
		return type == plan->h.types ? "buffer" : "rhashtable";
	return plan->strings + plan->types[type].name;
}

static inline bool chariot_plan_is_paged(const struct chariot_plan *plan,
					 u32 type)
{
	return plan->paged && type < plan->h.types &&
	       test_bit(type, plan->paged);
}

#endif /* CHARIOT_PLAN_H */
