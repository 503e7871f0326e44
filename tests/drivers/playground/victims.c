// SPDX-License-Identifier: GPL-2.0-only
/*
 * Victims by name: objects and data of the kernel whose damage the guest
 * survives. Runs in the guest's kernel, trusted.
 */

#include <linux/cred.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched/task_stack.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/utsname.h>
#include <linux/vmalloc.h>

#include "private.h"

static struct task_struct *sleeper;
static u8 module_data[2 * PAGE_SIZE] __aligned(PAGE_SIZE) = { PLAYGROUND_FILL };
static DEFINE_PER_CPU(u8[64], percpu_data);

static unsigned long offered;
static size_t offered_size;

/*
 * A task that sleeps, with credentials of its own. It wakes up every second:
 * the scheduler looks at the end of its stack, and panics if that is damaged.
 */
static int sleep_for_ever(void *unused)
{
	struct cred *cred = prepare_creds();

	if (cred)
		commit_creds(cred);
	set_current_state(TASK_IDLE);
	while (!kthread_should_stop()) {
		schedule_timeout(HZ);
		set_current_state(TASK_IDLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int take(void *memory, size_t size)
{
	if (!watch_foreign(memory, memory, size))
		return -ENOSPC;
	playground_aim((unsigned long)memory);
	return 0;
}

static void keep(void *memory, unsigned long cookie)
{
}

static int take_owned(void *memory, size_t size, unsigned long cookie,
		      void (*release)(void *memory, unsigned long cookie))
{
	if (!watch_owned(memory, size, cookie, release))
		return -ENOSPC;
	playground_aim((unsigned long)memory + PLAYGROUND_TARGET_OFFSET);
	return 0;
}

/* .data of the kernel: the NIS domain's name, which nobody uses. */
static int arm_kernel_data(void)
{
	return take(init_uts_ns.name.domainname + 16, 32);
}

static int arm_module_data(void)
{
	return take_owned(module_data, sizeof(module_data), 0, keep);
}

/* Its middle is the border of two pages. */
static int arm_module_data_border(void)
{
	int err = arm_module_data();

	playground_aim((unsigned long)module_data + PAGE_SIZE - 4);
	return err;
}

static int arm_task(void)
{
	return take(sleeper->comm, sizeof(sleeper->comm));
}

static int arm_cred(void)
{
	/* The sleeper changes its own no more. */
	struct cred *cred = (struct cred *)rcu_access_pointer(sleeper->real_cred);

	return take(&cred->uid, offsetofend(struct cred, fsgid) -
				offsetof(struct cred, uid));
}

/* The far end of a sleeping task's stack. */
static int arm_stack(void)
{
	return take_owned((u8 *)task_stack_page(sleeper) + 1024, 1024, 0,
			  keep);
}

static int arm_stack_end(void)
{
	return take(task_stack_page(sleeper), sizeof(unsigned long));
}

static int arm_percpu(void)
{
	return take(raw_cpu_ptr(percpu_data), 64);
}

static void give_back_object(void *memory, unsigned long cookie)
{
	kfree(memory);
}

static int arm_slab(void)
{
	void *object = kmalloc(256, GFP_KERNEL);

	return object ? take_owned(object, 256, 0, give_back_object) : -ENOMEM;
}

static void give_back_area(void *memory, unsigned long cookie)
{
	vfree(memory);
}

static int arm_vmalloc(void)
{
	void *area = vmalloc(PAGE_SIZE);

	return area ? take_owned(area, PAGE_SIZE, 0, give_back_area) : -ENOMEM;
}

static void give_back_file(void *memory, unsigned long cookie)
{
	struct file *file = (struct file *)cookie;

	put_page(virt_to_page(memory));
	fput(file);
}

static int arm_page_cache(void)
{
	struct file *file = shmem_file_setup("playground", PAGE_SIZE, 0);
	struct page *page;

	if (IS_ERR(file))
		return PTR_ERR(file);
	page = shmem_read_mapping_page(file->f_mapping, 0);
	if (IS_ERR(page)) {
		fput(file);
		return PTR_ERR(page);
	}
	return take_owned(page_address(page), PAGE_SIZE, (unsigned long)file,
			  give_back_file);
}

/* The middle of a big block, so that nobody gets it soon. */
static int arm_free_page(void)
{
	const unsigned int order = 9;
	u8 *block = (u8 *)__get_free_pages(GFP_KERNEL, order);
	u8 *middle;

	if (!block)
		return -ENOMEM;
	middle = block + (PAGE_SIZE << order) / 2;
	memset(middle, PLAYGROUND_FILL, WATCH_COPY);
	free_pages((unsigned long)block, order);
	return take(middle, WATCH_COPY);
}

static int arm_driver_heap(void)
{
	return offered ? take((void *)offered, min_t(size_t, offered_size, WATCH_COPY)) :
			 -ENOENT;
}

const struct victim kernel_victims[] = {
	{ "kernel_data", arm_kernel_data },
	{ "module_data", arm_module_data },
	{ "module_data_border", arm_module_data_border },
	{ "task", arm_task },
	{ "cred", arm_cred },
	{ "stack", arm_stack },
	{ "stack_end", arm_stack_end },
	{ "percpu", arm_percpu },
	{ "slab", arm_slab },
	{ "vmalloc", arm_vmalloc },
	{ "page_cache", arm_page_cache },
	{ "free_page", arm_free_page },
	{ "driver_heap", arm_driver_heap },
	{ }
};

void playground_offer(unsigned long address, size_t size)
{
	mutex_lock(&playground_mutex);
	offered = address;
	offered_size = size;
	mutex_unlock(&playground_mutex);
}
EXPORT_SYMBOL_GPL(playground_offer);

void playground_withdraw(unsigned long address)
{
	mutex_lock(&playground_mutex);
	if (offered == address) {
		watch_reset();
		offered = 0;
	}
	mutex_unlock(&playground_mutex);
}
EXPORT_SYMBOL_GPL(playground_withdraw);

int victims_init(void)
{
	sleeper = kthread_run(sleep_for_ever, NULL, "playground");
	return PTR_ERR_OR_ZERO(sleeper);
}

void victims_exit(void)
{
	kthread_stop(sleeper);
}
