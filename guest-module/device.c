// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/chariot: reports to read, drivers to arm, listings.
 * Runs in the guest kernel, in process context; trusts nothing it is given.
 */
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "chariot.h"
#include "plan.h"

#define LIST_BATCH	32	/* entries copied out at once */
#define OFFSET_UNKNOWN	0xffffffffu
#define LAYOUT_MAX	4096u	/* no structure we look into is longer */

/**
 * struct reader - an open file
 * @lock: guards all of it
 * @cursor: number of the next report to read
 * @armed: task that armed through this file, with a reference; or NULL
 * @report: where one report is taken to on its way out
 */
struct reader {
	struct mutex lock;	/* all below */
	u64 cursor;
	struct task_struct *armed;
	struct chariot_violation report;
};

static int chariot_open(struct inode *inode, struct file *file)
{
	struct reader *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return -ENOMEM;
	mutex_init(&r->lock);
	file->private_data = r;
	return nonseekable_open(inode, file);
}

static void forget_armed(struct reader *r)
{
	if (!r->armed)
		return;
	chariot_disarm(r->armed);
	put_task_struct(r->armed);
	r->armed = NULL;
}

static int chariot_release(struct inode *inode, struct file *file)
{
	struct reader *r = file->private_data;

	forget_armed(r);
	kfree(r);
	return 0;
}

/* --- reports ------------------------------------------------------------- */

static ssize_t chariot_read(struct file *file, char __user *buf, size_t count,
			    loff_t *pos)
{
	struct reader *r = file->private_data;
	ssize_t done = 0;
	int ret;

	if (count < sizeof(r->report))
		return -EINVAL;
	ret = mutex_lock_interruptible(&r->lock);
	if (ret)
		return ret;
	while (count - done >= sizeof(r->report)) {
		u64 cursor = r->cursor;

		if (!chariot_report_read(&cursor, &r->report)) {
			if (done)
				break;
			ret = -EAGAIN;
			if (file->f_flags & O_NONBLOCK)
				break;
			mutex_unlock(&r->lock);
			ret = wait_event_interruptible(chariot_report_wait,
				chariot_report_pending(READ_ONCE(r->cursor)));
			if (ret)
				return ret;
			ret = mutex_lock_interruptible(&r->lock);
			if (ret)
				return ret;
			continue;
		}
		ret = -EFAULT;
		if (copy_to_user(buf + done, &r->report, sizeof(r->report)))
			break;
		WRITE_ONCE(r->cursor, cursor);
		done += sizeof(r->report);
		ret = 0;
	}
	mutex_unlock(&r->lock);
	return done ? done : ret;
}

static __poll_t chariot_poll(struct file *file, poll_table *wait)
{
	struct reader *r = file->private_data;

	poll_wait(file, &chariot_report_wait, wait);
	return chariot_report_pending(READ_ONCE(r->cursor)) ?
	       EPOLLIN | EPOLLRDNORM : 0;
}

/* --- requests ------------------------------------------------------------ */

static long do_info(struct chariot_info __user *arg)
{
	struct chariot_info info = {
		.revision = CHARIOT_DEV_REVISION,
		.abi_revision = CHARIOT_ABI_REVISION,
		.backend_errno = chariot_backend_errno,
	};

	mutex_lock(&chariot_mutex);
	info.drivers = chariot_drivers_count();
	mutex_unlock(&chariot_mutex);
	if (!chariot_backend_errno) {
		info.features = chariot_backend.features;
		info.max_domains = min_t(u32, chariot_backend.max_domains,
					 CHARIOT_MAX_DOMAINS);
		strscpy(info.backend, chariot_backend.backend,
			sizeof(info.backend));
	}
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

/* A name that a module can have, terminated within its field. */
static bool valid_name(const char *name)
{
	size_t len = strnlen(name, CHARIOT_NAME_LEN), i;

	if (!len || len == CHARIOT_NAME_LEN || len >= MODULE_NAME_LEN)
		return false;
	for (i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '/' ||
		    name[i] == '-')
			return false;
	return name[0] != '.';
}

static long do_arm(struct reader *r, const struct chariot_arm __user *from)
{
	struct chariot_arm arm;
	long ret;

	if (copy_from_user(&arm, from, sizeof(arm)))
		return -EFAULT;
	if (arm.revision != CHARIOT_DEV_REVISION || arm.flags ||
	    arm.mode >= CHARIOT_MODE_COUNT || arm.heap >= CHARIOT_HEAP_COUNT ||
	    !valid_name(arm.name))
		return -EINVAL;
	if (chariot_backend_errno)
		return -ENODEV;

	mutex_lock(&r->lock);
	/* One file serves one thread at a time: an earlier one's arming ends. */
	if (r->armed != current)
		forget_armed(r);
	ret = chariot_arm(&arm);
	if (!ret && !r->armed)
		r->armed = get_task_struct(current);
	mutex_unlock(&r->lock);
	return ret;
}

static long do_plan(const struct chariot_plan_block __user *from)
{
	struct chariot_plan_block block;
	struct chariot_plan *plan;
	void *image;
	long ret;

	if (copy_from_user(&block, from, sizeof(block)))
		return -EFAULT;
	if (block.reserved || block.size > CHARIOT_PLAN_SIZE_MAX)
		return -EINVAL;
	image = kvmalloc(block.size, GFP_KERNEL);
	if (!image)
		return -ENOMEM;
	if (copy_from_user(image, u64_to_user_ptr(block.address), block.size)) {
		kvfree(image);
		return -EFAULT;
	}
	plan = chariot_plan_take(image, block.size);
	if (IS_ERR(plan)) {
		kvfree(image);
		return PTR_ERR(plan);
	}
	ret = chariot_arm_plan(plan);
	if (ret)
		chariot_plan_free(plan);
	return ret;
}

static long do_disarm(struct reader *r)
{
	mutex_lock(&r->lock);
	if (r->armed == current)
		forget_armed(r);
	else
		chariot_disarm(current);
	mutex_unlock(&r->lock);
	return 0;
}

static bool valid_offset(u32 offset, size_t size)
{
	return offset == OFFSET_UNKNOWN ||
	       (offset <= LAYOUT_MAX - size && IS_ALIGNED(offset, size));
}

static long do_layout(const struct chariot_layout __user *from)
{
	struct chariot_layout l;

	if (copy_from_user(&l, from, sizeof(l)))
		return -EFAULT;
	if (l.revision != CHARIOT_DEV_REVISION ||
	    memchr_inv(l.reserved, 0, sizeof(l.reserved)))
		return -EINVAL;
	if (!valid_offset(l.kmem_cache_name, sizeof(void *)) ||
	    !valid_offset(l.kmem_cache_size, sizeof(u32)) ||
	    !valid_offset(l.kmem_cache_object_size, sizeof(u32)) ||
	    !valid_offset(l.slab_slab_cache, sizeof(void *)) ||
	    (l.slab_slab_cache != OFFSET_UNKNOWN &&
	     l.slab_slab_cache > sizeof(struct page) - sizeof(void *)))
		return -EINVAL;
	/* What user space does not know, probing may have found. */
#define TAKE(field)							\
	do {								\
		if (l.field != OFFSET_UNKNOWN)				\
			WRITE_ONCE(chariot_layout.field, l.field);	\
	} while (0)
	TAKE(kmem_cache_name);
	TAKE(kmem_cache_size);
	TAKE(kmem_cache_object_size);
	TAKE(slab_slab_cache);
#undef TAKE
	return 0;
}

/* --- listings ------------------------------------------------------------ */

/* In a cursor: what is given by the byte has been listed, now come whole pages. */
#define WHOLE_PAGES	BIT_ULL(63)

static bool next_region(struct chariot_driver *d, u64 *cursor,
			struct chariot_range *range)
{
	if (!(*cursor & WHOLE_PAGES)) {
		if (chariot_table_next(&d->table, *cursor, U64_MAX, range)) {
			*cursor = range->gpa + range->size;
			return true;
		}
		*cursor = WHOLE_PAGES;
	}
	if (!chariot_table_next(&d->whole, *cursor & ~WHOLE_PAGES, U64_MAX,
				range))
		return false;
	*cursor = (range->gpa + range->size) | WHOLE_PAGES;
	return true;
}

/* Fills up to room entries from *cursor on; driver's lock is taken inside. */
static u32 list_regions(struct chariot_driver *d, u64 *cursor,
			struct chariot_entry *e, u32 room)
{
	struct chariot_range range;
	unsigned long flags;
	u32 n = 0;

	raw_spin_lock_irqsave(&d->lock, flags);
	while (n < room && next_region(d, cursor, &range)) {
		e[n].gpa = range.gpa;
		e[n].size = range.size;
		e[n].kind = range.kind;
		e[n].rights = range.rights;
		n++;
	}
	raw_spin_unlock_irqrestore(&d->lock, flags);
	return n;
}

/* The first object at or after start; under the driver's lock. */
static struct chariot_object *object_from(struct chariot_driver *d,
					  unsigned long start)
{
	struct rb_node *node = d->objects.rb_node;
	struct chariot_object *best = NULL, *o;

	while (node) {
		o = rb_entry(node, struct chariot_object, node);
		if (o->start >= start) {
			best = o;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

static u32 list_objects(struct chariot_driver *d, u64 *cursor,
			struct chariot_entry *e, u32 room)
{
	unsigned long site[LIST_BATCH], flags;
	struct chariot_object *o;
	struct rb_node *node;
	u32 n = 0, i;

	raw_spin_lock_irqsave(&d->lock, flags);
	o = object_from(d, *cursor);
	while (o && n < room) {
		e[n].gva = o->start;
		e[n].size = o->size;
		e[n].kind = o->kind;
		e[n].rights = CHARIOT_RIGHT_WRITE;
		strscpy(e[n].family, o->family, sizeof(e[n].family));
		site[n] = o->site;
		*cursor = o->start + 1;
		n++;
		node = rb_next(&o->node);
		o = node ? rb_entry(node, struct chariot_object, node) : NULL;
	}
	raw_spin_unlock_irqrestore(&d->lock, flags);
	for (i = 0; i < n; i++)
		scnprintf(e[i].site, sizeof(e[i].site), "%pS",
			  (void *)site[i]);
	return n;
}

static struct chariot_driver *driver_by_name(const char *name)
{
	struct chariot_driver *d;

	list_for_each_entry(d, &chariot_drivers, node)
		if (!strcmp(d->name, name))
			return d;
	return NULL;
}

static int list_batch(const struct chariot_listing *l, u64 *cursor,
		      struct chariot_entry *e, u32 room)
{
	struct chariot_driver *d;
	int n = -ENOENT;

	memset(e, 0, room * sizeof(*e));
	mutex_lock(&chariot_mutex);
	d = driver_by_name(l->name);
	if (d)
		n = l->what ? list_objects(d, cursor, e, room)
			    : list_regions(d, cursor, e, room);
	mutex_unlock(&chariot_mutex);
	return n;
}

static long do_list(struct chariot_listing __user *arg)
{
	struct chariot_entry __user *to;
	struct chariot_entry *batch;
	struct chariot_listing l;
	u32 done = 0;
	long ret = 0;
	int n;

	if (copy_from_user(&l, arg, sizeof(l)))
		return -EFAULT;
	if (l.what > 1 || !valid_name(l.name))
		return -EINVAL;
	batch = kcalloc(LIST_BATCH, sizeof(*batch), GFP_KERNEL);
	if (!batch)
		return -ENOMEM;
	to = u64_to_user_ptr(l.entries);
	while (done < l.count) {
		u32 room = min_t(u32, l.count - done, LIST_BATCH);

		n = list_batch(&l, &l.cursor, batch, room);
		if (n < 0)
			ret = n;
		if (n <= 0)
			break;
		if (copy_to_user(to + done, batch, n * sizeof(*batch))) {
			ret = -EFAULT;
			break;
		}
		done += n;
		if (fatal_signal_pending(current))
			break;
		cond_resched();
	}
	kfree(batch);
	l.count = done;
	if (!ret && copy_to_user(arg, &l, sizeof(l)))
		ret = -EFAULT;
	return ret;
}

static long chariot_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	struct reader *r = file->private_data;
	void __user *p = (void __user *)arg;

	if (cmd == CHARIOT_IOC_INFO)
		return do_info(p);
	if (!capable(CAP_SYS_MODULE))
		return -EPERM;
	switch (cmd) {
	case CHARIOT_IOC_ARM:
		return do_arm(r, p);
	case CHARIOT_IOC_DISARM:
		return do_disarm(r);
	case CHARIOT_IOC_PLAN:
		return do_plan(p);
	case CHARIOT_IOC_LAYOUT:
		return do_layout(p);
	case CHARIOT_IOC_LIST:
		return do_list(p);
	}
	return -ENOTTY;
}

static const struct file_operations chariot_fops = {
	.owner = THIS_MODULE,
	.open = chariot_open,
	.release = chariot_release,
	.read = chariot_read,
	.poll = chariot_poll,
	.unlocked_ioctl = chariot_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "chariot",
	.fops = &chariot_fops,
	.mode = 0600,
};

int chariot_device_init(void)
{
	/* One that was registered keeps its number, which may be another one's now. */
	device.minor = MISC_DYNAMIC_MINOR;
	return misc_register(&device);
}

void chariot_device_exit(void)
{
	misc_deregister(&device);
}
