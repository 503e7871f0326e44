// SPDX-License-Identifier: GPL-2.0
/* Frames of the driver under test's, which another task is to write to. */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/processor.h>
#include <linux/sched.h>

#include "driver_parts.h"

/* @tell is told where they are, and that they are there now. */
static noinline long in_frame(kunit_words_fn *tell, void (*wait)(struct completion *),
			      struct completion *done)
{
	long words[KUNIT_WORDS] = { };

	tell(words);
	wait(done);
	return words[KUNIT_WORDS - 1];
}

static noinline void sleep_for(struct completion *done)
{
	wait_for_completion(done);
}

static int deaf;

static void be_deaf(void)
{
	unsigned long flags;

	local_irq_save(flags);
	WRITE_ONCE(deaf, KUNIT_IS_DEAF);
	while (READ_ONCE(deaf))
		cpu_relax();
	local_irq_restore(flags);
	/* What was asked meanwhile is seen to be answered; then this is switched away. */
	mdelay(200);
	schedule_timeout_uninterruptible(1);
}

static noinline void run_until(struct completion *done)
{
	while (!completion_done(done)) {
		if (READ_ONCE(deaf))
			be_deaf();
		cpu_relax();
	}
}

/* Whoever asks meanwhile is answered at the end, and then this sleeps at once. */
static noinline void nap_until(struct completion *done)
{
	unsigned long flags;
	int i;

	while (!completion_done(done)) {
		local_irq_save(flags);
		WRITE_ONCE(deaf, KUNIT_IS_DEAF);
		for (i = 0; i < 2000000; i++)
			barrier();
		WRITE_ONCE(deaf, 0);
		local_irq_restore(flags);
		schedule_timeout_uninterruptible(2);
	}
}

static noinline long sleep(kunit_words_fn *tell, struct completion *done)
{
	long last = in_frame(tell, sleep_for, done);

	OPTIMIZER_HIDE_VAR(last);
	return last;
}

static noinline long run(kunit_words_fn *tell, struct completion *done)
{
	long last = in_frame(tell, run_until, done);

	OPTIMIZER_HIDE_VAR(last);
	return last;
}

static noinline long nap(kunit_words_fn *tell, struct completion *done)
{
	long last = in_frame(tell, nap_until, done);

	OPTIMIZER_HIDE_VAR(last);
	return last;
}

const struct kunit_frames driver_frames = {
	.sleep = sleep,
	.run = run,
	.nap = nap,
	.deaf = &deaf,
};
