/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between kernels in what copies and formats.
 */
#ifndef CHARIOT_COMPAT_COPY_H
#define CHARIOT_COMPAT_COPY_H

#include <linux/types.h>
#include <linux/uaccess.h>
#include <linux/version.h>

/*
 * Until Linux 6.4 inlined user copies call one of three functions, picked by
 * alternatives; since then rep_movs_alternative, whose registers are no C
 * function's.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define chariot_copy_user_string	copy_user_generic_string
#define chariot_copy_user_erms		copy_user_enhanced_fast_string
#define chariot_copy_user_unrolled	copy_user_generic_unrolled
#else
static inline unsigned long chariot_copy_user_none(void *to, const void *from,
						   unsigned int len)
{
	return len;
}

#define chariot_copy_user_string	chariot_copy_user_none
#define chariot_copy_user_erms		chariot_copy_user_none
#define chariot_copy_user_unrolled	chariot_copy_user_none
#endif

/* Linux 6.4 has fewer arguments; a stable release of 6.12 another name. */
#ifdef copy_to_nontemporal
#define chariot_copy_user_uncached(to, from, len, zero) \
	((long)copy_to_nontemporal(to, (__force const void *)(from), len))
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define chariot_copy_user_uncached(to, from, len, zero) \
	__copy_user_nocache(to, from, len)
#else
#define chariot_copy_user_uncached(to, from, len, zero) \
	__copy_user_nocache(to, from, len, zero)
#endif

#endif /* CHARIOT_COMPAT_COPY_H */
