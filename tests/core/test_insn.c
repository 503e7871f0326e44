// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * insn.c by examples: what one should know by heart of each family, and the
 * edges of the encoding. The breadth is in diff_zydis.c and diff_stores.c.
 */
#include "check.h"
#include "insn.h"

#define BYTES(...)	{ __VA_ARGS__ }, sizeof((u8[]){ __VA_ARGS__ })
#define WR	CHARIOT_INSN_WRITES
#define RD	CHARIOT_INSN_READS
#define REP	CHARIOT_INSN_REP
#define LCK	CHARIOT_INSN_LOCK
#define EXE	CHARIOT_INSN_EXEC
#define STR	CHARIOT_INSN_STRING
#define VAL	CHARIOT_INSN_VALUE
#define DWN	CHARIOT_INSN_DOWN
#define MSK	CHARIOT_INSN_MASKED
#define SCA	CHARIOT_INSN_SCATTER
#define STK	CHARIOT_INSN_STACK

#define GPR(n)	(0x1111111100000000ull + 0x1000000ull * (n))
#define RIP	0xffffffffc0001000ull
#define FS	0x7000000000ull
#define GS	0xffff888000000000ull

static const struct chariot_regs registers = {
	.gpr = { GPR(0), 16, GPR(2), GPR(3), GPR(4), GPR(5), GPR(6), GPR(7),
		 GPR(8), GPR(9), GPR(10), GPR(11), GPR(12), GPR(13), GPR(14),
		 GPR(15) },
	.rip = RIP,
	.rflags = 0x2,
	.fs_base = FS,
	.gs_base = GS,
};

struct insn_case {
	const char *text;
	u8 bytes[16];
	u32 n;
	u32 flags;
	u32 size;
	u64 gva;
};

static const struct insn_case cases[] = {
	{ "nop", BYTES(0x90), 0, 0, 0 },
	{ "mov [rax], ecx", BYTES(0x89, 0x08), WR | EXE | VAL, 4, GPR(0) },
	{ "mov [rax], cl", BYTES(0x88, 0x08), WR | EXE | VAL, 1, GPR(0) },
	{ "mov [rax], cx", BYTES(0x66, 0x89, 0x08), WR | EXE | VAL, 2, GPR(0) },
	{ "mov [rax], rcx", BYTES(0x48, 0x89, 0x08), WR | EXE | VAL, 8, GPR(0) },
	{ "mov eax, [rcx]", BYTES(0x8b, 0x01), 0, 0, 0 },
	{ "mov eax, ecx", BYTES(0x89, 0xc8), 0, 0, 0 },
	/* Addresses. */
	{ "mov [rbp - 8], eax", BYTES(0x89, 0x45, 0xf8), WR | EXE | VAL, 4,
	  GPR(5) - 8 },
	{ "mov [rax + 0x80000000 signed], ecx",
	  BYTES(0x89, 0x88, 0, 0, 0, 0x80), WR | EXE | VAL, 4,
	  GPR(0) - 0x80000000ull },
	{ "mov [rip + 0x10], eax", BYTES(0x89, 0x05, 0x10, 0, 0, 0),
	  WR | EXE | VAL, 4, RIP + 6 + 0x10 },
	{ "mov dword [rip + 0x10], 1: the immediate counts",
	  BYTES(0xc7, 0x05, 0x10, 0, 0, 0, 1, 0, 0, 0), WR | EXE | VAL, 4,
	  RIP + 10 + 0x10 },
	{ "mov [eip + 0x10], eax", BYTES(0x67, 0x89, 0x05, 0x10, 0, 0, 0),
	  WR | EXE | VAL, 4, (u32)(RIP + 7 + 0x10) },
	{ "mov [rax + rcx * 8 + 4], edx", BYTES(0x89, 0x54, 0xc8, 0x04),
	  WR | EXE | VAL, 4, GPR(0) + 16 * 8 + 4 },
	{ "mov [rsp], eax", BYTES(0x89, 0x04, 0x24), WR | EXE | VAL, 4, GPR(4) },
	{ "mov [r12], eax", BYTES(0x41, 0x89, 0x04, 0x24), WR | EXE | VAL, 4,
	  GPR(12) },
	{ "mov [rax + r12], edx", BYTES(0x42, 0x89, 0x14, 0x20),
	  WR | EXE | VAL, 4, GPR(0) + GPR(12) },
	{ "mov [r13 + 0], eax", BYTES(0x41, 0x89, 0x45, 0), WR | EXE | VAL, 4,
	  GPR(13) },
	{ "mov [0x1234], eax", BYTES(0x89, 0x04, 0x25, 0x34, 0x12, 0, 0),
	  WR | EXE | VAL, 4, 0x1234 },
	{ "mov [0x1234], eax with REX.B",
	  BYTES(0x41, 0x89, 0x04, 0x25, 0x34, 0x12, 0, 0), WR | EXE | VAL, 4,
	  0x1234 },
	{ "mov [eax], ecx", BYTES(0x67, 0x89, 0x08), WR | EXE | VAL, 4,
	  (u32)GPR(0) },
	{ "mov [edi - 1]", BYTES(0x67, 0x89, 0x4f, 0xff), WR | EXE | VAL, 4,
	  (u32)(GPR(7) - 1) },
	{ "mov gs:[0x10], eax", BYTES(0x65, 0x89, 0x04, 0x25, 0x10, 0, 0, 0),
	  WR | EXE | VAL, 4, GS + 0x10 },
	{ "mov fs:[rax], ecx", BYTES(0x64, 0x89, 0x08), WR | EXE | VAL, 4,
	  FS + GPR(0) },
	{ "mov fs:[rax], ecx with a DS prefix behind",
	  BYTES(0x64, 0x3e, 0x89, 0x08), WR | EXE | VAL, 4, FS + GPR(0) },
	{ "the last segment wins", BYTES(0x64, 0x65, 0x89, 0x08),
	  WR | EXE | VAL, 4, GS + GPR(0) },
	{ "movabs [0x1122334455667788], al",
	  BYTES(0xa2, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11),
	  WR | EXE | VAL, 1, 0x1122334455667788 },
	{ "mov [0xfffffff0], rax", BYTES(0x67, 0x48, 0xa3, 0xf0, 0xff, 0xff,
	  0xff), WR | EXE | VAL, 8, 0xfffffff0 },
	/* Prefixes. */
	{ "REX before a legacy prefix is void", BYTES(0x48, 0x66, 0x89, 0x08),
	  WR | EXE | VAL, 2, GPR(0) },
	{ "REX.W beats 66", BYTES(0x66, 0x48, 0x89, 0x08), WR | EXE | VAL, 8,
	  GPR(0) },
	{ "lock inc", BYTES(0xf0, 0xff, 0x00), WR | RD | LCK | EXE, 4, GPR(0) },
	{ "lock xadd", BYTES(0xf0, 0x0f, 0xc1, 0x08), WR | RD | LCK | EXE, 4,
	  GPR(0) },
	{ "xchg locks by itself", BYTES(0x87, 0x08), WR | RD | LCK | EXE, 4,
	  GPR(0) },
	/* Read, modify, write. */
	{ "add [rax], ecx", BYTES(0x01, 0x08), WR | RD | EXE, 4, GPR(0) },
	{ "cmp [rax], ecx", BYTES(0x39, 0x08), 0, 0, 0 },
	{ "add dword [rax], 1", BYTES(0x83, 0x00, 0x01), WR | RD | EXE, 4,
	  GPR(0) },
	{ "cmp dword [rax], 1", BYTES(0x83, 0x38, 0x01), 0, 0, 0 },
	{ "test dword [rax], 1", BYTES(0xf7, 0x00, 1, 0, 0, 0), 0, 0, 0 },
	{ "not word [rax]", BYTES(0x66, 0xf7, 0x10), WR | RD | EXE, 2, GPR(0) },
	{ "shl qword [rax], 3", BYTES(0x48, 0xc1, 0x20, 3), WR | RD | EXE, 8,
	  GPR(0) },
	{ "shld [rax], edx, 3", BYTES(0x0f, 0xa4, 0x10, 3), WR | RD | EXE, 4,
	  GPR(0) },
	{ "bts [rax], rcx: bit 16", BYTES(0x48, 0x0f, 0xab, 0x08),
	  WR | RD | EXE, 8, GPR(0) },
	{ "bts [rax], r8: far", BYTES(0x4c, 0x0f, 0xab, 0x00), WR | RD | EXE, 8,
	  GPR(0) + (GPR(8) >> 6) * 8 },
	{ "bt [rax], ecx", BYTES(0x0f, 0xa3, 0x08), 0, 0, 0 },
	{ "btr qword [rax], 65: no move", BYTES(0x48, 0x0f, 0xba, 0x30, 65),
	  WR | RD | EXE, 8, GPR(0) },
	{ "cmpxchg8b", BYTES(0x0f, 0xc7, 0x08), WR | RD, 8, GPR(0) },
	{ "lock cmpxchg16b", BYTES(0xf0, 0x48, 0x0f, 0xc7, 0x08),
	  WR | RD | LCK, 16, GPR(0) },
	{ "sete [rax]", BYTES(0x0f, 0x94, 0x00), WR | EXE | VAL, 1, GPR(0) },
	{ "movnti [rax], rcx", BYTES(0x48, 0x0f, 0xc3, 0x08), WR | EXE | VAL, 8,
	  GPR(0) },
	{ "movbe [rax], ecx", BYTES(0x0f, 0x38, 0xf1, 0x08), WR | EXE | VAL, 4,
	  GPR(0) },
	{ "crc32 ecx, eax", BYTES(0xf2, 0x0f, 0x38, 0xf1, 0xc8), 0, 0, 0 },
	{ "mov [rax], es: two bytes", BYTES(0x48, 0x8c, 0x00), WR, 2, GPR(0) },
	/* Strings. */
	{ "stosb", BYTES(0xaa), WR | STR | EXE | VAL, 1, GPR(7) },
	{ "rep stosq", BYTES(0xf3, 0x48, 0xab), WR | STR | EXE | VAL | REP, 8,
	  GPR(7) },
	{ "repne stosd", BYTES(0xf2, 0xab), WR | STR | EXE | VAL | REP, 4,
	  GPR(7) },
	{ "gs stosb: not overridden", BYTES(0x65, 0xaa),
	  WR | STR | EXE | VAL, 1, GPR(7) },
	{ "rep movsb", BYTES(0xf3, 0xa4), WR | STR | EXE | REP, 1, GPR(7) },
	{ "a32 movsw", BYTES(0x67, 0x66, 0xa5), WR | STR | EXE, 2, (u32)GPR(7) },
	{ "insd", BYTES(0x6d), WR, 4, GPR(7) },
	{ "outsd", BYTES(0x6f), 0, 0, 0 },
	{ "lodsb", BYTES(0xac), 0, 0, 0 },
	{ "rep cmpsb", BYTES(0xf3, 0xa6), 0, 0, 0 },
	/* The stack. */
	{ "push rbx", BYTES(0x53), WR | STK | VAL, 8, GPR(4) - 8 },
	{ "push r11", BYTES(0x41, 0x53), WR | STK | VAL, 8, GPR(4) - 8 },
	{ "push word 1", BYTES(0x66, 0x6a, 1), WR | STK | VAL, 2, GPR(4) - 2 },
	{ "push [rax]", BYTES(0xff, 0x30), WR | STK, 8, GPR(4) - 8 },
	{ "call", BYTES(0xe8, 0, 0, 0, 0), WR | STK | VAL, 8, GPR(4) - 8 },
	{ "call with REX.W and 66", BYTES(0x66, 0x48, 0xe8, 0, 0, 0, 0),
	  WR | STK | VAL, 8, GPR(4) - 8 },
	{ "call [rax]", BYTES(0xff, 0x10), WR | STK | VAL, 8, GPR(4) - 8 },
	{ "pushf", BYTES(0x9c), WR | STK, 8, GPR(4) - 8 },
	{ "enter 16, 2", BYTES(0xc8, 16, 0, 2), WR | STK, 24, GPR(4) - 24 },
	{ "pop [rsp + 8]", BYTES(0x8f, 0x44, 0x24, 8), WR, 8, GPR(4) + 16 },
	{ "pop [rax]", BYTES(0x8f, 0x00), WR, 8, GPR(0) },
	{ "ret", BYTES(0xc3), 0, 0, 0 },
	{ "jmp", BYTES(0xe9, 0, 0, 0, 0), 0, 0, 0 },
	/* Floating point and state. */
	{ "fstp tbyte [rax]", BYTES(0xdb, 0x38), WR, 10, GPR(0) },
	{ "fnstcw [rax]", BYTES(0xd9, 0x38), WR, 2, GPR(0) },
	{ "fldcw [rax]", BYTES(0xd9, 0x28), 0, 0, 0 },
	{ "fxsave [rax]", BYTES(0x0f, 0xae, 0x00), WR, 512, GPR(0) },
	{ "fxrstor [rax]", BYTES(0x0f, 0xae, 0x08), 0, 0, 0 },
	{ "stmxcsr [rax]", BYTES(0x0f, 0xae, 0x18), WR, 4, GPR(0) },
	{ "xsave [rax]: length unknown", BYTES(0x0f, 0xae, 0x20), WR, 0,
	  GPR(0) },
	{ "xsaves64 [rax]", BYTES(0x48, 0x0f, 0xc7, 0x28), WR, 0, GPR(0) },
	{ "clflush [rax]", BYTES(0x0f, 0xae, 0x38), 0, 0, 0 },
	{ "mfence", BYTES(0x0f, 0xae, 0xf0), 0, 0, 0 },
	{ "sgdt [rax]", BYTES(0x0f, 0x01, 0x00), WR, 10, GPR(0) },
	{ "clzero", BYTES(0x0f, 0x01, 0xfc), WR, 64, GPR(0) & ~63ull },
	{ "mov rax, cr0 with a memory ModRM", BYTES(0x0f, 0x20, 0x00), 0, 0, 0 },
	/* Vectors. */
	{ "movups [rax], xmm1", BYTES(0x0f, 0x11, 0x08), WR, 16, GPR(0) },
	{ "movss [rax], xmm1", BYTES(0xf3, 0x0f, 0x11, 0x08), WR, 4, GPR(0) },
	{ "movq [rax], xmm1", BYTES(0x66, 0x0f, 0xd6, 0x08), WR, 8, GPR(0) },
	{ "movd [rax], xmm1", BYTES(0x66, 0x0f, 0x7e, 0x08), WR, 4, GPR(0) },
	{ "movnti aside, movntdq", BYTES(0x66, 0x0f, 0xe7, 0x08), WR, 16,
	  GPR(0) },
	{ "maskmovdqu", BYTES(0x66, 0x0f, 0xf7, 0xc1), WR | MSK, 16, GPR(7) },
	{ "pextrb [rax], xmm1, 3", BYTES(0x66, 0x0f, 0x3a, 0x14, 0x08, 3), WR,
	  1, GPR(0) },
	{ "vmovdqu [rax], ymm1", BYTES(0xc5, 0xfe, 0x7f, 0x08), WR, 32, GPR(0) },
	{ "vextracti128 [rax], ymm1, 1",
	  BYTES(0xc4, 0xe3, 0x7d, 0x39, 0x08, 1), WR, 16, GPR(0) },
	{ "vpmaskmovd [rax], ymm1, ymm2", BYTES(0xc4, 0xe2, 0x75, 0x8e, 0x10),
	  WR | MSK, 32, GPR(0) },
	{ "kmovw [rax], k1", BYTES(0xc5, 0xf8, 0x91, 0x08), WR, 2, GPR(0) },
	{ "vmovdqu64 [rax + 0x40], zmm1: disp8 in vectors",
	  BYTES(0x62, 0xf1, 0xfe, 0x48, 0x7f, 0x48, 0x01), WR, 64,
	  GPR(0) + 64 },
	{ "vmovdqu32 [rax] {k1}, zmm1",
	  BYTES(0x62, 0xf1, 0x7e, 0x49, 0x7f, 0x08), WR | MSK, 64, GPR(0) },
	{ "vpmovqb [rax + 8], zmm1",
	  BYTES(0x62, 0xf2, 0x7e, 0x48, 0x32, 0x48, 0x01), WR, 8, GPR(0) + 8 },
	{ "vpcompressd [rax + 4], zmm1",
	  BYTES(0x62, 0xf2, 0x7d, 0x48, 0x8b, 0x48, 0x01), WR, 64, GPR(0) + 4 },
	{ "vpscatterdd [rax + zmm0] {k1}, zmm1",
	  BYTES(0x62, 0xf2, 0x7d, 0x49, 0xa0, 0x0c, 0x00), WR | SCA | MSK, 0,
	  0 },
	{ "vzeroupper", BYTES(0xc5, 0xf8, 0x77), 0, 0, 0 },
};

struct bad_case {
	const char *text;
	u8 bytes[16];
	u32 n;
};

static const struct bad_case bad_cases[] = {
	{ "push es", BYTES(0x06) },
	{ "daa", BYTES(0x27) },
	{ "pusha", BYTES(0x60) },
	{ "call far immediate", BYTES(0x9a, 0, 0, 0, 0, 0, 0) },
	{ "into", BYTES(0xce) },
	{ "aad", BYTES(0xd5, 0x0a) },
	{ "salc", BYTES(0xd6) },
	{ "82 /0", BYTES(0x82, 0x00, 0x00) },
	{ "XOP", BYTES(0x8f, 0xe8, 0x78, 0x08) },
	{ "0f 04", BYTES(0x0f, 0x04) },
	{ "ff /7", BYTES(0xff, 0x38) },
	{ "fe /2", BYTES(0xfe, 0x10) },
	{ "bt group /0", BYTES(0x0f, 0xba, 0x00, 0x00) },
	{ "lock mov", BYTES(0xf0, 0x89, 0x08) },
	{ "lock add register", BYTES(0xf0, 0x01, 0xc8) },
	{ "lock cmp", BYTES(0xf0, 0x39, 0x08) },
	{ "lock shl", BYTES(0xf0, 0xd1, 0x20) },
	{ "lock shld", BYTES(0xf0, 0x0f, 0xa4, 0x10, 3) },
	{ "lock bt", BYTES(0xf0, 0x0f, 0xa3, 0x08) },
	{ "lock xadd register", BYTES(0xf0, 0x0f, 0xc1, 0xc8) },
	{ "lock setcc", BYTES(0xf0, 0x0f, 0x94, 0x00) },
	{ "lock push", BYTES(0xf0, 0x50) },
	{ "66 VEX", BYTES(0x66, 0xc5, 0xf8, 0x77) },
	{ "REX VEX", BYTES(0x48, 0xc5, 0xf8, 0x77) },
	{ "lock VEX", BYTES(0xf0, 0xc5, 0xf8, 0x77) },
	{ "VEX map 4", BYTES(0xc4, 0xe4, 0x78, 0x10, 0x00) },
	{ "EVEX map 4", BYTES(0x62, 0xf4, 0x7c, 0x08, 0x00, 0x00) },
	{ "EVEX map 0", BYTES(0x62, 0xf0, 0x7c, 0x08, 0x00, 0x00) },
	{ "call of 16 bits", BYTES(0x66, 0xe8, 0, 0, 0, 0) },
	{ "jz of 16 bits", BYTES(0x66, 0x0f, 0x84, 0, 0, 0, 0) },
	{ "call [rax] of 16 bits", BYTES(0x66, 0xff, 0x10) },
	{ "16 bytes", BYTES(0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
			    0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90) },
};

static void test_cases(void)
{
	struct chariot_insn insn;
	unsigned int i;
	u32 n;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct insn_case *c = &cases[i];
		int err = chariot_insn_decode(c->bytes, sizeof(c->bytes),
					      &registers, &insn);

		CHECK(!err && insn.len == c->n, "%s: error %d, length %u",
		      c->text, err, insn.len);
		CHECK(insn.flags == c->flags, "%s: flags %#x", c->text,
		      insn.flags);
		CHECK(insn.size == c->size, "%s: size %u", c->text, insn.size);
		CHECK(insn.gva == c->gva || c->flags & SCA, "%s: gva %#llx",
		      c->text, insn.gva);
		CHECK(insn.count == (c->flags & REP ? 16 : 1),
		      "%s: count %llu", c->text, insn.count);
		for (n = 0; n < c->n; n++)
			CHECK(chariot_insn_decode(c->bytes, n, &registers,
						  &insn) == -EAGAIN,
			      "%s: content with %u bytes", c->text, n);
	}
	for (i = 0; i < ARRAY_SIZE(bad_cases); i++) {
		const struct bad_case *c = &bad_cases[i];

		CHECK(chariot_insn_decode(c->bytes, c->n, &registers, &insn) ==
		      -EINVAL, "%s: accepted", c->text);
	}
}

/* What is known of the value before it is written. */
static void test_values(void)
{
	static const struct {
		u8 bytes[16];
		u64 value;
	} rows[] = {
		{ { 0x89, 0x18 }, 0x33441155 },
		{ { 0x48, 0x89, 0x18 }, 0x1122887733441155 },
		{ { 0x88, 0x38 }, 0x11 },		/* bh */
		{ { 0x40, 0x88, 0x38 }, 0x22 },		/* dil */
		{ { 0xc7, 0x00, 0xff, 0xff, 0xff, 0xff }, 0xffffffff },
		{ { 0x48, 0xc7, 0x00, 0xff, 0xff, 0xff, 0xff }, ~0ull },
		{ { 0xc6, 0x00, 0x80 }, 0x80 },
		{ { 0x0f, 0x94, 0x00 }, 0 },		/* sete */
		{ { 0x0f, 0x95, 0x00 }, 1 },		/* setne */
		{ { 0x0f, 0x38, 0xf1, 0x18 }, 0x55114433 },
		{ { 0x6a, 0xff }, ~0ull },
		{ { 0x54 }, GPR(4) },			/* push rsp */
		{ { 0xe8, 1, 2, 3, 4 }, RIP + 5 },
		{ { 0xff, 0x10 }, RIP + 2 },
	};
	struct chariot_regs regs = registers;
	struct chariot_insn insn;
	unsigned int i;
	u64 value;

	regs.gpr[3] = 0x1122887733441155;
	regs.gpr[7] |= 0x22;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		CHECK(!chariot_insn_decode(rows[i].bytes, 15, &regs, &insn),
		      "value %u", i);
		memcpy(&value, insn.value, 8);
		CHECK((insn.flags & VAL) && value == rows[i].value,
		      "value %u: %#llx, not %#llx", i, value, rows[i].value);
	}
}

/* Strings: direction, count, source. */
static void test_strings(void)
{
	static const u8 rep_movsq[] = { 0xf3, 0x48, 0xa5 };
	static const u8 gs_movsb[] = { 0x65, 0xa4 };
	static const u8 a32_rep_stosb[] = { 0x67, 0xf3, 0xaa };
	struct chariot_regs regs = registers;
	struct chariot_insn insn;
	u64 new;

	regs.rflags |= 0x400;
	chariot_insn_decode(rep_movsq, 3, &regs, &insn);
	CHECK(insn.flags == (WR | STR | EXE | REP | DWN) && insn.count == 16 &&
	      insn.gva == GPR(7) && insn.src_gva == GPR(6), "rep movsq, down");
	chariot_insn_decode(gs_movsb, 2, &regs, &insn);
	CHECK(insn.gva == GPR(7) && insn.src_gva == GS + GPR(6), "gs movsb");

	regs.gpr[1] = 0xffffffff00000000;
	chariot_insn_decode(a32_rep_stosb, 3, &regs, &insn);
	CHECK(!(insn.flags & WR) && !insn.count, "ecx is 0");
	regs.gpr[1] = 0xffffffff00000002;
	chariot_insn_decode(a32_rep_stosb, 3, &regs, &insn);
	CHECK((insn.flags & WR) && insn.count == 2, "ecx is 2");

	/* RIP stays while there is something left; RSI and RDI go down. */
	regs = registers;
	regs.rflags |= 0x400;
	regs.gpr[1] = 2;
	chariot_insn_decode(rep_movsq, 3, &regs, &insn);
	CHECK(chariot_insn_execute(&insn, &regs, 77, &new) && new == 77 &&
	      regs.rip == RIP && regs.gpr[1] == 1 &&
	      regs.gpr[6] == GPR(6) - 8 && regs.gpr[7] == GPR(7) - 8, "first");
	CHECK(chariot_insn_execute(&insn, &regs, 78, &new) && new == 78 &&
	      regs.rip == RIP + 3 && !regs.gpr[1], "second");
	regs.rip = RIP;
	CHECK(!chariot_insn_execute(&insn, &regs, 78, &new) &&
	      regs.rip == RIP + 3 && regs.gpr[7] == GPR(7) - 16, "none left");
}

/* A compare-and-exchange of the caller's may fail: then it asks again. */
static void test_cmpxchg(void)
{
	static const u8 lock_cmpxchg[] = { 0xf0, 0x0f, 0xb1, 0x13 };
	struct chariot_regs regs = registers, kept = registers;
	struct chariot_insn insn;
	u64 new;

	CHECK(!chariot_insn_decode(lock_cmpxchg, 4, &regs, &insn), "decode");
	CHECK(chariot_insn_execute(&insn, &regs, (u32)GPR(0), &new) &&
	      new == (u32)GPR(2) && (regs.rflags & 0x40) &&
	      regs.rip == RIP + 4, "equal");
	regs = kept;
	CHECK(!chariot_insn_execute(&insn, &regs, 5, &new) &&
	      !(regs.rflags & 0x40) && regs.gpr[0] == 5 &&
	      regs.rip == RIP + 4, "not equal");
}

int main(void)
{
	test_cases();
	test_values();
	test_strings();
	test_cmpxchg();
	return summary("%zu examples", ARRAY_SIZE(cases) +
		       ARRAY_SIZE(bad_cases));
}
