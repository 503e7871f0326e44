/* SPDX-License-Identifier: GPL-2.0-only */
/* What good_base offers to good_user. */
#ifndef GOOD_BASE_H
#define GOOD_BASE_H

int good_base_add(unsigned int value);
unsigned int good_base_sum(void);
/* Called, in the caller's context, for each value that is added. */
void good_base_listen(void (*function)(unsigned int value));

#endif
