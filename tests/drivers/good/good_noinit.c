// SPDX-License-Identifier: GPL-2.0-only
/* A module without functions for its beginning and end. */

#include <linux/module.h>

static int number = 7;
module_param(number, int, 0644);
MODULE_PARM_DESC(number, "any number");

MODULE_DESCRIPTION("A module without an init function, to test chariot");
MODULE_LICENSE("GPL");
