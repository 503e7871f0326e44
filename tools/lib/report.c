// SPDX-License-Identifier: GPL-2.0-only
/*
 * A violation as a block of text, or as JSON: all output about violations is
 * made here. Runs in user space, on records that violation_parse() checked.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "member.h"
#include "printable.h"
#include "report.h"
#include "symbolize.h"
#include "violation.h"

#define LINE_ROOM	320

static void time_text(uint64_t ns, char *text, size_t room)
{
	time_t seconds = ns / 1000000000;
	struct tm tm;
	size_t used;

	if (!ns || !localtime_r(&seconds, &tm)) {
		snprintf(text, room, "unknown");
		return;
	}
	used = strftime(text, room, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(text + used, room - used, ".%06" PRIu64,
		 ns % 1000000000 / 1000);
}

/* The function's address is behind the call when leaf code did the write. */
static bool source_line(const struct chariot_violation *violation,
			struct symbolizer *lines, char *text, size_t room)
{
	text[0] = '\0';
	return lines && symbolizer_line(lines, violation->function,
					violation->leaf[0], text, room);
}

/* All frames but the one that wrote by itself are return addresses. */
static bool stack_line(const struct chariot_violation *violation,
		       unsigned int frame, struct symbolizer *lines,
		       char *text, size_t room)
{
	const char *place = violation->stack[frame];
	size_t length = strlen(violation->function);
	char name[256], module[64];
	unsigned long offset, size;
	bool wrote;

	text[0] = '\0';
	if (!lines || !place_parse(place, name, sizeof(name), &offset, &size,
				   module, sizeof(module)) ||
	    strcmp(module, violation->driver))
		return false;
	wrote = length && !strncmp(place, violation->function, length) &&
		!violation->leaf[0];
	return symbolizer_line(lines, place, !wrote, text, room);
}

/* "slab object kmalloc-64 +0x10"; most of the kernel's texts say it all. */
static const char *victim_prefix(const struct chariot_violation *v)
{
	if (!v->victim_text[0])
		return victim_name(v->victim);
	switch (v->victim) {
	case CHARIOT_VICTIM_SLAB:
		return "slab object ";
	case CHARIOT_VICTIM_KERNEL_DATA:
		return "kernel data ";
	case CHARIOT_VICTIM_KERNEL_TEXT:
		return "kernel text ";
	case CHARIOT_VICTIM_KERNEL_RODATA:
		return "kernel read-only data ";
	case CHARIOT_VICTIM_SELF:
		return "the driver's own ";
	default:
		return "";
	}
}

void report_function(const struct chariot_violation *v, char *text,
		     size_t room)
{
	size_t length = strcspn(v->function, "+");

	if (length)
		snprintf(text, room, "%.*s", (int)length, v->function);
	else
		snprintf(text, room, "unknown function");
}

void report_victim(const struct chariot_violation *v, char *text, size_t room)
{
	snprintf(text, room, "%s%s", victim_prefix(v), v->victim_text);
}

/* "writer writes struct sk_buff.len"; false if no type is known. */
static bool summary(const struct chariot_violation *v,
		    const struct types *types, char *text, size_t room)
{
	char member[MEMBER_TEXT], function[CHARIOT_TEXT_LEN];

	text[0] = '\0';
	if (!v->type[0])
		return false;
	member_describe(types, v->type, v->type_offset, v->length, member);
	report_function(v, function, sizeof(function));
	snprintf(text, room, "%s writes %s", function, member);
	return true;
}

/* A size that reaches beyond the address space is none. */
static bool is_range(uint64_t start, uint64_t size)
{
	return size && size - 1 <= UINT64_MAX - start;
}

static void print_target(const struct chariot_violation *v, FILE *out)
{
	char text[CHARIOT_TEXT_LEN + 64];

	fputs("  target    ", out);
	if (v->address)
		fprintf(out, "0x%016" PRIx64 " (physical 0x%" PRIx64 ")",
			(uint64_t)v->address, (uint64_t)v->gpa);
	else
		fprintf(out, "physical 0x%" PRIx64, (uint64_t)v->gpa);
	if (v->length)
		fprintf(out, ", %" PRIu64 " byte%s", (uint64_t)v->length,
			v->length == 1 ? "" : "s");
	report_victim(v, text, sizeof(text));
	fprintf(out, "\n  which is  %s\n", text);
	if (!v->victim_start)
		return;
	fprintf(out, "            at 0x%016" PRIx64, (uint64_t)v->victim_start);
	if (is_range(v->victim_start, v->victim_size))
		fprintf(out, ", %" PRIu64 " bytes", (uint64_t)v->victim_size);
	fputc('\n', out);
}

/* For a record without text; the distance may be the most negative number. */
static void distance_text(int64_t distance, char *text, size_t room)
{
	uint64_t bytes = distance < 0 ? -(uint64_t)distance : (uint64_t)distance;

	snprintf(text, room, "%" PRIu64 " bytes %s", bytes,
		 distance < 0 ? "before it" : "past its end");
}

static void print_nearest(const struct chariot_violation *v, FILE *out)
{
	char text[CHARIOT_TEXT_LEN];

	if (!v->nearest_start)
		return;
	if (v->nearest_text[0])
		printable_copy(text, sizeof(text), v->nearest_text);
	else
		distance_text(v->nearest_distance, text, sizeof(text));
	fprintf(out, "  nearest   %s\n            own object 0x%016" PRIx64
		", %" PRIu64 " bytes\n", text, (uint64_t)v->nearest_start,
		(uint64_t)v->nearest_size);
}

static void print_bytes(const struct chariot_violation *v, FILE *out)
{
	char text[3 * sizeof(v->value) + 1];

	if (v->value_len) {
		printable_hex(text, sizeof(text), v->value, v->value_len);
		fprintf(out, "  bytes     %s%s\n", text,
			v->length > v->value_len ? " ..." : "");
	}
	if (v->insn_len) {
		printable_hex(text, sizeof(text), v->insn, v->insn_len);
		fprintf(out, "  insn      %s at 0x%016" PRIx64 "\n", text,
			(uint64_t)v->rip);
	}
}

static void print_stack(const struct chariot_violation *v,
			struct symbolizer *lines, FILE *out)
{
	char line[LINE_ROOM];
	const char *file;
	uint32_t i;

	for (i = 0; i < v->stack_len; i++) {
		stack_line(v, i, lines, line, sizeof(line));
		file = strrchr(line, '/') ? strrchr(line, '/') + 1 : line;
		fprintf(out, "  %-9s %s%s%s%s\n", i ? "" : "stack",
			v->stack[i], *file ? " (" : "", file,
			*file ? ")" : "");
	}
}

void report_print(const struct chariot_violation *v, struct symbolizer *lines,
		  const struct types *types, FILE *out)
{
	char text[MEMBER_TEXT + LINE_ROOM];

	time_text(v->time_ns, text, sizeof(text));
	fprintf(out, "#%" PRIu64 " %s: %s wrote where it may not: %s\n",
		(uint64_t)v->seq, text, v->driver[0] ? v->driver : "a driver",
		v->outcome == CHARIOT_OUTCOME_AUDITED ?
		"the write was let through (audit)" :
		v->outcome <= CHARIOT_OUTCOME_HELD ?
		"the write was stopped" : "outcome unknown");
	if (summary(v, types, text, sizeof(text)))
		fprintf(out, "  in short  %s\n", text);
	fprintf(out, "  code      %s%s%s%s\n",
		v->function[0] ? v->function : "unknown function",
		v->leaf[0] ? ", by its call of " : "", v->leaf,
		v->leaf[0] ? "()" : "");
	if (source_line(v, lines, text, sizeof(text)))
		fprintf(out, "  source    %s\n", text);
	print_target(v, out);
	print_nearest(v, out);
	print_bytes(v, out);
	fprintf(out, "  task      %s, pid %d (process %d), CPU %u, %s context\n",
		v->comm[0] ? v->comm : "unknown", v->pid, v->tgid, v->cpu,
		context_name(v->context));
	fprintf(out, "  seen      %" PRIu64 " time%s; mode %s, domain %u\n",
		(uint64_t)v->repeat, v->repeat == 1 ? "" : "s",
		mode_name(v->mode), v->domain);
	print_stack(v, lines, out);
}

/* --- JSON ------------------------------------------------------------------ */

static void add_text(struct json_object *to, const char *key, const char *text)
{
	json_object_object_add(to, key, json_object_new_string(text));
}

static void add_number(struct json_object *to, const char *key, uint64_t number)
{
	json_object_object_add(to, key, json_object_new_uint64(number));
}

/* As text: many readers of JSON keep but 53 bits of a number. */
static void add_address(struct json_object *to, const char *key,
			uint64_t address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	add_text(to, key, text);
}

static struct json_object *stack_json(const struct chariot_violation *v,
				      struct symbolizer *lines)
{
	struct json_object *stack = json_object_new_array();
	char line[LINE_ROOM];
	uint32_t i;

	for (i = 0; i < v->stack_len; i++) {
		struct json_object *frame = json_object_new_object();

		add_text(frame, "function", v->stack[i]);
		if (stack_line(v, i, lines, line, sizeof(line)))
			add_text(frame, "source", line);
		json_object_array_add(stack, frame);
	}
	return stack;
}

static struct json_object *victim_json(const struct chariot_violation *v)
{
	struct json_object *victim = json_object_new_object();

	add_text(victim, "kind", victim_name(v->victim));
	add_text(victim, "text", v->victim_text);
	if (v->victim_start) {
		add_address(victim, "start", v->victim_start);
		if (is_range(v->victim_start, v->victim_size))
			add_number(victim, "size", v->victim_size);
	}
	return victim;
}

static struct json_object *nearest_json(const struct chariot_violation *v)
{
	struct json_object *nearest = json_object_new_object();

	add_text(nearest, "text", v->nearest_text);
	add_address(nearest, "start", v->nearest_start);
	add_number(nearest, "size", v->nearest_size);
	json_object_object_add(nearest, "distance",
			       json_object_new_int64(v->nearest_distance));
	return nearest;
}

static void add_code(struct json_object *root,
		     const struct chariot_violation *v,
		     struct symbolizer *lines)
{
	char text[LINE_ROOM];

	add_text(root, "function", v->function);
	if (v->leaf[0])
		add_text(root, "called", v->leaf);
	if (source_line(v, lines, text, sizeof(text)))
		add_text(root, "source", text);
	add_address(root, "rip", v->rip);
	printable_hex(text, sizeof(text), v->insn, v->insn_len);
	add_text(root, "insn", text);
}

static void add_target(struct json_object *root,
		       const struct chariot_violation *v)
{
	char text[3 * sizeof(v->value) + 1];

	if (v->address)
		add_address(root, "address", v->address);
	add_address(root, "physical", v->gpa);
	if (v->length)
		add_number(root, "length", v->length);
	printable_hex(text, sizeof(text), v->value, v->value_len);
	add_text(root, "bytes", text);
	json_object_object_add(root, "victim", victim_json(v));
	if (v->nearest_start)
		json_object_object_add(root, "nearest", nearest_json(v));
}

static void add_member(struct json_object *root,
		       const struct chariot_violation *v,
		       const struct types *types)
{
	char text[MEMBER_TEXT + LINE_ROOM];

	if (!summary(v, types, text, sizeof(text)))
		return;
	add_text(root, "summary", text);
	add_text(root, "type", v->type);
	add_number(root, "type_offset", v->type_offset);
	if (member_describe(types, v->type, v->type_offset, v->length, text))
		add_text(root, "member", text);
}

struct json_object *report_json(const struct chariot_violation *v,
				struct symbolizer *lines,
				const struct types *types)
{
	struct json_object *root = json_object_new_object();
	char text[64];

	time_text(v->time_ns, text, sizeof(text));
	add_number(root, "seq", v->seq);
	add_text(root, "time", text);
	add_number(root, "time_ns", v->time_ns);
	add_number(root, "lost", v->lost);
	add_number(root, "repeat", v->repeat);
	add_text(root, "driver", v->driver);
	add_text(root, "mode", mode_name(v->mode));
	add_text(root, "outcome", outcome_name(v->outcome));
	add_number(root, "domain", v->domain);
	add_code(root, v, lines);
	add_target(root, v);
	add_member(root, v, types);
	add_text(root, "task", v->comm);
	json_object_object_add(root, "pid", json_object_new_int(v->pid));
	json_object_object_add(root, "tgid", json_object_new_int(v->tgid));
	add_number(root, "cpu", v->cpu);
	add_text(root, "context", context_name(v->context));
	json_object_object_add(root, "stack", stack_json(v, lines));
	return root;
}
