// SPDX-License-Identifier: GPL-2.0
/*
 * What an isolated driver's imports are bound to, from imports.def.
 * Runs in the guest kernel; the lookups in any context.
 */
#include <linux/bsearch.h>
#include <linux/sort.h>

#include "chariot.h"
#include "stubs.h"

struct import {
	const char *name;
	enum chariot_import_class class;
	unsigned long target;	/* wrapper, or offset in the leaf page */
	u32 stub;
};

extern const char chariot_stubs[], chariot_stubs_end[];
extern const char chariot_leaf_pages[], chariot_leaf_pages_end[];

/* The wrappers, whatever their types: only their addresses matter here. */
#define CHARIOT_WRAP(import, wrapper)		extern const char wrapper[];
#define CHARIOT_VARARGS(import, wrapper)	extern const char wrapper[];
#define CHARIOT_LEAF(import, leaf)
#include "imports.def"
#undef CHARIOT_WRAP
#undef CHARIOT_VARARGS
#undef CHARIOT_LEAF

#define CHARIOT_WRAP(import, wrapper)					\
	{ #import, CHARIOT_IMPORT_WRAPPER, (unsigned long)wrapper },
#define CHARIOT_VARARGS(import, wrapper)				\
	{ #import, CHARIOT_IMPORT_VARARGS, (unsigned long)wrapper },
#define CHARIOT_LEAF(import, leaf)					\
	{ #import, CHARIOT_IMPORT_LEAF, leaf },
static struct import imports[] = {
#include "imports.def"
};

static u32 stubs_per_domain;

static const struct {
	unsigned long start;
	const char *name;
} leaf_functions[] = {
	{ leaf_memcpy, "memcpy" },	   { leaf_memmove, "memmove" },
	{ leaf_memset, "memset" },	   { leaf_clear_page, "clear_page" },
	{ leaf_copy_page, "copy_page" },   { leaf_memcmp, "memcmp" },
	{ leaf_strlen, "strlen" },	   { leaf_strcmp, "strcmp" },
	{ leaf_copy_from_user, "copy_from_user" },
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct import *)a)->name,
		      ((const struct import *)b)->name);
}

int chariot_imports_init(void)
{
	size_t i;

	BUILD_BUG_ON(CHARIOT_STUB_DOMAINS != CHARIOT_MAX_DOMAINS);
	/* Stubs are numbered in the order of imports.def, which sorting ends. */
	if (stubs_per_domain)
		return 0;
	for (i = 0; i < ARRAY_SIZE(imports); i++)
		if (imports[i].class != CHARIOT_IMPORT_LEAF)
			imports[i].stub = stubs_per_domain++;
	if (chariot_stubs_end - chariot_stubs !=
	    CHARIOT_STUB_DOMAINS * stubs_per_domain * CHARIOT_STUB_SIZE) {
		pr_err("stubs are laid out wrongly: %zd bytes for %u imports; rebuild\n",
		       chariot_stubs_end - chariot_stubs, stubs_per_domain);
		return -EINVAL;
	}
	sort(imports, ARRAY_SIZE(imports), sizeof(imports[0]), by_name, NULL);
	return 0;
}

static unsigned long leaf_page(u32 domain)
{
	return (unsigned long)chariot_leaf_pages + (domain - 1) * PAGE_SIZE;
}

void *chariot_leaf_page(u32 domain)
{
	return (void *)leaf_page(domain);
}

unsigned long chariot_import_target(const struct chariot_driver *d,
				    const char *name,
				    enum chariot_import_class *cls)
{
	struct import key = { .name = name };
	const struct import *i;

	i = bsearch(&key, imports, ARRAY_SIZE(imports), sizeof(key), by_name);
	*cls = i ? i->class : CHARIOT_IMPORT_PLAIN;
	switch (*cls) {
	case CHARIOT_IMPORT_WRAPPER:
	case CHARIOT_IMPORT_VARARGS:
		return (unsigned long)chariot_stubs +
		       ((d->domain - 1) * stubs_per_domain + i->stub) *
		       CHARIOT_STUB_SIZE;
	case CHARIOT_IMPORT_LEAF:
		return leaf_page(d->domain) + i->target;
	case CHARIOT_IMPORT_PLAIN:
		break;
	}
	return 0;
}

struct chariot_call chariot_caller_of(unsigned long ret,
				      const unsigned long *frame)
{
	unsigned long stub = ret - (unsigned long)chariot_stubs;
	struct chariot_call c;

	if (stub < chariot_stubs_end - chariot_stubs) {
		c.driver = chariot_driver_by_domain(stub / (stubs_per_domain * CHARIOT_STUB_SIZE) +
						    1);
		/* frame: saved rbp, return to the stub, return to its caller */
		c.site = chariot_gate_caller(frame[2],
					     (unsigned long *)frame[0]);
	} else {
		c.driver = chariot_driver_by_address(ret);
		c.site = ret;
	}
	return c;
}

const char *chariot_leaf_name(unsigned long addr, u32 *domain,
			      unsigned long *start)
{
	unsigned long offset = addr - (unsigned long)chariot_leaf_pages;
	size_t i;

	if (offset >= chariot_leaf_pages_end - chariot_leaf_pages)
		return NULL;
	if (domain)
		*domain = offset / PAGE_SIZE + 1;
	for (i = ARRAY_SIZE(leaf_functions); i-- > 0; ) {
		if (offset % PAGE_SIZE >= leaf_functions[i].start) {
			if (start)
				*start = addr - offset % PAGE_SIZE +
					 leaf_functions[i].start;
			return leaf_functions[i].name;
		}
	}
	return NULL;
}
