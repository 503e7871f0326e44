// SPDX-License-Identifier: GPL-2.0-only
/*
 * What isolating a module would do: the same list of imports that chariot.ko is
 * built from, held against the module's file. Runs in user space; the file is
 * not trusted.
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "printable.h"
#include "table.h"

struct binding {
	const char *import, *wrapper, *list;
	enum plan_class class;
};

/* __FILE__ tells which of the lists a line stands in, and so its class. */
#define CHARIOT_WRAP(import, wrapper)					\
	{ #import, #wrapper, __FILE__, PLAN_WRAPPER },
#define CHARIOT_VARARGS(import, wrapper)				\
	{ #import, #wrapper, __FILE__, PLAN_WRAPPER },
#define CHARIOT_LEAF(import, leaf)					\
	{ #import, #leaf, __FILE__, PLAN_LEAF },
static const struct binding bindings[] = {
#include "imports.def"
};

static enum plan_class class_of(const struct binding *binding)
{
	if (binding->class != PLAN_WRAPPER)
		return binding->class;
	if (!strncmp(binding->wrapper, "chariot_call_", 13))
		return PLAN_OBJECT;
	if (strstr(binding->list, "imports_alloc.def"))
		return PLAN_ALLOCATION;
	if (strstr(binding->list, "imports_copy.def"))
		return PLAN_COPY;
	return PLAN_WRAPPER;
}

enum plan_class plan_classify(const char *import, const char **wrapper)
{
	size_t i;

	for (i = 0; i < sizeof(bindings) / sizeof(bindings[0]); i++) {
		if (strcmp(bindings[i].import, import))
			continue;
		*wrapper = bindings[i].wrapper;
		return class_of(&bindings[i]);
	}
	*wrapper = "";
	return PLAN_PLAIN;
}

static int add_import(const char *name, bool weak, void *data)
{
	struct plan *plan = data;
	struct plan_import *import;

	import = reallocarray(plan->imports, plan->import_count + 1,
			      sizeof(*import));
	if (!import)
		return -ENOMEM;
	plan->imports = import;
	import += plan->import_count;
	import->name = strdup(name);
	if (!import->name)
		return -ENOMEM;
	plan->import_count++;
	import->class = plan_classify(name, &import->wrapper);
	import->weak = weak;
	plan->class_count[import->class]++;
	printable_clean(import->name, strlen(name) + 1);
	return 0;
}

static int by_class(const void *a, const void *b)
{
	const struct plan_import *one = a, *other = b;

	if (one->class != other->class)
		return one->class < other->class ? -1 : 1;
	return strcmp(one->name, other->name);
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static enum plan_right right_of(const struct image_section *section)
{
	bool init = begins(section->name, ".init");

	if (section->flags & SHF_EXECINSTR)
		return init ? PLAN_EXECUTE_INIT : PLAN_EXECUTE;
	if (!strcmp(section->name, ".data..percpu"))
		return PLAN_WRITE_PERCPU;
	/* The kernel makes these read-only when init has returned. */
	if (init || !strcmp(section->name, ".data..ro_after_init") ||
	    !strcmp(section->name, "__jump_table"))
		return PLAN_WRITE_INIT;
	return section->flags & SHF_WRITE ? PLAN_WRITE : PLAN_NONE;
}

static int add_sections(struct plan *plan, const struct image *image)
{
	unsigned int i, count = image_section_count(image);
	struct image_section section;
	struct plan_section *to;

	plan->sections = calloc(count, sizeof(*plan->sections));
	if (!plan->sections)
		return -ENOMEM;
	for (i = 1; i < count; i++) {
		if (!image_section(image, i, &section) || !section.size ||
		    !(section.flags & SHF_ALLOC) ||
		    /* The kernel doesn't load these two. */
		    !strcmp(section.name, ".modinfo") ||
		    !strcmp(section.name, "__versions"))
			continue;
		to = &plan->sections[plan->section_count++];
		printable_copy(to->name, sizeof(to->name), section.name);
		to->size = section.size;
		to->right = right_of(&section);
	}
	return 0;
}

int plan_make(const struct image *image, struct plan *plan)
{
	int err;

	memset(plan, 0, sizeof(*plan));
	err = image_module_name(image, IMAGE_NAME_OFFSET, plan->name,
				sizeof(plan->name));
	if (err)
		return err;
	printable_copy(plan->vermagic, sizeof(plan->vermagic),
		       image_modinfo(image, "vermagic", 0));
	printable_copy(plan->license, sizeof(plan->license),
		       image_modinfo(image, "license", 0));
	plan->is_signed = image_is_signed(image);
	err = image_each_import(image, add_import, plan);
	if (err)
		return err;
	if (plan->import_count)
		qsort(plan->imports, plan->import_count,
		      sizeof(*plan->imports), by_class);
	return add_sections(plan, image);
}

void plan_free(struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->import_count; i++)
		free(plan->imports[i].name);
	free(plan->imports);
	free(plan->sections);
	memset(plan, 0, sizeof(*plan));
}

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

static int print_imports(const struct plan *plan, FILE *out)
{
	static const char *const heads[] = {
		"IMPORT", "CLASS", "BOUND TO", NULL
	};
	struct table table;
	size_t i;
	int err;

	table_init(&table, heads);
	for (i = 0; i < plan->import_count; i++) {
		const struct plan_import *import = &plan->imports[i];

		table_row(&table, import->name, class_names[import->class],
			  *import->wrapper ? import->wrapper : "kernel");
	}
	fputc('\n', out);
	err = table_print(&table, out, "  ");
	table_free(&table);
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
		err = print_sections(plan, out);
	if (err)
		return err;
	fputs("\nGiven as it runs: memory it allocates, the stack it runs on, and kernel\n"
	      "objects it is handed. Everything else in memory it may read, not write.\n",
	      out);
	return 0;
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
	return root;
}
