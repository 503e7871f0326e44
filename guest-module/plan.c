// SPDX-License-Identifier: GPL-2.0
/*
 * Checks the plan that user space sends. Runs in the guest kernel, in process
 * context; trusts none of it.
 */
#include <linux/bitmap.h>
#include <linux/overflow.h>
#include <linux/rhashtable-types.h>
#include <linux/slab.h>

#include "chariot.h"
#include "grant_rules.h"
#include "plan.h"

static bool type_or_none(const struct chariot_plan *p, u32 type)
{
	return type < p->h.types || type == CHARIOT_PLAN_NONE;
}

static bool member_good(const struct chariot_plan *p,
			const struct chariot_plan_type *t,
			const struct chariot_plan_member *m)
{
	if (m->type >= p->h.types || !m->count || m->offset > t->size)
		return false;
	if (m->count == CHARIOT_PLAN_FLEXIBLE)
		return true;
	if (m->offset == t->size)
		return false;
	if (m->count & CHARIOT_PLAN_LIST)
		return t->size - m->offset >= sizeof(struct list_head) &&
		       (m->count & ~CHARIOT_PLAN_LIST) < p->types[m->type].size;
	return m->count <= (t->size - m->offset) / sizeof(u64);
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
			if (!member_good(p, t, m))
				return false;
		}
	}
	return true;
}

static bool outs_good(const struct chariot_plan *p, const u32 *outs)
{
	int i;

	for (i = 0; i < CHARIOT_PLAN_ARGS; i++) {
		if (CHARIOT_PLAN_IS_FILLED(outs[i])) {
			if (CHARIOT_PLAN_FILLED_TYPE(outs[i]) >= p->h.types)
				return false;
		} else if (!type_or_none(p, outs[i])) {
			return false;
		}
	}
	return true;
}

/* Bytes and strings have their counts beside them. */
static bool args_good(const struct chariot_plan *p, const u32 *args)
{
	int i;

	for (i = 0; i < CHARIOT_PLAN_ARGS; i++) {
		if (args[i] == CHARIOT_PLAN_BYTES) {
			if (i == CHARIOT_PLAN_ARGS - 1)
				return false;
		} else if (args[i] == CHARIOT_PLAN_STRINGS) {
			if (!i)
				return false;
		} else if (CHARIOT_PLAN_IS_POINTER(args[i])) {
			if (CHARIOT_PLAN_POINTED(args[i]) >= p->h.types)
				return false;
		} else if (!CHARIOT_PLAN_IS_AREA(args[i]) &&
			   !type_or_none(p, args[i])) {
			return false;
		}
	}
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
		    !outs_good(p, e->outs))
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
		if (g->type >= p->h.types || !g->size ||
		    g->offset >= p->types[g->type].size ||
		    g->size > p->types[g->type].size - g->offset ||
		    g->flags & ~CHARIOT_PLAN_GRANT_PAGES ||
		    (g->flags && g->size != p->types[g->type].size))
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
	    h->strings > CHARIOT_PLAN_STRINGS_MAX)
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
	return at == (const char *)image + size && (!h->strings || !at[-1]);
}

/* Behind the plan's types come one of mere bytes, and hash tables. */
static int find_rules(struct chariot_plan *p)
{
	struct chariot_plan_type *types;
	u32 i;

	p->rules = kvcalloc(p->h.types + CHARIOT_PLAN_EXTRA, sizeof(*p->rules), GFP_KERNEL);
	types = kvcalloc(p->h.types + CHARIOT_PLAN_EXTRA, sizeof(*types), GFP_KERNEL);
	if (!p->rules || !types) {
		kvfree(p->rules);
		kvfree(types);
		return -ENOMEM;
	}
	memcpy(types, p->types, p->h.types * sizeof(*types));
	p->types = types;
	types[p->h.types + CHARIOT_PLAN_HASHTABLE].size =
		sizeof(struct rhashtable);
	p->rules[p->h.types + CHARIOT_PLAN_HASHTABLE] =
		chariot_type_rule("rhashtable");
	for (i = 0; i < p->h.types; i++)
		p->rules[i] = chariot_type_rule(chariot_plan_type_name(p, i));
	return 0;
}

/* The types whose pages are given whole; most plans have none. */
static int find_paged(struct chariot_plan *p)
{
	u32 i;

	for (i = 0; i < p->h.grants; i++) {
		if (!(p->grants[i].flags & CHARIOT_PLAN_GRANT_PAGES))
			continue;
		p->paged = p->paged ?: bitmap_zalloc(p->h.types, GFP_KERNEL);
		if (!p->paged)
			return -ENOMEM;
		__set_bit(p->grants[i].type, p->paged);
	}
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
		ret = find_paged(p) ?: find_rules(p);
	if (ret) {
		bitmap_free(p->paged);
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
	kvfree(p->types);
	kvfree(p->rules);
	bitmap_free(p->paged);
	kfree(p);
}
