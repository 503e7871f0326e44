// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses in a module's file: a relocation is where one stands. Runs in user
 * space; the file is not trusted.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "tables.h"

/* Larger objects are no tables of functions. */
#define TABLE_MAX	65536u
/* So many bytes of code, with so many relocations, set the registers of a call. */
#define CALL_BYTES	96u
#define CALL_RELOCATIONS	24
#define ARGUMENTS	6u

/* A relocation, and what it is of. */
struct relocation {
	uint32_t section;
	uint64_t offset;
	uint32_t type;
	struct image_symbol symbol;
	uint64_t target;	/* in the symbol's section */
};

/* A place in the file, for what is ordered by it. */
struct place {
	uint32_t section;
	uint64_t offset;
};

/**
 * struct reading - of one module
 * @relocation: those of what is loaded, by place
 * @object: where the tables are, in the order of tables->table
 */
struct reading {
	const struct image *image;
	struct image_symbols symbols;
	struct tables *tables;
	struct relocation *relocation;
	size_t relocations;
	struct place *object;
};

static int order(uint32_t section, uint64_t offset, uint32_t other_section,
		 uint64_t other_offset)
{
	if (section != other_section)
		return section < other_section ? -1 : 1;
	return offset < other_offset ? -1 : offset > other_offset;
}

/* --- relocations -------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
	const struct relocation *one = a, *other = b;

	return order(one->section, one->offset, other->section, other->offset);
}

static int read_section(struct reading *reading, const struct image_section *section)
{
	size_t count = section->size / sizeof(Elf64_Rela), i;
	struct relocation *more;
	Elf64_Rela from;

	if (section->size && !section->bytes)
		return -ENOEXEC;
	more = reallocarray(reading->relocation, reading->relocations + count + 1,
			    sizeof(*more));
	if (!more)
		return -ENOMEM;
	reading->relocation = more;
	for (i = 0; i < count; i++) {
		memcpy(&from, section->bytes + i * sizeof(from), sizeof(from));
		more = &reading->relocation[reading->relocations];
		*more = (struct relocation) {
			.section = section->info,
			.offset = from.r_offset,
			.type = ELF64_R_TYPE(from.r_info),
		};
		if (!image_symbol(&reading->symbols, ELF64_R_SYM(from.r_info),
				  &more->symbol))
			continue;
		more->target = more->symbol.value + from.r_addend;
		reading->relocations++;
	}
	return 0;
}

static int read_relocations(struct reading *reading)
{
	struct image_section section, target;
	unsigned int i;
	int err;

	/* There is an array, also of none. */
	reading->relocation = calloc(1, sizeof(*reading->relocation));
	err = reading->relocation ? 0 : -ENOMEM;
	for (i = 1; !err && i < image_section_count(reading->image); i++)
		if (image_section(reading->image, i, &section) &&
		    section.type == SHT_RELA &&
		    image_section(reading->image, section.info, &target) &&
		    target.flags & SHF_ALLOC)
			err = read_section(reading, &section);
	if (!err)
		qsort(reading->relocation, reading->relocations,
		      sizeof(*reading->relocation), by_place);
	return err;
}

/* The first one at that place or behind it. */
static const struct relocation *relocations_from(const struct reading *reading,
						 uint32_t section, uint64_t offset)
{
	size_t low = 0, high = reading->relocations, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (order(reading->relocation[middle].section,
			  reading->relocation[middle].offset, section, offset) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return reading->relocation + low;
}

/* --- what an address is of -------------------------------------------------------------- */

static int entry_by_place(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;

	return order(one->section, one->offset, other->section, other->offset);
}

static void set_function(const struct tables *tables, const struct entry *key,
			 struct table_address *address)
{
	const struct entry *end = tables->entry + tables->entries;
	const struct entry *found = bsearch(key, tables->entry, tables->entries,
					    sizeof(*key), entry_by_place);

	if (!found)
		return;
	while (found > tables->entry && !entry_by_place(found - 1, key))
		found--;
	address->function = found;
	while (found < end && !entry_by_place(found, key))
		found++;
	address->names = found - address->function;
}

static ptrdiff_t table_at(const struct reading *reading, uint32_t section,
			  uint64_t offset)
{
	size_t low = 0, high = reading->tables->count, middle;
	int which;

	while (low < high) {
		middle = low + (high - low) / 2;
		which = order(reading->object[middle].section,
			      reading->object[middle].offset, section, offset);
		if (!which)
			return middle;
		if (which < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

static struct table_address address_of(const struct reading *reading,
				       const struct image_symbol *symbol,
				       uint64_t target)
{
	struct entry key = { .section = symbol->section, .offset = target };
	struct table_address address = { .table = -1 };
	struct image_section section;

	if (!image_section(reading->image, symbol->section, &section)) {
		/* An import. */
		address.to = TABLE_TO_FUNCTION | TABLE_TO_DATA;
	} else if (section.flags & SHF_EXECINSTR) {
		address.to = TABLE_TO_FUNCTION;
		set_function(reading->tables, &key, &address);
	} else if (!strcmp(section.name, ".gnu.linkonce.this_module")) {
		address.to = TABLE_TO_MODULE;
	} else {
		address.to = section.flags & SHF_STRINGS ? TABLE_TO_STRING :
							   TABLE_TO_DATA;
		address.table = table_at(reading, symbol->section, target);
	}
	return address;
}

/* --- objects ----------------------------------------------------------------------------- */

/* An object of the module's data, where it may hold addresses. */
static bool is_object(const struct reading *reading, const struct image_symbol *symbol,
		      struct image_section *section)
{
	const struct relocation *first, *end = reading->relocation + reading->relocations;

	if (symbol->type != STT_OBJECT || !symbol->size || symbol->size > TABLE_MAX ||
	    !image_section(reading->image, symbol->section, section) ||
	    section->flags & SHF_EXECINSTR || symbol->value > section->size ||
	    symbol->size > section->size - symbol->value)
		return false;
	first = relocations_from(reading, symbol->section, symbol->value);
	return first < end && first->section == symbol->section &&
	       first->offset - symbol->value < symbol->size;
}

struct found {
	struct place place;
	struct table table;
};

static int found_by_place(const void *a, const void *b)
{
	const struct found *one = a, *other = b;

	return order(one->place.section, one->place.offset, other->place.section,
		     other->place.offset);
}

/* In the order of their places; none lies in another one. */
static void keep_found(struct reading *reading, struct found *found, size_t count)
{
	struct tables *tables = reading->tables;
	const struct place *place;
	uint32_t section = SHN_UNDEF;
	uint64_t end = 0;
	size_t i;

	qsort(found, count, sizeof(*found), found_by_place);
	for (i = 0; i < count; i++) {
		place = &found[i].place;
		if (place->section == section && place->offset < end)
			continue;
		section = place->section;
		end = place->offset + found[i].table.size;
		reading->object[tables->count] = *place;
		tables->table[tables->count++] = found[i].table;
	}
}

static int read_objects(struct reading *reading)
{
	struct tables *tables = reading->tables;
	uint64_t room = reading->symbols.count + 1, i;
	struct found *found = calloc(room, sizeof(*found));
	struct image_section section;
	struct image_symbol symbol;
	size_t count = 0;

	reading->object = calloc(room, sizeof(*reading->object));
	tables->table = calloc(room, sizeof(*tables->table));
	if (!found || !reading->object || !tables->table) {
		free(found);
		return -ENOMEM;
	}
	for (i = 1; i < reading->symbols.count; i++) {
		if (!image_symbol(&reading->symbols, i, &symbol) ||
		    !is_object(reading, &symbol, &section))
			continue;
		found[count++] = (struct found) {
			.place = { symbol.section, symbol.value },
			.table = {
				.name = symbol.name ? symbol.name : "",
				.size = symbol.size,
				.bytes = section.bytes ? section.bytes + symbol.value :
							 NULL,
			},
		};
	}
	keep_found(reading, found, count);
	free(found);
	return 0;
}

static int read_places(struct reading *reading)
{
	const struct relocation *at, *end = reading->relocation + reading->relocations;
	struct tables *tables = reading->tables;
	struct table_place *place = calloc(reading->relocations + 1, sizeof(*place));
	struct table *table;
	struct place from;

	if (!place)
		return -ENOMEM;
	tables->place = place;
	for (table = tables->table; table < tables->table + tables->count; table++) {
		from = reading->object[table - tables->table];
		table->place = place;
		for (at = relocations_from(reading, from.section, from.offset);
		     at < end && at->section == from.section &&
		     at->offset - from.offset < table->size; at++) {
			if (at->type != R_X86_64_64)
				continue;
			*place++ = (struct table_place) {
				at->offset - from.offset,
				address_of(reading, &at->symbol, at->target),
			};
			table->places++;
		}
	}
	return 0;
}

/* --- calls ------------------------------------------------------------------------------- */

/*
 * Does the instruction that has this relocation put an address into a register that
 * passes an argument? mov $address, %reg or lea address(%rip), %reg.
 */
static bool sets_argument(const struct image_section *code,
			  const struct relocation *at, unsigned int *arg)
{
	/* By number: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9. */
	static const unsigned char numbers[] = { 0, 4, 3, 0, 0, 0, 2, 1, 5, 6 };
	const unsigned char *bytes;
	unsigned int reg;
	bool far;

	if (!code->bytes || at->offset < 3 || at->offset > code->size)
		return false;
	bytes = code->bytes + at->offset - 3;
	if (at->type == R_X86_64_32S && (bytes[0] & 0xfe) == 0x48 && bytes[1] == 0xc7 &&
	    (bytes[2] & 0xf8) == 0xc0) {
		reg = bytes[2] & 7;
		far = bytes[0] & 1;
	} else if (at->type == R_X86_64_PC32 && (bytes[0] & 0xfb) == 0x48 &&
		   bytes[1] == 0x8d && (bytes[2] & 0xc7) == 0x05) {
		reg = bytes[2] >> 3 & 7;
		far = bytes[0] & 4;
	} else {
		return false;
	}
	reg += far ? 8 : 0;
	if (reg >= sizeof(numbers) || !numbers[reg])
		return false;
	*arg = numbers[reg] - 1;
	return true;
}

/* A call of an import, or a jump to it as a function's last act. */
static bool is_call(const struct image_section *code, const struct relocation *at)
{
	return (at->type == R_X86_64_PLT32 || at->type == R_X86_64_PC32) &&
	       code->bytes && at->offset && at->offset <= code->size &&
	       (code->bytes[at->offset - 1] & 0xfe) == 0xe8;
}

static int add_passed(struct tables *tables, const struct table_passed *passed)
{
	struct table_passed *more = array_room(tables->passed, tables->passed_count,
					       &tables->passed_room, sizeof(*more));

	if (!more)
		return -ENOMEM;
	tables->passed = more;
	more[tables->passed_count++] = *passed;
	return 0;
}

/* What was put into registers last, since the call before. */
static int read_call(struct reading *reading, const struct image_section *code,
		     const struct relocation *call)
{
	const struct relocation *at;
	struct table_passed passed = { .import = call->symbol.name };
	unsigned int known = 0;
	uint64_t target;
	int err = 0, i;

	for (i = 0, at = call; !err && i < CALL_RELOCATIONS && at-- > reading->relocation; i++) {
		if (at->section != call->section ||
		    call->offset - at->offset > CALL_BYTES || is_call(code, at))
			break;
		if (!sets_argument(code, at, &passed.arg) || known & 1u << passed.arg)
			continue;
		known |= 1u << passed.arg;
		/* An instruction counts from its end. */
		target = at->target + (at->type == R_X86_64_PC32 ? 4 : 0);
		passed.address = address_of(reading, &at->symbol, target);
		if (passed.address.function || passed.address.table >= 0)
			err = add_passed(reading->tables, &passed);
	}
	return err;
}

static int read_calls(struct reading *reading)
{
	const struct relocation *at = reading->relocation;
	const struct relocation *end = at + reading->relocations;
	struct image_section code = { 0 };
	uint32_t section = SHN_UNDEF;
	int err = 0;

	for (; !err && at < end; at++) {
		if (at->section != section && !image_section(reading->image, at->section, &code))
			continue;
		section = at->section;
		if (code.flags & SHF_EXECINSTR && at->symbol.section == SHN_UNDEF &&
		    at->symbol.name && is_call(&code, at))
			err = read_call(reading, &code, at);
	}
	return err;
}

int tables_read(const struct image *image, struct tables *tables)
{
	struct reading reading = { .image = image, .tables = tables };
	int err;

	memset(tables, 0, sizeof(*tables));
	err = image_symbols(image, &reading.symbols);
	if (!err)
		err = entries_find(image, &tables->entry, &tables->entries);
	if (!err)
		err = read_relocations(&reading);
	if (!err)
		err = read_objects(&reading);
	if (!err)
		err = read_places(&reading);
	if (!err)
		err = read_calls(&reading);
	free(reading.relocation);
	free(reading.object);
	return err;
}

void tables_free(struct tables *tables)
{
	free(tables->entry);
	free(tables->table);
	free(tables->place);
	free(tables->passed);
	memset(tables, 0, sizeof(*tables));
}
