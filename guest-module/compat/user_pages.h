/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between kernels in how pages of user memory are got.
 */
#ifndef CHARIOT_COMPAT_USER_PAGES_H
#define CHARIOT_COMPAT_USER_PAGES_H

#include <linux/uio.h>
#include <linux/version.h>

/* Since Linux 6.3. */
static inline ssize_t chariot_extract_pages(struct iov_iter *i, struct page ***pages,
					    size_t max, unsigned int max_pages,
					    unsigned int flags, size_t *start)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	return iov_iter_extract_pages(i, pages, max, max_pages,
				      (__force iov_iter_extraction_t)flags, start);
#else
	return -EOPNOTSUPP;	/* nobody can ask for it */
#endif
}

#endif /* CHARIOT_COMPAT_USER_PAGES_H */
