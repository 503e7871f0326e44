/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * An instruction between insn.c, which reads its bytes, and insn_store.c, which
 * says what it writes. Private to the two.
 */
#ifndef CHARIOT_CORE_INSN_DECODER_H
#define CHARIOT_CORE_INSN_DECODER_H

#include "insn.h"

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

#define REX_W		8u
#define REX_R		4u
#define REX_X		2u
#define REX_B		1u

enum encoding { LEGACY, VEX, EVEX };
/* Mandatory prefix, in the numbering of VEX. */
enum { PP_NONE, PP_66, PP_F3, PP_F2 };
enum { MAP_ONE, MAP_0F, MAP_0F38, MAP_0F3A, MAP_5 = 5, MAP_6 = 6 };

/* What is known of an instruction on the way. */
struct decoder {
	const u8 *bytes;
	size_t n;
	const struct chariot_regs *regs;
	struct chariot_insn *insn;
	u32 at;			/* bytes consumed */
	enum encoding encoding;
	u8 rex;			/* W, R, X and B, wherever they came from */
	u8 rep;			/* last of 0xf2 and 0xf3, or 0 */
	u8 pp;			/* mandatory prefix, if it takes one */
	u8 mod;			/* the fields of ModRM */
	u8 reg;
	u8 rm;
	bool prefix_66;
	bool prefix_67;
	bool lock;		/* there is a LOCK prefix */
	bool lockable;		/* and there may be */
	bool masked;		/* EVEX with a mask register */
	u32 vl;			/* length of a vector in bytes */

	/*
	 * ModRM names an operand in memory: at @segment_base + @base + @disp,
	 * with a @disp8 of EVEX counting in units, and RIP's part to come.
	 */
	bool memory;
	bool disp8;
	bool rip_relative;
	bool base_rsp;
	u64 segment_base;
	u64 base;
	s64 disp;
};

static inline u64 low_bytes(u64 value, u32 size)
{
	return size < 8 ? value & ((1ull << (8 * size)) - 1) : value;
}

static inline u32 operand_size(const struct decoder *d)
{
	if (d->rex & REX_W)
		return 8;
	return d->prefix_66 ? 2 : 4;
}

/* Fill in flags, size, addresses and value; 0 or -EINVAL. */
int chariot_insn_stores(struct decoder *d);

#endif /* CHARIOT_CORE_INSN_DECODER_H */
