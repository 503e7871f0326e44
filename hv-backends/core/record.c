// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A ring of records that folds repeats and counts what it loses.
 * Runs wherever the core runs, under the caller's lock.
 */
#include "record.h"

static struct chariot_record *slot_at(struct chariot_ring *r, u32 i)
{
	return &r->slot[(r->head + i) % CHARIOT_RING_SIZE];
}

static bool same_event(const struct chariot_record *a,
		       const struct chariot_record *b)
{
	return a->outcome == CHARIOT_OUTCOME_AUDITED &&
	       b->outcome == CHARIOT_OUTCOME_AUDITED &&
	       a->domain == b->domain && a->rip == b->rip &&
	       a->gpa >> CHARIOT_PAGE_SHIFT == b->gpa >> CHARIOT_PAGE_SHIFT;
}

/* Counters stop at their end rather than start anew. */
static void add_saturated(u64 *counter, u64 n)
{
	*counter = n > ~*counter ? ~0ull : *counter + n;
}

/**
 * chariot_ring_init - make an empty ring
 * @r: the ring
 */
void chariot_ring_init(struct chariot_ring *r)
{
	memset(r, 0, sizeof(*r));
}

/**
 * chariot_ring_push - keep a record
 * @r: the ring
 * @rec: the record; its lost is not looked at, and a repeat of 0 counts as 1.
 *	Its seq becomes that of its slot, or 0 without one.
 *
 * An audited record that equals one still in the ring in domain, rip and page
 * raises that one's repeat; any other takes a slot. When there is none it is
 * lost and counted, as the first faults tell most.
 *
 * Returns true if a slot was used.
 */
bool chariot_ring_push(struct chariot_ring *r, struct chariot_record *rec)
{
	u64 repeat = rec->repeat ? rec->repeat : 1;
	struct chariot_record *slot;
	u32 i;

	rec->seq = 0;
	/* Newest first: repeats come in bursts. */
	for (i = r->count; i > 0; i--) {
		slot = slot_at(r, i - 1);
		if (same_event(slot, rec)) {
			add_saturated(&slot->repeat, repeat);
			return false;
		}
	}
	if (r->count == CHARIOT_RING_SIZE) {
		add_saturated(&r->lost, repeat);
		return false;
	}
	slot = slot_at(r, r->count++);
	rec->seq = ++r->seq;
	*slot = *rec;
	slot->lost = r->lost;
	slot->repeat = repeat;
	return true;
}

/**
 * chariot_ring_pop - take the oldest record
 * @r: the ring
 * @out: the record, with the number of those lost until now
 *
 * Returns false when the ring is empty; @out is untouched then.
 */
bool chariot_ring_pop(struct chariot_ring *r, struct chariot_record *out)
{
	if (!r->count)
		return false;
	*out = *slot_at(r, 0);
	out->lost = r->lost;
	r->head = (r->head + 1) % CHARIOT_RING_SIZE;
	r->count--;
	return true;
}
