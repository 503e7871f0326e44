// SPDX-License-Identifier: GPL-2.0
/*
 * Typed grants of zsmalloc: an object, while it is mapped for writing.
 * Runs in the guest kernel, around the driver's calls of zsmalloc.
 */
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/percpu.h>

#include "chariot.h"
#include "grant_rules.h"

#define HANDLES		256	/* remembered */

/*
 * zs_map_object() says where an object is, not how long: that is what it was
 * allocated with, just before it is mapped for writing.
 */
static struct { unsigned long handle; size_t size; } handles[HANDLES];
static DEFINE_RAW_SPINLOCK(handles_lock);

/* One object is mapped on a CPU at a time, with preemption off. */
static DEFINE_PER_CPU(struct { unsigned long va; size_t size; }, mapped);

/* zs_malloc(pool, size, gfp) */
void chariot_zs_allocated(struct chariot_driver *d,
			  const struct chariot_call_rule *rule,
			  const unsigned long *args, unsigned long ret)
{
	size_t slot = hash_long(ret, ilog2(HANDLES));
	unsigned long flags;

	raw_spin_lock_irqsave(&handles_lock, flags);
	handles[slot].handle = ret;
	handles[slot].size = args[1];
	raw_spin_unlock_irqrestore(&handles_lock, flags);
}

/* zs_map_object(pool, handle, mode); mode: ZS_MM_RW, _RO, _WO */
void chariot_zs_mapped(struct chariot_driver *d,
		       const struct chariot_call_rule *rule,
		       const unsigned long *args, unsigned long ret)
{
	size_t slot = hash_long(args[1], ilog2(HANDLES));
	size_t size = PAGE_SIZE - offset_in_page(ret);
	unsigned long flags;

	if (args[2] == 1)	/* ZS_MM_RO */
		return;
	raw_spin_lock_irqsave(&handles_lock, flags);
	if (handles[slot].handle == args[1])
		size = min(size, handles[slot].size);
	raw_spin_unlock_irqrestore(&handles_lock, flags);
	this_cpu_write(mapped.va, ret);
	this_cpu_write(mapped.size, size);
	chariot_lend(d, ret, size, CHARIOT_KIND_BUFFER, "zsmalloc object");
}

void chariot_zs_unmaps(struct chariot_driver *d, const unsigned long *args)
{
	unsigned long va = this_cpu_read(mapped.va);

	if (!va)
		return;
	this_cpu_write(mapped.va, 0);
	chariot_lend_end(d, va, this_cpu_read(mapped.size),
			 CHARIOT_KIND_BUFFER);
}
