// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * How much instructions write that are decoded, and never emulated: those of vectors,
 * of the system, of state. The assembler writes them; none is run.
 */
#include <kunit/test.h>

#include "insn.h"

#define W	CHARIOT_INSN_WRITES
#define SCATTER	(CHARIOT_INSN_WRITES | CHARIOT_INSN_SCATTER)
#define STACK	(CHARIOT_INSN_WRITES | CHARIOT_INSN_STACK)

/* Each is at (%rbx), or at the stack; the size is 0 where only the state tells. */
#define STORES(X)								\
	X(fnstenv_16, W, 14, "data16 fnstenv (%rbx)")				\
	X(fnsave, W, 108, "fnsave (%rbx)")					\
	X(sldt, W, 2, "sldt (%rbx)")						\
	X(str, W, 2, "str (%rbx)")						\
	X(smsw, W, 2, "smsw (%rbx)")						\
	X(vmread, W, 8, "vmread %rax, (%rbx)")					\
	X(vmptrst, W, 8, "vmptrst (%rbx)")					\
	X(clrssbsy, W, 8, "clrssbsy (%rbx)")					\
	X(rstorssp, W, 8, "rstorssp (%rbx)")					\
	X(push_fs, STACK, 8, "push %fs")					\
	X(push_gs, STACK, 8, "push %gs")					\
	X(call_far, STACK, 8, "lcall *(%rbx)")					\
	X(movlps, W, 8, "movlps %xmm0, (%rbx)")					\
	X(movhps, W, 8, "movhps %xmm0, (%rbx)")					\
	X(movaps, W, 16, "movaps %xmm0, (%rbx)")				\
	X(vmovaps, W, 32, "vmovaps %ymm0, (%rbx)")				\
	X(vmovaps_512, W, 64, "vmovaps %zmm0, (%rbx)")				\
	X(movntps, W, 16, "movntps %xmm0, (%rbx)")				\
	X(movntss, W, 4, "movntss %xmm0, (%rbx)")				\
	X(movntsd, W, 8, "movntsd %xmm0, (%rbx)")				\
	X(movss, W, 4, "movss %xmm0, (%rbx)")					\
	X(kmovw, W, 2, "kmovw %k1, (%rbx)")					\
	X(kmovb, W, 1, "kmovb %k1, (%rbx)")					\
	X(kmovd, W, 4, "kmovd %k1, (%rbx)")					\
	X(kmovq, W, 8, "kmovq %k1, (%rbx)")					\
	X(pextrb, W, 1, "pextrb $1, %xmm0, (%rbx)")				\
	X(pextrw, W, 2, "pextrw $1, %xmm0, (%rbx)")				\
	X(pextrd, W, 4, "pextrd $1, %xmm0, (%rbx)")				\
	X(pextrq, W, 8, "pextrq $1, %xmm0, (%rbx)")				\
	X(extractps, W, 4, "extractps $1, %xmm0, (%rbx)")			\
	X(vextractf128, W, 16, "vextractf128 $1, %ymm0, (%rbx)")		\
	X(vextractf64x4, W, 32, "vextractf64x4 $1, %zmm0, (%rbx)")		\
	X(vcvtps2ph, W, 16, "vcvtps2ph $0, %ymm0, (%rbx)")			\
	X(vmovsh, W, 2, "vmovsh %xmm0, (%rbx)")					\
	X(vmovw, W, 2, "vmovw %xmm0, (%rbx)")					\
	X(vpmovqb, W, 8, "vpmovqb %zmm0, (%rbx)")				\
	X(wruss, W, 8, "wrussq %rax, (%rbx)")					\
	X(wrss, W, 4, "wrssd %eax, (%rbx)")					\
	X(movdir64b, W, 64, "movdir64b (%rdx), %rbx")				\
	X(movdiri, W, 8, "movdiri %rax, (%rbx)")				\
	X(aadd, W, 4, "aadd %eax, (%rbx)")					\
	X(cmpxadd, W, 8, "cmpzxadd %rax, %rcx, (%rbx)")				\
	X(sttilecfg, W, 64, "sttilecfg (%rbx)")					\
	X(tilestored, SCATTER, 0, "tilestored %tmm1, (%rbx,%rcx)")		\
	X(vscatterdps, SCATTER, 0, "vscatterdps %zmm0, (%rbx,%zmm1){%k1}")	\
	X(vpcompressb, W, 64, "vpcompressb %zmm0, (%rbx)")			\
	X(xsave, W, 0, "xsave (%rbx)")						\
	X(xsavec, W, 0, "xsavec (%rbx)")

struct code {
	u8 len;
	u8 bytes[15];
};

#define CODE(name, flags, size, text)						\
asm(".pushsection .rodata\n"							\
    "store_" #name ":\n\t.byte 2f - 1f\n1:\t" text "\n2:\n"			\
    "\t.skip 16 - (. - store_" #name ")\n\t.popsection");			\
extern const struct code store_##name;

STORES(CODE)

struct store_row {
	const char *name;
	const struct code *code;
	u32 flags;
	u32 size;
};

#define ROW(name, flags, size, text)	{ #name, &store_##name, flags, size },
static const struct store_row store_rows[] = { STORES(ROW) };

static void store_desc(const struct store_row *row, char *desc)
{
	strscpy(desc, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(store, store_rows, store_desc);

static void test_store(struct kunit *test)
{
	const struct store_row *row = test->param_value;
	const struct chariot_regs regs = {
		.gpr = { [1] = 0x100, [2] = 0x20000, [3] = 0x30000, [4] = 0x40000 },
		.rip = 0x50000,
	};
	struct chariot_insn insn;
	u32 n;

	KUNIT_ASSERT_EQ(test, 0, chariot_insn_decode(row->code->bytes, row->code->len,
						     &regs, &insn));
	KUNIT_EXPECT_EQ(test, insn.len, row->code->len);
	KUNIT_EXPECT_EQ(test, insn.flags & (SCATTER | STACK), row->flags);
	KUNIT_EXPECT_FALSE(test, insn.flags & CHARIOT_INSN_EXEC);
	KUNIT_EXPECT_EQ(test, insn.size, row->size);
	if (row->flags == W)
		KUNIT_EXPECT_EQ(test, insn.gva, 0x30000ull);
	if (row->flags == STACK)
		KUNIT_EXPECT_GE(test, insn.gva + 16, 0x40000ull);
	/* Each byte is needed. */
	for (n = 0; n < row->code->len; n++)
		KUNIT_EXPECT_EQ(test, -EAGAIN,
				chariot_insn_decode(row->code->bytes, n, &regs, &insn));
}

static struct kunit_case store_cases[] = {
	KUNIT_CASE_PARAM(test_store, store_gen_params),
	{ }
};

static struct kunit_suite store_suite = {
	.name = "chariot_core_store",
	.test_cases = store_cases,
};

kunit_test_suite(store_suite);
