// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another driver, without fault, whose heap is a victim.
 * Runs in the guest's kernel, isolated or not.
 */

#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "playground.h"

#define SIZE 64

static u8 *object;

static int __init bystander_init(void)
{
	object = kmalloc(SIZE, GFP_KERNEL);
	if (!object)
		return -ENOMEM;
	memset(object, 0x77, SIZE);
	playground_offer((unsigned long)object, SIZE);
	return 0;
}
module_init(bystander_init);

static void __exit bystander_exit(void)
{
	playground_withdraw((unsigned long)object);
	kfree(object);
}
module_exit(bystander_exit);

MODULE_DESCRIPTION("A driver whose heap is a victim, to test chariot");
MODULE_LICENSE("GPL");
