// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that does nothing wrong is interrupted before its first instruction, again and
 * again: the frame is the processor's own, so there is nothing to record.
 * Runs in the guest's kernel.
 */
#include <linux/irq_work.h>
#include <linux/irqflags.h>

#include "hostile.h"

#define TIMES	40u

static atomic_t interrupts;

static void count_interrupt(struct irq_work *work)
{
	atomic_inc(&interrupts);
}

void test_interrupted(void)
{
	struct chariot_record *rec = page_of(PAGE_REQUEST);
	u64 *target = page_of(PAGE_TARGET);
	struct irq_work work;
	u32 i;

	init_irq_work(&work, count_interrupt);
	if (!isolate_first() ||
	    !EXPECT(region(1, page_gpa(PAGE_TARGET), PAGE_SIZE, CHARIOT_REGION_ADD,
			   CHARIOT_RIGHT_WRITE, CHARIOT_KIND_DATA), 0))
		return;
	for (i = 1; i <= TIMES; i++) {
		raw_local_irq_disable();
		irq_work_queue(&work);
		driver_interrupted(target, i);
		irq_work_sync(&work);
		CHECK(*target == i);
	}
	CHECK(atomic_read(&interrupts) == TIMES);
	if (!EXPECT(call(CHARIOT_CALL_RECORD_NEXT, gpa_of(rec), 0, 0), -ENOENT))
		pr_err("hostile: a record: outcome %u, %llu bytes at %llx, rip %llx\n",
		       rec->outcome, rec->size, rec->gpa, rec->rip);
}
