// SPDX-License-Identifier: GPL-2.0-only
/*
 * Carrying out a write in the processor's place, as far as the core knows the
 * instruction.
 */
#include "backend.h"

#define RETRIES		16
#define CACHE_LINE	64u
#define FLAG_TRAP	(1ull << 8)

static bool is_movs(const struct chariot_insn *insn)
{
	return (insn->flags & CHARIOT_INSN_STRING) && (insn->opcode & 0xfe) == 0xa4;
}

/* Bytes that may lie in two pages: no single access. */
static bool operand_load(struct chariot_event *e, const struct chariot_write *w,
			 u64 *value)
{
	return chariot_read(e->vm, w->gpa, value, w->size1) &&
	       (w->size1 == w->size ||
		chariot_read(e->vm, w->gpa2, (u8 *)value + w->size1,
			     w->size - w->size1));
}

static bool operand_store(struct chariot_event *e, const struct chariot_write *w,
			  const u64 *value)
{
	return chariot_write(e->vm, w->gpa, value, w->size1) &&
	       (w->size1 == w->size ||
		chariot_write(e->vm, w->gpa2, (const u8 *)value + w->size1,
			      w->size - w->size1));
}

/* What an instruction would read before it writes; false if that is no memory. */
bool chariot_operand_read(struct chariot_event *e, const struct chariot_write *w,
			  u64 *old)
{
	*old = 0;
	if (w->size > sizeof(*old))
		return false;
	if (is_movs(&w->insn))
		return chariot_read_virtual(e, w->insn.src_gva, old, w->size);
	if (w->insn.flags & CHARIOT_INSN_READS)
		return operand_load(e, w, old);
	return true;
}

/* One access of 1, 2, 4 or 8 bytes, as the processor would make it. */
static void store(void *at, u32 size, u64 value)
{
	switch (size) {
	case 1:
		__atomic_store_n((u8 *)at, value, __ATOMIC_RELAXED);
		break;
	case 2:
		__atomic_store_n((u16 *)at, value, __ATOMIC_RELAXED);
		break;
	case 4:
		__atomic_store_n((u32 *)at, value, __ATOMIC_RELAXED);
		break;
	default:
		__atomic_store_n((u64 *)at, value, __ATOMIC_RELAXED);
		break;
	}
}

#define EXCHANGE(type) ({						\
	type was = old;							\
	__atomic_compare_exchange_n((type *)at, &was, (type)new, false,	\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); })

static bool exchange(void *at, u32 size, u64 old, u64 new)
{
	switch (size) {
	case 1:
		return EXCHANGE(u8);
	case 2:
		return EXCHANGE(u16);
	case 4:
		return EXCHANGE(u32);
	default:
		return EXCHANGE(u64);
	}
}

static enum chariot_done single(struct chariot_event *e,
				const struct chariot_write *w,
				struct chariot_regs *after)
{
	bool lock = w->insn.flags & CHARIOT_INSN_LOCK;
	u64 old, new;
	u8 *page;
	int try;

	for (try = 0; try < RETRIES; try++) {
		*after = w->regs;
		if (!chariot_operand_read(e, w, &old))
			return CHARIOT_CANNOT;
		if (!chariot_insn_execute(&w->insn, after, old, &new))
			return CHARIOT_DONE;
		if (w->size1 < w->size)
			return operand_store(e, w, &new) ? CHARIOT_DONE :
			       CHARIOT_CANNOT;
		page = chariot_map(e->vm, w->gpa >> CHARIOT_PAGE_SHIFT);
		if (!page)
			return CHARIOT_CANNOT;
		page += w->gpa & ~CHARIOT_PAGE_MASK;
		if (!lock) {
			store(page, w->size, new);
			return CHARIOT_DONE;
		}
		if (exchange(page, w->size, old, new))
			return CHARIOT_DONE;
	}
	/* The guest tries again. */
	*after = w->regs;
	return CHARIOT_DONE;
}

/* As many iterations as there are to the page's end and as @judge allows. */
static enum chariot_done string(struct chariot_event *e,
				const struct chariot_table *judge,
				const struct chariot_write *w,
				struct chariot_regs *after)
{
	bool down = w->insn.flags & CHARIOT_INSN_DOWN;
	s64 step = down ? -(s64)w->size : w->size;
	u64 offset = w->gpa & ~CHARIOT_PAGE_MASK;
	u64 most = down ? offset / w->size + 1 :
		   (CHARIOT_PAGE_SIZE - offset) / w->size;
	u64 i, old = 0, new, bad;
	u8 *page;

	*after = w->regs;
	for (i = 0; i < most && i < w->insn.count; i++) {
		struct chariot_regs before = *after;

		if (judge && !chariot_table_allows(judge, w->gpa + i * step, w->size,
						   CHARIOT_RIGHT_WRITE, &bad))
			break;
		if (is_movs(&w->insn) &&
		    !chariot_read_virtual(e, w->insn.src_gva + i * step, &old,
					  w->size))
			break;
		page = chariot_map(e->vm, w->gpa >> CHARIOT_PAGE_SHIFT);
		if (!page)
			break;
		chariot_insn_execute(&w->insn, after, old, &new);
		store(page + offset + i * step, w->size, new);
		if (after->rip != before.rip)
			return CHARIOT_DONE;
	}
	return i ? CHARIOT_DONE : CHARIOT_CANNOT;
}

/**
 * chariot_emulate - carry out a write that the core knows
 * @e: the event; its answer gets the registers after the write
 * @judge: the table that allows it, or NULL to let it happen anyhow
 * @w: the write
 */
enum chariot_done chariot_emulate(struct chariot_event *e,
				  const struct chariot_table *judge,
				  struct chariot_write *w)
{
	const struct chariot_insn *insn = &w->insn;
	struct chariot_regs after;
	enum chariot_done done;

	if (!w->decoded || !(insn->flags & CHARIOT_INSN_EXEC) || !w->size ||
	    w->size > sizeof(u64) || (w->regs.rflags & FLAG_TRAP))
		return CHARIOT_CANNOT;
	/* A locked access across cache lines stalls the host. */
	if ((insn->flags & CHARIOT_INSN_LOCK) &&
	    (w->size1 < w->size ||
	     (w->gpa & (CACHE_LINE - 1)) + w->size > CACHE_LINE))
		return CHARIOT_CANNOT;
	if (insn->flags & CHARIOT_INSN_REP) {
		/* One iteration that lies in two pages is the next one's business. */
		if (w->size1 < w->size)
			return CHARIOT_CANNOT;
		done = string(e, judge, w, &after);
	} else {
		done = single(e, w, &after);
	}
	if (done == CHARIOT_DONE)
		chariot_regs_put(e, &after);
	return done;
}
