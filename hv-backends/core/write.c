// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * One write of a driver's: its parts, and what a record says of it.
 * Runs wherever the core runs; trusts that insn.c decoded the instruction.
 */
#include "write.h"

/**
 * chariot_write_measure - the size of a write, and of its part in the first page
 * @w: a decoded write
 */
void chariot_write_measure(struct chariot_write *w)
{
	const u32 room = CHARIOT_PAGE_SIZE - w->insn.gva % CHARIOT_PAGE_SIZE;

	w->size = w->insn.size;
	w->size1 = w->size < room ? w->size : room;
}

/**
 * chariot_verdict_both - the verdict on a write in two parts
 * @first: on its first part
 * @second: on the other one
 * @bad: in: the first part's byte that is not allowed; out: the write's
 * @bad2: the second part's
 */
enum chariot_verdict chariot_verdict_both(enum chariot_verdict first,
					  enum chariot_verdict second, u64 *bad,
					  u64 bad2)
{
	_Static_assert(CHARIOT_VERDICT_ALLOW < CHARIOT_VERDICT_EMULATE &&
		       CHARIOT_VERDICT_EMULATE < CHARIOT_VERDICT_AUDIT &&
		       CHARIOT_VERDICT_AUDIT < CHARIOT_VERDICT_STOP,
		       "verdicts are in order");
	if (first <= CHARIOT_VERDICT_EMULATE && second > CHARIOT_VERDICT_EMULATE)
		*bad = bad2;
	return first > second ? first : second;
}

/* The bytes that one iteration writes. */
static bool value_of(const struct chariot_write *w,
		     bool (*read)(void *from, const struct chariot_write *w,
				  u64 *old),
		     void *from, u8 *value)
{
	struct chariot_regs regs = w->regs;
	u64 old, new;

	if (w->insn.flags & CHARIOT_INSN_VALUE) {
		memcpy(value, w->insn.value, w->size);
		return true;
	}
	if (!(w->insn.flags & CHARIOT_INSN_EXEC) || w->size > sizeof(new) ||
	    !read(from, w, &old) ||
	    !chariot_insn_execute(&w->insn, &regs, old, &new))
		return false;
	memcpy(value, &new, w->size);
	return true;
}

/**
 * chariot_write_describe - fill a record with what is known of a write
 * @w: the write
 * @read: reads what the instruction reads before it writes, the operand or the
 *	source of a movs; false: it can't be read
 * @from: for @read
 * @rec: out: insn, insn_len and, if decoded, gva, size and value, with their flags
 */
void chariot_write_describe(const struct chariot_write *w,
			    bool (*read)(void *from,
					 const struct chariot_write *w, u64 *old),
			    void *from, struct chariot_record *rec)
{
	const struct chariot_insn *insn = &w->insn;

	rec->insn_len = w->decoded ? insn->len : w->byte_count;
	memcpy(rec->insn, w->bytes, sizeof(rec->insn));
	if (!w->decoded)
		return;
	rec->flags |= CHARIOT_RECORD_GVA;
	rec->gva = insn->gva;
	if (!w->size)
		return;
	rec->flags |= CHARIOT_RECORD_SIZE;
	rec->size = w->size;
	if (insn->flags & CHARIOT_INSN_REP) {
		rec->flags |= CHARIOT_RECORD_REP;
		rec->size *= insn->count;
	}
	if (w->size <= sizeof(insn->value) &&
	    !(insn->flags & CHARIOT_INSN_MASKED) &&
	    value_of(w, read, from, rec->value))
		rec->flags |= CHARIOT_RECORD_VALUE;
}

/**
 * chariot_record_region - fill a record with the region that is nearest to its gpa
 * @t: the table of the record's domain
 * @rec: the record
 */
void chariot_record_region(const struct chariot_table *t,
			   struct chariot_record *rec)
{
	struct chariot_range range;

	if (!chariot_table_nearest(t, rec->gpa, &range))
		return;
	rec->flags |= CHARIOT_RECORD_REGION;
	rec->region_gpa = range.gpa;
	rec->region_size = range.size;
	rec->region_kind = range.kind;
}
