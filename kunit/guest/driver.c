// SPDX-License-Identifier: GPL-2.0
/*
 * A driver under test: takes memory from wherever drivers do, when it is asked to.
 * An ordinary module, which knows nothing of Chariot.
 */
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "driver_parts.h"

static unsigned long offer;
module_param(offer, ulong, 0);

/* 1: init fails; 2: it fails with all of it done. */
static int fail;
module_param(fail, int, 0);

char driver_text[DRIVER_TEXT_SIZE] = "a text that is long enough to be copied somewhere else";
unsigned long driver_user;
static const char constant[] = "constant";
static int variable = 1;
static DEFINE_PER_CPU(long, counter);

static noinline long do_copy(void *to, const void *from, size_t size)
{
	return copy_from_kernel_nofault(to, from, size);
}

/* What it calls sees the caller of this. */
#define LEAVES_BY_JUMP __attribute__((optimize("optimize-sibling-calls")))

static noinline LEAVES_BY_JUMP long do_print(char *to, size_t size, unsigned long value)
{
	/* Arguments in registers and on the stack */
	return snprintf(to, size, "value %lu, %d %d %d %d", value, 1, 2, 3, 4);
}

static noinline void *do_set(void *to, int byte, size_t size)
{
	return memset(to, byte, size);
}

/* --- what the kernel calls ---------------------------------------------------------- */

static struct kunit_entries entries;

static noinline void work_on(void *p)
{
	if (entries.during)
		entries.during();
	OPTIMIZER_HIDE_VAR(p);
}

static void take(struct kunit_object *o)
{
	work_on(o);
}

static void take_pointer(struct kunit_object **o)
{
	work_on(o);
}

static void take_area(void *p)
{
	work_on(p);
}

static void take_bytes(void *p, size_t size)
{
	work_on(p);
}

static void take_strings(int count, char **strings)
{
	work_on(strings);
}

static struct kunit_entries entries = {
	take, take_pointer, take_area, take_bytes, take_strings
};

static struct sk_buff *get_packet(unsigned int size)
{
	return alloc_skb(size, GFP_KERNEL);
}

static void put_packet(struct sk_buff *skb)
{
	kfree_skb(skb);
}

static struct kunit_driver driver = {
	.families = driver_families,
	.device_families = driver_device_families,
	.fragments = driver_fragments,
	.copies = driver_copies,
	.user_pages = driver_user_pages,
	.mappings = driver_mappings,
	.user = &driver_user,
	.entries = &entries,
	.frames = &driver_frames,
	.get_packet = get_packet,
	.put_packet = put_packet,
	.data = &variable,
	.rodata = constant,
	.percpu = &counter,
	.copy = do_copy,
	.print = do_print,
	.set = do_set,
};

static void driver_end(void)
{
	driver_copies_end();
	driver_device_end();
	driver_memory_end();
}

static int driver_begin(void)
{
	int ret = driver_memory_begin();

	if (ret)
		return ret;
	ret = driver_device_begin();
	if (ret)
		goto err_memory;
	ret = driver_copies_begin();
	if (!ret)
		return 0;
	driver_device_end();
err_memory:
	driver_memory_end();
	return ret;
}

static int __init kunit_driver_init(void)
{
	kunit_offer_fn *call = (kunit_offer_fn *)offer;
	int ret;

	if (fail == 1)
		return -ENODEV;
	ret = driver_begin();
	if (ret)
		return ret;
	driver.nr_families = driver_nr_families;
	driver.nr_device_families = driver_nr_device_families;
	driver.nr_fragments = driver_nr_fragments;
	driver.nr_copies = driver_nr_copies;
	driver.nr_user_pages = driver_nr_user_pages;
	driver.nr_mappings = driver_nr_mappings;
	driver.block = driver_block;
	driver.files = driver_files;
	driver.text = driver_begin;
	driver.given_returned = driver_packet;
	driver.given_set = driver_socket;
	if (call)
		call(&driver);
	if (fail == 2) {
		driver_end();
		return -EIO;
	}
	return 0;
}

static void __exit kunit_driver_exit(void)
{
	driver_end();
}

module_init(kunit_driver_init);
module_exit(kunit_driver_exit);
MODULE_DESCRIPTION("A driver for Chariot's own tests");
MODULE_LICENSE("GPL");
