// SPDX-License-Identifier: GPL-2.0-only
/* Tests of lib/elf.c: good images, and images spoiled in every way. */
#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "lib/elf.h"
#include "lib/plan.h"
#include "sample.h"

/* In a block of its own exact size, so that ASan sees a byte too far. */
static int open_copy(const unsigned char *bytes, size_t size,
		     struct image **image, unsigned char **copy)
{
	const char *why;

	*copy = malloc(size ? size : 1);
	memcpy(*copy, bytes, size);
	*image = NULL;
	return image_from_memory(*copy, size, *copy ? image : NULL, &why);
}

/* Everything that reads an image; only a crash or ASan can object. */
static void read_all(const unsigned char *bytes, size_t size)
{
	struct image *image;
	struct plan plan;
	unsigned char *copy;
	char name[64];

	if (!open_copy(bytes, size, &image, &copy)) {
		image_module_name(image, UINT32_MAX, name, sizeof(name));
		image_is_signed(image);
		plan_make(image, &plan);
		plan_free(&plan);
		image_close(image);
	}
	free(copy);
}

static int collect(const char *name, bool weak, void *data)
{
	char *text = data;

	strcat(text, name);
	strcat(text, weak ? "? " : " ");
	return 0;
}

static void good_image(void)
{
	struct sample_places places;
	struct image_section section;
	struct image *image;
	unsigned char *bytes, *copy;
	char text[128] = "", name[64];
	size_t size;

	bytes = sample_make(&size, &places);
	CHECK(!open_copy(bytes, size, &image, &copy));
	CHECK(image_section_count(image) == places.section_count);
	CHECK(!image_section(image, 0, &section));
	CHECK(!image_section(image, places.section_count, &section));
	CHECK(image_find_section(image, ".bss", &section));
	CHECK(section.size == 4096 && !section.bytes);
	CHECK(!image_find_section(image, ".nosuch", &section));
	CHECK(!image_each_import(image, collect, text));
	CHECK_TEXT(text, "kmalloc memset printk? ");
	CHECK_TEXT(image_modinfo(image, "license", 0), "GPL");
	CHECK_TEXT(image_modinfo(image, "depends", 0), "one,two");
	CHECK(!image_modinfo(image, "depends", 1));
	CHECK(!image_modinfo(image, "depend", 0));
	CHECK(!image_module_name(image, IMAGE_NAME_OFFSET, name, sizeof(name)));
	CHECK_TEXT(name, SAMPLE_NAME);
	CHECK(!image_is_signed(image));
	image_close(image);
	free(copy);
	free(bytes);
}

/* The kernel takes the name from struct module: a second opinion must lose. */
static void name_of_struct_module_wins(void)
{
	struct sample_places places;
	struct image *image;
	unsigned char *bytes, *copy;
	char name[64];
	size_t size;

	bytes = sample_make(&size, &places);
	strcpy((char *)bytes + places.this_module + 24, "other");
	CHECK(!open_copy(bytes, size, &image, &copy));
	CHECK(!image_module_name(image, 24, name, sizeof(name)));
	CHECK_TEXT(name, "other");
	CHECK(!image_module_name(image, UINT32_MAX, name, sizeof(name)));
	CHECK_TEXT(name, SAMPLE_NAME);
	CHECK(image_module_name(image, UINT32_MAX, name, 4) == -ENOEXEC);
	image_close(image);
	free(copy);
	free(bytes);
}

static void name_with_slash_is_refused(void)
{
	struct sample_places places;
	struct image *image;
	unsigned char *bytes, *copy;
	char name[64];
	size_t size;

	bytes = sample_make(&size, &places);
	strcpy((char *)bytes + places.this_module + 24, "../x");
	memset(bytes + places.modinfo, 'x', places.modinfo_size);
	CHECK(!open_copy(bytes, size, &image, &copy));
	CHECK(image_module_name(image, 24, name, sizeof(name)) == -ENOEXEC);
	image_close(image);
	free(copy);
	free(bytes);
}

static void cut_off_anywhere(void)
{
	struct sample_places places;
	struct image *image;
	unsigned char *bytes, *copy;
	size_t size, cut;

	bytes = sample_make(&size, &places);
	for (cut = 0; cut < size; cut++) {
		CHECK(open_copy(bytes, cut, &image, &copy) == -ENOEXEC);
		free(copy);
	}
	free(bytes);
}

static void refuse_header(size_t offset, unsigned int value)
{
	struct sample_places places;
	struct image *image;
	unsigned char *bytes, *copy;
	size_t size;

	bytes = sample_make(&size, &places);
	bytes[offset] = value;
	CHECK(open_copy(bytes, size, &image, &copy) == -ENOEXEC);
	free(copy);
	free(bytes);
}

static void foreign_headers(void)
{
	refuse_header(0, 'x');
	refuse_header(offsetof(Elf64_Ehdr, e_machine), EM_386);
	refuse_header(offsetof(Elf64_Ehdr, e_type), ET_EXEC);
	refuse_header(offsetof(Elf64_Ehdr, e_shentsize), 0);
	refuse_header(offsetof(Elf64_Ehdr, e_shnum), 0);
	refuse_header(offsetof(Elf64_Ehdr, e_shnum), 0xff);
	refuse_header(offsetof(Elf64_Ehdr, e_shstrndx), 0);
	refuse_header(offsetof(Elf64_Ehdr, e_shstrndx), 0xff);
	refuse_header(offsetof(Elf64_Ehdr, e_shoff) + 7, 0xff);
}

/* The kernel's module loader doesn't look at them. */
static void odd_ident_is_taken(void)
{
	struct sample_places places;
	struct image *image;
	unsigned char *bytes, *copy;
	size_t size;

	bytes = sample_make(&size, &places);
	bytes[EI_CLASS] = ELFCLASS32;
	bytes[EI_DATA] = ELFDATA2MSB;
	CHECK(!open_copy(bytes, size, &image, &copy));
	image_close(image);
	free(copy);
	free(bytes);
}

static void spoil(unsigned char *bytes, size_t size, size_t at, size_t width)
{
	static const uint64_t values[] = {
		0, 1, 0x7f, 0xff, 0x7fffffff, 0x80000000, 0xffffffff,
		INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX - 7, UINT64_MAX,
	};
	unsigned char before[8];
	size_t i;

	memcpy(before, bytes + at, width);
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		memcpy(bytes + at, &values[i], width);
		read_all(bytes, size);
	}
	memcpy(bytes + at, before, width);
}

static void every_field_spoiled(void)
{
	struct sample_places places;
	unsigned char *bytes;
	size_t size, at;

	bytes = sample_make(&size, &places);
	for (at = 0; at + 8 <= size; at++) {
		spoil(bytes, size, at, 1);
		spoil(bytes, size, at, 4);
		spoil(bytes, size, at, 8);
	}
	free(bytes);
}

static void strings_without_end(void)
{
	struct sample_places places;
	struct image *image;
	unsigned char *bytes, *copy;
	char text[256] = "";
	size_t size;

	bytes = sample_make(&size, &places);
	memset(bytes + places.strings, 'A', places.strings_size);
	memset(bytes + places.modinfo, 'B', places.modinfo_size);
	CHECK(!open_copy(bytes, size, &image, &copy));
	CHECK(image_each_import(image, collect, text) == -ENOEXEC);
	CHECK(!image_modinfo(image, "name", 0));
	image_close(image);
	free(copy);
	free(bytes);
}

static void files(void)
{
	struct image *image;
	const char *why;
	char name[64];

	CHECK(image_open("/nonexistent", &image, &why) == -ENOENT);
	CHECK(image_open("/dev/null", &image, &why) == -ENOEXEC);
	CHECK(image_open("/", &image, &why) < 0);
	CHECK(image_open("/proc/self/exe", &image, &why) == -ENOEXEC);
	CHECK(!image_open(check_file("fixture.ko"), &image, &why));
	CHECK(!image_module_name(image, IMAGE_NAME_OFFSET, name, sizeof(name)));
	CHECK_TEXT(name, "fixture");
	CHECK(!image_is_signed(image));
	image_close(image);
	CHECK(!image_open(check_file("fixture-signed.ko"), &image, &why));
	CHECK(image_is_signed(image));
	image_close(image);
}

static void compressed_files(void)
{
	static const char *const names[] = {
		"fixture.ko.xz", "fixture.ko.gz",
#ifdef HAVE_ZSTD
		"fixture.ko.zst",
#endif
	};
	struct image *image;
	const char *why;
	char name[64];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (image_open(check_file(names[i]), &image, &why)) {
			CHECK_TEXT(names[i], "a file that is read");
			continue;
		}
		CHECK(!image_module_name(image, IMAGE_NAME_OFFSET, name,
					 sizeof(name)));
		CHECK_TEXT(name, "fixture");
		image_close(image);
	}
	CHECK(image_open(check_file("broken.ko.xz"), &image, &why) == -ENOEXEC);
	CHECK(image_open(check_file("broken.ko.zst"), &image, &why) == -ENOEXEC);
}

const struct check_test elf_tests[] = {
	{ "elf: a good image", good_image },
	{ "elf: struct module's name wins", name_of_struct_module_wins },
	{ "elf: a name with a slash is refused", name_with_slash_is_refused },
	{ "elf: cut off at every length", cut_off_anywhere },
	{ "elf: foreign headers", foreign_headers },
	{ "elf: class and byte order are ignored", odd_ident_is_taken },
	{ "elf: every field spoiled", every_field_spoiled },
	{ "elf: strings without an end", strings_without_end },
	{ "elf: files", files },
	{ "elf: compressed files", compressed_files },
	{ NULL, NULL }
};
