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
STRAY(rodata)
STRAY(rodata_direct)
STRAY(page_table)
STRAY(page_table_used)
STRAY(page_directory)

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
	FAULT(rodata),
	FAULT(rodata_direct),
	FAULT(page_table),
	FAULT(page_table_used),
	FAULT(page_directory),
	{ }
};
