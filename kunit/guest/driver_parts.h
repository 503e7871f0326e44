/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What the files of the driver under test share. */
#ifndef CHARIOT_KUNIT_DRIVER_PARTS_H
#define CHARIOT_KUNIT_DRIVER_PARTS_H

#include <linux/percpu.h>

#include "driver.h"

#define DRIVER_TEXT_SIZE	55

extern char driver_text[DRIVER_TEXT_SIZE];
extern unsigned long driver_user;

extern struct sk_buff *driver_packet;
extern struct socket *driver_socket;

extern const struct kunit_family driver_families[];
extern const size_t driver_nr_families;
extern const struct kunit_family driver_device_families[];
extern const size_t driver_nr_device_families;
extern const struct kunit_fragment driver_fragments[];
extern const size_t driver_nr_fragments;
extern const struct kunit_mapping driver_mappings[];
extern const size_t driver_nr_mappings;
extern const struct kunit_user_pages driver_user_pages[];
extern const size_t driver_nr_user_pages;
extern const struct kunit_copy driver_copies[];
extern const size_t driver_nr_copies;

extern const struct kunit_frames driver_frames;
extern struct kunit_block *const driver_block;
extern struct kunit_files *const driver_files;

int driver_memory_begin(void);
void driver_memory_end(void);
int driver_device_begin(void);
void driver_device_end(void);
int driver_copies_begin(void);
void driver_copies_end(void);

/* Per-CPU memory is told by what the first CPU has of it, by which all is found. */
static inline void *first_of(void __percpu *p)
{
	return p ? per_cpu_ptr(p, 0) : NULL;
}

static inline void __percpu *percpu_of(void *first)
{
	return (void __percpu *)(first - per_cpu_offset(0));
}

#endif /* CHARIOT_KUNIT_DRIVER_PARTS_H */
