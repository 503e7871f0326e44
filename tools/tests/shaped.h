/* SPDX-License-Identifier: GPL-2.0-only */
/* What a kernel and a module of it share, for tests of lib/shapes.c; never loaded. */
#ifndef SHAPED_H
#define SHAPED_H

struct module;
struct file { long position; };
struct inode { long number; };
struct page { long flags; };
struct disk { long sectors; };

/* Two of one shape, which the kernel is told of in two ways. */
struct file_operations {
	struct module *owner;
	int (*open)(struct inode *inode, struct file *file);
	int (*close)(struct inode *inode, struct file *file);
	void *data;
};
struct page_operations {
	struct module *owner;
	int (*read)(struct page *page, struct file *file);
	int (*write)(struct page *page, struct file *file);
	void *data;
};

struct disk_operations {
	int (*submit)(struct disk *disk);
	int (*flush)(struct disk *disk, struct page *page);
	const char *name;
	int (*status)(struct disk *disk, char *text, unsigned int room, void *data, int how);
	int (*begin)(struct disk *disk, unsigned int count, char **words);
};
/* Nothing leads to it. */
struct far_operations {
	int (*go)(struct inode *inode);
	int number;
	int (*come)(struct inode *inode);
};

/* Told by what points to it. */
struct driver {
	const char *name;
	struct module *owner;
	const struct page_operations *pages;
	unsigned long private;
	int (*probe)(struct disk *disk);
};

struct gendisk {
	const struct disk_operations *ops;
	struct file *file;
};

struct device_attribute {
	const char *name;
	int mode;
	long (*show)(struct disk *disk, struct device_attribute *attribute);
	long (*store)(struct disk *disk, struct device_attribute *attribute);
};

struct kobj_attribute {
	const char *name;
	int mode;
	long (*show)(struct disk *disk, struct kobj_attribute *attribute);
	long (*store)(struct disk *disk, struct kobj_attribute *attribute);
};

/* An array's element; its name is not a function. */
struct command {
	const char *name;
	int (*run)(struct file *file);
	int number;
};

int register_file(const struct file_operations *ops, int number);
int register_pages(const struct page_operations *ops);
int register_driver(struct driver *driver);
int register_commands(struct command *commands, int count);
struct gendisk *alloc_disk(void);
void each_page(long from, int (*each)(struct page *page, void *data), void *data);

#endif /* SHAPED_H */
