/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the playground's parts fit together.
 *
 *   main.c      the debugfs files arm, address, check, line of the test scripts
 *   watch.c     memory that must not change: compared, told, mended
 *   victims.c   victims that are there by name: objects and data of the kernel
 *   mappings.c  the same, where page tables matter
 *   crowd.c     victims that a driver asks for: neighbours of an address
 *   line.c      an interrupt line, and freeing from the kernel's side
 *
 * One victim is armed at a time, under playground_mutex.
 */
#ifndef PLAYGROUND_PRIVATE_H
#define PLAYGROUND_PRIVATE_H

#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/types.h>

#include "playground.h"

#define PLAYGROUND_FILL		0x5a
#define PLAYGROUND_TARGET_OFFSET 16

extern struct mutex playground_mutex;

/* --- main.c --- */
void playground_aim(unsigned long address);

/* --- watch.c --- */
/*
 * Watch memory that the playground owns: filled now, given to @release (with
 * its address and @cookie) when another victim is armed. False: no room, the
 * memory was released already.
 */
bool watch_owned(void *memory, size_t size, unsigned long cookie,
		 void (*release)(void *memory, unsigned long cookie));
/*
 * Watch what somebody else owns, up to WATCH_COPY bytes, as it is now. Changes
 * are undone by writing to @mend.
 */
#define WATCH_COPY 64
bool watch_foreign(void *memory, void *mend, size_t size);
/* Is there a watched piece at this address? */
bool watch_has(unsigned long address);
void watch_tell(struct seq_file *out);
/* Undo the damage and forget all. */
void watch_reset(void);

/* --- victims.c, mappings.c --- */
struct victim {
	const char *name;
	int (*arm)(void);
};

extern const struct victim kernel_victims[];	/* ends with an empty name */
extern const struct victim mapping_victims[];
int victims_init(void);
void victims_exit(void);
void mappings_exit(void);

/* --- line.c --- */
int line_init(void);
void line_exit(void);

#endif
