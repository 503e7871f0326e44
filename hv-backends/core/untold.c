// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Writes that the host is yet to be told of; see untold.h.
 * Runs wherever the core runs, under the caller's lock.
 */
#include "untold.h"

static void drop(struct chariot_untold_list *l, u32 at)
{
	l->count--;
	memmove(&l->entry[at], &l->entry[at + 1],
		(l->count - at) * sizeof(l->entry[0]));
}

void chariot_untold_add(struct chariot_untold_list *l,
			const struct chariot_record *rec, const char *driver,
			u64 when)
{
	struct chariot_untold *u = &l->entry[l->count++];

	u->rec = *rec;
	u->when = when;
	memcpy(u->driver, driver, sizeof(u->driver));
}

bool chariot_untold_take(struct chariot_untold_list *l, u32 domain, u64 until,
			 struct chariot_untold *out)
{
	u32 i = 0;

	while (domain != CHARIOT_DOMAIN_ALL && i < l->count &&
	       l->entry[i].rec.domain != domain)
		i++;
	if (i == l->count || l->entry[i].when > until)
		return false;
	*out = l->entry[i];
	drop(l, i);
	return true;
}

u32 chariot_untold_granted(struct chariot_untold_list *l, u32 domain, u64 gpa,
			   u64 size)
{
	u32 before = l->count, i = 0;

	while (i < l->count) {
		const struct chariot_record *rec = &l->entry[i].rec;

		if (rec->domain == domain && rec->gpa - gpa < size)
			drop(l, i);
		else
			i++;
	}
	return before - l->count;
}

u32 chariot_untold_settled(struct chariot_untold_list *l, u64 seq)
{
	u32 i, domain;

	for (i = 0; seq && i < l->count; i++) {
		if (l->entry[i].rec.seq == seq) {
			domain = l->entry[i].rec.domain;
			drop(l, i);
			return domain;
		}
	}
	return CHARIOT_DOMAIN_KERNEL;
}
