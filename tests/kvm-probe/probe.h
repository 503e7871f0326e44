/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the probe's files: the driver, the calls, the pages, the checks.
 */
#ifndef KVM_PROBE_H
#define KVM_PROBE_H

#include <linux/printk.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/kvm_para.h>
#include <uapi/linux/kvm_para.h>

#include <chariot/abi.h>

/* driver.S */
extern char drv_start[], drv_end[], drv_store_next[], drv_chain[];

void drv_nop(void);
u64 drv_load(u64 *from);
void drv_store8(void *to, u8 value);
void drv_store32(void *to, u32 value);
void drv_store64(void *to, u64 value);
u64 drv_store_then(u64 *to, u64 value, u64 result);
long drv_try(void *to, u64 value);
void drv_inc(u32 *counter);
u64 drv_cmpxchg(u64 *at, u64 old, u64 new);
void drv_or(u64 *at, u64 bits);
u64 drv_memset(void *to, int value, u64 size);
u64 drv_memcpy(void *to, void *from, u64 size);
void drv_fxsave(void *to);
u64 drv_stack(u64 depth);
u64 drv_call(void *function, u64 arg);
void drv_spin(u64 *counter, u64 rounds);
long drv_hypercall(u64 nr);
void drv_ins(void *to, u16 port, u64 count);
u64 drv_chain0(u64 *counts, u64 first, u64 last);

/* A page each: calls go through batch and inbox, drivers use the others. */
extern struct chariot_batch *batch;
extern u8 *bitmap, *page, *page2, *other, *small, *inbox;

extern atomic_t notified;
extern int failures, checks;
extern u32 domain;		/* the one that entry() and others mean */
extern uint rounds, fuzz;

#define CHECK(cond) ({							\
	bool __ok = (cond);						\
	checks++;							\
	if (!__ok) {							\
		failures++;						\
		pr_err("probe: FAILED %s:%d: %s\n", __FILE_NAME__,	\
		       __LINE__, #cond);				\
	}								\
	__ok;								\
})

long call(u32 nr, u64 a1, u64 a2, u64 a3);
u64 gpa_of(void *p);
long hello(void);
long create(u32 mode);
long control(u32 state, u32 mode);
void entry(u32 dom, u64 gpa, u64 size, u8 op, u8 rights, u16 kind);
long send(void);
long allow(void *p, u64 size);
long deny(void *p, u64 size);
long text(u8 op);
long record(struct chariot_record *rec);
struct chariot_stats stats(u32 dom);
/* Was just this write stopped? */
bool stopped_at(void *p, u64 size, struct chariot_record *rec);
/* Has nothing been stopped? */
bool quiet(void);

void test_crossing(void);
void test_stop(void);
void test_whole(void);
void test_bytes(void);
void test_pages(void);
void test_stack(void);
void test_interrupts(void);
void test_audit(void);
void test_caller(void);
void test_devices(void);
void test_smp(u32 times);
void test_many(void);
void test_destroy(void);
void test_hold(u32 seconds);
void test_flood(u32 seconds);
void test_again(void);
void test_garbage(void);
void test_fuzz(void);
void measure(void);

#endif /* KVM_PROBE_H */
