/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What parts of the guest module stand on, where they are tested alone. */
#ifndef CHARIOT_KUNIT_GUEST_STUBS_H
#define CHARIOT_KUNIT_GUEST_STUBS_H

#include "chariot.h"

/* From now on any driver may write these two areas, and nothing else. */
void guest_stub_owns(void *one, size_t one_size, void *other, size_t other_size);

static inline size_t list_count(const struct list_head *head)
{
	const struct list_head *e;
	size_t n = 0;

	list_for_each(e, head)
		n++;
	return n;
}

#endif /* CHARIOT_KUNIT_GUEST_STUBS_H */
