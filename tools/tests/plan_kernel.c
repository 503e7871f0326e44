// SPDX-License-Identifier: GPL-2.0-only
/*
 * chariot.ko's own check of a plan (guest-module/plan.c), in user space: the little
 * of the kernel that it stands on, and its source. The kernel's headers that it
 * names are empty here, see the Makefile.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plan_check.h"

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

/* Of these it needs the sizes alone. */
struct list_head { void *next, *prev; };
struct rhashtable { char bytes[136]; };

#define GFP_KERNEL		0
#define kzalloc(size, flags)	calloc(1, size)
#define kvcalloc(n, size, flags) calloc(n, size)
#define kfree(p)		free((void *)(p))
#define kvfree(p)		free((void *)(p))
#define ERR_PTR(error)		((void *)(intptr_t)(error))
#define IS_ERR(p)		((uintptr_t)(p) >= (uintptr_t)-4095)

#define WORD_BITS		(CHAR_BIT * sizeof(unsigned long))
#define bitmap_zalloc(n, flags)	calloc((n) / WORD_BITS + 1, sizeof(unsigned long))
#define bitmap_free(p)		free(p)
#define __set_bit(n, p)		((p)[(n) / WORD_BITS] |= 1ul << (n) % WORD_BITS)
#define test_bit(n, p)		((p)[(n) / WORD_BITS] >> (n) % WORD_BITS & 1)

/* Headers of chariot.ko that need a kernel; plan.c needs this of them. */
#define CHARIOT_GUEST_H
#define CHARIOT_GRANT_RULES_H
struct chariot_type_rule;
static const struct chariot_type_rule *chariot_type_rule(const char *type)
{
	/* The table of rules is not here, but the name must be a string. */
	return type[strlen(type)] ? (void *)type : NULL;
}

#include "../../guest-module/plan.c"

bool plan_taken(const void *plan, size_t size)
{
	/* Of its own size, so that the sanitizer guards its end. */
	void *image = malloc(size);
	struct chariot_plan *taken;
	u32 type;

	if (!image)
		abort();
	memcpy(image, plan, size);
	taken = chariot_plan_take(image, size);
	if (IS_ERR(taken)) {
		free(image);
		return false;
	}
	for (type = 0; type < taken->h.types + CHARIOT_PLAN_EXTRA; type++) {
		chariot_type_rule(chariot_plan_type_name(taken, type));
		chariot_plan_is_paged(taken, type);
	}
	chariot_plan_free(taken);
	return true;
}
