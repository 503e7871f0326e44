// SPDX-License-Identifier: GPL-2.0
/*
 * What may happen to the whole machine under isolated drivers. It boots another kernel
 * by kexec, which has to find no views of ours. It sleeps or is hibernated, and wakes
 * under a hypervisor that knows none of its domains: refused while there are any. Or it
 * goes on under such a one and isn't told: from a snapshot, or after a migration. That is
 * found out here, and mended by reconnect.c.
 * Runs in the guest kernel; trusts it and the hypervisor.
 */
#include <linux/irq_work.h>
#include <linux/kprobes.h>
#include <linux/platform_device.h>
#include <linux/suspend.h>
#include <linux/workqueue.h>

#include <chariot/hypercall.h>
#include "chariot.h"

/* So long drivers may run unprotected before it is seen. */
#define CHECK_INTERVAL	HZ
/* Until one that does not take the guest back is asked again */
#define RETRY_INTERVAL	(5 * HZ)

/* In a page of its own, as the backend wants it. */
static struct calls {
	struct chariot_stats stats;
	struct chariot_hello farewell;
} *calls;

static void check(struct work_struct *work);
/* An idle machine writes nothing, so that it needs not be woken. */
static DECLARE_DEFERRABLE_WORK(checking, check);

/* It may be lost under a lock that is needed to wake somebody up. */
static void check_now(struct irq_work *work)
{
	mod_delayed_work(system_wq, &checking, 0);
}

static struct irq_work checks_now = IRQ_WORK_INIT(check_now);

void chariot_backend_lost(void)
{
	if (!cmpxchg(&chariot_backend_errno, 0, -ENODEV))
		irq_work_queue(&checks_now);
}

/* Return: 0, or why it does not isolate. */
static int check_backend(void)
{
	long ret = chariot_hv_domain_stats(CHARIOT_DOMAIN_KERNEL,
					   __pa(&calls->stats));

	if (ret == -ENODEV || ret == -ENOSYS)
		cmpxchg(&chariot_backend_errno, 0, (int)ret);
	return chariot_backend_errno ? chariot_reconnect() : 0;
}

static void check(struct work_struct *work)
{
	int ret = check_backend();

	if (ret || !list_empty(&chariot_drivers))
		schedule_delayed_work(&checking,
				      ret ? RETRY_INTERVAL : CHECK_INTERVAL);
}

void chariot_machine_attach(void)
{
	schedule_delayed_work(&checking, CHECK_INTERVAL);
}

void chariot_machine_detach(void)
{
	/* Without a backend it goes on: one may come. */
	if (list_empty(&chariot_drivers) && !chariot_backend_errno)
		cancel_delayed_work(&checking);
}

/*
 * Before it sleeps or its image is made. The boot processor is reset then, and runs
 * without paging: KVM's backend takes that for a guest that begins anew.
 */
static int stay_awake(struct device *dev)
{
	struct chariot_driver *d;
	int ret = 0;

	rcu_read_lock();
	d = list_first_or_null_rcu(&chariot_drivers, struct chariot_driver, node);
	if (d && !chariot_backend_errno) {
		pr_err("no sleep, no hibernation: %s would not be isolated afterwards; unload what 'chariot status' lists, and try again\n",
		       d->name);
		ret = -EBUSY;
	}
	rcu_read_unlock();
	return ret;
}

static int before_sleep(struct device *dev)
{
	return pm_suspend_target_state == PM_SUSPEND_TO_IDLE ? 0 :
	       stay_awake(dev);
}

/* Tried again later, if need be. */
static int woken(struct device *dev)
{
	if (check_backend())
		chariot_machine_attach();
	return 0;
}

static const struct dev_pm_ops sleep_ops = {
	.suspend = before_sleep,
	.resume = woken,
	.freeze = stay_awake,
	.thaw = woken,
	.restore = woken,
};

/* It has no other use than to be asked before the machine sleeps. */
static struct platform_device *sleeper;
static struct platform_driver sleeper_driver = {
	.driver = {
		.name = "chariot",
		.pm = &sleep_ops,
	},
};

static int sleeper_add(void)
{
	int ret = platform_driver_register(&sleeper_driver);

	if (ret)
		return ret;
	sleeper = platform_device_register_simple("chariot",
						  PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(sleeper))
		platform_driver_unregister(&sleeper_driver);
	return PTR_ERR_OR_ZERO(sleeper);
}

/*
 * The last step of a kexec, of a crashed kernel, too: other CPUs stand still. HELLO
 * ends all domains; drivers that still run then are protected up to here.
 */
static int forget_all(struct kprobe *kp, struct pt_regs *regs)
{
	if (!chariot_backend_errno)
		chariot_hv_hello(__pa(&calls->farewell));
	return 0;
}
NOKPROBE_SYMBOL(forget_all);

static struct kprobe kexec_probe = {
	.symbol_name = "machine_kexec",
	.pre_handler = forget_all,
};

static bool probed;

int chariot_machine_init(void)
{
	int ret;

	if (chariot_backend_errno)
		return 0;
	calls = (struct calls *)get_zeroed_page(GFP_KERNEL);
	if (!calls)
		return -ENOMEM;
	calls->farewell.revision = CHARIOT_ABI_REVISION;
	calls->farewell.stack_size = THREAD_SIZE;
	calls->farewell.notify_error = CHARIOT_NOTIFY_ERROR;
	ret = sleeper_add();
	if (ret) {
		free_page((unsigned long)calls);
		calls = NULL;
		return ret;
	}
	/* A kprobe that was unregistered keeps its address. */
	kexec_probe.addr = NULL;
	kexec_probe.flags = 0;
	ret = register_kprobe(&kexec_probe);
	probed = !ret;
	if (ret && ret != -ENOENT)
		pr_notice("kexec would leave drivers' views to the next kernel: no kprobe on %s (%d)\n",
			  kexec_probe.symbol_name, ret);
	return 0;
}

void chariot_machine_exit(void)
{
	if (!calls)
		return;
	irq_work_sync(&checks_now);
	cancel_delayed_work_sync(&checking);
	if (probed)
		unregister_kprobe(&kexec_probe);
	platform_device_unregister(sleeper);
	platform_driver_unregister(&sleeper_driver);
	free_page((unsigned long)calls);
	calls = NULL;
}
