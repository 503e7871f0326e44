// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Writes to neighbours in lists: those that list.h does next to an element of the
 * driver's are done for it, others are not. KUnit alone.
 */
#include <kunit/test.h>
#include <linux/list.h>

#include "guest_stubs.h"

/* The driver's, and the kernel's. */
struct field {
	struct list_head own[3], other[3], head;
	struct hlist_node hown[3], hother[3];
	struct hlist_head hhead;
};

static int links_test_init(struct kunit *test)
{
	struct field *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	INIT_LIST_HEAD(&f->head);
	list_add_tail(&f->other[0], &f->head);
	list_add_tail(&f->other[1], &f->head);
	INIT_HLIST_HEAD(&f->hhead);
	hlist_add_head(&f->hother[1], &f->hhead);
	hlist_add_head(&f->hother[0], &f->hhead);
	test->priv = f;
	return 0;
}

static void owns_all(struct field *f)
{
	guest_stub_owns(f->own, sizeof(f->own), f->hown, sizeof(f->hown));
}

/* A store of the driver's: its own go through, others are asked for. */
static void store(struct kunit *test, void *at, const void *value)
{
	unsigned long va = (unsigned long)at, bad;

	if (chariot_may_write(NULL, at, sizeof(value), &bad)) {
		*(const void **)at = value;
		return;
	}
	KUNIT_EXPECT_TRUE(test, chariot_link_write(NULL, va,
						   (unsigned long)value));
	KUNIT_EXPECT_PTR_EQ(test, *(const void **)at, value);
}

/* As __list_add(), __list_del(), hlist_add_head(), __hlist_del() store. */
static void add(struct kunit *test, struct list_head *new,
		struct list_head *prev, struct list_head *next)
{
	store(test, &next->prev, new);
	store(test, &new->next, next);
	store(test, &new->prev, prev);
	store(test, &prev->next, new);
}

static void del(struct kunit *test, struct list_head *e)
{
	struct list_head *prev = e->prev, *next = e->next;

	store(test, &next->prev, prev);
	store(test, &prev->next, next);
}

static void hadd(struct kunit *test, struct hlist_node *n, struct hlist_head *h)
{
	struct hlist_node *first = h->first;

	store(test, &n->next, first);
	if (first)
		store(test, &first->pprev, &n->next);
	store(test, &h->first, n);
	store(test, &n->pprev, &h->first);
}

static void hdel(struct kunit *test, struct hlist_node *n)
{
	struct hlist_node *next = n->next, **pprev = n->pprev;

	store(test, pprev, next);
	if (next)
		store(test, &next->pprev, pprev);
}

static void test_list(struct kunit *test)
{
	struct field *f = test->priv;

	owns_all(f);
	add(test, &f->own[0], &f->head, f->head.next);
	add(test, &f->own[1], f->head.prev, &f->head);
	add(test, &f->own[2], &f->other[0], f->other[0].next);
	KUNIT_EXPECT_PTR_EQ(test, f->head.next, &f->own[0]);
	KUNIT_EXPECT_PTR_EQ(test, f->head.prev, &f->own[1]);
	KUNIT_EXPECT_EQ(test, 5, list_count(&f->head));
	del(test, &f->own[2]);
	del(test, &f->own[0]);
	del(test, &f->own[1]);
	KUNIT_EXPECT_EQ(test, 2, list_count(&f->head));
	KUNIT_EXPECT_PTR_EQ(test, f->head.next, &f->other[0]);
	KUNIT_EXPECT_PTR_EQ(test, f->other[1].prev, &f->other[0]);
}

static void test_empty_list(struct kunit *test)
{
	struct field *f = test->priv;

	owns_all(f);
	INIT_LIST_HEAD(&f->head);
	add(test, &f->own[0], &f->head, f->head.next);
	KUNIT_EXPECT_PTR_EQ(test, f->head.prev, &f->own[0]);
	del(test, &f->own[0]);
	KUNIT_EXPECT_TRUE(test, list_empty(&f->head));
}

static void test_hlist(struct kunit *test)
{
	struct field *f = test->priv;

	owns_all(f);
	hadd(test, &f->hown[0], &f->hhead);
	hadd(test, &f->hown[1], &f->hhead);
	KUNIT_EXPECT_PTR_EQ(test, f->hhead.first, &f->hown[1]);
	hdel(test, &f->hown[0]);
	hdel(test, &f->hown[1]);
	KUNIT_EXPECT_PTR_EQ(test, f->hhead.first, &f->hother[0]);
	KUNIT_EXPECT_PTR_EQ(test, f->hother[0].pprev, &f->hhead.first);
}

static void refused(struct kunit *test, void *at, const void *value)
{
	const void *before = *(const void **)at;

	KUNIT_EXPECT_FALSE(test, chariot_link_write(NULL, (unsigned long)at,
						    (unsigned long)value));
	KUNIT_EXPECT_PTR_EQ(test, *(const void **)at, before);
}

static void test_stray(struct kunit *test)
{
	struct field *f = test->priv;

	owns_all(f);
	/* neither what is there nor what is written is the driver's */
	refused(test, &f->head.next, &f->other[1]);
	refused(test, &f->head.next, NULL);
	refused(test, &f->hhead.first, &f->hother[1]);
	/* the driver's, but not set up to go there */
	refused(test, &f->head.next, &f->own[0]);
	refused(test, &f->hhead.first, &f->hown[0]);
	KUNIT_EXPECT_FALSE(test, chariot_link_write(NULL,
						    (unsigned long)&f->head + 1,
						    (unsigned long)&f->own[0]));
	/* removed, and elsewhere than it was */
	add(test, &f->own[0], &f->head, f->head.next);
	refused(test, &f->other[0].prev, &f->other[1]);
	refused(test, &f->head.next, &f->other[1]);
}

static struct kunit_case links_cases[] = {
	KUNIT_CASE(test_list),
	KUNIT_CASE(test_empty_list),
	KUNIT_CASE(test_hlist),
	KUNIT_CASE(test_stray),
	{ }
};

static struct kunit_suite links_suite = {
	.name = "chariot_guest_links",
	.init = links_test_init,
	.test_cases = links_cases,
};

kunit_test_suite(links_suite);
