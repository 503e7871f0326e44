// SPDX-License-Identifier: GPL-2.0-only
/* A driver that depends on another driver. Runs in the guest's kernel. */

#include <linux/module.h>

#include "good_base.h"

static unsigned int heard;
module_param(heard, uint, 0444);
MODULE_PARM_DESC(heard, "sum of the values that good_base told of");

static unsigned int sum;
module_param(sum, uint, 0444);
MODULE_PARM_DESC(sum, "sum of all values of good_base");

static void hear(unsigned int value)
{
	heard += value;
}

static int __init good_user_init(void)
{
	unsigned int value;
	int err;

	good_base_listen(hear);
	for (value = 2; value <= 100; value++) {
		err = good_base_add(value);
		if (err) {
			good_base_listen(NULL);
			return err;
		}
	}
	sum = good_base_sum();
	return 0;
}
module_init(good_user_init);

static void __exit good_user_exit(void)
{
	good_base_listen(NULL);
}
module_exit(good_user_exit);

MODULE_DESCRIPTION("A driver that depends on another one, to test chariot");
MODULE_LICENSE("GPL");
