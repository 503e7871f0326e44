/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What a driver under test offers to the tests, which call it as the kernel would.
 */
#ifndef CHARIOT_KUNIT_DRIVER_H
#define CHARIOT_KUNIT_DRIVER_H

#include <linux/types.h>

/**
 * struct kunit_family - one way for a driver to get memory
 * @name: of the calls
 * @record: what chariot calls it
 * @size: bytes to ask for that are worth a try
 * @get: returns @size bytes, or NULL
 * @put: gives them back, by the driver itself
 * @slab: from a slab cache or DMA pool of the driver's own
 * @by_kernel: got by the kernel, which calls what the driver has named
 */
struct kunit_family {
	const char *name;
	const char *record;
	size_t size;
	void *(*get)(size_t size);
	void (*put)(void *p, size_t size);
	bool slab;
	bool by_kernel;
};

/**
 * struct kunit_fragment - a way to a part of pages that a cache has
 * @name: of the call, and what chariot calls it
 * @size: bytes to ask for
 * @get: returns them, or NULL
 * @put: gives them back, with what the cache has
 * @kept: the cache keeps its pages
 */
struct kunit_fragment {
	const char *name;
	size_t size;
	void *(*get)(size_t size);
	void (*put)(void *p);
	bool kept;
};

/* A call that writes for the driver: some of the first 64 bytes at @to. */
struct kunit_copy {
	const char *name;
	void (*call)(char *to);
};

/* A way to map a page of what is not memory. */
struct kunit_mapping {
	const char *name;
	void *(*map)(void);
	void (*unmap)(void *p);
};

/**
 * struct kunit_user_pages - a way to get hold of pages of user memory
 * @get: n pages from va on, to write to them; returns how many, or an error
 * @put: give them back
 * @pins: they are pinned, else referenced
 */
struct kunit_user_pages {
	const char *name;
	long (*get)(unsigned long va, int n, bool write, struct page **pages);
	void (*put)(struct page **pages, int n);
	bool pins;
};

/* What the driver is handed. */
struct kunit_object {
	struct kunit_object *next;
	unsigned long words[7];
};

/* Functions that the kernel calls; each calls @during, if that is set. */
struct kunit_entries {
	void (*take)(struct kunit_object *o);
	void (*take_pointer)(struct kunit_object **o);
	void (*take_area)(void *p);
	void (*take_bytes)(void *p, size_t size);
	void (*take_strings)(int count, char **strings);
	void (*during)(void);
};

struct bio;
struct gendisk;
struct page;
struct request;

/**
 * struct kunit_block - disks, between @begin and @end
 * @request_disk: of requests, with @payload bytes of the driver's behind each
 * @bio_disk: of bios, and of pages
 * @during_request, @during_bio, @during_page: called when there is one to be done
 * @get_bio: a bio of the driver's own, with @front bytes of the driver's before it
 * @most_bytes: of a request; more is split
 */
struct kunit_block {
	int (*begin)(void);
	void (*end)(void);
	struct gendisk *request_disk;
	struct gendisk *bio_disk;
	void (*during_request)(struct request *rq);
	void (*during_bio)(struct bio *bio);
	void (*during_page)(struct page *page);
	struct bio *(*get_bio)(void);
	void (*put_bio)(struct bio *bio);
	size_t front;
	size_t payload;
	size_t most_bytes;
};

struct file;
struct seq_file;
struct sk_buff;
struct vm_area_struct;

/**
 * struct kunit_files - files, between @begin and @end
 * @device: path of one that shows a text, and can be mapped
 * @attribute: path of one whose buffer is the kernel's
 * @during_open, @during_show, @during_map, @during_attribute: called from the driver's
 *	functions for these
 */
struct kunit_files {
	int (*begin)(void);
	void (*end)(void);
	const char *device;
	const char *attribute;
	void (*during_open)(struct file *file);
	void (*during_show)(struct seq_file *seq);
	void (*during_map)(struct vm_area_struct *vma);
	void (*during_attribute)(char *buffer);
};

#define KUNIT_WORDS	8

struct completion;

/* Told of words in a frame of the driver's. */
typedef void kunit_words_fn(long words[KUNIT_WORDS]);

/**
 * struct kunit_frames - functions that have words in their frame until they are told
 * @sleep: that sleeps; @run: that does not; @nap: that does both by turns. All return the
 *	last of the words
 * @deaf: one that runs has interrupts off while this isn't 0, and says so in it, as
 *	one that naps does before it sleeps
 */
struct kunit_frames {
	long (*sleep)(kunit_words_fn *tell, struct completion *done);
	long (*run)(kunit_words_fn *tell, struct completion *done);
	long (*nap)(kunit_words_fn *tell, struct completion *done);
	int *deaf;
};

enum { KUNIT_BE_DEAF = 1, KUNIT_IS_DEAF };

#define DRIVER_USER_TEXT	63	/* characters */

/**
 * struct kunit_driver - all that the driver can be asked for
 * @user: out: where a text of DRIVER_USER_TEXT characters is in user memory
 * @text: an address in its text; @data: in its data; @rodata: in its constants
 */
struct kunit_driver {
	const struct kunit_family *families;
	size_t nr_families;
	const struct kunit_family *device_families;
	size_t nr_device_families;
	const struct kunit_fragment *fragments;
	size_t nr_fragments;
	const struct kunit_copy *copies;
	size_t nr_copies;
	const struct kunit_mapping *mappings;
	size_t nr_mappings;
	const struct kunit_user_pages *user_pages;
	size_t nr_user_pages;
	unsigned long *user;
	struct kunit_entries *entries;
	const struct kunit_frames *frames;
	struct kunit_block *block;
	struct kunit_files *files;
	/* What calls have given it: by what they return, and through an argument. */
	void *given_returned;
	void *given_set;
	struct sk_buff *(*get_packet)(unsigned int size);
	void (*put_packet)(struct sk_buff *skb);
	void *text;
	void *data;
	const void *rodata;
	void __percpu *percpu;
	/* Calls that write to memory of their caller's: chariot judges them. */
	long (*copy)(void *to, const void *from, size_t size);
	long (*print)(char *to, size_t size, unsigned long value);
	void *(*set)(void *to, int byte, size_t size);
};

/* The driver is given its address as the parameter "offer", and calls it in init. */
typedef void kunit_offer_fn(const struct kunit_driver *driver);

#endif /* CHARIOT_KUNIT_DRIVER_H */
