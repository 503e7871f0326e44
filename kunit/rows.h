/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Tables of test cases: an array of rows, each with a name. KUnit alone. */
#ifndef CHARIOT_KUNIT_ROWS_H
#define CHARIOT_KUNIT_ROWS_H

#include <kunit/test.h>
#include <linux/string.h>

/* Makes @kind_gen_params, for KUNIT_CASE_PARAM(), of the array @kind_rows. */
#define CHARIOT_ROWS(kind)						\
static void kind##_desc(typeof(&(kind##_rows)[0]) row, char *desc)	\
{									\
	strscpy(desc, row->name, KUNIT_PARAM_DESC_SIZE);		\
}									\
KUNIT_ARRAY_PARAM(kind, kind##_rows, kind##_desc)

#endif /* CHARIOT_KUNIT_ROWS_H */
