// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stray writes: the part that all drivers here share. What is written is read
 * before and put right after, with interrupts off, so that a guest with one
 * processor survives those that the driver may do.
 * Runs in the guest's kernel.
 */
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <asm/pgtable.h>

#include "sweep.h"

struct session {
	size_t used;
	struct sweep_write writes[SWEEP_BATCH];
};

static int sweep_open(struct inode *inode, struct file *file)
{
	file->private_data = kzalloc(sizeof(struct session), GFP_KERNEL);
	return file->private_data ? 0 : -ENOMEM;
}

static int sweep_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static u64 physical(unsigned long address)
{
	unsigned int level;
	pte_t *pte = lookup_address(address, &level);
	unsigned long size;

	if (!pte || !(pte_flags(*pte) & _PAGE_PRESENT) ||
	    !(pte_flags(*pte) & _PAGE_RW))
		return 0;
	size = level == PG_LEVEL_4K ? PAGE_SIZE :
	       level == PG_LEVEL_2M ? PMD_SIZE : PUD_SIZE;
	return ((u64)pte_pfn(*pte) << PAGE_SHIFT & ~(size - 1)) |
	       (address & (size - 1));
}

static void stray(struct sweep_write *w)
{
	volatile u8 *byte = (u8 *)(unsigned long)w->address;
	unsigned long flags;
	u8 before;

	w->stack = (unsigned long)&before;
	w->outcome = SWEEP_ABSENT;
	w->physical = physical(w->address);
	if (!w->physical ||
	    copy_from_kernel_nofault(&before, (void *)byte, 1))
		return;
	local_irq_save(flags);
	before = *byte;
	*byte = before ^ 0x5a;
	w->outcome = SWEEP_STOPPED;
	/* The report of a stopped write changes bytes, too, such as the log's. */
	if (*byte == (before ^ 0x5a)) {
		*byte = before;
		w->outcome = SWEEP_WRITTEN;
	}
	local_irq_restore(flags);
}

static ssize_t sweep_write(struct file *file, const char __user *from,
			   size_t size, loff_t *pos)
{
	struct session *s = file->private_data;
	size_t i;

	if (size > sizeof(s->writes) || size % sizeof(s->writes[0]))
		return -EINVAL;
	if (copy_from_user(s->writes, from, size))
		return -EFAULT;
	s->used = size;
	for (i = 0; i < size / sizeof(s->writes[0]); i++)
		stray(&s->writes[i]);
	return size;
}

static ssize_t sweep_read(struct file *file, char __user *to, size_t size,
			  loff_t *pos)
{
	struct session *s = file->private_data;

	size = min(size, s->used);
	return copy_to_user(to, s->writes, size) ? -EFAULT : size;
}

static const struct file_operations sweep_operations = {
	.owner = THIS_MODULE,
	.open = sweep_open,
	.release = sweep_release,
	.read = sweep_read,
	.write = sweep_write,
};

static struct miscdevice sweep_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.fops = &sweep_operations,
};

int sweep_start(const char *name)
{
	sweep_device.name = name;
	return misc_register(&sweep_device);
}

void sweep_stop(void)
{
	misc_deregister(&sweep_device);
}
