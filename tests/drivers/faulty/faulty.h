/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the faulty driver's parts fit together.
 *
 *   device.c   /dev/faulty: "FAULT PLACE [CPU]" written there runs a fault
 *   places.c   from where a fault runs: timer, work queue, interrupt, ...
 *   stray.c    faults by victim: a stray pointer that points just there
 *   stores.c   faults by instruction
 *   heap.c     faults of the driver's own allocations: overflow, use after free
 *   lengths.c  faults by length: library functions with a wrong one
 *
 * Each fault is a function of its own, faulty_NAME, which a report must name.
 */
#ifndef FAULTY_H
#define FAULTY_H

#include <linux/fs.h>
#include <linux/types.h>

#include "playground.h"

struct call {
	unsigned long target;		/* what the playground armed; then what is hit */
	struct file *file;		/* of the write, in place "fileop" */
	const char __user *user;	/* text written, likewise */
	size_t user_size;
	int result;
};

struct fault {
	const char *name;
	void (*run)(struct call *call);
};

/* Identical functions must stay apart: their names are what is tested. */
#define FAULT_FUNCTION(name) \
	noinline void __noclone __attribute__((no_icf)) faulty_##name(struct call *call)

#define FAULT(name) { #name, faulty_##name }

extern const struct fault stray_faults[];	/* end with an empty name */
extern const struct fault store_faults[];
extern const struct fault heap_faults[];
extern const struct fault length_faults[];
extern const struct fault place_faults[];

/* Run it from there, on that CPU if that is not negative. */
int places_run(const char *place, int cpu, const struct fault *fault,
	       struct call *call);

/* A page, and the playground's victim in the page after it; 0 for none. */
unsigned long heap_page_before_victim(void);

#endif
