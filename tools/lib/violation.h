/* SPDX-License-Identifier: GPL-2.0-only */
/* Records of /dev/chariot: taking them apart, and names. User space. */
#ifndef CHARIOT_VIOLATION_H
#define CHARIOT_VIOLATION_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <chariot/abi.h>
#include "uapi/chariot_dev.h"

/**
 * violation_parse - take the first record of what read(2) gave
 * @bytes: records one after the other
 * @size: bytes there
 * @out: result: strings terminated and printable, counts within their arrays;
 *	members that an older chariot.ko does not have are 0
 *
 * Return: bytes used, 0 if there is none, or -EPROTO for what is no record.
 */
ssize_t violation_parse(const void *bytes, size_t size,
			struct chariot_violation *out);

/* Names for people; any number has one. */
const char *victim_name(uint32_t victim);
const char *outcome_name(uint32_t outcome);
const char *context_name(uint32_t context);
const char *mode_name(uint32_t mode);
const char *kind_name(uint32_t kind);

#endif /* CHARIOT_VIOLATION_H */
