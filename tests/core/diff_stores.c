// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * insn.c against this machine's processor over the whole of its opcodes: the
 * length of each instruction, and which bytes of memory it changes.
 *
 * An instruction is put at the end of a page that nothing follows, with one
 * byte more until the processor is content. What it changed of the arena must
 * lie in the store that was foretold; and what was foretold be changed.
 */
#include "check.h"
#include "insn.h"
#include "native.h"

#define MIDDLE	(NATIVE_ARENA + NATIVE_SIZE / 2)
#define TAIL	10		/* bytes behind the opcode */

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

static u8 before[NATIVE_SIZE];
static unsigned long lengths, footprints, undefined;
static u64 seed = 0x434841;

/* Bytes of one candidate, up to and including its opcode. */
struct candidate {
	u8 bytes[16 + TAIL];
	u32 length;
	u32 opcode_at;
	u8 map;			/* 0x80 is set for VEX and EVEX */
};

static void put(struct candidate *c, u8 byte)
{
	c->bytes[c->length++] = byte;
}

static const char *text_of(const u8 *bytes, u32 length)
{
	static char text[64];
	u32 i;

	text[0] = '\0';
	for (i = 0; i < length && i < 15; i++)
		snprintf(text + 3 * i, sizeof(text) - 3 * i, "%02x ", bytes[i]);
	return text;
}

/* Is the byte no opcode here, but a prefix or an escape? */
static bool no_opcode(const struct candidate *c)
{
	u8 op = c->bytes[c->opcode_at];

	switch (c->map) {
	case 0:
		return op == 0x0f || (op & 0xe7) == 0x26 || (op & 0xf0) == 0x40 ||
		       op == 0x62 || (op >= 0x64 && op <= 0x67) || op == 0xc4 ||
		       op == 0xc5 || op == 0xf0 || op == 0xf2 || op == 0xf3;
	case 1:
		return op == 0x38 || op == 0x3a;
	default:
		return false;
	}
}

/* What would reach beyond the test: FS, which the C library lives by. */
static bool dangerous(const struct candidate *c)
{
	u8 op = c->bytes[c->opcode_at];
	u8 modrm = c->bytes[c->opcode_at + 1];
	u8 reg = modrm >> 3 & 7;

	switch (c->map) {
	case 0:
		return op == 0x8e && reg == 4;
	case 1:
		/* SYSCALL, SYSENTER; POP FS, LFS; WRFSBASE. */
		return op == 0x05 || op == 0x34 || op == 0xa1 || op == 0xb4 ||
		       (op == 0xae && modrm >= 0xc0 && reg == 2);
	default:
		return false;
	}
}

/*
 * Not decoded, on purpose: near branches with an operand-size prefix, where the
 * vendors differ, and LOCK VERW, which Zen 4 lets pass.
 */
static bool left_out(const struct candidate *c)
{
	u8 op = c->bytes[c->opcode_at];
	u8 reg = c->bytes[c->opcode_at + 1] >> 3 & 7;

	if (c->bytes[0] == 0xf0)
		return c->map == 1 && op == 0x00 && reg == 5;
	if (c->bytes[0] != 0x66)
		return false;
	return (c->map == 0 && (op == 0xe8 || op == 0xe9)) ||
	       (c->map == 0 && op == 0xff && reg == 2) ||
	       (c->map == 1 && (op & 0xf0) == 0x80);
}

static void fill_state(struct native_state *s, struct chariot_regs *regs)
{
	u32 i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < 16; i++)
		s->gpr[i] = MIDDLE + 0x100 * i;
	s->gpr[RCX] = 3;		/* for REP, and as an index */
	s->gpr[RDX] = 0x1122334455667788;
	s->gpr[RBX] = MIDDLE + 0x300;
	s->gs_base = 0x40;
	s->rflags = 0x202;
	memset(regs, 0, sizeof(*regs));
	memcpy(regs->gpr, s->gpr, sizeof(regs->gpr));
	regs->rflags = s->rflags;
	regs->gs_base = s->gs_base;
}

/* First and last byte of the arena that are not as @want. Length, or 0. */
static u32 changed(const u8 *want, u64 *first)
{
	const u8 *arena = native_arena();
	u32 low = 0, high = NATIVE_SIZE;

	if (!memcmp(arena, want, NATIVE_SIZE))
		return 0;
	while (arena[low] == want[low])
		low++;
	while (arena[high - 1] == want[high - 1])
		high--;
	*first = NATIVE_ARENA + low;
	return high - low;
}

/* Where the store may differ from all that was foretold. */
static bool may_be_less(const struct chariot_insn *insn)
{
	const u32 vague = CHARIOT_INSN_MASKED | CHARIOT_INSN_READS |
			  CHARIOT_INSN_SCATTER;

	/* What comes from the arena may be what is there. */
	if (insn->src_gva || (insn->map == 0 && insn->opcode == 0x8f))
		return true;
	/*
	 * FXSAVE leaves out what software may use, FNSAVE and FNSTENV what is
	 * reserved; PUSH of a segment register its upper half.
	 */
	return (insn->flags & vague) || insn->size >= 28 || insn->size == 14 ||
	       (insn->map == 1 && (insn->opcode & 0xf7) == 0xa0);
}

static void compare_footprint(const struct candidate *c,
			      const struct chariot_insn *insn, u64 first,
			      u64 end)
{
	const char *text = text_of(c->bytes, insn->len);
	u64 from = insn->gva, to = insn->gva + insn->size * insn->count;

	footprints++;
	if (!(insn->flags & CHARIOT_INSN_WRITES)) {
		CHECK(first == end, "%s: changed %#llx to %#llx, no store",
		      text, first, end);
		return;
	}
	if (!insn->size || insn->flags & CHARIOT_INSN_SCATTER)
		return;
	CHECK(first == end || (first >= from && end <= to),
	      "%s: changed %#llx to %#llx, not %#llx to %#llx", text, first,
	      end, from, to);
	if (!may_be_less(insn))
		CHECK(first == from && end == to,
		      "%s: changed only %#llx to %#llx of %#llx to %#llx",
		      text, first, end, from, to);
}

/* Twice, over an arena and over its complement: a byte written shows. */
static void try_footprint(const struct candidate *c,
			  const struct chariot_insn *insn,
			  const struct native_state *state)
{
	u64 first = ~0ull, end = 0;
	u32 round, i;

	for (round = 0; round < 2; round++) {
		enum native_outcome outcome;
		u64 at;
		u32 n;

		for (i = 0; i < NATIVE_SIZE / 8; i++)
			((u64 *)native_arena())[i] = ~((u64 *)before)[i];
		memcpy(before, native_arena(), NATIVE_SIZE);
		outcome = native_probe(c->bytes, insn->len, state);
		n = changed(before, &at);
		if (outcome != NATIVE_DONE) {
			memcpy(native_arena(), before, NATIVE_SIZE);
			return;
		}
		if (n) {
			first = at < first ? at : first;
			end = at + n > end ? at + n : end;
		}
	}
	if (first > end)
		first = end;
	compare_footprint(c, insn, first, end);
}

static void try(const struct candidate *c)
{
	enum native_outcome outcome = NATIVE_MORE;
	struct chariot_insn insn;
	struct chariot_regs regs;
	struct native_state state;
	u32 length;
	int err;

	if (no_opcode(c) || dangerous(c))
		return;
	fill_state(&state, &regs);
	for (length = c->opcode_at + 1; length <= 15; length++) {
		outcome = native_probe(c->bytes, length, &state);
		if (outcome != NATIVE_MORE)
			break;
	}
	if (outcome == NATIVE_UNDEFINED || outcome == NATIVE_MORE) {
		undefined++;
		return;
	}
	lengths++;
	regs.rip = 0x20003000 - length;
	err = chariot_insn_decode(c->bytes, 15, &regs, &insn);
	if (err && left_out(c))
		return;
	if (!CHECK(!err, "%s: not decoded, processor takes %u",
		   text_of(c->bytes, 15), length))
		return;
	if (!CHECK(insn.len == length, "%s: length %u, processor takes %u",
		   text_of(c->bytes, 15), insn.len, length))
		return;
	CHECK(chariot_insn_decode(c->bytes, length - 1, &regs, &insn) ==
	      -EAGAIN, "%s: content with %u bytes", text_of(c->bytes, length),
	      length - 1);
	chariot_insn_decode(c->bytes, length, &regs, &insn);
	if (outcome == NATIVE_DONE)
		try_footprint(c, &insn, &state);
}

/* The opcode, and what may follow it: ModRM for memory and for registers. */
static void try_operands(struct candidate *c, u8 opcode, u32 step)
{
	static const u8 form[] = {
		0x03,			/* [rbx] */
		0xc3,			/* rbx */
		0x43,			/* [rbx + disp8] */
		0x83,			/* [rbx + disp32] */
		0x04,			/* [sib] */
	};
	u32 tail = c->length + 1, reg, f;

	c->opcode_at = c->length;
	c->bytes[c->length] = opcode;
	for (reg = 0; reg < 8; reg++) {
		for (f = 0; f < ARRAY_SIZE(form); f++) {
			if (step > 1 && random_below(&seed, step))
				continue;
			memset(c->bytes + tail, 0, TAIL);
			c->bytes[tail] = form[f] | reg << 3;
			if (form[f] == 0x43 || form[f] == 0x83)
				c->bytes[tail + 1] = 0x10;
			if (form[f] == 0x04)
				c->bytes[tail + 1] = 0x0b; /* [rbx + rcx] */
			try(c);
		}
	}
}

static void try_legacy(u32 step)
{
	static const char *const prefix[] = {
		"", "\x66", "\xf2", "\xf3", "\x48", "\x66\x48", "\xf2\x48",
		"\xf3\x48", "\x66\xf2", "\x66\xf3", "\x67", "\x65", "\x41",
		"\xf0", "\xf0\x48",
	};
	static const char *const escape[] = { "", "\x0f", "\x0f\x38",
					      "\x0f\x3a" };
	u32 p, map, op;
	const char *s;

	for (p = 0; p < ARRAY_SIZE(prefix); p++) {
		for (map = 0; map < 4; map++) {
			for (op = 0; op < 256; op++) {
				struct candidate c = { .map = map };

				for (s = prefix[p]; *s; s++)
					put(&c, *s);
				for (s = escape[map]; *s; s++)
					put(&c, *s);
				try_operands(&c, op, step);
			}
		}
	}
}

static void try_vex(u32 step)
{
	u32 map, pp, w, l, op;

	for (map = 1; map < 4; map++)
	for (pp = 0; pp < 4; pp++)
	for (w = 0; w < 2; w++)
	for (l = 0; l < 2; l++)
	for (op = 0; op < 256; op++) {
		struct candidate c = { .map = 0x80 | map };

		put(&c, 0xc4);
		put(&c, 0xe0 | map);
		put(&c, w << 7 | 0x78 | l << 2 | pp);
		try_operands(&c, op, step);
		if (map != 1 || w)
			continue;
		c.length = 0;
		put(&c, 0xc5);
		put(&c, 0xf8 | l << 2 | pp);
		try_operands(&c, op, step);
	}
}

static void try_evex(u32 step)
{
	u32 map, pp, w, l, k, op;

	for (map = 1; map < 7; map++)
	for (pp = 0; pp < 4; pp++)
	for (w = 0; w < 2; w++)
	for (l = 0; l < 3; l++)
	for (k = 0; k < 2; k++)
	for (op = 0; op < 256; op++) {
		struct candidate c = { .map = 0x80 | map };

		put(&c, 0x62);
		put(&c, 0xf0 | map);
		put(&c, w << 7 | 0x7c | pp);
		put(&c, l << 5 | 0x08 | k);
		try_operands(&c, op, step);
	}
}

int main(int argc, char **argv)
{
	u32 step = argc > 1 ? strtoul(argv[1], NULL, 0) : 16;
	u32 i;

	if (!native_init()) {
		printf("no FSGSBASE, or no room at low addresses\n");
		return EXIT_SKIP;
	}
	for (i = 0; i < NATIVE_SIZE; i++)
		before[i] = random_next(&seed) >> 32;
	memcpy(native_arena(), before, NATIVE_SIZE);
	native_set_vectors(&seed);
	try_legacy(step);
	try_vex(step);
	try_evex(step);
	return summary("%lu lengths and %lu footprints of this processor; %lu "
		       "encodings it does not know", lengths, footprints,
		       undefined);
}
