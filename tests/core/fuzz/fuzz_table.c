// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Any sequence of changes of a table, against the byte map. For libFuzzer. */
#include <stdio.h>

#include "oracle.h"
#include "stock.h"

/* One change, as it lies in the input. */
struct change {
	u8 what;		/* bit 0: remove; bits 1 and 2: window; bit 3:
				 * whole pages; bit 4: too few blocks */
	u8 rights_kind;		/* rights in bits 0 and 1, kind above */
	u16 offset;
	u16 size;
} __attribute__((packed));

static const u64 windows[ORACLE_WINDOWS] = { 0, 62, 4094, (1ull << 40) - 3 };

static void fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	abort();
}

static void apply(struct chariot_table *t, struct chariot_pool *pool,
		  struct oracle *o, const struct change *c)
{
	u64 base = windows[c->what >> 1 & 3] << CHARIOT_PAGE_SHIFT;
	u64 end = base + ORACLE_PAGES * CHARIOT_PAGE_SIZE;
	u64 gpa = base + c->offset % (ORACLE_PAGES * CHARIOT_PAGE_SIZE);
	u64 size = c->size + 1;
	u8 rights = c->rights_kind & 3;
	u16 kind = c->rights_kind >> 2;
	struct chariot_table before = *t;
	u32 need;
	int err;

	if (c->what & 8) {
		gpa &= ~(u64)(CHARIOT_PAGE_SIZE - 1);
		size = (size + CHARIOT_PAGE_SIZE - 1) &
		       ~(u64)(CHARIOT_PAGE_SIZE - 1);
	}
	if (size > end - gpa)
		size = end - gpa;
	need = chariot_table_need(t, gpa, size);
	if (c->what & 16 && need)
		need--;
	stock_set(pool, need);

	if (c->what & 1)
		err = chariot_table_remove(t, pool, gpa, size);
	else
		err = chariot_table_add(t, pool, gpa, size, rights, kind);
	if (err == -ENOMEM && c->what & 16) {
		if (memcmp(&before, t, sizeof(before)) || pool->count != need)
			fail("changed without blocks");
		return;
	}
	if (err != (!rights && !(c->what & 1) ? -EINVAL : 0))
		fail("wrong result");
	if (c->what & 1)
		oracle_remove(o, gpa, size);
	else if (rights)
		oracle_add(o, gpa, size, rights, kind);
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t n);

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t n)
{
	static struct oracle o;
	struct chariot_pool pool = { 0 };
	struct chariot_table t;
	struct change c;
	const char *wrong;
	size_t i;

	chariot_table_init(&t);
	oracle_init(&o, windows);
	for (i = 0; (i + 1) * sizeof(c) <= n; i++) {
		memcpy(&c, bytes + i * sizeof(c), sizeof(c));
		apply(&t, &pool, &o, &c);
		wrong = oracle_compare_range(&o, &t,
			(windows[c.what >> 1 & 3] << CHARIOT_PAGE_SHIFT) +
			c.size % (ORACLE_PAGES * CHARIOT_PAGE_SIZE),
			c.offset % 64, c.rights_kind & 3);
		if (wrong)
			fail(wrong);
	}
	wrong = oracle_compare(&o, &t);
	if (wrong)
		fail(wrong);
	chariot_table_clear(&t, &pool);
	if (t.root || t.blocks || t.pages)
		fail("not cleared");
	stock_set(&pool, 0);
	return 0;
}
