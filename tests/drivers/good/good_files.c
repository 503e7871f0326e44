// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver without fault whose user sees it through every kind of file:
 * a misc device, procfs, sysfs, debugfs and module parameters.
 * Runs in the guest's kernel.
 */

#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/jump_label.h>
#include <linux/kobject.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/uaccess.h>

#include "good_files.h"

#define ROOM PAGE_SIZE

/* What an open file remembers. */
struct session {
	struct mutex lock;		/* all below */
	wait_queue_head_t readable;
	size_t used;
	unsigned int calls;
	u8 *page;
};

static atomic_t opened = ATOMIC_INIT(0);
static DEFINE_STATIC_KEY_FALSE(loud);

/* --- the misc device ------------------------------------------------------ */

static int good_open(struct inode *inode, struct file *file)
{
	struct session *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return -ENOMEM;
	s->page = (u8 *)get_zeroed_page(GFP_KERNEL);
	if (!s->page) {
		kfree(s);
		return -ENOMEM;
	}
	mutex_init(&s->lock);
	init_waitqueue_head(&s->readable);
	file->private_data = s;
	atomic_inc(&opened);
	return nonseekable_open(inode, file);
}

static int good_release(struct inode *inode, struct file *file)
{
	struct session *s = file->private_data;

	free_page((unsigned long)s->page);
	kfree(s);
	return 0;
}

static ssize_t good_write(struct file *file, const char __user *user,
			  size_t size, loff_t *pos)
{
	struct session *s = file->private_data;

	if (mutex_lock_interruptible(&s->lock))
		return -EINTR;
	size = min(size, ROOM - s->used);
	if (!access_ok(user, size) || __copy_from_user(s->page + s->used, user, size)) {
		mutex_unlock(&s->lock);
		return -EFAULT;
	}
	s->used += size;
	s->calls++;
	mutex_unlock(&s->lock);
	wake_up_interruptible(&s->readable);
	return size ?: -ENOSPC;
}

/*
 * As kernels inline it for processors that are fast at short strings; the last byte by
 * a store of its own. Returns how many were not copied.
 */
static size_t put_inline(char __user *to, const u8 *from, size_t size)
{
	char __user *last = to + size - 1;
	size_t left = size - 1;

	if (!user_access_begin(to, size))
		return size;
	asm volatile("1:	rep movsb\n"
		     "2:\n"
		     _ASM_EXTABLE_UA(1b, 2b)
		     : "+c" (left), "+D" (to), "+S" (from) : : "memory");
	if (left)
		goto fault;
	unsafe_put_user(*from, last, fault);
	user_access_end();
	return 0;
fault:
	user_access_end();
	return left + 1;
}

/* Through the direct map, as a driver does that keeps its user's buffers for longer. */
static size_t put_by_pages(char __user *to, const u8 *from, size_t size, bool pin)
{
	const unsigned long start = (unsigned long)to & PAGE_MASK;
	int count = DIV_ROUND_UP(offset_in_page(to) + size, PAGE_SIZE), got, i;
	size_t offset = offset_in_page(to), part;
	struct page *pages[2];

	if (count > ARRAY_SIZE(pages))
		return size;
	got = pin ? pin_user_pages_fast(start, count, FOLL_WRITE, pages) :
		    get_user_pages_fast(start, count, FOLL_WRITE, pages);
	for (i = 0; i < got; i++) {
		part = min_t(size_t, size, PAGE_SIZE - offset);
		memcpy(page_address(pages[i]) + offset, from, part);
		from += part;
		size -= part;
		offset = 0;
		set_page_dirty_lock(pages[i]);
		if (!pin)
			put_page(pages[i]);
	}
	if (pin && got > 0)
		unpin_user_pages(pages, got);
	return size;
}

/* Each time in another way. */
static size_t put(struct session *s, char __user *to, size_t size)
{
	if (!size)
		return 0;
	switch (s->calls / 2 % 4) {
	case 0:
		return put_inline(to, s->page, size);
	case 1:
		return put_by_pages(to, s->page, size, true);
	case 2:
		return put_by_pages(to, s->page, size, false);
	default:
		return access_ok(to, size) ? __copy_to_user(to, s->page, size) : size;
	}
}

/* Gives back what was written, in capitals. */
static ssize_t good_read(struct file *file, char __user *user, size_t size,
			 loff_t *pos)
{
	struct session *s = file->private_data;
	size_t i;

	if (mutex_lock_interruptible(&s->lock))
		return -EINTR;
	size = min(size, s->used);
	for (i = 0; i < size; i++)
		s->page[i] = toupper(s->page[i]);
	if (put(s, user, size)) {
		mutex_unlock(&s->lock);
		return -EFAULT;
	}
	s->used -= size;
	memmove(s->page, s->page + size, s->used);
	s->calls++;
	mutex_unlock(&s->lock);
	return size;
}

static __poll_t good_poll(struct file *file, struct poll_table_struct *table)
{
	struct session *s = file->private_data;

	poll_wait(file, &s->readable, table);
	return (s->used ? EPOLLIN | EPOLLRDNORM : 0) | EPOLLOUT | EPOLLWRNORM;
}

static int good_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct session *s = file->private_data;

	if (vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	return vm_insert_page(vma, vma->vm_start, virt_to_page(s->page));
}

static long good_ioctl(struct file *file, unsigned int command, unsigned long value)
{
	struct session *s = file->private_data;
	u32 number;

	switch (command) {
	case GOOD_USED:
		return put_user(s->used, (u32 __user *)value);
	case GOOD_CALLS:
		return put_user(s->calls, (u32 __user *)value);
	case GOOD_SLEEP:
		if (get_user(number, (u32 __user *)value))
			return -EFAULT;
		msleep(min(number, 100u));
		return 0;
	default:
		return -ENOTTY;
	}
}

static const struct file_operations good_fops = {
	.owner = THIS_MODULE,
	.open = good_open,
	.release = good_release,
	.read = good_read,
	.write = good_write,
	.poll = good_poll,
	.mmap = good_mmap,
	.unlocked_ioctl = good_ioctl,
};

static struct miscdevice good_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "good_files",
	.fops = &good_fops,
};

/* --- procfs --------------------------------------------------------------- */

static int single_show(struct seq_file *out, void *unused)
{
	seq_printf(out, "opened %d\n", atomic_read(&opened));
	seq_puts(out, "text ");
	seq_putc(out, 'c');
	seq_write(out, "\n", 1);
	return 0;
}

/* A sequence of numbers, each an object of its own while it is shown. */
static void *numbers_start(struct seq_file *out, loff_t *pos)
{
	loff_t *number;

	if (*pos >= 1000)
		return NULL;
	number = kmalloc(sizeof(*number), GFP_KERNEL);
	if (!number)
		return ERR_PTR(-ENOMEM);
	*number = *pos;
	return number;
}

static void *numbers_next(struct seq_file *out, void *object, loff_t *pos)
{
	loff_t *number = object;

	++*pos;
	if (++*number < 1000)
		return number;
	kfree(number);
	return NULL;
}

static void numbers_stop(struct seq_file *out, void *object)
{
	if (!IS_ERR(object))
		kfree(object);
}

static int numbers_show(struct seq_file *out, void *object)
{
	seq_printf(out, "%lld\n", *(loff_t *)object);
	return 0;
}

static const struct seq_operations numbers_operations = {
	.start = numbers_start,
	.next = numbers_next,
	.stop = numbers_stop,
	.show = numbers_show,
};

static char proc_text[64];

static ssize_t proc_text_write(struct file *file, const char __user *user,
			       size_t size, loff_t *pos)
{
	return simple_write_to_buffer(proc_text, sizeof(proc_text) - 1, pos, user, size);
}

static ssize_t proc_text_read(struct file *file, char __user *user, size_t size,
			      loff_t *pos)
{
	return simple_read_from_buffer(user, size, pos, proc_text, strlen(proc_text));
}

static const struct proc_ops proc_text_ops = {
	.proc_read = proc_text_read,
	.proc_write = proc_text_write,
};

static struct proc_dir_entry *proc_folder;

static int make_proc(void)
{
	proc_folder = proc_mkdir("good_files", NULL);
	if (!proc_folder)
		return -ENOMEM;
	if (proc_create_single("single", 0444, proc_folder, single_show) &&
	    proc_create_seq("numbers", 0444, proc_folder, &numbers_operations) &&
	    proc_create("text", 0644, proc_folder, &proc_text_ops))
		return 0;
	proc_remove(proc_folder);
	return -ENOMEM;
}

/* --- sysfs ---------------------------------------------------------------- */

static unsigned int value = 1;

static ssize_t sprintf_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sprintf(buf, "%u\n", value);
}

static ssize_t sprintf_store(struct kobject *kobj, struct kobj_attribute *attr,
			     const char *buf, size_t size)
{
	int err = kstrtouint(buf, 0, &value);

	if (value & 1)
		static_branch_enable(&loud);
	else
		static_branch_disable(&loud);
	return err ?: size;
}

static ssize_t emit_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	if (static_branch_unlikely(&loud))
		return sysfs_emit(buf, "LOUD %u\n", value);
	return sysfs_emit(buf, "value %u\n", value);
}

/* Byte by byte, up to the end of the page. */
static ssize_t whole_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	size_t i;

	for (i = 0; i < PAGE_SIZE - 1; i++)
		buf[i] = 'a' + i % 26;
	return i;
}

static ssize_t parts_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	ssize_t used = scnprintf(buf, PAGE_SIZE, "one ");

	used += snprintf(buf + used, PAGE_SIZE - used, "%s ", "two");
	strcpy(buf + used, "three\n");
	used += strlen(buf + used);
	memcpy(buf + used, "four\n", 5);
	return used + 5;
}

static struct kobj_attribute sprintf_attr = __ATTR(sprintf, 0644, sprintf_show, sprintf_store);
static struct kobj_attribute emit_attr = __ATTR_RO(emit);
static struct kobj_attribute whole_attr = __ATTR_RO(whole);
static struct kobj_attribute parts_attr = __ATTR_RO(parts);

static struct attribute *attributes[] = {
	&sprintf_attr.attr, &emit_attr.attr, &whole_attr.attr, &parts_attr.attr, NULL
};

static const struct attribute_group group = { .attrs = attributes };
static struct kobject *kobject;

static int make_sysfs(void)
{
	int err;

	kobject = kobject_create_and_add("good_files", kernel_kobj);
	if (!kobject)
		return -ENOMEM;
	err = sysfs_create_group(kobject, &group);
	if (err)
		kobject_put(kobject);
	return err;
}

/* --- debugfs and parameters ----------------------------------------------- */

static u32 debug_number = 5;
static bool debug_flag;
static char debug_bytes[] = "a blob of bytes\n";
static struct debugfs_blob_wrapper debug_blob = {
	.data = debug_bytes,
	.size = sizeof(debug_bytes) - 1,
};

static struct dentry *debug_folder;

static int debug_single_show(struct seq_file *out, void *unused)
{
	seq_printf(out, "%s %p\n", "shown", out->private);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(debug_single);

static int twice_get(void *data, u64 *number)
{
	*number = 2ULL * *(u32 *)data;
	return 0;
}

static int twice_set(void *data, u64 number)
{
	*(u32 *)data = number / 2;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(twice_fops, twice_get, twice_set, "%llu\n");

static void make_debugfs(void)
{
	debug_folder = debugfs_create_dir("good_files", NULL);
	debugfs_create_u32("number", 0644, debug_folder, &debug_number);
	debugfs_create_bool("flag", 0644, debug_folder, &debug_flag);
	debugfs_create_blob("blob", 0444, debug_folder, &debug_blob);
	debugfs_create_file("single", 0444, debug_folder, NULL, &debug_single_fops);
	debugfs_create_file("twice", 0644, debug_folder, &debug_number, &twice_fops);
}

static char text[32] = "default";
module_param_string(text, text, sizeof(text), 0644);
MODULE_PARM_DESC(text, "any text");

static int list[4];
static int list_used;
module_param_array(list, int, &list_used, 0644);
MODULE_PARM_DESC(list, "numbers");

static unsigned int own_value;

static int own_set(const char *from, const struct kernel_param *param)
{
	return kstrtouint(from, 0, &own_value);
}

static int own_get(char *buffer, const struct kernel_param *param)
{
	return sprintf(buffer, "own %u\n", own_value);
}

static const struct kernel_param_ops own_ops = { .set = own_set, .get = own_get };
module_param_cb(own, &own_ops, NULL, 0644);
MODULE_PARM_DESC(own, "a number with functions of its own");

/* --- beginning and end ---------------------------------------------------- */

static int __init good_files_init(void)
{
	int err = make_proc();

	if (err)
		return err;
	err = make_sysfs();
	if (err)
		goto no_sysfs;
	err = misc_register(&good_device);
	if (err)
		goto no_device;
	make_debugfs();
	return 0;

no_device:
	sysfs_remove_group(kobject, &group);
	kobject_put(kobject);
no_sysfs:
	proc_remove(proc_folder);
	return err;
}
module_init(good_files_init);

static void __exit good_files_exit(void)
{
	debugfs_remove(debug_folder);
	misc_deregister(&good_device);
	sysfs_remove_group(kobject, &group);
	kobject_put(kobject);
	proc_remove(proc_folder);
}
module_exit(good_files_exit);

MODULE_DESCRIPTION("A driver with every kind of file, to test chariot");
MODULE_LICENSE("GPL");
