/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between kernels in copies from and to user memory. */
#ifndef TESTS_COMPAT_USER_H
#define TESTS_COMPAT_USER_H

#include <linux/uaccess.h>

/* Renamed in a stable release of Linux 6.12. */
#ifdef copy_to_nontemporal
#define copy_user_uncached	copy_from_user_inatomic_nontemporal
#else
#define copy_user_uncached	__copy_from_user_inatomic_nocache
#endif

#endif /* TESTS_COMPAT_USER_H */
