// SPDX-License-Identifier: GPL-2.0-only
/* A small kernel module's image made in memory, to be spoiled. User space. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"

enum { NUL, TEXT, BSS, MODINFO, MODULE, SYMTAB, STRTAB, SHSTRTAB, SECTIONS };

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

static const struct sample_section contents[SECTIONS] = {
	[NUL] = { "", SHT_NULL, 0, NULL, 0, 0, 0 },
	[TEXT] = { ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, text,
		   sizeof(text), 0, 0 },
	[BSS] = { ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, NULL, 4096, 0, 0 },
	[MODINFO] = { ".modinfo", SHT_PROGBITS, SHF_ALLOC, modinfo,
		      sizeof(modinfo), 0, 0 },
	[MODULE] = { ".gnu.linkonce.this_module", SHT_PROGBITS,
		     SHF_ALLOC | SHF_WRITE, this_module, sizeof(this_module),
		     0, 0 },
	[SYMTAB] = { ".symtab", SHT_SYMTAB, 0, symbols, sizeof(symbols),
		     STRTAB, 0 },
	[STRTAB] = { ".strtab", SHT_STRTAB, 0, strings, sizeof(strings), 0, 0 },
	[SHSTRTAB] = { ".shstrtab", SHT_STRTAB, 0, NULL, 0, 0, 0 },
};

unsigned char *sample_build(const struct sample_section *sections, size_t count,
			    Elf64_Shdr *headers, size_t *size)
{
	size_t i, at = sizeof(Elf64_Ehdr), room = at, names_used = 0;
	Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_REL,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(header),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = count,
		.e_shstrndx = count - 1,
	};
	unsigned char *image;
	char names[512];

	for (i = 0; i < count; i++)
		room += sections[i].size + strlen(sections[i].name) + 8 +
			sizeof(*headers);
	image = calloc(1, room);
	if (!image)
		abort();
	for (i = 0; i < count; i++) {
		const struct sample_section *from = &sections[i];

		strcpy(names + names_used, from->name);
		headers[i] = (Elf64_Shdr) {
			.sh_name = names_used,
			.sh_type = from->type,
			.sh_flags = from->flags,
			.sh_link = from->link,
			.sh_info = from->info,
			.sh_offset = at,
			.sh_size = from->size,
		};
		names_used += strlen(from->name) + 1;
		if (i == count - 1) {
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
	memcpy(image + at, headers, count * sizeof(*headers));
	*size = at + count * sizeof(*headers);
	return image;
}

unsigned char *sample_make(size_t *size, struct sample_places *places)
{
	Elf64_Shdr headers[SECTIONS];
	unsigned char *image;

	strcpy(this_module + 24, SAMPLE_NAME);
	image = sample_build(contents, SECTIONS, headers, size);
	*places = (struct sample_places) {
		.sections = *size - sizeof(headers),
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
