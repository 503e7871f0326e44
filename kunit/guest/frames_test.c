// SPDX-License-Identifier: GPL-2.0
/*
 * Frames of a driver's own on the stack of another task, while that sleeps in a call of
 * the driver's, or is in one on another CPU: the driver writes there what the task waits
 * for. The right ends when the task goes on.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched/task_stack.h>

#include <chariot/hypercall.h>
#include "alloc.h"
#include "chariot.h"
#include "world.h"

#define SECONDS		20	/* for what takes a moment */

static struct world_driver world;
static struct task_struct *waiter;
static struct completion told, done;
static long *words;

static int frames_init(struct kunit *test)
{
	int ret = world_init(test);

	if (ret)
		return ret;
	waiter = NULL;
	world = world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_BYTE);
	init_completion(&told);
	init_completion(&done);
	return 0;
}

static void tell(long at[KUNIT_WORDS])
{
	words = at;
	complete(&told);
}

static int sleep(void *unused)
{
	return world.calls->frames->sleep(tell, &done);
}

static int run(void *unused)
{
	return world.calls->frames->run(tell, &done);
}

static int nap(void *unused)
{
	return world.calls->frames->nap(tell, &done);
}

static void start(struct kunit *test, int (*fn)(void *unused))
{
	waiter = kthread_run(fn, NULL, "chariot-waits");
	KUNIT_ASSERT_FALSE(test, IS_ERR(waiter));
	get_task_struct(waiter);
	wait_for_completion(&told);
}

/* The task goes on, and ends: what it returns. */
static int finish(void)
{
	int ret;

	complete_all(&done);
	ret = kthread_stop(waiter);
	put_task_struct(waiter);
	return ret;
}

/* As a store is: with registers, it is the caller's to try again. */
static enum chariot_settled settle_store(const void *va, size_t size)
{
	const struct pt_regs regs = { };

	return chariot_grants_settle(world.chariot, (unsigned long)va, size, &regs);
}

/* Asked again as long as the write is stopped, and tried again. */
static bool settles(const void *va, size_t size)
{
	unsigned long end = jiffies + SECONDS * HZ, flags, bad;
	enum chariot_settled settled;
	bool writable;

	do {
		local_irq_save(flags);
		settled = chariot_grants_settle(world.chariot, (unsigned long)va, size, NULL);
		local_irq_restore(flags);
		cond_resched();
		writable = chariot_can_write(world.chariot, va, size, &bad);
	} while (settled != CHARIOT_DENIED && !writable && time_before(jiffies, end));
	return settled == CHARIOT_SETTLED && writable;
}

static bool words_writable(struct kunit *test)
{
	return world_writable(test, world.chariot, words, KUNIT_WORDS * sizeof(*words));
}

/* A task that was interrupted is switched away from some time after it was seen to end. */
static bool taken_back(void)
{
	unsigned long end = jiffies + SECONDS * HZ, bad;

	while (chariot_can_write(world.chariot, words, 1, &bad)) {
		if (time_after(jiffies, end))
			return false;
		schedule_timeout_uninterruptible(1);
	}
	return true;
}

static void test_sleeps(struct kunit *test)
{
	unsigned long end = jiffies + SECONDS * HZ, bad;

	start(test, sleep);
	while (!READ_ONCE(waiter->__state) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_FALSE(test, words_writable(test));
	KUNIT_EXPECT_TRUE(test, settles(words, sizeof(*words)));
	KUNIT_EXPECT_TRUE(test, words_writable(test));
	/* Frames of others, and what is below and above them all. */
	KUNIT_EXPECT_FALSE(test, chariot_can_write(world.chariot,
						   task_stack_page(waiter), THREAD_SIZE, &bad));
	KUNIT_EXPECT_FALSE(test, settles(task_stack_page(waiter) + 256, 8));
	KUNIT_EXPECT_FALSE(test, settles(task_stack_page(waiter) + THREAD_SIZE - 64, 8));
	words[KUNIT_WORDS - 1] = 42;
	KUNIT_EXPECT_EQ(test, finish(), 42);
	KUNIT_EXPECT_FALSE(test, chariot_can_write(world.chariot, words, 1, &bad));
	world_expect_agreed(test, world.chariot);
}

/* The CPU that the task is on is interrupted for it. */
static void test_runs(struct kunit *test)
{
	start(test, run);
	KUNIT_EXPECT_TRUE(test, settles(words, sizeof(*words)));
	WRITE_ONCE(words[KUNIT_WORDS - 1], 43);
	KUNIT_EXPECT_EQ(test, finish(), 43);
	KUNIT_EXPECT_TRUE(test, taken_back());
	world_expect_agreed(test, world.chariot);
}

static void wait_until_deaf(void)
{
	while (READ_ONCE(*world.calls->frames->deaf) != KUNIT_IS_DEAF)
		cpu_relax();
}

static void be_deaf(void)
{
	WRITE_ONCE(*world.calls->frames->deaf, KUNIT_BE_DEAF);
	wait_until_deaf();
}

static void hear(void)
{
	WRITE_ONCE(*world.calls->frames->deaf, 0);
}

/*
 * The CPU answers when nobody asks any more: the write passes. When the next one
 * comes it is waited for anew, however long ago that was.
 */
static void test_answered_late(struct kunit *test)
{
	unsigned long end, bad;
	int i;

	start(test, run);
	for (i = 0; i < 3; i++) {
		be_deaf();
		KUNIT_EXPECT_EQ(test, settle_store(words, sizeof(*words)), CHARIOT_TRY_AGAIN);
		hear();
		end = jiffies + SECONDS * HZ;
		while (!chariot_can_write(world.chariot, words, 1, &bad) &&
		       time_before(jiffies, end))
			cpu_relax();
		KUNIT_EXPECT_TRUE(test, words_writable(test));
		msleep(700);
	}
	finish();
	KUNIT_EXPECT_TRUE(test, taken_back());
	world_expect_agreed(test, world.chariot);
}

/* The task sleeps right after it has lent the frame, which ends the loan. */
static void test_lent_for_a_moment(struct kunit *test)
{
	int i, settled = 0;

	start(test, nap);
	for (i = 0; i < 100; i++) {
		wait_until_deaf();
		settled += settles(words, sizeof(*words));
	}
	KUNIT_EXPECT_EQ(test, settled, 100);
	finish();
	KUNIT_EXPECT_TRUE(test, taken_back());
	world_expect_agreed(test, world.chariot);
}

/* It is waited for long, but not for ever, and then not at each write. */
static void test_never_answered(struct kunit *test)
{
	enum chariot_settled settled;
	u64 since, took;
	int tries = 0;

	start(test, run);
	be_deaf();
	since = ktime_get_mono_fast_ns();
	do {
		settled = settle_store(words, sizeof(*words));
		took = ktime_get_mono_fast_ns() - since;
		tries++;
	} while (settled == CHARIOT_TRY_AGAIN && took < SECONDS * NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, settled, CHARIOT_DENIED);
	KUNIT_EXPECT_GT(test, tries, 500);
	KUNIT_EXPECT_GE(test, took, 500 * NSEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, settle_store(words + 1, sizeof(*words)), CHARIOT_DENIED);
	hear();
	msleep(700);
	KUNIT_EXPECT_TRUE(test, settles(words, sizeof(*words)));
	finish();
	KUNIT_EXPECT_TRUE(test, taken_back());
	world_expect_agreed(test, world.chariot);
}

/* One's own is no loan, and a task that is not the driver's lends nothing. */
static void test_refused(struct kunit *test)
{
	long here[KUNIT_WORDS];

	KUNIT_EXPECT_FALSE(test, settles(here, sizeof(here)));
	KUNIT_EXPECT_FALSE(test, settles(task_stack_page(current->real_parent) + 1024, 8));
}

static struct kunit_case frames_cases[] = {
	KUNIT_CASE(test_sleeps),
	KUNIT_CASE(test_runs),
	KUNIT_CASE(test_answered_late),
	KUNIT_CASE(test_lent_for_a_moment),
	KUNIT_CASE(test_never_answered),
	KUNIT_CASE(test_refused),
	{ }
};

struct kunit_suite guest_frames_suite = {
	.name = "chariot_guest_frames",
	.init = frames_init,
	.exit = world_exit,
	.test_cases = frames_cases,
};
