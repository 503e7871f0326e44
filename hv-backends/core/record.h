/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A ring of records that folds repeats and counts what it loses.
 * Portable core; the caller locks.
 */
#ifndef CHARIOT_CORE_RECORD_H
#define CHARIOT_CORE_RECORD_H

#include "env.h"

#ifndef CHARIOT_RING_SIZE		/* a test has a smaller one */
#define CHARIOT_RING_SIZE	256u
#endif

struct chariot_ring {
	u64 seq;		/* last number given */
	u64 lost;
	u32 head;		/* oldest */
	u32 count;
	struct chariot_record slot[CHARIOT_RING_SIZE];
};

void chariot_ring_init(struct chariot_ring *r);
/*
 * Store a copy; gives it lost and repeat, and both seq. An AUDITED record that equals
 * (domain, rip, page) one still in the ring raises its repeat instead. When
 * full the new one is lost and counted: the first faults tell most. Returns
 * true if a new slot was used.
 */
bool chariot_ring_push(struct chariot_ring *r, struct chariot_record *rec);
/* Take the oldest; false when empty. */
bool chariot_ring_pop(struct chariot_ring *r, struct chariot_record *out);

#endif /* CHARIOT_CORE_RECORD_H */
