/* SPDX-License-Identifier: GPL-2.0-only */
/* The ioctls of /dev/good_files. Used by the driver and its exerciser. */
#ifndef GOOD_FILES_H
#define GOOD_FILES_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define GOOD_USED	_IOR('g', 1, __u32)	/* bytes that wait to be read */
#define GOOD_CALLS	_IOR('g', 2, __u32)	/* reads and writes so far */
#define GOOD_SLEEP	_IOW('g', 3, __u32)	/* milliseconds, at most 100 */

#endif
