// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * chariot_insn_execute() against this machine's processor: random instances of
 * every instruction it knows; memory, registers and defined flags must agree.
 */
#include "check.h"
#include "insn.h"
#include "native.h"

#define CF	0x001u
#define PF	0x004u
#define AF	0x010u
#define ZF	0x040u
#define SF	0x080u
#define OF	0x800u

enum immediate { NO_IMM, IMM_8, IMM_Z };

enum family { PLAIN, LOGIC, SHIFT, DOUBLE, BIT, BIT_REG, STRING, MOFFS,
	      CMPXCHG };

struct form {
	const char *name;
	u8 map;
	u8 opcode;		/* the byte form, if @wide */
	s8 group;		/* ModRM.reg, or -1 for a register */
	enum immediate imm;
	bool wide;		/* opcode | 1 is the form of 2 to 8 bytes */
	bool lockable;
	enum family family;
};

static const struct form forms[] = {
	{ "mov", 0, 0x88, -1, NO_IMM, true, false, PLAIN },
	{ "mov imm", 0, 0xc6, 0, IMM_Z, true, false, PLAIN },
	{ "mov moffs", 0, 0xa2, -1, NO_IMM, true, false, MOFFS },
	{ "movnti", 1, 0xc3, -1, NO_IMM, false, false, PLAIN },
	{ "movbe", 2, 0xf1, -1, NO_IMM, false, false, PLAIN },
	{ "stos", 0, 0xaa, -1, NO_IMM, true, false, STRING },
	{ "movs", 0, 0xa4, -1, NO_IMM, true, false, STRING },
	{ "add", 0, 0x00, -1, NO_IMM, true, true, PLAIN },
	{ "or", 0, 0x08, -1, NO_IMM, true, true, LOGIC },
	{ "adc", 0, 0x10, -1, NO_IMM, true, true, PLAIN },
	{ "sbb", 0, 0x18, -1, NO_IMM, true, true, PLAIN },
	{ "and", 0, 0x20, -1, NO_IMM, true, true, LOGIC },
	{ "sub", 0, 0x28, -1, NO_IMM, true, true, PLAIN },
	{ "xor", 0, 0x30, -1, NO_IMM, true, true, LOGIC },
	{ "add imm", 0, 0x80, 0, IMM_Z, true, true, PLAIN },
	{ "or imm", 0, 0x80, 1, IMM_Z, true, true, LOGIC },
	{ "adc imm", 0, 0x80, 2, IMM_Z, true, true, PLAIN },
	{ "sbb imm", 0, 0x80, 3, IMM_Z, true, true, PLAIN },
	{ "and imm", 0, 0x80, 4, IMM_Z, true, true, LOGIC },
	{ "sub imm", 0, 0x80, 5, IMM_Z, true, true, PLAIN },
	{ "xor imm", 0, 0x80, 6, IMM_Z, true, true, LOGIC },
	{ "add imm8", 0, 0x83, 0, IMM_8, false, true, PLAIN },
	{ "or imm8", 0, 0x83, 1, IMM_8, false, true, LOGIC },
	{ "adc imm8", 0, 0x83, 2, IMM_8, false, true, PLAIN },
	{ "sbb imm8", 0, 0x83, 3, IMM_8, false, true, PLAIN },
	{ "and imm8", 0, 0x83, 4, IMM_8, false, true, LOGIC },
	{ "sub imm8", 0, 0x83, 5, IMM_8, false, true, PLAIN },
	{ "xor imm8", 0, 0x83, 6, IMM_8, false, true, LOGIC },
	{ "inc", 0, 0xfe, 0, NO_IMM, true, true, PLAIN },
	{ "dec", 0, 0xfe, 1, NO_IMM, true, true, PLAIN },
	{ "not", 0, 0xf6, 2, NO_IMM, true, true, PLAIN },
	{ "neg", 0, 0xf6, 3, NO_IMM, true, true, PLAIN },
	{ "rol imm", 0, 0xc0, 0, IMM_8, true, false, SHIFT },
	{ "ror imm", 0, 0xc0, 1, IMM_8, true, false, SHIFT },
	{ "rcl imm", 0, 0xc0, 2, IMM_8, true, false, SHIFT },
	{ "rcr imm", 0, 0xc0, 3, IMM_8, true, false, SHIFT },
	{ "shl imm", 0, 0xc0, 4, IMM_8, true, false, SHIFT },
	{ "shr imm", 0, 0xc0, 5, IMM_8, true, false, SHIFT },
	{ "sal imm", 0, 0xc0, 6, IMM_8, true, false, SHIFT },
	{ "sar imm", 0, 0xc0, 7, IMM_8, true, false, SHIFT },
	{ "rol 1", 0, 0xd0, 0, NO_IMM, true, false, SHIFT },
	{ "ror 1", 0, 0xd0, 1, NO_IMM, true, false, SHIFT },
	{ "rcl 1", 0, 0xd0, 2, NO_IMM, true, false, SHIFT },
	{ "rcr 1", 0, 0xd0, 3, NO_IMM, true, false, SHIFT },
	{ "shl 1", 0, 0xd0, 4, NO_IMM, true, false, SHIFT },
	{ "shr 1", 0, 0xd0, 5, NO_IMM, true, false, SHIFT },
	{ "sal 1", 0, 0xd0, 6, NO_IMM, true, false, SHIFT },
	{ "sar 1", 0, 0xd0, 7, NO_IMM, true, false, SHIFT },
	{ "rol cl", 0, 0xd2, 0, NO_IMM, true, false, SHIFT },
	{ "ror cl", 0, 0xd2, 1, NO_IMM, true, false, SHIFT },
	{ "rcl cl", 0, 0xd2, 2, NO_IMM, true, false, SHIFT },
	{ "rcr cl", 0, 0xd2, 3, NO_IMM, true, false, SHIFT },
	{ "shl cl", 0, 0xd2, 4, NO_IMM, true, false, SHIFT },
	{ "shr cl", 0, 0xd2, 5, NO_IMM, true, false, SHIFT },
	{ "sal cl", 0, 0xd2, 6, NO_IMM, true, false, SHIFT },
	{ "sar cl", 0, 0xd2, 7, NO_IMM, true, false, SHIFT },
	{ "shld imm", 1, 0xa4, -1, IMM_8, false, false, DOUBLE },
	{ "shld cl", 1, 0xa5, -1, NO_IMM, false, false, DOUBLE },
	{ "shrd imm", 1, 0xac, -1, IMM_8, false, false, DOUBLE },
	{ "shrd cl", 1, 0xad, -1, NO_IMM, false, false, DOUBLE },
	{ "xchg", 0, 0x86, -1, NO_IMM, true, true, PLAIN },
	{ "xadd", 1, 0xc0, -1, NO_IMM, true, true, PLAIN },
	{ "cmpxchg", 1, 0xb0, -1, NO_IMM, true, true, CMPXCHG },
	{ "bts", 1, 0xab, -1, NO_IMM, false, true, BIT_REG },
	{ "btr", 1, 0xb3, -1, NO_IMM, false, true, BIT_REG },
	{ "btc", 1, 0xbb, -1, NO_IMM, false, true, BIT_REG },
	{ "bts imm", 1, 0xba, 5, IMM_8, false, true, BIT },
	{ "btr imm", 1, 0xba, 6, IMM_8, false, true, BIT },
	{ "btc imm", 1, 0xba, 7, IMM_8, false, true, BIT },
	{ "seto", 1, 0x90, 0, NO_IMM, false, false, PLAIN },
	{ "setno", 1, 0x91, 0, NO_IMM, false, false, PLAIN },
	{ "setb", 1, 0x92, 0, NO_IMM, false, false, PLAIN },
	{ "setae", 1, 0x93, 0, NO_IMM, false, false, PLAIN },
	{ "sete", 1, 0x94, 0, NO_IMM, false, false, PLAIN },
	{ "setne", 1, 0x95, 0, NO_IMM, false, false, PLAIN },
	{ "setbe", 1, 0x96, 0, NO_IMM, false, false, PLAIN },
	{ "seta", 1, 0x97, 0, NO_IMM, false, false, PLAIN },
	{ "sets", 1, 0x98, 0, NO_IMM, false, false, PLAIN },
	{ "setns", 1, 0x99, 0, NO_IMM, false, false, PLAIN },
	{ "setp", 1, 0x9a, 0, NO_IMM, false, false, PLAIN },
	{ "setnp", 1, 0x9b, 0, NO_IMM, false, false, PLAIN },
	{ "setl", 1, 0x9c, 0, NO_IMM, false, false, PLAIN },
	{ "setge", 1, 0x9d, 0, NO_IMM, false, false, PLAIN },
	{ "setle", 1, 0x9e, 0, NO_IMM, false, false, PLAIN },
	{ "setg", 1, 0x9f, 0, NO_IMM, false, false, PLAIN },
};

/* One instance: bytes, and the state before it. */
struct instance {
	const struct form *form;
	u8 bytes[24];		/* room for what is too long */
	u32 length;		/* 0: of no use */
	u32 operand_size;
	u32 address_size;
	u64 target;		/* wanted address, without the segment */
	struct native_state state;
};

static u8 shadow[NATIVE_SIZE];

static void put(struct instance *x, u64 value, u32 count)
{
	while (count--) {
		x->bytes[x->length++] = value;
		value >>= 8;
	}
}

/* A number with the corners of every size more often than by chance. */
static u64 random_value(u64 *seed)
{
	static const u64 corner[] = { 0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000,
				      0xffff, 0x7fffffff, 0x80000000,
				      0xffffffff, 0x7fffffffffffffff,
				      0x8000000000000000, ~0ull, 63, 64, 31 };

	if (random_below(seed, 4) == 0)
		return corner[random_below(seed, ARRAY_SIZE(corner))];
	return random_next(seed);
}

static void put_prefixes(struct instance *x, u64 *seed, u8 *rex)
{
	const struct form *f = x->form;
	bool gs = random_below(seed, 8) == 0;
	bool wide = f->wide ? random_below(seed, 4) != 0 : true;

	x->address_size = random_below(seed, 8) == 0 ? 4 : 8;
	if (x->address_size == 4)
		put(x, 0x67, 1);
	if (gs) {
		put(x, 0x65, 1);
		x->state.gs_base = random_below(seed, 0x1000);
	}
	x->operand_size = 1;
	*rex = random_below(seed, 2) ? 0 : 0x40 | random_below(seed, 8);
	if (wide && (f->opcode & 0xf0) != 0x90) {
		x->operand_size = 2u << random_below(seed, 3);
		if (x->operand_size == 2 && f->opcode == 0xc3)
			x->operand_size = 4;
		if (x->operand_size == 8)
			*rex |= 0x48;
	}
	/* With REX.W the prefix has no effect, so it may be there. */
	if (x->operand_size == 2 ||
	    (x->operand_size == 8 && f->opcode != 0xc3 &&
	     random_below(seed, 8) == 0))
		put(x, 0x66, 1);
	if (f->family == STRING && random_below(seed, 2))
		put(x, random_below(seed, 4) ? 0xf3 : 0xf2, 1);
	if (f->lockable && random_below(seed, 3) == 0)
		put(x, 0xf0, 1);
	if (*rex)
		put(x, *rex, 1);
}

/*
 * ModRM and the like, so that the operand is at @target: a register of the
 * address is set last, or a 32-bit displacement where there is none.
 */
static void put_operand(struct instance *x, u64 *seed, u8 rex, u32 trailing)
{
	struct native_state *s = &x->state;
	u32 reg = x->form->group < 0 ? random_below(seed, 8) : (u32)x->form->group;
	u32 mod = random_below(seed, 3), rm = random_below(seed, 8);
	u64 want = x->target - s->gs_base;
	u32 index = 4, scale = 0, base;
	s64 disp = 0;

	if (mod == 1)
		disp = (s8)random_next(seed);
	if (mod == 2)
		disp = (s32)random_next(seed) >> random_below(seed, 31);
	put(x, mod << 6 | reg << 3 | rm, 1);

	if (rm == 5 && mod == 0) {
		put(x, want - (NATIVE_INSN + x->length + 4 + trailing), 4);
		return;
	}
	base = rm;
	if (rm == 4) {
		base = random_below(seed, 8);
		index = random_below(seed, 8);
		scale = random_below(seed, 4);
		put(x, scale << 6 | index << 3 | base, 1);
		index |= rex & 2 ? 8 : 0;
		if (index != 4) {
			s->gpr[index] = random_below(seed, 0x4000) - 0x2000;
			want -= s->gpr[index] << scale;
		}
		if (base == 5 && mod == 0) {
			put(x, want, 4);
			return;
		}
	}
	base |= rex & 1 ? 8 : 0;
	if (base == index) {
		/* One register for both: only some sums can be had. */
		u64 factor = 1 + (1u << scale);

		s->gpr[base] = 0;
		want = x->target - s->gs_base - disp;
		s->gpr[base] = want / factor;
		x->target = s->gpr[base] * factor + disp + s->gs_base;
	} else {
		s->gpr[base] = want - disp;
	}
	if (x->address_size == 4) {
		/* What lies above must not matter. */
		s->gpr[base] = (u32)s->gpr[base] | random_next(seed) << 32;
	}
	if (mod == 1)
		put(x, disp, 1);
	if (mod == 2)
		put(x, disp, 4);
}

static void put_immediate(struct instance *x, u64 *seed, u32 size)
{
	put(x, random_value(seed), size);
}

static void make_string(struct instance *x, u64 *seed)
{
	struct native_state *s = &x->state;

	put(x, x->form->opcode | (x->operand_size > 1), 1);
	s->gpr[1] = random_below(seed, 6);
	s->gpr[6] = NATIVE_ARENA + random_below(seed, NATIVE_SIZE / 2) +
		    NATIVE_SIZE / 4 - s->gs_base;
	s->gpr[7] = random_below(seed, 2) ? s->gpr[6] + random_below(seed, 32) :
					    x->target;
	if (s->gpr[7] < NATIVE_ARENA + 64)
		s->gpr[7] += 0x1000;
	if (x->address_size == 4) {
		s->gpr[1] |= random_next(seed) << 32;
		s->gpr[6] |= random_next(seed) << 32;
		s->gpr[7] |= random_next(seed) << 32;
	}
}

static void make(struct instance *x, const struct form *f, u64 *seed)
{
	struct native_state *s = &x->state;
	u32 i, imm;
	u8 rex;

	memset(x, 0, sizeof(*x));
	x->form = f;
	for (i = 0; i < 16; i++)
		s->gpr[i] = random_value(seed);
	s->rflags = 0x202 | (random_next(seed) & (NATIVE_STATUS | NATIVE_DF));
	x->target = NATIVE_ARENA + NATIVE_SIZE / 4 +
		    random_below(seed, NATIVE_SIZE / 2);
	put_prefixes(x, seed, &rex);
	if (f->family == STRING) {
		make_string(x, seed);
		return;
	}
	if (f->map)
		put(x, 0x0f, 1);
	if (f->map == 2)
		put(x, 0x38, 1);
	put(x, f->opcode | (f->wide && x->operand_size > 1), 1);
	if (f->family == MOFFS) {
		put(x, x->target - s->gs_base, x->address_size);
		return;
	}
	imm = f->imm == NO_IMM ? 0 : f->imm == IMM_8 ? 1 :
	      x->operand_size < 4 ? x->operand_size : 4;
	put_operand(x, seed, rex, imm);
	put_immediate(x, seed, imm);
	if (x->length > CHARIOT_INSN_MAX)
		x->length = 0;
}

/* Flags that the manuals leave open after this instance. */
static u64 undefined_flags(const struct instance *x,
			   const struct chariot_insn *insn)
{
	u32 mask = x->operand_size == 8 ? 63 : 31;
	u32 bits = 8 * x->operand_size;
	u32 count = 1;

	switch (x->form->family) {
	case LOGIC:
		return AF;
	case BIT: case BIT_REG:
		return OF | SF | AF | PF;
	case SHIFT:
		if (insn->opcode < 0xd0)
			count = insn->imm & mask;
		else if (insn->opcode >= 0xd2)
			count = x->state.gpr[1] & mask;
		if (!count)
			return 0;
		if (x->form->group < 4)
			return count == 1 ? 0 : OF;
		return AF | (count == 1 ? 0 : OF) |
		       (x->form->group < 7 && count >= bits ? CF : 0);
	case DOUBLE:
		count = (insn->opcode & 1 ? x->state.gpr[1] : (u64)insn->imm) &
			mask;
		if (!count)
			return 0;
		return count > bits ? NATIVE_STATUS :
		       AF | (count == 1 ? 0 : OF);
	default:
		return 0;
	}
}

static bool in_arena(u64 gva, u32 size)
{
	return gva - NATIVE_ARENA <= NATIVE_SIZE - size;
}

/* What the processor left, for a message. */
static const char *text_of(const struct instance *x)
{
	static char text[64];
	u32 i;

	for (i = 0; i < x->length; i++)
		snprintf(text + 3 * i, sizeof(text) - 3 * i, "%02x ",
			 x->bytes[i]);
	return text;
}

/* Do it by the core on the shadow of the arena. */
static bool execute(const struct instance *x, struct chariot_regs *regs,
		    struct chariot_insn *first)
{
	struct chariot_insn insn;
	u32 i, rounds = 0;

	do {
		u64 old = 0, new = 0, from;

		if (!CHECK(!chariot_insn_decode(x->bytes, x->length, regs,
						&insn) &&
			   insn.len == x->length, "%s: %s: not decoded",
			   x->form->name, text_of(x)))
			return false;
		if (!rounds)
			*first = insn;
		if (!(insn.flags & CHARIOT_INSN_WRITES)) {
			/* A rep with nothing to do. */
			regs->rip += insn.len;
			return CHECK((insn.flags & CHARIOT_INSN_WRITES) ||
				     x->form->family == STRING,
				     "%s: %s: no store", x->form->name,
				     text_of(x));
		}
		if (!CHECK((insn.flags & CHARIOT_INSN_EXEC) &&
			   insn.size == x->operand_size &&
			   in_arena(insn.gva, insn.size),
			   "%s: %s: flags %#x size %u at %#llx",
			   x->form->name, text_of(x), insn.flags, insn.size,
			   insn.gva))
			return false;
		from = insn.gva;
		if (insn.src_gva)
			from = insn.src_gva;
		if (insn.flags & CHARIOT_INSN_READS || insn.src_gva)
			memcpy(&old, shadow + (from - NATIVE_ARENA), insn.size);
		/* Above the operand there may be anything. */
		if (insn.size < 8)
			old |= ~0ull << (8 * insn.size);
		if (chariot_insn_execute(&insn, regs, old, &new))
			for (i = 0; i < insn.size; i++)
				shadow[insn.gva - NATIVE_ARENA + i] =
					new >> (8 * i);
	} while (regs->rip == NATIVE_INSN && ++rounds < 100);
	return true;
}

/*
 * What of a register counts. If ECX is 0, a repeated instruction with 32-bit addresses does
 * nothing; whether its registers lose their upper halves all the same, processors differ in.
 */
static u64 certain_bits(const struct instance *x, const struct chariot_insn *insn, u32 reg)
{
	bool string = reg == 1 || reg == 6 || reg == 7;

	return string && !(insn->flags & CHARIOT_INSN_WRITES) &&
	       memchr(x->bytes, 0x67, x->length) ? ~0u : ~0ull;
}

static void compare(const struct instance *x)
{
	struct chariot_insn insn;
	struct chariot_regs regs;
	struct native_state out;
	u64 status = NATIVE_STATUS | NATIVE_DF;
	int number;
	u32 i;

	memset(&insn, 0, sizeof(insn));
	memcpy(regs.gpr, x->state.gpr, sizeof(regs.gpr));
	regs.rip = NATIVE_INSN;
	regs.rflags = x->state.rflags;
	regs.fs_base = 0;
	regs.gs_base = x->state.gs_base;
	memcpy(shadow, native_arena(), NATIVE_SIZE);
	if (!execute(x, &regs, &insn))
		return;
	number = native_run(x->bytes, x->length, &x->state, &out);
	if (!CHECK(!number, "%s: %s: signal %d", x->form->name, text_of(x),
		   number))
		return;

	status &= ~undefined_flags(x, &insn);
	CHECK(!((regs.rflags ^ out.rflags) & status),
	      "%s: %s: flags %#llx, processor %#llx, compared %#llx",
	      x->form->name, text_of(x), regs.rflags, out.rflags, status);
	CHECK(regs.rip == NATIVE_INSN + x->length, "%s: rip", x->form->name);
	for (i = 0; i < 16; i++)
		CHECK(!((regs.gpr[i] ^ out.gpr[i]) & certain_bits(x, &insn, i)),
		      "%s: %s: register %u %#llx, processor %#llx",
		      x->form->name, text_of(x), i, regs.gpr[i], out.gpr[i]);
	if (undefined_flags(x, &insn) == NATIVE_STATUS)
		return;		/* so is the result */
	CHECK(!memcmp(shadow, native_arena(), NATIVE_SIZE),
	      "%s: %s: memory differs", x->form->name, text_of(x));
	if ((insn.flags & CHARIOT_INSN_VALUE) &&
	    !(insn.flags & CHARIOT_INSN_REP))
		CHECK(!memcmp(insn.value,
			      native_arena() + (insn.gva - NATIVE_ARENA),
			      insn.size),
		      "%s: %s: value", x->form->name, text_of(x));
}

/* Make a compare succeed, and bit numbers stay near, now and then. */
static void prepare(struct instance *x, u64 *seed)
{
	struct chariot_insn insn;
	struct chariot_regs regs = { .rip = NATIVE_INSN };
	u32 i, reg;

	for (i = 0; i < 8; i++)
		native_arena()[random_below(seed, NATIVE_SIZE)] =
			random_value(seed);
	memcpy(regs.gpr, x->state.gpr, sizeof(regs.gpr));
	regs.gs_base = x->state.gs_base;
	if (chariot_insn_decode(x->bytes, x->length, &regs, &insn))
		return;
	if (x->form->family == BIT_REG) {
		/* If the address needs it, the arena is missed: no use. */
		reg = (insn.modrm >> 3 & 7) | (insn.prefix_rex & 4 ? 8 : 0);
		x->state.gpr[reg] = random_below(seed, 0x8000) - 0x4000;
		memcpy(regs.gpr, x->state.gpr, sizeof(regs.gpr));
		chariot_insn_decode(x->bytes, x->length, &regs, &insn);
	}
	if (x->form->family == CMPXCHG && in_arena(insn.gva, 8) &&
	    random_below(seed, 2))
		memcpy(native_arena() + (insn.gva - NATIVE_ARENA),
		       &x->state.gpr[0], 8);
	if (!in_arena(insn.gva, 8) && x->form->family != STRING)
		x->length = 0;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000;
	unsigned long n, instances = 0;
	unsigned int f, i;
	u64 seed = 0x434841;
	struct instance x;

	if (!native_init()) {
		printf("no FSGSBASE, or no room at low addresses\n");
		return EXIT_SKIP;
	}
	for (i = 0; i < NATIVE_SIZE; i++)
		native_arena()[i] = random_next(&seed) >> 32;
	for (f = 0; f < ARRAY_SIZE(forms); f++) {
		for (n = 0; n < rounds; n++) {
			make(&x, &forms[f], &seed);
			if (x.length)
				prepare(&x, &seed);
			if (!x.length)
				continue;
			compare(&x);
			instances++;
		}
	}
	return summary("%lu instances of %zu instructions", instances,
		       ARRAY_SIZE(forms));
}
