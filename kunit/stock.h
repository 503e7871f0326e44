/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A table and its pool of blocks, for one test. KUnit alone.
 * Each block is an allocation of its own, so that KASAN sees its edges.
 */
#ifndef CHARIOT_KUNIT_STOCK_H
#define CHARIOT_KUNIT_STOCK_H

#include <kunit/test.h>
#include <linux/slab.h>

#include "table.h"

struct stock {
	struct chariot_table table;
	struct chariot_pool pool;
};

/* Have exactly @count blocks in the pool. */
static inline void stock_set(struct kunit *test, u32 count)
{
	struct stock *s = test->priv;

	while (s->pool.count > count)
		kfree(chariot_pool_take(&s->pool));
	while (s->pool.count < count) {
		void *block = kmalloc(CHARIOT_BLOCK_SIZE, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, block);
		chariot_pool_put(&s->pool, block);
	}
}

static inline int stock_init(struct kunit *test)
{
	struct stock *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	if (!s)
		return -ENOMEM;
	chariot_table_init(&s->table);
	test->priv = s;
	return 0;
}

static inline void stock_exit(struct kunit *test)
{
	struct stock *s = test->priv;

	if (!s)
		return;
	chariot_table_clear(&s->table, &s->pool);
	stock_set(test, 0);
}

/* Add with as many blocks as the table asks for. */
static inline int stock_add(struct kunit *test, u64 gpa, u64 size, u8 rights,
			    u16 kind)
{
	struct stock *s = test->priv;

	stock_set(test, chariot_table_need(&s->table, gpa, size));
	return chariot_table_add(&s->table, &s->pool, gpa, size, rights, kind);
}

static inline int stock_remove(struct kunit *test, u64 gpa, u64 size)
{
	struct stock *s = test->priv;

	/* A removal takes the lists of both ends at most. */
	stock_set(test, 4);
	return chariot_table_remove(&s->table, &s->pool, gpa, size);
}

#endif /* CHARIOT_KUNIT_STOCK_H */
