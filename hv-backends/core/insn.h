/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * x86-64 instructions seen as memory writes: how long the instruction is,
 * where and how much it writes, and, for the common ones, its effect, so that
 * one store can be done by the judge in place of the processor.
 * Portable core; 64-bit mode only. Source: AMD64 APM vol. 3, Intel SDM vol. 2.
 */
#ifndef CHARIOT_CORE_INSN_H
#define CHARIOT_CORE_INSN_H

#include "env.h"

#define CHARIOT_INSN_MAX	15

/*
 * Register file in the processor's numbering: rax rcx rdx rbx rsp rbp rsi rdi
 * r8..r15.
 */
struct chariot_regs {
	u64 gpr[16];
	u64 rip;
	u64 rflags;
	u64 fs_base;
	u64 gs_base;
};

#define CHARIOT_INSN_WRITES	(1u << 0) /* has a memory operand it writes */
#define CHARIOT_INSN_READS	(1u << 1) /* reads that operand too (RMW) */
#define CHARIOT_INSN_REP	(1u << 2) /* rep stos/movs/...: see @count */
#define CHARIOT_INSN_LOCK	(1u << 3) /* lock prefix or implied (xchg) */
#define CHARIOT_INSN_EXEC	(1u << 4) /* chariot_insn_execute() knows it */
#define CHARIOT_INSN_STRING	(1u << 5) /* stos or movs, rep or not */
#define CHARIOT_INSN_VALUE	(1u << 6) /* value/value_size known up front */
#define CHARIOT_INSN_DOWN	(1u << 7) /* string with DF set */
#define CHARIOT_INSN_MASKED	(1u << 8) /* may leave out bytes among @size */
#define CHARIOT_INSN_SCATTER	(1u << 9) /* @gva is but the base of many */
#define CHARIOT_INSN_STACK	(1u << 10) /* push, call, enter: operand at rsp */

/**
 * struct chariot_insn - one decoded instruction
 * @len: bytes, 1..15
 * @prefix_rex: the REX prefix, or 0
 * @modrm: the ModRM byte, or 0
 * @map: 0 one-byte, 1 0F, 2 0F38, 3 0F3A; EVEX: 5, 6
 * @opcode: the last byte of the opcode
 * @operand_size: 1, 2, 4, 8
 * @address_size: 4 or 8
 * @flags: CHARIOT_INSN_*; a rep with nothing left to do writes nothing
 * @size: bytes written by one iteration; 0 if unknown (fxsave gives 512, xsave
 *	and its kin 0, for they write as much as they are told to)
 * @gva: linear address of the written operand's lowest byte
 * @src_gva: for movs, push and movdir64b from memory: linear address of the
 *	source
 * @count: iterations left for REP (rcx), else 1
 * @imm: the immediate operand, sign-extended, or the address of a moffs form
 * @value: bytes to be written when known without reading memory
 */
struct chariot_insn {
	u8 len;
	u8 prefix_rex;
	u8 modrm;
	u8 map;
	u8 opcode;
	u8 operand_size;
	u32 flags;
	u32 size;
	u64 gva;
	u64 src_gva;
	u64 count;
	s64 imm;
	u8 value[16];
	u8 address_size;
};

/*
 * Decode one instruction of at most @n bytes. 0, or -EINVAL (undefined in
 * 64-bit mode, or not known), -EAGAIN (needs more than @n bytes). Near branches
 * with an operand-size prefix are not known: Intel and AMD differ on them.
 */
int chariot_insn_decode(const u8 *bytes, size_t n,
			const struct chariot_regs *regs,
			struct chariot_insn *out);

/**
 * chariot_insn_execute - the effect of one iteration of an EXEC instruction
 * @insn: decoded, with CHARIOT_INSN_EXEC
 * @regs: in/out: registers, flags, rip (moved on, or kept while a rep has
 *	iterations left)
 * @old: the operand's bytes now (for READS), or the source's for movs
 * @new: out: bytes to store; @insn->size of them
 *
 * Returns true if the store is to be done; false if the instruction completes
 * without one (cmpxchg that failed). For LOCK the caller stores by a
 * compare-and-exchange against @old and calls again when it fails, so regs
 * must only be kept on success.
 */
bool chariot_insn_execute(const struct chariot_insn *insn,
			  struct chariot_regs *regs, u64 old, u64 *new);

/* Is the condition (low four bits of a Jcc or SETcc opcode) true? */
bool chariot_insn_condition(u64 rflags, u8 code);
/* A number of @size bytes with its bytes in reverse order. */
u64 chariot_insn_swap(u64 value, u32 size);

#endif /* CHARIOT_CORE_INSN_H */
