// SPDX-License-Identifier: GPL-2.0
/*
 * Files of a driver: members of the kernel's objects for them are the driver's, found by
 * what they point to, and a buffer is while it is to be filled.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/seq_file.h>

#include <chariot/hypercall.h>
#include "alloc.h"
#include "chariot.h"
#include "world.h"

static struct chariot_driver *driver;
static struct kunit_files *files;

/* What was found while the driver was called. */
static struct {
	unsigned int calls;
	bool member, other;	/* one that drivers write, and one that they don't */
	void *buffer;
} seen;

static bool settles(const void *va, size_t size)
{
	return world_settles(driver, va, size);
}

#define LOOK(object, its, not)							\
do {										\
	seen.calls++;								\
	seen.member = settles(&(object)->its, sizeof((object)->its));		\
	seen.other = settles(&(object)->not, sizeof((object)->not));		\
} while (0)

static void during_open(struct file *file)
{
	LOOK(file, private_data, f_inode);
}

static void during_show(struct seq_file *seq)
{
	LOOK(seq, index, op);
}

static void during_map(struct vm_area_struct *vma)
{
	LOOK(vma, vm_private_data, vm_mm);
}

static void during_attribute(char *buffer)
{
	seen.calls++;
	seen.buffer = buffer;
	seen.member = settles(buffer, PAGE_SIZE);
	seen.other = settles(buffer + PAGE_SIZE, 1);
}

static int files_test_init(struct kunit *test)
{
	int ret = world_init(test);
	struct world_driver w;

	if (ret)
		return ret;
	files = NULL;
	memset(&seen, 0, sizeof(seen));
	w = world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_BYTE);
	driver = w.chariot;
	KUNIT_ASSERT_EQ(test, 0, w.calls->files->begin());
	files = w.calls->files;
	return 0;
}

static void files_test_exit(struct kunit *test)
{
	if (files)
		files->end();
	KUNIT_EXPECT_EQ(test, 0ll, (long long)atomic64_read(&driver->violations));
	world_exit(test);
}

static struct file *open_file(struct kunit *test, const char *path)
{
	struct file *file = filp_open(path, O_RDONLY, 0);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(file), "%s: %ld", path, PTR_ERR(file));
	return file;
}

static void expect_read(struct kunit *test, struct file *file, const char *want)
{
	char text[32] = { };
	loff_t pos = 0;
	ssize_t n = kernel_read(file, text, sizeof(text) - 1, &pos);

	KUNIT_EXPECT_GT(test, n, (ssize_t)0);
	KUNIT_EXPECT_STREQ(test, text, want);
}

static void expect_member_alone(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, seen.calls, 1u);
	KUNIT_EXPECT_TRUE(test, seen.member);
	KUNIT_EXPECT_FALSE(test, seen.other);
}

/* --- tests ------------------------------------------------------------------------------- */

static void test_open(struct kunit *test)
{
	struct file *file, *others;

	files->during_open = during_open;
	file = open_file(test, files->device);
	expect_member_alone(test);
	/* Of any other file it may count the references. */
	others = open_file(test, files->attribute);
	KUNIT_EXPECT_FALSE(test, settles(&others->private_data, 8));
	KUNIT_EXPECT_TRUE(test, settles(&others->f_count, 8));
	__fput_sync(others);
	__fput_sync(file);
	world_expect_agreed(test, driver);
}

static void test_show(struct kunit *test)
{
	struct file *file;

	files->during_show = during_show;
	file = open_file(test, files->device);
	expect_read(test, file, "text\n");
	expect_member_alone(test);
	__fput_sync(file);
	world_expect_agreed(test, driver);
}

/* Its right to the buffer ends with the call. */
static void test_attribute(struct kunit *test)
{
	struct file *file;

	files->during_attribute = during_attribute;
	file = open_file(test, files->attribute);
	expect_read(test, file, "attribute\n");
	expect_member_alone(test);
	KUNIT_EXPECT_FALSE(test, world_writable(test, driver, seen.buffer, 1));
	KUNIT_EXPECT_FALSE(test, settles(seen.buffer, 1));
	__fput_sync(file);
	world_expect_agreed(test, driver);
}

static void test_map(struct kunit *test)
{
	struct file *file = open_file(test, files->device);
	bool other = world_use_memory();
	unsigned long at;

	files->during_map = during_map;
	at = vm_mmap(file, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(at));
	expect_member_alone(test);
	if (!IS_ERR_VALUE(at))
		vm_munmap(at, PAGE_SIZE);
	world_leave_memory(other);
	__fput_sync(file);
	world_expect_agreed(test, driver);
}

/* Of tasks, too, and of nothing else of them. */
static void test_task(struct kunit *test)
{
	struct task_struct *task = current->real_parent;

	KUNIT_EXPECT_TRUE(test, settles(&task->usage, sizeof(task->usage)));
	KUNIT_EXPECT_FALSE(test, settles(&task->__state, sizeof(task->__state)));
	KUNIT_EXPECT_FALSE(test, settles(&task->cred, sizeof(task->cred)));
}

static struct kunit_case files_cases[] = {
	KUNIT_CASE(test_open),
	KUNIT_CASE(test_show),
	KUNIT_CASE(test_attribute),
	KUNIT_CASE(test_map),
	KUNIT_CASE(test_task),
	{ }
};

struct kunit_suite guest_files_suite = {
	.name = "chariot_guest_files",
	.init = files_test_init,
	.exit = files_test_exit,
	.test_cases = files_cases,
};
