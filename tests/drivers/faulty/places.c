// SPDX-License-Identifier: GPL-2.0-only
/*
 * From where a fault runs. Runs in the guest's kernel, isolated or not.
 */

#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/smp.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "faulty.h"

static DEFINE_MUTEX(one_at_a_time);
static const struct fault *current_fault;
static struct call *current_call;
static DECLARE_COMPLETION(finished);

static void run_current(void)
{
	if (current_fault) {
		current_fault->run(current_call);
		current_fault = NULL;
		complete(&finished);
	}
}

static int wait_for_it(void)
{
	return wait_for_completion_timeout(&finished, 10 * HZ) ? 0 : -ETIMEDOUT;
}

static void timer_function(struct timer_list *timer)
{
	run_current();
}

static int run_in_timer(int cpu)
{
	static struct timer_list timer;
	int err;

	timer_setup(&timer, timer_function, TIMER_PINNED);
	timer.expires = jiffies + 1;
	add_timer_on(&timer, cpu);
	err = wait_for_it();
	del_timer_sync(&timer);
	return err;
}

static enum hrtimer_restart hrtimer_function(struct hrtimer *timer)
{
	run_current();
	return HRTIMER_NORESTART;
}

static int run_in_hrtimer(int cpu)
{
	static struct hrtimer timer;
	int err;

	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	timer.function = hrtimer_function;
	hrtimer_start(&timer, ms_to_ktime(1), HRTIMER_MODE_REL_HARD);
	err = wait_for_it();
	hrtimer_cancel(&timer);
	return err;
}

static void tasklet_function(struct tasklet_struct *tasklet)
{
	run_current();
}

static int run_in_tasklet(int cpu)
{
	static struct tasklet_struct tasklet;
	int err;

	tasklet_setup(&tasklet, tasklet_function);
	tasklet_schedule(&tasklet);
	err = wait_for_it();
	tasklet_kill(&tasklet);
	return err;
}

static void work_function(struct work_struct *work)
{
	run_current();
}

static int run_in_work(int cpu)
{
	static DECLARE_WORK(work, work_function);
	int err;

	queue_work_on(cpu, system_wq, &work);
	err = wait_for_it();
	flush_work(&work);
	return err;
}

static int thread_function(void *unused)
{
	run_current();
	set_current_state(TASK_IDLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_IDLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int run_in_kthread(int cpu)
{
	struct task_struct *task = kthread_create(thread_function, NULL, "faulty");
	int err;

	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, cpu);
	wake_up_process(task);
	err = wait_for_it();
	kthread_stop(task);
	return err;
}

static irqreturn_t irq_function(int irq, void *unused)
{
	run_current();
	return IRQ_HANDLED;
}

static int run_in_irq(int cpu, bool threaded)
{
	static int token;
	int irq = playground_line();
	int err;

	err = threaded ? request_threaded_irq(irq, NULL, irq_function, IRQF_ONESHOT,
					      "faulty", &token) :
			 request_irq(irq, irq_function, 0, "faulty", &token);
	if (err)
		return err;
	playground_raise_line(cpu);
	err = wait_for_it();
	free_irq(irq, &token);
	return err;
}

static int run_in_hard_irq(int cpu)
{
	return run_in_irq(cpu, false);
}

static int run_in_threaded_irq(int cpu)
{
	return run_in_irq(cpu, true);
}

static int notifier_function(struct notifier_block *block, unsigned long event,
			     void *data)
{
	run_current();
	return NOTIFY_OK;
}

/* Whoever registers is told of the network devices that are there. */
static int run_in_notifier(int cpu)
{
	static struct notifier_block block = { .notifier_call = notifier_function };
	int err = register_netdevice_notifier(&block);

	if (err)
		return err;
	err = wait_for_it();
	unregister_netdevice_notifier(&block);
	return err;
}

/* For a report must tell places and processors apart: one function for each. */
#define FROM(place)						\
static FAULT_FUNCTION(from_##place)				\
{								\
	WRITE_ONCE(*(u64 *)call->target, 0x5151515151510000 + __COUNTER__);	\
}								\
static FAULT_FUNCTION(from_##place##_on_cpu1)			\
{								\
	WRITE_ONCE(*(u64 *)call->target, 0x5151515151510000 + __COUNTER__);	\
}

FROM(init)
FROM(fileop)
FROM(timer)
FROM(hrtimer)
FROM(tasklet)
FROM(work)
FROM(kthread)
FROM(hard_irq)
FROM(threaded_irq)
FROM(notifier)

#define FROM_BOTH(place) FAULT(from_##place), FAULT(from_##place##_on_cpu1)

const struct fault place_faults[] = {
	FROM_BOTH(init),
	FROM_BOTH(fileop),
	FROM_BOTH(timer),
	FROM_BOTH(hrtimer),
	FROM_BOTH(tasklet),
	FROM_BOTH(work),
	FROM_BOTH(kthread),
	FROM_BOTH(hard_irq),
	FROM_BOTH(threaded_irq),
	FROM_BOTH(notifier),
	{ }
};

static const struct {
	const char *name;
	int (*run)(int cpu);
} places[] = {
	{ "timer", run_in_timer },
	{ "hrtimer", run_in_hrtimer },
	{ "tasklet", run_in_tasklet },
	{ "work", run_in_work },
	{ "kthread", run_in_kthread },
	{ "hard_irq", run_in_hard_irq },
	{ "threaded_irq", run_in_threaded_irq },
	{ "notifier", run_in_notifier },
};

int places_run(const char *place, int cpu, const struct fault *fault,
	       struct call *call)
{
	int err = -ENOENT;
	unsigned int i;

	/* Without the lock, which would stay locked when the kernel kills us. */
	if (!strcmp(place, "fileop")) {
		fault->run(call);
		return 0;
	}
	if (cpu >= 0 && !cpu_online(cpu))
		return -ENXIO;
	mutex_lock(&one_at_a_time);
	reinit_completion(&finished);
	current_call = call;
	current_fault = fault;
	for (i = 0; i < ARRAY_SIZE(places); i++)
		if (!strcmp(places[i].name, place))
			err = places[i].run(cpu < 0 ? raw_smp_processor_id() : cpu);
	current_fault = NULL;
	mutex_unlock(&one_at_a_time);
	return err;
}
