/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The judge: an access and a table in, a verdict out. Portable core.
 */
#ifndef CHARIOT_CORE_DECIDE_H
#define CHARIOT_CORE_DECIDE_H

#include "table.h"

enum chariot_verdict {
	CHARIOT_VERDICT_ALLOW,	 /* the page is the domain's: map it so */
	CHARIOT_VERDICT_EMULATE, /* allowed to the byte: do just this write */
	CHARIOT_VERDICT_AUDIT,	 /* not allowed, but let it happen; record */
	CHARIOT_VERDICT_STOP,	 /* not allowed; record */
};

/**
 * struct chariot_access - one write that left the view
 * @gpa: first byte, as the hardware reported it
 * @size: length in bytes, 0 if not known (then only a whole page allows it)
 */
struct chariot_access {
	u64 gpa;
	u64 size;
};

/**
 * chariot_decide - judge a write
 * @t: the domain's table
 * @mode: enum chariot_mode of the domain
 * @a: the access; it may cross into the next page if the caller knows the
 *	two pages to be adjacent in guest physical memory; otherwise the caller
 *	judges each part and takes the worse verdict
 * @bad: out, may be NULL: first byte not allowed, for AUDIT and STOP
 */
enum chariot_verdict chariot_decide(const struct chariot_table *t,
				    enum chariot_mode mode,
				    const struct chariot_access *a, u64 *bad);

#endif /* CHARIOT_CORE_DECIDE_H */
