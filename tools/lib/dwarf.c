// SPDX-License-Identifier: GPL-2.0-only
/*
 * The prototypes of a module's functions, from debug information to BTF. What
 * they point to is told by name alone, unless only the module knows it: so no
 * structure is told inside of itself. Runs in user space; the file is not
 * trusted, libdw reads it.
 */
#include <bpf/btf.h>
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "array.h"
#include "dwarf.h"
#include "elf.h"
#include "types.h"

/* Types inside of types; and all that are told of one module. */
#define NESTING_MAX	32
#define TYPES_MAX	200000u

/**
 * struct reading - of one module
 * @told: tree of struct told: types that are in @btf
 * @private: structures that only the module knows, to be told
 */
struct reading {
	struct btf *btf;
	const struct types *kernel;
	void *told;
	Dwarf_Die *private;
	size_t count, room;
	bool no_memory;
};

/* Where a DIE is in BTF: once as what it is, once as what a pointer points to. */
struct told {
	Dwarf_Off offset;
	bool pointee;
	int id;
};

static int by_offset(const void *a, const void *b)
{
	const struct told *one = a, *other = b;

	if (one->offset != other->offset)
		return one->offset < other->offset ? -1 : 1;
	return one->pointee - other->pointee;
}

static int tell(struct reading *reading, Dwarf_Die *die, bool pointee,
		int nesting);

static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attribute;

	return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type,
						      &attribute), type);
}

/* Type number 0 is void, also for what cannot be told. */
static int tell_type_of(struct reading *reading, Dwarf_Die *die, bool pointee,
			int nesting)
{
	Dwarf_Die type;

	if (nesting > NESTING_MAX || !type_of(die, &type))
		return 0;
	return tell(reading, &type, pointee, nesting + 1);
}

static const char *name_of(Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);

	return name ? name : "";
}

/* --- structures ------------------------------------------------------------------ */

struct member {
	const char *name;
	int type;
	Dwarf_Word offset;
};

/* Pointers are what counts: bitfields and what has no place are left out. */
static bool read_member(struct reading *reading, Dwarf_Die *die,
			bool is_union, int nesting, struct member *member)
{
	Dwarf_Attribute attribute;

	if (dwarf_tag(die) != DW_TAG_member ||
	    dwarf_hasattr(die, DW_AT_bit_size))
		return false;
	member->name = name_of(die);
	member->offset = 0;
	if (dwarf_attr(die, DW_AT_data_member_location, &attribute)) {
		if (dwarf_formudata(&attribute, &member->offset))
			return false;
	} else if (!is_union) {
		return false;
	}
	member->type = tell_type_of(reading, die, false, nesting);
	return member->type > 0 && member->offset < CHARIOT_PLAN_OBJECT_MAX;
}

static struct member *read_members(struct reading *reading, Dwarf_Die *die,
				   int nesting, size_t *count)
{
	bool is_union = dwarf_tag(die) == DW_TAG_union_type;
	struct member *members = NULL, *more;
	Dwarf_Die child;
	int end;

	*count = 0;
	for (end = dwarf_child(die, &child); !end;
	     end = dwarf_siblingof(&child, &child)) {
		more = reallocarray(members, *count + 1, sizeof(*members));
		if (!more) {
			reading->no_memory = true;
			break;
		}
		members = more;
		*count += read_member(reading, &child, is_union, nesting,
				      &members[*count]);
	}
	return members;
}

/* Its members' types first: members must follow their structure in BTF. */
static int tell_structure(struct reading *reading, Dwarf_Die *die, int nesting)
{
	int id, size = dwarf_bytesize(die);
	const char *name = dwarf_diename(die);
	struct member *members;
	size_t count, i;

	if (size < 0)
		return 0;
	members = read_members(reading, die, nesting, &count);
	id = dwarf_tag(die) == DW_TAG_union_type ?
	     btf__add_union(reading->btf, name, size) :
	     btf__add_struct(reading->btf, name, size);
	for (i = 0; id > 0 && i < count; i++)
		btf__add_field(reading->btf, members[i].name, members[i].type,
			       members[i].offset * 8, 0);
	free(members);
	return id;
}

static void note_private(struct reading *reading, Dwarf_Die *die)
{
	Dwarf_Die *more = array_room(reading->private, reading->count, &reading->room,
				     sizeof(*more));

	if (!more) {
		reading->no_memory = true;
		return;
	}
	reading->private = more;
	more[reading->count++] = *die;
}

/* Behind a pointer the name is enough. */
static int tell_name(struct reading *reading, Dwarf_Die *die, int nesting)
{
	bool is_union = dwarf_tag(die) == DW_TAG_union_type;
	const char *name = dwarf_diename(die);
	struct type_object known;
	int size = dwarf_bytesize(die);

	if (!name)
		return tell_structure(reading, die, nesting);
	if (size > 0 && !(types_object(reading->kernel, name, &known) &&
			  known.size == (uint32_t)size))
		note_private(reading, die);
	return btf__add_fwd(reading->btf, name,
			    is_union ? BTF_FWD_UNION : BTF_FWD_STRUCT);
}

/* --- other types ------------------------------------------------------------------- */

static int tell_number(struct reading *reading, Dwarf_Die *die)
{
	int size = dwarf_bytesize(die);

	/* BTF knows no others; more than 8 fill two registers. */
	if (size != 1 && size != 2 && size != 4 && size != 8)
		size = 16;
	return btf__add_int(reading->btf, "int", size, 0);
}

static uint32_t elements_of(Dwarf_Die *range)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (dwarf_attr(range, DW_AT_count, &attribute) &&
	    !dwarf_formudata(&attribute, &value))
		return value > UINT32_MAX ? 0 : value;
	if (dwarf_attr(range, DW_AT_upper_bound, &attribute) &&
	    !dwarf_formudata(&attribute, &value))
		return value >= UINT32_MAX ? 0 : value + 1;
	return 0;
}

static int tell_array(struct reading *reading, Dwarf_Die *die, int nesting)
{
	int end, id = tell_type_of(reading, die, false, nesting);
	uint64_t count = 1;
	Dwarf_Die range;

	for (end = dwarf_child(die, &range); !end;
	     end = dwarf_siblingof(&range, &range)) {
		if (dwarf_tag(&range) != DW_TAG_subrange_type)
			continue;
		count *= elements_of(&range);
		if (count > CHARIOT_PLAN_OBJECT_MAX)
			count = 0;
	}
	return id > 0 ? btf__add_array(reading->btf, id, id, count) : 0;
}

/* A pointer to what cannot be told is one to void, and is passed alike. */
static int tell_new(struct reading *reading, Dwarf_Die *die, bool pointee,
		    int nesting)
{
	struct btf *btf = reading->btf;
	int to;

	switch (dwarf_tag(die)) {
	case DW_TAG_pointer_type:
		to = tell_type_of(reading, die, true, nesting);
		return btf__add_ptr(btf, to > 0 ? to : 0);
	case DW_TAG_const_type:
		to = tell_type_of(reading, die, pointee, nesting);
		return btf__add_const(btf, to > 0 ? to : 0);
	case DW_TAG_volatile_type:
	case DW_TAG_restrict_type:
		return tell_type_of(reading, die, pointee, nesting);
	case DW_TAG_typedef:
		to = tell_type_of(reading, die, pointee, nesting);
		return to > 0 ? btf__add_typedef(btf, name_of(die), to) : to;
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
		return pointee ? tell_name(reading, die, nesting) :
				 tell_structure(reading, die, nesting);
	case DW_TAG_array_type:
		return pointee ? 0 : tell_array(reading, die, nesting);
	case DW_TAG_base_type:
	case DW_TAG_enumeration_type:
		return tell_number(reading, die);
	default:
		return 0;
	}
}

static int tell(struct reading *reading, Dwarf_Die *die, bool pointee,
		int nesting)
{
	struct told *told, key = { dwarf_dieoffset(die), pointee, 0 };
	struct told **found = tfind(&key, &reading->told, by_offset);

	if (found)
		return (*found)->id;
	if (btf__type_cnt(reading->btf) > TYPES_MAX)
		return 0;
	key.id = tell_new(reading, die, pointee, nesting);
	told = malloc(sizeof(*told));
	if (told)
		*told = key;
	found = told ? tsearch(told, &reading->told, by_offset) : NULL;
	if (!found)
		reading->no_memory = true;
	/* Damaged ones are told inside of themselves, and are in the tree. */
	if (!found || *found != told)
		free(told);
	return key.id;
}

/* --- functions ---------------------------------------------------------------------- */

/* By its name a number may say how long a buffer is. */
struct parameter {
	const char *name;
	int type;
};

static void tell_params(struct reading *reading, const struct parameter *params,
			size_t count, int ret, const char *name)
{
	int proto = btf__add_func_proto(reading->btf, ret > 0 ? ret : 0);
	size_t i;

	for (i = 0; i < count; i++)
		btf__add_func_param(reading->btf, params[i].name, params[i].type);
	if (proto > 0)
		btf__add_func(reading->btf, name, BTF_FUNC_GLOBAL, proto);
}

/* A function of the same code as another has no place of its own told. */
static bool has_code(Dwarf_Die *die)
{
	return dwarf_hasattr(die, DW_AT_low_pc) ||
	       dwarf_hasattr(die, DW_AT_ranges) ||
	       !(dwarf_hasattr(die, DW_AT_declaration) ||
		 dwarf_hasattr(die, DW_AT_inline));
}

static void tell_function(struct reading *reading, Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);
	struct parameter params[CHARIOT_PLAN_ARGS];
	int end, type, ret;
	Dwarf_Die param;
	size_t count = 0;

	if (!name || !has_code(die))
		return;
	ret = tell_type_of(reading, die, false, 0);
	for (end = dwarf_child(die, &param);
	     !end && count < CHARIOT_PLAN_ARGS;
	     end = dwarf_siblingof(&param, &param)) {
		if (dwarf_tag(&param) != DW_TAG_formal_parameter)
			continue;
		type = tell_type_of(reading, &param, false, 0);
		/* Nobody knows which registers the others are passed in. */
		if (type <= 0)
			break;
		params[count].name = dwarf_diename(&param);
		params[count++].type = type;
	}
	tell_params(reading, params, count, ret, name);
}

static void tell_unit(struct reading *reading, Dwarf_Die *unit)
{
	Dwarf_Die child;
	int end;

	for (end = dwarf_child(unit, &child); !end;
	     end = dwarf_siblingof(&child, &child))
		if (dwarf_tag(&child) == DW_TAG_subprogram)
			tell_function(reading, &child);
}

/* Telling one may find others, which are put behind. */
static void tell_private(struct reading *reading)
{
	Dwarf_Die die;
	size_t i;

	for (i = 0; i < reading->count; i++) {
		die = reading->private[i];
		tell(reading, &die, false, 0);
	}
}

static int read_units(struct reading *reading, Dwfl_Module *module)
{
	Dwarf_Die *unit = NULL;
	Dwarf_Addr bias;
	const void *bytes;
	uint32_t size;

	if (!dwfl_module_getdwarf(module, &bias))
		return -ENODATA;
	while ((unit = dwfl_module_nextcu(module, unit, &bias)))
		tell_unit(reading, unit);
	tell_private(reading);
	bytes = btf__raw_data(reading->btf, &size);
	return reading->no_memory || !bytes ? -ENOMEM : 0;
}

/* --- the file ----------------------------------------------------------------------- */

static int no_other_file(Dwfl_Module *module, void **data, const char *name,
			 Dwarf_Addr base, const char *file, const char *link,
			 GElf_Word crc, char **found)
{
	(void)module, (void)data, (void)name, (void)base, (void)file;
	(void)link, (void)crc, (void)found;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = no_other_file,
	.section_address = dwfl_offline_section_address,
};

/* libdwfl applies a module's relocations only to a file. */
static int open_copy(const struct image *image)
{
	size_t size;
	const void *bytes = image_bytes(image, &size);
	int fd = memfd_create("module", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, bytes, size) != (ssize_t)size) {
		close(fd);
		return -1;
	}
	return fd;
}

static int read_file(struct reading *reading, const struct image *image)
{
	Dwfl *dwfl = dwfl_begin(&callbacks);
	Dwfl_Module *module;
	int fd, err = -ENOMEM;

	if (!dwfl)
		return err;
	fd = open_copy(image);
	if (fd >= 0) {
		dwfl_report_begin(dwfl);
		/* Takes the file over if it can be read. */
		module = dwfl_report_offline(dwfl, "module", "module", fd);
		dwfl_report_end(dwfl, NULL, NULL);
		err = module ? read_units(reading, module) : -EINVAL;
		if (!module)
			close(fd);
	}
	dwfl_end(dwfl);
	return err;
}

int dwarf_to_btf(const struct image *image, const struct types *types,
		 void **btf, size_t *size)
{
	struct reading reading = { .btf = btf__new_empty(), .kernel = types };
	struct image_section section;
	const void *bytes;
	uint32_t length;
	int err = -ENODATA;

	*btf = NULL;
	if (image_find_section(image, ".debug_info", &section))
		err = reading.btf ? read_file(&reading, image) : -ENOMEM;
	if (!err) {
		bytes = btf__raw_data(reading.btf, &length);
		*size = length;
		*btf = malloc(length);
		if (*btf)
			memcpy(*btf, bytes, length);
		else
			err = -ENOMEM;
	}
	tdestroy(reading.told, free);
	free(reading.private);
	btf__free(reading.btf);
	return err;
}
