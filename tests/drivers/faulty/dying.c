// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver with two files in sysfs, /sys/kernel/dying/: whoever reads the one is killed
 * by a NULL pointer, the other one works.
 * Runs in the guest's kernel.
 */

#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/sysfs.h>

static struct kobject *folder;
static const char *volatile nothing;

static ssize_t dies_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%c\n", *nothing);
}

static ssize_t lives_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	/* By itself, not by a function of the kernel's. */
	buf[0] = 'y';
	buf[1] = '\n';
	return 2;
}

static struct kobj_attribute file_dies = __ATTR_RO(dies);
static struct kobj_attribute file_lives = __ATTR_RO(lives);

static const struct attribute *files[] = { &file_dies.attr, &file_lives.attr, NULL };

static int __init dying_init(void)
{
	int err;

	folder = kobject_create_and_add("dying", kernel_kobj);
	if (!folder)
		return -ENOMEM;
	err = sysfs_create_files(folder, files);
	if (err)
		kobject_put(folder);
	return err;
}
module_init(dying_init);

static void __exit dying_exit(void)
{
	kobject_put(folder);
}
module_exit(dying_exit);

MODULE_DESCRIPTION("A driver that kills who calls it, to test chariot");
MODULE_LICENSE("GPL");
