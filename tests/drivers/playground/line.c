// SPDX-License-Identifier: GPL-2.0-only
/*
 * An interrupt line without a device, and freeing from the kernel's side.
 * Runs in the guest's kernel, trusted.
 */

#include <linux/irq.h>
#include <linux/irq_work.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

#include "private.h"

static int line = -1;

/* The interrupt that a CPU sends itself: as hard as a device's. */
static void handle_line(struct irq_work *work)
{
	generic_handle_irq(line);
}

static struct irq_work raise_work = IRQ_WORK_INIT_HARD(handle_line);

static void raise_here(void *unused)
{
	irq_work_queue(&raise_work);
}

int playground_line(void)
{
	return line;
}
EXPORT_SYMBOL_GPL(playground_line);

void playground_raise_line(int cpu)
{
	mutex_lock(&playground_mutex);
	smp_call_function_single(cpu, raise_here, NULL, true);
	irq_work_sync(&raise_work);
	mutex_unlock(&playground_mutex);
}
EXPORT_SYMBOL_GPL(playground_raise_line);

int line_init(void)
{
	line = irq_alloc_desc(NUMA_NO_NODE);
	if (line < 0)
		return line;
	irq_set_chip_and_handler(line, &dummy_irq_chip, handle_simple_irq);
	irq_modify_status(line, IRQ_NOREQUEST | IRQ_NOPROBE, 0);
	return 0;
}

void line_exit(void)
{
	irq_free_desc(line);
}

void playground_kfree(void *object)
{
	kfree(object);
}
EXPORT_SYMBOL_GPL(playground_kfree);

void playground_kfree_rcu(void *object)
{
	kfree_rcu_mightsleep(object);
}
EXPORT_SYMBOL_GPL(playground_kfree_rcu);

void playground_vfree(void *area)
{
	vfree(area);
}
EXPORT_SYMBOL_GPL(playground_vfree);

void playground_free_pages(unsigned long pages, unsigned int order)
{
	free_pages(pages, order);
}
EXPORT_SYMBOL_GPL(playground_free_pages);
