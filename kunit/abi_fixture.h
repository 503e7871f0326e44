/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A guest on the fake backend: its memory, and what it sends. KUnit alone.
 */
#ifndef CHARIOT_KUNIT_ABI_FIXTURE_H
#define CHARIOT_KUNIT_ABI_FIXTURE_H

#include <kunit/test.h>

#include "transport_fake.h"

#define PAGE		CHARIOT_PAGE_SIZE
#define GUEST_GPA	0x10000ull
#define GUEST_PAGES	16u
#define GUEST_END	(GUEST_GPA + GUEST_PAGES * PAGE)

/* What lies where, a page each. */
#define ARGS_GPA	GUEST_GPA		/* small structures */
#define BATCH_GPA	(GUEST_GPA + PAGE)
#define MAP_GPA		(GUEST_GPA + 2 * PAGE)
#define BITS_GPA	(GUEST_GPA + 3 * PAGE)	/* of the watched map */
#define ALIAS_GPA	(GUEST_GPA + 4 * PAGE)
#define TABLE_GPA	(GUEST_GPA + 5 * PAGE)	/* stands for a page table */
#define TEXT_GPA	(GUEST_GPA + 6 * PAGE)
#define DATA_GPA	(GUEST_GPA + 8 * PAGE)	/* from here to the end */

/* For suites' init and exit: a fresh backend, used by the calls. */
int guest_init(struct kunit *test);
void guest_exit(struct kunit *test);
/* The same, and HELLO is done. */
int guest_init_greeted(struct kunit *test);

/* The structure at @gpa, as the guest's kernel sees it. */
void *guest_at(struct kunit *test, u64 gpa);

/* Zero the structure's place and fill in what is asked for most. */
struct chariot_hello *guest_put_hello(struct kunit *test);
struct chariot_domain_create *guest_put_create(struct kunit *test, u32 mode);
struct chariot_batch *guest_put_batch(struct kunit *test,
				      const struct chariot_region *region,
				      u32 count);
struct chariot_frame_map *guest_put_map(struct kunit *test);
struct chariot_walk_alias *guest_put_alias(struct kunit *test);

/* A new domain; fails the test if there is none. */
u32 guest_domain(struct kunit *test, u32 mode, u32 state);
/* One change of a table. */
long guest_change(struct kunit *test, u8 op, u32 domain, u64 gpa, u64 size,
		  u8 rights);
/* The next record, or NULL for -ENOENT. */
const struct chariot_record *guest_record(struct kunit *test);
const struct chariot_stats *guest_stats(struct kunit *test, u32 domain);
/* The verdict on a write. */
enum chariot_verdict guest_write(struct kunit *test, u32 domain, u64 gpa,
				 u64 size);

#endif /* CHARIOT_KUNIT_ABI_FIXTURE_H */
