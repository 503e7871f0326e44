// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines of a policy held against types: what they name must be there, once, and
 * becomes a grant of the plan. Runs in user space; neither lines nor BTF are
 * trusted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"

#define OBJECTS_MAX	32	/* structures of one name */

/**
 * struct meaning - what the name of a line may stand for
 * @object: structures of that name
 * @place: where the member is in each
 * @has: it has that member
 */
struct meaning {
	struct type_object object[OBJECTS_MAX];
	struct member_place place[OBJECTS_MAX];
	bool has[OBJECTS_MAX];
	size_t count;
};

/* There is no structure of that name: say what there is instead. */
static void no_structure(struct policy *policy, const struct policy_line *line,
			 const struct types *types)
{
	const struct member_name *name = &line->name;
	struct type_object other;
	const char *nearest;

	if (types_objects(types, NULL, name->tag, &other, 1)) {
		policy_tell(policy, true, line->number,
			    "there is no %s%s, but '%s%s'",
			    *name->keyword ? name->keyword : "typedef ",
			    name->tag, other.keyword, other.name);
		return;
	}
	nearest = types_nearest(types, name->tag);
	policy_tell(policy, true, line->number,
		    "there is no %s%s in this kernel's and the module's types%s%s%s",
		    *name->keyword ? name->keyword : "type ", name->tag,
		    nearest ? "; is '" : "", nearest ? nearest : "",
		    nearest ? "' meant?" : "");
}

/* Return: false if it is nothing, which is told. */
static bool understand(struct policy *policy, struct policy_line *line,
		       const struct types *types, struct meaning *meaning)
{
	const struct member_name *name = &line->name;
	char why[MEMBER_WHY] = "", other[MEMBER_WHY] = "";
	bool any = false;
	size_t i;

	line->state = POLICY_WRONG;
	meaning->count = types_objects(types, name->keyword, name->tag,
				       meaning->object, OBJECTS_MAX);
	if (!meaning->count) {
		no_structure(policy, line, types);
		return false;
	}
	if (meaning->count > OBJECTS_MAX) {
		policy_tell(policy, true, line->number,
			    "there are %zu structures named '%s': which one is meant cannot be said",
			    meaning->count, name->tag);
		return false;
	}
	for (i = 0; i < meaning->count; i++) {
		meaning->has[i] = member_find(&meaning->object[i], name->path,
					      &meaning->place[i],
					      i ? other : why);
		if (meaning->has[i] && !any)
			line->place = meaning->place[i];
		any |= meaning->has[i];
	}
	if (!any)
		policy_tell(policy, true, line->number, "%s", why);
	return any;
}

static bool is_possible(struct policy *policy, const struct policy_line *line)
{
	if (line->verb == POLICY_WRITE || !*line->name.path)
		return true;
	policy_tell(policy, true, line->number,
		    "granularity is for all of a structure: leave out '%s'",
		    line->name.path);
	return false;
}

int policy_check(struct policy *policy, const struct types *types)
{
	struct meaning *meaning = malloc(sizeof(*meaning));
	size_t i;

	if (!meaning)
		return -ENOMEM;
	for (i = 0; i < policy->count; i++)
		if (understand(policy, &policy->lines[i], types, meaning) &&
		    is_possible(policy, &policy->lines[i]))
			policy->lines[i].state = POLICY_UNKNOWN;
	free(meaning);
	return policy->wrong ? -EINVAL : 0;
}

/* --- grants -------------------------------------------------------------------- */

/**
 * struct gathering - of grants, before they become the plan's
 */
struct gathering {
	struct chariot_plan_grant *grant;
	size_t count, room;
};

static int gather(struct gathering *to, uint32_t type,
		  const struct member_place *place, enum policy_verb verb)
{
	struct chariot_plan_grant *bigger;
	size_t room = to->room ? 2 * to->room : 64;

	if (to->count == to->room) {
		bigger = reallocarray(to->grant, room, sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		to->grant = bigger;
		to->room = room;
	}
	to->grant[to->count++] = (struct chariot_plan_grant) {
		.type = type,
		.offset = place->offset,
		.size = place->size,
		.flags = verb == POLICY_PAGES ? CHARIOT_PLAN_GRANT_PAGES : 0,
	};
	return 0;
}

static bool is_type(const struct plan_block *block, uint32_t type,
		    const struct type_object *object)
{
	return block->types[type].size == object->size &&
	       !strcmp(block->keywords[type], object->keyword) &&
	       !strcmp(block->strings + block->types[type].name, object->name);
}

/*
 * The plan tells its types by name and size alone. Return: 1 and the place of the
 * member in this one, 0 if it has none, -EINVAL if that is not certain.
 */
static int place_in(const struct meaning *meaning,
		    const struct plan_block *block, uint32_t type,
		    const struct member_place **place)
{
	size_t i;

	*place = NULL;
	for (i = 0; i < meaning->count; i++) {
		if (!meaning->has[i] ||
		    !is_type(block, type, &meaning->object[i]))
			continue;
		if (*place && memcmp(*place, &meaning->place[i],
				     sizeof(**place)))
			return -EINVAL;
		*place = &meaning->place[i];
	}
	return *place != NULL;
}

static int grant_line(struct policy *policy, struct policy_line *line,
		      const struct meaning *meaning,
		      const struct plan_block *block, struct gathering *to)
{
	const struct member_place *place;
	uint32_t type;
	int found, err = 0;

	line->state = POLICY_NOT_HANDED;
	for (type = 0; !err && type < block->count.types; type++) {
		found = place_in(meaning, block, type, &place);
		if (found < 0) {
			line->state = POLICY_WRONG;
			policy_tell(policy, true, line->number,
				    "there are several structures '%s' of %u bytes, in which this lies at different places",
				    line->name.tag, block->types[type].size);
			return 0;
		}
		if (!found)
			continue;
		err = gather(to, type, place, line->verb);
		line->state = POLICY_GRANTED;
		line->place = *place;
	}
	if (line->state == POLICY_NOT_HANDED)
		policy_tell(policy, false, line->number,
			    "the module is handed no %s%s: this line has no effect",
			    line->name.keyword, line->name.tag);
	return err;
}

static int by_place(const void *a, const void *b)
{
	const struct chariot_plan_grant *one = a, *other = b;

	if (one->type != other->type)
		return one->type < other->type ? -1 : 1;
	if (one->flags != other->flags)
		return one->flags < other->flags ? -1 : 1;
	return one->offset < other->offset ? -1 : one->offset > other->offset;
}

/* Neighbours become one, so that one write may go over both. */
static void merge(struct gathering *gathering)
{
	struct chariot_plan_grant *grant = gathering->grant;
	uint32_t end, last;
	size_t i, kept = 0;

	if (!gathering->count)
		return;
	qsort(grant, gathering->count, sizeof(*grant), by_place);
	for (i = 1; i < gathering->count; i++) {
		last = grant[kept].offset + grant[kept].size;
		end = grant[i].offset + grant[i].size;
		if (grant[i].type != grant[kept].type ||
		    grant[i].flags != grant[kept].flags ||
		    grant[i].offset > last)
			grant[++kept] = grant[i];
		else if (end > last)
			grant[kept].size = end - grant[kept].offset;
	}
	gathering->count = kept + 1;
}

static int add_grants(struct policy *policy, const struct gathering *gathering,
		      struct plan_block *block)
{
	size_t i;

	for (i = 0; i < gathering->count; i++)
		if (!plan_block_grant(block, &gathering->grant[i]))
			break;
	if (i == gathering->count)
		return 0;
	policy_tell(policy, true, 0,
		    "these are %zu places, and a plan has room for %u: name fewer, or larger ones",
		    gathering->count, CHARIOT_PLAN_GRANTS_MAX);
	return -ENOSPC;
}

int policy_apply(struct policy *policy, const struct types *types,
		 struct plan_block *block)
{
	struct meaning *meaning = malloc(sizeof(*meaning));
	struct gathering gathering = { };
	size_t i;
	int err = meaning ? 0 : -ENOMEM;

	for (i = 0; !err && i < policy->count; i++)
		if (understand(policy, &policy->lines[i], types, meaning) &&
		    is_possible(policy, &policy->lines[i]))
			err = grant_line(policy, &policy->lines[i], meaning,
					 block, &gathering);
	merge(&gathering);
	if (!err)
		err = add_grants(policy, &gathering, block);
	free(gathering.grant);
	free(meaning);
	return err ? err : policy->wrong ? -EINVAL : 0;
}
