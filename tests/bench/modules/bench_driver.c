// SPDX-License-Identifier: GPL-2.0
/* The driver that is measured: each operation a user pays for, n times. */
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "bench.h"

static DEFINE_PER_CPU(unsigned long, counter);
static char *from, *to;

static void nothing(void)
{
}

static void call_kernel(unsigned int n)
{
	while (n--)
		bench_kernel_function();
}

static noinline void inside(void)
{
	asm volatile("");
}

static void call_inside(unsigned int n)
{
	while (n--)
		inside();
}

static void copy(unsigned int n)
{
	size_t size = 256;

	OPTIMIZER_HIDE_VAR(size);
	while (n--)
		memcpy(to, from, size);
}

static void store_heap(unsigned int n)
{
	while (n--)
		WRITE_ONCE(*(unsigned long *)to, n);
}

static void store_subpage(unsigned int n)
{
	while (n--)
		this_cpu_inc(counter);
}

static void allocate(unsigned int n)
{
	void *p;

	while (n--) {
		p = kmalloc(100, GFP_KERNEL);
		OPTIMIZER_HIDE_VAR(p);
		kfree(p);
	}
}

static const struct bench_ops ops = {
	.nothing = nothing,
	.call_kernel = call_kernel,
	.call_inside = call_inside,
	.copy = copy,
	.store_heap = store_heap,
	.store_subpage = store_subpage,
	.allocate = allocate,
};

static int __init bench_driver_init(void)
{
	from = kzalloc(256, GFP_KERNEL);
	to = kzalloc(256, GFP_KERNEL);
	if (!from || !to) {
		kfree(from);
		kfree(to);
		return -ENOMEM;
	}
	bench_register(&ops);
	return 0;
}

static void __exit bench_driver_exit(void)
{
	bench_register(NULL);
	kfree(from);
	kfree(to);
}

module_init(bench_driver_init);
module_exit(bench_driver_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Operations to measure");
