// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that needs a policy: it counts what it pins in the memory descriptor
 * of the process, as those do that let hardware write to user memory. No rule
 * gives it that, and its type is known: mmap() is handed the area, which points
 * to it.
 * Runs in the guest's kernel, isolated or not; nobody trusts it.
 *
 * mmap() at page CORRECT counts in pinned_vm; at page FAULTY it hits locked_vm as
 * well, the member beside it. Accounts of the bank's are handed to it; it has a
 * right to them without a policy. What is written to it is a letter and a digit:
 *
 *   m0  count for the process that mapped last, if this one has got its memory
 *	 descriptor again: a use after free
 *   oN  open account N of the bank
 *   cN  close it
 *   wN  work with it: WORK writes
 *   nN  write to the account behind it, a fault
 *   sN  the same after it was closed, to itself
 */

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "bank.h"

#define WORK	1000

enum { CORRECT, FAULTY };

static struct mm_struct *last;
static struct account *account[10];
static bool is_open[10];

static void policed_close(struct vm_area_struct *area)
{
	atomic64_sub(vma_pages(area), &area->vm_mm->pinned_vm);
}

static const struct vm_operations_struct policed_area_ops = {
	.close = policed_close,
};

static noinline void policed_strays(struct mm_struct *mm)
{
	WRITE_ONCE(mm->locked_vm, READ_ONCE(mm->locked_vm) + 1);
}

static int policed_mmap(struct file *file, struct vm_area_struct *area)
{
	area->vm_ops = &policed_area_ops;
	last = area->vm_mm;
	atomic64_add(vma_pages(area), &last->pinned_vm);
	if (area->vm_pgoff == FAULTY)
		policed_strays(last);
	return 0;
}

static noinline int policed_reuses(void)
{
	if (!last || current->mm != last)
		return -ESRCH;
	atomic64_inc(&last->pinned_vm);
	return 0;
}

static noinline void policed_opened(struct account *opened, unsigned int n)
{
	account[n] = opened;
	is_open[n] = true;
}

static noinline void policed_works(struct account *with)
{
	unsigned int i;

	for (i = 0; i < WORK; i++)
		WRITE_ONCE(with->balance, with->balance + 1);
}

static noinline void policed_hits(struct account *wrong)
{
	WRITE_ONCE(wrong->turnover, wrong->turnover + 1);
}

static int run(char what, unsigned int n)
{
	int err = 0;

	if (what == 'm')
		return policed_reuses();
	if (what == 'o')
		return bank_open(n, policed_opened);
	/* A closed account may be hit as well as an open one. */
	if (!account[n] || is_open[n] == (what == 's'))
		return -ENOENT;
	switch (what) {
	case 'c':
		is_open[n] = false;
		err = bank_close(n);
		break;
	case 'w':
		policed_works(account[n]);
		break;
	case 'n':
		policed_hits(account[n] + 1);
		break;
	case 's':
		policed_hits(account[n]);
		break;
	default:
		err = -EINVAL;
	}
	return err;
}

static ssize_t policed_write(struct file *file, const char __user *user,
			     size_t size, loff_t *pos)
{
	char text[2];
	int err;

	if (size < 2)
		return -EINVAL;
	if (copy_from_user(text, user, sizeof(text)))
		return -EFAULT;
	if (text[1] < '0' || text[1] > '9')
		return -EINVAL;
	err = run(text[0], text[1] - '0');
	return err ?: size;
}

static const struct file_operations policed_fops = {
	.owner = THIS_MODULE,
	.mmap = policed_mmap,
	.write = policed_write,
};

static struct miscdevice policed_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "policed",
	.fops = &policed_fops,
};

static int __init policed_init(void)
{
	return misc_register(&policed_device);
}
module_init(policed_init);

static void __exit policed_exit(void)
{
	unsigned int n;

	misc_deregister(&policed_device);
	for (n = 0; n < ARRAY_SIZE(is_open); n++)
		if (is_open[n])
			bank_close(n);
}
module_exit(policed_exit);

MODULE_DESCRIPTION("A driver that needs a policy, to test chariot");
MODULE_LICENSE("GPL");
