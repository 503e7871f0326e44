/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between kernels that typed grants meet.
 */
#ifndef CHARIOT_COMPAT_GRANTS_H
#define CHARIOT_COMPAT_GRANTS_H

#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/version.h>
#include <asm/current.h>

/*
 * Linux 6.2 moved __preempt_count and hardirq_stack_ptr, variables of their own
 * before, into pcpu_hot, which is exported; 6.15 took that back.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0) && \
	LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
static inline int *chariot_preempt_count(int cpu)
{
	return &per_cpu(pcpu_hot.preempt_count, cpu);
}

/* symbol: not needed */
static inline void *chariot_irq_stack_top(int cpu, unsigned long symbol)
{
	return per_cpu(pcpu_hot.hardirq_stack_ptr, cpu);
}
#else
static inline int *chariot_preempt_count(int cpu)
{
	return &per_cpu(__preempt_count, cpu);
}

/* symbol: that of hardirq_stack_ptr, an offset in the per-CPU area; or 0 */
static inline void *chariot_irq_stack_top(int cpu, unsigned long symbol)
{
	return symbol ? *(void **)(symbol + __per_cpu_offset[cpu]) : NULL;
}
#endif

/*
 * Linux 6.3 made vm_area_struct.vm_flags read-only outside of inline functions,
 * which write __vm_flags; 6.4 gave areas a lock that these take.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define CHARIOT_VMA_FLAGS	CHARIOT_MEMBER(vm_area_struct, __vm_flags),
#else
#define CHARIOT_VMA_FLAGS	CHARIOT_MEMBER(vm_area_struct, vm_flags),
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0) && defined(CONFIG_PER_VMA_LOCK)
#define CHARIOT_VMA_LOCK	CHARIOT_MEMBER(vm_area_struct, vm_lock_seq),
#else
#define CHARIOT_VMA_LOCK
#endif

/* Since Linux 6.11 a queue's limits are set by functions of the block layer. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define CHARIOT_QUEUE_LIMITS	CHARIOT_MEMBER(request_queue, limits),
#else
#define CHARIOT_QUEUE_LIMITS
#endif

/* Until Linux 6.5 a file system's write() named its device in the task. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define CHARIOT_TASK_WRITES_TO	CHARIOT_MEMBER(task_struct, backing_dev_info),
#else
#define CHARIOT_TASK_WRITES_TO
#endif

/* Until Linux 6.12 a file remembered the version of the directory it had read. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#define CHARIOT_FILE_VERSION	CHARIOT_MEMBER(file, f_version),
#else
#define CHARIOT_FILE_VERSION
#endif

#endif /* CHARIOT_COMPAT_GRANTS_H */
