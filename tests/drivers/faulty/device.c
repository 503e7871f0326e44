// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver full of faults: /dev/faulty runs the one whose name is written. Its
 * good work is to give back in capitals what was written last, which it still
 * does when a fault was stopped.
 * Runs in the guest's kernel, isolated or not; nobody trusts it.
 */

#include <linux/ctype.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "faulty.h"

static char *fault = "";
module_param(fault, charp, 0);
MODULE_PARM_DESC(fault, "name of a fault to run while the module loads");

static unsigned long hit;
module_param(hit, ulong, 0400);
MODULE_PARM_DESC(hit, "address of the last fault's first bad byte (to be read)");

static DEFINE_MUTEX(lock);
static char last[80];

static const struct fault *find_fault(const char *name)
{
	static const struct fault *const lists[] = {
		stray_faults, store_faults, heap_faults, length_faults, place_faults,
	};
	const struct fault *f;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lists); i++)
		for (f = lists[i]; f->name; f++)
			if (!strcmp(f->name, name))
				return f;
	return NULL;
}

static ssize_t faulty_write(struct file *file, const char __user *user,
			    size_t size, loff_t *pos)
{
	struct call call = {
		.target = playground_target(),
		.file = file,
		.user = user,
		.user_size = size,
	};
	char text[sizeof(last)], name[32], place[32];
	const struct fault *f;
	int cpu = -1;
	int err;

	if (size >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, user, size))
		return -EFAULT;
	text[size] = 0;
	if (sscanf(text, "%31s %31s %d", name, place, &cpu) < 2)
		return -EINVAL;
	f = find_fault(name);
	if (!f)
		return -ENOENT;
	err = places_run(place, cpu, f, &call);
	hit = call.target;
	if (err || call.result)
		return err ?: call.result;
	mutex_lock(&lock);
	strscpy(last, text, sizeof(last));
	mutex_unlock(&lock);
	return size;
}

static ssize_t faulty_read(struct file *file, char __user *user, size_t size,
			   loff_t *pos)
{
	char text[sizeof(last)];
	unsigned int i;

	mutex_lock(&lock);
	for (i = 0; last[i]; i++)
		text[i] = toupper(last[i]);
	mutex_unlock(&lock);
	return simple_read_from_buffer(user, size, pos, text, i);
}

static const struct file_operations faulty_fops = {
	.owner = THIS_MODULE,
	.read = faulty_read,
	.write = faulty_write,
};

static struct miscdevice faulty_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "faulty",
	.fops = &faulty_fops,
};

static int __init faulty_init(void)
{
	if (*fault) {
		struct call call = { .target = playground_target() };
		const struct fault *f = find_fault(fault);

		if (!f)
			return -ENOENT;
		f->run(&call);
		hit = call.target;
		if (call.result)
			return call.result;
	}
	return misc_register(&faulty_device);
}
module_init(faulty_init);

static void __exit faulty_exit(void)
{
	misc_deregister(&faulty_device);
}
module_exit(faulty_exit);

MODULE_DESCRIPTION("A driver full of faults, to test chariot");
MODULE_LICENSE("GPL");
