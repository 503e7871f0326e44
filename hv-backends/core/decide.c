// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The judge: an access and a table in, a verdict out.
 * Runs wherever the core runs, under the lock of the table; what it does not
 * understand it denies.
 */
#include "decide.h"

/**
 * chariot_decide - judge a write
 * @t: the domain's table
 * @mode: enum chariot_mode of the domain; an unknown one enforces
 * @a: the access, see its structure
 * @bad: out, may be NULL: first byte not allowed, for AUDIT and STOP
 *
 * ALLOW says that every page touched is writable as a whole.
 */
enum chariot_verdict chariot_decide(const struct chariot_table *t,
				    enum chariot_mode mode,
				    const struct chariot_access *a, u64 *bad)
{
	switch (chariot_table_check(t, a->gpa, a->size, CHARIOT_RIGHT_WRITE,
				    bad)) {
	case CHARIOT_PAGE_WHOLE:
		return CHARIOT_VERDICT_ALLOW;
	case CHARIOT_PAGE_PARTIAL:
		return CHARIOT_VERDICT_EMULATE;
	default:
		return mode == CHARIOT_MODE_AUDIT ? CHARIOT_VERDICT_AUDIT :
						    CHARIOT_VERDICT_STOP;
	}
}
