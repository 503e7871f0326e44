// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver whose device is not there: its init does some work and fails.
 * Runs in the guest's kernel.
 */

#include <linux/module.h>
#include <linux/slab.h>

static int error = ENODEV;
module_param(error, int, 0);
MODULE_PARM_DESC(error, "the error to fail with");

static int __init good_nodev_init(void)
{
	void *memory = kzalloc(1000, GFP_KERNEL);

	if (!memory)
		return -ENOMEM;
	memset(memory, 1, 1000);
	kfree(memory);
	return -error;
}
module_init(good_nodev_init);

static void __exit good_nodev_exit(void)
{
}
module_exit(good_nodev_exit);

MODULE_DESCRIPTION("A driver whose init fails, to test chariot");
MODULE_LICENSE("GPL");
