// SPDX-License-Identifier: GPL-2.0-only
/* A small kernel module's image made in memory, to be spoiled. User space. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"

enum { NUL, TEXT, BSS, MODINFO, MODULE, SYMTAB, STRTAB, SHSTRTAB, SECTIONS };

struct content {
	const char *name;
	uint32_t type;
	uint64_t flags;
	const void *bytes;
	size_t size;
	uint32_t link;
};

static const char modinfo[] =
	"license=GPL\0name=" SAMPLE_NAME "\0depends=one,two\0"
	"vermagic=6.1.0-0-test SMP mod_unload ";

static const char strings[] = "\0kmalloc\0memset\0printk\0inside";

static const Elf64_Sym symbols[] = {
	{ 0 },
	{ .st_name = 1, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE) },
	{ .st_name = 9, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE) },
	{ .st_name = 16, .st_info = ELF64_ST_INFO(STB_WEAK, STT_NOTYPE) },
	{ .st_name = 23, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
	  .st_shndx = TEXT, .st_size = 16 },
};

static const unsigned char text[16] = { 0xc3 };
static char this_module[64];

static const struct content contents[SECTIONS] = {
	[NUL] = { "", SHT_NULL, 0, NULL, 0, 0 },
	[TEXT] = { ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, text,
		   sizeof(text), 0 },
	[BSS] = { ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, NULL, 4096, 0 },
	[MODINFO] = { ".modinfo", SHT_PROGBITS, SHF_ALLOC, modinfo,
		      sizeof(modinfo), 0 },
	[MODULE] = { ".gnu.linkonce.this_module", SHT_PROGBITS,
		     SHF_ALLOC | SHF_WRITE, this_module, sizeof(this_module),
		     0 },
	[SYMTAB] = { ".symtab", SHT_SYMTAB, 0, symbols, sizeof(symbols),
		     STRTAB },
	[STRTAB] = { ".strtab", SHT_STRTAB, 0, strings, sizeof(strings), 0 },
	[SHSTRTAB] = { ".shstrtab", SHT_STRTAB, 0, NULL, 0, 0 },
};

unsigned char *sample_make(size_t *size, struct sample_places *places)
{
	Elf64_Shdr headers[SECTIONS] = { 0 };
	size_t i, at = sizeof(Elf64_Ehdr), names_used = 0;
	unsigned char *image = calloc(1, 4096);
	char names[256];
	Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_REL,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(header),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = SECTIONS,
		.e_shstrndx = SHSTRTAB,
	};

	if (!image)
		abort();
	strcpy(this_module + 24, SAMPLE_NAME);
	for (i = 0; i < SECTIONS; i++) {
		const struct content *from = &contents[i];

		headers[i].sh_name = names_used;
		strcpy(names + names_used, from->name);
		names_used += strlen(from->name) + 1;
		headers[i].sh_type = from->type;
		headers[i].sh_flags = from->flags;
		headers[i].sh_link = from->link;
		headers[i].sh_offset = at;
		headers[i].sh_size = from->size;
		if (i == SHSTRTAB) {
			headers[i].sh_size = names_used;
			memcpy(image + at, names, names_used);
		} else if (from->bytes) {
			memcpy(image + at, from->bytes, from->size);
		} else {
			continue;
		}
		at += (headers[i].sh_size + 7) & ~7ul;
	}
	header.e_shoff = at;
	memcpy(image, &header, sizeof(header));
	memcpy(image + at, headers, sizeof(headers));
	*size = at + sizeof(headers);
	*places = (struct sample_places) {
		.sections = at,
		.section_count = SECTIONS,
		.this_module = headers[MODULE].sh_offset,
		.modinfo = headers[MODINFO].sh_offset,
		.modinfo_size = headers[MODINFO].sh_size,
		.symbols = headers[SYMTAB].sh_offset,
		.symbol_count = sizeof(symbols) / sizeof(symbols[0]),
		.strings = headers[STRTAB].sh_offset,
		.strings_size = headers[STRTAB].sh_size,
	};
	return image;
}
