/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between kernels that the reporting side meets.
 */
#ifndef CHARIOT_COMPAT_REPORT_H
#define CHARIOT_COMPAT_REPORT_H

#include <linux/version.h>

/*
 * Linux 6.10 dropped the second argument of __assign_str(): the source is the
 * one that __string() named.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define chariot_assign_str(dst, src)	__assign_str(dst)
#else
#define chariot_assign_str(dst, src)	__assign_str(dst, src)
#endif

#endif /* CHARIOT_COMPAT_REPORT_H */
