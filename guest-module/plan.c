// SPDX-License-Identifier: GPL-2.0
/*
 * Checks the plan that user space sends. Runs in the guest kernel, in process
 * context; trusts none of it.
 */
#include <linux/overflow.h>
#include <linux/slab.h>

#include "chariot.h"
#include "grant_rules.h"
#include "plan.h"

static bool type_or_none(const struct chariot_plan *p, u32 type)
{
	return type < p->h.types || type == CHARIOT_PLAN_NONE;
}

static bool types_good(const struct chariot_plan *p)
{
	const struct chariot_plan_member *m;
	const struct chariot_plan_type *t;
	u32 i, j;

	for (i = 0; i < p->h.types; i++) {
		t = &p->types[i];
		if (t->name >= p->h.strings || !t->size ||
		    t->size > CHARIOT_PLAN_OBJECT_MAX ||
		    t->member > p->h.members ||
		    t->members > p->h.members - t->member)
			return false;
		for (j = 0; j < t->members; j++) {
			m = &p->members[t->member + j];
			if (m->type >= p->h.types || !m->count ||
			    m->offset >= t->size ||
			    m->count > (t->size - m->offset) / sizeof(u64))
				return false;
		}
	}
	return true;
}

static bool args_good(const struct chariot_plan *p, const u32 *args)
{
	int i;

	for (i = 0; i < CHARIOT_PLAN_ARGS; i++)
		if (!type_or_none(p, args[i]))
			return false;
	return true;
}

static bool entries_good(const struct chariot_plan *p)
{
	const struct chariot_plan_entry *e, *last = NULL;
	u32 i;

	for (i = 0; i < p->h.entries; i++, last = e) {
		e = &p->entries[i];
		if (e->name >= p->h.strings || !args_good(p, e->args))
			return false;
		if (last && (e->section < last->section ||
			     (e->section == last->section &&
			      e->offset <= last->offset)))
			return false;
	}
	return true;
}

static bool imports_good(const struct chariot_plan *p)
{
	const struct chariot_plan_import *e, *last = NULL;
	u32 i;

	for (i = 0; i < p->h.imports; i++, last = e) {
		e = &p->imports[i];
		if (e->name >= p->h.strings || !type_or_none(p, e->ret) ||
		    !args_good(p, e->outs))
			return false;
		if (last && strcmp(p->strings + last->name,
				   p->strings + e->name) >= 0)
			return false;
	}
	return true;
}

static bool grants_good(const struct chariot_plan *p)
{
	const struct chariot_plan_grant *g;
	u32 i;

	for (i = 0; i < p->h.grants; i++) {
		g = &p->grants[i];
		if (g->flags || g->type >= p->h.types || !g->size ||
		    g->offset >= p->types[g->type].size ||
		    g->size > p->types[g->type].size - g->offset)
			return false;
	}
	return true;
}

/* Where the arrays lie; false if the image is not just as long as they are. */
static bool lay_out(struct chariot_plan *p, const void *image, size_t size)
{
	const struct chariot_plan_header *h = image;
	const char *at = image + sizeof(*h);

	if (size < sizeof(*h))
		return false;
	p->h = *h;
	if (h->revision != CHARIOT_PLAN_REVISION || h->size != size ||
	    h->types > CHARIOT_PLAN_TYPES_MAX ||
	    h->members > CHARIOT_PLAN_MEMBERS_MAX ||
	    h->entries > CHARIOT_PLAN_ENTRIES_MAX ||
	    h->imports > CHARIOT_PLAN_IMPORTS_MAX ||
	    h->grants > CHARIOT_PLAN_GRANTS_MAX ||
	    !h->strings || h->strings > CHARIOT_PLAN_STRINGS_MAX)
		return false;
#define NEXT(what)							\
	do {								\
		p->what = (const void *)at;				\
		at += (size_t)h->what * sizeof(*p->what);		\
	} while (0)
	NEXT(types);
	NEXT(members);
	NEXT(entries);
	NEXT(imports);
	NEXT(grants);
	NEXT(strings);
#undef NEXT
	return at == (const char *)image + size && !at[-1];
}

static int find_rules(struct chariot_plan *p)
{
	u32 i;

	p->rules = kvcalloc(p->h.types + 1, sizeof(*p->rules), GFP_KERNEL);
	if (!p->rules)
		return -ENOMEM;
	for (i = 0; i < p->h.types; i++)
		p->rules[i] = chariot_type_rule(chariot_plan_type_name(p, i));
	return 0;
}

struct chariot_plan *chariot_plan_take(void *image, size_t size)
{
	struct chariot_plan *p = kzalloc(sizeof(*p), GFP_KERNEL);
	int ret = -EINVAL;

	if (!p)
		return ERR_PTR(-ENOMEM);
	if (lay_out(p, image, size) && types_good(p) && entries_good(p) &&
	    imports_good(p) && grants_good(p))
		ret = find_rules(p);
	if (ret) {
		kfree(p);
		return ERR_PTR(ret);
	}
	p->image = image;
	return p;
}

void chariot_plan_free(struct chariot_plan *p)
{
	if (!p)
		return;
	kvfree(p->image);
	kvfree(p->rules);
	kfree(p);
}
