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

/**
 * struct decoder - what is known of an instruction on the way
 * @at: bytes consumed
 * @rex: W, R, X and B, whichever prefix they came with
 * @rep: last of 0xf2 and 0xf3, or 0
 * @vl: length of a vector register in bytes
 * @memory: ModRM names a memory operand, whose address is @base + @disp +
 *	segment, with @disp scaled if @disp8 and the encoding says so
 */
struct decoder {
	const u8 *bytes;
	size_t n;
	const struct chariot_regs *regs;
	struct chariot_insn *insn;
	u32 at;
	enum encoding encoding;
	u8 rex;
	u8 rep;
	u8 pp;
	u8 mod;
	u8 reg;
	u8 rm;
	bool prefix_66;
	bool prefix_67;
	bool lock;
	bool lockable;
	bool masked;
	bool memory;
	bool disp8;
	bool rip_relative;
	bool base_rsp;
	u32 vl;
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
