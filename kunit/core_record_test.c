// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The ring of records: order, folding, loss, going round. KUnit alone. */
#include <kunit/test.h>

#include "record.h"
#include "rows.h"

#define AUDITED	CHARIOT_OUTCOME_AUDITED
#define STOPPED	CHARIOT_OUTCOME_STOPPED
#define HELD	CHARIOT_OUTCOME_HELD

static int ring_test_init(struct kunit *test)
{
	struct chariot_ring *ring = kunit_kmalloc(test, sizeof(*ring),
						  GFP_KERNEL);

	if (!ring)
		return -ENOMEM;
	memset(ring, 0x5a, sizeof(*ring));
	chariot_ring_init(ring);
	test->priv = ring;
	return 0;
}

static bool push(struct kunit *test, u8 outcome, u64 rip, u64 gpa, u32 domain,
		 u64 repeat)
{
	struct chariot_record rec = {
		.seq = 0x5555, .lost = 0x5555, .repeat = repeat,
		.rip = rip, .gpa = gpa, .domain = domain, .outcome = outcome,
	};

	return chariot_ring_push(test->priv, &rec);
}

static void test_empty(struct kunit *test)
{
	struct chariot_record out, before;

	memset(&out, 0x77, sizeof(out));
	before = out;
	KUNIT_EXPECT_FALSE(test, chariot_ring_pop(test->priv, &out));
	KUNIT_EXPECT_EQ(test, 0, memcmp(&before, &out, sizeof(out)));
}

/* All of a record comes back, but for what the ring itself gives. */
static void test_content(struct kunit *test)
{
	struct chariot_record in, out;

	memset(&in, 0x77, sizeof(in));
	KUNIT_EXPECT_TRUE(test, chariot_ring_push(test->priv, &in));
	KUNIT_EXPECT_EQ(test, in.seq, 1ull);
	KUNIT_ASSERT_TRUE(test, chariot_ring_pop(test->priv, &out));
	in.lost = 0;
	KUNIT_EXPECT_EQ(test, 0, memcmp(&in, &out, sizeof(out)));
}

static void test_order(struct kunit *test)
{
	struct chariot_record out;
	u64 i;

	for (i = 1; i <= 5; i++)
		KUNIT_EXPECT_TRUE(test, push(test, STOPPED, 100 + i, 0, 1, 1));
	for (i = 1; i <= 5; i++) {
		KUNIT_ASSERT_TRUE(test, chariot_ring_pop(test->priv, &out));
		KUNIT_EXPECT_EQ(test, out.seq, i);
		KUNIT_EXPECT_EQ(test, out.rip, 100 + i);
		KUNIT_EXPECT_EQ(test, out.lost, 0ull);
	}
	KUNIT_EXPECT_FALSE(test, chariot_ring_pop(test->priv, &out));
}

/* Does a record fold into an audited one of rip 0x10, gpa 0x1234, domain 1? */
struct fold_row {
	const char *name;
	u8 outcome;
	u64 rip;
	u64 gpa;
	u32 domain;
	u64 repeat;
	u64 want;	/* repeat of the first one; 1: not folded */
};

static const struct fold_row fold_rows[] = {
	{ "the same", AUDITED, 0x10, 0x1234, 1, 1, 2 },
	{ "first byte of the page", AUDITED, 0x10, 0x1000, 1, 1, 2 },
	{ "last byte of the page", AUDITED, 0x10, 0x1fff, 1, 1, 2 },
	{ "repeat 0 counts once", AUDITED, 0x10, 0x1234, 1, 0, 2 },
	{ "repeats add up", AUDITED, 0x10, 0x1234, 1, 41, 42 },
	{ "repeats end at the end", AUDITED, 0x10, 0x1234, 1, ~0ull, ~0ull },
	{ "next page", AUDITED, 0x10, 0x2000, 1, 1, 1 },
	{ "page before", AUDITED, 0x10, 0x0fff, 1, 1, 1 },
	{ "page far above", AUDITED, 0x10, 0x1234 + (1ull << 44), 1, 1, 1 },
	{ "other rip", AUDITED, 0x11, 0x1234, 1, 1, 1 },
	{ "rip far above", AUDITED, 0x10 + (1ull << 32), 0x1234, 1, 1, 1 },
	{ "other domain", AUDITED, 0x10, 0x1234, 2, 1, 1 },
	{ "stopped", STOPPED, 0x10, 0x1234, 1, 1, 1 },
	{ "held", HELD, 0x10, 0x1234, 1, 1, 1 },
};

CHARIOT_ROWS(fold);

static void test_fold(struct kunit *test)
{
	const struct fold_row *r = test->param_value;
	struct chariot_record out;
	bool folds = r->want != 1;

	push(test, AUDITED, 0x10, 0x1234, 1, 1);
	/* What is between does not matter. */
	push(test, STOPPED, 0x99, 0x9000, 1, 1);
	KUNIT_EXPECT_EQ(test, !folds, push(test, r->outcome, r->rip, r->gpa,
					   r->domain, r->repeat));
	KUNIT_ASSERT_TRUE(test, chariot_ring_pop(test->priv, &out));
	KUNIT_EXPECT_EQ(test, out.repeat, r->want);
	KUNIT_EXPECT_EQ(test, out.gpa, 0x1234ull);
	KUNIT_ASSERT_TRUE(test, chariot_ring_pop(test->priv, &out));
	KUNIT_EXPECT_EQ(test, out.rip, 0x99ull);
	KUNIT_EXPECT_EQ(test, !folds, chariot_ring_pop(test->priv, &out));
}

/* Two writes that were stopped are two, and only what is there is folded into. */
static void test_no_fold(struct kunit *test)
{
	struct chariot_record out;

	KUNIT_EXPECT_TRUE(test, push(test, STOPPED, 0x10, 0x1000, 1, 1));
	KUNIT_EXPECT_TRUE(test, push(test, STOPPED, 0x10, 0x1000, 1, 1));
	KUNIT_EXPECT_TRUE(test, push(test, AUDITED, 0x10, 0x1000, 1, 1));
	while (chariot_ring_pop(test->priv, &out))
		KUNIT_EXPECT_EQ(test, out.repeat, 1ull);
	KUNIT_EXPECT_TRUE(test, push(test, AUDITED, 0x10, 0x1000, 1, 1));
	KUNIT_ASSERT_TRUE(test, chariot_ring_pop(test->priv, &out));
	KUNIT_EXPECT_EQ(test, out.seq, 4ull);
}

static void test_overflow(struct kunit *test)
{
	struct chariot_record out;
	u64 i;

	for (i = 1; i <= CHARIOT_RING_SIZE; i++)
		KUNIT_EXPECT_TRUE(test, push(test, AUDITED, i, 0x1000, 1, 1));
	KUNIT_EXPECT_FALSE(test, push(test, STOPPED, 1, 0x1000, 1, 1));
	/* As many are lost as it stands for. */
	KUNIT_EXPECT_FALSE(test, push(test, AUDITED, 0x7777, 0x1000, 1, 3));
	/* Folding needs no room. */
	KUNIT_EXPECT_FALSE(test, push(test, AUDITED, 1, 0x1000, 1, 1));

	KUNIT_ASSERT_TRUE(test, chariot_ring_pop(test->priv, &out));
	KUNIT_EXPECT_EQ(test, out.seq, 1ull);
	KUNIT_EXPECT_EQ(test, out.repeat, 2ull);
	KUNIT_EXPECT_EQ(test, out.lost, 4ull);
	KUNIT_EXPECT_TRUE(test, push(test, STOPPED, 0x8888, 0x1000, 1, 1));
	KUNIT_EXPECT_FALSE(test, push(test, STOPPED, 0x9999, 0x1000, 1, 1));
	for (i = 2; i <= CHARIOT_RING_SIZE; i++) {
		KUNIT_ASSERT_TRUE(test, chariot_ring_pop(test->priv, &out));
		KUNIT_EXPECT_EQ(test, out.seq, i);
		KUNIT_EXPECT_EQ(test, out.rip, i);
	}
	/* What was lost got no number. */
	KUNIT_ASSERT_TRUE(test, chariot_ring_pop(test->priv, &out));
	KUNIT_EXPECT_EQ(test, out.seq, CHARIOT_RING_SIZE + 1ull);
	KUNIT_EXPECT_EQ(test, out.rip, 0x8888ull);
	KUNIT_EXPECT_EQ(test, out.lost, 5ull);
	KUNIT_EXPECT_FALSE(test, chariot_ring_pop(test->priv, &out));
}

/* Round and round, with more and fewer records in it. */
static void test_wrap(struct kunit *test)
{
	struct chariot_record out;
	u64 in = 0, taken = 0, round;

	for (round = 0; round < 3 * CHARIOT_RING_SIZE; round++) {
		u64 i, burst = round % 7;

		for (i = 0; i < burst && in - taken < CHARIOT_RING_SIZE; i++)
			KUNIT_ASSERT_TRUE(test, push(test, STOPPED, ++in, 0, 1,
						     1));
		for (i = 0; i < 3 && taken < in; i++) {
			KUNIT_ASSERT_TRUE(test, chariot_ring_pop(test->priv,
								 &out));
			KUNIT_ASSERT_EQ(test, out.seq, ++taken);
			KUNIT_ASSERT_EQ(test, out.rip, taken);
		}
	}
	KUNIT_EXPECT_GT(test, taken, 2ull * CHARIOT_RING_SIZE);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(test_empty),
	KUNIT_CASE(test_content),
	KUNIT_CASE(test_order),
	KUNIT_CASE_PARAM(test_fold, fold_gen_params),
	KUNIT_CASE(test_no_fold),
	KUNIT_CASE(test_overflow),
	KUNIT_CASE(test_wrap),
	{ }
};

static struct kunit_suite suite = {
	.name		= "chariot_ring",
	.init		= ring_test_init,
	.test_cases	= cases,
};

kunit_test_suite(suite);
