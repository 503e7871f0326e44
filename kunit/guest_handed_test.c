// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Objects that a driver was handed: which writes are settled, and what is granted
 * then. KUnit alone.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "grant_rules.h"
#include "guest_stubs.h"
#include "handed.h"
#include "plan.h"

enum { DEVICE, CHILD, LEAF, DEEP, LARGE, PACKET, SHUT, OPEN, TYPES };

#define NAME(type)	((type) * 8)
#define SIZE		64
#define LARGE_SIZE	(2 * PAGE_SIZE + 1024)

/* device -> child -> leaf -> deep; two children in an array; and what rules tell. */
static const struct image {
	struct chariot_plan_header h;
	struct chariot_plan_type types[TYPES];
	struct chariot_plan_member members[5];
	char strings[TYPES][8];
} image = {
	.h = {
		.revision = CHARIOT_PLAN_REVISION, .size = sizeof(image),
		.types = TYPES, .members = 5, .strings = sizeof(image.strings),
	},
	.types = {
		[DEVICE] = { NAME(DEVICE), SIZE, 0, 2 },
		[CHILD] = { NAME(CHILD), SIZE, 2, 1 },
		[LEAF] = { NAME(LEAF), SIZE, 3, 1 },
		[DEEP] = { NAME(DEEP), SIZE, 4, 0 },
		[LARGE] = { NAME(LARGE), LARGE_SIZE, 4, 0 },
		[PACKET] = { NAME(PACKET), SIZE, 4, 1 },
		[SHUT] = { NAME(SHUT), SIZE, 5, 0 },
		[OPEN] = { NAME(OPEN), SIZE, 5, 0 },
	},
	.members = {
		{ 0, CHILD, 1 }, { 8, CHILD, 2 }, { 0, LEAF, 1 }, { 0, DEEP, 1 },
		{ 0, SHUT, 1 },
	},
	.strings = { "device", "child", "leaf", "deep", "large", "packet", "shut",
		     "open" },
};

/* A packet's second word says where its data are: SIZE bytes. */
static bool packet_data(const struct chariot_driver *d, unsigned long object,
			unsigned long va, struct chariot_span *data)
{
	data->start = ((unsigned long *)object)[1];
	data->size = SIZE;
	return data->start && (!va || va - data->start < SIZE);
}

static const struct chariot_member open_members[] = {
	{ .offset = 16, .size = 8, .text = "open.word" },
	{ }
};

static const struct chariot_type_rule rules[] = {
	{ "packet", CHARIOT_GIVE_BYTES, .behind = packet_data, .at_once = true },
	{ "shut", CHARIOT_GIVE_NOTHING },
	{ "open", CHARIOT_GIVE_MEMBERS, open_members },
};

/* A driver, and memory that is not its own. */
struct field {
	struct chariot_driver d;
	unsigned long device[SIZE / 8], child[3][SIZE / 8], leaf[SIZE / 8];
	unsigned long deep[SIZE / 8], packet[SIZE / 8], data[SIZE / 8];
	unsigned long shut[SIZE / 8], open[SIZE / 8];
	void *large;
};

static int handed_test_init(struct kunit *test)
{
	struct field *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	void *copy = kvmalloc(sizeof(image), GFP_KERNEL);
	int err;

	if (!f || !copy)
		return -ENOMEM;
	memcpy(copy, &image, sizeof(image));
	guest_stub_rules(rules, ARRAY_SIZE(rules));
	f->d.plan = chariot_plan_take(copy, sizeof(image));
	if (IS_ERR(f->d.plan)) {
		kvfree(copy);
		return PTR_ERR(f->d.plan);
	}
	raw_spin_lock_init(&f->d.handed_lock);
	f->d.handed = RB_ROOT_CACHED;
	f->device[0] = (unsigned long)f->child[0];
	f->device[1] = (unsigned long)f->child[1];
	f->device[2] = (unsigned long)f->child[2];
	f->child[1][0] = (unsigned long)f->leaf;
	f->leaf[0] = (unsigned long)f->deep;
	f->packet[0] = (unsigned long)f->shut;
	f->packet[1] = (unsigned long)f->data;
	f->large = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, 2);
	err = f->large ? chariot_handed_init() : -ENOMEM;
	if (err) {
		free_pages((unsigned long)f->large, 2);
		chariot_plan_free(f->d.plan);
		return err;
	}
	guest_stub_owns(NULL, 0, NULL, 0);
	test->priv = f;
	return 0;
}

static void handed_test_exit(struct kunit *test)
{
	struct field *f = test->priv;

	if (!f)
		return;
	chariot_handed_clear(&f->d);
	chariot_handed_exit();
	free_pages((unsigned long)f->large, 2);
	chariot_plan_free(f->d.plan);
	guest_stub_rules(NULL, 0);
}

static void hand(struct field *f, void *object, u32 type)
{
	chariot_handed_add(&f->d, (unsigned long)object, type);
}

/* The last right that was lent is to these bytes. */
static void expect_lent(struct kunit *test, const void *start, size_t size)
{
	struct chariot_span s = guest_stub_lent();

	KUNIT_EXPECT_EQ(test, s.start, (unsigned long)start);
	KUNIT_EXPECT_EQ(test, s.size, size);
}

static bool settles(struct field *f, const void *at)
{
	unsigned long flags;
	bool ok;

	local_irq_save(flags);
	ok = chariot_handed_settle(&f->d, (unsigned long)at);
	local_irq_restore(flags);
	return ok;
}

static void test_object(struct kunit *test)
{
	struct field *f = test->priv;

	KUNIT_EXPECT_FALSE(test, settles(f, f->device));
	hand(f, f->device, DEVICE);
	KUNIT_EXPECT_FALSE(test, settles(f, (char *)f->device - 1));
	KUNIT_EXPECT_FALSE(test, settles(f, f->deep));
	KUNIT_EXPECT_TRUE(test, settles(f, f->device + 7));
	expect_lent(test, f->device, SIZE);
}

/* As far as two pointers in a row, arrays of them too, and no farther. */
static void test_pointers(struct kunit *test)
{
	struct field *f = test->priv;

	hand(f, f->device, DEVICE);
	KUNIT_EXPECT_FALSE(test, settles(f, f->leaf));
	KUNIT_EXPECT_TRUE(test, settles(f, f->child[2] + 3));
	expect_lent(test, f->child[2], SIZE);
	KUNIT_EXPECT_TRUE(test, settles(f, f->child[1] + 3));
	/* now that the child is known, what it points to */
	KUNIT_EXPECT_TRUE(test, settles(f, f->leaf + 3));
	expect_lent(test, f->leaf, SIZE);
	KUNIT_EXPECT_FALSE(test, settles(f, f->deep));
}

static void test_forgotten(struct kunit *test)
{
	struct field *f = test->priv;
	u64 generation = chariot_handed_generation(&f->d);

	hand(f, f->device, DEVICE);
	KUNIT_EXPECT_TRUE(test, chariot_handed_forget(&f->d, (unsigned long)f->device + SIZE - 1,
						      1));
	KUNIT_EXPECT_NE(test, generation, chariot_handed_generation(&f->d));
	KUNIT_EXPECT_FALSE(test, settles(f, f->device));
	KUNIT_EXPECT_FALSE(test, settles(f, f->child[0]));
	KUNIT_EXPECT_FALSE(test, chariot_handed_forget(&f->d, (unsigned long)f->device, SIZE));
}

static void test_rules(struct kunit *test)
{
	struct field *f = test->priv;

	hand(f, f->shut, SHUT);
	KUNIT_EXPECT_FALSE(test, settles(f, f->shut));
	hand(f, f->open, OPEN);
	KUNIT_EXPECT_FALSE(test, settles(f, f->open));
	KUNIT_EXPECT_TRUE(test, settles(f, f->open + 2));
	expect_lent(test, f->open + 2, 8);
}

/* A block of a page that is new, and then what lies in the page. */
static void test_large(struct kunit *test)
{
	struct field *f = test->priv;
	void *start = f->large + 512, *page = f->large + PAGE_SIZE;

	hand(f, start, LARGE);
	KUNIT_EXPECT_TRUE(test, settles(f, start + 700));
	expect_lent(test, f->large + 1024, 512);
	KUNIT_EXPECT_TRUE(test, settles(f, start));
	expect_lent(test, start, PAGE_SIZE - 512);
	KUNIT_EXPECT_TRUE(test, settles(f, page + 8));
	expect_lent(test, page, 512);
	KUNIT_EXPECT_TRUE(test, settles(f, page + 512));
	expect_lent(test, page, PAGE_SIZE);
	/* its end */
	KUNIT_EXPECT_TRUE(test, settles(f, start + LARGE_SIZE - 1));
	expect_lent(test, page + PAGE_SIZE + 1024, 512);
	KUNIT_EXPECT_FALSE(test, settles(f, start + LARGE_SIZE));
	KUNIT_EXPECT_FALSE(test, settles(f, start - 1));
}

/* Once it was written to it is granted with the next hand-over, and so its data. */
static void test_at_once(struct kunit *test)
{
	struct field *f = test->priv;

	KUNIT_EXPECT_TRUE(test, chariot_handed_at_once(&f->d, PACKET));
	KUNIT_EXPECT_FALSE(test, chariot_handed_at_once(&f->d, DEVICE));
	hand(f, f->packet, PACKET);
	KUNIT_EXPECT_EQ(test, 0, guest_stub_wrote(f->packet));
	KUNIT_EXPECT_TRUE(test, settles(f, f->packet));
	KUNIT_EXPECT_EQ(test, 1, guest_stub_wrote(f->packet));
	KUNIT_EXPECT_TRUE(test, settles(f, f->data));
	expect_lent(test, f->data, SIZE);
	KUNIT_EXPECT_EQ(test, 2, guest_stub_wrote(f->packet));
	guest_stub_owns(NULL, 0, NULL, 0);
	chariot_handed_lend(&f->d, (unsigned long)f->packet, false);
	expect_lent(test, f->packet, SIZE);
	chariot_handed_lend(&f->d, (unsigned long)f->packet, true);
	expect_lent(test, f->data, SIZE);
	/* what was not handed is not lent */
	guest_stub_owns(NULL, 0, NULL, 0);
	chariot_handed_lend(&f->d, (unsigned long)f->device, true);
	expect_lent(test, NULL, 0);
}

/* What is the driver's own already needs no right, and is nothing to look for. */
static void test_own(struct kunit *test)
{
	struct field *f = test->priv;

	guest_stub_owns(f->device, sizeof(f->device), NULL, 0);
	hand(f, f->device, DEVICE);
	KUNIT_EXPECT_EQ(test, 0, f->d.nr_handed);
	KUNIT_EXPECT_FALSE(test, settles(f, f->child[0]));
}

static struct kunit_case handed_cases[] = {
	KUNIT_CASE(test_object),
	KUNIT_CASE(test_pointers),
	KUNIT_CASE(test_forgotten),
	KUNIT_CASE(test_rules),
	KUNIT_CASE(test_large),
	KUNIT_CASE(test_at_once),
	KUNIT_CASE(test_own),
	{ }
};

static struct kunit_suite handed_suite = {
	.name = "chariot_guest_handed",
	.init = handed_test_init,
	.exit = handed_test_exit,
	.test_cases = handed_cases,
};

kunit_test_suite(handed_suite);
