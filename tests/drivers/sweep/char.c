// SPDX-License-Identifier: GPL-2.0-only
/* A character driver that strays. Runs in the guest's kernel. */
#include <linux/module.h>

#include "sweep.h"

static int __init sweep_char_init(void)
{
	return sweep_start("sweep_char");
}

static void __exit sweep_char_exit(void)
{
	sweep_stop();
}

module_init(sweep_char_init);
module_exit(sweep_char_exit);
MODULE_DESCRIPTION("Chariot's test: a character driver that strays");
MODULE_LICENSE("GPL");
