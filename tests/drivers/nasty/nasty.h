/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver that attacks: how its parts fit together.
 *
 *   device.c     /dev/nasty: "ACT [ADDRESS [ADDRESS]]" written there does it
 *   calls.c      calls of the backend, and a change of view by the driver itself
 *   registers.c  control registers, MSRs, the interrupt table, the stack pointer
 *   kernel.c     what the kernel's own code and tables can be used for
 *
 * Each act is a function of its own, nasty_NAME, which a report must name; most end in
 * a stray store to the playground's victim, which shows whether the act has helped.
 */
#ifndef NASTY_H
#define NASTY_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "playground.h"

struct act {
	unsigned long target;		/* of the stray store */
	unsigned long address[2];	/* of what the act needs, from /proc/kallsyms */
	long result;			/* as told by each act */
};

struct act_entry {
	const char *name;
	void (*run)(struct act *act);
};

#define ACT_FUNCTION(name) static noinline void nasty_##name(struct act *act)
#define ACT(name) { #name, nasty_##name }

/* Inline, so that the act is what a report names. */
static __always_inline void stray(struct act *act)
{
	WRITE_ONCE(*(u64 *)act->target, 0x4e41535459000000ull);
}

/* Without the kernel's help, which might be a call. */
static __always_inline unsigned long interrupts_off(void)
{
	unsigned long flags;

	asm volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	return flags;
}

static __always_inline void interrupts_back(unsigned long flags)
{
	if (flags & 0x200)
		asm volatile("sti" : : : "memory");
}

extern const struct act_entry call_acts[];	/* end with an empty name */
extern const struct act_entry register_acts[];
extern const struct act_entry kernel_acts[];

#endif
