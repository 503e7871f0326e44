/* SPDX-License-Identifier: GPL-2.0-only */
/* A small kernel module's image made in memory, to be spoiled. User space. */
#ifndef CHARIOT_SAMPLE_H
#define CHARIOT_SAMPLE_H

#include <stddef.h>

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

/**
 * sample_make - imports kmalloc, memset, printk (weak); 16 bytes of .text
 * @size: result
 * @places: result
 *
 * Return: the image, for free(3).
 */
unsigned char *sample_make(size_t *size, struct sample_places *places);

#endif /* CHARIOT_SAMPLE_H */
