// SPDX-License-Identifier: GPL-2.0-only
/* Checks a packed plan as chariot.ko does: every number. User space. */
#include <stdint.h>
#include <string.h>

#include "plan_check.h"
#include "uapi/chariot_plan.h"

struct view {
	struct chariot_plan_header header;
	const struct chariot_plan_type *types;
	const struct chariot_plan_member *members;
	const struct chariot_plan_entry *entries;
	const struct chariot_plan_import *imports;
	const struct chariot_plan_grant *grants;
	const char *strings;
};

static const char *check_header(const struct chariot_plan_header *header,
				size_t size)
{
	if (header->revision != CHARIOT_PLAN_REVISION)
		return "revision";
	if (header->types > CHARIOT_PLAN_TYPES_MAX ||
	    header->members > CHARIOT_PLAN_MEMBERS_MAX ||
	    header->entries > CHARIOT_PLAN_ENTRIES_MAX ||
	    header->imports > CHARIOT_PLAN_IMPORTS_MAX ||
	    header->grants > CHARIOT_PLAN_GRANTS_MAX ||
	    header->strings > CHARIOT_PLAN_STRINGS_MAX)
		return "a limit";
	if (header->size != size ||
	    size != sizeof(*header) +
		    header->types * sizeof(struct chariot_plan_type) +
		    header->members * sizeof(struct chariot_plan_member) +
		    header->entries * sizeof(struct chariot_plan_entry) +
		    header->imports * sizeof(struct chariot_plan_import) +
		    header->grants * sizeof(struct chariot_plan_grant) +
		    header->strings)
		return "size";
	return NULL;
}

static bool good_name(const struct view *view, uint32_t name)
{
	return name < view->header.strings &&
	       memchr(view->strings + name, '\0', view->header.strings - name);
}

static bool good_type(const struct view *view, uint32_t type)
{
	return type == CHARIOT_PLAN_NONE || type < view->header.types;
}

static bool good_args(const struct view *view, const uint32_t *args)
{
	unsigned int i;

	for (i = 0; i < CHARIOT_PLAN_ARGS; i++)
		if (!(args[i] == CHARIOT_PLAN_BYTES &&
		      i + 1 < CHARIOT_PLAN_ARGS) &&
		    !(args[i] == CHARIOT_PLAN_STRINGS && i) &&
		    !(CHARIOT_PLAN_IS_POINTER(args[i]) &&
		      CHARIOT_PLAN_POINTED(args[i]) < view->header.types) &&
		    !CHARIOT_PLAN_IS_AREA(args[i]) && !good_type(view, args[i]))
			return false;
	return true;
}

static bool good_types(const struct view *view, const uint32_t *types)
{
	int i;

	for (i = 0; i < CHARIOT_PLAN_ARGS; i++)
		if (!good_type(view, types[i]) &&
		    !(CHARIOT_PLAN_IS_FILLED(types[i]) &&
		      CHARIOT_PLAN_FILLED_TYPE(types[i]) < view->header.types))
			return false;
	return true;
}

#define LIST_HEAD_SIZE	16u

/* A list's head, and the link in its elements; or pointers. */
static bool good_place(const struct view *view,
		       const struct chariot_plan_type *type,
		       const struct chariot_plan_member *member)
{
	if (!member->count || member->offset > type->size)
		return false;
	if (member->count == CHARIOT_PLAN_FLEXIBLE)
		return true;
	if (member->offset == type->size)
		return false;
	if (member->count & CHARIOT_PLAN_LIST)
		return type->size - member->offset >= LIST_HEAD_SIZE &&
		       (member->count & ~CHARIOT_PLAN_LIST) <
		       view->types[member->type].size;
	return member->count <= (type->size - member->offset) / 8;
}

static const char *check_members(const struct view *view,
				 const struct chariot_plan_type *type)
{
	const struct chariot_plan_member *member;
	uint32_t i;

	if (type->member > view->header.members ||
	    type->members > view->header.members - type->member)
		return "members of a type";
	for (i = 0; i < type->members; i++) {
		member = &view->members[type->member + i];
		if (member->type >= view->header.types)
			return "type of a member";
		if (!good_place(view, type, member))
			return "place of a member";
		if (i && member->offset < member[-1].offset)
			return "order of members";
	}
	return NULL;
}

static const char *check_types(const struct view *view)
{
	const struct chariot_plan_type *type;
	const char *wrong = NULL;
	uint32_t i;

	for (i = 0; !wrong && i < view->header.types; i++) {
		type = &view->types[i];
		if (!good_name(view, type->name))
			return "name of a type";
		if (!type->size || type->size > CHARIOT_PLAN_OBJECT_MAX)
			return "size of a type";
		wrong = check_members(view, type);
	}
	return wrong;
}

static const char *check_functions(const struct view *view)
{
	uint32_t i;

	for (i = 0; i < view->header.entries; i++) {
		if (!good_name(view, view->entries[i].name))
			return "name of an entry";
		if (!good_args(view, view->entries[i].args))
			return "argument of an entry";
	}
	for (i = 0; i < view->header.imports; i++) {
		if (!good_name(view, view->imports[i].name))
			return "name of an import";
		if (!good_type(view, view->imports[i].ret) ||
		    !good_types(view, view->imports[i].outs))
			return "type of an import";
	}
	return NULL;
}

static const char *check_grants(const struct view *view)
{
	const struct chariot_plan_grant *grant;
	uint32_t i, size;

	for (i = 0; i < view->header.grants; i++) {
		grant = &view->grants[i];
		if (grant->type >= view->header.types ||
		    grant->flags & ~CHARIOT_PLAN_GRANT_PAGES)
			return "type of a grant";
		size = view->types[grant->type].size;
		if (grant->flags && grant->size != size)
			return "pages of a grant";
		if (!grant->size || grant->offset > size ||
		    grant->size > size - grant->offset)
			return "place of a grant";
	}
	return NULL;
}

const char *plan_numbers_check(const void *plan, size_t size)
{
	struct view view;
	const char *wrong;

	if (size < sizeof(view.header))
		return "no header";
	memcpy(&view.header, plan, sizeof(view.header));
	wrong = check_header(&view.header, size);
	if (wrong)
		return wrong;
	view.types = (const void *)((const char *)plan + sizeof(view.header));
	view.members = (const void *)(view.types + view.header.types);
	view.entries = (const void *)(view.members + view.header.members);
	view.imports = (const void *)(view.entries + view.header.entries);
	view.grants = (const void *)(view.imports + view.header.imports);
	view.strings = (const void *)(view.grants + view.header.grants);
	if (view.header.strings && view.strings[view.header.strings - 1])
		return "end of strings";
	wrong = check_types(&view);
	if (!wrong)
		wrong = check_functions(&view);
	return wrong ? wrong : check_grants(&view);
}

const char *plan_check(const void *plan, size_t size)
{
	const char *wrong = plan_numbers_check(plan, size);

	return wrong || plan_taken(plan, size) ? wrong : "for chariot.ko";
}
