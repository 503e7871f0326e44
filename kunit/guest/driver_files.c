// SPDX-License-Identifier: GPL-2.0
/* Files of the driver under test: a device's, one that is shown as text, an attribute. */
#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "driver_parts.h"

static struct kunit_files files;
static struct kobject *folder;

static int show(struct seq_file *seq, void *unused)
{
	if (files.during_show)
		files.during_show(seq);
	seq_puts(seq, "text\n");
	return 0;
}

static int open(struct inode *inode, struct file *file)
{
	if (files.during_open)
		files.during_open(file);
	file->private_data = NULL;	/* was the device */
	return single_open(file, show, NULL);
}

static int map(struct file *file, struct vm_area_struct *vma)
{
	if (files.during_map)
		files.during_map(vma);
	return 0;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE, .open = open, .read_iter = seq_read_iter, .llseek = seq_lseek,
	.release = single_release, .mmap = map,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR, .name = "chariot-kunit-driver", .fops = &fops,
};

static ssize_t attribute_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	if (files.during_attribute)
		files.during_attribute(buf);
	return sysfs_emit(buf, "attribute\n");
}

static struct kobj_attribute attribute = __ATTR_RO(attribute);

static int begin(void)
{
	int ret = misc_register(&device);

	if (ret)
		return ret;
	folder = kobject_create_and_add("chariot-kunit", kernel_kobj);
	ret = folder ? sysfs_create_file(folder, &attribute.attr) : -ENOMEM;
	if (!ret)
		return 0;
	kobject_put(folder);
	misc_deregister(&device);
	return ret;
}

static void end(void)
{
	kobject_put(folder);
	misc_deregister(&device);
}

static struct kunit_files files = {
	.begin = begin, .end = end,
	.device = "/dev/chariot-kunit-driver",
	.attribute = "/sys/kernel/chariot-kunit/attribute",
};

struct kunit_files *const driver_files = &files;
