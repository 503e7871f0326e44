// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver without fault that uses what the kernel has for doing things later,
 * elsewhere, at once and in order. /dev/good_async: any write runs it all, and
 * several may be under way. Runs in the guest's kernel.
 */

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/idr.h>
#include <linux/interrupt.h>
#include <linux/kfifo.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/percpu_counter.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/rculist.h>
#include <linux/rwsem.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "playground.h"

/* All that one run uses; what is shared by runs is below. */
struct run {
	struct completion done;
	struct timer_list timer;
	struct hrtimer hrtimer;
	struct tasklet_struct tasklet;
	struct work_struct work;
	struct delayed_work delayed;
	wait_queue_head_t queue;
	int woken;
	int count;
};

static DEFINE_MUTEX(mutex);
static DEFINE_MUTEX(line_mutex);
static DEFINE_SPINLOCK(spinlock);
static DEFINE_RAW_SPINLOCK(raw_spinlock);
static DEFINE_RWLOCK(rwlock);
static DECLARE_RWSEM(rwsem);
static DEFINE_SEQLOCK(seqlock);
static struct semaphore semaphore = __SEMAPHORE_INITIALIZER(semaphore, 1);
static BLOCKING_NOTIFIER_HEAD(blocking_chain);
static ATOMIC_NOTIFIER_HEAD(atomic_chain);
static struct workqueue_struct *workqueue;
static struct percpu_counter counter;
static DEFINE_PER_CPU(unsigned long, percpu_count);
static LIST_HEAD(rcu_list);
static DEFINE_XARRAY_ALLOC(xarray);
static atomic64_t shared_count;
static u64 locked_count;
static unsigned long shared_bits;

struct entry {
	struct list_head list;
	struct rcu_head rcu;
	u64 value;
};

/* --- later ---------------------------------------------------------------- */

static void timer_function(struct timer_list *timer)
{
	struct run *run = from_timer(run, timer, timer);

	if (++run->count < 3)
		mod_timer(timer, jiffies + 1);
	else
		complete(&run->done);
}

static bool try_timer(struct run *run)
{
	timer_setup(&run->timer, timer_function, 0);
	mod_timer(&run->timer, jiffies + 1);
	wait_for_completion(&run->done);
	return !timer_shutdown_sync(&run->timer) && run->count == 3;
}

static enum hrtimer_restart hrtimer_function(struct hrtimer *hrtimer)
{
	struct run *run = container_of(hrtimer, struct run, hrtimer);

	if (++run->count == 5) {
		complete(&run->done);
		return HRTIMER_NORESTART;
	}
	hrtimer_forward_now(hrtimer, ns_to_ktime(500 * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

static bool try_hrtimer(struct run *run)
{
	hrtimer_init(&run->hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	run->hrtimer.function = hrtimer_function;
	hrtimer_start(&run->hrtimer, ms_to_ktime(1), HRTIMER_MODE_REL);
	wait_for_completion(&run->done);
	hrtimer_cancel(&run->hrtimer);
	return run->count == 5;
}

static void tasklet_function(struct tasklet_struct *tasklet)
{
	struct run *run = from_tasklet(run, tasklet, tasklet);

	run->count++;
	complete(&run->done);
}

static bool try_tasklet(struct run *run)
{
	tasklet_setup(&run->tasklet, tasklet_function);
	tasklet_schedule(&run->tasklet);
	wait_for_completion(&run->done);
	tasklet_kill(&run->tasklet);
	return run->count == 1;
}

static void work_function(struct work_struct *work)
{
	struct run *run = container_of(work, struct run, work);

	usleep_range(100, 1000);
	run->count++;
}

static void delayed_function(struct work_struct *work)
{
	struct run *run = container_of(to_delayed_work(work), struct run, delayed);

	if (++run->count < 4)
		queue_delayed_work(workqueue, &run->delayed, 1);
	else
		complete(&run->done);
}

static bool try_works(struct run *run)
{
	INIT_WORK(&run->work, work_function);
	schedule_work(&run->work);
	flush_work(&run->work);
	queue_work(workqueue, &run->work);
	flush_work(&run->work);
	INIT_DELAYED_WORK(&run->delayed, delayed_function);
	schedule_delayed_work(&run->delayed, 1);
	wait_for_completion(&run->done);
	cancel_delayed_work_sync(&run->delayed);
	return run->count == 4;
}

static int thread_function(void *data)
{
	struct run *run = data;

	allow_signal(SIGKILL);
	while (!kthread_should_stop()) {
		run->count++;
		run->woken = 1;
		wake_up(&run->queue);
		schedule_timeout_interruptible(1);
		cond_resched();
	}
	return 42;
}

static bool try_kthread(struct run *run)
{
	struct task_struct *task = kthread_run(thread_function, run, "good_async");

	if (IS_ERR(task))
		return false;
	wait_event(run->queue, READ_ONCE(run->woken));
	return kthread_stop(task) == 42 && run->count;
}

/* --- waiting -------------------------------------------------------------- */

static bool try_waiting(struct run *run)
{
	DEFINE_WAIT(wait);
	DECLARE_COMPLETION_ONSTACK(never);

	prepare_to_wait(&run->queue, &wait, TASK_INTERRUPTIBLE);
	schedule_timeout(2);
	finish_wait(&run->queue, &wait);
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_timeout(1);
	__set_current_state(TASK_RUNNING);
	if (wait_event_interruptible_timeout(run->queue, run->woken, 2))
		return false;
	if (wait_for_completion_timeout(&never, 2))
		return false;
	msleep(2);
	udelay(10);
	return true;
}

/* Is on the stack of who waits for it; timers and works fill it there. */
struct request {
	struct completion done;
	struct timer_list early_timer, timer;
	struct work_struct early_work, work;
	ktime_t early;
	u64 by_timer[4], by_work[4];
};

static void request_early_work(struct work_struct *work)
{
	struct request *request = container_of(work, struct request, early_work);

	WRITE_ONCE(request->early, ktime_get());
}

static void request_early(struct timer_list *timer)
{
	struct request *request = from_timer(request, timer, early_timer);

	queue_work_on(raw_smp_processor_id(), system_highpri_wq, &request->early_work);
}

static void request_by_timer(struct timer_list *timer)
{
	struct request *request = from_timer(request, timer, timer);

	memset(request->by_timer, 0x11, sizeof(request->by_timer));
	queue_work(workqueue, &request->work);
}

static void request_by_work(struct work_struct *work)
{
	struct request *request = container_of(work, struct request, work);

	memset(request->by_work, 0x22, sizeof(request->by_work));
	complete(&request->done);
}

#define BUSY_MS 700	/* longer than a write waits for a task that can't be interrupted */

/*
 * Something else of the driver's preempts the owner here, then a timer fires on
 * @cpu, while the owner sleeps or is @busy in the kernel.
 */
static bool request_answered(unsigned int here, unsigned int cpu, bool busy)
{
	struct request request = { };

	init_completion(&request.done);
	timer_setup_on_stack(&request.early_timer, request_early, TIMER_PINNED);
	timer_setup_on_stack(&request.timer, request_by_timer, TIMER_PINNED);
	INIT_WORK_ONSTACK(&request.early_work, request_early_work);
	INIT_WORK_ONSTACK(&request.work, request_by_work);
	request.early_timer.expires = jiffies + 1;
	request.timer.expires = jiffies + 2;
	add_timer_on(&request.early_timer, here);
	add_timer_on(&request.timer, cpu);
	if (busy)
		mdelay(BUSY_MS);
	wait_for_completion(&request.done);
	del_timer_sync(&request.early_timer);
	del_timer_sync(&request.timer);
	destroy_timer_on_stack(&request.early_timer);
	destroy_timer_on_stack(&request.timer);
	flush_work(&request.early_work);
	flush_work(&request.work);
	destroy_work_on_stack(&request.early_work);
	destroy_work_on_stack(&request.work);
	return request.by_timer[3] == 0x1111111111111111 &&
	       request.by_work[3] == 0x2222222222222222;
}

static bool try_stack(struct run *run)
{
	const unsigned int here = raw_smp_processor_id();
	unsigned int cpu;
	bool good = true;

	for_each_online_cpu(cpu)
		good = good && request_answered(here, cpu, false) &&
		       request_answered(here, cpu, true);
	return good;
}

/* --- in order ------------------------------------------------------------- */

static bool try_locks(struct run *run)
{
	unsigned long flags;
	unsigned int sequence;
	u64 seen;
	int i;

	for (i = 0; i < 100; i++) {
		mutex_lock(&mutex);
		locked_count++;
		mutex_unlock(&mutex);
		spin_lock(&spinlock);
		locked_count++;
		spin_unlock(&spinlock);
		spin_lock_irqsave(&spinlock, flags);
		locked_count++;
		spin_unlock_irqrestore(&spinlock, flags);
		spin_lock_bh(&spinlock);
		spin_unlock_bh(&spinlock);
		raw_spin_lock_irq(&raw_spinlock);
		raw_spin_unlock_irq(&raw_spinlock);
		read_lock(&rwlock);
		read_unlock(&rwlock);
		write_lock_irq(&rwlock);
		write_unlock_irq(&rwlock);
		down_read(&rwsem);
		up_read(&rwsem);
		down_write(&rwsem);
		downgrade_write(&rwsem);
		up_read(&rwsem);
		down(&semaphore);
		up(&semaphore);
		write_seqlock(&seqlock);
		locked_count++;
		write_sequnlock(&seqlock);
		do {
			sequence = read_seqbegin(&seqlock);
			seen = locked_count;
		} while (read_seqretry(&seqlock, sequence));
		preempt_disable();
		preempt_enable();
		local_irq_save(flags);
		local_irq_restore(flags);
		local_bh_disable();
		local_bh_enable();
		if (mutex_trylock(&mutex))
			mutex_unlock(&mutex);
	}
	return seen;
}

static bool try_counters(struct run *run)
{
	s64 before = atomic64_read(&shared_count);
	int i;

	for (i = 0; i < 1000; i++) {
		percpu_counter_inc(&counter);
		this_cpu_inc(percpu_count);
		atomic64_inc(&shared_count);
		set_bit(i % BITS_PER_LONG, &shared_bits);
		clear_bit(i % BITS_PER_LONG, &shared_bits);
	}
	return percpu_counter_sum(&counter) > 0 && atomic64_read(&shared_count) > before;
}

/* --- told of things ------------------------------------------------------- */

static int chain_function(struct notifier_block *block, unsigned long event, void *data)
{
	*(int *)data += event;
	return NOTIFY_OK;
}

static int device_function(struct notifier_block *block, unsigned long event, void *data)
{
	struct net_device *device = netdev_notifier_info_to_dev(data);

	if (!strcmp(device->name, "lo"))
		atomic64_inc(&shared_count);
	return NOTIFY_DONE;
}

static bool try_notifiers(struct run *run)
{
	struct notifier_block *blocks = kcalloc(3, sizeof(*blocks), GFP_KERNEL);
	int told = 0;
	bool good;

	if (!blocks)
		return false;
	blocks[0].notifier_call = chain_function;
	blocks[1].notifier_call = chain_function;
	blocks[2].notifier_call = device_function;
	blocking_notifier_chain_register(&blocking_chain, &blocks[0]);
	atomic_notifier_chain_register(&atomic_chain, &blocks[1]);
	blocking_notifier_call_chain(&blocking_chain, 2, &told);
	atomic_notifier_call_chain(&atomic_chain, 3, &told);
	good = told >= 5 && !register_netdevice_notifier(&blocks[2]);
	if (good)
		unregister_netdevice_notifier(&blocks[2]);
	blocking_notifier_chain_unregister(&blocking_chain, &blocks[0]);
	atomic_notifier_chain_unregister(&atomic_chain, &blocks[1]);
	kfree(blocks);
	return good;
}

static irqreturn_t hard_function(int irq, void *data)
{
	struct run *run = data;

	run->count++;
	return IRQ_WAKE_THREAD;
}

static irqreturn_t threaded_function(int irq, void *data)
{
	struct run *run = data;

	usleep_range(10, 100);
	run->count++;
	complete(&run->done);
	return IRQ_HANDLED;
}

static bool try_interrupt(struct run *run)
{
	bool good;

	mutex_lock(&line_mutex);
	good = !request_threaded_irq(playground_line(), hard_function, threaded_function,
				     0, "good_async", run);
	if (good) {
		playground_raise_line(raw_smp_processor_id());
		wait_for_completion(&run->done);
		free_irq(playground_line(), run);
	}
	mutex_unlock(&line_mutex);
	return good && run->count == 2;
}

/* --- structures ----------------------------------------------------------- */

static bool try_rcu_list(struct run *run)
{
	struct entry *entry, *next;
	u64 sum = 0;
	int i;

	for (i = 0; i < 20; i++) {
		entry = kmalloc(sizeof(*entry), GFP_KERNEL);
		if (!entry)
			return false;
		entry->value = i;
		spin_lock(&spinlock);
		list_add_tail_rcu(&entry->list, &rcu_list);
		spin_unlock(&spinlock);
	}
	rcu_read_lock();
	list_for_each_entry_rcu(entry, &rcu_list, list)
		sum += entry->value;
	rcu_read_unlock();
	spin_lock(&spinlock);
	list_for_each_entry_safe(entry, next, &rcu_list, list) {
		list_del_rcu(&entry->list);
		kfree_rcu(entry, rcu);
	}
	spin_unlock(&spinlock);
	synchronize_rcu();
	return sum >= 0;
}

static int compare(const void *a, const void *b)
{
	return *(const u32 *)a < *(const u32 *)b ? -1 : *(const u32 *)a > *(const u32 *)b;
}

static bool try_library(struct run *run)
{
	DECLARE_KFIFO(fifo, u32, 16);
	u32 numbers[64], got = 0, id;
	bool good;
	int i;

	get_random_bytes(numbers, sizeof(numbers));
	sort(numbers, ARRAY_SIZE(numbers), sizeof(*numbers), compare, NULL);
	for (i = 1; i < ARRAY_SIZE(numbers); i++)
		if (numbers[i - 1] > numbers[i])
			return false;
	INIT_KFIFO(fifo);
	good = kfifo_put(&fifo, 7) && kfifo_get(&fifo, &got) && got == 7;
	if (xa_alloc(&xarray, &id, run, xa_limit_32b, GFP_KERNEL))
		return false;
	return xa_erase(&xarray, id) == run && good;
}

static const struct {
	const char *name;
	bool (*run)(struct run *run);
} tries[] = {
	{ "timer", try_timer },
	{ "hrtimer", try_hrtimer },
	{ "tasklet", try_tasklet },
	{ "works", try_works },
	{ "kthread", try_kthread },
	{ "waiting", try_waiting },
	{ "stack", try_stack },
	{ "locks", try_locks },
	{ "counters", try_counters },
	{ "notifiers", try_notifiers },
	{ "interrupt", try_interrupt },
	{ "rcu list", try_rcu_list },
	{ "library", try_library },
};

static ssize_t good_async_write(struct file *file, const char __user *user,
				size_t size, loff_t *pos)
{
	struct run *run = kmalloc(sizeof(*run), GFP_KERNEL);
	ssize_t result = size;
	unsigned int i;

	if (!run)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(tries) && result > 0; i++) {
		memset(run, 0, sizeof(*run));
		init_completion(&run->done);
		init_waitqueue_head(&run->queue);
		if (!tries[i].run(run)) {
			pr_err("good_async: %s failed\n", tries[i].name);
			result = -EIO;
		}
	}
	kfree(run);
	return result;
}

static const struct file_operations good_async_fops = {
	.owner = THIS_MODULE,
	.write = good_async_write,
};

static struct miscdevice good_async_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "good_async",
	.fops = &good_async_fops,
};

static int __init good_async_init(void)
{
	int err = percpu_counter_init(&counter, 0, GFP_KERNEL);

	if (err)
		return err;
	err = -ENOMEM;
	workqueue = alloc_workqueue("good_async", WQ_UNBOUND, 0);
	if (!workqueue)
		goto no_workqueue;
	err = misc_register(&good_async_device);
	if (err)
		goto no_device;
	return 0;

no_device:
	destroy_workqueue(workqueue);
no_workqueue:
	percpu_counter_destroy(&counter);
	return err;
}
module_init(good_async_init);

static void __exit good_async_exit(void)
{
	misc_deregister(&good_async_device);
	destroy_workqueue(workqueue);
	percpu_counter_destroy(&counter);
	rcu_barrier();
}
module_exit(good_async_exit);

MODULE_DESCRIPTION("A driver that does all things later, to test chariot");
MODULE_LICENSE("GPL");
