/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A plan as chariot.ko takes it (uapi/chariot_plan.h), piece by piece: its arrays,
 * kept within its limits. User space.
 */
#ifndef CHARIOT_PLAN_BLOCK_H
#define CHARIOT_PLAN_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uapi/chariot_plan.h"

/**
 * struct plan_block - the arrays of a plan
 * @keywords: of each type, "struct ", "union " or "": for people only
 * @count: how many of each
 * @dropped: what had no room
 * @no_memory: more was dropped, for want of memory
 */
struct plan_block {
	struct chariot_plan_type *types;
	const char **keywords;
	struct chariot_plan_member *members;
	struct chariot_plan_entry *entries;
	struct chariot_plan_import *imports;
	struct chariot_plan_grant *grants;
	char *strings;
	struct {
		uint32_t types, keywords, members, entries, imports, grants, strings;
	} count, dropped;
	bool no_memory;
};

/*
 * These append to an array; false (or CHARIOT_PLAN_NONE) if there is no room,
 * which is counted. Names are made printable. What is appended is not checked:
 * names of other types must be there before.
 */
uint32_t plan_block_type(struct plan_block *block, const char *keyword,
			 const char *name, uint32_t size);
bool plan_block_member(struct plan_block *block,
		       const struct chariot_plan_member *member);
bool plan_block_entry(struct plan_block *block, const char *name,
		      const struct chariot_plan_entry *entry);
bool plan_block_import(struct plan_block *block, const char *name,
		       const struct chariot_plan_import *import);
bool plan_block_grant(struct plan_block *block,
		      const struct chariot_plan_grant *grant);

/**
 * plan_block_type_text - "struct sk_buff"
 * @to: result, always terminated
 *
 * Return: false for CHARIOT_PLAN_NONE.
 */
bool plan_block_type_text(const struct plan_block *block, uint32_t type,
			  char *to, size_t room);

/*
 * Order the imports by name, as plan_block_find_import() wants them; those that a
 * damaged file names twice stay once, as chariot.ko wants them.
 */
void plan_block_sort_imports(struct plan_block *block);
/* The import of that name, or NULL. */
const struct chariot_plan_import *
plan_block_find_import(const struct plan_block *block, const char *name);

/* How many of the entries are handed something that is known. */
uint32_t plan_block_known(const struct plan_block *block);

/**
 * plan_block_pack - all in one piece, as CHARIOT_IOC_PLAN takes it
 * @size: result
 *
 * Return: for free(3), or NULL without memory.
 */
void *plan_block_pack(const struct plan_block *block, size_t *size);
void plan_block_free(struct plan_block *block);

#endif /* CHARIOT_PLAN_BLOCK_H */
