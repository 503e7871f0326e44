/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * One write of a driver's as it was decoded, judged and told. Portable core.
 */
#ifndef CHARIOT_CORE_WRITE_H
#define CHARIOT_CORE_WRITE_H

#include "decide.h"
#include "insn.h"

/**
 * struct chariot_write - one write
 * @insn: its instruction, if @decoded
 * @regs: before it
 * @decoded: is it known what it writes, and where?
 * @bytes: of the instruction, @byte_count of them
 * @byte_count: 0 if they could not be read
 * @gpa: of the operand's first byte
 * @gpa2: of its part in the next page, if it has one
 * @size: bytes of one iteration, 0 if not known
 * @size1: bytes of the part in the first page
 */
struct chariot_write {
	struct chariot_insn insn;
	struct chariot_regs regs;
	bool decoded;
	u8 bytes[16];
	u8 byte_count;
	u64 gpa;
	u64 gpa2;
	u32 size;
	u32 size1;
};

void chariot_write_measure(struct chariot_write *w);
enum chariot_verdict chariot_verdict_both(enum chariot_verdict first,
					  enum chariot_verdict second, u64 *bad,
					  u64 bad2);
void chariot_write_describe(const struct chariot_write *w,
			    bool (*read)(void *from,
					 const struct chariot_write *w, u64 *old),
			    void *from, struct chariot_record *rec);
void chariot_record_region(const struct chariot_table *t,
			   struct chariot_record *rec);

#endif /* CHARIOT_CORE_WRITE_H */
