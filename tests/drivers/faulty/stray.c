// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults by victim: a pointer that went astray and points just there.
 * Runs in the guest's kernel, isolated or not.
 */

#include "faulty.h"

/* Never a present page-table entry, and another one in each function. */
#define STRAY(name)						\
static FAULT_FUNCTION(name)					\
{								\
	WRITE_ONCE(*(u64 *)call->target, 0x4242424242420000 + 2 * __COUNTER__);	\
}

STRAY(kernel_data)
STRAY(module_data)
STRAY(task)
STRAY(cred)
STRAY(stack)
STRAY(stack_end)
STRAY(percpu)
STRAY(slab)
STRAY(vmalloc)
STRAY(page_cache)
STRAY(free_page)
STRAY(driver_heap)
STRAY(text)
STRAY(text_direct)
STRAY(text_image)
STRAY(driver_text)
STRAY(rodata)
STRAY(rodata_direct)
STRAY(rodata_image)
STRAY(page_table)
STRAY(page_table_used)
STRAY(page_table_image)
STRAY(page_directory)

#define LOOKS	16

/* It looks at the unused entry first, and often; what it reads must be right. */
#define LOOK_AND_STRAY(name)					\
static FAULT_FUNCTION(name)					\
{								\
	u64 *entry = (u64 *)call->target, seen = 0;		\
	unsigned int i;						\
								\
	for (i = 0; i < LOOKS; i++)				\
		seen |= READ_ONCE(*entry);			\
	if (!seen)						\
		WRITE_ONCE(*entry, 0x4242424242420000 + 2 * __COUNTER__);	\
}

LOOK_AND_STRAY(page_table_self)
LOOK_AND_STRAY(page_table_top)

const struct fault stray_faults[] = {
	FAULT(kernel_data),
	FAULT(module_data),
	FAULT(task),
	FAULT(cred),
	FAULT(stack),
	FAULT(stack_end),
	FAULT(percpu),
	FAULT(slab),
	FAULT(vmalloc),
	FAULT(page_cache),
	FAULT(free_page),
	FAULT(driver_heap),
	FAULT(text),
	FAULT(text_direct),
	FAULT(text_image),
	FAULT(driver_text),
	FAULT(rodata),
	FAULT(rodata_direct),
	FAULT(rodata_image),
	FAULT(page_table),
	FAULT(page_table_used),
	FAULT(page_table_image),
	FAULT(page_table_self),
	FAULT(page_table_top),
	FAULT(page_directory),
	{ }
};
