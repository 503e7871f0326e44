// SPDX-License-Identifier: GPL-2.0
/*
 * Typed grants: a driver's own frames on the stack of a task that sleeps in a call
 * of the driver's, or that is interrupted in one. Another task, or an interrupt,
 * writes there what the task waits for; a task that runs on another CPU meanwhile is
 * interrupted for it. A frame stays what it is until its task runs again: then the
 * right ends, before a sleeper's first instruction, and when one that was interrupted
 * is next switched away from.
 * Runs in the guest kernel, in any context but NMI; trusts the kernel's unwinder
 * and the scheduler's tracepoint.
 */
#include <linux/delay.h>
#include <linux/percpu.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/smp.h>
#include <linux/tracepoint.h>
#include <asm/unwind.h>

#include "chariot.h"
#include "grant_rules.h"

#define FRAMES_LENT	64	/* at once, of all drivers */
#define DEPTH_MAX	128	/* frames that are looked at */
#define TASKS_MAX	65536
#define TRIES		100	/* while the task runs, of 10 us each */
/*
 * So long the write is tried again while the task runs on another CPU and can't be
 * interrupted there; then writes are not, for as long. It is so often, too (TRIES
 * take a millisecond): when the host stops us both for a while, that CPU did not
 * have the time. While it alone is stopped, tries are not counted; all of them are
 * WAIT_TRIES_MAX at most.
 */
#define WAIT_NS		(500 * NSEC_PER_MSEC)
#define WAIT_TRIES	500
#define WAIT_TRIES_MAX	(4 * WAIT_TRIES)

/**
 * struct frame - a frame on loan
 * @task: that sleeps or is interrupted; NULL: a free place
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

enum lent { LENT, RUNS, NO_FRAME };	/* RUNS: ask again */

/**
 * struct patience - of a CPU, with a task that does not stop running
 * @task: it is waited for
 * @since, @last: when it was asked for first and last
 * @tries: so often, but those when its CPU was not run by the host
 * @tries_all: all of them
 * @va: the write that waits
 * @number: of the question that was asked for it last; its answer may come between
 *	two tries
 */
struct patience {
	struct task_struct *task;
	u64 since, last;
	unsigned int tries, tries_all;
	unsigned long va, number;
};

/**
 * struct question - to a CPU: will the task that you run lend this frame?
 * @csd: the interrupt that asks
 * @state: who may read and write the rest: of ASKED the CPU that is asked, of TAKEN
 *	the one that has set it so, of FREE and ANSWERED whoever sets it to TAKEN
 * @number: of the question, which no other has
 * @driver: to whom
 * @task: if it is another's turn by then, the answer is RUNS
 * @va: in the frame
 * @patience: of who asks
 * @answer: once it is ANSWERED
 */
struct question {
	call_single_data_t csd;
	atomic_t state;
	unsigned long number;
	struct chariot_driver *driver;
	struct task_struct *task;
	unsigned long va;
	struct patience *patience;
	enum lent answer;
};

enum { FREE, TAKEN, ASKED, ANSWERED };

static struct frame frames[FRAMES_LENT];
static unsigned int nr_frames;
static DEFINE_RAW_SPINLOCK(frames_lock);	/* the locks of drivers inside it */
/* To whom each CPU has switched last; set before that task runs. */
static DEFINE_PER_CPU(struct task_struct *, switched_to);
static DEFINE_PER_CPU(struct patience, patiences);
static DEFINE_PER_CPU(struct question, questions);
static atomic_long_t nr_questions = ATOMIC_LONG_INIT(0);
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
		       const struct task_struct *other,
		       const struct chariot_driver *d)
{
	unsigned long flags;
	struct frame *f;

	raw_spin_lock_irqsave(&frames_lock, flags);
	for (f = frames; f < frames + FRAMES_LENT; f++)
		if (f->task && (f->task == task || f->task == other ||
				f->driver == d))
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
		frames_end(next, prev, NULL);
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

/*
 * LENT: the driver's frame that va is in, on the stack of a task that sleeps or is
 * interrupted by us, on another stack. RUNS: the stack can't be read yet: it was
 * interrupted where the unwinder knows nothing, in a gate or a kprobe's detour.
 */
static enum lent find_frame(const struct chariot_driver *d,
			    struct task_struct *task, unsigned long va,
			    struct frame *f)
{
	const unsigned long base = (unsigned long)task->stack;
	const unsigned long end = base + THREAD_SIZE;
	struct unwind_state state;
	unsigned long ip, sp;
	int depth;

	unwind_start(&state, task, NULL, NULL);
	for (depth = 0; depth < DEPTH_MAX && !unwind_done(&state); depth++) {
		ip = unwind_get_return_address(&state);
		sp = state.sp;
		if (!ip || !unwind_next_frame(&state) || unwind_error(&state))
			return RUNS;
		if (sp < base || sp >= end)
			continue;	/* of the interrupt */
		/* Frames are passed upwards; below the caller's is the return address. */
		if (state.sp < sp + sizeof(long) || state.sp > end)
			return NO_FRAME;
		if (va < sp)
			return NO_FRAME;
		f->start = sp;
		f->size = state.sp - sizeof(long) - sp;
		if (va - sp < f->size)
			return chariot_module_text_contains(d->mod, ip) ? LENT :
									  NO_FRAME;
	}
	return NO_FRAME;
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

/* It is what it was when it had run so often: what was read of its stack holds. */
static bool stayed(const struct task_struct *task, unsigned long times)
{
	return task == current || (!runs(task) && times_run(task) == times);
}

static enum lent lend_frame(struct chariot_driver *d, struct task_struct *task,
			    unsigned long va)
{
	unsigned long times = times_run(task);
	struct frame f = { .task = task, .driver = d };
	enum lent found;

	/* How often it has run is read before whether it runs. */
	smp_rmb();
	if (task != current && runs(task))
		return RUNS;
	if (READ_ONCE(task->__state) & TASK_DEAD || READ_ONCE(task->exit_state))
		return NO_FRAME;
	found = find_frame(d, task, va, &f);
	if (found != LENT) {
		/* Its stack changed below us if it was woken. */
		smp_rmb();
		return stayed(task, times) ? found : RUNS;
	}
	if (!frame_insert(&f))
		return NO_FRAME;
	if (chariot_lend(d, f.start, f.size, CHARIOT_KIND_STACK,
			 "frame of a sleeping task")) {
		frames_end(task, NULL, NULL);
		return NO_FRAME;
	}
	/* Pairs with probe_switch()'s: the frame is there before we look who runs. */
	smp_mb();
	if (stayed(task, times))
		return LENT;
	/* It may have run before the right was there to be ended. */
	frames_end(task, NULL, NULL);
	chariot_revoke_stack(d, (void *)f.start, f.size);
	return RUNS;
}

/* In an interrupt of the CPU that is asked. */
static void answer(void *info)
{
	struct question *q = info;

	rcu_read_lock();
	q->answer = current == q->task ? lend_frame(q->driver, current, q->va) :
					 RUNS;
	rcu_read_unlock();
	/* The one who asked may not come again: the write passes now. */
	if (q->answer == LENT)
		WRITE_ONCE(q->patience->task, NULL);
	atomic_set_release(&q->state, ANSWERED);
}

/*
 * Have the CPU that the task runs on interrupted, and its frame lent as that of any
 * task that is interrupted. RUNS: no answer yet; ask again. Interrupts are off:
 * nothing waits for the other CPU here.
 */
static enum lent ask(struct chariot_driver *d, struct task_struct *task,
		     struct patience *p)
{
	int cpu = task_cpu(task), state;
	struct question *q = per_cpu_ptr(&questions, cpu);
	enum lent lent = RUNS;

	state = atomic_read(&q->state);
	if (state == TAKEN || state == ASKED ||
	    atomic_cmpxchg(&q->state, state, TAKEN) != state)
		return RUNS;
	if (state == ANSWERED && q->number == p->number)
		lent = q->answer;
	if (lent == RUNS && cpu != smp_processor_id()) {
		p->number = atomic_long_inc_return(&nr_questions);
		q->number = p->number;
		q->driver = d;
		q->task = task;
		q->va = p->va;
		q->patience = p;
		atomic_set_release(&q->state, ASKED);
		if (!smp_call_function_single_async(cpu, &q->csd))
			return RUNS;
	}
	atomic_set_release(&q->state, FREE);
	return lent;
}

/* No more are asked for it; its own may be on their way. */
static void questions_end(const struct chariot_driver *d)
{
	const struct question *q;
	int cpu;

	for_each_possible_cpu(cpu) {
		q = per_cpu_ptr(&questions, cpu);
		while (atomic_read_acquire(&q->state) == ASKED && q->driver == d)
			usleep_range(100, 1000);
	}
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

/* This CPU's, with the task. */
static struct patience *patience_with(struct task_struct *task, unsigned long va)
{
	struct patience *p = this_cpu_ptr(&patiences);
	u64 now = ktime_get_mono_fast_ns();

	if (READ_ONCE(p->task) != task || now - p->last > WAIT_NS) {
		WRITE_ONCE(p->task, task);
		p->since = now;
		p->last = now;
		p->tries = 0;
		p->tries_all = 0;
		p->va = 0;
	}
	if (p->va != va) {
		p->va = va;
		p->number = 0;
	}
	return p;
}

/* Whether to wait on for the task. */
static bool worth_waiting(struct patience *p, const struct task_struct *task)
{
	u64 now = ktime_get_mono_fast_ns();

	if (now - p->since >= WAIT_NS &&
	    (p->tries >= WAIT_TRIES || p->tries_all >= WAIT_TRIES_MAX)) {
		pr_notice_ratelimited("CPU %u has had no interrupt for half a second: a write to the stack of %s (pid %d), which runs there, is taken for a stray one\n",
				      task_cpu(task), task->comm, task->pid);
		return false;
	}
	p->last = now;
	p->tries_all++;
	if (!vcpu_is_preempted(task_cpu(task)))
		p->tries++;
	return true;
}

enum chariot_settled chariot_stack_settle(struct chariot_driver *d,
					  unsigned long va)
{
	struct task_struct *task;
	struct patience *patience;
	enum lent lent = NO_FRAME;
	int try;

	if (!is_vmalloc_addr((void *)va) || !d->mod)
		return CHARIOT_DENIED;
	task = task_of_stack(va);
	if (!task || (task == current && !in_interrupt()))
		return CHARIOT_DENIED;
	patience = patience_with(task, va);
	/* What it waits for may wake it early; it sleeps again, or is interrupted. */
	for (try = 0; try < TRIES; try++) {
		lent = lend_frame(d, task, va);
		if (lent == RUNS)
			lent = ask(d, task, patience);
		if (lent != RUNS)
			break;
		udelay(10);
	}
	if (lent == RUNS)
		return worth_waiting(patience, task) ? CHARIOT_TRY_AGAIN :
						       CHARIOT_DENIED;
	WRITE_ONCE(patience->task, NULL);
	return lent == LENT ? CHARIOT_SETTLED : CHARIOT_DENIED;
}

static void find_switch(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "sched_switch"))
		switch_tracepoint = tp;
}

int chariot_stacks_attach(void)
{
	int cpu, ret;

	if (!switch_tracepoint)
		for_each_kernel_tracepoint(find_switch, NULL);
	if (!switch_tracepoint)
		return -ENOENT;
	if (!nr_drivers) {
		for_each_possible_cpu(cpu) {
			INIT_CSD(&per_cpu(questions, cpu).csd, answer,
				 &per_cpu(questions, cpu));
			/* Of when the last driver was there. */
			per_cpu(switched_to, cpu) = NULL;
		}
		ret = tracepoint_probe_register(switch_tracepoint,
						probe_switch, NULL);
		if (ret)
			return ret;
		/* CPUs that were switching, unseen, have done so. */
		synchronize_rcu();
	}
	nr_drivers++;
	return 0;
}

void chariot_stacks_detach(struct chariot_driver *d)
{
	questions_end(d);
	frames_end(NULL, NULL, d);
	if (--nr_drivers)
		return;
	tracepoint_probe_unregister(switch_tracepoint, probe_switch, NULL);
	tracepoint_synchronize_unregister();
}
