// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Has coverage data written at UML's end, for kunit/run --coverage. GCC's own way,
 * the section .fini_array.00100, is not in UML's linker script.
 */
#include <linux/init.h>
#include <linux/notifier.h>
#include <linux/reboot.h>

void __gcov_dump(void);		/* libgcov */

static int write_data(struct notifier_block *nb, unsigned long action, void *data)
{
	__gcov_dump();
	return NOTIFY_DONE;
}

static struct notifier_block at_end = { .notifier_call = write_data };

static int __init coverage_init(void)
{
	return register_reboot_notifier(&at_end);
}
late_initcall(coverage_init);
