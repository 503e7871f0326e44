// SPDX-License-Identifier: GPL-2.0
/*
 * A driver with a plan: what it is handed as the kernel calls it, and as it calls the
 * kernel, is its own to write, and nothing else is.
 */
#include <linux/irqflags.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include <chariot/hypercall.h>
#include "alloc.h"
#include "chariot.h"
#include "handed.h"
#include "plan.h"
#include "world.h"

enum { OBJECT, PACKET, SOCKET, TYPES };

#define NONE		CHARIOT_PLAN_NONE
#define ENTRIES		5
#define NAME_SIZE	24

/* One of each way to hand something; entries get their places from the file. */
static const struct image {
	struct chariot_plan_header h;
	struct chariot_plan_type types[TYPES];
	struct chariot_plan_member members[1];
	struct chariot_plan_entry entries[ENTRIES];
	struct chariot_plan_import imports[2];
	char strings[TYPES + ENTRIES + 2][NAME_SIZE];
} image = {
	.h = {
		.revision = CHARIOT_PLAN_REVISION, .size = sizeof(image),
		.types = TYPES, .members = 1, .entries = ENTRIES, .imports = 2,
		.strings = sizeof(image.strings),
	},
	.types = {
		[OBJECT] = { 0, sizeof(struct kunit_object), 0, 1 },
		[PACKET] = { NAME_SIZE, sizeof(struct sk_buff), 1, 0 },
		[SOCKET] = { 2 * NAME_SIZE, 64, 1, 0 },
	},
	.members = { { offsetof(struct kunit_object, next), OBJECT, 1 } },
	.entries = {
		{ 3 * NAME_SIZE, .args = { OBJECT, NONE, NONE, NONE, NONE, NONE } },
		{ 4 * NAME_SIZE, .args = { CHARIOT_PLAN_POINTER(OBJECT), NONE, NONE, NONE,
					   NONE, NONE } },
		{ 5 * NAME_SIZE, .args = { CHARIOT_PLAN_AREA(8), NONE, NONE, NONE, NONE,
					   NONE } },
		{ 6 * NAME_SIZE, .args = { CHARIOT_PLAN_BYTES, NONE, NONE, NONE, NONE,
					   NONE } },
		{ 7 * NAME_SIZE, .args = { NONE, CHARIOT_PLAN_STRINGS, NONE, NONE, NONE,
					   NONE } },
	},
	.imports = {
		{ 8 * NAME_SIZE, PACKET, { NONE, NONE, NONE, NONE, NONE, NONE } },
		{ 9 * NAME_SIZE, NONE, { NONE, NONE, NONE, NONE, SOCKET, NONE } },
	},
	.strings = {
		"kunit_object", "sk_buff", "kunit_socket", "take", "take_pointer",
		"take_area", "take_bytes", "take_strings", "__alloc_skb",
		"sock_create_kern",
	},
};

static int by_place(const void *a, const void *b)
{
	const struct chariot_plan_entry *x = a, *y = b;

	return x->section != y->section ? (x->section < y->section ? -1 : 1) :
	       x->offset < y->offset ? -1 : x->offset > y->offset;
}

static struct chariot_plan *make_plan(struct kunit *test)
{
	struct image *copy = kvmalloc(sizeof(*copy), GFP_KERNEL);
	struct chariot_plan *plan;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, copy);
	*copy = image;
	for (i = 0; i < ENTRIES; i++) {
		struct chariot_plan_entry *e = &copy->entries[i];

		KUNIT_ASSERT_TRUE(test, world_symbol(copy->strings[0] + e->name,
						     &e->section, &e->offset));
	}
	sort(copy->entries, ENTRIES, sizeof(copy->entries[0]), by_place, NULL);
	plan = chariot_plan_take(copy, sizeof(*copy));
	KUNIT_ASSERT_FALSE(test, IS_ERR(plan));
	return plan;
}

/* The driver, and an object that is not its own, with memory behind it. */
struct field {
	struct world_driver w;
	struct kunit_object *o, *next;
};

static struct field *field_of(struct kunit *test)
{
	struct field *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->w = world_load_planned(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_BYTE,
				  make_plan(test));
	f->o = kzalloc(256, GFP_KERNEL);
	f->next = kzalloc(256, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->o);
	KUNIT_ASSERT_NOT_NULL(test, f->next);
	return f;
}

static void field_end(struct kunit *test, struct field *f)
{
	kfree(f->next);
	kfree(f->o);
	world_expect_agreed(test, f->w.chariot);
}

/* A write of the driver was stopped: is it found that it may? */
static bool settles(struct field *f, const void *at)
{
	unsigned long flags;
	bool settled;

	local_irq_save(flags);
	settled = chariot_handed_settle(f->w.chariot, (unsigned long)at);
	local_irq_restore(flags);
	return settled;
}

static void expect_given(struct kunit *test, struct field *f, const void *at, size_t size)
{
	KUNIT_EXPECT_TRUE(test, settles(f, at));
	KUNIT_EXPECT_TRUE(test, world_writable(test, f->w.chariot, at, size));
	KUNIT_EXPECT_FALSE(test, world_writable(test, f->w.chariot, at + size, 1));
	KUNIT_EXPECT_FALSE(test, settles(f, at + size));
}

static void test_bound(struct kunit *test)
{
	struct field *f = field_of(test);
	struct chariot_driver *d = f->w.chariot;
	const struct kunit_entries *e = f->w.calls->entries;
	unsigned long gate = (unsigned long)e->take;

	KUNIT_EXPECT_GE(test, d->gates.entries_bound, (u32)ENTRIES);
	/* Those of the plan, and kfree_skb(), which ends what the plan knows. */
	KUNIT_EXPECT_EQ(test, d->gates.imports_bound, 3u);
	KUNIT_EXPECT_PTR_EQ(test, d, chariot_gate_driver(gate));
	KUNIT_EXPECT_PTR_EQ(test, d, chariot_gate_driver((unsigned long)e->take_strings));
	/* Not of the plan, so not by a gate. */
	KUNIT_EXPECT_NULL(test, chariot_gate_driver((unsigned long)f->w.calls->copy));
	KUNIT_EXPECT_FALSE(test, chariot_module_text_contains(d->mod, gate));
	field_end(test, f);
}

static struct field *watched;
static bool was_writable;

static void look(void)
{
	unsigned long bad;

	was_writable = settles(watched, watched->o) &&
		       chariot_can_write(watched->w.chariot, watched->o,
					 sizeof(*watched->o), &bad);
}

/* It is the driver's already while it is called with it. */
static void test_during(struct kunit *test)
{
	struct field *f = field_of(test);

	watched = f;
	was_writable = false;
	f->w.calls->entries->during = look;
	KUNIT_EXPECT_FALSE(test, settles(f, f->o));
	f->w.calls->entries->take(f->o);
	KUNIT_EXPECT_TRUE(test, was_writable);
	field_end(test, f);
}

static void test_object(struct kunit *test)
{
	struct field *f = field_of(test);
	struct chariot_driver *d = f->w.chariot;
	u32 handed = d->nr_handed;
	enum chariot_verdict verdict;
	phys_addr_t gpa;
	char type[CHARIOT_NAME_LEN];
	u64 offset;

	f->o->next = f->next;
	KUNIT_EXPECT_FALSE(test, settles(f, f->o));
	f->w.calls->entries->take(f->o);
	KUNIT_EXPECT_EQ(test, handed + 1, d->nr_handed);
	/* Once is enough. */
	f->w.calls->entries->take(f->o);
	KUNIT_EXPECT_EQ(test, handed + 1, d->nr_handed);
	expect_given(test, f, f->o, sizeof(*f->o));
	chariot_handed_describe(d, (unsigned long)f->o + 16, type, sizeof(type), &offset);
	KUNIT_EXPECT_STREQ(test, type, "kunit_object");
	KUNIT_EXPECT_EQ(test, offset, 16ull);
	/* What it points to, as long as it does. */
	expect_given(test, f, f->next, sizeof(*f->next));
	/* With its memory both go. */
	gpa = __pa(f->o);
	kfree(f->o);
	f->o = NULL;
	KUNIT_EXPECT_EQ(test, 0, chariot_fake_write(d->domain, gpa, 8, &verdict));
	KUNIT_EXPECT_EQ(test, CHARIOT_VERDICT_STOP, verdict);
	KUNIT_EXPECT_EQ(test, handed + 1, d->nr_handed);	/* the other one */
	field_end(test, f);
	KUNIT_EXPECT_EQ(test, handed, d->nr_handed);
}

static void test_pointer(struct kunit *test)
{
	struct field *f = field_of(test);

	/* No rule says that what is there is set before the call. */
	f->o->next = f->next;
	f->w.calls->entries->take_pointer(&f->o->next);
	KUNIT_EXPECT_TRUE(test, settles(f, f->o));
	KUNIT_EXPECT_TRUE(test, world_writable(test, f->w.chariot, f->o, sizeof(void *)));
	KUNIT_EXPECT_FALSE(test, settles(f, f->next));
	field_end(test, f);
}

static void test_area(struct kunit *test)
{
	struct field *f = field_of(test);

	/* All of an allocation, if it begins there, or the bytes that are known. */
	f->w.calls->entries->take_area(f->o);
	expect_given(test, f, f->o, 256);
	f->w.calls->entries->take_area(&f->next->words[0]);
	expect_given(test, f, &f->next->words[0], 8);
	field_end(test, f);
}

static void test_bytes(struct kunit *test)
{
	struct field *f = field_of(test);

	f->w.calls->entries->take_bytes(f->o, 24);
	expect_given(test, f, f->o, 24);
	/* No bytes, and more than there can be. */
	f->w.calls->entries->take_bytes(f->next, 0);
	KUNIT_EXPECT_FALSE(test, settles(f, f->next));
	f->w.calls->entries->take_bytes(f->next, CHARIOT_PLAN_OBJECT_MAX + 1);
	KUNIT_EXPECT_FALSE(test, settles(f, f->next));
	field_end(test, f);
}

static void test_strings(struct kunit *test)
{
	struct field *f = field_of(test);
	char *first = (char *)f->o, *second = (char *)f->next;
	char *strings[3] = { first, NULL, second };

	strscpy(first, "first", 64);
	strscpy(second, "a longer one", 64);
	f->w.calls->entries->take_strings(ARRAY_SIZE(strings), strings);
	expect_given(test, f, first, sizeof("first"));
	expect_given(test, f, second, sizeof("a longer one"));
	field_end(test, f);
}

/* What its own calls have given it, since it was loaded. */
static void test_given(struct kunit *test)
{
	struct field *f = field_of(test);

	KUNIT_EXPECT_TRUE(test, settles(f, f->w.calls->given_returned));
	KUNIT_EXPECT_TRUE(test, world_writable(test, f->w.chariot,
					       f->w.calls->given_returned, 64));
	KUNIT_EXPECT_TRUE(test, settles(f, f->w.calls->given_set));
	KUNIT_EXPECT_TRUE(test, world_writable(test, f->w.chariot,
					       f->w.calls->given_set, 64));
	field_end(test, f);
}

/* A packet, with its data, until it is given away. */
static void test_packet(struct kunit *test)
{
	struct field *f = field_of(test);
	struct chariot_driver *d = f->w.chariot;
	struct sk_buff *skb = f->w.calls->get_packet(200);
	const size_t size = skb_end_offset(skb) + sizeof(struct skb_shared_info);
	enum chariot_verdict verdict;
	phys_addr_t gpa, data;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	gpa = __pa(skb);
	data = __pa(skb->head);
	/* At once: no write has to be stopped for it. */
	KUNIT_EXPECT_TRUE(test, world_writable(test, d, skb, sizeof(*skb)));
	KUNIT_EXPECT_TRUE(test, settles(f, skb->head));
	KUNIT_EXPECT_TRUE(test, world_writable(test, d, skb->head, size));
	/* Not while it is another one's, too. */
	skb_get(skb);
	f->w.calls->put_packet(skb);
	KUNIT_EXPECT_TRUE(test, world_writable(test, d, skb, sizeof(*skb)));
	f->w.calls->put_packet(skb);
	KUNIT_EXPECT_EQ(test, 0, chariot_fake_write(d->domain, gpa, 8, &verdict));
	KUNIT_EXPECT_EQ(test, CHARIOT_VERDICT_STOP, verdict);
	KUNIT_EXPECT_EQ(test, 0, chariot_fake_write(d->domain, data, 8, &verdict));
	KUNIT_EXPECT_EQ(test, CHARIOT_VERDICT_STOP, verdict);
	field_end(test, f);
}

/* Gates are the next driver's when it has gone. */
static void test_again(struct kunit *test)
{
	struct field *f = field_of(test);
	unsigned long gate = (unsigned long)f->w.calls->entries->take;

	field_end(test, f);
	KUNIT_EXPECT_EQ(test, 0, world_unload());
	KUNIT_EXPECT_NULL(test, chariot_gate_driver(gate));
	f = field_of(test);
	KUNIT_EXPECT_EQ(test, gate, (unsigned long)f->w.calls->entries->take);
	f->w.calls->entries->take(f->o);
	expect_given(test, f, f->o, sizeof(*f->o));
	field_end(test, f);
}

static struct kunit_case gates_cases[] = {
	KUNIT_CASE(test_bound),
	KUNIT_CASE(test_during),
	KUNIT_CASE(test_object),
	KUNIT_CASE(test_pointer),
	KUNIT_CASE(test_area),
	KUNIT_CASE(test_bytes),
	KUNIT_CASE(test_strings),
	KUNIT_CASE(test_given),
	KUNIT_CASE(test_packet),
	KUNIT_CASE(test_again),
	{ }
};

struct kunit_suite guest_gates_suite = {
	.name = "chariot_guest_gates",
	.init = world_init,
	.exit = world_exit,
	.test_cases = gates_cases,
};
