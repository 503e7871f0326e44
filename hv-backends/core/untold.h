/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Writes that were not allowed, before the host is told of them. A guest that finds
 * that its driver may do it settles the matter a moment later, and then there is
 * nothing to tell. What the guest says is not trusted: it may settle what is its own
 * affair, and nothing that has been told.
 * Portable core; the caller locks, and owns the clock.
 */
#ifndef CHARIOT_CORE_UNTOLD_H
#define CHARIOT_CORE_UNTOLD_H

#include "env.h"

#define CHARIOT_UNTOLD_MAX	64u

/**
 * struct chariot_untold - one of them
 * @rec: its record
 * @when: by the caller's clock
 * @driver: the domain's name then
 */
struct chariot_untold {
	struct chariot_record rec;
	u64 when;
	char driver[CHARIOT_DOMAIN_NAME_LEN];
};

/* Oldest first. All zero: empty. */
struct chariot_untold_list {
	u32 count;
	struct chariot_untold entry[CHARIOT_UNTOLD_MAX];
};

/* Is the list full? Then one must be taken before the next can be added. */
static inline bool chariot_untold_full(const struct chariot_untold_list *l)
{
	return l->count == CHARIOT_UNTOLD_MAX;
}

/* Add one to a list that is not full. */
void chariot_untold_add(struct chariot_untold_list *l,
			const struct chariot_record *rec, const char *driver,
			u64 when);
/*
 * Take the oldest one of @domain, or CHARIOT_DOMAIN_ALL, if that is from @until or
 * before; false otherwise.
 */
bool chariot_untold_take(struct chariot_untold_list *l, u32 domain, u64 until,
			 struct chariot_untold *out);
/*
 * Drop those of @domain whose first bad byte lies in the @size bytes from @gpa, which
 * it has been granted. Returns how many.
 */
u32 chariot_untold_granted(struct chariot_untold_list *l, u32 domain, u64 gpa,
			   u64 size);
/*
 * Drop the one whose record has the number @seq, not 0. Returns its domain, or
 * CHARIOT_DOMAIN_KERNEL when there is none.
 */
u32 chariot_untold_settled(struct chariot_untold_list *l, u64 seq);

#endif /* CHARIOT_CORE_UNTOLD_H */
