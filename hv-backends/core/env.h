/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * All that the portable core knows of where it runs: types, memory primitives.
 * Compiled into the guest module, the KVM backend, the Xen daemon, KUnit suites
 * and user-space tests; no locks, no allocation, no printing.
 */
#ifndef CHARIOT_CORE_ENV_H
#define CHARIOT_CORE_ENV_H

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#endif

#include <chariot/abi.h>

#ifndef __KERNEL__
/* As the kernel has them, so that pointers to fields of abi.h agree. */
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef __s64 s64;
#endif

#endif /* CHARIOT_CORE_ENV_H */
