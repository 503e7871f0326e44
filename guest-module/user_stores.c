// SPDX-License-Identifier: GPL-2.0
/*
 * Stores to user memory by instructions of the driver's own: unsafe_put_user() and
 * its kin between user_access_begin() and user_access_end(), and copies that are
 * inlined as string instructions. User memory is in no driver's table; each such
 * store is done for the driver, as the kernel's copy_to_user() is.
 * Runs in the guest kernel, in exception context; trusts no address.
 */
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>

#include <chariot/hypercall.h>
#include "chariot.h"

#define CHUNK	64	/* bytes of a string at once; whole iterations */

enum string { NO_STRING, MOVS, STOS };

static enum string string_of(const struct chariot_record *rec)
{
	unsigned int i;

	for (i = 0; i < rec->insn_len && i < sizeof(rec->insn); i++) {
		switch (rec->insn[i]) {
		case 0xa4:
		case 0xa5:
			return MOVS;
		case 0xaa:
		case 0xab:
			return STOS;
		case 0x40 ... 0x4f:	/* REX */
		case 0x66:
		case 0xf2:
		case 0xf3:
			continue;
		default:
			return NO_STRING;
		}
	}
	return NO_STRING;
}

static bool fill(u8 *chunk, size_t size, enum string string, size_t width,
		 const void *from, unsigned long value)
{
	size_t i;

	if (string == MOVS)
		return !copy_from_kernel_nofault(chunk, from, size);
	for (i = 0; i < size; i++)
		chunk[i] = value >> (BITS_PER_BYTE * (i % width));
	return true;
}

/*
 * What is recorded is what the registers say: nothing of it has been done. So many
 * iterations that their bytes have no number are none of a copy's.
 */
static bool is_whole_string(const struct chariot_record *rec,
			    const struct pt_regs *regs)
{
	return string_of(rec) != NO_STRING && regs->di == rec->gva &&
	       regs->cx && rec->size && !(rec->size % regs->cx) &&
	       !(regs->flags & X86_EFLAGS_DF);
}

/*
 * As far as it goes, and no further than a page, since interrupts are off; the
 * registers say how far. Return: whether that was all.
 */
static bool do_string(const struct chariot_record *rec, struct pt_regs *regs)
{
	const size_t width = rec->size / regs->cx;
	enum string string = string_of(rec);
	size_t part, done;
	u8 chunk[CHUNK];

	for (done = 0; regs->cx && done < PAGE_SIZE; done += part) {
		part = min_t(size_t, regs->cx * width, CHUNK);
		if (!fill(chunk, part, string, width, (void *)regs->si, regs->ax) ||
		    copy_to_user_nofault((void __user *)regs->di, chunk, part))
			return false;
		regs->cx -= part / width;
		regs->di += part;
		if (string == MOVS)
			regs->si += part;
	}
	return !regs->cx;
}

static bool is_user_store(const struct chariot_record *rec,
			  const struct pt_regs *regs)
{
	const u32 known = CHARIOT_RECORD_GVA | CHARIOT_RECORD_SIZE;

	return (rec->flags & known) == known && in_task() && current->mm &&
	       rec->gva < TASK_SIZE_MAX && rec->size <= TASK_SIZE_MAX - rec->gva &&
	       (!cpu_feature_enabled(X86_FEATURE_SMAP) ||
		regs->flags & X86_EFLAGS_AC);
}

/**
 * chariot_user_store - was a write that is not allowed one to user memory?
 * @rec: the write
 * @regs: in/out: after the instruction if it was stopped; at it again if more of it
 *	is to be done, or if user memory is not there (any more), so that it faults as it
 *	would have
 *
 * The write is done if it was not, with what a processor with SMAP wants of it.
 * Exception context of the driver's. Return: true if it was.
 */
bool chariot_user_store(const struct chariot_record *rec, struct pt_regs *regs)
{
	bool done;

	if (!is_user_store(rec, regs))
		return false;
	if (rec->outcome == CHARIOT_OUTCOME_AUDITED)
		return true;
	if (rec->outcome != CHARIOT_OUTCOME_STOPPED)
		return false;
	if (!(rec->flags & CHARIOT_RECORD_REP) && rec->flags & CHARIOT_RECORD_VALUE)
		done = !copy_to_user_nofault((void __user *)rec->gva, rec->value,
					     rec->size);
	else if (rec->flags & CHARIOT_RECORD_REP && is_whole_string(rec, regs))
		done = do_string(rec, regs);
	else
		return false;
	if (!done)
		regs->ip = rec->rip;
	return true;
}
