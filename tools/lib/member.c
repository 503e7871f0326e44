// SPDX-License-Identifier: GPL-2.0-only
/*
 * Members of structures by name. Runs in user space; neither BTF nor names are
 * trusted: what is not there, or not for certain, is refused with the reason.
 */
#include <bpf/btf.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "member.h"
#include "nearest.h"
#include "printable.h"

#define NESTING_MAX	16	/* unnamed structures in each other */
#define STEPS_MAX	65536	/* members to look at for one name */
#define LISTED_MAX	5	/* members named for a wrong one */

static bool __attribute__((format(printf, 2, 3)))
refuse(char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, MEMBER_WHY, format, args);
	va_end(args);
	/* With names from BTF in it. */
	printable_clean(why, MEMBER_WHY);
	return false;
}

/* --- names -------------------------------------------------------------------- */

static size_t word_length(const char *text)
{
	size_t length = 0;

	if (!isalpha((unsigned char)*text) && *text != '_')
		return 0;
	while (isalnum((unsigned char)text[length]) || text[length] == '_')
		length++;
	return length;
}

static const char *keyword_of(const char **text)
{
	static const char *const keywords[] = { "struct ", "union " };
	size_t i, length;

	for (i = 0; i < 2; i++) {
		length = strlen(keywords[i]) - 1;
		if (strncmp(*text, keywords[i], length) ||
		    ((*text)[length] && !isblank((unsigned char)(*text)[length])))
			continue;
		*text += length;
		while (isblank((unsigned char)**text))
			(*text)++;
		return keywords[i];
	}
	return "";
}

bool member_parse(const char *text, struct member_name *name, char *why)
{
	size_t length;

	name->keyword = keyword_of(&text);
	length = word_length(text);
	if (!length)
		return refuse(why, "here the name of a structure is wanted, such as 'struct sk_buff.len'");
	if (length >= sizeof(name->tag))
		return refuse(why, "no structure has a name of %zu letters", length);
	memcpy(name->tag, text, length);
	name->tag[length] = '\0';
	text += length;
	if (*text && *text != '.')
		return refuse(why, "behind '%s' stands '%s': '.' and a member's name are possible, or nothing",
			      name->tag, text);
	if (strlen(text) >= sizeof(name->path))
		return refuse(why, "the name is too long");
	strcpy(name->path, text);
	return true;
}

/* --- members ------------------------------------------------------------------- */

/**
 * struct cursor - a part of a structure that is being looked for
 * @id: its type
 * @bits: where it begins in the structure
 * @field: bits, if it is a bit field; or 0
 */
struct cursor {
	const struct btf *btf;
	uint32_t id;
	uint64_t bits;
	uint32_t field;
};

static const char *name_at(const struct btf *btf, uint32_t offset)
{
	const char *name = btf__name_by_offset(btf, offset);

	return name ? name : "";
}

/* Also members of unnamed structures and unions inside. */
static bool find_member(struct cursor *at, const struct btf_type *type,
			const char *name, size_t length, int nesting,
			unsigned int *steps)
{
	const struct btf_member *member = btf_members(type);
	struct type_peeled inner;
	struct cursor inside;
	const char *text;
	int i;

	for (i = 0; i < btf_vlen(type) && *steps; i++) {
		(*steps)--;
		inside = (struct cursor) {
			.btf = at->btf,
			.id = member[i].type,
			.bits = at->bits + btf_member_bit_offset(type, i),
			.field = btf_member_bitfield_size(type, i),
		};
		text = name_at(at->btf, member[i].name_off);
		if (*text && !strncmp(text, name, length) && !text[length]) {
			*at = inside;
			return true;
		}
		if (*text || nesting >= NESTING_MAX)
			continue;
		inner = type_peel(at->btf, member[i].type);
		if (inner.type && btf_is_composite(inner.type) &&
		    find_member(&inside, inner.type, name, length,
				nesting + 1, steps)) {
			*at = inside;
			return true;
		}
	}
	return false;
}

struct listing {
	char text[160];
	unsigned int count;
	unsigned int steps;
	struct nearest nearest;
};

static void list_name(struct listing *listing, const char *name)
{
	size_t used = strlen(listing->text);

	nearest_try(&listing->nearest, name);
	if (listing->count++ < LISTED_MAX)
		snprintf(listing->text + used, sizeof(listing->text) - used,
			 "%s%s", used ? ", " : "", name);
}

static void list_names(struct listing *listing, const struct btf *btf,
		       const struct btf_type *type, int nesting)
{
	const struct btf_member *member = btf_members(type);
	struct type_peeled inner;
	const char *text;
	int i;

	for (i = 0; i < btf_vlen(type) && listing->steps; i++) {
		listing->steps--;
		text = name_at(btf, member[i].name_off);
		if (*text) {
			list_name(listing, text);
			continue;
		}
		inner = type_peel(btf, member[i].type);
		if (nesting < NESTING_MAX && inner.type &&
		    btf_is_composite(inner.type))
			list_names(listing, btf, inner.type, nesting + 1);
	}
}

/* Say what there is instead. @before: the name up to here. */
static bool no_member(const struct cursor *at, const struct btf_type *type,
		      const char *before, const char *name, char *why)
{
	struct listing listing = { .steps = STEPS_MAX };

	nearest_begin(&listing.nearest, name);
	list_names(&listing, at->btf, type, 0);
	if (listing.nearest.name)
		return refuse(why, "'%s' has no member '%s'; is '%s' meant?",
			      before, name, listing.nearest.name);
	if (listing.count <= LISTED_MAX)
		return refuse(why, "'%s' has no member '%s', only: %s", before,
			      name, listing.count ? listing.text : "none");
	return refuse(why, "'%s' has no member '%s'; it has %u others: %s, ...",
		      before, name, listing.count, listing.text);
}

static bool no_structure(const struct type_peeled *type, const char *before,
			 char *why)
{
	if (type->type && btf_is_ptr(type->type))
		return refuse(why, "'%s' is a pointer: what it points to is an object of its own, named by its own structure",
			      before);
	if (type->type && btf_is_array(type->type))
		return refuse(why, "'%s' is an array: name an element, as %s[0]",
			      before, before);
	return refuse(why, "'%s' is no structure: it has no members", before);
}

static bool go_to_member(struct cursor *at, const char *before,
			 const char **rest, char *why)
{
	struct type_peeled peeled = type_peel(at->btf, at->id);
	const char *name = *rest + 1;
	size_t length = word_length(name);
	unsigned int steps = STEPS_MAX;
	char text[MEMBER_TEXT];

	if (!length)
		return refuse(why, "behind '%s.' a member's name is wanted",
			      before);
	if (!peeled.type || !btf_is_composite(peeled.type))
		return no_structure(&peeled, before, why);
	*rest = name + length;
	if (find_member(at, peeled.type, name, length, 0, &steps))
		return true;
	snprintf(text, sizeof(text), "%.*s", (int)length, name);
	return no_member(at, peeled.type, before, text, why);
}

/* Bytes of a type; 0: none, or more than any plan takes. */
static uint32_t size_of(const struct btf *btf, uint32_t id)
{
	int64_t size = btf__resolve_size(btf, id);

	return size < 0 || size > CHARIOT_PLAN_OBJECT_MAX ? 0 : size;
}

static bool go_to_element(struct cursor *at, const char *before,
			  const char **rest, char *why)
{
	struct type_peeled peeled = type_peel(at->btf, at->id);
	const struct btf_array *array;
	unsigned long index;
	uint32_t size;
	char *end;

	if (!isdigit((unsigned char)(*rest)[1]))
		return refuse(why, "behind '%s[' an element's number is wanted",
			      before);
	index = strtoul(*rest + 1, &end, 10);
	if (*end != ']')
		return refuse(why, "behind '%s[' a number and ']' are wanted",
			      before);
	if (!peeled.type || !btf_is_array(peeled.type))
		return refuse(why, "'%s' is no array", before);
	array = btf_array(peeled.type);
	if (!array->nelems)
		return refuse(why, "'%s' is an array without a size: its elements are no part of the structure",
			      before);
	if (index >= array->nelems)
		return refuse(why, "'%s' has %u elements, %s[0] to %s[%u]",
			      before, array->nelems, before, before,
			      array->nelems - 1);
	size = size_of(at->btf, array->type);
	if (!size)
		return refuse(why, "the elements of '%s' have no size, or are too big",
			      before);
	at->id = array->type;
	at->bits += (uint64_t)index * size * 8;
	*rest = end + 1;
	return true;
}

static bool is_const(const struct cursor *at)
{
	struct type_peeled peeled = type_peel(at->btf, at->id);
	int i;

	for (i = 0; i < NESTING_MAX && !peeled.is_const && peeled.type &&
	     btf_is_array(peeled.type); i++)
		peeled = type_peel(at->btf, btf_array(peeled.type)->type);
	return peeled.is_const;
}

/* The bytes that hold a bit field; how many bits of others are in them? */
static uint32_t field_bytes(const struct cursor *at, struct member_place *place)
{
	uint64_t end = at->bits + at->field;

	place->offset = at->bits / 8;
	place->size = (end + 7) / 8 - at->bits / 8;
	return place->size * 8 - at->field;
}

static bool end_of_path(const struct type_object *object,
			const struct cursor *at, const char *before,
			const char *rest, struct member_place *place,
			char *why)
{
	bool byte = !strcmp(rest, ":byte");
	uint32_t others;

	if (*rest && !byte)
		return refuse(why, "behind '%s' stands '%s': '.MEMBER', '[NUMBER]', or for a bit field ':byte' is possible",
			      before, rest);
	if (byte && !at->field)
		return refuse(why, "'%s' is no bit field: leave out ':byte'",
			      before);
	if (at->field) {
		others = field_bytes(at, place);
		if (!byte)
			return refuse(why, "'%s' is a bit field of %u bit%s, and rights are for bytes: '%s:byte' gives all of its byte, %u other bit%s too",
				      before, at->field,
				      at->field == 1 ? "" : "s", before,
				      others, others == 1 ? "" : "s");
	} else {
		if (at->bits % 8)
			return refuse(why, "'%s' does not begin at a byte",
				      before);
		place->offset = at->bits / 8;
		place->size = size_of(at->btf, at->id);
	}
	if (is_const(at))
		return refuse(why, "'%s' is const", before);
	if (!place->size)
		return refuse(why, "'%s' has no size of its own", before);
	if (at->bits / 8 >= object->size ||
	    place->size > object->size - place->offset)
		return refuse(why, "'%s' is not inside of its structure: the BTF is damaged",
			      before);
	return true;
}

bool member_find(const struct type_object *object, const char *path,
		 struct member_place *place, char *why)
{
	struct cursor at = { .btf = object->btf, .id = object->id };
	char before[2 * MEMBER_TEXT];
	const char *rest = path;
	bool good = true;

	while (good && (*rest == '.' || *rest == '[')) {
		/* The name up to here, for what may be wrong with the rest. */
		snprintf(before, sizeof(before), "%s%s%.*s", object->keyword,
			 object->name, (int)(rest - path), path);
		if (at.field)
			return refuse(why, "'%s' is a bit field: it has no parts",
				      before);
		good = *rest == '.' ? go_to_member(&at, before, &rest, why) :
				      go_to_element(&at, before, &rest, why);
	}
	if (!good)
		return false;
	snprintf(before, sizeof(before), "%s%s%.*s", object->keyword,
		 object->name, (int)(rest - path), path);
	return end_of_path(object, &at, before, rest, place, why);
}
