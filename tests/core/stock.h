/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A pool for tests: every block is an allocation of its own, so that the
 * sanitizer guards its ends, and none may be left over. User space only.
 */
#ifndef CHARIOT_TESTS_STOCK_H
#define CHARIOT_TESTS_STOCK_H

#include <stdlib.h>

#include "table.h"

/* Make the pool hold exactly @count blocks. */
static inline void stock_set(struct chariot_pool *pool, u32 count)
{
	while (pool->count > count)
		free(chariot_pool_take(pool));
	while (pool->count < count) {
		void *block = malloc(CHARIOT_BLOCK_SIZE);

		if (!block)
			abort();
		memset(block, 0xa5, CHARIOT_BLOCK_SIZE);
		chariot_pool_put(pool, block);
	}
}

#endif /* CHARIOT_TESTS_STOCK_H */
