// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions of a module that others can call: a relocation that is no branch
 * puts their address somewhere. Runs in user space; the file is not trusted.
 */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "entries.h"

/**
 * struct functions - the functions of the module, by section and offset
 * @taken: the same, is its address taken?
 * @code: by number of section: does it hold code that is loaded?
 */
struct functions {
	struct entry *entry;
	size_t count;
	bool *taken;
	bool *code;
	unsigned int sections;
};

/* Places in code for the kernel's own use: nobody calls by these. */
static const char *const place_tables[] = {
	".altinstr_replacement", ".altinstructions", ".call_sites",
	".discard", ".ibt_endbr_seal", ".kcfi_traps", ".note", ".orc_",
	".parainstructions", ".retpoline_sites", ".return_sites",
	".return_mem_sites", ".smp_locks", ".static_call_sites", "__bug_table",
	"__ex_table", "__jump_table", "__mcount_loc",
	"__patchable_function_entries", "__tracepoints_ptrs", ".BTF_ids",
	".eh_frame",
};

static bool is_place_table(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(place_tables) / sizeof(place_tables[0]); i++)
		if (!strncmp(name, place_tables[i], strlen(place_tables[i])))
			return true;
	return false;
}

/* --- functions --------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;

	if (one->section != other->section)
		return one->section < other->section ? -1 : 1;
	if (one->offset != other->offset)
		return one->offset < other->offset ? -1 : 1;
	return 0;
}

static int by_place_and_name(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;
	int order = by_place(a, b);

	return order ? order : strcmp(one->name, other->name);
}

static bool is_code(const struct image *image, unsigned int index)
{
	struct image_section section;

	return image_section(image, index, &section) &&
	       section.flags & SHF_ALLOC && section.flags & SHF_EXECINSTR;
}

/* The part of a function that is seldom run: jumped to, never called. */
static bool is_cold_part(const char *name)
{
	size_t length = strlen(name);

	return length > 5 && !strcmp(name + length - 5, ".cold");
}

static bool is_function(const struct functions *functions,
			const struct image *image,
			const struct image_symbol *symbol)
{
	struct image_section section;

	return symbol->type == STT_FUNC && symbol->name && *symbol->name &&
	       !is_cold_part(symbol->name) &&
	       symbol->section < functions->sections &&
	       functions->code[symbol->section] &&
	       image_section(image, symbol->section, &section) &&
	       symbol->value < section.size;
}

static int read_functions(struct functions *functions,
			  const struct image *image,
			  const struct image_symbols *symbols)
{
	struct image_symbol symbol;
	uint64_t i;

	functions->sections = image_section_count(image);
	functions->code = calloc(functions->sections, sizeof(bool));
	functions->entry = calloc(symbols->count + 1, sizeof(struct entry));
	functions->taken = calloc(symbols->count + 1, sizeof(bool));
	if (!functions->code || !functions->entry || !functions->taken)
		return -ENOMEM;
	for (i = 1; i < functions->sections; i++)
		functions->code[i] = is_code(image, i);
	for (i = 1; i < symbols->count; i++) {
		if (!image_symbol(symbols, i, &symbol) ||
		    !is_function(functions, image, &symbol))
			continue;
		functions->entry[functions->count++] = (struct entry) {
			symbol.name, symbol.section, symbol.value
		};
	}
	qsort(functions->entry, functions->count, sizeof(struct entry),
	      by_place_and_name);
	return 0;
}

static void take(struct functions *functions, uint32_t section,
		 uint64_t offset)
{
	struct entry key = { .section = section, .offset = offset };
	const struct entry *found;
	size_t at;

	if (section >= functions->sections || !functions->code[section])
		return;
	found = bsearch(&key, functions->entry, functions->count, sizeof(key),
			by_place);
	/* Of one name that is marked before, all the others are too. */
	if (!found || functions->taken[found - functions->entry])
		return;
	at = found - functions->entry;
	while (at && !by_place(&functions->entry[at - 1], &key))
		at--;
	for (; at < functions->count && !by_place(&functions->entry[at], &key);
	     at++)
		functions->taken[at] = true;
}

/* --- relocations ------------------------------------------------------------- */

/* Of what is relative to the instruction: "lea function(%rip)", or a branch? */
static bool is_lea(const struct image_section *code, uint64_t offset)
{
	return code->bytes && offset >= 2 && offset <= code->size &&
	       code->bytes[offset - 2] == 0x8d &&
	       (code->bytes[offset - 1] & 0xc7) == 0x05;
}

/* Is it an address, and how far is its addend from what it points to? */
static bool is_address(const struct image_section *target,
		       const Elf64_Rela *relocation, uint64_t *correction)
{
	*correction = 0;
	switch (ELF64_R_TYPE(relocation->r_info)) {
	case R_X86_64_64:
	case R_X86_64_32:
	case R_X86_64_32S:
	case R_X86_64_PC64:
		return true;
	case R_X86_64_PC32:
		if (!(target->flags & SHF_EXECINSTR))
			return true;
		/* An instruction counts from its end, data from itself. */
		*correction = 4;
		return is_lea(target, relocation->r_offset);
	default:
		return false;
	}
}

static int read_relocations(struct functions *functions,
			    const struct image_section *section,
			    const struct image_section *target,
			    const struct image_symbols *symbols)
{
	struct image_symbol symbol;
	uint64_t i, correction;
	Elf64_Rela from;

	if (section->size && !section->bytes)
		return -ENOEXEC;
	for (i = 0; i < section->size / sizeof(from); i++) {
		memcpy(&from, section->bytes + i * sizeof(from), sizeof(from));
		if (is_address(target, &from, &correction) &&
		    image_symbol(symbols, ELF64_R_SYM(from.r_info), &symbol))
			take(functions, symbol.section,
			     symbol.value + from.r_addend + correction);
	}
	return 0;
}

static int find_taken(struct functions *functions, const struct image *image,
		      const struct image_symbols *symbols)
{
	struct image_section section, target;
	unsigned int i;
	int err = 0;

	for (i = 1; !err && i < functions->sections; i++) {
		if (!image_section(image, i, &section) ||
		    section.type != SHT_RELA ||
		    !image_section(image, section.info, &target) ||
		    !(target.flags & SHF_ALLOC) || is_place_table(target.name))
			continue;
		err = read_relocations(functions, &section, &target, symbols);
	}
	return err;
}

int entries_find(const struct image *image, struct entry **entries,
		 size_t *count)
{
	struct functions functions = { };
	struct image_symbols symbols;
	size_t i;
	int err;

	*entries = NULL;
	*count = 0;
	err = image_symbols(image, &symbols);
	if (!err)
		err = read_functions(&functions, image, &symbols);
	if (!err)
		err = find_taken(&functions, image, &symbols);
	for (i = 0; !err && i < functions.count; i++)
		if (functions.taken[i])
			functions.entry[(*count)++] = functions.entry[i];
	if (!err)
		*entries = functions.entry;
	else
		free(functions.entry);
	free(functions.taken);
	free(functions.code);
	return err;
}
