// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What an instruction writes to memory: where, how much and, if the registers
 * tell, what.
 * Runs wherever the core runs; trusts insn.c to have read the instruction.
 */
#include "insn_decoder.h"

#define RFLAGS_DF	(1ull << 10)

/* Registers by the numbers that an instruction gives. */

static u32 modrm_reg(const struct decoder *d)
{
	return d->reg | (d->rex & REX_R ? 8 : 0);
}

/* A general register's low @size bytes; AH to BH where they are meant. */
static u64 gpr(const struct decoder *d, u32 number, u32 size)
{
	if (size == 1 && !d->insn->prefix_rex && number >= 4 && number < 8)
		return (d->regs->gpr[number - 4] >> 8) & 0xff;
	return low_bytes(d->regs->gpr[number], size);
}

/* A general register as an address. */
static u64 address_gpr(const struct decoder *d, u32 number)
{
	return low_bytes(d->regs->gpr[number], d->insn->address_size);
}

/* Operand size of what is 64 bits wide without a prefix, and never 32. */
static u32 stack_size(const struct decoder *d)
{
	return operand_size(d) == 2 ? 2 : 8;
}

/* Stores, told by the three functions below. */

/* Address of the memory operand, @offset bytes on, @disp8 counting in @scale. */
static u64 operand_address(const struct decoder *d, s64 offset, u32 scale)
{
	u64 ea = d->base + offset;

	if (d->disp8 && d->encoding == EVEX)
		ea += (u64)d->disp * scale;
	else
		ea += d->disp;
	if (d->rip_relative)
		ea += d->regs->rip + d->at;
	return low_bytes(ea, d->insn->address_size) + d->segment_base;
}

/* The memory operand, if there is one, is written. */
static void writes(struct decoder *d, u32 size, u32 flags)
{
	struct chariot_insn *insn = d->insn;

	if (!d->memory)
		return;
	if (d->masked)
		flags |= CHARIOT_INSN_MASKED;
	insn->flags |= CHARIOT_INSN_WRITES | flags;
	insn->size = size;
	insn->gva = operand_address(d, 0, size);
}

/* The memory operand, if there is one, is read, changed and written. */
static void modifies(struct decoder *d, u32 size, u32 flags)
{
	d->lockable = d->memory;
	writes(d, size, CHARIOT_INSN_READS | flags);
}

/* @count items of @size bytes are pushed. */
static void pushes(struct decoder *d, u32 size, u32 count)
{
	struct chariot_insn *insn = d->insn;

	insn->flags |= CHARIOT_INSN_WRITES | CHARIOT_INSN_STACK;
	insn->size = size * count;
	insn->gva = d->regs->gpr[RSP] - insn->size;
	if (d->memory)
		insn->src_gva = operand_address(d, 0, 1);
}

/* The value that will be written. */
static void value_is(struct decoder *d, u64 value)
{
	struct chariot_insn *insn = d->insn;
	u32 i;

	if (!(insn->flags & CHARIOT_INSN_WRITES))
		return;
	insn->flags |= CHARIOT_INSN_VALUE;
	for (i = 0; i < 8; i++)
		insn->value[i] = i < insn->size ? value >> (8 * i) : 0;
}

/* ES:RDI is written, once or RCX times. */
static void string_writes(struct decoder *d, u32 size, u32 flags)
{
	struct chariot_insn *insn = d->insn;

	if (d->rep) {
		flags |= CHARIOT_INSN_REP;
		insn->count = address_gpr(d, RCX);
		if (!insn->count)
			return;
	}
	if (d->regs->rflags & RFLAGS_DF)
		flags |= CHARIOT_INSN_DOWN;
	insn->flags |= CHARIOT_INSN_WRITES | flags;
	insn->size = size;
	insn->gva = address_gpr(d, RDI);
}

/* BTS, BTR and BTC with the bit's number in a register: it moves the operand. */
static void bit_writes(struct decoder *d, u32 size)
{
	u64 raw = gpr(d, modrm_reg(d), size);
	u32 shift = 64 - 8 * size;
	s64 bit = (s64)(raw << shift) >> shift;
	u32 log = size == 2 ? 4 : size == 4 ? 5 : 6;

	modifies(d, size, CHARIOT_INSN_EXEC);
	if (d->memory)
		d->insn->gva = operand_address(d, (bit >> log) * size, 1);
}

/* Length of an x87 store by opcode (D8 to DF) and ModRM.reg; 0: no store. */
static const u8 x87_store[8][8] = {
	[1] = { [2] = 4, [3] = 4, [6] = 28, [7] = 2 },
	[3] = { [1] = 4, [2] = 4, [3] = 4, [7] = 10 },
	[5] = { [1] = 8, [2] = 8, [3] = 8, [6] = 108, [7] = 2 },
	[7] = { [1] = 2, [2] = 2, [3] = 2, [6] = 10, [7] = 8 },
};

static void x87_writes(struct decoder *d)
{
	u32 size = x87_store[d->insn->opcode & 7][d->reg];

	if (!size)
		return;
	/* The environment is half as long in its 16-bit form. */
	if (operand_size(d) == 2 && (size == 28 || size == 108))
		size -= 14;
	writes(d, size, 0);
}

static int group_writes(struct decoder *d, u32 size)
{
	const u32 exec = CHARIOT_INSN_EXEC;
	struct chariot_insn *insn = d->insn;

	switch (insn->opcode) {
	case 0x80: case 0x81: case 0x83:
		if (d->reg != 7)
			modifies(d, size, exec);
		return 0;
	case 0x8f:
		/* Other than POP: XOP, of AMD's past. */
		if (d->reg)
			return -EINVAL;
		size = stack_size(d);
		insn->operand_size = size;
		/* The address is taken after RSP has moved. */
		if (d->base_rsp)
			d->base += size;
		writes(d, size, 0);
		return 0;
	case 0xc6: case 0xc7:
		/* XABORT and XBEGIN live here, too. */
		if (d->reg)
			return d->reg == 7 && insn->modrm == 0xf8 ? 0 : -EINVAL;
		writes(d, size, exec);
		value_is(d, insn->imm);
		return 0;
	case 0xf6: case 0xf7:
		if (d->reg == 2 || d->reg == 3)
			modifies(d, size, exec);
		return 0;
	case 0xfe:
		if (d->reg > 1)
			return -EINVAL;
		modifies(d, size, exec);
		return 0;
	default: /* 0xff */
		/* CALL of 16 bits is one of 64 for Intel. */
		if (d->reg == 7 || (d->reg == 2 && size == 2))
			return -EINVAL;
		if (d->reg < 2)
			modifies(d, size, exec);
		else if (d->reg == 2)
			pushes(d, 8, 1);
		else if (d->reg == 3)
			pushes(d, size, 2);
		else if (d->reg == 6)
			pushes(d, stack_size(d), 1);
		if (d->reg == 2)
			value_is(d, d->regs->rip + d->at);
		return 0;
	}
}

static int stores_one(struct decoder *d)
{
	const u32 exec = CHARIOT_INSN_EXEC;
	struct chariot_insn *insn = d->insn;
	u8 op = insn->opcode;
	u32 full = operand_size(d);
	u32 size = op & 1 ? full : 1;

	insn->operand_size = size;
	if (op < 0x38) {
		if ((op & 7) < 2)
			modifies(d, size, exec);
		return 0;
	}
	switch (op) {
	case 0x50 ... 0x57:
		pushes(d, stack_size(d), 1);
		value_is(d, d->regs->gpr[(op & 7) | (d->rex & REX_B ? 8 : 0)]);
		break;
	case 0x68: case 0x6a:
		pushes(d, stack_size(d), 1);
		value_is(d, insn->imm);
		break;
	case 0x6c: case 0x6d:
		string_writes(d, size == 8 ? 4 : size, 0);
		break;
	case 0x80: case 0x81: case 0x8f: case 0xc6: case 0xc7: case 0xf6:
	case 0xf7: case 0xfe: case 0xff:
		return group_writes(d, size);
	case 0x83:
		insn->operand_size = full;
		return group_writes(d, full);
	case 0x86: case 0x87:
		modifies(d, size, exec);
		if (d->memory)
			insn->flags |= CHARIOT_INSN_LOCK;
		break;
	case 0x88: case 0x89:
		writes(d, size, exec);
		value_is(d, gpr(d, modrm_reg(d), size));
		break;
	case 0x8c:
		writes(d, 2, 0);
		break;
	case 0x9c:
		pushes(d, stack_size(d), 1);
		break;
	case 0xa2: case 0xa3:
		d->memory = true;
		d->disp = insn->imm;
		writes(d, size, exec);
		value_is(d, gpr(d, RAX, size));
		break;
	case 0xa4: case 0xa5:
		insn->src_gva = address_gpr(d, RSI) + d->segment_base;
		string_writes(d, size, CHARIOT_INSN_STRING | exec);
		break;
	case 0xaa: case 0xab:
		string_writes(d, size, CHARIOT_INSN_STRING | exec);
		value_is(d, gpr(d, RAX, size));
		break;
	case 0xc0: case 0xc1: case 0xd0 ... 0xd3:
		modifies(d, size, exec);
		d->lockable = false;
		break;
	case 0xc8:
		pushes(d, stack_size(d), 1 + (insn->imm & 31));
		break;
	case 0xd8 ... 0xdf:
		x87_writes(d);
		break;
	case 0xe8:
		pushes(d, 8, 1);
		value_is(d, d->regs->rip + d->at);
		break;
	}
	return 0;
}

/* 0F AE: state of the FPU and its like. */
static void state_writes(struct decoder *d)
{
	if (d->encoding != LEGACY || d->pp == PP_NONE) {
		if (d->reg == 3)
			writes(d, 4, 0);
		else if (d->encoding != LEGACY)
			return;
		else if (d->reg == 0)
			writes(d, 512, 0);
		else if (d->reg == 4 || d->reg == 6)
			writes(d, 0, 0);
	} else if (d->pp == PP_F3 && d->reg == 6) {
		modifies(d, 8, 0);	/* CLRSSBSY */
	}
}

/* 0F C7: CMPXCHG8B, CMPXCHG16B, XSAVEC, XSAVES, VMPTRST. */
static void group_9_writes(struct decoder *d)
{
	switch (d->reg) {
	case 1:
		modifies(d, d->rex & REX_W ? 16 : 8, 0);
		break;
	case 4: case 5:
		writes(d, 0, 0);
		break;
	case 7:
		writes(d, 8, 0);
		break;
	}
}

/* 0F 01: SGDT, SIDT, SMSW, RSTORSSP, CLZERO. */
static void group_7_writes(struct decoder *d)
{
	struct chariot_insn *insn = d->insn;

	if (d->reg < 2) {
		writes(d, 10, 0);
	} else if (d->reg == 4) {
		writes(d, 2, 0);
	} else if (d->reg == 5 && d->pp == PP_F3) {
		modifies(d, 8, 0);
	} else if (insn->modrm == 0xfc && d->pp == PP_NONE) {
		insn->flags |= CHARIOT_INSN_WRITES;
		insn->size = 64;
		insn->gva = (address_gpr(d, RAX) & ~63ull) + d->segment_base;
	}
}

static bool condition(const struct decoder *d, u8 code)
{
	return chariot_insn_condition(d->regs->rflags, code);
}

static int stores_0f_integer(struct decoder *d)
{
	const u32 exec = CHARIOT_INSN_EXEC;
	struct chariot_insn *insn = d->insn;
	u8 op = insn->opcode;
	u32 full = operand_size(d);
	u32 size = op & 1 ? full : 1;
	u32 y = d->rex & REX_W ? 8 : 4;

	insn->operand_size = full;
	switch (op) {
	case 0x00:
		if (d->reg < 2)
			writes(d, 2, 0);
		break;
	case 0x01:
		group_7_writes(d);
		break;
	case 0x20 ... 0x23:
		/* AMD's way to CR8 is a LOCK prefix. */
		d->lockable = true;
		break;
	case 0x78:
		if (d->pp == PP_NONE)
			writes(d, 8, 0);
		break;
	case 0x90 ... 0x9f:
		insn->operand_size = 1;
		writes(d, 1, exec);
		value_is(d, condition(d, op & 15));
		break;
	case 0xa0: case 0xa8:
		pushes(d, stack_size(d), 1);
		break;
	case 0xa4: case 0xa5: case 0xac: case 0xad:
		modifies(d, full, exec);
		d->lockable = false;
		break;
	case 0xab: case 0xb3: case 0xbb:
		bit_writes(d, full);
		break;
	case 0xb0: case 0xb1: case 0xc0: case 0xc1:
		insn->operand_size = size;
		modifies(d, size, exec);
		break;
	case 0xba:
		if (d->reg < 4)
			return -EINVAL;
		if (d->reg > 4)
			modifies(d, full, exec);
		break;
	case 0xc3:
		insn->operand_size = y;
		writes(d, y, exec);
		value_is(d, gpr(d, modrm_reg(d), y));
		break;
	case 0xc7:
		group_9_writes(d);
		break;
	}
	return 0;
}

/* SSE, AVX and AVX-512 stores of map 0F. */
static void stores_0f_vector(struct decoder *d)
{
	struct chariot_insn *insn = d->insn;
	u32 y = d->rex & REX_W ? 8 : 4;
	bool packed = d->pp == PP_NONE || d->pp == PP_66;

	switch (insn->opcode) {
	case 0x11:
		writes(d, packed ? d->vl : d->pp == PP_F3 ? 4 : 8, 0);
		break;
	case 0x13: case 0x17:
		if (packed)
			writes(d, 8, 0);
		break;
	case 0x29:
		if (packed)
			writes(d, d->vl, 0);
		break;
	case 0x2b:
		writes(d, packed ? d->vl : d->pp == PP_F3 ? 4 : 8, 0);
		break;
	case 0x7e:
		if (packed)
			writes(d, y, 0);
		break;
	case 0x7f:
		writes(d, d->pp == PP_NONE ? 8 : d->vl, 0);
		break;
	case 0x91:
		if (d->encoding != VEX)
			break;
		if (d->pp == PP_NONE)
			writes(d, y == 8 ? 8 : 2, 0);
		else if (d->pp == PP_66)
			writes(d, y == 8 ? 4 : 1, 0);
		break;
	case 0xae:
		state_writes(d);
		break;
	case 0xd6:
		if (d->pp == PP_66)
			writes(d, 8, 0);
		break;
	case 0xe7:
		if (packed)
			writes(d, d->pp == PP_NONE ? 8 : d->vl, 0);
		break;
	case 0xf7:
		/* MASKMOVQ, MASKMOVDQU: to DS:RDI. */
		if (d->mod != 3 || !packed)
			break;
		insn->flags |= CHARIOT_INSN_WRITES | CHARIOT_INSN_MASKED;
		insn->size = d->pp == PP_NONE ? 8 : 16;
		insn->gva = address_gpr(d, RDI) + d->segment_base;
		break;
	}
}

static void stores_0f38_legacy(struct decoder *d)
{
	struct chariot_insn *insn = d->insn;
	u32 full = operand_size(d);
	u32 y = d->rex & REX_W ? 8 : 4;

	insn->operand_size = full;
	switch (insn->opcode) {
	case 0xf1:
		if (d->pp != PP_NONE && d->pp != PP_66)
			break;
		writes(d, full, CHARIOT_INSN_EXEC);
		value_is(d, chariot_insn_swap(gpr(d, modrm_reg(d), full), full));
		break;
	case 0xf5:
		if (d->pp == PP_66)
			writes(d, y, 0);	/* WRUSS */
		break;
	case 0xf6:
		if (d->pp == PP_NONE)
			writes(d, y, 0);	/* WRSS */
		break;
	case 0xf8:
		/* MOVDIR64B, ENQCMD, ENQCMDS: from memory to ES:reg. */
		if (!d->memory || d->pp == PP_NONE)
			break;
		insn->flags |= CHARIOT_INSN_WRITES;
		insn->size = 64;
		insn->gva = address_gpr(d, modrm_reg(d));
		insn->src_gva = operand_address(d, 0, 1);
		break;
	case 0xf9:
		if (d->pp != PP_NONE)
			break;
		writes(d, y, 0);
		value_is(d, gpr(d, modrm_reg(d), y));
		break;
	case 0xfc:
		modifies(d, y, 0);		/* AADD, AAND, AOR, AXOR */
		d->lockable = false;
		break;
	}
}

static void stores_0f38_vex(struct decoder *d)
{
	switch (d->insn->opcode) {
	case 0x2e: case 0x2f: case 0x8e:
		if (d->pp == PP_66)
			writes(d, d->vl, CHARIOT_INSN_MASKED);
		break;
	case 0x49:
		if (d->pp == PP_66)
			writes(d, 64, 0);	/* STTILECFG */
		break;
	case 0x4b:
		if (d->pp == PP_F3)
			writes(d, 0, CHARIOT_INSN_SCATTER);
		break;
	case 0xe0 ... 0xef:
		if (d->pp == PP_66)
			modifies(d, d->rex & REX_W ? 8 : 4, 0);
		break;
	}
}

/* Elements packed to the front of the operand: disp8 counts elements. */
static void compress_writes(struct decoder *d, u32 element)
{
	if (d->pp != PP_66 || !d->memory)
		return;
	writes(d, d->vl, 0);
	d->insn->gva = operand_address(d, 0, element);
}

static void stores_0f38_evex(struct decoder *d)
{
	struct chariot_insn *insn = d->insn;
	u32 wide = d->rex & REX_W ? 2 : 1;

	switch (insn->opcode) {
	case 0x10 ... 0x15: case 0x20 ... 0x25: case 0x30 ... 0x35: {
		/* Down-conversions: wb, db, qb, dw, qw, qd. */
		static const u8 shift[] = { 1, 2, 3, 1, 2, 1 };

		if (d->pp == PP_F3)
			writes(d, d->vl >> shift[insn->opcode & 7], 0);
		break;
	}
	case 0x63:
		compress_writes(d, wide);
		break;
	case 0x8a: case 0x8b:
		compress_writes(d, 4 * wide);
		break;
	case 0xa0 ... 0xa3:
		if (d->pp != PP_66 || !d->memory)
			break;
		writes(d, 0, CHARIOT_INSN_SCATTER);
		insn->gva = operand_address(d, 0, 4 * wide);
		break;
	}
}

static void stores_0f3a(struct decoder *d)
{
	if (d->pp != PP_66)
		return;
	switch (d->insn->opcode) {
	case 0x14:
		writes(d, 1, 0);
		break;
	case 0x15:
		writes(d, 2, 0);
		break;
	case 0x16:
		writes(d, d->rex & REX_W ? 8 : 4, 0);
		break;
	case 0x17:
		writes(d, 4, 0);
		break;
	case 0x19: case 0x39:
		if (d->encoding != LEGACY)
			writes(d, 16, 0);
		break;
	case 0x1b: case 0x3b:
		if (d->encoding == EVEX)
			writes(d, 32, 0);
		break;
	case 0x1d:
		if (d->encoding != LEGACY)
			writes(d, d->vl / 2, 0);
		break;
	}
}

/* VMOVSH and VMOVW, the 16-bit floating point stores. */
static void stores_map_5(struct decoder *d)
{
	if ((d->insn->opcode == 0x11 && d->pp == PP_F3) ||
	    (d->insn->opcode == 0x7e && d->pp == PP_66))
		writes(d, 2, 0);
}

/**
 * chariot_insn_stores - say what an instruction writes
 * @d: the instruction, read to its end
 *
 * Returns 0, or -EINVAL for an opcode that its ModRM makes undefined.
 */
int chariot_insn_stores(struct decoder *d)
{
	int err;

	switch (d->insn->map) {
	case MAP_ONE:
		return stores_one(d);
	case MAP_0F:
		if (d->encoding == LEGACY) {
			err = stores_0f_integer(d);
			if (err || d->insn->flags)
				return err;
		}
		stores_0f_vector(d);
		return 0;
	case MAP_0F38:
		if (d->encoding == LEGACY)
			stores_0f38_legacy(d);
		else if (d->encoding == VEX)
			stores_0f38_vex(d);
		else
			stores_0f38_evex(d);
		return 0;
	case MAP_0F3A:
		stores_0f3a(d);
		return 0;
	case MAP_5:
		stores_map_5(d);
		return 0;
	default:
		return 0;
	}
}
