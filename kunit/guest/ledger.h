/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What this module takes from the kernel and gives back, and calls of the kernel
 * that fail. KUnit alone.
 */
#ifndef CHARIOT_KUNIT_LEDGER_H
#define CHARIOT_KUNIT_LEDGER_H

#include <linux/types.h>

/**
 * struct ledger_sum - what has been taken since ledger_open(), and not given back
 * @count: of objects, pages, areas and caches
 * @first: who took one of those
 */
struct ledger_sum {
	long count;
	unsigned long first;
};

int ledger_init(void);
void ledger_exit(void);
void ledger_open(void);
struct ledger_sum ledger_close(void);

/* The @nth call that takes something, by this task, from now on fails; 0: none. */
void ledger_fail(unsigned int nth);
/* Has it failed? Then this says which call it was. Ends it, too. */
const char *ledger_failed(void);

#endif /* CHARIOT_KUNIT_LEDGER_H */
