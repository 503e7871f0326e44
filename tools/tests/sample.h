/* SPDX-License-Identifier: GPL-2.0-only */
/* A small kernel module's image made in memory, to be spoiled. User space. */
#ifndef CHARIOT_SAMPLE_H
#define CHARIOT_SAMPLE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#define SAMPLE_NAME	"sample_module"

/* Offsets in the image of what tests spoil. */
struct sample_places {
	size_t sections;	/* section table */
	size_t section_count;
	size_t this_module;
	size_t modinfo;
	size_t modinfo_size;
	size_t symbols;
	size_t symbol_count;
	size_t strings;		/* end of .strtab is what follows it */
	size_t strings_size;
};

/* A section of an image to be made. */
struct sample_section {
	const char *name;
	uint32_t type;
	uint64_t flags;
	const void *bytes;
	size_t size;
	uint32_t link;
	uint32_t info;
};

/**
 * sample_build - an image of these sections
 * @sections: the first of no type, the last one the names of sections, whose
 *	bytes are made here
 * @headers: result: @count of them
 * @size: result
 *
 * Return: the image, for free(3).
 */
unsigned char *sample_build(const struct sample_section *sections, size_t count,
			    Elf64_Shdr *headers, size_t *size);

/**
 * sample_make - imports kmalloc, memset, printk (weak); 16 bytes of .text
 * @size: result
 * @places: result
 *
 * Return: the image, for free(3).
 */
unsigned char *sample_make(size_t *size, struct sample_places *places);

#endif /* CHARIOT_SAMPLE_H */
