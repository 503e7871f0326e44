// SPDX-License-Identifier: GPL-2.0
/* What user space sees of isolated drivers, and may ask for: sysfs and /dev/chariot. */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include <chariot/hypercall.h>
#include "chariot.h"
#include "world.h"

#define FOLDER		CHARIOT_SYSFS "/"
#define DRIVER_FOLDER	FOLDER DRIVER_NAME "/"

/* --- files ------------------------------------------------------------------------------ */

static struct file *open_file(struct kunit *test, const char *path, int flags)
{
	struct file *file = filp_open(path, flags, 0);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(file), "%s: %ld", path, PTR_ERR(file));
	return file;
}

/* At once, and not when the task has nothing else to do. */
static void close_file(struct file *file)
{
	__fput_sync(file);
}

/* A sysfs file's text, until the next one is read. */
static const char *text_of(struct kunit *test, const char *path)
{
	static char text[512];
	struct file *file = open_file(test, path, O_RDONLY);
	loff_t pos = 0;
	ssize_t n = kernel_read(file, text, sizeof(text) - 1, &pos);

	KUNIT_EXPECT_GE_MSG(test, n, (ssize_t)0, "%s", path);
	text[n > 0 ? n : 0] = '\0';
	close_file(file);
	return text;
}

static ssize_t write_text(struct kunit *test, const char *path, const char *text)
{
	struct file *file = open_file(test, path, O_WRONLY);
	loff_t pos = 0;
	ssize_t n = kernel_write(file, text, strlen(text), &pos);

	close_file(file);
	return n;
}

static void test_root_files(struct kunit *test)
{
	char revision[16];

	snprintf(revision, sizeof(revision), "%u\n", CHARIOT_ABI_REVISION);
	KUNIT_EXPECT_STREQ(test, text_of(test, FOLDER "revision"), revision);
	KUNIT_EXPECT_STREQ(test, text_of(test, FOLDER "backend"), "fake\n");
	KUNIT_EXPECT_STREQ(test, text_of(test, FOLDER "features"),
			   "enforce byte_exact records watch_map walk_alias guest_switch\n");
	KUNIT_EXPECT_STREQ(test, text_of(test, FOLDER "drivers"), "");
	world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_PAGE);
	KUNIT_EXPECT_STREQ(test, text_of(test, FOLDER "drivers"), DRIVER_NAME "\n");
}

static void test_root_files_no_backend(struct kunit *test)
{
	chariot_stop();
	chariot_fake_knobs.absent = true;
	KUNIT_ASSERT_EQ(test, 0, chariot_start());
	KUNIT_EXPECT_STREQ(test, text_of(test, FOLDER "backend"), "none\n");
	KUNIT_EXPECT_STREQ(test, text_of(test, FOLDER "features"), "\n");
	chariot_stop();
	chariot_fake_knobs.absent = false;
	KUNIT_ASSERT_EQ(test, 0, chariot_start());
}

static void expect_number(struct kunit *test, const char *name, u64 number)
{
	char path[96], text[24];

	snprintf(path, sizeof(path), DRIVER_FOLDER "%s", name);
	snprintf(text, sizeof(text), "%llu\n", number);
	KUNIT_EXPECT_STREQ_MSG(test, text_of(test, path), text, "%s", name);
}

static void test_driver_files(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE,
					   CHARIOT_HEAP_BYTE);
	struct chariot_driver *d = w.chariot;
	void *p = w.calls->families[0].get(64);

	KUNIT_EXPECT_NOT_NULL(test, p);
	KUNIT_EXPECT_STREQ(test, text_of(test, DRIVER_FOLDER "state"), "live\n");
	KUNIT_EXPECT_STREQ(test, text_of(test, DRIVER_FOLDER "heap"), "byte\n");
	KUNIT_EXPECT_STREQ(test, text_of(test, DRIVER_FOLDER "mode"), "enforce\n");
	KUNIT_EXPECT_STREQ(test, text_of(test, DRIVER_FOLDER "whole_types"), "\n");
	expect_number(test, "domain", d->domain);
	expect_number(test, "regions", d->table.pages);
	expect_number(test, "objects", d->nr_objects);
	expect_number(test, "object_bytes", d->object_bytes);
	KUNIT_EXPECT_GT(test, d->nr_objects, 0ull);
	expect_number(test, "whole_pages", 0);
	expect_number(test, "imports_bound", d->imports_bound);
	expect_number(test, "imports_total", d->imports_total);
	expect_number(test, "violations", 0);
	expect_number(test, "repeats", 0);
	expect_number(test, "settled", 0);
	expect_number(test, "untracked", 0);
	expect_number(test, "emulated", 0);
	w.calls->families[0].put(p, 64);
}

static void test_mode(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE,
					   CHARIOT_HEAP_PAGE);
	static const char path[] = DRIVER_FOLDER "mode";

	KUNIT_EXPECT_EQ(test, (ssize_t)-EINVAL, write_text(test, path, "none"));
	KUNIT_EXPECT_EQ(test, CHARIOT_MODE_ENFORCE, w.chariot->mode);
	KUNIT_EXPECT_EQ(test, (ssize_t)6, write_text(test, path, "audit\n"));
	KUNIT_EXPECT_EQ(test, CHARIOT_MODE_AUDIT, w.chariot->mode);
	KUNIT_EXPECT_STREQ(test, text_of(test, path), "audit\n");
	/* The backend's word counts. */
	chariot_fake_knobs.fail_error = -EIO;
	chariot_fake_knobs.fail_call = 1;
	KUNIT_EXPECT_EQ(test, (ssize_t)-EIO, write_text(test, path, "enforce"));
	KUNIT_EXPECT_EQ(test, CHARIOT_MODE_AUDIT, w.chariot->mode);
}

/* Who has a file open may read it when the driver has gone, and reaches nothing. */
static void test_file_outlives(struct kunit *test)
{
	struct file *file;
	char text[16];
	loff_t pos = 0;

	world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_PAGE);
	file = open_file(test, DRIVER_FOLDER "regions", O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0, world_unload());
	KUNIT_EXPECT_EQ(test, (ssize_t)-ENODEV,
			kernel_read(file, text, sizeof(text), &pos));
	close_file(file);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			PTR_ERR_OR_ZERO(filp_open(DRIVER_FOLDER "regions", O_RDONLY, 0)));
}

/* --- the device ------------------------------------------------------------------------- */

static struct file *open_device(struct kunit *test)
{
	return open_file(test, CHARIOT_DEVICE, O_RDWR | O_NONBLOCK);
}

static void test_info(struct kunit *test)
{
	struct file *file = open_device(test);
	struct chariot_info info = { };

	world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_PAGE);
	KUNIT_EXPECT_EQ(test, 0l, world_ioctl(file, CHARIOT_IOC_INFO, &info, sizeof(info)));
	KUNIT_EXPECT_EQ(test, CHARIOT_DEV_REVISION, info.revision);
	KUNIT_EXPECT_EQ(test, CHARIOT_ABI_REVISION, info.abi_revision);
	KUNIT_EXPECT_EQ(test, 1u, info.drivers);
	KUNIT_EXPECT_EQ(test, 0, info.backend_errno);
	KUNIT_EXPECT_EQ(test, chariot_backend.features, info.features);
	KUNIT_EXPECT_STREQ(test, info.backend, "fake");
	KUNIT_EXPECT_EQ(test, (long)-ENOTTY, world_ioctl(file, _IO('C', 0xff), &info, 8));
	close_file(file);
}

static const struct chariot_arm arm_good = {
	.revision = CHARIOT_DEV_REVISION, .mode = CHARIOT_MODE_ENFORCE, .name = "kunit_other"
};

struct arm_row {
	const char *name;
	struct chariot_arm arm;
};

#define ARM(...)	{ .revision = CHARIOT_DEV_REVISION, .name = "other", __VA_ARGS__ }

static const struct arm_row arm_rows[] = {
	{ "revision", ARM(.revision = CHARIOT_DEV_REVISION + 1) },
	{ "mode", ARM(.mode = CHARIOT_MODE_COUNT) },
	{ "heap", ARM(.heap = CHARIOT_HEAP_COUNT) },
	{ "flags", ARM(.flags = 1) },
	{ "no name", ARM(.name = "") },
	{ "slash", ARM(.name = "a/b") },
	{ "hyphen", ARM(.name = "a-b") },
	{ "space", ARM(.name = "a b") },
	{ "dot", ARM(.name = "..") },
	{ "8 bit", ARM(.name = "a\xff") },
	{ "long", ARM(.name = "0123456789012345678901234567890123456789012345678901234567") },
	{ "no end", ARM(.name = { [0 ... CHARIOT_NAME_LEN - 1] = 'a' }) },
};

static void arm_desc(const struct arm_row *row, char *desc)
{
	strscpy(desc, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(arm, arm_rows, arm_desc);

static void test_arm_refused(struct kunit *test)
{
	const struct arm_row *row = test->param_value;
	struct chariot_arm arm = row->arm;
	struct file *file = open_device(test);

	KUNIT_EXPECT_EQ(test, (long)-EINVAL,
			world_ioctl(file, CHARIOT_IOC_ARM, &arm, sizeof(arm)));
	/* And nothing stays of it. */
	arm = arm_good;
	KUNIT_EXPECT_EQ(test, 0l, world_ioctl(file, CHARIOT_IOC_ARM, &arm, sizeof(arm)));
	close_file(file);
}

/* It ends when it is said, and with the file. */
static void test_arm(struct kunit *test)
{
	struct file *file = open_device(test), *other = open_device(test);
	struct chariot_arm arm = arm_good;

	KUNIT_EXPECT_EQ(test, 0l, world_ioctl(file, CHARIOT_IOC_ARM, &arm, sizeof(arm)));
	KUNIT_EXPECT_EQ(test, (long)-EBUSY,
			world_ioctl(file, CHARIOT_IOC_ARM, &arm, sizeof(arm)));
	KUNIT_EXPECT_EQ(test, (long)-EBUSY,
			world_ioctl(other, CHARIOT_IOC_ARM, &arm, sizeof(arm)));
	KUNIT_EXPECT_EQ(test, 0l, world_ioctl(file, CHARIOT_IOC_DISARM, NULL, 0));
	KUNIT_EXPECT_EQ(test, 0l, world_ioctl(other, CHARIOT_IOC_ARM, &arm, sizeof(arm)));
	close_file(other);
	KUNIT_EXPECT_EQ(test, 0l, world_ioctl(file, CHARIOT_IOC_ARM, &arm, sizeof(arm)));
	close_file(file);
	world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_PAGE);
	file = open_device(test);
	strscpy(arm.name, DRIVER_NAME, sizeof(arm.name));
	KUNIT_EXPECT_EQ(test, (long)-EEXIST,
			world_ioctl(file, CHARIOT_IOC_ARM, &arm, sizeof(arm)));
	close_file(file);
}

/* A block, and behind it the plan that it is of. */
struct sent_plan {
	struct chariot_plan_block block;
	struct chariot_plan_header plan;
	char strings[8];
};

static long send_plan(struct file *file, u32 size, u32 revision)
{
	struct sent_plan sent = {
		.block = {
			.address = world_user() + offsetof(struct sent_plan, plan),
			.size = size,
		},
		.plan = {
			.revision = revision, .size = size,
			.strings = sizeof(sent.strings),
		},
	};

	return world_ioctl(file, CHARIOT_IOC_PLAN, &sent, sizeof(sent));
}

static void test_plan(struct kunit *test)
{
	const u32 size = sizeof(struct sent_plan) - sizeof(struct chariot_plan_block);
	struct chariot_plan_block nowhere = { .address = 1, .size = size };
	struct file *file = open_device(test);
	struct chariot_arm arm = arm_good;

	KUNIT_EXPECT_EQ(test, (long)-ENOENT, send_plan(file, size, CHARIOT_PLAN_REVISION));
	KUNIT_EXPECT_EQ(test, 0l, world_ioctl(file, CHARIOT_IOC_ARM, &arm, sizeof(arm)));
	KUNIT_EXPECT_EQ(test, (long)-EINVAL,
			send_plan(file, size, CHARIOT_PLAN_REVISION + 1));
	KUNIT_EXPECT_EQ(test, (long)-EINVAL,
			send_plan(file, size - 1, CHARIOT_PLAN_REVISION));
	KUNIT_EXPECT_EQ(test, (long)-EINVAL,
			send_plan(file, CHARIOT_PLAN_SIZE_MAX + 1, CHARIOT_PLAN_REVISION));
	KUNIT_EXPECT_EQ(test, (long)-EFAULT,
			world_ioctl(file, CHARIOT_IOC_PLAN, &nowhere, sizeof(nowhere)));
	KUNIT_EXPECT_EQ(test, 0l, send_plan(file, size, CHARIOT_PLAN_REVISION));
	/* In place of the first. */
	KUNIT_EXPECT_EQ(test, 0l, send_plan(file, size, CHARIOT_PLAN_REVISION));
	close_file(file);
}

static void test_layout(struct kunit *test)
{
	const struct chariot_layout known = chariot_layout;
	struct chariot_layout l = known;
	struct file *file = open_device(test);

	l.revision = CHARIOT_DEV_REVISION;
	KUNIT_EXPECT_EQ(test, 0l, world_ioctl(file, CHARIOT_IOC_LAYOUT, &l, sizeof(l)));
	l.kmem_cache_name++;
	KUNIT_EXPECT_EQ(test, (long)-EINVAL,
			world_ioctl(file, CHARIOT_IOC_LAYOUT, &l, sizeof(l)));
	l.kmem_cache_name = 1u << 20;
	KUNIT_EXPECT_EQ(test, (long)-EINVAL,
			world_ioctl(file, CHARIOT_IOC_LAYOUT, &l, sizeof(l)));
	/* What is not known there stays as it is. */
	memset(&l, 0xff, offsetof(struct chariot_layout, reserved));
	l.revision = CHARIOT_DEV_REVISION;
	KUNIT_EXPECT_EQ(test, 0l, world_ioctl(file, CHARIOT_IOC_LAYOUT, &l, sizeof(l)));
	KUNIT_EXPECT_EQ(test, known.kmem_cache_name, chariot_layout.kmem_cache_name);
	KUNIT_EXPECT_EQ(test, known.slab_slab_cache, chariot_layout.slab_slab_cache);
	l.reserved[10] = 1;
	KUNIT_EXPECT_EQ(test, (long)-EINVAL,
			world_ioctl(file, CHARIOT_IOC_LAYOUT, &l, sizeof(l)));
	close_file(file);
}

/* --- listings ---------------------------------------------------------------------------- */

#define ROOM	8u

struct list {
	struct chariot_listing l;
	struct chariot_entry entry[ROOM];
};

static long list_some(struct file *file, struct list *list, u32 room)
{
	list->l.count = room;
	list->l.entries = world_user() + offsetof(struct list, entry);
	return world_ioctl(file, CHARIOT_IOC_LIST, list, sizeof(*list));
}

static struct list *list_of(struct kunit *test, u32 what)
{
	struct list *list = kunit_kzalloc(test, sizeof(*list), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, list);
	strscpy(list->l.name, DRIVER_NAME, sizeof(list->l.name));
	list->l.what = what;
	return list;
}

/* Bytes of all entries, read @room at a time; *count of them; one is of @site. */
static u64 list_all(struct kunit *test, struct file *file, u32 what, u32 room,
		    u32 *count, const char *site)
{
	struct list *list = list_of(test, what);
	bool found = !site;
	u64 bytes = 0;
	u32 i;

	*count = 0;
	do {
		KUNIT_ASSERT_EQ(test, 0l, list_some(file, list, room));
		KUNIT_ASSERT_LE(test, list->l.count, room);
		for (i = 0; i < list->l.count; i++) {
			bytes += list->entry[i].size;
			found |= site && strstr(list->entry[i].site, site);
		}
		*count += list->l.count;
	} while (list->l.count);
	KUNIT_EXPECT_TRUE(test, found);
	return bytes;
}

static void test_list(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE,
					   CHARIOT_HEAP_BYTE);
	void *p = w.calls->families[0].get(64);
	struct file *file = open_device(test);
	u32 few, many;
	u64 bytes;

	/* The same, however it is read. */
	bytes = list_all(test, file, 0, 1, &few, NULL);
	KUNIT_EXPECT_EQ(test, bytes, list_all(test, file, 0, ROOM, &many, NULL));
	KUNIT_EXPECT_EQ(test, few, many);
	KUNIT_EXPECT_GT(test, few, ROOM);
	bytes = list_all(test, file, 1, 1, &few, "get_kmalloc+");
	KUNIT_EXPECT_EQ(test, bytes, list_all(test, file, 1, ROOM, &many, "get_kmalloc+"));
	KUNIT_EXPECT_EQ(test, few, many);
	KUNIT_EXPECT_EQ(test, (u64)few, w.chariot->nr_objects);
	KUNIT_EXPECT_EQ(test, bytes, w.chariot->object_bytes);
	w.calls->families[0].put(p, 64);
	close_file(file);
}

static void test_list_refused(struct kunit *test)
{
	struct file *file = open_device(test);
	struct list *list = list_of(test, 0);

	KUNIT_EXPECT_EQ(test, (long)-ENOENT, list_some(file, list, ROOM));
	list->l.what = 2;
	KUNIT_EXPECT_EQ(test, (long)-EINVAL, list_some(file, list, ROOM));
	list->l.what = 0;
	list->l.name[0] = '\0';
	KUNIT_EXPECT_EQ(test, (long)-EINVAL, list_some(file, list, ROOM));
	close_file(file);
}

/* --- reports ----------------------------------------------------------------------------- */

static void test_read(struct kunit *test)
{
	struct chariot_violation *v = kunit_kzalloc(test, 2 * sizeof(*v), GFP_KERNEL);
	struct file *file = open_device(test);
	struct world_driver w;

	KUNIT_ASSERT_NOT_NULL(test, v);
	KUNIT_EXPECT_EQ(test, (ssize_t)-EINVAL, world_read(file, v, sizeof(*v) - 1));
	KUNIT_EXPECT_EQ(test, (ssize_t)-EAGAIN, world_read(file, v, sizeof(*v)));
	KUNIT_EXPECT_EQ(test, 0u, (__force u32)vfs_poll(file, NULL));
	w = world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_PAGE);
	/* A call that writes for the driver, to the test's memory. */
	w.calls->copy(v, "driver", 7);
	KUNIT_EXPECT_NE(test, 0u, (__force u32)(vfs_poll(file, NULL) & EPOLLIN));
	/* There is one, however many would have room. */
	KUNIT_EXPECT_EQ(test, (ssize_t)sizeof(*v), world_read(file, v, 2 * sizeof(*v)));
	KUNIT_EXPECT_STREQ(test, v->driver, DRIVER_NAME);
	KUNIT_EXPECT_EQ(test, v->size, (u32)sizeof(*v));
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(v->function, "do_copy"), "%s", v->function);
	KUNIT_EXPECT_EQ(test, (ssize_t)-EAGAIN, world_read(file, v, sizeof(*v)));
	close_file(file);
	/* Each who opens it has them all. */
	file = open_device(test);
	KUNIT_EXPECT_EQ(test, (ssize_t)sizeof(*v), world_read(file, v, sizeof(*v)));
	close_file(file);
}

static struct kunit_case user_cases[] = {
	KUNIT_CASE(test_root_files),
	KUNIT_CASE(test_root_files_no_backend),
	KUNIT_CASE(test_driver_files),
	KUNIT_CASE(test_mode),
	KUNIT_CASE(test_file_outlives),
	KUNIT_CASE(test_info),
	KUNIT_CASE_PARAM(test_arm_refused, arm_gen_params),
	KUNIT_CASE(test_arm),
	KUNIT_CASE(test_plan),
	KUNIT_CASE(test_layout),
	KUNIT_CASE(test_list),
	KUNIT_CASE(test_list_refused),
	KUNIT_CASE(test_read),
	{ }
};

struct kunit_suite guest_user_suite = {
	.name = "chariot_guest_user",
	.init = world_init,
	.exit = world_exit,
	.test_cases = user_cases,
};
