// SPDX-License-Identifier: GPL-2.0
/*
 * Typed grants: a driver's own frames on the stack of a task that sleeps in a call
 * of the driver's. Another task, or an interrupt, writes there what the sleeping
 * one waits for. A frame stays what it is until its task runs again: then the
 * right ends, before the task's first instruction.
 * Runs in the guest kernel, in any context but NMI; trusts the kernel's unwinder
 * and the scheduler's tracepoint.
 */
#include <linux/delay.h>
#include <linux/percpu.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/tracepoint.h>
#include <asm/unwind.h>

#include "chariot.h"
#include "grant_rules.h"

#define FRAMES_LENT	64	/* at once, of all drivers */
#define DEPTH_MAX	128	/* frames that are looked at */
#define TASKS_MAX	65536
#define TRIES		100	/* while the task runs, of 10 us each */

/**
 * struct frame - a frame on loan
 * @task: that sleeps; NULL: a free place
 * @driver: to whom
 * @start: its first byte
 * @size: up to the return address
 */
struct frame {
	struct task_struct *task;
	struct chariot_driver *driver;
	unsigned long start;
	size_t size;
};

static struct frame frames[FRAMES_LENT];
static unsigned int nr_frames;
static DEFINE_RAW_SPINLOCK(frames_lock);	/* the locks of drivers inside it */
/* To whom each CPU has switched last; set before that task runs. */
static DEFINE_PER_CPU(struct task_struct *, switched_to);
static struct tracepoint *switch_tracepoint;
static unsigned int nr_drivers;		/* under chariot_mutex */

/* frames_lock is held. */
static void frame_end(struct frame *f)
{
	chariot_revoke_stack(f->driver, (void *)f->start, f->size);
	f->task = NULL;
	WRITE_ONCE(nr_frames, nr_frames - 1);
}

static void frames_end(const struct task_struct *task,
		       const struct chariot_driver *d)
{
	unsigned long flags;
	struct frame *f;

	raw_spin_lock_irqsave(&frames_lock, flags);
	for (f = frames; f < frames + FRAMES_LENT; f++)
		if (f->task && (f->task == task || f->driver == d))
			frame_end(f);
	raw_spin_unlock_irqrestore(&frames_lock, flags);
}

/* Under a run queue's lock: nothing here may take memory or wake anyone. */
static void notrace probe_switch(void *unused, bool preempt,
				 struct task_struct *prev,
				 struct task_struct *next,
				 unsigned int prev_state)
{
	this_cpu_write(switched_to, next);
	/* Either we see the frame, or who lends it sees that the task runs. */
	smp_mb();
	if (unlikely(READ_ONCE(nr_frames)))
		frames_end(next, NULL);
}

static bool runs(const struct task_struct *task)
{
	int cpu;

	if (READ_ONCE(task->on_cpu))
		return true;
	for_each_online_cpu(cpu)
		if (READ_ONCE(per_cpu(switched_to, cpu)) == task)
			return true;
	return false;
}

/* Changes whenever it has run. */
static unsigned long times_run(const struct task_struct *task)
{
	return READ_ONCE(task->nvcsw) + READ_ONCE(task->nivcsw);
}

/* The driver's frame on a sleeping task's stack that va is in. */
static bool find_frame(const struct chariot_driver *d, struct task_struct *task,
		       unsigned long va, struct frame *f)
{
	const unsigned long end = (unsigned long)task->stack + THREAD_SIZE;
	struct unwind_state state;
	unsigned long ip, sp;
	int depth;

	unwind_start(&state, task, NULL, NULL);
	for (depth = 0; depth < DEPTH_MAX && !unwind_done(&state); depth++) {
		ip = unwind_get_return_address(&state);
		sp = state.sp;
		if (!ip || !unwind_next_frame(&state) || unwind_error(&state))
			return false;
		/* Frames are passed upwards; below the caller's is the return address. */
		if (state.sp < sp + sizeof(long) || state.sp > end)
			return false;
		if (va < sp)
			return false;
		f->start = sp;
		f->size = state.sp - sizeof(long) - sp;
		if (va - sp < f->size)
			return chariot_module_text_contains(d->mod, ip);
	}
	return false;
}

static bool frame_insert(const struct frame *new)
{
	unsigned long flags;
	struct frame *f;

	raw_spin_lock_irqsave(&frames_lock, flags);
	for (f = frames; f < frames + FRAMES_LENT && f->task; f++)
		;
	if (f < frames + FRAMES_LENT) {
		*f = *new;
		WRITE_ONCE(nr_frames, nr_frames + 1);
	}
	raw_spin_unlock_irqrestore(&frames_lock, flags);
	return f < frames + FRAMES_LENT;
}

enum lent { LENT, RUNS, NO_FRAME };

static enum lent lend_frame(struct chariot_driver *d, struct task_struct *task,
			    unsigned long va)
{
	unsigned long times = times_run(task);
	struct frame f = { .task = task, .driver = d };

	smp_rmb();
	if (runs(task))
		return RUNS;
	if (READ_ONCE(task->__state) & TASK_DEAD || READ_ONCE(task->exit_state) ||
	    !find_frame(d, task, va, &f) || !frame_insert(&f))
		return NO_FRAME;
	if (chariot_lend(d, f.start, f.size, CHARIOT_KIND_STACK,
			 "frame of a sleeping task")) {
		frames_end(task, NULL);
		return NO_FRAME;
	}
	smp_mb();
	if (!runs(task) && times_run(task) == times)
		return LENT;
	/* It may have run before the right was there to be ended. */
	frames_end(task, NULL);
	chariot_revoke_stack(d, (void *)f.start, f.size);
	return RUNS;
}

static struct task_struct *task_of_stack(unsigned long va)
{
	struct task_struct *process, *task;
	int seen = 0;

	for_each_process_thread(process, task) {
		if (va - (unsigned long)READ_ONCE(task->stack) < THREAD_SIZE)
			return task;
		if (++seen == TASKS_MAX)
			return NULL;
	}
	return NULL;
}

bool chariot_stack_settle(struct chariot_driver *d, unsigned long va)
{
	struct task_struct *task;
	enum lent lent = NO_FRAME;
	int try;

	if (!is_vmalloc_addr((void *)va) || !d->mod)
		return false;
	task = task_of_stack(va);
	if (!task || task == current)
		return false;
	/* What it waits for may wake it early; then it goes to sleep again. */
	for (try = 0; try < TRIES; try++) {
		lent = lend_frame(d, task, va);
		if (lent != RUNS)
			break;
		udelay(10);
	}
	return lent == LENT;
}

static void find_switch(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "sched_switch"))
		switch_tracepoint = tp;
}

int chariot_stacks_attach(void)
{
	int ret;

	if (!switch_tracepoint)
		for_each_kernel_tracepoint(find_switch, NULL);
	if (!switch_tracepoint)
		return -ENOENT;
	if (!nr_drivers) {
		ret = tracepoint_probe_register(switch_tracepoint,
						probe_switch, NULL);
		if (ret)
			return ret;
	}
	nr_drivers++;
	return 0;
}

void chariot_stacks_detach(struct chariot_driver *d)
{
	frames_end(NULL, d);
	if (--nr_drivers)
		return;
	tracepoint_probe_unregister(switch_tracepoint, probe_switch, NULL);
	tracepoint_synchronize_unregister();
}
