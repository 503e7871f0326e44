// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of what a driver may write and what becomes of the rest.
 * Runs in the guest kernel.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "probe.h"

void test_crossing(void)
{
	struct chariot_stats before = stats(domain), after;
	u64 entries;
	u32 i;

	for (i = 0; i < rounds; i++) {
		drv_nop();
		if (!(i & 1023))
			cond_resched();
	}
	after = stats(domain);
	/* Interrupts make a few more. */
	entries = after.entries - before.entries;
	CHECK(entries >= rounds && entries < rounds + rounds / 10 + 10);
	CHECK(after.exits - before.exits == entries);
	CHECK(quiet());
	pr_info("probe: %u crossings, view of %llu bytes, %llu page rights\n",
		rounds, after.view_bytes, after.regions);
}

void test_stop(void)
{
	struct chariot_record rec;

	memset(other, 0, PAGE_SIZE);
	CHECK(drv_store_then((u64 *)(other + 64), 0x1122334455667788, 42) == 42);
	CHECK(stopped_at(other + 64, 8, &rec));
	CHECK(*(u64 *)(other + 64) == 0);
	CHECK(rec.gva == (u64)(other + 64));
	CHECK(rec.next_rip == (u64)drv_store_next);
	CHECK(rec.domain == domain);
	CHECK(rec.flags & CHARIOT_RECORD_VALUE);
	CHECK(*(u64 *)rec.value == 0x1122334455667788);
	CHECK(drv_load((u64 *)other) == 0);
	drv_store8(other, 1);
	CHECK(stopped_at(other, 1, &rec));
	drv_inc((u32 *)other);
	CHECK(stopped_at(other, 4, &rec));
	drv_fxsave(other);
	CHECK(stopped_at(other, 512, &rec));
	CHECK(!memchr_inv(other, 0, PAGE_SIZE));
	/* The backend's map is the kernel's too. */
	drv_store8(bitmap, 0xff);
	CHECK(stopped_at(bitmap, 1, &rec));
	CHECK(quiet());
}

void test_whole(void)
{
	struct chariot_record rec;
	struct chariot_stats before, after;

	CHECK(!allow(page, PAGE_SIZE));
	drv_store64(page, 7);
	CHECK(*(u64 *)page == 7);
	before = stats(domain);
	CHECK(drv_memset(page, 0x5a, PAGE_SIZE) == 0);
	CHECK(!memchr_inv(page, 0x5a, PAGE_SIZE));
	after = stats(domain);
	CHECK(before.emulated == after.emulated);
	CHECK(quiet());
	/* Taken back: in force at once. */
	CHECK(!deny(page, PAGE_SIZE));
	drv_store64(page, 8);
	CHECK(stopped_at(page, 8, &rec));
	CHECK(!memchr_inv(page, 0x5a, PAGE_SIZE));
	CHECK(!allow(page, PAGE_SIZE));
	drv_store64(page, 9);
	CHECK(*(u64 *)page == 9);
	CHECK(quiet());
	/* A part taken back. */
	CHECK(!deny(page + 128, 8));
	drv_store64(page + 120, 1);
	CHECK(*(u64 *)(page + 120) == 1);
	drv_store64(page + 128, 1);
	CHECK(stopped_at(page + 128, 8, &rec));
	drv_store64(page + 124, 1);
	CHECK(stopped_at(page + 128, 8, &rec));
	CHECK(!allow(page + 128, 8));
	drv_store64(page + 128, 3);
	CHECK(*(u64 *)(page + 128) == 3);
	CHECK(quiet());
}

void test_bytes(void)
{
	struct chariot_record rec;
	u8 *p = small;

	memset(small, 0, PAGE_SIZE);
	CHECK(!allow(p + 100, 50));
	drv_store8(p + 100, 1);
	drv_store8(p + 149, 2);
	drv_store32(p + 104, 3);
	drv_store64(p + 142, 4);
	CHECK(p[100] == 1 && *(u32 *)(p + 104) == 3 && *(u64 *)(p + 142) == 4);
	CHECK(quiet());
	drv_store8(p + 99, 1);
	CHECK(stopped_at(p + 99, 1, &rec));
	drv_store8(p + 150, 1);
	CHECK(stopped_at(p + 150, 1, &rec));
	drv_store64(p + 143, 1);
	CHECK(stopped_at(p + 150, 8, &rec));
	CHECK(rec.flags & CHARIOT_RECORD_REGION && rec.region_size == 50 &&
	      rec.region_kind == CHARIOT_KIND_DATA);
	*(u32 *)(p + 108) = 5;
	drv_inc((u32 *)(p + 108));
	CHECK(*(u32 *)(p + 108) == 6);
	CHECK(drv_cmpxchg((u64 *)(p + 112), 0, 77) == 0);
	CHECK(*(u64 *)(p + 112) == 77);
	CHECK(drv_cmpxchg((u64 *)(p + 112), 0, 78) == 77);
	CHECK(*(u64 *)(p + 112) == 77);
	drv_or((u64 *)(p + 112), 0x100);
	CHECK(*(u64 *)(p + 112) == (77 | 0x100));
	CHECK(quiet());
	/* Strings: what is allowed is done, then it stops. */
	CHECK(drv_memset(p + 100, 0xaa, 50) == 0);
	CHECK(!memchr_inv(p + 100, 0xaa, 50) && !p[99] && !p[150]);
	CHECK(quiet());
	drv_memset(p + 140, 0xbb, 20);
	CHECK(stopped_at(p + 150, 10, &rec));
	CHECK(rec.flags & CHARIOT_RECORD_REP);
	CHECK(!memchr_inv(p + 140, 0xbb, 10) && !p[150]);
	memset(page, 0xcc, 50);
	CHECK(drv_memcpy(p + 100, page, 50) == 0);
	CHECK(!memchr_inv(p + 100, 0xcc, 50) && !p[99] && !p[150]);
	CHECK(quiet());
	CHECK(!deny(p + 100, 50));
	drv_store8(p + 100, 1);
	CHECK(stopped_at(p + 100, 1, &rec));
	/* fxsave cannot be emulated, but is allowed as a whole. */
	CHECK(!allow(p + 1024, 512));
	memset(p + 1024, 0xff, 512);
	drv_fxsave(p + 1024);
	CHECK(memchr_inv(p + 1024, 0xff, 32));
	CHECK(quiet());
	drv_fxsave(p + 1040);
	CHECK(stopped_at(p + 1536, 512, &rec));
	CHECK(!deny(p + 1024, 512));
	CHECK(quiet());
}

/* Two pages that lie side by side for the driver only. */
void test_pages(void)
{
	struct page *pages[2] = { virt_to_page(page2), virt_to_page(other) };
	struct chariot_record rec;
	u8 *v = vmap(pages, 2, VM_MAP, PAGE_KERNEL);

	if (!CHECK(v))
		return;
	memset(other, 0, PAGE_SIZE);
	memset(page2, 0, PAGE_SIZE);
	CHECK(!allow(page2, PAGE_SIZE));
	drv_store64(v + PAGE_SIZE - 4, ~0ull);
	CHECK(stopped_at(other, 8, &rec));
	CHECK(!memchr_inv(other, 0, PAGE_SIZE) &&
	      !memchr_inv(page2, 0, PAGE_SIZE));
	CHECK(!allow(other, 16));
	drv_store64(v + PAGE_SIZE - 4, 0x1111111122222222);
	CHECK(*(u64 *)(v + PAGE_SIZE - 4) == 0x1111111122222222);
	CHECK(drv_memset(v + PAGE_SIZE - 8, 0x77, 24) == 0);
	CHECK(!memchr_inv(v + PAGE_SIZE - 8, 0x77, 24));
	CHECK(quiet());
	drv_memset(v + PAGE_SIZE - 8, 0x78, 25);
	CHECK(stopped_at(other + 16, 1, &rec));
	CHECK(!deny(other, 16));
	CHECK(!deny(page2, PAGE_SIZE));
	CHECK(quiet());
	/* Allowed here, and nothing there: the guest's own page fault. */
	CHECK(!allow(other + PAGE_SIZE - 4, 4));
	memset(other, 0, PAGE_SIZE);
	CHECK(drv_try(v + 2 * PAGE_SIZE - 4, ~0ull) == -EFAULT);
	CHECK(!memchr_inv(other, 0, PAGE_SIZE));
	CHECK(!deny(other, PAGE_SIZE));
	CHECK(quiet());
	vunmap(v);
}

static noinline u64 kernel_function(u64 arg)
{
	/* The kernel may write what the driver may not. */
	other[0] = arg;
	return arg + 1;
}

static bool watched(u64 gpa)
{
	u64 gfn = gpa >> PAGE_SHIFT;

	return bitmap[gfn / 8] & (1 << gfn % 8);
}

void test_stack(void)
{
	CHECK(drv_stack(64) == 64);
	CHECK(drv_stack(4096) == 4096);
	CHECK(drv_call(kernel_function, 5) == 6);
	CHECK(other[0] == 5);
	CHECK(quiet());
	CHECK(watched(gpa_of((void *)current_stack_pointer)));
	/* Given up, marked no more, and given again. */
	CHECK(!call(CHARIOT_CALL_PAGE_RELEASE,
		    gpa_of((void *)(current_stack_pointer & PAGE_MASK)),
		    PAGE_SIZE, 0));
	CHECK(!watched(gpa_of((void *)current_stack_pointer)));
	CHECK(drv_stack(64) == 64);
	CHECK(watched(gpa_of((void *)current_stack_pointer)));
	CHECK(!call(CHARIOT_CALL_PAGE_RELEASE, 0, 1ull << 40, 0));
	CHECK(drv_stack(64) == 64);
	CHECK(quiet());
}

void test_interrupts(void)
{
	u64 *counter = (u64 *)page, was = jiffies;
	struct chariot_stats before = stats(domain), after;

	*counter = 0;
	drv_spin(counter, 20000000);
	CHECK(*counter == 20000000);
	after = stats(domain);
	CHECK(quiet());
	pr_info("probe: %llu jiffies of driver, %llu entries\n", jiffies - was,
		after.entries - before.entries);
}

void test_audit(void)
{
	struct chariot_record rec;

	CHECK(!control(CHARIOT_DOMAIN_ACTIVE, CHARIOT_MODE_AUDIT));
	memset(other, 0, PAGE_SIZE);
	drv_store64(other + 8, 9);
	CHECK(*(u64 *)(other + 8) == 9);
	CHECK(atomic_xchg(&notified, 0) == 1);
	drv_store64(other + 16, 9);
	CHECK(*(u64 *)(other + 16) == 9);
	CHECK(atomic_xchg(&notified, 0) == 0);
	CHECK(!record(&rec));
	CHECK(rec.outcome == CHARIOT_OUTCOME_AUDITED && rec.repeat == 2);
	CHECK(drv_memset(other, 1, PAGE_SIZE) == 0);
	CHECK(!memchr_inv(other, 1, PAGE_SIZE));
	memset(other, 0xff, PAGE_SIZE);
	drv_fxsave(other);
	CHECK(memchr_inv(other, 0xff, 32));
	while (!record(&rec))
		;
	CHECK(!control(CHARIOT_DOMAIN_ACTIVE, CHARIOT_MODE_ENFORCE));
	atomic_set(&notified, 0);
	drv_store64(other + 8, 10);
	CHECK(stopped_at(other + 8, 8, &rec));
	CHECK(quiet());
}

void test_caller(void)
{
	CHECK(drv_hypercall(CHARIOT_CALL_BASE + CHARIOT_CALL_RECORD_NEXT) ==
	      -EPERM);
	CHECK(quiet());
}

/* What KVM emulates by itself: string input, and a copy from a device. */
void test_devices(void)
{
	void __iomem *hpet = ioremap(0xfed00000, PAGE_SIZE);
	struct chariot_record rec;

	memset(page, 0, PAGE_SIZE);
	memset(other, 0, PAGE_SIZE);
	drv_ins(page, 0x84, 16);
	CHECK(!memchr_inv(page, 0xff, 16) && !page[16]);
	drv_ins(other, 0x84, 16);
	CHECK(stopped_at(other, 16, &rec));
	drv_ins(page + PAGE_SIZE - 4, 0x84, 8);
	CHECK(atomic_xchg(&notified, 0) == 1 && !record(&rec));
	CHECK(!memchr_inv(other, 0, PAGE_SIZE));
	CHECK(!*(u32 *)(page + PAGE_SIZE - 4));
	if (!CHECK(hpet))
		return;
	drv_memcpy(page, (void __force *)hpet, 8);
	CHECK(quiet());
	memset(other, 0, PAGE_SIZE);
	drv_memcpy(other, (void __force *)hpet, 8);
	CHECK(stopped_at(other, 8, &rec));
	CHECK(!memchr_inv(other, 0, PAGE_SIZE));
	/* A device is not memory: no table says anything of it. */
	drv_store32((void __force *)hpet + 0x10, readl(hpet + 0x10));
	CHECK(quiet());
	iounmap(hpet);
}
