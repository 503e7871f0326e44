// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What the host is yet to be told of: in order, when it is due, and what is taken back. */
#include "check.h"
#include "untold.h"

#define ALL	CHARIOT_DOMAIN_ALL
#define NONE	CHARIOT_DOMAIN_KERNEL
#define END	(~0ull)

static struct chariot_untold_list list;

static void add(u64 seq, u32 domain, u64 gpa, u64 when)
{
	const struct chariot_record rec = {
		.seq = seq, .domain = domain, .gpa = gpa, .rip = 100 + seq,
	};
	char name[CHARIOT_DOMAIN_NAME_LEN] = "driver";

	name[6] = '0' + domain;
	chariot_untold_add(&list, &rec, name, when);
}

/* Three of two domains, each a second after the other. */
static void begin(void)
{
	memset(&list, 0, sizeof(list));
	add(1, 1, 0x1000, 10);
	add(2, 2, 0x2000, 20);
	add(3, 1, 0x3000, 30);
}

/* Takes the oldest; returns its seq, 0: there was none. */
static u64 take(u32 domain, u64 until)
{
	struct chariot_untold u, before;

	memset(&u, 0x77, sizeof(u));
	before = u;
	if (!chariot_untold_take(&list, domain, until, &u)) {
		CHECK(!memcmp(&u, &before, sizeof(u)), "touched by nothing");
		return 0;
	}
	CHECK(u.rec.rip == 100 + u.rec.seq && u.driver[6] == (char)('0' + u.rec.domain),
	      "record %llu is mixed up", (unsigned long long)u.rec.seq);
	return u.rec.seq;
}

static void test_take(void)
{
	static const struct { u32 domain; u64 until, seq[4]; } rows[] = {
		{ ALL, 0, { 0 } },
		{ ALL, 9, { 0 } },
		{ ALL, 10, { 1 } },
		{ ALL, 29, { 1, 2 } },
		{ ALL, END, { 1, 2, 3 } },
		{ 1, END, { 1, 3 } },
		{ 1, 20, { 1 } },
		{ 2, END, { 2 } },
		{ 2, 19, { 0 } },
		{ 3, END, { 0 } },
	};
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		begin();
		for (n = 0; rows[i].seq[n]; n++)
			CHECK(take(rows[i].domain, rows[i].until) == rows[i].seq[n],
			      "row %u: number %u", i, n);
		CHECK(!take(rows[i].domain, rows[i].until), "row %u: one more", i);
		CHECK(list.count == 3 - n, "row %u: %u are left", i, list.count);
	}
}

static void test_granted(void)
{
	static const struct { u32 domain; u64 gpa, size; u32 dropped; } rows[] = {
		{ 1, 0x1000, 1, 1 },
		{ 1, 0x0fff, 1, 0 },
		{ 1, 0x0fff, 2, 1 },
		{ 1, 0x1001, 0x1fff, 0 },
		{ 1, 0x1001, 0x2000, 1 },
		{ 1, 0, 0x10000, 2 },
		{ 2, 0, 0x10000, 1 },
		{ 3, 0, 0x10000, 0 },
		{ NONE, 0, 0x10000, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		begin();
		CHECK(chariot_untold_granted(&list, rows[i].domain, rows[i].gpa,
					     rows[i].size) == rows[i].dropped,
		      "row %u", i);
		CHECK(list.count == 3 - rows[i].dropped, "row %u: %u are left", i,
		      list.count);
	}
	/* What is left is in order. */
	begin();
	chariot_untold_granted(&list, 1, 0x1000, 1);
	CHECK(take(ALL, END) == 2 && take(ALL, END) == 3, "order");
}

static void test_settled(void)
{
	begin();
	CHECK(chariot_untold_settled(&list, 4) == NONE && list.count == 3, "no such");
	CHECK(chariot_untold_settled(&list, 2) == 2 && list.count == 2, "the second");
	CHECK(chariot_untold_settled(&list, 2) == NONE, "twice");
	CHECK(take(ALL, END) == 1 && take(ALL, END) == 3, "order");
	/* Told is told; and what has no number can't be named. */
	CHECK(chariot_untold_settled(&list, 1) == NONE, "after it was told");
	add(0, 1, 0x1000, 1);
	CHECK(chariot_untold_settled(&list, 0) == NONE && list.count == 1, "0");
}

static void test_full(void)
{
	u64 i;

	memset(&list, 0, sizeof(list));
	for (i = 1; i <= CHARIOT_UNTOLD_MAX; i++) {
		CHECK(!chariot_untold_full(&list), "full with %u", list.count);
		add(i, 1 + i % 3, i << 12, i);
	}
	CHECK(chariot_untold_full(&list), "not full with %u", list.count);
	CHECK(chariot_untold_settled(&list, CHARIOT_UNTOLD_MAX) ==
	      1 + CHARIOT_UNTOLD_MAX % 3, "the last one");
	CHECK(take(ALL, 0) == 0 && take(ALL, END) == 1, "the first one");
	add(i, 1, i << 12, i);
	for (i = 2; i < CHARIOT_UNTOLD_MAX; i++)
		CHECK(take(ALL, i) == i, "number %u", list.count);
	CHECK(take(ALL, END) == CHARIOT_UNTOLD_MAX + 1 && !list.count, "the new one");
}

int main(void)
{
	test_take();
	test_granted();
	test_settled();
	test_full();
	return summary("%s", "");
}
