// SPDX-License-Identifier: GPL-2.0
/*
 * Measures the driver's operations from the kernel's side. Under -icount the
 * time stamp counter counts instructions, of guest and host together; exits are
 * the backend's own count.
 *
 * /sys/kernel/debug/chariot_bench: reading runs all and prints one line each:
 * name, instructions and exits for one operation, in thousandths.
 * /sys/kernel/debug/chariot_bench_now: the counters at this moment.
 */
#include <linux/debugfs.h>
#include <linux/kvm_para.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <chariot/abi.h>
#include "bench.h"

#define ROUNDS	1000u

static const struct bench_ops *ops;
static struct chariot_stats *stats;
static struct dentry *file, *now;

static unsigned int domain;
module_param(domain, uint, 0644);
MODULE_PARM_DESC(domain, "whose counters chariot_bench_now shows");

void bench_register(const struct bench_ops *o)
{
	ops = o;
}
EXPORT_SYMBOL_GPL(bench_register);

void noinline bench_kernel_function(void)
{
	asm volatile("");
}
EXPORT_SYMBOL_GPL(bench_kernel_function);

static u64 exits(void)
{
	/* Without a backend the call is unknown and there is nothing to count. */
	if (kvm_hypercall3(CHARIOT_CALL_BASE + CHARIOT_CALL_DOMAIN_STATS, 0,
			   __pa(stats), 0))
		return 0;
	return stats->vm_exits;
}

static void hypercalls(unsigned int n)
{
	/* A number that no hypervisor knows: the bare way there and back. */
	while (n--)
		kvm_hypercall0(0x7fff);
}

static void round_trips(unsigned int n)
{
	while (n--)
		ops->nothing();
}

static void measure(struct seq_file *m, const char *name,
		    void (*operation)(unsigned int))
{
	u64 exit0, exit1, exit2, t0, t1;
	unsigned long flags;

	operation(ROUNDS);	/* map what it touches */
	exit0 = exits();
	exit1 = exits();	/* what asking costs */
	local_irq_save(flags);
	t0 = rdtsc_ordered();
	operation(ROUNDS);
	t1 = rdtsc_ordered();
	local_irq_restore(flags);
	exit2 = exits();
	seq_printf(m, "%s %llu %llu\n", name, (t1 - t0) * 1000 / ROUNDS,
		   (exit2 - exit1 - (exit1 - exit0)) * 1000 / ROUNDS);
}

static int bench_show(struct seq_file *m, void *unused)
{
	measure(m, "hypercall", hypercalls);
	if (!ops)
		return 0;
	measure(m, "round_trip", round_trips);
	measure(m, "call_kernel", ops->call_kernel);
	measure(m, "call_inside", ops->call_inside);
	measure(m, "memcpy_256", ops->copy);
	measure(m, "store_heap", ops->store_heap);
	measure(m, "store_subpage", ops->store_subpage);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(bench);

static int now_show(struct seq_file *m, void *unused)
{
	u64 vm = exits();

	kvm_hypercall3(CHARIOT_CALL_BASE + CHARIOT_CALL_DOMAIN_STATS, domain,
		       __pa(stats), 0);
	seq_printf(m, "tsc %llu vm_exits %llu entries %llu exits %llu emulated %llu page_faults %llu view_bytes %llu\n",
		   rdtsc_ordered(), vm, stats->entries, stats->exits,
		   stats->emulated, stats->page_faults, stats->view_bytes);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(now);

static int __init bench_harness_init(void)
{
	stats = kzalloc(sizeof(*stats), GFP_KERNEL);
	if (!stats)
		return -ENOMEM;
	file = debugfs_create_file("chariot_bench", 0400, NULL, NULL, &bench_fops);
	now = debugfs_create_file("chariot_bench_now", 0400, NULL, NULL, &now_fops);
	return 0;
}

static void __exit bench_harness_exit(void)
{
	debugfs_remove(file);
	debugfs_remove(now);
	kfree(stats);
}

module_init(bench_harness_init);
module_exit(bench_harness_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Measures an isolated driver's operations");
