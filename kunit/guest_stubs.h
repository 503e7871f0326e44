/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What parts of the guest module stand on, where they are tested alone. */
#ifndef CHARIOT_KUNIT_GUEST_STUBS_H
#define CHARIOT_KUNIT_GUEST_STUBS_H

#include "chariot.h"
#include "grant_rules.h"

/* From now on any driver may write these two areas, and nothing else. */
void guest_stub_owns(void *one, size_t one_size, void *other, size_t other_size);

/* What was lent last, since then; of no bytes if there is nothing. */
struct chariot_span guest_stub_lent(void);

/* The rules of types, from now on. */
void guest_stub_rules(const struct chariot_type_rule *table, size_t count);

/* Has the gate been told of writes to this object: 1 of them, 2 of those to its data */
unsigned int guest_stub_wrote(const void *object);

static inline size_t list_count(const struct list_head *head)
{
	const struct list_head *e;
	size_t n = 0;

	list_for_each(e, head)
		n++;
	return n;
}

#endif /* CHARIOT_KUNIT_GUEST_STUBS_H */
