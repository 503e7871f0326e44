// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attacking driver's device. Runs in the guest's kernel, isolated; nobody trusts it.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "nasty.h"

static long result;
module_param(result, long, 0400);
MODULE_PARM_DESC(result, "of the last act (to be read)");

static const struct act_entry *find_act(const char *name)
{
	static const struct act_entry *const lists[] = { call_acts, register_acts, kernel_acts };
	const struct act_entry *a;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lists); i++)
		for (a = lists[i]; a->name; a++)
			if (!strcmp(a->name, name))
				return a;
	return NULL;
}

static ssize_t nasty_write(struct file *file, const char __user *user, size_t size, loff_t *pos)
{
	struct act act = { .target = playground_target() };
	const struct act_entry *entry;
	char text[80], name[32];

	if (size >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, user, size))
		return -EFAULT;
	text[size] = 0;
	if (sscanf(text, "%31s %lx %lx", name, &act.address[0], &act.address[1]) < 1)
		return -EINVAL;
	entry = find_act(name);
	if (!entry)
		return -ENOENT;
	entry->run(&act);
	result = act.result;
	return size;
}

static const struct file_operations nasty_fops = {
	.owner = THIS_MODULE,
	.write = nasty_write,
};

static struct miscdevice nasty_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "nasty",
	.fops = &nasty_fops,
};
module_misc_device(nasty_device);

MODULE_DESCRIPTION("A driver that attacks, to test chariot");
MODULE_LICENSE("GPL");
