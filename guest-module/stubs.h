/* SPDX-License-Identifier: GPL-2.0 */
/* Layout shared by stubs.S, leaf.S and imports.c. */
#ifndef CHARIOT_STUBS_H
#define CHARIOT_STUBS_H

#define CHARIOT_STUB_DOMAINS	31	/* = CHARIOT_MAX_DOMAINS */
#define CHARIOT_STUB_SIZE	16

/* Places of the leaf functions in a domain's leaf page. */
#define leaf_memcpy		0x000
#define leaf_memmove		0x100
#define leaf_memset		0x200
#define leaf_clear_page		0x300
#define leaf_copy_page		0x400
#define leaf_memcmp		0x500
#define leaf_strlen		0x600
#define leaf_strcmp		0x700
#define leaf_copy_from_user	0x800

#endif
