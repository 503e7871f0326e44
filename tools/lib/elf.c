// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel module's file. Runs in user space and trusts nothing in the file:
 * every offset goes through range(), every string through string_at().
 *
 * libelf is used to get at the bytes (it undoes compression). The reading is
 * done here, to take exactly what the kernel's module loader takes: it looks at
 * the machine, but not at the class and byte order in e_ident.
 */
#include <elf.h>
#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf.h"
#include "zstd.h"

#define SIGNATURE_END	"~Module signature appended~\n"

struct image {
	const unsigned char *bytes;
	size_t size;
	uint64_t section_table;
	unsigned int sections;
	struct image_section names;	/* .shstrtab */
	Elf *elf;			/* owner of the bytes, or NULL */
	void *unpacked;			/* the same, from zstd */
	int fd;
};

/* The one check of ranges: its bytes, or NULL if they aren't all there. */
static const unsigned char *range(const unsigned char *bytes, uint64_t room,
				  uint64_t offset, uint64_t size)
{
	if (!bytes || offset > room || size > room - offset)
		return NULL;
	return bytes + offset;
}

static const char *string_at(const struct image_section *strings,
			     uint64_t offset)
{
	const unsigned char *text;

	text = range(strings->bytes, strings->size, offset, 1);
	if (!text || !memchr(text, '\0', strings->size - offset))
		return NULL;
	return (const char *)text;
}

static bool read_header(const struct image *image, unsigned int index,
			Elf64_Shdr *header)
{
	const unsigned char *at;

	if (index >= image->sections)
		return false;
	at = range(image->bytes, image->size,
		   image->section_table + index * sizeof(*header),
		   sizeof(*header));
	if (at)
		memcpy(header, at, sizeof(*header));
	return at;
}

static bool read_section(const struct image *image, unsigned int index,
			 struct image_section *section, Elf64_Shdr *header)
{
	if (!read_header(image, index, header))
		return false;
	*section = (struct image_section) {
		.type = header->sh_type,
		.link = header->sh_link,
		.info = header->sh_info,
		.flags = header->sh_flags,
		.size = header->sh_size,
		.align = header->sh_addralign,
	};
	if (header->sh_type == SHT_NOBITS || header->sh_type == SHT_NULL ||
	    !header->sh_size)
		return true;
	section->bytes = range(image->bytes, image->size, header->sh_offset,
			       header->sh_size);
	return section->bytes;
}

/* As the kernel looks for sections: only among those it loads. */
static bool find_loaded(const struct image *image, const char *name,
			struct image_section *section)
{
	unsigned int i;

	for (i = 1; i < image->sections; i++)
		if (image_section(image, i, section) &&
		    section->flags & SHF_ALLOC && !strcmp(section->name, name))
			return true;
	return false;
}

static const char *check_header(struct image *image)
{
	Elf64_Ehdr header;
	Elf64_Shdr ignored;
	unsigned int i;
	struct image_section section;

	if (image->size < sizeof(header))
		return "it is too short for an ELF file";
	memcpy(&header, image->bytes, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG))
		return "it is not an ELF file";
	if (header.e_machine != EM_X86_64)
		return "it is for another architecture than x86-64";
	if (header.e_type != ET_REL)
		return "it is an ELF file, but not a relocatable one";
	if (header.e_shentsize != sizeof(Elf64_Shdr) || !header.e_shnum ||
	    !range(image->bytes, image->size, header.e_shoff,
		   (uint64_t)header.e_shnum * sizeof(Elf64_Shdr)))
		return "its section table is damaged or cut off";
	image->section_table = header.e_shoff;
	image->sections = header.e_shnum;
	if (!read_section(image, header.e_shstrndx, &image->names, &ignored) ||
	    !image->names.bytes)
		return "its section names are damaged";
	for (i = 1; i < image->sections; i++)
		if (!image_section(image, i, &section))
			return "a section lies outside of the file";
	if (!find_loaded(image, ".gnu.linkonce.this_module", &section))
		return "it holds no struct module";
	return NULL;
}

static int check(struct image *image, struct image **out, const char **why)
{
	const char *problem = check_header(image);

	if (!problem) {
		*out = image;
		return 0;
	}
	*why = problem;
	image_close(image);
	return -ENOEXEC;
}

static struct image *new_image(void)
{
	struct image *image = calloc(1, sizeof(*image));

	if (image)
		image->fd = -1;
	return image;
}

int image_from_memory(const void *bytes, size_t size, struct image **out,
		      const char **why)
{
	struct image *image = new_image();

	if (!image)
		return -ENOMEM;
	image->bytes = bytes;
	image->size = size;
	return check(image, out, why);
}

/* The file's bytes, with compression undone. */
static int read_bytes(struct image *image, const char **why)
{
	int err;

	elf_version(EV_CURRENT);
	image->elf = dwelf_elf_begin(image->fd);
	if (image->elf)
		image->bytes = (void *)elf_rawfile(image->elf, &image->size);
	if (!image->bytes) {
		*why = "it is empty, or its compression is damaged or unknown";
		return -ENOEXEC;
	}
	if (!zstd_is_packed(image->bytes, image->size))
		return 0;
	err = zstd_unpack(image->bytes, image->size, &image->unpacked,
			  &image->size);
	if (err == -EBADMSG || err == -EOPNOTSUPP) {
		*why = err == -EBADMSG ? "its zstd compression is damaged" :
		       "it is compressed with zstd, and this program was built without libzstd";
		return -ENOEXEC;
	}
	image->bytes = image->unpacked;
	return err;
}

int image_open(const char *path, struct image **out, const char **why)
{
	struct image *image = new_image();
	int err;

	if (!image)
		return -ENOMEM;
	image->fd = open(path, O_RDONLY | O_CLOEXEC);
	err = image->fd < 0 ? -errno : read_bytes(image, why);
	if (err) {
		image_close(image);
		return err;
	}
	return check(image, out, why);
}

void image_close(struct image *image)
{
	if (!image)
		return;
	if (image->elf)
		elf_end(image->elf);
	if (image->fd >= 0)
		close(image->fd);
	free(image->unpacked);
	free(image);
}

const void *image_bytes(const struct image *image, size_t *size)
{
	*size = image->size;
	return image->bytes;
}

unsigned int image_section_count(const struct image *image)
{
	return image->sections;
}

bool image_section(const struct image *image, unsigned int index,
		   struct image_section *section)
{
	Elf64_Shdr header;

	if (!index || !read_section(image, index, section, &header))
		return false;
	section->name = string_at(&image->names, header.sh_name);
	return section->name;
}

bool image_find_section(const struct image *image, const char *name,
			struct image_section *section)
{
	unsigned int i;

	for (i = 1; i < image->sections; i++)
		if (image_section(image, i, section) &&
		    !strcmp(section->name, name))
			return true;
	return false;
}

const char *image_modinfo(const struct image *image, const char *key,
			  unsigned int nth)
{
	size_t length = strlen(key);
	struct image_section info;
	uint64_t offset = 0;
	const char *text;

	if (!image_find_section(image, ".modinfo", &info))
		return NULL;
	while ((text = string_at(&info, offset))) {
		if (!strncmp(text, key, length) && text[length] == '=' &&
		    !nth--)
			return text + length + 1;
		offset += strlen(text) + 1;
	}
	return NULL;
}

/* What /dev/chariot takes; the build writes '_' for '-'. */
static bool good_name(const char *name, size_t room)
{
	size_t i, length = strnlen(name, room);

	if (!length || length == room || name[0] == '.')
		return false;
	for (i = 0; i < length; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '/' ||
		    name[i] == '-')
			return false;
	return true;
}

int image_module_name(const struct image *image, uint32_t name_offset,
		      char *name, size_t room)
{
	struct image_section module;
	const char *text = NULL;

	/* What the kernel copies into its struct module goes first. */
	if (find_loaded(image, ".gnu.linkonce.this_module", &module))
		text = string_at(&module, name_offset);
	if (!text || !good_name(text, room))
		text = image_modinfo(image, "name", 0);
	if (!text || !good_name(text, room))
		return -ENOEXEC;
	strcpy(name, text);
	return 0;
}

int image_symbols(const struct image *image, struct image_symbols *table)
{
	if (!image_find_section(image, ".symtab", &table->symbols) ||
	    table->symbols.type != SHT_SYMTAB ||
	    !image_section(image, table->symbols.link, &table->strings))
		return -ENOEXEC;
	table->count = table->symbols.size / sizeof(Elf64_Sym);
	return table->count && !table->symbols.bytes ? -ENOEXEC : 0;
}

bool image_symbol(const struct image_symbols *table, uint64_t index,
		  struct image_symbol *symbol)
{
	Elf64_Sym from;

	if (!index || index >= table->count)
		return false;
	memcpy(&from, table->symbols.bytes + index * sizeof(from), sizeof(from));
	*symbol = (struct image_symbol) {
		.name = string_at(&table->strings, from.st_name),
		.section = from.st_shndx,
		.value = from.st_value,
		.size = from.st_size,
		.type = ELF64_ST_TYPE(from.st_info),
		.binding = ELF64_ST_BIND(from.st_info),
	};
	return true;
}

int image_each_import(const struct image *image,
		      int (*each)(const char *name, bool weak, void *data),
		      void *data)
{
	struct image_symbols table;
	struct image_symbol symbol;
	uint64_t i;
	int err = image_symbols(image, &table);

	for (i = 1; !err && i < table.count; i++) {
		if (!image_symbol(&table, i, &symbol) ||
		    symbol.section != SHN_UNDEF ||
		    symbol.binding == STB_LOCAL)
			continue;
		if (!symbol.name)
			return -ENOEXEC;
		if (*symbol.name)
			err = each(symbol.name, symbol.binding == STB_WEAK,
				   data);
	}
	return err;
}

bool image_is_signed(const struct image *image)
{
	size_t length = strlen(SIGNATURE_END);

	return image->size > length &&
	       !memcmp(image->bytes + image->size - length, SIGNATURE_END,
		       length);
}
