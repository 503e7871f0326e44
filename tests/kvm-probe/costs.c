// SPDX-License-Identifier: GPL-2.0-only
/*
 * What crossings and calls cost.
 * Runs in the guest kernel.
 */
#include <asm/msr.h>

#include "probe.h"

/* Meaningful with the lab's --icount: there a cycle is an instruction. */
#define COST(name, what) ({						\
	u64 __start, __n = rounds;					\
	what; what; /* twice to warm up */				\
	__start = rdtsc_ordered();					\
	while (__n--)							\
		what;							\
	pr_info("probe: cost %llu %s\n",				\
		(rdtsc_ordered() - __start) / rounds, name);		\
})

static u64 leaf(u64 arg)
{
	return arg;
}

void measure(void)
{
	unsigned long flags;

	CHECK(!allow(page, PAGE_SIZE));
	CHECK(!allow(small + 100, 50));
	local_irq_save(flags);
	COST("no hypercall of ours", kvm_hypercall0(999));
	COST("record_next, none", call(CHARIOT_CALL_RECORD_NEXT, gpa_of(inbox), 0, 0));
	COST("call of a driver", drv_nop());
	COST("call of a driver that writes its page", drv_store64(page, 1));
	COST("call of a driver that calls the kernel", drv_call(leaf, 1));
	COST("call of a driver with a judged store", drv_store64(small + 104, 1));
	COST("the same, locked", drv_inc((u32 *)(small + 104)));
	COST("the same, or", drv_or((u64 *)(small + 104), 1));
	COST("the same, rep stosb of 40", drv_memset(small + 104, 1, 40));
	COST("the same, rep movsb of 40", drv_memcpy(small + 104, page, 40));
	COST("region update, empty", send());
	COST("region add and remove, page, not touched",
	     ({ allow(page2, PAGE_SIZE); deny(page2, PAGE_SIZE); }));
	COST("region add and remove, page, written",
	     ({ allow(page2, PAGE_SIZE); drv_store64(page2, 1);
		deny(page2, PAGE_SIZE); }));
	COST("region add and remove, 8 bytes",
	     ({ allow(page2 + 64, 8); deny(page2 + 64, 8); }));
	COST("region remove of nothing", deny(page2, PAGE_SIZE));
	COST("stopped store", drv_store64(other, 1));
	local_irq_restore(flags);
	while (!call(CHARIOT_CALL_RECORD_NEXT, gpa_of(inbox), 0, 0))
		;
	atomic_set(&notified, 0);
	CHECK(!deny(small + 100, 50));
}
