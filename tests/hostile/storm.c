// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls with anything, from all virtual CPUs at once, while others change what the
 * backend reads, drivers are entered, and their domains come and go.
 * Runs in the guest's kernel.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "hostile.h"

#define SHARED_PAGES	8u	/* of the arena, the first ones; then one for each worker */
#define TELL_EVERY	10000u
#define STILL_SECONDS	60u	/* without a call: a worker of ours has died */
#define ENOUGH		10000u	/* of so many calls each kind works, and each is refused */

struct worker {
	struct dice dice;
	u32 page;
	u32 calls;
};

struct outcome {
	atomic_t done, refused;
};

static struct outcome outcomes[CHARIOT_CALL_COUNT + 1];
static atomic_t made, running;
static DECLARE_COMPLETION(all_done);

static long make_call(struct worker *w, u32 nr)
{
	struct dice *dice = &w->dice;
	bool shared = roll(dice) % 4 == 0;
	u32 page = shared ? roll(dice) % SHARED_PAGES : w->page;
	u64 buffer;

	/* A shared page may also be left as it is: another call's request. */
	if (!shared || roll(dice) % 2)
		fill_request(dice, nr, page_of(page), shared);
	buffer = pick_buffer(dice, page_gpa(page));
	switch (nr) {
	case CHARIOT_CALL_DOMAIN_CONTROL:
		return call(nr, pick_domain(dice), roll(dice) % 16 ? roll(dice) % 2 : roll(dice),
			    roll(dice) % 16 ? roll(dice) % 2 : roll(dice));
	case CHARIOT_CALL_DOMAIN_DESTROY:
		return call(nr, pick_domain(dice), 0, 0);
	case CHARIOT_CALL_DOMAIN_STATS:
		return call(nr, roll(dice) % 8 ? pick_domain(dice) : 0, buffer, 0);
	case CHARIOT_CALL_PAGE_RELEASE:
		return call(nr, pick_place(dice, false), roll(dice) >> (roll(dice) % 64), 0);
	case CHARIOT_CALL_RECORD_SETTLE:
		return call(nr, roll(dice) % 256, 0, 0);
	default:
		return call(nr, buffer, roll(dice), roll(dice));
	}
}

static void one_call(struct worker *w)
{
	u32 nr = pick_call(&w->dice);
	struct outcome *o = &outcomes[min_t(u32, nr, CHARIOT_CALL_COUNT)];
	long ret = make_call(w, nr);

	atomic_inc(ret ? &o->refused : &o->done);
	if (!CHECK(documented(nr, ret)))
		pr_err_ratelimited("hostile: call %u returned %ld\n", nr, ret);
	if (atomic_inc_return(&made) % TELL_EVERY == 0)
		pr_info("hostile: %u calls\n", atomic_read(&made));
}

static int work(void *data)
{
	struct worker *w = data;
	struct dice *dice = &w->dice;
	u32 i;

	for (i = 0; i < w->calls; i++) {
		one_call(w);
		mutate(dice, page_of(roll(dice) % SHARED_PAGES));
		if (roll(dice) % 8 == 0)
			driver_store(roll(dice) % DRIVERS,
				     page_of(roll(dice) % ARENA_PAGES) + roll(dice) % 512 * 8,
				     roll(dice));
		cond_resched();
	}
	if (atomic_dec_and_test(&running))
		complete(&all_done);
	return 0;
}

static void check_outcomes(void)
{
	u32 nr;

	for (nr = 0; nr <= CHARIOT_CALL_COUNT; nr++) {
		int done = atomic_read(&outcomes[nr].done);
		int refused = atomic_read(&outcomes[nr].refused);

		pr_info("hostile: call %u: %d done, %d refused\n", nr, done, refused);
		if (calls < ENOUGH)
			continue;
		CHECK(refused);
		/* Not every backend has the last one; there is none behind it. */
		if (nr < CHARIOT_CALL_ENTRY_WORD)
			CHECK(done);
	}
}

/* A lie may stop a virtual CPU of ours, until it is told otherwise. */
static bool wait_for_workers(void)
{
	int before = -1, now;
	u32 still = 0;

	while (!wait_for_completion_timeout(&all_done, 10 * HZ)) {
		hello();
		now = atomic_read(&made);
		still = now == before ? still + 10 : 0;
		before = now;
		if (!CHECK(still < STILL_SECONDS))
			return false;
	}
	return true;
}

/**
 * test_storm - all of that
 *
 * Return: whether all workers have ended.
 */
bool test_storm(void)
{
	static struct worker workers[8];
	u32 cpu, count = 0, all = min_t(u32, num_online_cpus(), ARRAY_SIZE(workers));

	CHECK(!hello());
	atomic_set(&running, all);
	for_each_online_cpu(cpu) {
		struct worker *w = &workers[count];
		struct task_struct *t;

		if (count == all)
			break;
		w->dice.state = 88172645463325252ull + seed * 1000003ull + count;
		w->page = SHARED_PAGES + count++;
		w->calls = calls / all;
		t = kthread_create(work, w, "hostile/%u", cpu);
		if (!CHECK(!IS_ERR(t))) {
			atomic_dec(&running);
			continue;
		}
		kthread_bind(t, cpu);
		wake_up_process(t);
	}
	if (!wait_for_workers())
		return false;
	check_outcomes();
	return true;
}
