// SPDX-License-Identifier: GPL-2.0-only
/* The kernel of shaped.c, for its BTF alone. */
#include "shaped.h"

struct module { int state; };

struct everything {
	struct far_operations *far;
	struct device_attribute *attribute;
	struct kobj_attribute *kobj_attribute;
	struct module *module;
} everything;

int register_file(const struct file_operations *ops, int number)
{
	return ops->open != 0 && number;
}

int register_pages(const struct page_operations *ops)
{
	return ops->read != 0;
}

int register_driver(struct driver *driver)
{
	return driver->probe != 0;
}

int register_commands(struct command *commands, int count)
{
	return commands[0].run != 0 && count;
}

struct gendisk *alloc_disk(void)
{
	return 0;
}

void each_page(long from, int (*each)(struct page *page, void *data), void *data)
{
	each(0, from ? data : 0);
}
