// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What a guest may send, as bytes: no check may be passed by what its promise
 * excludes, and what passed must be good for the table. For libFuzzer.
 */
#include <stdio.h>

#include "request.h"
#include "stock.h"
#include "require.h"

#define TOP		(1ull << 52)
#define MOST_BLOCKS	4096u

static void region(const struct chariot_region *r, struct chariot_table *t,
		   struct chariot_pool *pool)
{
	bool pages = !((r->gpa | r->size) & (CHARIOT_PAGE_SIZE - 1));
	u32 need;
	int err;

	if (chariot_check_region(r))
		return;
	REQUIRE(r->size && r->gpa < TOP && r->size <= TOP - r->gpa);
	REQUIRE(r->domain && !r->reserved);
	REQUIRE(r->op == CHARIOT_REGION_ADD || r->op == CHARIOT_REGION_REMOVE);
	REQUIRE(!(r->rights & CHARIOT_RIGHT_EXEC) || pages);
	if (r->domain == CHARIOT_DOMAIN_ALL)
		REQUIRE(pages && !(r->rights & CHARIOT_RIGHT_WRITE));

	if (r->op == CHARIOT_REGION_REMOVE) {
		REQUIRE(!r->rights);
		stock_set(pool, 200);
		err = chariot_table_remove(t, pool, r->gpa, r->size);
		REQUIRE(!err);
		REQUIRE(!chariot_table_allows(t, r->gpa, 1, 0, NULL));
		return;
	}
	REQUIRE(r->rights && r->rights <= CHARIOT_RIGHTS_ALL);
	REQUIRE(r->kind < CHARIOT_KIND_COUNT);
	need = chariot_table_need(t, r->gpa, r->size);
	stock_set(pool, need < MOST_BLOCKS ? need : MOST_BLOCKS);
	/* A backend's limit on page rights stands before this. */
	if (r->size > 1ull << 28)
		return;
	err = chariot_table_add(t, pool, r->gpa, r->size, r->rights, r->kind);
	REQUIRE(err == (need > MOST_BLOCKS ? -ENOMEM : 0));
	if (!err)
		REQUIRE(chariot_table_allows(t, r->gpa, r->size, r->rights,
					     NULL));
}

static void others(const u8 *bytes, size_t n)
{
	static struct chariot_frame_map map;
	static struct chariot_walk_alias alias;
	static struct chariot_batch batch;
	struct chariot_domain_create create = { 0 };
	struct chariot_hello hello = { 0 };
	u64 arg[3] = { 0 };
	u32 i;

	memcpy(&hello, bytes, n < sizeof(hello) ? n : sizeof(hello));
	if (!chariot_check_hello(&hello))
		REQUIRE(hello.revision == CHARIOT_ABI_REVISION &&
			hello.stack_size >= 4096 && hello.stack_size <= 65536 &&
			!(hello.stack_size & (hello.stack_size - 1)) &&
			hello.notify_error < 0x8000);

	memcpy(&create, bytes, n < sizeof(create) ? n : sizeof(create));
	if (!chariot_check_create(&create))
		REQUIRE(strnlen(create.name, sizeof(create.name)) <
			sizeof(create.name) && create.name[0] &&
			!strpbrk(create.name, "/\n\r\t \x1b") &&
			create.mode < CHARIOT_MODE_COUNT);

	memset(&map, 0, sizeof(map));
	memcpy(&map, bytes, n < sizeof(map) ? n : sizeof(map));
	if (!chariot_check_frame_map(&map)) {
		REQUIRE(map.count <= CHARIOT_FRAME_MAP_MAX);
		for (i = 0; i < map.count; i++)
			REQUIRE(!(map.gpa[i] & 4095) && map.gpa[i] < TOP);
	}

	memset(&alias, 0, sizeof(alias));
	memcpy(&alias, bytes, n < sizeof(alias) ? n : sizeof(alias));
	if (!chariot_check_walk_alias(&alias)) {
		REQUIRE(alias.op < CHARIOT_WALK_ALIAS_OP_COUNT &&
			alias.count <= CHARIOT_WALK_ALIAS_MAX &&
			alias.map < CHARIOT_WALK_ALIAS_MAPS);
		for (i = 0; i < alias.count; i++)
			REQUIRE(!(alias.gpa[i] & 4095) && alias.gpa[i] < TOP);
	}

	memset(&batch, 0, sizeof(batch));
	memcpy(&batch, bytes, n < sizeof(batch) ? n : sizeof(batch));
	if (!chariot_check_batch(&batch))
		REQUIRE(batch.count <= CHARIOT_BATCH_MAX);

	memcpy(arg, bytes, n < sizeof(arg) ? n : sizeof(arg));
	if (!chariot_check_control(arg[0], arg[1], arg[2]))
		REQUIRE(arg[0] && arg[0] < 0xffffffff && arg[1] < 2 &&
			arg[2] < 2);
	if (chariot_buffer_valid(arg[0], arg[1], 8))
		REQUIRE(arg[1] && arg[1] <= 4096 && arg[0] < TOP &&
			arg[0] >> 12 == (arg[0] + arg[1] - 1) >> 12);
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t n);

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t n)
{
	struct chariot_pool pool = { 0 };
	struct chariot_table t;
	struct chariot_region r;
	size_t at;

	others(bytes, n);
	chariot_table_init(&t);
	for (at = 0; at + sizeof(r) <= n && at < 32 * sizeof(r);
	     at += sizeof(r)) {
		memcpy(&r, bytes + at, sizeof(r));
		region(&r, &t, &pool);
	}
	chariot_table_clear(&t, &pool);
	REQUIRE(!t.root && !t.blocks);
	stock_set(&pool, 0);
	return 0;
}
