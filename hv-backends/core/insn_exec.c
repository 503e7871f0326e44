// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The effect of one store instruction on memory, registers and flags.
 * Runs wherever the core runs; trusts that insn.c decoded the instruction and
 * set CHARIOT_INSN_EXEC.
 *
 * Flags that the architecture leaves undefined keep their value, or get the one
 * that the formula for the defined case gives.
 */
#include "insn.h"

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

#define CF	(1ull << 0)
#define PF	(1ull << 2)
#define AF	(1ull << 4)
#define ZF	(1ull << 6)
#define SF	(1ull << 7)
#define DF	(1ull << 10)
#define OF	(1ull << 11)
#define RF	(1ull << 16)
#define STATUS	(CF | PF | AF | ZF | SF | OF)

/* One instruction at work: flags are collected here and written back once. */
struct work {
	const struct chariot_insn *insn;
	struct chariot_regs *regs;
	u32 size;		/* of the operand in bytes */
	u32 bits;
	u64 mask;		/* of its bits */
	u64 sign;		/* its uppermost bit */
};

static void flag_set(struct work *w, u64 flag, bool on)
{
	if (on)
		w->regs->rflags |= flag;
	else
		w->regs->rflags &= ~flag;
}

static bool flag_get(const struct work *w, u64 flag)
{
	return w->regs->rflags & flag;
}

/* ZF, SF and PF, which nearly all take from the result alone. */
static void flags_of_result(struct work *w, u64 result)
{
	u8 low = result;

	low ^= low >> 4;
	low ^= low >> 2;
	low ^= low >> 1;
	flag_set(w, ZF, !(result & w->mask));
	flag_set(w, SF, result & w->sign);
	flag_set(w, PF, !(low & 1));
}

static u64 reg_get(const struct work *w, u32 number)
{
	const u64 *gpr = w->regs->gpr;

	if (w->size == 1 && !w->insn->prefix_rex && number >= 4 && number < 8)
		return (gpr[number - 4] >> 8) & 0xff;
	return gpr[number] & w->mask;
}

static void reg_set(struct work *w, u32 number, u64 value)
{
	u64 *gpr = w->regs->gpr;

	value &= w->mask;
	if (w->size == 1 && !w->insn->prefix_rex && number >= 4 && number < 8)
		gpr[number - 4] = (gpr[number - 4] & ~0xff00ull) | value << 8;
	else if (w->size == 4)
		gpr[number] = value;
	else
		gpr[number] = (gpr[number] & ~w->mask) | value;
}

/* The register that ModRM.reg names. */
static u32 source(const struct work *w)
{
	return (w->insn->modrm >> 3 & 7) | (w->insn->prefix_rex & 4 ? 8 : 0);
}

static u32 group(const struct work *w)
{
	return w->insn->modrm >> 3 & 7;
}

static u64 add(struct work *w, u64 a, u64 b, bool carry)
{
	u64 r = (a + b + carry) & w->mask;

	flags_of_result(w, r);
	flag_set(w, CF, r < a || (carry && r == a));
	flag_set(w, AF, (a ^ b ^ r) & 0x10);
	flag_set(w, OF, (a ^ r) & (b ^ r) & w->sign);
	return r;
}

static u64 subtract(struct work *w, u64 a, u64 b, bool borrow)
{
	u64 r = (a - b - borrow) & w->mask;

	flags_of_result(w, r);
	flag_set(w, CF, a < b || (borrow && a == b));
	flag_set(w, AF, (a ^ b ^ r) & 0x10);
	flag_set(w, OF, (a ^ b) & (a ^ r) & w->sign);
	return r;
}

static u64 logic(struct work *w, u64 r)
{
	flags_of_result(w, r);
	flag_set(w, CF | OF, false);
	return r;
}

/* The eight operations of opcodes 00 to 3F and of group 1, less CMP. */
static u64 arithmetic(struct work *w, u32 operation, u64 a, u64 b)
{
	switch (operation) {
	case 0:
		return add(w, a, b, false);
	case 1:
		return logic(w, a | b);
	case 2:
		return add(w, a, b, flag_get(w, CF));
	case 3:
		return subtract(w, a, b, flag_get(w, CF));
	case 4:
		return logic(w, a & b);
	case 5:
		return subtract(w, a, b, false);
	default:
		return logic(w, a ^ b);
	}
}

static u64 step(struct work *w, u64 a, bool down)
{
	bool carry = flag_get(w, CF);
	u64 r = down ? subtract(w, a, 1, false) : add(w, a, 1, false);

	flag_set(w, CF, carry);
	return r;
}

/* Rotate through the carry flag. */
static u64 rotate_carry(struct work *w, u64 a, u32 count, bool right)
{
	bool carry = flag_get(w, CF);

	for (count %= w->bits + 1; count; count--) {
		bool out = a & (right ? 1 : w->sign);

		if (right)
			a = a >> 1 | (carry ? w->sign : 0);
		else
			a = (a << 1 | carry) & w->mask;
		carry = out;
	}
	flag_set(w, CF, carry);
	return a;
}

static u64 rotate(struct work *w, u64 a, u32 count, bool right)
{
	count %= w->bits;
	if (right && count)
		count = w->bits - count;
	if (count)
		a = (a << count | a >> (w->bits - count)) & w->mask;
	flag_set(w, CF, a & (right ? w->sign : 1));
	return a;
}

static u64 shift_left(struct work *w, u64 a, u32 count)
{
	bool carry = count <= w->bits && (a >> (w->bits - count) & 1);
	u64 r = (a << count) & w->mask;

	flags_of_result(w, r);
	flag_set(w, CF, carry);
	return r;
}

static u64 shift_right(struct work *w, u64 a, u32 count, bool arithmetic)
{
	u64 r;

	/* With the sign in all upper bits, one shift serves every size. */
	if (arithmetic && (a & w->sign))
		a |= ~w->mask;
	flag_set(w, CF, a >> (count - 1) & 1);
	r = a >> count;
	if (arithmetic && a >> 63)
		r |= ~(~0ull >> count);
	r &= w->mask;
	flags_of_result(w, r);
	return r;
}

static u32 shift_count(const struct work *w, u64 raw)
{
	return raw & (w->size == 8 ? 63 : 31);
}

/* Group 2: rotates and shifts. */
static u64 shift(struct work *w, u64 a)
{
	u8 op = w->insn->opcode;
	u64 raw = op < 0xd0 ? (u64)w->insn->imm :
		  op < 0xd2 ? 1 : w->regs->gpr[RCX];
	u32 count = shift_count(w, raw);
	u64 r;

	if (!count)
		return a;
	switch (group(w)) {
	case 0:
		r = rotate(w, a, count, false);
		break;
	case 1:
		r = rotate(w, a, count, true);
		flag_set(w, OF, (r ^ r << 1) & w->sign);
		return r;
	case 2:
		r = rotate_carry(w, a, count, false);
		break;
	case 3:
		r = rotate_carry(w, a, count, true);
		flag_set(w, OF, (r ^ r << 1) & w->sign);
		return r;
	case 5:
		r = shift_right(w, a, count, false);
		flag_set(w, OF, a & w->sign);
		return r;
	case 7:
		r = shift_right(w, a, count, true);
		flag_set(w, OF, false);
		return r;
	default:
		r = shift_left(w, a, count);
		break;
	}
	/* To the left, overflow is a change of sign. */
	flag_set(w, OF, !!(r & w->sign) != flag_get(w, CF));
	return r;
}

/* SHLD and SHRD. */
static u64 shift_double(struct work *w, u64 a)
{
	u8 op = w->insn->opcode;
	u64 b = reg_get(w, source(w));
	u64 raw = op & 1 ? w->regs->gpr[RCX] : (u64)w->insn->imm;
	u32 count = shift_count(w, raw);
	bool right = op & 8;
	u64 r;

	if (!count)
		return a;
	if (count > w->bits) {
		/* 16 bits moved by more: a result the manuals leave open. */
		u64 swap = a;

		a = b;
		b = swap;
		count -= w->bits;
	}
	if (right) {
		r = a >> count;
		flag_set(w, CF, a >> (count - 1) & 1);
		r |= b << (w->bits - count);
	} else {
		r = count < w->bits ? a << count : 0;
		flag_set(w, CF, a >> (w->bits - count) & 1);
		r |= b >> (w->bits - count);
	}
	r &= w->mask;
	flags_of_result(w, r);
	flag_set(w, OF, (a ^ r) & w->sign);
	return r;
}

static u64 bit_operation(struct work *w, u64 a, u32 operation, u64 number)
{
	u64 bit = 1ull << (number & (w->bits - 1));

	flag_set(w, CF, a & bit);
	switch (operation) {
	case 1:
		return a | bit;
	case 2:
		return a & ~bit;
	default:
		return a ^ bit;
	}
}

/* The register moves by one item, in the direction of DF. */
static void advance(struct work *w, u32 number)
{
	u64 *gpr = &w->regs->gpr[number];

	*gpr += flag_get(w, DF) ? -(u64)w->size : w->size;
	if (w->insn->address_size == 4)
		*gpr = (u32)*gpr;
}

/* MOVS and STOS, one iteration. */
static bool string(struct work *w, u64 old, u64 *new)
{
	const struct chariot_insn *insn = w->insn;
	bool rep = insn->flags & CHARIOT_INSN_REP;
	bool movs = insn->opcode < 0xa8;
	u64 *rcx = &w->regs->gpr[RCX];
	u64 count = insn->address_size == 4 ? (u32)*rcx : *rcx;

	if (rep && !count) {
		w->regs->rip += insn->len;
		return false;
	}
	*new = movs ? old : reg_get(w, RAX);
	if (movs)
		advance(w, RSI);
	advance(w, RDI);
	if (rep)
		*rcx = --count;
	if (!rep || !count)
		w->regs->rip += insn->len;
	return true;
}

static u64 exec_one(struct work *w, u64 old)
{
	const struct chariot_insn *insn = w->insn;
	u64 imm = (u64)insn->imm & w->mask;
	u32 reg = source(w);
	u64 new;

	switch (insn->opcode) {
	case 0x80: case 0x81: case 0x83:
		return arithmetic(w, group(w), old, imm);
	case 0x86: case 0x87:
		new = reg_get(w, reg);
		reg_set(w, reg, old);
		return new;
	case 0x88: case 0x89:
		return reg_get(w, reg);
	case 0xa2: case 0xa3:
		return reg_get(w, RAX);
	case 0xc0: case 0xc1: case 0xd0: case 0xd1: case 0xd2: case 0xd3:
		return shift(w, old);
	case 0xc6: case 0xc7:
		return imm;
	case 0xf6: case 0xf7:
		return group(w) == 2 ? ~old : subtract(w, 0, old, false);
	case 0xfe: case 0xff:
		return step(w, old, group(w) == 1);
	default:
		return arithmetic(w, insn->opcode >> 3, old, reg_get(w, reg));
	}
}

static bool exec_0f(struct work *w, u64 old, u64 *new)
{
	const struct chariot_insn *insn = w->insn;
	u32 reg = source(w);
	u8 op = insn->opcode;

	switch (op) {
	case 0xa4: case 0xa5: case 0xac: case 0xad:
		*new = shift_double(w, old);
		return true;
	case 0xab: case 0xb3: case 0xbb:
		*new = bit_operation(w, old, op >> 3 & 3, reg_get(w, reg));
		return true;
	case 0xba:
		*new = bit_operation(w, old, group(w) & 3, insn->imm);
		return true;
	case 0xb0: case 0xb1:
		subtract(w, reg_get(w, RAX), old, false);
		if (!flag_get(w, ZF)) {
			reg_set(w, RAX, old);
			return false;
		}
		*new = reg_get(w, reg);
		return true;
	case 0xc0: case 0xc1:
		*new = add(w, old, reg_get(w, reg), false);
		reg_set(w, reg, old);
		return true;
	case 0xc3:
		*new = reg_get(w, reg);
		return true;
	default: /* SETcc */
		*new = chariot_insn_condition(w->regs->rflags, op & 15);
		return true;
	}
}

/**
 * chariot_insn_condition - is a condition true?
 * @rflags: the flags
 * @code: low four bits of a Jcc, SETcc or CMOVcc opcode
 */
bool chariot_insn_condition(u64 rflags, u8 code)
{
	bool less = !(rflags & SF) != !(rflags & OF);
	bool yes;

	switch (code >> 1 & 7) {
	case 0:
		yes = rflags & OF;
		break;
	case 1:
		yes = rflags & CF;
		break;
	case 2:
		yes = rflags & ZF;
		break;
	case 3:
		yes = rflags & (CF | ZF);
		break;
	case 4:
		yes = rflags & SF;
		break;
	case 5:
		yes = rflags & PF;
		break;
	case 6:
		yes = less;
		break;
	default:
		yes = less || (rflags & ZF);
	}
	return yes != (code & 1);
}

/**
 * chariot_insn_swap - reverse the bytes of a number
 * @value: the number
 * @size: its length in bytes, up to 8
 */
u64 chariot_insn_swap(u64 value, u32 size)
{
	u64 r = 0;

	while (size--) {
		r = r << 8 | (value & 0xff);
		value >>= 8;
	}
	return r;
}

bool chariot_insn_execute(const struct chariot_insn *insn,
			  struct chariot_regs *regs, u64 old, u64 *new)
{
	struct work w = {
		.insn = insn,
		.regs = regs,
		.size = insn->operand_size,
		.bits = 8u * insn->operand_size,
		.sign = 1ull << (8 * insn->operand_size - 1),
	};
	bool store = true;

	w.mask = w.sign | (w.sign - 1);
	old &= w.mask;
	*new = 0;
	if (insn->flags & CHARIOT_INSN_STRING)
		return string(&w, old, new);

	if (insn->map == 0)
		*new = exec_one(&w, old) & w.mask;
	else if (insn->map == 1)
		store = exec_0f(&w, old, new);
	else /* MOVBE */
		*new = chariot_insn_swap(reg_get(&w, source(&w)), w.size);
	regs->rip += insn->len;
	regs->rflags &= ~RF;
	return store;
}
