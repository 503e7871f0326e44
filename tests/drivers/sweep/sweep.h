/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stray writes of a driver, wherever it is told. Shared with tests/system/sweep.c.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include <linux/types.h>

/**
 * struct sweep_write - one write, and what became of it
 * @address: kernel address of a byte
 * @physical: result: its physical address
 * @stack: result: an address in the stack that it was written from
 * @outcome: result
 * @level: not 0: write nothing, but tell in @physical the page table of this level,
 *	1 to 5, on the way to @address, or with SWEEP_PAGE the page; 0 if there is none
 */
struct sweep_write {
	__u64 address;
	__u64 physical;
	__u64 stack;
	__u32 outcome;
	__u32 level;
};

enum sweep_outcome {
	SWEEP_ABSENT,		/* not mapped, or read-only to all: not tried */
	SWEEP_STOPPED,
	SWEEP_ONCE,		/* a first value was there, a second one not */
	SWEEP_WRITTEN,		/* and put right again */
};

#define SWEEP_PAGE	6
#define SWEEP_BATCH	256	/* write(2) and read(2): as many at a time */

#ifdef __KERNEL__
/* A misc device of this name, through which writes are asked for. */
int sweep_start(const char *name);
void sweep_stop(void);
#endif

#endif /* SWEEP_H */
