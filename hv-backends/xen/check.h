/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CHARIOT_XEN_CHECK_H
#define CHARIOT_XEN_CHECK_H

/* Prints what this host and its guests have; 1 if something is missing. */
int chariot_check(void);

#endif /* CHARIOT_XEN_CHECK_H */
