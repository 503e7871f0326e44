/* SPDX-License-Identifier: GPL-2.0-only */
/* Client of /dev/chariot. User space; what the kernel returns is checked. */
#ifndef CHARIOT_DEVICE_H
#define CHARIOT_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include <chariot/abi.h>
#include "uapi/chariot_dev.h"

/**
 * device_open - a handle of /dev/chariot
 * @flags: added to O_RDONLY | O_CLOEXEC, for example O_NONBLOCK
 *
 * Return: file descriptor for close(2), or -errno; -ENOENT, -ENXIO or -ENODEV
 * mean that chariot.ko is not loaded.
 */
int device_open(int flags);

/* Return: 0, -errno, or -EPROTO if chariot.ko speaks another revision. */
int device_info(int fd, struct chariot_info *info);

/**
 * device_arm - isolate what this thread loads next
 * @name: as the kernel will know the module
 *
 * Return: 0 or -errno as struct chariot_arm documents them.
 */
int device_arm(int fd, const char *name, enum chariot_mode mode,
	       enum chariot_heap heap);
int device_disarm(int fd);
int device_send_layout(int fd, const struct chariot_layout *layout);

/**
 * device_send_plan - say what the armed module is handed
 * @plan: from plan_block_pack(), of @size bytes
 *
 * Return: 0 or -errno as struct chariot_plan_block documents them; -ENOTTY from a
 * chariot.ko that knows no plans.
 */
int device_send_plan(int fd, const void *plan, size_t size);

/**
 * device_list - a driver's regions or objects, all of them
 * @what: 0 regions, 1 objects
 * @each: called for every entry, its strings made printable; a nonzero result
 *	ends the listing and is returned
 *
 * Return: 0, -errno, -EPROTO for a listing without sense, or @each's result.
 */
int device_list(int fd, const char *driver, uint32_t what,
		int (*each)(const struct chariot_entry *entry, void *data),
		void *data);

/**
 * device_problem - say what is missing, and the next step
 * @err: what device_open() or device_info() returned
 *
 * Return: one line of text in a static buffer.
 */
const char *device_problem(int err);

/* The same for chariot_info.backend_errno. */
const char *device_backend_problem(int err);

#endif /* CHARIOT_DEVICE_H */
