/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What inlined copies to and from user memory call, for leaf.S.
 */
#ifndef CHARIOT_COMPAT_COPY_USER_H
#define CHARIOT_COMPAT_COPY_USER_H

#include <linux/version.h>

/* Before Linux 6.4 they call others, which copy.c wraps: nothing is bound to the leaf. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define CHARIOT_COPY_TO_USER	rep_movs_alternative
#endif

#endif /* CHARIOT_COMPAT_COPY_USER_H */
