/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernels in calls that give memory back.
 */
#ifndef CHARIOT_KUNIT_COMPAT_LEDGER_H
#define CHARIOT_KUNIT_COMPAT_LEDGER_H

#include <linux/version.h>

/* kvfree_call_rcu(head, ...): where the head is in the object; since Linux 6.4 the object. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define KUNIT_FREED_BY_RCU(head, second)	(second)
#else
#define KUNIT_FREED_BY_RCU(head, second)	((head) - (second))
#endif

#endif /* CHARIOT_KUNIT_COMPAT_LEDGER_H */
