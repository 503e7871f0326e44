/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between kernels in how a disk is allocated. */
#ifndef TESTS_COMPAT_DISK_H
#define TESTS_COMPAT_DISK_H

#include <linux/blk-mq.h>
#include <linux/version.h>

/* Linux 6.9 added the limits of the queue. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#define alloc_disk_of(tags)	blk_mq_alloc_disk(tags, NULL, NULL)
#else
#define alloc_disk_of(tags)	blk_mq_alloc_disk(tags, NULL)
#endif

#endif /* TESTS_COMPAT_DISK_H */
