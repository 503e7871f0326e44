// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * From bytes to an instruction: its length and its operand's parts.
 * Runs wherever the core runs; the bytes are hostile, the registers are those
 * of the virtual CPU. What it writes is in insn_store.c, its effect in
 * insn_exec.c.
 *
 * Only what decides the length and the store is told apart. Encodings that no
 * processor accepts may get an answer: they cannot have caused a write.
 */
#include "insn_decoder.h"

/*
 * What follows an opcode:
 *   - nothing     b 8-bit immediate      m ModRM
 *   x undefined   w 16-bit               B ModRM, 8-bit immediate
 *   p prefix      z 16- or 32-bit        Z ModRM, 16- or 32-bit immediate
 *   j branch      v operand size         o address
 *   e 16-bit and 8-bit
 */
static const char shape_one[257] =
	"mmmmbzxxmmmmbzxp" "mmmmbzxxmmmmbzxx"	/* 00 */
	"mmmmbzpxmmmmbzpx" "mmmmbzpxmmmmbzpx"	/* 20 */
	"pppppppppppppppp" "----------------"	/* 40 */
	"xxpmppppzZbB----" "bbbbbbbbbbbbbbbb"	/* 60 */
	"BZxBmmmmmmmmmmmm" "----------x-----"	/* 80 */
	"oooo----bz------" "bbbbbbbbvvvvvvvv"	/* a0 */
	"BBw-ppBZe-w--bx-" "mmmmxxx-mmmmmmmm"	/* c0 */
	"bbbbbbbbjjxb----" "p-pp--mm------mm";	/* e0 */

static const char shape_0f[257] =
	"mmmmx-----x-xm-B" "mmmmmmmmmmmmmmmm"	/* 00 */
	"mmmmxxxxmmmmmmmm" "------x-pxpxxxxx"	/* 20 */
	"mmmmmmmmmmmmmmmm" "mmmmmmmmmmmmmmmm"	/* 40 */
	"mmmmmmmmmmmmmmmm" "BBBBmmm-mmxxmmmm"	/* 60 */
	"jjjjjjjjjjjjjjjj" "mmmmmmmmmmmmmmmm"	/* 80 */
	"---mBmxx---mBmmm" "mmmmmmmmmmBmmmmm"	/* a0 */
	"mmBmBBBm--------" "mmmmmmmmmmmmmmmm"	/* c0 */
	"mmmmmmmmmmmmmmmm" "mmmmmmmmmmmmmmmm";	/* e0 */

/* Take the next @count bytes, a little-endian number. */
static int fetch(struct decoder *d, u32 count, u64 *value)
{
	u32 i;

	if (d->at + count > CHARIOT_INSN_MAX)
		return -EINVAL;
	if (d->at + count > d->n)
		return -EAGAIN;
	*value = 0;
	for (i = 0; i < count; i++)
		*value |= (u64)d->bytes[d->at++] << (8 * i);
	return 0;
}

static int fetch_signed(struct decoder *d, u32 count, s64 *value)
{
	u64 raw;
	int err = fetch(d, count, &raw);

	if (err)
		return err;
	switch (count) {
	case 1:
		*value = (s8)raw;
		break;
	case 2:
		*value = (s16)raw;
		break;
	case 4:
		*value = (s32)raw;
		break;
	default:
		*value = raw;
	}
	return 0;
}

/* Prefixes. */

static bool legacy_prefix(struct decoder *d, u8 byte)
{
	switch (byte) {
	case 0x26: case 0x2e: case 0x36: case 0x3e:
		/* Without meaning, also for a segment named before. */
		return true;
	case 0x64:
		d->segment_base = d->regs->fs_base;
		return true;
	case 0x65:
		d->segment_base = d->regs->gs_base;
		return true;
	case 0x66:
		d->prefix_66 = true;
		return true;
	case 0x67:
		d->prefix_67 = true;
		return true;
	case 0xf0:
		d->lock = true;
		return true;
	case 0xf2: case 0xf3:
		d->rep = byte;
		return true;
	default:
		return false;
	}
}

/* Prefixes, up to and including the first byte of the opcode. */
static int decode_prefixes(struct decoder *d, u8 *opcode)
{
	struct chariot_insn *insn = d->insn;
	u64 byte;
	int err;

	for (;;) {
		err = fetch(d, 1, &byte);
		if (err)
			return err;
		if ((byte & 0xf0) == 0x40)
			insn->prefix_rex = byte;
		else if (legacy_prefix(d, byte))
			insn->prefix_rex = 0;
		else
			break;
	}
	d->rex = insn->prefix_rex & 0xf;
	insn->address_size = d->prefix_67 ? 4 : 8;
	if (d->rep)
		d->pp = d->rep == 0xf3 ? PP_F3 : PP_F2;
	else if (d->prefix_66)
		d->pp = PP_66;
	*opcode = byte;
	return 0;
}

static int decode_opcode_0f(struct decoder *d)
{
	struct chariot_insn *insn = d->insn;
	u64 byte;
	int err = fetch(d, 1, &byte);

	if (err)
		return err;
	insn->map = MAP_0F;
	if (byte == 0x38 || byte == 0x3a) {
		insn->map = byte == 0x38 ? MAP_0F38 : MAP_0F3A;
		err = fetch(d, 1, &byte);
	}
	insn->opcode = byte;
	return err;
}

/* The payload of C5, C4 or 62, with the opcode behind it. */
static int decode_vex(struct decoder *d, u8 first)
{
	struct chariot_insn *insn = d->insn;
	u32 count = first == 0xc5 ? 1 : first == 0xc4 ? 2 : 3;
	u64 raw, opcode;
	u8 p[3];
	u32 i;
	int err;

	if (d->rep || d->prefix_66 || d->lock || insn->prefix_rex)
		return -EINVAL;
	err = fetch(d, count, &raw);
	if (!err)
		err = fetch(d, 1, &opcode);
	if (err)
		return err;
	for (i = 0; i < 3; i++)
		p[i] = raw >> (8 * i);

	/* R, X and B stand inverted; C5 has R and the last byte of C4. */
	d->encoding = first == 0x62 ? EVEX : VEX;
	insn->map = MAP_0F;
	if (first == 0xc5) {
		p[1] = p[0] & 0x7f;
		d->rex = p[0] & 0x80 ? 0 : REX_R;
	} else {
		insn->map = p[0] & (first == 0xc4 ? 0x1f : 0x7);
		d->rex = (~p[0] >> 5 & 7) | (p[1] & 0x80 ? REX_W : 0);
	}
	d->pp = p[1] & 3;
	d->vl = p[1] & 4 ? 32 : 16;
	if (first == 0x62) {
		if (p[0] & 0x08 || !(p[1] & 0x04))
			return -EINVAL;
		d->vl = 16u << (p[2] >> 5 & 3);
		d->masked = p[2] & 7;
	}
	insn->opcode = opcode;

	switch (insn->map) {
	case MAP_0F: case MAP_0F38: case MAP_0F3A:
		return 0;
	case MAP_5: case MAP_6:
		return d->encoding == EVEX ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

static int decode_opcode(struct decoder *d)
{
	u8 opcode;
	int err = decode_prefixes(d, &opcode);

	if (err)
		return err;
	d->vl = 16;
	switch (opcode) {
	case 0x0f:
		return decode_opcode_0f(d);
	case 0x62: case 0xc4: case 0xc5:
		return decode_vex(d, opcode);
	default:
		d->insn->opcode = opcode;
		return 0;
	}
}

/* ModRM, SIB, displacement, immediate. */

static char shape(const struct decoder *d)
{
	const struct chariot_insn *insn = d->insn;
	u8 op = insn->opcode;

	switch (insn->map) {
	case MAP_ONE:
		return shape_one[op];
	case MAP_0F:
		if (d->encoding == LEGACY)
			return shape_0f[op];
		if ((op & 0xf0) == 0x80)
			return 'x';
		if (op == 0x77)
			return '-';
		return (op & 0xfc) == 0x70 || op == 0xc2 ||
		       (op >= 0xc4 && op <= 0xc6) ? 'B' : 'm';
	case MAP_0F3A:
		return 'B';
	default:
		return 'm';
	}
}

static int decode_sib(struct decoder *d, u32 *disp_size)
{
	u64 sib;
	u32 base, index;
	int err = fetch(d, 1, &sib);

	if (err)
		return err;
	index = (sib >> 3 & 7) | (d->rex & REX_X ? 8 : 0);
	base = (sib & 7) | (d->rex & REX_B ? 8 : 0);
	/* A vector index (gather, scatter) is read as a number: harmless. */
	if (index != RSP)
		d->base += d->regs->gpr[index] << (sib >> 6);
	if ((sib & 7) == RBP && d->mod == 0) {
		*disp_size = 4;
	} else {
		d->base += d->regs->gpr[base];
		d->base_rsp = base == RSP;
	}
	return 0;
}

static int decode_modrm(struct decoder *d)
{
	u32 disp_size = 0;
	u64 modrm;
	int err = fetch(d, 1, &modrm);

	if (err)
		return err;
	d->insn->modrm = modrm;
	d->mod = modrm >> 6;
	d->reg = modrm >> 3 & 7;
	d->rm = modrm & 7;
	if (d->mod == 3)
		return 0;
	/* Moves to and from control and debug registers know no memory. */
	if (d->insn->map == MAP_0F && d->encoding == LEGACY &&
	    (d->insn->opcode & 0xfc) == 0x20) {
		d->mod = 3;
		return 0;
	}

	d->memory = true;
	if (d->mod)
		disp_size = d->mod == 1 ? 1 : 4;
	if (d->rm == RSP) {
		err = decode_sib(d, &disp_size);
		if (err)
			return err;
	} else if (d->rm == RBP && d->mod == 0) {
		d->rip_relative = true;
		disp_size = 4;
	} else {
		d->base = d->regs->gpr[d->rm | (d->rex & REX_B ? 8 : 0)];
	}
	d->disp8 = disp_size == 1;
	return disp_size ? fetch_signed(d, disp_size, &d->disp) : 0;
}

static int decode_immediate(struct decoder *d, char s)
{
	struct chariot_insn *insn = d->insn;
	u32 full = operand_size(d);
	u32 z = full == 2 ? 2 : 4;
	u64 skipped;
	int err;

	switch (s) {
	case 'b': case 'B':
		return fetch_signed(d, 1, &insn->imm);
	case 'w':
		return fetch_signed(d, 2, &insn->imm);
	case 'z': case 'Z':
		return fetch_signed(d, z, &insn->imm);
	case 'j':
		/* Of 32 bits in any case for Intel, of 16 here for AMD. */
		if (full == 2)
			return -EINVAL;
		return fetch_signed(d, 4, &insn->imm);
	case 'v':
		return fetch_signed(d, full, &insn->imm);
	case 'o':
		return fetch_signed(d, insn->address_size, &insn->imm);
	case 'e':
		err = fetch(d, 2, &skipped);
		return err ? err : fetch_signed(d, 1, &insn->imm);
	}
	if (d->encoding != LEGACY)
		return 0;
	/* TEST, alone in its group, has an immediate. */
	if (insn->map == MAP_ONE && (insn->opcode & 0xfe) == 0xf6 && d->reg < 2)
		return fetch_signed(d, insn->opcode & 1 ? z : 1, &insn->imm);
	/* EXTRQ and INSERTQ of AMD. */
	if (insn->map == MAP_0F && insn->opcode == 0x78 &&
	    (d->pp == PP_66 || d->pp == PP_F2))
		return fetch(d, 2, &skipped);
	return 0;
}

/**
 * chariot_insn_decode - decode one instruction
 * @bytes: where it begins
 * @n: bytes that can be read there; 15 are always enough
 * @regs: the registers before it
 * @out: the answer, undefined on an error
 *
 * Returns 0, -EINVAL if it is undefined in 64-bit mode or not known, -EAGAIN if
 * it needs more than @n bytes.
 */
int chariot_insn_decode(const u8 *bytes, size_t n,
			const struct chariot_regs *regs,
			struct chariot_insn *out)
{
	struct decoder d = {
		.bytes = bytes,
		.n = n,
		.regs = regs,
		.insn = out,
	};
	char s;
	int err;

	memset(out, 0, sizeof(*out));
	out->count = 1;
	err = decode_opcode(&d);
	if (err)
		return err;
	s = shape(&d);
	if (s == 'x')
		return -EINVAL;
	if (s == 'm' || s == 'B' || s == 'Z') {
		err = decode_modrm(&d);
		if (err)
			return err;
	}
	err = decode_immediate(&d, s);
	if (err)
		return err;
	out->len = d.at;
	out->operand_size = operand_size(&d);
	err = chariot_insn_stores(&d);
	if (err)
		return err;
	if (d.lock && !d.lockable)
		return -EINVAL;
	if (d.lock)
		out->flags |= CHARIOT_INSN_LOCK;
	return 0;
}
