// SPDX-License-Identifier: GPL-2.0
/*
 * How much of this module has been run, for kunit/run --guest --coverage: GCC's
 * counters, in its own format, go into the file /coverage.
 *
 * Debian's kernels have no CONFIG_GCOV_KERNEL: GCC lists the counters in a section
 * (coverage.lds), and libgcov says what a file of them is.
 */
#include <linux/fs.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "world.h"

#define ROOM	(8 << 20)

struct gcov_info;

extern const struct gcov_info *const chariot_gcov_start[], *const chariot_gcov_end[];

/* libgcov's */
void __gcov_info_to_gcda(const struct gcov_info *info,
			 void (*name)(const char *name, void *to),
			 void (*data)(const void *data, unsigned int size, void *to),
			 void *(*allocate)(unsigned int size, void *to), void *to);

/* What it does not come to: to add to older data, and to count values. */
void __gcov_merge_add(void *counters, unsigned int n);
void *mmap(void);

void __gcov_merge_add(void *counters, unsigned int n)
{
	WARN_ON_ONCE(1);
}

void *mmap(void)
{
	WARN_ON_ONCE(1);
	return (void *)-1l;
}

struct out {
	char *buffer;
	size_t used;
};

static void put(const void *data, unsigned int size, void *to)
{
	struct out *o = to;

	if (WARN_ON_ONCE(size > ROOM - o->used))
		return;
	memcpy(o->buffer + o->used, data, size);
	o->used += size;
}

/* NAME, and after it the size of the data, for which there is room for now. */
static void put_name(const char *name, void *to)
{
	put(name, strlen(name), to);
	put("\n\0\0\0\0", 1 + sizeof(u32), to);
}

static void *get_none(unsigned int size, void *to)
{
	return NULL;
}

static void put_file(struct out *o, const struct gcov_info *info)
{
	size_t begin = o->used, data;
	unsigned long flags;
	u32 size;

	/* libgcov's code keeps data below its stack pointer. */
	local_irq_save(flags);
	__gcov_info_to_gcda(info, put_name, put, get_none, o);
	local_irq_restore(flags);
	data = begin + strcspn(o->buffer + begin, "\n") + 1 + sizeof(size);
	size = o->used - data;
	memcpy(o->buffer + data - sizeof(size), &size, sizeof(size));
}

int coverage_write(void)
{
	const struct gcov_info *const *info;
	struct out o = { .buffer = vmalloc(ROOM) };
	struct file *file;
	loff_t pos = 0;
	ssize_t done;

	if (!o.buffer)
		return -ENOMEM;
	for (info = chariot_gcov_start; info < chariot_gcov_end; info++)
		put_file(&o, *info);
	file = filp_open("/coverage", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	done = IS_ERR(file) ? PTR_ERR(file) :
	       kernel_write(file, o.buffer, o.used, &pos);
	if (!IS_ERR(file))
		filp_close(file, NULL);
	vfree(o.buffer);
	return done < 0 ? done : 0;
}
