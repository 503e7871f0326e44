// SPDX-License-Identifier: GPL-2.0
/*
 * chariot.ko as a module of the kernel. KUnit's module has all else of it.
 * Runs in the guest kernel.
 */
#include <linux/module.h>

#include "chariot.h"

static int __init chariot_init(void)
{
	return chariot_start();
}

static void __exit chariot_exit(void)
{
	chariot_stop();
}

module_init(chariot_init);
module_exit(chariot_exit);
MODULE_DESCRIPTION("Isolates drivers with the help of the hypervisor");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
