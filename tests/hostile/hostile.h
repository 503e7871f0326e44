/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hostile guest: how its parts fit together.
 *
 *   main.c      sets up, runs the parts, gives the verdict: loading fails if one does
 *   refused.c   calls from user mode and from a driver's view, which must do nothing
 *   interrupted.c  a driver that is interrupted as it begins
 *   limits.c    takes all that a guest can get
 *   requests.c  requests: valid ones, mutated ones, and ones that lie
 *   storm.c     any of these on all virtual CPUs at once
 *   driver.S    the "drivers": pages of text that belong to some domain, or to none
 *
 * All that the backend is told to write lies in the arena, so that a guest which
 * lies about everything else lives on. Runs in the guest's kernel, without chariot.ko.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/types.h>

#include <chariot/hypercall.h>

/* Pages on each side of the arena that nobody is told to write. */
#define GUARD_PAGES	32u
#define ARENA_PAGES	64u
#define GUARD_FILL	0x5a

/* Pages of the arena by use; storms use all of them. */
#define PAGE_REQUEST	0u	/* and one for each call behind it */
#define PAGE_TARGET	32u

/* driver.S */
#define DRIVERS		8u
#define DRIVER_STRIDE	PAGE_SIZE
extern char drivers_start[];
extern char driver_vmmcall[], driver_vmcall[], driver_xen[];

typedef void driver_store_fn(u64 *to, u64 value);
typedef long driver_call_fn(u64 nr, u64 a1, u64 a2, u64 a3);

static inline void driver_store(u32 driver, u64 *to, u64 value)
{
	((driver_store_fn *)(drivers_start + driver * DRIVER_STRIDE))(to, value);
}

/* The first one, with interrupts on from its first instruction on. */
void driver_interrupted(u64 *to, u64 value);

/* main.c */
extern u8 *arena;
extern u64 max_rights;		/* the backend's limit of page rights */
extern char *helper;
extern uint calls, seed;
extern atomic_t failures;

#define CHECK(cond) ({							\
	bool __ok = (cond);						\
	if (!__ok) {							\
		atomic_inc(&failures);					\
		pr_err_ratelimited("hostile: FAILED %s:%d: %s\n",	\
				   __FILE_NAME__, __LINE__, #cond);	\
	}								\
	__ok;								\
})

/* The same for what a call returns. */
#define EXPECT(call, want) ({						\
	long __ret = (call), __want = (want);				\
	if (__ret != __want) {						\
		atomic_inc(&failures);					\
		pr_err_ratelimited("hostile: FAILED %s:%d: %s is %ld, not %ld\n", \
				   __FILE_NAME__, __LINE__, #call,	\
				   __ret, __want);			\
	}								\
	__ret == __want;						\
})

long call(u32 nr, u64 a1, u64 a2, u64 a3);
const char *transport_name(void);
u64 gpa_of(const void *p);
void *page_of(u32 index);
u64 page_gpa(u32 index);
u64 driver_gpa(u32 driver);
long hello(void);
long create(u32 *domain);
long region(u32 domain, u64 gpa, u64 size, u8 op, u8 rights, u16 kind);
/* A new domain 1, active and enforced, that has the first driver's page. */
bool isolate_first(void);

/* requests.c */
struct dice {
	u64 state;
};

u64 roll(struct dice *dice);
u32 pick_call(struct dice *dice);
void fill_request(struct dice *dice, u32 nr, void *page, bool shared);
u64 pick_buffer(struct dice *dice, u64 likely);
u64 pick_place(struct dice *dice, bool shared);
u32 pick_domain(struct dice *dice);
void mutate(struct dice *dice, void *page);
bool documented(u32 nr, long ret);

void test_user(void);
void test_driver(void);
void test_interrupted(void);
void test_limits(void);
bool test_storm(void);

#endif
