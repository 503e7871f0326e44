// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the tables of functions in a module's data are: which type of the kernel's
 * has its pointers where the table has addresses, and nothing where it has none. Of
 * those that fit, that of the argument by which an import is told of the table, or
 * of the member that points to it; else the ones that are nearest to what the module
 * imports: nobody else would call by the table. Runs in user space; neither the file
 * nor BTF is trusted.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "reach.h"
#include "shapes.h"
#include "tables.h"

#define POINTER_SIZE	8u
#define POISON		0xdead000000000000ull
/* Tables that tell of tables. */
#define ROUNDS_MAX	4
/* More words that two names share count as so many. */
#define WORDS_MAX	8u
/* What a pointer more counts; and what is too far, unless the module tells of it. */
#define HOP		(2 * WORDS_MAX)
#define UNTOLD		(HOP * (REACH_HOPS + 1))
/* If more types are as likely as each other, nothing is known. */
#define LIKELY_MAX	8u

/**
 * struct slot - a pointer in a type, or a number that one fits into
 * @to: what its addresses may be of, TABLE_TO_...
 * @type: what it is, in the type's BTF
 * @proto: of the function that it points to, or 0
 * @alone: it shares its place with nothing else
 */
struct slot {
	uint64_t offset;
	unsigned int to;
	uint32_t type;
	uint32_t proto;
	bool alone;
};

/* The slots of one type. */
struct shape {
	const struct btf *btf;
	uint64_t size;
	struct slot *slot;
	size_t slots, room;
	bool no_memory;
};

/* A type that a table fits. @distance: how far fetched that is. */
struct candidate {
	struct type_object object;
	unsigned int distance;
};

/* All of them, the likeliest first. @told: the module is seen to use it for that. */
struct guess {
	struct candidate *type;
	size_t types, room;
	bool told;
};

struct shapes {
	struct types *types;
	struct tables tables;
	struct guess *guess;		/* of each table */
	bool no_memory;
};

/* --- the shape of a type ------------------------------------------------------------ */

static unsigned int pointer_to(const struct btf *btf, const struct type_peeled *target)
{
	const char *name;

	/* Whatever fits into a pointer is put there. */
	if (!target->type || btf_is_void(target->type) || btf_is_int(target->type))
		return TABLE_TO_DATA | TABLE_TO_STRING;
	if (btf_is_func_proto(target->type))
		return TABLE_TO_FUNCTION;
	name = btf__name_by_offset(btf, target->type->name_off);
	return name && !strcmp(name, "module") ? TABLE_TO_MODULE : TABLE_TO_DATA;
}

static void note_slot(uint32_t id, uint64_t offset, bool alone, void *data)
{
	struct shape *shape = data;
	const struct btf_type *type = btf__type_by_id(shape->btf, id);
	struct slot slot = { .offset = offset, .type = id }, *more;
	struct type_peeled target;

	if (offset > shape->size - POINTER_SIZE)
		return;
	if (btf_is_ptr(type)) {
		target = type_peel(shape->btf, type->type);
		slot.to = pointer_to(shape->btf, &target);
		slot.proto = slot.to == TABLE_TO_FUNCTION ? target.id : 0;
		slot.alone = alone && target.type && !btf_is_void(target.type);
	} else {
		slot.to = TABLE_TO_DATA | TABLE_TO_STRING;
	}
	more = array_room(shape->slot, shape->slots, &shape->room, sizeof(*more));
	if (!more) {
		shape->no_memory = true;
		return;
	}
	shape->slot = more;
	more[shape->slots++] = slot;
}

static void read_shape(struct shape *shape, const struct type_object *object)
{
	shape->btf = object->btf;
	shape->size = object->size;
	shape->slots = 0;
	reach_words(object->btf, object->id, note_slot, shape);
}

/* --- what fits ------------------------------------------------------------------------ */

/* No pointer, or the kernel's own word for one that leads nowhere (LIST_POISON). */
static bool is_nothing(const struct table *table, uint64_t offset)
{
	uint64_t value = 0;

	if (table->bytes)
		memcpy(&value, table->bytes + offset, sizeof(value));
	return !value || value >> 12 == POISON >> 12;
}

static bool has_address(const struct table *table, uint64_t offset)
{
	size_t low = 0, high = table->places, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (table->place[middle].offset == offset)
			return true;
		if (table->place[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* Of an array all elements hold addresses, but for one that tells its end. */
static bool is_filled(const struct table *table, uint64_t size)
{
	uint64_t element, end = table->size / size, next = 0;
	size_t i;

	for (i = 0; i < table->places; i++) {
		element = table->place[i].offset / size;
		if (element > next)
			return false;
		next = element + 1;
	}
	return next + 1 >= end;
}

/* Every address has its pointer, and no pointer is something else. */
static bool fits(const struct shape *shape, const struct table *table)
{
	const struct slot *slot, *end = shape->slot + shape->slots;
	uint64_t first, offset;
	size_t i;

	if (!is_filled(table, shape->size))
		return false;
	for (i = 0; i < table->places; i++) {
		offset = table->place[i].offset % shape->size;
		for (slot = shape->slot; slot < end; slot++)
			if (slot->offset == offset &&
			    slot->to & table->place[i].address.to)
				break;
		if (slot == end)
			return false;
	}
	for (first = 0; first < table->size; first += shape->size)
		for (slot = shape->slot; slot < end; slot++)
			if (slot->alone && !has_address(table, first + slot->offset) &&
			    !is_nothing(table, first + slot->offset))
				return false;
	return true;
}

/* By what BTF of several modules it is known. */
static bool is_guessed(const struct guess *guess, const struct type_object *object)
{
	size_t i;

	for (i = 0; i < guess->types; i++)
		if (types_same(&guess->type[i].object, object))
			return true;
	return false;
}

static void add_guess(struct shapes *shapes, struct guess *guess,
		      const struct type_object *object, unsigned int distance)
{
	struct candidate *more;

	if (is_guessed(guess, object))
		return;
	more = array_room(guess->type, guess->types, &guess->room, sizeof(*more));
	if (!more) {
		shapes->no_memory = true;
		return;
	}
	guess->type = more;
	more[guess->types++] = (struct candidate) { *object, distance };
}

static bool has_word(const char *name, const char *word, size_t length)
{
	for (; name; name = strchr(name, '_')) {
		name += *name == '_';
		if (!strncmp(name, word, length))
			return true;
	}
	return false;
}

/* How many of its words begin one of the other name: "foo_file_ops". */
static unsigned int words_shared(const char *name, const char *other)
{
	unsigned int count = 0;
	size_t length;

	for (; *name; name += length + (name[length] == '_')) {
		length = strcspn(name, "_");
		if (length > 1 && has_word(other, name, length))
			count++;
	}
	return count;
}

static bool is_all_functions(const struct table *table)
{
	size_t i;

	for (i = 0; i < table->places; i++)
		if (!(table->place[i].address.to & TABLE_TO_FUNCTION))
			return false;
	return true;
}

/*
 * Nearer types are likelier, then those that are no array, then those whose names are
 * alike. Any functions in a row look like an array of small structures.
 */
static unsigned int distance_of(const struct table *table, const struct reached *type)
{
	unsigned int words = words_shared(table->name, type->object.name);
	bool array = table->size != type->object.size;

	return (array && is_all_functions(table) ? UNTOLD : 0) + type->hops * HOP +
	       array * WORDS_MAX + WORDS_MAX - (words < WORDS_MAX ? words : WORDS_MAX);
}

static void try_type(struct shapes *shapes, struct shape *shape,
		     const struct reached *reached)
{
	const struct table *table = shapes->tables.table;
	const struct table *end = table + shapes->tables.count;
	bool known = false;

	if (reached->object.size < POINTER_SIZE)
		return;
	for (; table < end; table++) {
		if (table->size % reached->object.size)
			continue;
		if (!known)
			read_shape(shape, &reached->object);
		known = true;
		if (fits(shape, table))
			add_guess(shapes, &shapes->guess[table - shapes->tables.table],
				  &reached->object, distance_of(table, reached));
	}
}

/* --- what the module tells ------------------------------------------------------------ */

/* The table is used for this type: is it one that it fits? */
static bool tell(struct guess *guess, const struct type_object *object)
{
	size_t i;

	for (i = 0; i < guess->types; i++)
		if (types_same(&guess->type[i].object, object))
			break;
	if (guess->told || i == guess->types)
		return false;
	guess->type[0] = guess->type[i];
	guess->types = 1;
	guess->told = true;
	return true;
}

/* What a pointer points to is known to be that table. */
static bool tell_pointee(struct shapes *shapes, const struct btf *btf, uint32_t pointer,
			 ptrdiff_t table)
{
	struct type_peeled peeled = type_peel(btf, pointer);
	struct type_object object;

	return table >= 0 && peeled.type && btf_is_ptr(peeled.type) &&
	       types_structure(shapes->types, btf, peeled.type->type, &object) &&
	       tell(&shapes->guess[table], &object);
}

static int lend_function(struct shapes *shapes, const struct table_address *address,
			 const struct btf *btf, uint32_t proto)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < address->names; i++)
		err = types_lend(shapes->types, address->function[i].name, btf, proto);
	return err;
}

/* An argument of an import is a table, or a function to call. */
static int tell_passed(struct shapes *shapes, const struct table_passed *passed)
{
	const struct btf_type *proto;
	struct type_peeled peeled;
	const struct btf *btf;
	uint32_t id;

	if (!types_prototype(shapes->types, passed->import, false, &btf, &id))
		return 0;
	proto = btf__type_by_id(btf, id);
	if (passed->arg >= btf_vlen(proto))
		return 0;
	id = btf_params(proto)[passed->arg].type;
	tell_pointee(shapes, btf, id, passed->address.table);
	peeled = type_peel(btf, id);
	if (!peeled.type || !btf_is_ptr(peeled.type))
		return 0;
	peeled = type_peel(btf, peeled.type->type);
	return peeled.type && btf_is_func_proto(peeled.type) ?
	       lend_function(shapes, &passed->address, btf, peeled.id) : 0;
}

static int by_distance(const void *a, const void *b)
{
	const struct candidate *one = a, *other = b;

	return one->distance < other->distance ? -1 : one->distance > other->distance;
}

/* Members of a table's type that point to other tables; did it help? */
static bool tell_members(struct shapes *shapes, struct shape *shape, size_t table,
			 const struct type_object *object)
{
	const struct table *of = &shapes->tables.table[table];
	const struct slot *slot;
	bool told = false;
	size_t i;

	read_shape(shape, object);
	for (i = 0; i < of->places; i++)
		for (slot = shape->slot; slot < shape->slot + shape->slots; slot++)
			if (slot->offset == of->place[i].offset % shape->size)
				told |= tell_pointee(shapes, shape->btf, slot->type,
						     of->place[i].address.table);
	return told;
}

/* How many are as likely as the first; 0 if none is likely. */
static size_t likeliest(const struct guess *guess)
{
	size_t i;

	if (!guess->types || guess->told)
		return guess->types;
	if (guess->type[0].distance >= UNTOLD)
		return 0;
	for (i = 0; i < guess->types; i++)
		if (guess->type[i].distance != guess->type[0].distance)
			break;
	return i;
}

/* Keep what is of one of these types, if there are any. */
static void keep_named(struct guess *guess, const char *const *names, size_t count)
{
	size_t i, name, kept = 0;

	for (i = 0; i < guess->types; i++)
		for (name = 0; name < count && names[name]; name++)
			if (!strcmp(guess->type[i].object.name, names[name])) {
				guess->type[kept++] = guess->type[i];
				break;
			}
	if (kept) {
		guess->types = kept;
		guess->told = true;
	}
}

/*
 * Macros of the kernel's name what they make; people name what they make like them, which
 * counts if nothing else is known.
 */
static void tell_named(struct guess *guess, const char *table)
{
	static const struct {
		const char *word, *types[2];
	} macros[] = {
		{ "iio_dev_attr_", { "iio_dev_attr" } },
		{ "dev_attr_", { "device_attribute" } },
		{ "driver_attr_", { "driver_attribute" } },
		{ "bus_attr_", { "bus_attribute" } },
		{ "class_attr_", { "class_attribute" } },
		{ "attr", { "device_attribute", "kobj_attribute" } },
	};
	size_t i;

	for (i = 0; !guess->told && i < sizeof(macros) / sizeof(*macros); i++)
		if (strstr(table, macros[i].word) &&
		    !(macros[i].types[1] && likeliest(guess)))
			keep_named(guess, macros[i].types, 2);
}

/* Those of sensors have a number behind, and no type that the kernel knows. */
static void clip_sensors(struct shapes *shapes)
{
	struct table *table = shapes->tables.table;
	struct table *end = table + shapes->tables.count;
	struct type_object object;

	if (!types_object(shapes->types, "device_attribute", &object))
		return;
	for (; table < end; table++) {
		if (strncmp(table->name, "sensor_dev_attr_", 16) ||
		    table->size <= object.size)
			continue;
		table->size = object.size;
		while (table->places &&
		       table->place[table->places - 1].offset >= object.size)
			table->places--;
	}
}

/* From what is sure, as long as it leads on. */
static void follow(struct shapes *shapes, struct shape *shape)
{
	const struct guess *guess = shapes->guess;
	bool more = true;
	size_t i;
	int round;

	for (round = 0; more && round < ROUNDS_MAX; round++) {
		more = false;
		for (i = 0; i < shapes->tables.count; i++)
			if (likeliest(&guess[i]) == 1)
				more |= tell_members(shapes, shape, i,
						     &guess[i].type[0].object);
	}
}

/* --- what comes of it ------------------------------------------------------------------ */

/* Tell the table's functions the prototypes of that type. */
static int lend(struct shapes *shapes, struct shape *shape, const struct table *table,
		const struct type_object *object)
{
	const struct slot *slot;
	uint64_t offset;
	size_t i;
	int err = 0;

	read_shape(shape, object);
	for (i = 0; i < table->places; i++) {
		offset = table->place[i].offset % shape->size;
		for (slot = shape->slot; !err && slot < shape->slot + shape->slots; slot++)
			if (slot->offset == offset && slot->proto)
				err = lend_function(shapes, &table->place[i].address,
						    shape->btf, slot->proto);
	}
	return err;
}

static int guess_all(struct shapes *shapes, const struct image *image,
		     struct shape *shape)
{
	struct reached *reached;
	size_t count, i, type, types;
	int err = reach_types(image, shapes->types, &reached, &count);

	clip_sensors(shapes);
	for (i = 0; i < count; i++)
		try_type(shapes, shape, &reached[i]);
	free(reached);
	for (i = 0; i < shapes->tables.count; i++)
		if (shapes->guess[i].types)
			qsort(shapes->guess[i].type, shapes->guess[i].types,
			      sizeof(*shapes->guess[i].type), by_distance);
	for (i = 0; !err && i < shapes->tables.passed_count; i++)
		err = tell_passed(shapes, &shapes->tables.passed[i]);
	if (!err)
		follow(shapes, shape);
	for (i = 0; i < shapes->tables.count; i++)
		tell_named(&shapes->guess[i], shapes->tables.table[i].name);
	for (i = 0; !err && i < shapes->tables.count; i++) {
		types = likeliest(&shapes->guess[i]);
		for (type = 0; !err && types <= LIKELY_MAX && type < types; type++)
			err = lend(shapes, shape, &shapes->tables.table[i],
				   &shapes->guess[i].type[type].object);
	}
	return err;
}

int shapes_lend(const struct image *image, struct types *types)
{
	struct shapes shapes = { .types = types };
	struct shape shape = { .btf = NULL };
	int err = tables_read(image, &shapes.tables);
	size_t i;

	if (!err) {
		shapes.guess = calloc(shapes.tables.count + 1, sizeof(*shapes.guess));
		shape.slot = array_room(NULL, 0, &shape.room, sizeof(*shape.slot));
		err = shapes.guess && shape.slot ? guess_all(&shapes, image, &shape) :
						   -ENOMEM;
	}
	if (!err && (shapes.no_memory || shape.no_memory))
		err = -ENOMEM;
	for (i = 0; shapes.guess && i < shapes.tables.count; i++)
		free(shapes.guess[i].type);
	free(shapes.guess);
	free(shape.slot);
	tables_free(&shapes.tables);
	return err;
}
