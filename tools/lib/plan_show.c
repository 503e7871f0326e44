// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module's plan as text for people and as JSON for programs. Runs in user
 * space; names from the module's file were made printable before.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "plan_types.h"
#include "table.h"

static const char *const class_names[PLAN_CLASSES] = {
	[PLAN_ALLOCATION] = "allocation wrapper",
	[PLAN_COPY] = "checked copy",
	[PLAN_OBJECT] = "object",
	[PLAN_WRAPPER] = "wrapper",
	[PLAN_LEAF] = "leaf",
	[PLAN_PLAIN] = "plain",
};

static const char *const class_texts[PLAN_CLASSES] = {
	[PLAN_ALLOCATION] = "memory it gets becomes the driver's own, until it is freed",
	[PLAN_COPY] = "the destination is checked before the kernel writes it",
	[PLAN_OBJECT] = "a kernel object is handed over or taken back",
	[PLAN_WRAPPER] = "chariot looks at the call",
	[PLAN_LEAF] = "runs with the driver's rights, no crossing",
	[PLAN_PLAIN] = "the kernel's own function, with the kernel's rights",
};

static const char *const right_names[PLAN_RIGHTS] = {
	[PLAN_EXECUTE] = "execute",
	[PLAN_WRITE] = "write",
	[PLAN_WRITE_INIT] = "write while its init runs",
	[PLAN_EXECUTE_INIT] = "execute while its init runs",
	[PLAN_WRITE_PERCPU] = "write, on every CPU",
	[PLAN_NONE] = "read",
};

static int print_classes(const struct plan *plan, FILE *out)
{
	static const char *const heads[] = {
		"CLASS", ">IMPORTS", "MEANING", NULL
	};
	struct table table;
	char count[24];
	int i, err;

	fprintf(out, "Imports: %zu\n\n", plan->import_count);
	table_init(&table, heads);
	for (i = 0; i < PLAN_CLASSES; i++) {
		if (!plan->class_count[i])
			continue;
		snprintf(count, sizeof(count), "%zu", plan->class_count[i]);
		table_row(&table, class_names[i], count, class_texts[i]);
	}
	err = table_print(&table, out, "  ");
	table_free(&table);
	return err;
}

/* A type that does not fit is cut off. */
struct text {
	char text[640];
	size_t length;
};

static void __attribute__((format(printf, 2, 3)))
add_text(struct text *to, const char *format, ...)
{
	size_t room = sizeof(to->text) - to->length;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(to->text + to->length, room, format, args);
	va_end(args);
	to->length += (size_t)length < room ? (size_t)length : room - 1;
}

/* "returns struct net_device *", "argument 3 gives struct page *" */
static void gives_text(const struct plan *plan,
		       const struct plan_import *import, struct text *to)
{
	const struct chariot_plan_import *gives = import->gives;
	char type[128];
	int i;

	*to = (struct text) { .length = 0 };
	if (!gives) {
		add_text(to, "-");
		return;
	}
	if (plan_block_type_text(&plan->handed, gives->ret, type, sizeof(type)))
		add_text(to, "returns %s *", type);
	for (i = 0; i < CHARIOT_PLAN_ARGS; i++) {
		bool filled = CHARIOT_PLAN_IS_FILLED(gives->outs[i]);
		uint32_t number = filled ?
			CHARIOT_PLAN_FILLED_TYPE(gives->outs[i]) : gives->outs[i];

		if (plan_block_type_text(&plan->handed, number, type,
					 sizeof(type)))
			add_text(to, "%sargument %d gives %s%s",
				 to->length ? ", " : "", i + 1, type,
				 filled ? "'s pointers" : " *");
	}
}

static int print_imports(const struct plan *plan, FILE *out)
{
	static const char *const heads[] = {
		"IMPORT", "CLASS", "BOUND TO", "GIVES THE DRIVER", NULL
	};
	struct table table;
	struct text gives;
	size_t i;
	int err;

	table_init(&table, heads);
	for (i = 0; i < plan->import_count; i++) {
		const struct plan_import *import = &plan->imports[i];

		gives_text(plan, import, &gives);
		table_row(&table, import->name, class_names[import->class],
			  *import->wrapper ? import->wrapper : "kernel",
			  gives.text);
	}
	fputc('\n', out);
	err = table_print(&table, out, "  ");
	table_free(&table);
	return err;
}

/* "struct sk_buff *, struct net_device *"; "_" is of no type that is told */
static void args_text(const struct plan *plan,
		      const struct chariot_plan_entry *entry, struct text *to)
{
	int i, last = CHARIOT_PLAN_ARGS;
	char type[128];

	*to = (struct text) { .length = 0 };
	while (last && entry->args[last - 1] == CHARIOT_PLAN_NONE)
		last--;
	if (!last)
		add_text(to, "-");
	for (i = 0; i < last; i++) {
		if (i)
			add_text(to, ", ");
		if (entry->args[i] == CHARIOT_PLAN_BYTES)
			add_text(to, "bytes");
		else if (entry->args[i] == CHARIOT_PLAN_STRINGS)
			add_text(to, "strings");
		else if (CHARIOT_PLAN_IS_AREA(entry->args[i]))
			add_text(to, "area");
		else if (CHARIOT_PLAN_IS_POINTER(entry->args[i]) &&
			 plan_block_type_text(&plan->handed,
					CHARIOT_PLAN_POINTED(entry->args[i]),
					type, sizeof(type)))
			add_text(to, "%s **", type);
		else if (plan_block_type_text(&plan->handed, entry->args[i], type,
					 sizeof(type)))
			add_text(to, "%s *", type);
		else
			add_text(to, "_");
	}
}

static int print_entries(const struct plan *plan, FILE *out)
{
	static const char *const heads[] = {
		"ENTRY POINT", "IS HANDED", NULL
	};
	const struct plan_block *handed = &plan->handed;
	struct table table;
	struct text args;
	uint32_t i;
	int err;

	table_init(&table, heads);
	for (i = 0; i < handed->count.entries; i++) {
		args_text(plan, &handed->entries[i], &args);
		table_row(&table, handed->strings + handed->entries[i].name,
			  args.text);
	}
	fprintf(out, "\nEntry points: %" PRIu32 "\n%s", handed->count.entries,
		handed->count.entries ? "\n" : "");
	err = handed->count.entries ? table_print(&table, out, "  ") : 0;
	table_free(&table);
	fprintf(out, "\nTypes within %d pointers of what it is handed: %" PRIu32 "\n",
		PLAN_TYPES_DEPTH, handed->count.types);
	if (plan->unknown)
		fprintf(out, "Not known: %s\n", plan->unknown);
	return err;
}

static int print_sections(const struct plan *plan, FILE *out)
{
	static const char *const heads[] = {
		"SECTION", ">BYTES", "THE DRIVER MAY", NULL
	};
	struct table table;
	char size[24];
	size_t i;
	int err;

	table_init(&table, heads);
	for (i = 0; i < plan->section_count; i++) {
		snprintf(size, sizeof(size), "%" PRIu64,
			 plan->sections[i].size);
		table_row(&table, plan->sections[i].name, size,
			  right_names[plan->sections[i].right]);
	}
	fputs("\nSections (rights are given in whole pages)\n\n", out);
	err = table_print(&table, out, "  ");
	table_free(&table);
	return err;
}

/* "struct sk_buff.len", "pages with a struct sk_buff" */
static void right_text(const struct policy_line *line, char *text, size_t room)
{
	const char *pages = line->verb == POLICY_PAGES ? "whole pages with a " : "";
	size_t used = snprintf(text, room, "%s", pages);

	policy_line_text(line, text + used, room - used);
}

static const char *state_text(const struct plan *plan,
			      const struct policy_line *line)
{
	if (!plan->policy_applied)
		return "not looked at: its kernel's types are not known";
	if (line->state == POLICY_NOT_HANDED)
		return "no effect: the module is handed no such structure";
	return line->state == POLICY_GRANTED ? "granted" : "wrong";
}

static int print_policy(const struct plan *plan, FILE *out)
{
	static const char *const heads[] = {
		"THE DRIVER MAY WRITE", ">OFFSET", ">BYTES", "", NULL
	};
	char text[MEMBER_TEXT + 192], offset[16], size[16];
	const struct policy_line *line;
	struct table table;
	size_t i;
	int err;

	if (!plan->policy)
		return 0;
	table_init(&table, heads);
	for (i = 0; i < plan->policy->count; i++) {
		line = &plan->policy->lines[i];
		right_text(line, text, sizeof(text));
		snprintf(offset, sizeof(offset), "%" PRIu32, line->place.offset);
		snprintf(size, sizeof(size), "%" PRIu32, line->place.size);
		table_row(&table, text, line->place.size ? offset : "?",
			  line->place.size ? size : "?",
			  state_text(plan, line));
	}
	fprintf(out, "\nPolicy %s: %zu line%s\n%s", plan->policy->file,
		plan->policy->count, plan->policy->count == 1 ? "" : "s",
		plan->policy->count ? "\n" : "");
	err = plan->policy->count ? table_print(&table, out, "  ") : 0;
	table_free(&table);
	return err;
}

int plan_print(const struct plan *plan, FILE *out)
{
	int err;

	fprintf(out, "Module %s, license %s, %s\n  for kernel %s\n\n",
		plan->name, *plan->license ? plan->license : "not named",
		plan->is_signed ? "signed" : "not signed",
		*plan->vermagic ? plan->vermagic : "not named");
	err = print_classes(plan, out);
	if (!err)
		err = print_imports(plan, out);
	if (!err)
		err = print_entries(plan, out);
	if (!err)
		err = print_sections(plan, out);
	if (!err)
		err = print_policy(plan, out);
	if (err)
		return err;
	fputs("\nGiven as it runs: memory it allocates, the stack it runs on, and kernel\n"
	      "objects it is handed. Everything else in memory it may read, not write.\n",
	      out);
	return 0;
}

/* The type as text, or null. */
static struct json_object *type_json(const struct plan *plan, uint32_t number)
{
	char type[256];

	return plan_block_type_text(&plan->handed, number, type, sizeof(type)) ?
	       json_object_new_string(type) : NULL;
}

/* By number of the argument: types, or null. */
static struct json_object *args_json(const struct plan *plan,
				     const uint32_t *args)
{
	struct json_object *list = json_object_new_array();
	int i;

	for (i = 0; i < CHARIOT_PLAN_ARGS; i++)
		json_object_array_add(list, type_json(plan, args[i]));
	return list;
}

static struct json_object *entries_json(const struct plan *plan)
{
	const struct plan_block *handed = &plan->handed;
	struct json_object *list = json_object_new_array();
	uint32_t i;

	for (i = 0; i < handed->count.entries; i++) {
		const struct chariot_plan_entry *from = &handed->entries[i];
		struct json_object *entry = json_object_new_object();

		json_object_object_add(entry, "name",
			json_object_new_string(handed->strings + from->name));
		json_object_object_add(entry, "section",
				       json_object_new_int64(from->section));
		json_object_object_add(entry, "offset",
				       json_object_new_int64(from->offset));
		json_object_object_add(entry, "arguments",
				       args_json(plan, from->args));
		json_object_array_add(list, entry);
	}
	return list;
}

static struct json_object *pointers_json(const struct plan *plan,
					 const struct chariot_plan_type *type)
{
	struct json_object *list = json_object_new_array();
	uint32_t i;

	for (i = 0; i < type->members; i++) {
		const struct chariot_plan_member *member =
			&plan->handed.members[type->member + i];
		struct json_object *entry = json_object_new_object();

		json_object_object_add(entry, "offset",
				       json_object_new_int64(member->offset));
		json_object_object_add(entry, "type",
				       type_json(plan, member->type));
		if (member->count & CHARIOT_PLAN_LIST)
			json_object_object_add(entry, "list_by",
				json_object_new_int64(member->count &
						      ~CHARIOT_PLAN_LIST));
		else if (member->count == CHARIOT_PLAN_FLEXIBLE)
			json_object_object_add(entry, "flexible",
					       json_object_new_boolean(1));
		else
			json_object_object_add(entry, "count",
				json_object_new_int64(member->count));
		json_object_array_add(list, entry);
	}
	return list;
}

static struct json_object *types_json(const struct plan *plan)
{
	struct json_object *list = json_object_new_array();
	uint32_t i;

	for (i = 0; i < plan->handed.count.types; i++) {
		const struct chariot_plan_type *type = &plan->handed.types[i];
		struct json_object *entry = json_object_new_object();

		json_object_object_add(entry, "type", type_json(plan, i));
		json_object_object_add(entry, "size",
				       json_object_new_int64(type->size));
		json_object_object_add(entry, "pointers",
				       pointers_json(plan, type));
		json_object_array_add(list, entry);
	}
	return list;
}

/* The same, of structures whose pointers the call sets. */
static struct json_object *fills_json(const struct plan *plan,
				      const struct chariot_plan_import *gives)
{
	uint32_t filled[CHARIOT_PLAN_ARGS];
	int i;

	for (i = 0; i < CHARIOT_PLAN_ARGS; i++)
		filled[i] = CHARIOT_PLAN_IS_FILLED(gives->outs[i]) ?
			    CHARIOT_PLAN_FILLED_TYPE(gives->outs[i]) :
			    CHARIOT_PLAN_NONE;
	return args_json(plan, filled);
}

static void add_gives(const struct plan *plan,
		      const struct chariot_plan_import *gives,
		      struct json_object *entry)
{
	json_object_object_add(entry, "returns", type_json(plan, gives->ret));
	json_object_object_add(entry, "gives_by_argument",
			       args_json(plan, gives->outs));
	json_object_object_add(entry, "fills_by_argument", fills_json(plan, gives));
}

static struct json_object *imports_json(const struct plan *plan)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < plan->import_count; i++) {
		const struct plan_import *import = &plan->imports[i];
		struct json_object *entry = json_object_new_object();

		json_object_object_add(entry, "name",
				       json_object_new_string(import->name));
		json_object_object_add(entry, "class",
			json_object_new_string(class_names[import->class]));
		if (*import->wrapper)
			json_object_object_add(entry, "bound_to",
				json_object_new_string(import->wrapper));
		json_object_object_add(entry, "weak",
				       json_object_new_boolean(import->weak));
		if (import->gives)
			add_gives(plan, import->gives, entry);
		json_object_array_add(list, entry);
	}
	return list;
}

static struct json_object *sections_json(const struct plan *plan)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < plan->section_count; i++) {
		const struct plan_section *section = &plan->sections[i];
		struct json_object *entry = json_object_new_object();

		json_object_object_add(entry, "name",
				       json_object_new_string(section->name));
		json_object_object_add(entry, "size",
				       json_object_new_uint64(section->size));
		json_object_object_add(entry, "right",
			json_object_new_string(right_names[section->right]));
		json_object_array_add(list, entry);
	}
	return list;
}

static struct json_object *policy_json(const struct plan *plan)
{
	struct json_object *root = json_object_new_object();
	struct json_object *list = json_object_new_array();
	char text[MEMBER_TEXT + 160];
	size_t i;

	json_object_object_add(root, "file",
			       json_object_new_string(plan->policy->file));
	for (i = 0; i < plan->policy->count; i++) {
		const struct policy_line *line = &plan->policy->lines[i];
		struct json_object *entry = json_object_new_object();

		policy_line_text(line, text, sizeof(text));
		json_object_object_add(entry, "line",
				       json_object_new_int64(line->number));
		json_object_object_add(entry, line->verb == POLICY_PAGES ?
				       "pages" : "write",
				       json_object_new_string(text));
		if (line->place.size) {
			json_object_object_add(entry, "offset",
				json_object_new_int64(line->place.offset));
			json_object_object_add(entry, "size",
				json_object_new_int64(line->place.size));
		}
		json_object_object_add(entry, "granted",
			json_object_new_boolean(line->state == POLICY_GRANTED));
		json_object_array_add(list, entry);
	}
	json_object_object_add(root, "lines", list);
	return root;
}

struct json_object *plan_json(const struct plan *plan)
{
	struct json_object *root = json_object_new_object();

	json_object_object_add(root, "module",
			       json_object_new_string(plan->name));
	json_object_object_add(root, "vermagic",
			       json_object_new_string(plan->vermagic));
	json_object_object_add(root, "license",
			       json_object_new_string(plan->license));
	json_object_object_add(root, "signed",
			       json_object_new_boolean(plan->is_signed));
	json_object_object_add(root, "imports", imports_json(plan));
	json_object_object_add(root, "sections", sections_json(plan));
	json_object_object_add(root, "entry_points", entries_json(plan));
	json_object_object_add(root, "types", types_json(plan));
	if (plan->policy)
		json_object_object_add(root, "policy", policy_json(plan));
	if (plan->unknown)
		json_object_object_add(root, "not_known",
				       json_object_new_string(plan->unknown));
	return root;
}
