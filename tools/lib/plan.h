/* SPDX-License-Identifier: GPL-2.0-only */
/* What isolating a module would do, told from its file alone. User space. */
#ifndef CHARIOT_PLAN_H
#define CHARIOT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "elf.h"
#include "plan_block.h"
#include "policy.h"

struct json_object;

/* How chariot.ko binds an import. */
enum plan_class {
	PLAN_ALLOCATION,	/* wrapper: memory becomes the driver's */
	PLAN_COPY,		/* wrapper: destination is checked first */
	PLAN_OBJECT,		/* wrapper: a kernel object changes hands */
	PLAN_WRAPPER,		/* another wrapper */
	PLAN_LEAF,		/* the driver's own copy of leaf code */
	PLAN_PLAIN,		/* the kernel's function, as ever */
	PLAN_CLASSES
};

/**
 * struct plan_import - a function of the kernel, or of another module
 * @gives: what objects it gives the module; NULL: none that is known of
 */
struct plan_import {
	char *name;
	const char *wrapper;	/* what it is bound to; "" for PLAN_PLAIN */
	enum plan_class class;
	bool weak;
	const struct chariot_plan_import *gives;
};

/* What the driver may do with a section. */
enum plan_right {
	PLAN_EXECUTE,
	PLAN_WRITE,
	PLAN_WRITE_INIT,	/* until its init function has returned */
	PLAN_EXECUTE_INIT,
	PLAN_WRITE_PERCPU,
	PLAN_NONE,
	PLAN_RIGHTS
};

struct plan_section {
	char name[64];
	uint64_t size;
	enum plan_right right;
};

struct plan {
	char name[64];
	char vermagic[96];
	char license[32];
	bool is_signed;
	struct plan_import *imports;	/* by class, then name */
	size_t import_count;
	size_t class_count[PLAN_CLASSES];
	struct plan_section *sections;	/* those that are loaded, in order */
	size_t section_count;
	struct plan_block handed;	/* by plan_add_types() */
	const char *unknown;		/* what it couldn't find out, and why */
	struct policy *policy;		/* by plan_add_types(); or NULL */
	bool policy_applied;		/* its lines were held against types */
};

/**
 * plan_make - work out the plan of a module's image
 * @plan: result; plan_free() it, also after an error
 *
 * Return: 0, -ENOEXEC for a damaged image, -ENOMEM.
 */
int plan_make(const struct image *image, struct plan *plan);

/**
 * plan_add_types - add what the module is handed to its plan
 * @kernel: file with the BTF of the module's kernel; NULL: of this kernel
 * @policy: whose lines become part of it, or NULL; must stay as long as the plan
 *
 * Without BTF the plan still tells the entry points, but not their types, and
 * nothing of the policy.
 *
 * Return: 0, -ENOEXEC for a damaged image, -EINVAL for a policy that is wrong,
 * -ENOMEM.
 */
int plan_add_types(const struct image *image, const char *kernel,
		   struct policy *policy, struct plan *plan);
void plan_free(struct plan *plan);

/* How chariot.ko binds this name; *@wrapper gets what to. */
enum plan_class plan_classify(const char *import, const char **wrapper);

int plan_print(const struct plan *plan, FILE *out);
/* Return: a new object, or NULL without memory. */
struct json_object *plan_json(const struct plan *plan);

#endif /* CHARIOT_PLAN_H */
