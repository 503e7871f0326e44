// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * chariot_insn_execute() against the processor: each instruction is run, and what
 * the decoder makes of the same bytes must have the same effect.
 */
#include <kunit/test.h>

#include "insn.h"

#define F_CF	0x001ull
#define F_PF	0x004ull
#define F_AF	0x010ull
#define F_ZF	0x040ull
#define F_SF	0x080ull
#define F_OF	0x800ull
#define F_ALL	(F_CF | F_PF | F_AF | F_ZF | F_SF | F_OF)

/* What an instruction can see and change; its operand is memory[1]. */
struct state {
	u64 memory[4];
	u64 rax, rcx, rdx;
	u64 flags;
};

/* Runs it, and says where it is: from its first byte to behind its last one. */
typedef void native_fn(struct state *s, const u8 **from, const u8 **to);

/* No flag changes between the instruction and what saves them. */
#define NATIVE(name, defined, text)						\
static noinline void name(struct state *s, const u8 **from, const u8 **to)	\
{										\
	asm volatile("leaq -128(%%rsp), %%rsp\n\t"				\
		     "pushq %[flags]\n\tpopfq\n"				\
		     "1:\t" text "\n"						\
		     "2:\tpushfq\n\tpopq %[flags]\n\t"				\
		     "leaq 128(%%rsp), %%rsp\n\t"				\
		     "leaq 1b(%%rip), %[from]\n\tleaq 2b(%%rip), %[to]"		\
		     : "+a" (s->rax), "+c" (s->rcx), "+d" (s->rdx),		\
		       [flags] "+&r" (s->flags), [from] "=&r" (*from),		\
		       [to] "=&r" (*to)						\
		     : "b" (&s->memory[1]) : "memory", "cc");			\
}

#define NOT_AF		(F_ALL & ~F_AF)
/* After shifts and rotations by more than one. */
#define SHIFTED		(F_ALL & ~(F_AF | F_OF))
#define ROTATED		(F_ALL & ~F_OF)
#define BIT		(F_CF | F_ZF)

#define INSTRUCTIONS(X)								\
	X(add_b, F_ALL, "addb %%dl, (%%rbx)")					\
	X(add_high, F_ALL, "addb %%dh, (%%rbx)")				\
	X(add_w, F_ALL, "addw %%dx, (%%rbx)")					\
	X(add_l, F_ALL, "addl %%edx, (%%rbx)")					\
	X(add_q, F_ALL, "lock addq %%rdx, (%%rbx)")				\
	X(add_imm, F_ALL, "addl $-5, (%%rbx)")					\
	X(adc_q, F_ALL, "adcq %%rdx, (%%rbx)")					\
	X(adc_w, F_ALL, "adcw $0x7fff, (%%rbx)")				\
	X(sub_b, F_ALL, "subb %%al, (%%rbx)")					\
	X(sub_q, F_ALL, "subq %%rdx, (%%rbx)")					\
	X(sbb_l, F_ALL, "sbbl %%edx, (%%rbx)")					\
	X(or_l, NOT_AF, "orl %%edx, (%%rbx)")					\
	X(and_q, NOT_AF, "andq %%rdx, (%%rbx)")					\
	X(xor_w, NOT_AF, "xorw %%dx, (%%rbx)")					\
	X(or_imm, NOT_AF, "orb $0x81, (%%rbx)")					\
	X(and_imm, NOT_AF, "andq $-16, (%%rbx)")				\
	X(inc_b, F_ALL, "incb (%%rbx)")						\
	X(inc_q, F_ALL, "lock incq (%%rbx)")					\
	X(dec_l, F_ALL, "decl (%%rbx)")						\
	X(not_q, F_ALL, "notq (%%rbx)")						\
	X(neg_w, F_ALL, "negw (%%rbx)")						\
	X(mov_b, F_ALL, "movb %%dl, (%%rbx)")					\
	X(mov_high, F_ALL, "movb %%dh, (%%rbx)")				\
	X(mov_q, F_ALL, "movq %%rdx, (%%rbx)")					\
	X(mov_imm, F_ALL, "movq $-2, (%%rbx)")					\
	X(movnti_l, F_ALL, "movnti %%edx, (%%rbx)")				\
	X(xchg_b, F_ALL, "xchgb %%dl, (%%rbx)")					\
	X(xchg_high, F_ALL, "xchgb %%dh, (%%rbx)")				\
	X(xchg_w, F_ALL, "xchgw %%dx, (%%rbx)")					\
	X(xchg_l, F_ALL, "xchgl %%edx, (%%rbx)")				\
	X(xchg_q, F_ALL, "xchgq %%rdx, (%%rbx)")				\
	X(xadd_b, F_ALL, "xaddb %%dl, (%%rbx)")					\
	X(xadd_q, F_ALL, "lock xaddq %%rdx, (%%rbx)")				\
	X(cmpxchg_l, F_ALL, "lock cmpxchgl %%edx, (%%rbx)")			\
	X(cmpxchg_q, F_ALL, "cmpxchgq %%rdx, (%%rbx)")				\
	X(rol_1, F_ALL, "rolq (%%rbx)")						\
	X(ror_1, F_ALL, "rorl (%%rbx)")						\
	X(rcl_1, F_ALL, "rclw (%%rbx)")						\
	X(rcr_1, F_ALL, "rcrb (%%rbx)")						\
	X(shl_1, NOT_AF, "shll (%%rbx)")					\
	X(shr_1, NOT_AF, "shrq (%%rbx)")					\
	X(sar_1, NOT_AF, "sarw (%%rbx)")					\
	X(rol_imm, ROTATED, "rolw $5, (%%rbx)")					\
	X(shl_imm, SHIFTED, "shlb $3, (%%rbx)")					\
	X(shr_imm, SHIFTED, "shrl $17, (%%rbx)")				\
	X(sar_imm, SHIFTED, "sarq $63, (%%rbx)")				\
	X(rol_cl, ROTATED, "rolb %%cl, (%%rbx)")				\
	X(ror_cl, ROTATED, "rorq %%cl, (%%rbx)")				\
	X(rcl_cl, ROTATED, "rclq %%cl, (%%rbx)")				\
	X(rcr_cl, ROTATED, "rcrl %%cl, (%%rbx)")				\
	X(shl_cl, SHIFTED, "shlq %%cl, (%%rbx)")				\
	X(shr_cl, SHIFTED, "shrl %%cl, (%%rbx)")				\
	X(sar_cl, SHIFTED, "sarl %%cl, (%%rbx)")				\
	X(shld_imm, SHIFTED, "shldl $7, %%edx, (%%rbx)")			\
	X(shrd_imm, SHIFTED, "shrdw $9, %%dx, (%%rbx)")				\
	X(shld_cl, SHIFTED, "shldq %%cl, %%rdx, (%%rbx)")			\
	X(shrd_cl, SHIFTED, "shrdl %%cl, %%edx, (%%rbx)")			\
	X(bts_l, BIT, "btsl %%ecx, (%%rbx)")					\
	X(btr_q, BIT, "lock btrq %%rcx, (%%rbx)")				\
	X(btc_w, BIT, "btcw %%cx, (%%rbx)")					\
	X(bts_imm, BIT, "btsq $61, (%%rbx)")					\
	X(btr_imm, BIT, "btrl $31, (%%rbx)")					\
	X(btc_imm, BIT, "btcw $7, (%%rbx)")					\
	X(seto, F_ALL, "seto (%%rbx)")						\
	X(setb, F_ALL, "setb (%%rbx)")						\
	X(setz, F_ALL, "setz (%%rbx)")						\
	X(setbe, F_ALL, "setbe (%%rbx)")					\
	X(sets, F_ALL, "sets (%%rbx)")						\
	X(setp, F_ALL, "setp (%%rbx)")						\
	X(setl, F_ALL, "setl (%%rbx)")						\
	X(setle, F_ALL, "setle (%%rbx)")					\
	X(setno, F_ALL, "setno (%%rbx)")					\
	X(setg, F_ALL, "setg (%%rbx)")

INSTRUCTIONS(NATIVE)

struct exec_row {
	const char *name;
	native_fn *run;
	u64 defined;		/* flags that it leaves defined */
};

#define ROW(name, defined, text)	{ #name, name, defined },
static const struct exec_row exec_rows[] = { INSTRUCTIONS(ROW) };

static void exec_desc(const struct exec_row *row, char *desc)
{
	strscpy(desc, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(exec, exec_rows, exec_desc);

/* By the bytes at @code. False: they are not known, or more or fewer than @len. */
static bool emulate(struct state *s, const u8 *code, size_t len)
{
	struct chariot_regs regs = {
		.gpr = { s->rax, s->rcx, s->rdx, (u64)&s->memory[1] },
		.rip = (u64)code,
		.rflags = s->flags,
	};
	struct chariot_insn insn;
	u64 old = 0, new;

	if (chariot_insn_decode(code, len, &regs, &insn) || insn.len != len ||
	    !(insn.flags & CHARIOT_INSN_EXEC) ||
	    insn.gva - (u64)s->memory > sizeof(s->memory) - insn.size)
		return false;
	memcpy(&old, (void *)insn.gva, insn.size);
	if (chariot_insn_execute(&insn, &regs, old, &new))
		memcpy((void *)insn.gva, &new, insn.size);
	s->rax = regs.gpr[0];
	s->rcx = regs.gpr[1];
	s->rdx = regs.gpr[2];
	s->flags = regs.rflags;
	return regs.rip == (u64)code + len;
}

static bool alike(const struct state *a, const struct state *b, u64 defined)
{
	return !memcmp(a->memory, b->memory, sizeof(a->memory)) && a->rax == b->rax &&
	       a->rcx == b->rcx && a->rdx == b->rdx &&
	       !((a->flags ^ b->flags) & defined);
}

static const u64 values[] = {
	0, 1, 0x7f, 0x80, 0xff, 0x7fff8000, 0x80007fff, 0x7fffffffffffffff,
	0x8000000000000000, 0x123456789abcdef0, ~0ull,
};

static const u64 counts[] = { 0, 1, 3, 9, 15, 31, 33, 63, 65 };

static const u64 flag_sets[] = {
	0x2, 0x2 | F_CF, 0x2 | F_ZF, 0x2 | F_SF, 0x2 | F_OF, 0x2 | F_PF,
	0x2 | F_CF | F_ZF, 0x2 | F_SF | F_OF, 0x2 | F_ALL,
};

static void try(struct kunit *test, u64 operand, u64 value, u64 count, u64 flags)
{
	const struct exec_row *row = test->param_value;
	const struct state before = {
		.memory = { 0x5555555555555555, operand, 0xaaaaaaaaaaaaaaaa },
		.rax = operand ^ (count & 1), .rcx = count, .rdx = value,
		.flags = flags,
	};
	struct state native = before, ours;
	const u8 *from, *to;

	row->run(&native, &from, &to);
	ours = before;
	if (!emulate(&ours, from, to - from))
		KUNIT_FAIL(test, "%*ph not emulated", (int)(to - from), from);
	else if (!alike(&native, &ours, row->defined))
		KUNIT_FAIL(test,
			   "%#llx by rdx %#llx, rcx %llu, flags %#llx: %#llx, %#llx; not %#llx, %#llx",
			   operand, value, count, flags, ours.memory[1], ours.flags,
			   native.memory[1], native.flags);
}

static void test_execute(struct kunit *test)
{
	size_t i, j, k, f;

	for (i = 0; i < ARRAY_SIZE(values); i++)
		for (j = 0; j < ARRAY_SIZE(values); j++)
			for (k = 0; k < ARRAY_SIZE(counts); k++)
				for (f = 0; f < ARRAY_SIZE(flag_sets); f++)
					try(test, values[i], values[j], counts[k],
					    flag_sets[f]);
}

static struct kunit_case exec_cases[] = {
	KUNIT_CASE_PARAM(test_execute, exec_gen_params),
	{ }
};

static struct kunit_suite exec_suite = {
	.name = "chariot_core_exec",
	.test_cases = exec_cases,
};

kunit_test_suite(exec_suite);
