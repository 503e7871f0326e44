/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the running kernel keeps what chariot must know. User space. */
#ifndef CHARIOT_BTF_H
#define CHARIOT_BTF_H

#include <stdint.h>

#include "uapi/chariot_dev.h"

#define KERNEL_BTF	"/sys/kernel/btf/vmlinux"
#define LAYOUT_UNKNOWN	0xffffffffu

/**
 * kernel_layout - byte offsets of structure members from BTF
 * @path: KERNEL_BTF, or another file with BTF
 * @layout: result; LAYOUT_UNKNOWN for what the kernel doesn't have
 * @module_name: result: offset of module.name, or LAYOUT_UNKNOWN
 *
 * Return: 0, or -errno with every member unknown.
 */
int kernel_layout(const char *path, struct chariot_layout *layout,
		  uint32_t *module_name);

#endif /* CHARIOT_BTF_H */
