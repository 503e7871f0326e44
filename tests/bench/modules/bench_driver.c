// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver that is measured: each operation a user pays for, n times.
 * Runs in the guest kernel, plain or isolated; not trusted when isolated.
 */
#include <linux/math.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "bench.h"

#define BUFFER_SIZE	256u
#define SPOIL_SIZE	64u

/* Static per-CPU data of modules shares its pages with that of others. */
static DEFINE_PER_CPU(unsigned long, counter);
static char *from, *to;

static void nothing(void)
{
}

static void push(void)
{
	unsigned long local = 0;

	asm volatile("" : "+m" (local));
}

static void call_kernel(unsigned int n)
{
	while (n--)
		int_sqrt(1);
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
	size_t size = BUFFER_SIZE;

	OPTIMIZER_HIDE_VAR(size);	/* or it would be inlined */
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
		p = kmalloc(BUFFER_SIZE, GFP_ATOMIC);
		OPTIMIZER_HIDE_VAR(p);
		kfree(p);
	}
}

static void spoil(unsigned long victim)
{
	size_t size = SPOIL_SIZE;

	OPTIMIZER_HIDE_VAR(size);
	memcpy((void *)victim, from, size);
}

static const struct bench_ops ops = {
	.nothing = nothing,
	.push = push,
	.call_kernel = call_kernel,
	.call_inside = call_inside,
	.copy = copy,
	.store_heap = store_heap,
	.store_subpage = store_subpage,
	.allocate = allocate,
	.spoil = spoil,
};

static int __init bench_driver_init(void)
{
	from = kzalloc(BUFFER_SIZE, GFP_KERNEL);
	to = kzalloc(BUFFER_SIZE, GFP_KERNEL);
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
