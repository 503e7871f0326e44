// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of places in structures: which member does a write hit? Runs in user
 * space; BTF may be without sense, so the search has an end.
 */
#include <bpf/btf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "member.h"
#include "printable.h"

#define NESTING_MAX	32
#define STEPS_MAX	65536	/* members to look at for one place */
#define OBJECTS_MAX	16	/* structures of one name */

/**
 * struct search - for the member at a place
 * @from: the place
 * @to: the write's end
 * @path: of what is being looked at
 * @length: of @path
 * @best: of those found: its path
 * @place: of it
 * @fits: it lies within the write
 * @found: there is one
 */
struct search {
	const struct btf *btf;
	uint64_t from, to;
	unsigned int steps;
	char path[MEMBER_TEXT];
	size_t length;
	char *best;
	struct member_place *place;
	bool fits, found;
};

static void look_at_type(struct search *search, uint32_t id, uint64_t offset,
			 int nesting);

/* The largest within the write, else the smallest around its first byte. */
static void consider(struct search *search, uint64_t offset, uint64_t size,
		     bool divisible)
{
	bool fits = offset == search->from && offset + size <= search->to;

	if (!fits && (divisible || search->fits))
		return;
	if (search->found && fits == search->fits &&
	    (fits ? size <= search->place->size : size >= search->place->size))
		return;
	search->found = true;
	search->fits = fits;
	*search->place = (struct member_place) { offset, size };
	memcpy(search->best, search->path, search->length + 1);
}

/* Return: false if there is no room for it. */
static bool append(struct search *search, const char *before, const char *name,
		   const char *behind)
{
	size_t room = sizeof(search->path) - search->length;
	int length = snprintf(search->path + search->length, room, "%s%s%s",
			      before, name, behind);

	if (length < 0 || (size_t)length >= room)
		return false;
	search->length += length;
	return true;
}

static void cut(struct search *search, size_t length)
{
	search->length = length;
	search->path[length] = '\0';
}

static void look_at_field(struct search *search, const char *name,
			  uint64_t bits, uint32_t field)
{
	uint64_t first = bits / 8, end = (bits + field + 7) / 8;
	size_t length = search->length;

	if (search->from >= first && search->from < end && *name &&
	    append(search, ".", name, ":byte"))
		consider(search, first, end - first, false);
	cut(search, length);
}

static void look_at_members(struct search *search, const struct btf_type *type,
			    uint64_t offset, int nesting)
{
	const struct btf_member *member = btf_members(type);
	size_t length = search->length;
	const char *name;
	uint64_t bits;
	int i;

	for (i = 0; i < btf_vlen(type) && search->steps; i++) {
		search->steps--;
		name = btf__name_by_offset(search->btf, member[i].name_off);
		name = name ? name : "";
		bits = offset * 8 + btf_member_bit_offset(type, i);
		if (btf_member_bitfield_size(type, i))
			look_at_field(search, name, bits,
				      btf_member_bitfield_size(type, i));
		else if (!(bits % 8) && bits / 8 <= search->from &&
			 append(search, *name ? "." : "", name, ""))
			look_at_type(search, member[i].type, bits / 8,
				     *name ? nesting + 1 : -nesting - 1);
		cut(search, length);
	}
}

static void look_at_elements(struct search *search, const struct btf_type *type,
			     uint64_t offset, int nesting)
{
	const struct btf_array *array = btf_array(type);
	int64_t size = btf__resolve_size(search->btf, array->type);
	uint64_t index;
	char number[24];

	if (size <= 0)
		return;
	index = (search->from - offset) / size;
	snprintf(number, sizeof(number), "%" PRIu64, index);
	if (index < array->nelems && append(search, "[", number, "]"))
		look_at_type(search, array->type, offset + index * size,
			     nesting + 1);
}

/* @nesting: negative for what has no name of its own. */
static void look_at_type(struct search *search, uint32_t id, uint64_t offset,
			 int nesting)
{
	bool named = nesting >= 0;
	struct type_peeled peeled = type_peel(search->btf, id);
	int64_t size = btf__resolve_size(search->btf, id);
	bool divisible;

	nesting = named ? nesting : -nesting;
	if (nesting > NESTING_MAX || !peeled.type || size <= 0 ||
	    search->from - offset >= (uint64_t)size)
		return;
	divisible = btf_is_composite(peeled.type) ||
		    btf_is_array(peeled.type);
	if (named)
		consider(search, offset, size, divisible);
	if (btf_is_composite(peeled.type))
		look_at_members(search, peeled.type, offset, nesting);
	else if (btf_is_array(peeled.type))
		look_at_elements(search, peeled.type, offset, nesting);
}

bool member_at(const struct type_object *object, uint64_t from, uint64_t to,
	       char *path, struct member_place *place)
{
	struct search search = {
		.btf = object->btf,
		.from = from,
		.to = to > from ? to : from + 1,
		.steps = STEPS_MAX,
		.best = path,
		.place = place,
	};

	path[0] = '\0';
	if (from >= object->size)
		return false;
	look_at_type(&search, object->id, 0, 0);
	if (search.found && place->size > object->size - place->offset)
		return false;
	printable_clean(path, MEMBER_TEXT);
	return search.found;
}

const struct type_object *
member_at_all(const struct type_object *objects, size_t count, uint64_t from,
	      uint64_t to, char *path, struct member_place *place)
{
	const struct type_object *found = NULL;
	struct member_place other_place;
	char other[MEMBER_TEXT];
	size_t i;

	for (i = 0; i < count; i++) {
		if (!found) {
			if (member_at(&objects[i], from, to, path, place))
				found = &objects[i];
		} else if (member_at(&objects[i], from, to, other,
				     &other_place) &&
			   (strcmp(path, other) ||
			    place->offset != other_place.offset ||
			    place->size != other_place.size)) {
			return NULL;
		}
	}
	return found;
}

/* --- bit fields ---------------------------------------------------------------- */

/**
 * struct fields - those in a byte
 * @at: the byte
 */
struct fields {
	const struct btf *btf;
	uint64_t at;
	unsigned int steps;
	char *text;
	size_t room;
};

static void list_fields(struct fields *fields, uint32_t id, uint64_t offset,
			int nesting);

/* Kernel structures tell some members twice, in both parts of a union. */
static bool is_listed(const char *list, const char *name)
{
	size_t length = strlen(name), word;

	for (; *list; list += word + strspn(list + word, ", ")) {
		word = strcspn(list, ",");
		if (word == length && !strncmp(list, name, word))
			return true;
	}
	return false;
}

static void note_field(struct fields *fields, const char *name, uint64_t bits,
		       uint32_t field)
{
	size_t used = strlen(fields->text);

	if (name && bits / 8 <= fields->at &&
	    (bits + field + 7) / 8 > fields->at &&
	    !is_listed(fields->text, name))
		snprintf(fields->text + used, fields->room - used, "%s%s",
			 used ? ", " : "", name);
}

static void list_members(struct fields *fields, const struct btf_type *type,
			 uint64_t offset, int nesting)
{
	const struct btf_member *member = btf_members(type);
	uint32_t field;
	uint64_t bits;
	int i;

	for (i = 0; i < btf_vlen(type) && fields->steps; i++) {
		fields->steps--;
		bits = offset * 8 + btf_member_bit_offset(type, i);
		field = btf_member_bitfield_size(type, i);
		if (field)
			note_field(fields,
				   btf__name_by_offset(fields->btf,
						       member[i].name_off),
				   bits, field);
		else if (bits / 8 <= fields->at)
			list_fields(fields, member[i].type, bits / 8,
				    nesting + 1);
	}
}

static void list_fields(struct fields *fields, uint32_t id, uint64_t offset,
			int nesting)
{
	struct type_peeled peeled = type_peel(fields->btf, id);
	int64_t size = btf__resolve_size(fields->btf, id);

	if (nesting > NESTING_MAX || !peeled.type || size <= 0 ||
	    fields->at - offset >= (uint64_t)size)
		return;
	if (btf_is_composite(peeled.type)) {
		list_members(fields, peeled.type, offset, nesting);
	} else if (btf_is_array(peeled.type)) {
		id = btf_array(peeled.type)->type;
		size = btf__resolve_size(fields->btf, id);
		if (size > 0)
			list_fields(fields, id, fields->at -
				    (fields->at - offset) % size, nesting + 1);
	}
}

void member_fields(const struct type_object *object, uint64_t offset,
		   char *text, size_t room)
{
	struct fields fields = {
		.btf = object->btf,
		.at = offset,
		.steps = STEPS_MAX,
		.text = text,
		.room = room,
	};

	text[0] = '\0';
	list_fields(&fields, object->id, 0, 0);
	printable_clean(text, room);
}

/* --- for people --------------------------------------------------------------- */

static bool describe(const struct type_object *objects, size_t count,
		     uint64_t from, uint64_t to, char *text)
{
	char first[MEMBER_TEXT], last[MEMBER_TEXT], all[3 * MEMBER_TEXT];
	const struct type_object *object;
	struct member_place place;
	bool more;

	object = member_at_all(objects, count, from, to, first, &place);
	if (!object)
		return false;
	/* Of one that ends within a member the last byte tells it. */
	more = (uint64_t)place.offset + place.size < to && to <= object->size &&
	       member_at(object, to - 1, to, last, &place);
	snprintf(all, sizeof(all), "%s%s%s%s%s", object->keyword, object->name,
		 first, more ? " to " : "", more ? last : "");
	if (strlen(all) >= MEMBER_TEXT)
		return false;
	strcpy(text, all);
	printable_clean(text, MEMBER_TEXT);
	return true;
}

bool member_describe(const struct types *types, const char *tag,
		     uint64_t offset, uint64_t length, char *text)
{
	struct type_object objects[OBJECTS_MAX];
	size_t count = types ? types_objects(types, NULL, tag, objects,
					     OBJECTS_MAX) : 0;
	uint64_t end = length < UINT64_MAX - offset ? offset + length : offset;

	if (count && count <= OBJECTS_MAX &&
	    describe(objects, count, offset, end, text))
		return true;
	snprintf(text, MEMBER_TEXT, "%s +0x%" PRIx64, tag, offset);
	printable_clean(text, MEMBER_TEXT);
	return false;
}
