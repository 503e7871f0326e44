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

#include "../playground/playground.h"
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

/* The page table of a level that maps an address, as the driver sees it. */
static u64 table_of(unsigned long address, unsigned int level)
{
	unsigned int at = pgtable_l5_enabled() ? 5 : 4;
	u64 table = read_cr3_pa();

	for (; at > level; at--) {
		unsigned int shift = PAGE_SHIFT + 9 * (at - 1);
		u64 entry = READ_ONCE(((u64 *)__va(table))[address >> shift & 511]);

		if (!(entry & _PAGE_PRESENT) || (at < 4 && (entry & _PAGE_PSE)))
			return 0;
		table = entry & PTE_PFN_MASK;
	}
	return at == level ? table : 0;
}

static bool sticks(volatile u8 *byte, u8 value)
{
	*byte = value;
	return *byte == value;
}

static void stray(struct sweep_write *w)
{
	volatile u8 *byte = (u8 *)(unsigned long)w->address;
	unsigned long flags;
	u8 before;

	w->stack = (unsigned long)&before;
	w->outcome = SWEEP_ABSENT;
	if (w->level && w->level != SWEEP_PAGE) {
		w->physical = table_of(w->address, w->level);
		return;
	}
	w->physical = playground_physical(w->address);
	if (w->level)
		return;
	if (!w->physical)
		return;
	local_irq_save(flags);
	/* The kernel reads it: the driver's first access is to be the write. */
	if (!copy_from_kernel_nofault(&before, (void *)byte, 1)) {
		w->outcome = SWEEP_STOPPED;
		/* The report of a stopped write changes bytes, too: its text's. */
		if (sticks(byte, before ^ 0x5a))
			w->outcome = SWEEP_ONCE;
		if (w->outcome == SWEEP_ONCE && sticks(byte, before ^ 0xa5)) {
			*byte = before;
			w->outcome = SWEEP_WRITTEN;
		}
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
