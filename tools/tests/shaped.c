// SPDX-License-Identifier: GPL-2.0-only
/* A module file without types, for tests of lib/shapes.c; never loaded. */
#include "shaped.h"

static const char info[] __attribute__((section(".modinfo"), used)) =
	"license=GPL\0name=shaped\0vermagic=0.0.0-test ";

struct module_start {
	int state;
	void *list[2];
	char name[56];
} this_module __attribute__((section(".gnu.linkonce.this_module"))) = {
	.name = "shaped",
};

#define THIS_MODULE	((struct module *)&this_module)
#define FUNCTION(name, ...)						\
static int name(__VA_ARGS__)						\
{									\
	static int called __attribute__((used));			\
									\
	return called += __LINE__;					\
}

/* Of each table its own. */
FUNCTION(file_open, struct inode *inode, struct file *file)
FUNCTION(file_close, struct inode *inode, struct file *file)
FUNCTION(page_read, struct page *page, struct file *file)
FUNCTION(unclear_open, struct inode *inode, struct file *file)
FUNCTION(probe, struct disk *disk)
FUNCTION(submit, struct disk *disk)
FUNCTION(flush, struct disk *disk, struct page *page)
FUNCTION(status, struct disk *disk, char *text, unsigned int room, void *data, int how)
FUNCTION(begin, struct disk *disk, unsigned int count, char **words)
FUNCTION(unlike_go, struct inode *inode)
FUNCTION(far_go, struct inode *inode)
FUNCTION(run_one, struct file *file)
FUNCTION(run_two, struct file *file)
FUNCTION(each, struct page *page, void *data)
FUNCTION(internal_one, long number)
FUNCTION(internal_two, long number)

static long show(struct disk *disk, struct device_attribute *attribute)
{
	return disk->sectors + attribute->mode;
}

/* By an argument. */
static const struct file_operations file_table = {
	.owner = THIS_MODULE, .open = file_open, .close = file_close,
};

/* By a member of driver. */
static const struct page_operations page_table = {
	.owner = THIS_MODULE, .read = page_read,
};

static int private = 5;
static struct driver driver = {
	.name = "shaped", .owner = THIS_MODULE, .pages = &page_table,
	.private = (unsigned long)&private, .probe = probe,
};

/* It fits two types, both of which are as near. */
const struct file_operations unclear = {
	.owner = THIS_MODULE, .open = unclear_open,
};

/* It fits one, that code puts somewhere. */
static const struct disk_operations disk_table = {
	.submit = submit, .flush = flush, .name = "disk",
	.status = status, .begin = begin,
};

/* A number is where that one has a name. */
struct {
	int (*go)(struct inode *inode);
	long number, other;
} unlike = { unlike_go, 17, 17 };

struct far_operations far_table = { .go = far_go, .number = 17 };

static struct command commands[] = {
	{ "one", run_one, 1 }, { "two", run_two, 2 }, { },
};

static long show_some(struct disk *disk, struct kobj_attribute *attribute)
{
	return disk->sectors - attribute->mode;
}

struct kobj_attribute shaped_attr = { "some", 0444, show_some };
struct device_attribute dev_attr_size = { "size", 0444, show };

/* As an array of what has two functions. */
int (*internal[])(long number) = {
	internal_one, internal_two, internal_one, internal_two,
};

int init_module(void);
int init_module(void)
{
	struct gendisk *disk = alloc_disk();

	disk->ops = &disk_table;
	each_page(7, each, disk);
	return register_file(&file_table, 3) + register_commands(commands, 2) +
	       register_driver(&driver) + register_pages((void *)disk);
}
