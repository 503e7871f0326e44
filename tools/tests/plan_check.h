/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks a packed plan twice: every number, by code of the tests, and by
 * chariot.ko's own. User space.
 */
#ifndef CHARIOT_PLAN_CHECK_H
#define CHARIOT_PLAN_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/* Return: what is wrong with it, or NULL. */
const char *plan_check(const void *plan, size_t size);
/* The same by the tests' own check alone. */
const char *plan_numbers_check(const void *plan, size_t size);
/* Does chariot.ko take it? */
bool plan_taken(const void *plan, size_t size);

#endif /* CHARIOT_PLAN_CHECK_H */
