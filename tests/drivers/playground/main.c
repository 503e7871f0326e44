// SPDX-License-Identifier: GPL-2.0-only
/*
 * The playground: victims for faulty drivers, and the truth about them.
 * Runs in the guest's kernel, trusted; the test scripts steer it.
 *
 * /sys/kernel/debug/playground/
 *   arm      write a victim's name, or "none" (mends and frees the last one)
 *   address  where the armed victim wants to be hit
 *   check    "intact", or a line for each piece of memory that changed
 */

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "private.h"

DEFINE_MUTEX(playground_mutex);	/* one request at a time */

static unsigned long target;
static struct dentry *folder;

void playground_aim(unsigned long address)
{
	target = address;
}

unsigned long playground_target(void)
{
	return target;
}
EXPORT_SYMBOL_GPL(playground_target);

static const struct victim *find_victim(const char *name)
{
	const struct victim *const lists[] = { kernel_victims, mapping_victims };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		const struct victim *v;

		for (v = lists[i]; v->name; v++)
			if (!strcmp(v->name, name))
				return v;
	}
	return NULL;
}

static ssize_t arm_write(struct file *file, const char __user *from,
			 size_t size, loff_t *pos)
{
	const struct victim *v;
	char name[32];
	int err = 0;

	if (size >= sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, from, size))
		return -EFAULT;
	name[size] = 0;
	strim(name);

	mutex_lock(&playground_mutex);
	watch_reset();
	target = 0;
	if (strcmp(name, "none")) {
		v = find_victim(name);
		err = v ? v->arm() : -ENOENT;
	}
	mutex_unlock(&playground_mutex);
	return err ?: size;
}

static const struct file_operations arm_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = arm_write,
};

static int address_show(struct seq_file *out, void *unused)
{
	seq_printf(out, "0x%lx\n", target);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(address);

static int check_show(struct seq_file *out, void *unused)
{
	mutex_lock(&playground_mutex);
	watch_tell(out);
	mutex_unlock(&playground_mutex);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(check);

static int __init playground_init(void)
{
	int err = victims_init();

	if (err)
		return err;
	err = line_init();
	if (err) {
		victims_exit();
		return err;
	}
	folder = debugfs_create_dir("playground", NULL);
	debugfs_create_file("arm", 0200, folder, NULL, &arm_fops);
	debugfs_create_file("address", 0400, folder, NULL, &address_fops);
	debugfs_create_file("check", 0400, folder, NULL, &check_fops);
	return 0;
}
module_init(playground_init);

static void __exit playground_exit(void)
{
	debugfs_remove(folder);
	watch_reset();
	mappings_exit();
	line_exit();
	victims_exit();
}
module_exit(playground_exit);

MODULE_DESCRIPTION("Victims for the drivers that test chariot");
MODULE_LICENSE("GPL");
