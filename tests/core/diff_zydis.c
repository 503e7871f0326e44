// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * insn.c against the Zydis disassembler: length, store, its size and address;
 * over the text of ELF files named as arguments, and over random bytes.
 */
#include <elf.h>
#include <Zydis/Zydis.h>

#include "check.h"
#include "insn.h"

#define MNEMONICS	ZYDIS_MNEMONIC_MAX_VALUE

static ZydisDecoder zydis;
static unsigned long compared, stores, rejected, accepted_alone, apart;
static bool seen[MNEMONICS + 1], seen_store[MNEMONICS + 1];
static unsigned long shown_of[MNEMONICS + 1];

static const u8 register_order[16] = {
	ZYDIS_REGISTER_RAX, ZYDIS_REGISTER_RCX, ZYDIS_REGISTER_RDX,
	ZYDIS_REGISTER_RBX, ZYDIS_REGISTER_RSP, ZYDIS_REGISTER_RBP,
	ZYDIS_REGISTER_RSI, ZYDIS_REGISTER_RDI, ZYDIS_REGISTER_R8,
	ZYDIS_REGISTER_R9, ZYDIS_REGISTER_R10, ZYDIS_REGISTER_R11,
	ZYDIS_REGISTER_R12, ZYDIS_REGISTER_R13, ZYDIS_REGISTER_R14,
	ZYDIS_REGISTER_R15,
};

static void random_registers(u64 *seed, struct chariot_regs *regs)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		regs->gpr[i] = random_next(seed);
	/* Now and then small, as offsets are. */
	regs->gpr[1] >>= random_below(seed, 64);
	regs->gpr[1] |= 1;
	regs->rip = random_next(seed);
	regs->rflags = 2 | (random_next(seed) & 0x400);
	regs->fs_base = random_next(seed);
	regs->gs_base = random_next(seed);
}

static void fill_context(const struct chariot_regs *regs,
			 ZydisRegisterContext *c)
{
	unsigned int i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < 16; i++) {
		c->values[register_order[i]] = regs->gpr[i];
		c->values[ZYDIS_REGISTER_EAX + i] = (u32)regs->gpr[i];
	}
}

static void complain(const u8 *bytes, const ZydisDecodedInstruction *z,
		     const char *what, u64 got, u64 want)
{
	char text[64] = "";
	unsigned int i;

	checks_failed++;
	if (shown_of[z->mnemonic]++ > 1)
		return;
	for (i = 0; i < z->length; i++)
		snprintf(text + 3 * i, sizeof(text) - 3 * i, "%02x ", bytes[i]);
	fprintf(stderr, "%-14s %s: %s %#llx, Zydis %#llx\n",
		ZydisMnemonicGetString(z->mnemonic), text, what, got, want);
}

/* The operand in memory that is written, or NULL. */
static const ZydisDecodedOperand *store_of(const ZydisDecodedInstruction *z,
					   const ZydisDecodedOperand *o)
{
	unsigned int i;

	for (i = 0; i < z->operand_count; i++)
		if (o[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    (o[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			return &o[i];
	return NULL;
}

/* Linear address of an operand of Zydis, which leaves out the segment. */
static bool address_of(const ZydisDecodedInstruction *z,
		       const ZydisDecodedOperand *o,
		       const struct chariot_regs *regs, u64 *gva)
{
	ZydisRegisterContext context;
	ZyanU64 address;

	fill_context(regs, &context);
	if (!ZYAN_SUCCESS(ZydisCalcAbsoluteAddressEx(z, o, regs->rip, &context,
						     &address)))
		return false;
	*gva = address;
	if (z->address_width == 32)
		*gva = (u32)address;
	if (o->mem.segment == ZYDIS_REGISTER_FS)
		*gva += regs->fs_base;
	if (o->mem.segment == ZYDIS_REGISTER_GS)
		*gva += regs->gs_base;
	return true;
}

/* Where the operands of Zydis are no measure for insn.c. */
static bool judged_apart(const ZydisDecodedInstruction *z)
{
	/* Near branches of 16 bits, where the vendors differ: not decoded. */
	if (z->meta.branch_type == ZYDIS_BRANCH_TYPE_NEAR &&
	    z->attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE && !z->raw.rex.W &&
	    z->mnemonic != ZYDIS_MNEMONIC_RET)
		return true;
	switch (z->mnemonic) {
	/* The operand is said to be a register, or not said at all. */
	case ZYDIS_MNEMONIC_CLZERO:
	case ZYDIS_MNEMONIC_MOVDIR64B:
	case ZYDIS_MNEMONIC_ENQCMD:
	case ZYDIS_MNEMONIC_ENQCMDS:
	/* Writes elsewhere than to its operand: tables, physical memory. */
	case ZYDIS_MNEMONIC_BNDSTX:
	case ZYDIS_MNEMONIC_BNDMOV:
	case ZYDIS_MNEMONIC_VMCLEAR:
	/* Zydis counts one of the pushes. */
	case ZYDIS_MNEMONIC_ENTER:
	/* Of Knights Corner and of VIA; not known on purpose. */
	case ZYDIS_MNEMONIC_JKZD:
	case ZYDIS_MNEMONIC_JKNZD:
	case ZYDIS_MNEMONIC_XSTORE:
	case ZYDIS_MNEMONIC_XSHA1:
	case ZYDIS_MNEMONIC_XSHA256:
	case ZYDIS_MNEMONIC_MONTMUL:
	case ZYDIS_MNEMONIC_XCRYPT_CBC:
	case ZYDIS_MNEMONIC_XCRYPT_CFB:
	case ZYDIS_MNEMONIC_XCRYPT_CTR:
	case ZYDIS_MNEMONIC_XCRYPT_ECB:
	case ZYDIS_MNEMONIC_XCRYPT_OFB:
		return true;
	default:
		return z->encoding == ZYDIS_INSTRUCTION_ENCODING_MVEX ||
		       z->encoding == ZYDIS_INSTRUCTION_ENCODING_XOP;
	}
}

static u64 size_wanted(const ZydisDecodedInstruction *z,
		       const ZydisDecodedOperand *o)
{
	switch (z->mnemonic) {
	case ZYDIS_MNEMONIC_XSAVE:
	case ZYDIS_MNEMONIC_XSAVE64:
	case ZYDIS_MNEMONIC_XSAVEC:
	case ZYDIS_MNEMONIC_XSAVEC64:
	case ZYDIS_MNEMONIC_XSAVEOPT:
	case ZYDIS_MNEMONIC_XSAVEOPT64:
	case ZYDIS_MNEMONIC_XSAVES:
	case ZYDIS_MNEMONIC_XSAVES64:
		return 0;
	default:
		return o->size / 8;
	}
}

static void compare_store(const u8 *bytes, const ZydisDecodedInstruction *z,
			  const ZydisDecodedOperand *o,
			  const struct chariot_regs *regs,
			  const struct chariot_insn *insn)
{
	u64 want = size_wanted(z, o);
	struct chariot_regs after = *regs;
	u64 gva;

	/* POP moves RSP before it takes the address. */
	if (z->mnemonic == ZYDIS_MNEMONIC_POP)
		after.gpr[4] += insn->size;
	stores++;
	seen_store[z->mnemonic] = true;
	if (o->mem.type == ZYDIS_MEMOP_TYPE_VSIB ||
	    (insn->flags & CHARIOT_INSN_SCATTER)) {
		if (insn->size)
			complain(bytes, z, "size", insn->size, 0);
		return;
	}
	if (insn->size != want)
		complain(bytes, z, "size", insn->size, want);
	/* XSAVE and its kin read a header, which is no reason to ask for it. */
	if (insn->size && !(insn->flags & CHARIOT_INSN_READS) !=
	    !(o->actions & ZYDIS_OPERAND_ACTION_MASK_READ))
		complain(bytes, z, "flags", insn->flags, o->actions);
	if (insn->flags & CHARIOT_INSN_STACK) {
		gva = regs->gpr[4] - insn->size;
		if (o->mem.base != ZYDIS_REGISTER_RSP)
			complain(bytes, z, "stack", insn->flags, o->mem.base);
	} else if (!address_of(z, o, &after, &gva)) {
		complain(bytes, z, "address", insn->gva, 0);
		return;
	}
	switch (z->mnemonic) {
	case ZYDIS_MNEMONIC_BTS:
	case ZYDIS_MNEMONIC_BTR:
	case ZYDIS_MNEMONIC_BTC:
		/* A bit number in a register moves the operand. */
		if (insn->opcode != 0xba)
			return;
		break;
	default:
		break;
	}
	/* Zydis 4.0 takes "no base" with REX.B for R13D; objdump does not. */
	if (o->mem.base == ZYDIS_REGISTER_R13D && z->raw.modrm.mod == 0) {
		apart++;
		return;
	}
	if (insn->gva != gva)
		complain(bytes, z, "address", insn->gva, gva);
}

/* Returns the length, or 0 if Zydis does not know the instruction. */
static u32 compare(const u8 *bytes, size_t n, u64 *seed)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	const ZydisDecodedOperand *o;
	ZydisDecodedInstruction z;
	struct chariot_insn insn;
	struct chariot_regs regs;
	bool known;
	int err;

	random_registers(seed, &regs);
	err = chariot_insn_decode(bytes, n, &regs, &insn);
	known = ZYAN_SUCCESS(ZydisDecoderDecodeFull(&zydis, bytes, n, &z,
						    operands));
	if (!known) {
		rejected++;
		accepted_alone += !err;
		return 0;
	}
	if (judged_apart(&z)) {
		apart++;
		return z.length;
	}
	compared++;
	checks_done++;
	seen[z.mnemonic] = true;
	if (err) {
		complain(bytes, &z, "error", err, 0);
		return z.length;
	}
	if (insn.len != z.length) {
		complain(bytes, &z, "length", insn.len, z.length);
		return z.length;
	}
	o = store_of(&z, operands);
	if (!o != !(insn.flags & CHARIOT_INSN_WRITES))
		complain(bytes, &z, "writes", insn.flags, !!o);
	else if (o)
		compare_store(bytes, &z, o, &regs, &insn);
	return z.length;
}

static void sweep(const u8 *text, size_t n, u64 *seed)
{
	size_t at = 0;

	while (at < n) {
		u32 length = compare(text + at, n - at, seed);

		at += length ? length : 1;
	}
}

static bool sweep_file(const char *path, u64 *seed)
{
	FILE *file = fopen(path, "rb");
	const Elf64_Ehdr *header;
	const Elf64_Shdr *section;
	u8 *image;
	long size;
	unsigned int i;
	bool good = false;

	if (!file)
		return false;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	image = malloc(size + 1);
	if (!image || fread(image, 1, size, file) != (size_t)size ||
	    size < (long)sizeof(*header))
		goto out;
	header = (const Elf64_Ehdr *)image;
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) ||
	    header->e_machine != EM_X86_64 ||
	    header->e_shoff + header->e_shnum * sizeof(*section) > (u64)size)
		goto out;
	section = (const Elf64_Shdr *)(image + header->e_shoff);
	for (i = 0; i < header->e_shnum; i++)
		if (section[i].sh_type == SHT_PROGBITS &&
		    (section[i].sh_flags & SHF_EXECINSTR) &&
		    section[i].sh_offset + section[i].sh_size <= (u64)size)
			sweep(image + section[i].sh_offset, section[i].sh_size,
			      seed);
	good = true;
out:
	free(image);
	fclose(file);
	return good;
}

/* Random instructions, with prefixes and escapes more often than by chance. */
static void random_instruction(u64 *seed, u8 *bytes)
{
	static const u8 prefix[] = { 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x64,
				     0x65 };
	u32 at = 0, i;

	for (i = 0; i < 15; i++)
		bytes[i] = random_next(seed) >> 32;
	while (random_below(seed, 3) == 0)
		bytes[at++ % 4] = prefix[random_below(seed, sizeof(prefix))];
	at %= 4;
	if (random_below(seed, 3) == 0)
		bytes[at++] = 0x40 | random_below(seed, 16);
	switch (random_below(seed, 8)) {
	case 0: case 1:
		bytes[at] = 0x0f;
		break;
	case 2:
		bytes[at++] = 0x0f;
		bytes[at] = random_below(seed, 2) ? 0x38 : 0x3a;
		break;
	case 3:
		bytes[at++] = 0xc4;
		bytes[at] = (bytes[at] & 0xe0) | (1 + random_below(seed, 3));
		break;
	case 4:
		bytes[at] = 0xc5;
		break;
	case 5:
		bytes[at++] = 0x62;
		bytes[at] = (bytes[at] & 0xf0) | (1 + random_below(seed, 6));
		bytes[at + 1] |= 4;
		break;
	}
}

static unsigned int count(const bool *flags)
{
	unsigned int i, n = 0;

	for (i = 0; i <= MNEMONICS; i++)
		n += flags[i];
	return n;
}

int main(int argc, char **argv)
{
	unsigned long rounds = 500000, n;
	u64 seed = 0x434841;
	unsigned int files = 0;
	u8 bytes[15];
	int i;

	ZydisDecoderInit(&zydis, ZYDIS_MACHINE_MODE_LONG_64,
			 ZYDIS_STACK_WIDTH_64);
	for (i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "-n", 2))
			rounds = strtoul(argv[i] + 2, NULL, 0);
		else
			files += sweep_file(argv[i], &seed);
	}
	for (n = 0; n < rounds; n++) {
		random_instruction(&seed, bytes);
		compare(bytes, sizeof(bytes), &seed);
	}
	return summary("%lu instructions (%u mnemonics) of %u files and at "
		       "random, %lu stores (%u mnemonics); %lu left apart; "
		       "of %lu that Zydis rejects %lu accepted",
		       compared, count(seen), files, stores, count(seen_store),
		       apart, rejected, accepted_alone);
}
