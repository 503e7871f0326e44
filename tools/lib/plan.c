// SPDX-License-Identifier: GPL-2.0-only
/*
 * What isolating a module would do: the same list of imports that chariot.ko is
 * built from, held against the module's file. Runs in user space; the file is
 * not trusted.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "plan.h"
#include "plan_types.h"
#include "printable.h"
#include "types.h"

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
	if (strstr(binding->list, "imports_copy"))
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
	import->gives = NULL;
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

/* Types of another kernel would tell nonsense. */
static bool is_of_this_kernel(const struct plan *plan)
{
	size_t length = strcspn(plan->vermagic, " ");
	struct utsname system;

	return !uname(&system) && length == strlen(system.release) &&
	       !strncmp(plan->vermagic, system.release, length);
}

static void open_types(struct plan *plan, const char *kernel,
		       struct types **types)
{
	int err;

	*types = NULL;
	if (!kernel && !is_of_this_kernel(plan)) {
		plan->unknown = "the types of its kernel: it is made for another one than this (see --btf)";
		return;
	}
	err = types_open(kernel ? kernel : KERNEL_BTF, types);
	if (err)
		plan->unknown = err == -ENOENT ?
			"the types of its kernel: there is no BTF of it" :
			"the types of its kernel: their BTF cannot be read";
}

/* NULL if a call of it gives no objects. */
static const struct chariot_plan_import *find_gives(const struct plan *plan,
						    const char *name)
{
	const struct chariot_plan_import *import =
		plan_block_find_import(&plan->handed, name);
	bool gives = import && import->ret != CHARIOT_PLAN_NONE;
	int i;

	for (i = 0; import && i < (int)CHARIOT_PLAN_ARGS; i++)
		gives |= import->outs[i] != CHARIOT_PLAN_NONE;
	return gives ? import : NULL;
}

int plan_add_types(const struct image *image, const char *kernel,
		   struct policy *policy, struct plan *plan)
{
	struct types *types;
	size_t i;
	int err;

	open_types(plan, kernel, &types);
	err = types ? plan_types_add_module(types, image,
					    kernel ? kernel : KERNEL_BTF) : 0;
	if (err)
		plan->unknown = err == -ENODATA ?
			"its own types: the module has neither BTF nor debug information (DKMS keeps it with STRIP[0]=no); what its functions are handed is told by the look of its data" :
			"its own types: its BTF is damaged, or not for this kernel";
	err = plan_types_make(image, types, &plan->handed);
	plan->policy = policy;
	if (!err && policy && types) {
		plan->policy_applied = true;
		err = policy_apply(policy, types, &plan->handed);
	}
	types_close(types);
	for (i = 0; !err && i < plan->import_count; i++)
		plan->imports[i].gives = find_gives(plan, plan->imports[i].name);
	return err;
}

void plan_free(struct plan *plan)
{
	size_t i;

	plan_block_free(&plan->handed);
	for (i = 0; i < plan->import_count; i++)
		free(plan->imports[i].name);
	free(plan->imports);
	free(plan->sections);
	memset(plan, 0, sizeof(*plan));
}
