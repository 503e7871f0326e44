/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel module's file: sections, imports, modinfo. User space. */
#ifndef CHARIOT_ELF_H
#define CHARIOT_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Offset of module.name in every x86-64 kernel seen: state, then list. */
#define IMAGE_NAME_OFFSET	24u

struct image;

/**
 * struct image_section - one section
 * @name: its name; not cleaned
 * @bytes: @size bytes of the image, or NULL for SHT_NOBITS
 */
struct image_section {
	const char *name;
	uint32_t type;
	uint32_t link;
	uint32_t info;
	uint64_t flags;
	uint64_t size;
	uint64_t align;
	const unsigned char *bytes;
};

/* The symbol table, for image_symbol(). */
struct image_symbols {
	struct image_section symbols;
	struct image_section strings;
	uint64_t count;
};

/**
 * struct image_symbol - one symbol
 * @name: not cleaned; NULL if it is damaged
 * @section: its section's number, or SHN_UNDEF and the other special ones
 * @value: byte in the section
 * @size: bytes, or 0
 * @type: STT_*
 * @binding: STB_*
 */
struct image_symbol {
	const char *name;
	uint32_t section;
	uint64_t value;
	uint64_t size;
	unsigned char type;
	unsigned char binding;
};

/**
 * image_open - read a module's file, compressed (gz, xz, zst) or not
 * @path: the file
 * @out: result; image_close() it
 * @why: for -ENOEXEC: what is wrong with the file, a constant string
 *
 * Return: 0, -ENOEXEC for what is not an x86-64 kernel module, or -errno.
 */
int image_open(const char *path, struct image **out, const char **why);

/* The same from memory, which must stay as long as the image. */
int image_from_memory(const void *bytes, size_t size, struct image **out,
		      const char **why);
void image_close(struct image *image);

/* All of the file, with compression undone. */
const void *image_bytes(const struct image *image, size_t *size);
unsigned int image_section_count(const struct image *image);
/* Section number @index, 1 up to count - 1; false if there is none. */
bool image_section(const struct image *image, unsigned int index,
		   struct image_section *section);
bool image_find_section(const struct image *image, const char *name,
			struct image_section *section);

/* Return: 0, or -ENOEXEC for an image whose symbol table is damaged. */
int image_symbols(const struct image *image, struct image_symbols *table);
/* Symbol @index, 1 up to count - 1; false if there is none. */
bool image_symbol(const struct image_symbols *table, uint64_t index,
		  struct image_symbol *symbol);

/**
 * image_modinfo - a value of .modinfo
 * @key: without '='
 * @nth: which, from 0, for keys that may be there several times
 *
 * Return: string inside the image, or NULL.
 */
const char *image_modinfo(const struct image *image, const char *key,
			  unsigned int nth);

/**
 * image_module_name - the name under which the kernel will know the module
 * @name_offset: of module.name, see kernel_layout() or IMAGE_NAME_OFFSET
 * @name: result
 * @room: size of @name
 *
 * Return: 0, or -ENOEXEC if the image names none.
 */
int image_module_name(const struct image *image, uint32_t name_offset,
		      char *name, size_t room);

/**
 * image_each_import - call @each for every undefined global symbol
 *
 * Return: 0, -ENOEXEC for a damaged symbol table, or @each's nonzero result.
 */
int image_each_import(const struct image *image,
		      int (*each)(const char *name, bool weak, void *data),
		      void *data);

/* Is a signature appended (good or not: only the kernel can tell)? */
bool image_is_signed(const struct image *image);

#endif /* CHARIOT_ELF_H */
