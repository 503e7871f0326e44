/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Runs single instructions on this machine's processor, with chosen registers
 * and in an arena of memory of their own, and survives what they raise.
 * User space on x86-64 only.
 */
#ifndef CHARIOT_TESTS_NATIVE_H
#define CHARIOT_TESTS_NATIVE_H

#include "env.h"

/* Low enough for 32-bit addresses and RIP-relative operands. */
#define NATIVE_INSN	0x20000800ull	/* where the instruction stands */
#define NATIVE_ARENA	0x20100000ull
#define NATIVE_SIZE	0x8000u

#define NATIVE_STATUS	0x8d5u		/* CF, PF, AF, ZF, SF, OF */
#define NATIVE_DF	0x400u

struct native_state {
	u64 gpr[16];
	u64 rflags;
	u64 gs_base;
};

/* Returns false if this machine cannot be used. */
bool native_init(void);
u8 *native_arena(void);
/* Contents of the XMM registers and the x87 stack for the runs that follow. */
void native_set_vectors(u64 *seed);
/*
 * Run one instruction. Returns 0 with @out filled, or the signal it raised; the
 * arena may have changed either way.
 */
int native_run(const u8 *bytes, u32 length, const struct native_state *in,
	       struct native_state *out);

enum native_outcome {
	NATIVE_MORE,		/* needs more bytes */
	NATIVE_DONE,		/* done, and the next one is behind the last */
	NATIVE_UNDEFINED,	/* not an instruction; @length says little */
	NATIVE_FAULT,		/* anything else: @length is right */
};

/*
 * Run @length bytes that end where memory ends: what the processor fetches
 * beyond them it cannot get.
 */
enum native_outcome native_probe(const u8 *bytes, u32 length,
				 const struct native_state *in);

#endif /* CHARIOT_TESTS_NATIVE_H */
