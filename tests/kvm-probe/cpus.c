// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests with several virtual CPUs and several drivers.
 * Runs in the guest kernel.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>

#include "probe.h"

/* Other virtual CPUs: a right is gone everywhere when the call returns. */
static struct completion worker_done;
static bool worker_stop;

static int worker(void *arg)
{
	u64 count = 0;

	while (!READ_ONCE(worker_stop)) {
		drv_spin((u64 *)page, 2000);
		count++;
		drv_store64(page2 + 8 * (count % 512), count);
		drv_inc((u32 *)(small + 200));
		cond_resched();
	}
	complete(&worker_done);
	return 0;
}

void test_smp(u32 times)
{
	struct chariot_record rec;
	struct task_struct *t;
	u32 i, cpus = num_online_cpus();

	if (cpus < 2)
		return;
	init_completion(&worker_done);
	WRITE_ONCE(worker_stop, false);
	CHECK(!allow(page2, PAGE_SIZE));
	CHECK(!allow(small + 200, 4));
	t = kthread_create(worker, NULL, "probe-worker");
	if (!CHECK(!IS_ERR(t)))
		return;
	kthread_bind(t, (smp_processor_id() + 1) % cpus);
	wake_up_process(t);
	msleep(100);
	for (i = 0; i < times; i++) {
		CHECK(!deny(page2, PAGE_SIZE));
		memset(page2, 0, PAGE_SIZE);
		udelay(50);
		CHECK(!memchr_inv(page2, 0, PAGE_SIZE));
		CHECK(!deny(small + 200, 4));
		*(u32 *)(small + 200) = 0;
		udelay(20);
		CHECK(*(u32 *)(small + 200) == 0);
		CHECK(!allow(small + 200, 4));
		CHECK(!allow(page2, PAGE_SIZE));
		udelay(50);
		while (!record(&rec))
			;
	}
	WRITE_ONCE(worker_stop, true);
	wait_for_completion(&worker_done);
	while (!record(&rec))
		;
	atomic_set(&notified, 0);
	CHECK(!deny(page2, PAGE_SIZE));
	CHECK(!deny(small + 200, 4));
	pr_info("probe: a right taken back %u times under another CPU's writes\n",
		2 * times);
}

#define CHAIN	8

/* More drivers than KVM keeps roots for, that call one another. */
void test_many(void)
{
	u32 ids[CHAIN], old = domain, i, n;
	u64 *counts = (u64 *)page2;
	struct chariot_record rec;
	struct chariot_stats s;

	memset(counts, 0, PAGE_SIZE);
	for (i = 0; i < CHAIN; i++) {
		CHECK(!create(CHARIOT_MODE_ENFORCE));
		ids[i] = domain;
		entry(domain, gpa_of(drv_chain + i * PAGE_SIZE), PAGE_SIZE,
		      CHARIOT_REGION_ADD, CHARIOT_RIGHT_EXEC,
		      CHARIOT_KIND_TEXT);
		CHECK(!send());
		CHECK(!allow(counts + i, 8));
		CHECK(!control(CHARIOT_DOMAIN_ACTIVE, CHARIOT_MODE_ENFORCE));
	}
	for (n = 0; n < 50; n++)
		CHECK(drv_chain0(counts, 0, CHAIN) == CHAIN);
	for (i = 0; i < CHAIN; i++) {
		CHECK(counts[i] == 50);
		s = stats(ids[i]);
		CHECK(s.entries >= 50 && s.emulated == 50);
	}
	CHECK(quiet());
	/* Each has its own rights only. */
	drv_chain0(counts, 1, 2);
	CHECK(stopped_at(counts + 1, 8, &rec) && rec.domain == ids[0]);
	/* The same page for two drivers. */
	entry(ids[1], gpa_of(drv_chain), PAGE_SIZE, CHARIOT_REGION_ADD,
	      CHARIOT_RIGHT_EXEC, CHARIOT_KIND_TEXT);
	CHECK(send() == -EBUSY);
	for (i = 0; i < CHAIN; i++)
		CHECK(!call(CHARIOT_CALL_DOMAIN_DESTROY, ids[i], 0, 0));
	CHECK(drv_chain0(counts, 0, CHAIN) == CHAIN);
	CHECK(quiet());
	domain = old;
}

static bool moves(u64 *counter)
{
	u64 was = READ_ONCE(*counter);
	int i;

	for (i = 0; i < 1000 && READ_ONCE(*counter) == was; i++)
		usleep_range(1000, 2000);
	return i < 1000;
}

/* A domain goes while another CPU is in its code. */
void test_destroy(void)
{
	u32 i, cpus = num_online_cpus();
	struct task_struct *t;

	if (cpus < 2)
		return;
	init_completion(&worker_done);
	WRITE_ONCE(worker_stop, false);
	t = kthread_create(worker, NULL, "probe-worker");
	if (!CHECK(!IS_ERR(t)))
		return;
	kthread_bind(t, (smp_processor_id() + 1) % cpus);
	wake_up_process(t);
	for (i = 0; i < 50; i++) {
		CHECK(!call(CHARIOT_CALL_DOMAIN_DESTROY, domain, 0, 0));
		CHECK(moves((u64 *)page));
		CHECK(!create(CHARIOT_MODE_AUDIT));
		CHECK(!text(CHARIOT_REGION_ADD));
		CHECK(!allow(page, PAGE_SIZE));
		CHECK(!control(CHARIOT_DOMAIN_ACTIVE, CHARIOT_MODE_AUDIT));
		CHECK(moves((u64 *)page));
	}
	WRITE_ONCE(worker_stop, true);
	wait_for_completion(&worker_done);
	CHECK(!control(CHARIOT_DOMAIN_ACTIVE, CHARIOT_MODE_ENFORCE));
	{
		struct chariot_record rec;

		while (!record(&rec))
			;
	}
	atomic_set(&notified, 0);
	pr_info("probe: a domain destroyed 50 times under another CPU\n");
}

/* For trouble from the host: some CPU is in its view at almost any moment. */
void test_hold(u32 seconds)
{
	struct chariot_record rec;
	struct task_struct *t;
	u64 *victim, end;
	u32 i, cpu;

	CHECK(!allow(page, PAGE_SIZE));
	CHECK(!allow(page2, PAGE_SIZE));
	CHECK(!allow(small + 200, 4));
	init_completion(&worker_done);
	WRITE_ONCE(worker_stop, false);
	for_each_online_cpu(cpu) {
		if (cpu == smp_processor_id())
			continue;
		t = kthread_create(worker, NULL, "probe-worker");
		if (!CHECK(!IS_ERR(t)))
			return;
		kthread_bind(t, cpu);
		wake_up_process(t);
	}
	for (i = 0; i < seconds; i++) {
		victim = (u64 *)other + i % 512;
		*victim = 0;
		pr_info("probe: holds %u\n", i);
		drv_store64(victim, 1);
		CHECK(stopped_at(victim, 8, &rec) && !*victim);
		end = get_jiffies_64() + HZ;
		while (time_before64(get_jiffies_64(), end)) {
			drv_spin((u64 *)page, 100000);
			cond_resched();
		}
	}
	WRITE_ONCE(worker_stop, true);
	for (i = 1; i < num_online_cpus(); i++)
		wait_for_completion(&worker_done);
	CHECK(quiet());
}

/* For the host's log: as many stopped writes as there can be. */
void test_flood(u32 seconds)
{
	u64 end = get_jiffies_64() + (u64)seconds * HZ;
	struct chariot_record rec;

	pr_info("probe: floods\n");
	while (time_before64(get_jiffies_64(), end)) {
		*(u64 *)other = 0;
		drv_store64(other, 1);
		CHECK(stopped_at(other, 8, &rec));
		cond_resched();
	}
}

void test_again(void)
{
	struct chariot_record rec;

	CHECK(!control(CHARIOT_DOMAIN_INACTIVE, CHARIOT_MODE_ENFORCE));
	drv_store64(other, 3);
	CHECK(*(u64 *)other == 3);
	CHECK(!control(CHARIOT_DOMAIN_ACTIVE, CHARIOT_MODE_ENFORCE));
	drv_store64(other, 4);
	CHECK(stopped_at(other, 8, &rec));
	CHECK(!call(CHARIOT_CALL_DOMAIN_DESTROY, domain, 0, 0));
	drv_store64(other, 5);
	CHECK(*(u64 *)other == 5);
	CHECK(!create(CHARIOT_MODE_ENFORCE));
	CHECK(domain == 1);
	CHECK(!text(CHARIOT_REGION_ADD));
	CHECK(!control(CHARIOT_DOMAIN_ACTIVE, CHARIOT_MODE_ENFORCE));
	/* What the old domain 1 could write is not the new one's. */
	drv_store64(page, 6);
	CHECK(stopped_at(page, 8, &rec));
	CHECK(!text(CHARIOT_REGION_REMOVE));
	drv_store64(other, 7);
	CHECK(*(u64 *)other == 7);
	CHECK(!text(CHARIOT_REGION_ADD));
	drv_store64(other, 8);
	CHECK(stopped_at(other, 8, &rec));
	CHECK(!hello());
	drv_store64(other, 9);
	CHECK(*(u64 *)other == 9);
	CHECK(call(CHARIOT_CALL_DOMAIN_DESTROY, 1, 0, 0) == -ENOENT);
	CHECK(quiet());
}
