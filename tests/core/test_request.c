// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Request checks: for each structure a good one, then one field at a time
 * spoiled; a table row is a field, its value and the answer it must get.
 */
#include "check.h"
#include "request.h"

#define TOP	(1ull << 52)

/* Put @value into a field of @size bytes at @offset of a good structure. */
struct change {
	size_t offset;
	size_t size;
	u64 value;
	int want;
};

#define SET(type, field, value, want) \
	{ offsetof(struct type, field), sizeof(((struct type *)0)->field), \
	  value, want }

static void spoil(void *structure, const struct change *c)
{
	memcpy((char *)structure + c->offset, &c->value, c->size);
}

#define TEST_CHANGES(good, check_function, changes)			\
	do {								\
		unsigned int i_;					\
									\
		CHECK(!check_function(&(good)), "the good one");	\
		for (i_ = 0; i_ < ARRAY_SIZE(changes); i_++) {		\
			typeof(good) x_ = (good);			\
			int got_;					\
									\
			spoil(&x_, &(changes)[i_]);			\
			got_ = check_function(&x_);			\
			CHECK(got_ == (changes)[i_].want,		\
			      "%s: row %u: %d", #check_function, i_, got_); \
		}							\
	} while (0)

static void test_ranges(void)
{
	static const struct { u64 start, size; bool valid; } ranges[] = {
		{ 0, 1, true }, { 0, 0, false }, { 5, 0, false },
		{ 0, TOP, true }, { 0, TOP + 1, false }, { 1, TOP, false },
		{ TOP - 1, 1, true }, { TOP - 1, 2, false }, { TOP, 1, false },
		{ TOP, 0, false }, { ~0ull, 1, false }, { ~0ull, 2, false },
		{ 1, ~0ull, false }, { ~0ull, ~0ull, false },
		{ 1ull << 63, 1ull << 63, false },
		{ 0x1000, -0x1000ull, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		CHECK(chariot_range_valid(ranges[i].start, ranges[i].size) ==
		      ranges[i].valid, "range %u", i);
}

static void test_buffers(void)
{
	static const struct { u64 gpa, size, align; bool valid; } buffers[] = {
		{ 0x1000, 64, 8, true }, { 0x1fc0, 64, 8, true },
		{ 0x1fc8, 64, 8, false }, { 0x1ff8, 8, 8, true },
		{ 0x1004, 64, 8, false }, { 0x1004, 64, 4, true },
		{ 0x1001, 1, 1, true }, { 0x1000, 4096, 4096, true },
		{ 0x1008, 4096, 8, false }, { 0x1000, 4097, 8, false },
		{ 0x1000, 0, 8, false }, { TOP - 64, 64, 8, true },
		{ TOP, 64, 8, false }, { ~0ull & ~7ull, 64, 8, false },
		{ 0x1000, ~0ull, 8, false }, { 0x1800, 4096, 2048, false },
		{ 0x1fff, 1, 1, true }, { 0x1fff, 2, 1, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(buffers); i++)
		CHECK(chariot_buffer_valid(buffers[i].gpa, buffers[i].size,
					   buffers[i].align) ==
		      buffers[i].valid, "buffer %u", i);
}

static void test_hello(void)
{
	static struct chariot_hello good = {
		.revision = CHARIOT_ABI_REVISION,
		.features = CHARIOT_F_ENFORCE,
		.stack_size = 16384,
		.notify_error = 0x4348,
		/* Outputs may hold anything. */
		.max_domains = 0x55555555,
		.max_regions = ~0ull,
		.backend = "xxxxxxxxxxxxxxx",
	};
	static const struct change changes[] = {
		SET(chariot_hello, revision, 0, -EPROTO),
		SET(chariot_hello, revision, CHARIOT_ABI_REVISION + 1, -EPROTO),
		SET(chariot_hello, revision, 0xffffffff, -EPROTO),
		SET(chariot_hello, features, 0, 0),
		SET(chariot_hello, features, 0xffffffff, 0),
		SET(chariot_hello, stack_size, 4096, 0),
		SET(chariot_hello, stack_size, 65536, 0),
		SET(chariot_hello, stack_size, 0, -EINVAL),
		SET(chariot_hello, stack_size, 2048, -EINVAL),
		SET(chariot_hello, stack_size, 4095, -EINVAL),
		SET(chariot_hello, stack_size, 12288, -EINVAL),
		SET(chariot_hello, stack_size, 131072, -EINVAL),
		SET(chariot_hello, stack_size, 0x80000000, -EINVAL),
		SET(chariot_hello, notify_error, 0, 0),
		SET(chariot_hello, notify_error, 0x7fff, 0),
		SET(chariot_hello, notify_error, 0x8000, -EINVAL),
		SET(chariot_hello, notify_error, 0xffffffff, -EINVAL),
		SET(chariot_hello, reserved0, 1, -EINVAL),
		SET(chariot_hello, reserved[0], 1ull << 63, -EINVAL),
		SET(chariot_hello, reserved[1], 1, -EINVAL),
	};

	TEST_CHANGES(good, chariot_check_hello, changes);
}

static void test_create(void)
{
	static struct chariot_domain_create good = {
		.name = "e1000e",
		.mode = CHARIOT_MODE_ENFORCE,
		.domain = 0x55555555,
	};
	static const struct change changes[] = {
		SET(chariot_domain_create, mode, CHARIOT_MODE_AUDIT, 0),
		SET(chariot_domain_create, mode, CHARIOT_MODE_COUNT, -EINVAL),
		SET(chariot_domain_create, mode, 0xffffffff, -EINVAL),
		SET(chariot_domain_create, name[0], 0, -EINVAL),
		SET(chariot_domain_create, name[0], '.', -EINVAL),
		SET(chariot_domain_create, name[1], '.', 0),
		SET(chariot_domain_create, name[1], 0, 0),
		SET(chariot_domain_create, name[1], '/', -EINVAL),
		SET(chariot_domain_create, name[1], ' ', -EINVAL),
		SET(chariot_domain_create, name[1], '\n', -EINVAL),
		SET(chariot_domain_create, name[1], 0x1b, -EINVAL),
		SET(chariot_domain_create, name[1], 0x7f, -EINVAL),
		SET(chariot_domain_create, name[1], 0x80, -EINVAL),
		SET(chariot_domain_create, name[1], 0xff, -EINVAL),
		SET(chariot_domain_create, name[1], '~', 0),
		SET(chariot_domain_create, name[1], '-', 0),
		SET(chariot_domain_create, name[1], '_', 0),
		/* Behind the end of the name nothing counts. */
		SET(chariot_domain_create, name[40], 0xff, 0),
	};
	struct chariot_domain_create c = good;

	TEST_CHANGES(good, chariot_check_create, changes);
	memset(c.name, 'x', sizeof(c.name));
	CHECK(chariot_check_create(&c) == -EINVAL, "a name without end");
	c.name[sizeof(c.name) - 1] = '\0';
	CHECK(!chariot_check_create(&c), "the longest name");
}

static void test_control(void)
{
	static const struct { u64 domain, state, mode; int want; } rows[] = {
		{ 1, CHARIOT_DOMAIN_ACTIVE, CHARIOT_MODE_ENFORCE, 0 },
		{ 1, CHARIOT_DOMAIN_INACTIVE, CHARIOT_MODE_AUDIT, 0 },
		{ 0xfffffffe, 1, 1, 0 },
		{ 0, 1, 1, -EINVAL },
		{ CHARIOT_DOMAIN_ALL, 1, 1, -EINVAL },
		{ 1ull << 32, 1, 1, -EINVAL },
		{ (1ull << 32) + 1, 1, 1, -EINVAL },
		{ ~0ull, 1, 1, -EINVAL },
		{ 1, CHARIOT_DOMAIN_STATE_COUNT, 1, -EINVAL },
		{ 1, (1ull << 32) + 1, 1, -EINVAL },
		{ 1, ~0ull, 1, -EINVAL },
		{ 1, 1, CHARIOT_MODE_COUNT, -EINVAL },
		{ 1, 1, 1ull << 32, -EINVAL },
		{ 1, 1, ~0ull, -EINVAL },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		CHECK(chariot_check_control(rows[i].domain, rows[i].state,
					    rows[i].mode) == rows[i].want,
		      "control %u", i);
}

static void test_batch(void)
{
	static struct chariot_batch good = { .count = 3, .done = 77 };
	static const struct change changes[] = {
		SET(chariot_batch, count, 0, 0),
		SET(chariot_batch, count, CHARIOT_BATCH_MAX, 0),
		SET(chariot_batch, count, CHARIOT_BATCH_MAX + 1, -EINVAL),
		SET(chariot_batch, count, 0xffffffff, -EINVAL),
		SET(chariot_batch, reserved[0], 1, -EINVAL),
		SET(chariot_batch, reserved[1], 1ull << 32, -EINVAL),
		SET(chariot_batch, reserved[2], 1ull << 63, -EINVAL),
		/* Entries are not looked at here. */
		SET(chariot_batch, region[0].reserved, 1, 0),
	};

	TEST_CHANGES(good, chariot_check_batch, changes);
}

static void test_region(void)
{
	static struct chariot_region add = {
		.gpa = 0x1234,
		.size = 64,
		.domain = 1,
		.kind = CHARIOT_KIND_SLAB,
		.rights = CHARIOT_RIGHT_WRITE,
		.op = CHARIOT_REGION_ADD,
	};
	static const struct change add_changes[] = {
		SET(chariot_region, gpa, TOP - 64, 0),
		SET(chariot_region, gpa, TOP - 63, -EINVAL),
		SET(chariot_region, gpa, ~0ull, -EINVAL),
		SET(chariot_region, size, 0, -EINVAL),
		SET(chariot_region, size, 1, 0),
		SET(chariot_region, size, TOP - 0x1234, 0),
		SET(chariot_region, size, TOP, -EINVAL),
		SET(chariot_region, size, ~0ull, -EINVAL),
		SET(chariot_region, domain, CHARIOT_DOMAIN_KERNEL, -EINVAL),
		SET(chariot_region, domain, 0xfffffffe, 0),
		SET(chariot_region, domain, CHARIOT_DOMAIN_ALL, -EINVAL),
		SET(chariot_region, kind, 0, 0),
		SET(chariot_region, kind, CHARIOT_KIND_COUNT - 1, 0),
		SET(chariot_region, kind, CHARIOT_KIND_COUNT, -EINVAL),
		SET(chariot_region, kind, 0xffff, -EINVAL),
		SET(chariot_region, rights, 0, -EINVAL),
		SET(chariot_region, rights, CHARIOT_RIGHT_EXEC, -EINVAL),
		SET(chariot_region, rights, CHARIOT_RIGHTS_ALL, -EINVAL),
		SET(chariot_region, rights, CHARIOT_RIGHTS_ALL + 1, -EINVAL),
		SET(chariot_region, rights, 0x80, -EINVAL),
		SET(chariot_region, op, CHARIOT_REGION_REMOVE, -EINVAL),
		SET(chariot_region, op, CHARIOT_REGION_OP_COUNT, -EINVAL),
		SET(chariot_region, op, 0xff, -EINVAL),
		SET(chariot_region, reserved, 1, -EINVAL),
		SET(chariot_region, reserved, 1ull << 63, -EINVAL),
	};
	static struct chariot_region text = {
		.gpa = 0x4000,
		.size = 0x3000,
		.domain = CHARIOT_DOMAIN_ALL,
		.kind = CHARIOT_KIND_THUNK,
		.rights = CHARIOT_RIGHT_EXEC,
		.op = CHARIOT_REGION_ADD,
	};
	static const struct change text_changes[] = {
		SET(chariot_region, domain, 1, 0),
		SET(chariot_region, gpa, 0x4800, -EINVAL),
		SET(chariot_region, gpa, 0x4001, -EINVAL),
		SET(chariot_region, size, 0x2fff, -EINVAL),
		SET(chariot_region, size, 8, -EINVAL),
		SET(chariot_region, rights, CHARIOT_RIGHT_WRITE, -EINVAL),
		SET(chariot_region, rights, CHARIOT_RIGHTS_ALL, -EINVAL),
	};
	static struct chariot_region gone = {
		.gpa = 0x1234,
		.size = 64,
		.domain = 1,
		.kind = 0xffff,		/* ignored */
		.op = CHARIOT_REGION_REMOVE,
	};
	static const struct change gone_changes[] = {
		SET(chariot_region, size, 0, -EINVAL),
		SET(chariot_region, gpa, TOP, -EINVAL),
		SET(chariot_region, domain, CHARIOT_DOMAIN_KERNEL, -EINVAL),
		SET(chariot_region, domain, CHARIOT_DOMAIN_ALL, -EINVAL),
		SET(chariot_region, rights, CHARIOT_RIGHT_WRITE, -EINVAL),
		SET(chariot_region, rights, CHARIOT_RIGHT_EXEC, -EINVAL),
		SET(chariot_region, reserved, 1, -EINVAL),
		SET(chariot_region, op, CHARIOT_REGION_ADD, -EINVAL),
	};
	static struct chariot_region gone_for_all = {
		.gpa = 0x4000,
		.size = 0x1000,
		.domain = CHARIOT_DOMAIN_ALL,
		.op = CHARIOT_REGION_REMOVE,
	};
	static const struct change gone_for_all_changes[] = {
		SET(chariot_region, gpa, 0x4008, -EINVAL),
		SET(chariot_region, size, 0x800, -EINVAL),
	};

	TEST_CHANGES(add, chariot_check_region, add_changes);
	TEST_CHANGES(text, chariot_check_region, text_changes);
	TEST_CHANGES(gone, chariot_check_region, gone_changes);
	TEST_CHANGES(gone_for_all, chariot_check_region, gone_for_all_changes);
}

static void test_frame_map(void)
{
	static struct chariot_frame_map good = {
		.count = 2,
		.gpa = { 0x1000, TOP - 0x1000, 0x5555 },
	};
	static const struct change changes[] = {
		SET(chariot_frame_map, count, 0, 0),
		SET(chariot_frame_map, count, 1, 0),
		SET(chariot_frame_map, count, 3, -EINVAL),
		SET(chariot_frame_map, count, CHARIOT_FRAME_MAP_MAX + 1,
		    -EINVAL),
		SET(chariot_frame_map, count, 0xffffffff, -EINVAL),
		SET(chariot_frame_map, reserved0, 1, -EINVAL),
		SET(chariot_frame_map, reserved[0], 1, -EINVAL),
		SET(chariot_frame_map, reserved[14], 1ull << 63, -EINVAL),
		SET(chariot_frame_map, gpa[0], 0x1001, -EINVAL),
		SET(chariot_frame_map, gpa[0], 0x1800, -EINVAL),
		SET(chariot_frame_map, gpa[0], 0, 0),
		SET(chariot_frame_map, gpa[1], TOP, -EINVAL),
		SET(chariot_frame_map, gpa[1], ~0xfffull, -EINVAL),
	};
	struct chariot_frame_map full = { .count = CHARIOT_FRAME_MAP_MAX };

	TEST_CHANGES(good, chariot_check_frame_map, changes);
	CHECK(!chariot_check_frame_map(&full), "a full map");
	full.gpa[CHARIOT_FRAME_MAP_MAX - 1] = 1;
	CHECK(chariot_check_frame_map(&full) == -EINVAL, "its last entry");
}

static void test_walk_alias(void)
{
	static struct chariot_walk_alias good = {
		.op = CHARIOT_WALK_ALIAS_TABLES,
		.count = 2,
		.gpa = { 0x1000, TOP - 0x1000, 0x5555 },
	};
	static const struct change changes[] = {
		SET(chariot_walk_alias, op, CHARIOT_WALK_ALIAS_OP_COUNT,
		    -EINVAL),
		SET(chariot_walk_alias, op, 0xffffffff, -EINVAL),
		SET(chariot_walk_alias, count, 0, 0),
		SET(chariot_walk_alias, count, 3, -EINVAL),
		SET(chariot_walk_alias, count, CHARIOT_WALK_ALIAS_MAX + 1,
		    -EINVAL),
		SET(chariot_walk_alias, count, 0xffffffff, -EINVAL),
		SET(chariot_walk_alias, reserved[0], 1, -EINVAL),
		SET(chariot_walk_alias, reserved[12], 1ull << 63, -EINVAL),
		SET(chariot_walk_alias, reserved0, 1, -EINVAL),
		SET(chariot_walk_alias, map, CHARIOT_WALK_ALIAS_MAPS - 1, 0),
		SET(chariot_walk_alias, map, CHARIOT_WALK_ALIAS_MAPS, -EINVAL),
		SET(chariot_walk_alias, map, 0xffffffff, -EINVAL),
		SET(chariot_walk_alias, op, CHARIOT_WALK_ALIAS_ENABLE, 0),
		SET(chariot_walk_alias, gpa[0], 0, 0),
		SET(chariot_walk_alias, gpa[0], 0x1001, -EINVAL),
		SET(chariot_walk_alias, gpa[1], 0x1800, -EINVAL),
		SET(chariot_walk_alias, gpa[1], TOP, -EINVAL),
		SET(chariot_walk_alias, gpa[1], ~0xfffull, -EINVAL),
	};
	static struct chariot_walk_alias enable = {
		.op = CHARIOT_WALK_ALIAS_ENABLE,
		.count = 2 * CHARIOT_WALK_ALIAS_TOPS,
	};
	static const struct change enable_changes[] = {
		SET(chariot_walk_alias, map, 1, -EINVAL),
		SET(chariot_walk_alias, count, 0, -EINVAL),
		SET(chariot_walk_alias, count, 3, -EINVAL),
		SET(chariot_walk_alias, count, 2, 0),
		SET(chariot_walk_alias, count, 2 * CHARIOT_WALK_ALIAS_TOPS + 2,
		    -EINVAL),
		SET(chariot_walk_alias, op, CHARIOT_WALK_ALIAS_DISABLE, 0),
	};
	struct chariot_walk_alias full = { .count = CHARIOT_WALK_ALIAS_MAX };

	TEST_CHANGES(good, chariot_check_walk_alias, changes);
	TEST_CHANGES(enable, chariot_check_walk_alias, enable_changes);
	CHECK(!chariot_check_walk_alias(&full), "a full one");
	full.gpa[CHARIOT_WALK_ALIAS_MAX - 1] = 1;
	CHECK(chariot_check_walk_alias(&full) == -EINVAL, "its last entry");
}

int main(void)
{
	test_ranges();
	test_buffers();
	test_hello();
	test_create();
	test_control();
	test_batch();
	test_region();
	test_frame_map();
	test_walk_alias();
	return summary("%s", "");
}
