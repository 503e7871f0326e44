/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Checks of what a guest sent, each done once on a private copy.
 * Portable core; trusts nothing it is given.
 */
#ifndef CHARIOT_CORE_REQUEST_H
#define CHARIOT_CORE_REQUEST_H

#include "env.h"

/* start + size without overflow and within 52 bits; the only such check. */
bool chariot_range_valid(u64 start, u64 size);
/* Does [gpa, gpa + size) lie in one page, with @align (a power of two)? */
bool chariot_buffer_valid(u64 gpa, u64 size, u64 align);

/* Each: 0, or the negative errno that abi.h gives for the structure. */
int chariot_check_hello(const struct chariot_hello *h);
int chariot_check_create(const struct chariot_domain_create *c);
int chariot_check_control(u64 domain, u64 state, u64 mode);
int chariot_check_batch(const struct chariot_batch *b);
int chariot_check_region(const struct chariot_region *r);
int chariot_check_frame_map(const struct chariot_frame_map *m);
int chariot_check_walk_alias(const struct chariot_walk_alias *w);

#endif /* CHARIOT_CORE_REQUEST_H */
