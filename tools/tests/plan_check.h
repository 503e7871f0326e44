/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks a packed plan as chariot.ko does: every number. User space. */
#ifndef CHARIOT_PLAN_CHECK_H
#define CHARIOT_PLAN_CHECK_H

#include <stddef.h>

/* Return: what is wrong with it, or NULL. */
const char *plan_check(const void *plan, size_t size);

#endif /* CHARIOT_PLAN_CHECK_H */
