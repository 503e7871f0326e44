/* SPDX-License-Identifier: GPL-2.0 */
/* Included before all else: the prefix of our lines in the kernel log. */
#define pr_fmt(fmt) "chariot: " fmt
