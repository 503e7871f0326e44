// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A guest on the fake backend: its memory, and what it sends. KUnit alone.
 */
#include <linux/gfp.h>
#include <linux/string.h>

#include "abi_fixture.h"

#define RAM_ORDER	4

static_assert(GUEST_PAGES == 1u << RAM_ORDER);

int guest_init(struct kunit *test)
{
	unsigned long ram = __get_free_pages(GFP_KERNEL | __GFP_ZERO, RAM_ORDER);

	if (!ram)
		return -ENOMEM;
	test->priv = (void *)ram;
	chariot_fake_start(test->priv, GUEST_GPA, GUEST_END - GUEST_GPA);
	chariot_hv_use(&chariot_transport_fake);
	return 0;
}

void guest_exit(struct kunit *test)
{
	chariot_hv_use(NULL);
	chariot_fake_stop();
	/* Nothing that a test did leaves a block behind. */
	KUNIT_EXPECT_EQ(test, chariot_fake_blocks(), 0ull);
	free_pages((unsigned long)test->priv, RAM_ORDER);
}

int guest_init_greeted(struct kunit *test)
{
	int err = guest_init(test);

	if (err)
		return err;
	guest_put_hello(test);
	return chariot_hv_hello(ARGS_GPA);
}

void *guest_at(struct kunit *test, u64 gpa)
{
	return test->priv + (gpa - GUEST_GPA);
}

static void *guest_zero(struct kunit *test, u64 gpa)
{
	return memset(guest_at(test, gpa), 0, PAGE);
}

struct chariot_hello *guest_put_hello(struct kunit *test)
{
	struct chariot_hello *h = guest_zero(test, ARGS_GPA);

	h->revision = CHARIOT_ABI_REVISION;
	h->features = ~0u;
	h->stack_size = 4 * PAGE;
	h->notify_error = 0x4348;
	return h;
}

struct chariot_domain_create *guest_put_create(struct kunit *test, u32 mode)
{
	struct chariot_domain_create *c = guest_zero(test, ARGS_GPA);

	strscpy(c->name, "driver", sizeof(c->name));
	c->mode = mode;
	return c;
}

struct chariot_batch *guest_put_batch(struct kunit *test,
				      const struct chariot_region *region,
				      u32 count)
{
	struct chariot_batch *b = guest_zero(test, BATCH_GPA);

	b->count = count;
	/* What the guest leaves there is not looked at. */
	b->done = 0x5555;
	memcpy(b->region, region, count * sizeof(*region));
	return b;
}

struct chariot_frame_map *guest_put_map(struct kunit *test)
{
	struct chariot_frame_map *m = guest_zero(test, MAP_GPA);

	m->count = 1;
	m->gpa[0] = BITS_GPA;
	return m;
}

struct chariot_walk_alias *guest_put_alias(struct kunit *test)
{
	struct chariot_walk_alias *a = guest_zero(test, ALIAS_GPA);

	a->op = CHARIOT_WALK_ALIAS_TABLES;
	a->count = 1;
	a->gpa[0] = TABLE_GPA;
	return a;
}

u32 guest_domain(struct kunit *test, u32 mode, u32 state)
{
	struct chariot_domain_create *c = guest_put_create(test, mode);

	KUNIT_ASSERT_EQ(test, 0L, chariot_hv_domain_create(ARGS_GPA));
	KUNIT_ASSERT_EQ(test, 0L, chariot_hv_domain_control(c->domain, state,
							    mode));
	return c->domain;
}

long guest_change(struct kunit *test, u8 op, u32 domain, u64 gpa, u64 size,
		  u8 rights)
{
	const struct chariot_region r = {
		.gpa = gpa, .size = size, .domain = domain,
		.kind = CHARIOT_KIND_DATA, .rights = rights, .op = op,
	};

	guest_put_batch(test, &r, 1);
	return chariot_hv_region_update(BATCH_GPA);
}

const struct chariot_record *guest_record(struct kunit *test)
{
	struct chariot_record *rec = guest_zero(test, ARGS_GPA);
	long err = chariot_hv_record_next(ARGS_GPA);

	if (err == -ENOENT)
		return NULL;
	KUNIT_ASSERT_EQ(test, 0L, err);
	return rec;
}

const struct chariot_stats *guest_stats(struct kunit *test, u32 domain)
{
	struct chariot_stats *s = guest_zero(test, ARGS_GPA);

	KUNIT_ASSERT_EQ(test, 0L, chariot_hv_domain_stats(domain, ARGS_GPA));
	return s;
}

enum chariot_verdict guest_write(struct kunit *test, u32 domain, u64 gpa,
				 u64 size)
{
	enum chariot_verdict verdict = CHARIOT_VERDICT_STOP;

	KUNIT_ASSERT_EQ(test, 0, chariot_fake_write(domain, gpa, size,
						    &verdict));
	return verdict;
}
