// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures the driver's operations from the kernel's side. Under the lab's
 * --icount the time stamp counter counts instructions, of guest and host
 * together; all else is counted by the backend, for the whole guest, in which
 * one driver at most is isolated meanwhile.
 * Runs in the guest kernel, never isolated; trusts the driver to be no more
 * than slow.
 *
 * In /sys/kernel/debug/chariot_bench:
 * operations: a line for each; its name, and for one operation, in
 *	thousandths, what struct counts holds.
 * now: the counters at this moment.
 * spoil: lets the driver's memcpy() write where it may not; "stopped" or
 *	"spoilt" says what became of the victim.
 * profile: writing an operation's name runs it PROFILE_ROUNDS times between two
 *	marks for profile_plugin.c.
 */
#include <linux/debugfs.h>
#include <linux/kvm_para.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <chariot/hypercall.h>
#include "bench.h"

/*
 * Few at a time and often: the fastest time is one in which no timer tick of
 * the host fell, which comes every four million instructions.
 */
#define ROUNDS		100u
#define REPEATS		20u
#define PROFILE_ROUNDS	1000u
#define MILLI		1000u

#define VICTIM_SIZE	256u
#define VICTIM_BYTE	0x5a

struct counts {
	u64 tsc;
	u64 vm_exits;
	u64 switches;
	u64 emulated;
	u64 page_faults;
	u64 view_bytes;
};

static const struct bench_ops *ops;
static struct chariot_stats *stats;
static struct dentry *folder;

void bench_register(const struct bench_ops *o)
{
	ops = o;
}
EXPORT_SYMBOL_GPL(bench_register);

/* All but the time. */
static int ask(struct counts *c)
{
	long ret = chariot_hv_domain_stats(CHARIOT_DOMAIN_KERNEL, __pa(stats));

	if (ret)
		return ret;
	c->vm_exits = stats->vm_exits;
	c->switches = stats->entries + stats->exits;
	c->emulated = stats->emulated;
	c->page_faults = stats->page_faults;
	c->view_bytes = stats->view_bytes;
	return 0;
}

static int sample(void (*operation)(unsigned int), unsigned int rounds,
		  struct counts *spent)
{
	struct counts before, after;
	unsigned long flags;
	int ret;

	local_irq_save(flags);
	ret = ask(&before);
	before.tsc = rdtsc_ordered();
	operation(rounds);
	after.tsc = rdtsc_ordered();
	if (!ret)
		ret = ask(&after);
	local_irq_restore(flags);
	if (ret)
		return ret;
	spent->tsc = after.tsc - before.tsc;
	spent->vm_exits = after.vm_exits - before.vm_exits;
	spent->switches = after.switches - before.switches;
	spent->emulated = after.emulated - before.emulated;
	spent->page_faults = after.page_faults - before.page_faults;
	return 0;
}

static int fastest(void (*operation)(unsigned int), unsigned int rounds,
		   struct counts *best)
{
	struct counts spent;
	unsigned int i;
	int ret;

	operation(rounds);	/* map what it touches */
	best->tsc = U64_MAX;
	for (i = 0; i < REPEATS; i++) {
		ret = sample(operation, rounds, &spent);
		if (ret)
			return ret;
		if (spent.tsc < best->tsc)
			*best = spent;
	}
	return 0;
}

/* What one more operation costs, without the call that does all of them. */
static int measure(struct seq_file *m, const char *name,
		   void (*operation)(unsigned int))
{
	struct counts none, all;
	int ret;

	ret = fastest(operation, 0, &none);
	if (!ret)
		ret = fastest(operation, ROUNDS, &all);
	if (ret)
		return ret;
	seq_printf(m, "%s tsc %llu vm_exits %llu switches %llu emulated %llu page_faults %llu\n",
		   name, (all.tsc - none.tsc) * MILLI / ROUNDS,
		   (all.vm_exits - none.vm_exits) * MILLI / ROUNDS,
		   (all.switches - none.switches) * MILLI / ROUNDS,
		   (all.emulated - none.emulated) * MILLI / ROUNDS,
		   (all.page_faults - none.page_faults) * MILLI / ROUNDS);
	return 0;
}

#define XEN_VERSION_CALL	17

/*
 * The bare way to the hypervisor and back: a number that KVM does not know, or Xen's
 * version.
 */
static void hypercalls(unsigned int n)
{
	if (!chariot_transport_xen.detect()) {
		while (n--)
			kvm_hypercall0(0x7fff);
		return;
	}
	while (n--) {
		unsigned long ret = XEN_VERSION_CALL, version = 0, none = 0;

		asm volatile("vmcall"
			     : "+a" (ret), "+D" (version), "+S" (none)
			     : : "memory", "rcx", "r11");
	}
}

/* To the backend: there is no such domain. */
static void backend_calls(unsigned int n)
{
	while (n--)
		chariot_hv_domain_destroy(CHARIOT_DOMAIN_ALL - 1);
}

static void round_trips(unsigned int n)
{
	while (n--)
		ops->nothing();
}

static void pushes(unsigned int n)
{
	while (n--)
		ops->push();
}

struct operation {
	const char *name;
	void (*run)(unsigned int n);
};

/* Only between bench_register() of the driver and that of NULL. */
static struct operation operation_get(unsigned int i)
{
	const struct operation all[] = {
		{ "hypercall",		hypercalls },
		{ "backend_call",	backend_calls },
		{ "round_trip",		round_trips },
		{ "round_trip_push",	pushes },
		{ "call_kernel",	ops->call_kernel },
		{ "call_inside",	ops->call_inside },
		{ "copy",		ops->copy },
		{ "store_heap",		ops->store_heap },
		{ "store_subpage",	ops->store_subpage },
		{ "allocate",		ops->allocate },
		{ }
	};

	return all[i];
}

static int operations_show(struct seq_file *m, void *unused)
{
	struct operation op;
	unsigned int i;
	int ret;

	if (!ops)
		return -ENODEV;
	for (i = 0; (op = operation_get(i)).name; i++) {
		ret = measure(m, op.name, op.run);
		if (ret)
			return ret;
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(operations);

/* For profile_plugin.c; returns how many there were. */
static unsigned int mark(void)
{
	static unsigned int marks;

	/* nopl 0x54524843(%rax,%rax,1), which no compiler makes */
	asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00, 'C', 'H', 'R', 'T'");
	return ++marks;
}

static ssize_t profile_write(struct file *file, const char __user *from,
			     size_t size, loff_t *pos)
{
	struct operation op;
	unsigned long flags;
	char name[32] = "";
	unsigned int i;

	if (!ops)
		return -ENODEV;
	if (size >= sizeof(name) || copy_from_user(name, from, size))
		return -EFAULT;
	for (i = 0; (op = operation_get(i)).name; i++)
		if (sysfs_streq(op.name, name))
			break;
	if (!op.name)
		return -EINVAL;
	op.run(PROFILE_ROUNDS);
	local_irq_save(flags);
	mark();
	op.run(PROFILE_ROUNDS);
	mark();
	local_irq_restore(flags);
	return size;
}

static const struct file_operations profile_fops = {
	.owner = THIS_MODULE,
	.write = profile_write,
};

static int now_show(struct seq_file *m, void *unused)
{
	struct counts c;
	int ret;

	ret = ask(&c);
	if (ret)
		return ret;
	seq_printf(m, "tsc %llu vm_exits %llu switches %llu emulated %llu page_faults %llu view_bytes %llu mark %u\n",
		   rdtsc_ordered(), c.vm_exits, c.switches, c.emulated,
		   c.page_faults, c.view_bytes, mark());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(now);

static int spoil_show(struct seq_file *m, void *unused)
{
	u8 *victim;

	if (!ops)
		return -ENODEV;
	victim = kmalloc(VICTIM_SIZE, GFP_KERNEL);
	if (!victim)
		return -ENOMEM;
	memset(victim, VICTIM_BYTE, VICTIM_SIZE);
	/* By its address alone: a pointer would hand it to the driver. */
	ops->spoil((unsigned long)victim);
	seq_puts(m, memchr_inv(victim, VICTIM_BYTE, VICTIM_SIZE) ? "spoilt\n" :
								   "stopped\n");
	kfree(victim);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(spoil);

static int __init bench_harness_init(void)
{
	if (chariot_hv_detect())
		return -ENODEV;
	/* Of a power of two, so it crosses no page. */
	stats = kzalloc(sizeof(*stats), GFP_KERNEL);
	if (!stats)
		return -ENOMEM;
	folder = debugfs_create_dir("chariot_bench", NULL);
	debugfs_create_file("operations", 0400, folder, NULL, &operations_fops);
	debugfs_create_file("now", 0400, folder, NULL, &now_fops);
	debugfs_create_file("spoil", 0400, folder, NULL, &spoil_fops);
	debugfs_create_file("profile", 0200, folder, NULL, &profile_fops);
	return 0;
}

static void __exit bench_harness_exit(void)
{
	debugfs_remove(folder);
	kfree(stats);
}

module_init(bench_harness_init);
module_exit(bench_harness_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Measures an isolated driver's operations");
