/* SPDX-License-Identifier: GPL-2.0-only */
/* What the bank offers a driver. */
#ifndef TEST_BANK_H
#define TEST_BANK_H

#include <linux/types.h>

/**
 * struct account - an object of the kernel's in a slab full of them
 * @balance, @turnover: the driver's business once it was handed the account
 */
struct account {
	u64 balance;
	u64 turnover;
	u64 reserved[6];
};

/* Hands over an account that is not the last one in its page, all in one page. */
int bank_open(unsigned int number,
	      void (*opened)(struct account *account, unsigned int number));
/* Frees the account; another one has its memory from then on. */
int bank_close(unsigned int number);

#endif
