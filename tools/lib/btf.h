/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the running kernel keeps what chariot must know. User space. */
#ifndef CHARIOT_BTF_H
#define CHARIOT_BTF_H

#include <stdint.h>

#include "types.h"
#include "uapi/chariot_dev.h"

#define LAYOUT_UNKNOWN	0xffffffffu

/**
 * kernel_layout - byte offsets of structure members
 * @types: of the kernel
 * @layout: result; LAYOUT_UNKNOWN for what the kernel doesn't have
 * @module_name: result: offset of module.name, or LAYOUT_UNKNOWN
 */
void kernel_layout(const struct types *types, struct chariot_layout *layout,
		   uint32_t *module_name);

#endif /* CHARIOT_BTF_H */
