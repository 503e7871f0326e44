// SPDX-License-Identifier: GPL-2.0-only
/*
 * Violations become lines of a policy, for a person to read: by member and by the
 * function that wrote. What cannot be said in a policy becomes a comment. Runs in
 * user space, on records that violation_parse() checked.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "learn.h"
#include "printable.h"
#include "report.h"
#include "violation.h"

#define OBJECTS_MAX	16	/* structures of one name */
#define PIECES_MAX	64	/* members that one write hits */
#define RECORDS_AT_ONCE	16
#define COLUMNS		78

static const char no_type[] = "No type is known of this memory, so that no line can name it. If the driver has a\nright to it, that is a case for a rule of Chariot's: please report it.";
static const char no_structure[] = "The types of the kernel and the module do not tell this structure, or tell several\nof that name. See --btf and --module-file of chariot policy.";
static const char no_member[] = "No member is there: padding, or beyond the structure.";
static const char too_many[] = "One write that hits very many members. All of the structure is a line too.";
static const char refused[] = "These members may not be named in a policy: they are const.";

/* --- gathering ------------------------------------------------------------------ */

/* Return: what was noted, or NULL without memory. */
static struct learned *note(struct learning *learning,
			    const struct chariot_violation *v,
			    const char *line, const char *why)
{
	uint64_t times = v->repeat ? v->repeat : 1;
	char function[CHARIOT_TEXT_LEN];
	struct learned *to;
	size_t i;

	report_function(v, function, sizeof(function));
	for (i = 0; i < learning->count; i++) {
		to = &learning->learned[i];
		if (strcmp(to->line, line) || strcmp(to->function, function) ||
		    to->why != why)
			continue;
		to->times += times;
		return to;
	}
	to = reallocarray(learning->learned, learning->count + 1, sizeof(*to));
	if (!to) {
		learning->err = -ENOMEM;
		return NULL;
	}
	learning->learned = to;
	to += learning->count++;
	snprintf(to->line, sizeof(to->line), "%s", line);
	snprintf(to->function, sizeof(to->function), "%s", function);
	to->times = times;
	to->fields[0] = '\0';
	to->why = why;
	return to;
}

/* Memory without a type; what differs each time is left out. */
static void note_untyped(struct learning *learning,
			 const struct chariot_violation *v)
{
	char text[CHARIOT_TEXT_LEN + 64];

	report_victim(v, text, sizeof(text));
	note(learning, v, text, no_type);
}

/* Is it a line that chariot-insmod would take, for just these bytes? */
static bool is_line(const struct type_object *object, const char *path,
		    const struct member_place *place)
{
	struct member_place found;
	char why[MEMBER_WHY];

	return member_find(object, path, &found, why) &&
	       found.offset == place->offset && found.size == place->size;
}

static void note_place(struct learning *learning,
		       const struct chariot_violation *v, uint64_t offset,
		       const char *why)
{
	char text[CHARIOT_NAME_LEN + 32];

	snprintf(text, sizeof(text), "%s +0x%" PRIx64, v->type, offset);
	note(learning, v, text, why);
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && !strcmp(text + length - end_length, end);
}

static void note_member(struct learning *learning,
			const struct chariot_violation *v,
			const struct type_object *object, const char *path,
			const struct member_place *place)
{
	struct learned *learned;
	char line[LEARN_TEXT];

	snprintf(line, sizeof(line), "%s%s%s", object->keyword, object->name,
		 path);
	printable_clean(line, sizeof(line));
	learned = note(learning, v, line,
		       is_line(object, path, place) ? NULL : refused);
	if (learned && ends_with(path, ":byte"))
		member_fields(object, place->offset, learned->fields,
			      sizeof(learned->fields));
}

/* A write may go over several members: each is a line. */
static void note_members(struct learning *learning,
			 const struct chariot_violation *v,
			 const struct type_object *objects, size_t count)
{
	uint64_t at = v->type_offset, end = at + (v->length ? v->length : 1);
	const struct type_object *object;
	struct member_place place;
	char path[MEMBER_TEXT];
	unsigned int pieces = 0;
	bool hole = false;

	while (at < end) {
		object = member_at_all(objects, count, at, end, path, &place);
		if (!object) {
			/* The first byte of a hole stands for all. */
			if (!hole)
				note_place(learning, v, at, no_member);
			hole = true;
			at++;
			continue;
		}
		hole = false;
		if (++pieces > PIECES_MAX) {
			note_place(learning, v, at, too_many);
			return;
		}
		note_member(learning, v, object, path, &place);
		at = (uint64_t)place.offset + place.size;
	}
}

void learn_violation(struct learning *learning,
		     const struct chariot_violation *v)
{
	struct type_object objects[OBJECTS_MAX];
	size_t count = 0, i;
	uint32_t size = 0;

	learning->violations++;
	if (!v->type[0]) {
		note_untyped(learning, v);
		return;
	}
	if (learning->types)
		count = types_objects(learning->types, NULL, v->type, objects,
				      OBJECTS_MAX);
	for (i = 0; i < count && i < OBJECTS_MAX; i++)
		size = objects[i].size > size ? objects[i].size : size;
	if (!count || count > OBJECTS_MAX)
		note_place(learning, v, v->type_offset, no_structure);
	else if (v->type_offset >= size || v->length > size - v->type_offset)
		note_place(learning, v, v->type_offset, no_member);
	else
		note_members(learning, v, objects, count);
}

static int take_records(struct learning *learning, const char *bytes,
			size_t size, const char *module, uint64_t *lost)
{
	struct chariot_violation v;
	ssize_t used;

	while ((used = violation_parse(bytes, size, &v)) > 0) {
		*lost = v.lost > *lost ? v.lost : *lost;
		if (!strcmp(v.driver, module))
			learn_violation(learning, &v);
		bytes += used;
		size -= used;
	}
	return used < 0 ? (int)used : learning->err;
}

int learn_read(struct learning *learning, int fd, const char *module,
	       uint64_t *lost)
{
	size_t room = RECORDS_AT_ONCE * sizeof(struct chariot_violation);
	char *buffer = malloc(room);
	ssize_t got = 1;
	int err = buffer ? 0 : -ENOMEM;

	*lost = 0;
	while (!err && got) {
		got = read(fd, buffer, room);
		if (got > 0)
			err = take_records(learning, buffer, got, module, lost);
		else if (got < 0 && errno == EAGAIN)
			got = 0;
		else if (got < 0 && errno != EINTR)
			err = -errno;
	}
	free(buffer);
	return err;
}

void learn_free(struct learning *learning)
{
	free(learning->learned);
	learning->learned = NULL;
	learning->count = 0;
}

/* --- printing ------------------------------------------------------------------- */

/* Lines first; those who write most before the others. */
static int by_line(const void *a, const void *b)
{
	const struct learned *one = a, *other = b;
	int order;

	if (one->why != other->why)
		return !one->why ? -1 : !other->why ? 1 :
		       strcmp(one->why, other->why);
	order = strcmp(one->line, other->line);
	if (order)
		return order;
	if (one->times != other->times)
		return one->times > other->times ? -1 : 1;
	return strcmp(one->function, other->function);
}

void learn_sort(struct learning *learning)
{
	if (learning->count)
		qsort(learning->learned, learning->count,
		      sizeof(*learning->learned), by_line);
}

/* "# writer (12 times), other (once)", in as many lines as needed */
static void print_functions(const struct learned *learned, size_t count,
			    FILE *out)
{
	char text[CHARIOT_TEXT_LEN + 48];
	size_t i, column = 0, length;

	for (i = 0; i < count; i++) {
		if (learned[i].times == 1)
			snprintf(text, sizeof(text), "%s (once)",
				 learned[i].function);
		else
			snprintf(text, sizeof(text), "%s (%" PRIu64 " times)",
				 learned[i].function, learned[i].times);
		length = strlen(text);
		if (!column || column + 2 + length > COLUMNS) {
			fprintf(out, "%s# %s", column ? ",\n" : "", text);
			column = 2 + length;
		} else {
			fprintf(out, ", %s", text);
			column += 2 + length;
		}
	}
	fputc('\n', out);
}

static void print_line(const struct learned *learned, size_t count, FILE *out)
{
	const char *line = learned->line;
	size_t length = strlen(line);

	fputc('\n', out);
	print_functions(learned, count, out);
	if (learned->fields[0])
		fprintf(out, "# a byte of bit fields, any of which was meant: %s\n",
			learned->fields);
	else if (length && line[length - 1] == ']')
		fprintf(out, "# one element; if others are written too: %.*s\n",
			(int)(strrchr(line, '[') - line), line);
	fprintf(out, "write %s\n", line);
}

/* A text of several lines as comments. */
static void print_why(const char *why, FILE *out)
{
	size_t length;

	fputs("\n", out);
	while (*why) {
		length = strcspn(why, "\n");
		fprintf(out, "# %.*s\n", (int)length, why);
		why += length + (why[length] == '\n');
	}
}

static void print_comment(const struct learned *learned, FILE *out)
{
	fprintf(out, "#   %s writes %s (%" PRIu64 " time%s)\n",
		learned->function, learned->line, learned->times,
		learned->times == 1 ? "" : "s");
}

size_t learn_print(struct learning *learning, const char *module,
		   const char *release, FILE *out)
{
	struct learned *learned = learning->learned;
	size_t i, same, lines = 0;
	const char *why = NULL;

	learn_sort(learning);
	fprintf(out, "# Policy of %s, learned on kernel %s from %" PRIu64 " kind%s of write.\n"
		"# What a fault of the driver's wrote is among them: read each line, and keep\n"
		"# those that the driver has a right to. See chariot-policy(5).\n",
		module, release, learning->violations,
		learning->violations == 1 ? "" : "s");
	for (i = 0; i < learning->count; i += same) {
		for (same = 1; i + same < learning->count; same++)
			if (learned[i].why != learned[i + same].why ||
			    strcmp(learned[i].line, learned[i + same].line))
				break;
		if (!learned[i].why) {
			print_line(&learned[i], same, out);
			lines++;
			continue;
		}
		if (learned[i].why != why)
			print_why(learned[i].why, out);
		why = learned[i].why;
		print_comment(&learned[i], out);
		same = 1;
	}
	return lines;
}
