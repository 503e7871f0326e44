// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What calls do: the life of domains, batches, records, counters, and the
 * rights that the backend gives by itself. KUnit alone.
 */
#include <kunit/test.h>

#include "abi_fixture.h"
#include "rows.h"

#define W	CHARIOT_RIGHT_WRITE
#define X	CHARIOT_RIGHT_EXEC
#define ADD	CHARIOT_REGION_ADD
#define REMOVE	CHARIOT_REGION_REMOVE
#define ALLOW	CHARIOT_VERDICT_ALLOW
#define EMULATE	CHARIOT_VERDICT_EMULATE
#define AUDIT	CHARIOT_VERDICT_AUDIT
#define STOP	CHARIOT_VERDICT_STOP
#define ACTIVE	CHARIOT_DOMAIN_ACTIVE
#define INACTIVE CHARIOT_DOMAIN_INACTIVE
#define ENFORCE	CHARIOT_MODE_ENFORCE

/* HELLO. */

static void test_hello(struct kunit *test)
{
	struct chariot_hello *h = guest_put_hello(test);

	memset(h->backend, 'x', sizeof(h->backend));
	chariot_fake_knobs.features = CHARIOT_F_ENFORCE | CHARIOT_F_RECORDS;
	chariot_fake_knobs.max_regions = 77;
	KUNIT_ASSERT_EQ(test, 0L, chariot_hv_hello(ARGS_GPA));
	KUNIT_EXPECT_EQ(test, h->revision, CHARIOT_ABI_REVISION);
	KUNIT_EXPECT_EQ(test, h->features, CHARIOT_F_ENFORCE | CHARIOT_F_RECORDS);
	KUNIT_EXPECT_EQ(test, h->max_domains, CHARIOT_FAKE_DOMAINS);
	KUNIT_EXPECT_EQ(test, h->max_regions, 77ull);
	KUNIT_EXPECT_EQ(test, 0, memcmp(h->backend, "fake\0\0\0\0\0\0\0\0\0\0\0",
					sizeof(h->backend)));

	/* What the guest does not know is not in force either. */
	h = guest_put_hello(test);
	h->features = CHARIOT_F_RECORDS | CHARIOT_F_WATCH_MAP;
	KUNIT_ASSERT_EQ(test, 0L, chariot_hv_hello(ARGS_GPA));
	KUNIT_EXPECT_EQ(test, h->features, CHARIOT_F_RECORDS);
}

struct hello_row {
	const char *name;
	u32 revision;
	u32 stack_size;
	u32 notify_error;
	u64 reserved;
	bool refuse;
	long want;
};

static const struct hello_row hello_rows[] = {
	{ "revision", CHARIOT_ABI_REVISION + 1, 4096, 0, 0, false, -EPROTO },
	{ "stack", CHARIOT_ABI_REVISION, 4095, 0, 0, false, -EINVAL },
	{ "error code", CHARIOT_ABI_REVISION, 4096, 0x8000, 0, false, -EINVAL },
	{ "reserved", CHARIOT_ABI_REVISION, 4096, 0, 1, false, -EINVAL },
	{ "refused", CHARIOT_ABI_REVISION, 4096, 0, 0, true, -EACCES },
	{ "good", CHARIOT_ABI_REVISION, 4096, 0, 0, false, 0 },
};

CHARIOT_ROWS(hello);

/* A HELLO that fails leaves all as it is, one that succeeds forgets all. */
static void test_hello_again(struct kunit *test)
{
	const struct hello_row *r = test->param_value;
	struct chariot_hello *h;
	u32 id = guest_domain(test, ENFORCE, ACTIVE);

	KUNIT_EXPECT_EQ(test, STOP, guest_write(test, id, DATA_GPA, 8));
	chariot_fake_knobs.refuse = r->refuse;
	h = guest_put_hello(test);
	h->revision = r->revision;
	h->stack_size = r->stack_size;
	h->notify_error = r->notify_error;
	h->reserved[1] = r->reserved;
	KUNIT_EXPECT_EQ(test, r->want, chariot_hv_hello(ARGS_GPA));
	KUNIT_EXPECT_EQ(test, r->want ? 0 : -ENOENT,
			chariot_fake_write(id, DATA_GPA, 8, NULL));
	KUNIT_EXPECT_EQ(test, !r->want, !guest_record(test));
}

/* Life of a domain. */

static void test_life(struct kunit *test)
{
	u32 id = guest_domain(test, ENFORCE, INACTIVE);

	KUNIT_EXPECT_EQ(test, id, 1u);
	KUNIT_EXPECT_EQ(test, ALLOW, guest_write(test, id, DATA_GPA, 8));
	KUNIT_EXPECT_NULL(test, guest_record(test));

	KUNIT_EXPECT_EQ(test, 0L, guest_change(test, ADD, id, DATA_GPA, PAGE, W));
	KUNIT_EXPECT_EQ(test, 0L, guest_change(test, ADD, id, TEXT_GPA, PAGE, X));
	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_domain_control(id, ACTIVE, ENFORCE));
	KUNIT_EXPECT_EQ(test, ALLOW, guest_write(test, id, DATA_GPA, 8));
	KUNIT_EXPECT_EQ(test, STOP, guest_write(test, id, TEXT_GPA, 8));
	KUNIT_EXPECT_EQ(test, 0L, guest_change(test, ADD, id, DATA_GPA + PAGE,
					       16, W));
	KUNIT_EXPECT_EQ(test, EMULATE, guest_write(test, id, DATA_GPA + PAGE, 16));
	KUNIT_EXPECT_EQ(test, STOP, guest_write(test, id, DATA_GPA + PAGE, 17));

	KUNIT_EXPECT_EQ(test, 0L, guest_change(test, REMOVE, id, DATA_GPA, PAGE,
					       0));
	KUNIT_EXPECT_EQ(test, STOP, guest_write(test, id, DATA_GPA, 8));
	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_domain_control(id, ACTIVE,
							    CHARIOT_MODE_AUDIT));
	KUNIT_EXPECT_EQ(test, AUDIT, guest_write(test, id, DATA_GPA, 8));
	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_domain_control(id, INACTIVE,
							    ENFORCE));
	KUNIT_EXPECT_EQ(test, ALLOW, guest_write(test, id, DATA_GPA, 8));
	/* The table outlives it. */
	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_domain_control(id, ACTIVE, ENFORCE));
	KUNIT_EXPECT_EQ(test, EMULATE, guest_write(test, id, DATA_GPA + PAGE, 8));

	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_domain_destroy(id));
	KUNIT_EXPECT_EQ(test, -ENOENT, chariot_fake_write(id, DATA_GPA, 8, NULL));
	KUNIT_EXPECT_EQ(test, -(long)ENOENT, chariot_hv_domain_destroy(id));
	KUNIT_EXPECT_EQ(test, chariot_fake_blocks(), 0ull);
}

/* A new domain inherits nothing of the one that had its number. */
static void test_number_again(struct kunit *test)
{
	u32 first = guest_domain(test, ENFORCE, ACTIVE);
	u32 second = guest_domain(test, ENFORCE, ACTIVE);

	KUNIT_EXPECT_NE(test, first, second);
	KUNIT_EXPECT_EQ(test, 0L, guest_change(test, ADD, first, DATA_GPA, PAGE,
					       W));
	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_domain_destroy(first));
	KUNIT_EXPECT_EQ(test, first, guest_domain(test, ENFORCE, ACTIVE));
	KUNIT_EXPECT_EQ(test, STOP, guest_write(test, first, DATA_GPA, 8));
	KUNIT_EXPECT_EQ(test, guest_stats(test, first)->regions, 0ull);
	KUNIT_EXPECT_EQ(test, guest_stats(test, first)->violations, 1ull);
}

static void test_two_domains(struct kunit *test)
{
	u32 one = guest_domain(test, ENFORCE, ACTIVE);
	u32 two = guest_domain(test, CHARIOT_MODE_AUDIT, ACTIVE);

	KUNIT_EXPECT_EQ(test, 0L, guest_change(test, ADD, one, DATA_GPA, PAGE, W));
	KUNIT_EXPECT_EQ(test, ALLOW, guest_write(test, one, DATA_GPA, 8));
	KUNIT_EXPECT_EQ(test, AUDIT, guest_write(test, two, DATA_GPA, 8));
	KUNIT_EXPECT_EQ(test, 0L, guest_change(test, REMOVE, two, 0, 1ull << 52,
					       0));
	KUNIT_EXPECT_EQ(test, ALLOW, guest_write(test, one, DATA_GPA, 8));
	KUNIT_EXPECT_EQ(test, ALLOW, guest_write(test, 0, TABLE_GPA, 8));
}

static void test_create_limits(struct kunit *test)
{
	u32 i;

	for (i = 1; i <= CHARIOT_FAKE_DOMAINS; i++)
		KUNIT_EXPECT_EQ(test, i, guest_domain(test, ENFORCE, INACTIVE));
	guest_put_create(test, ENFORCE);
	KUNIT_EXPECT_EQ(test, -(long)ENOSPC, chariot_hv_domain_create(ARGS_GPA));
	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_domain_destroy(2));
	KUNIT_EXPECT_EQ(test, 2u, guest_domain(test, ENFORCE, INACTIVE));
	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_domain_destroy(3));
	chariot_fake_knobs.max_blocks = 0;
	guest_put_create(test, ENFORCE);
	KUNIT_EXPECT_EQ(test, -(long)ENOMEM, chariot_hv_domain_create(ARGS_GPA));
}

static void test_create_bad(struct kunit *test)
{
	struct chariot_domain_create *c = guest_put_create(test, 2);

	KUNIT_EXPECT_EQ(test, -(long)EINVAL, chariot_hv_domain_create(ARGS_GPA));
	c = guest_put_create(test, ENFORCE);
	memset(c->name, 'a', sizeof(c->name));
	KUNIT_EXPECT_EQ(test, -(long)EINVAL, chariot_hv_domain_create(ARGS_GPA));
	KUNIT_EXPECT_EQ(test, c->domain, 0u);
}

/* Batches: applied up to the entry that fails. */

#define ENTRY(...) { .gpa = DATA_GPA, .size = PAGE, .domain = 1, .rights = W, \
		     __VA_ARGS__ }
#define AT(page)	.gpa = DATA_GPA + (page) * PAGE

struct batch_row {
	const char *name;
	struct chariot_region region[4];
	u32 count;
	u32 done;
	long want;
	u32 writable;		/* pages from DATA_GPA, bit by bit */
	u64 max_regions;	/* 0: enough */
	u64 max_blocks;		/* likewise */
};

static const struct batch_row batch_rows[] = {
	{ "empty", { }, 0, 0, 0, 0 },
	{ "in order", { ENTRY(AT(0)), ENTRY(AT(1)), ENTRY(AT(2)) }, 3, 3, 0, 7 },
	{ "add and remove", { ENTRY(), ENTRY(.op = REMOVE, .rights = 0) }, 2, 2,
	  0, 0 },
	{ "remove and add", { ENTRY(.op = REMOVE, .rights = 0), ENTRY() }, 2, 2,
	  0, 1 },
	{ "add, remove in the middle",
	  { ENTRY(.size = 3 * PAGE), ENTRY(AT(1), .op = REMOVE, .rights = 0) },
	  2, 2, 0, 5 },
	{ "text for all", { ENTRY(.domain = CHARIOT_DOMAIN_ALL, .rights = X),
			    ENTRY(AT(1)) }, 2, 2, 0, 2 },
	{ "device registers", { ENTRY(.gpa = 1ull << 40,
				      .kind = CHARIOT_KIND_MMIO), ENTRY(AT(1)) },
	  2, 2, 0, 2 },
	{ "first is bad", { ENTRY(.size = 0), ENTRY(AT(1)) }, 2, 0, -EINVAL, 0 },
	{ "second is bad", { ENTRY(), ENTRY(AT(1), .rights = 4), ENTRY(AT(2)) },
	  3, 1, -EINVAL, 1 },
	{ "last is bad", { ENTRY(), ENTRY(AT(1)), ENTRY(.reserved = 1) }, 3, 2,
	  -EINVAL, 3 },
	{ "unknown op", { ENTRY(), ENTRY(.op = 2) }, 2, 1, -EINVAL, 1 },
	{ "unknown kind", { ENTRY(), ENTRY(.kind = CHARIOT_KIND_COUNT) }, 2, 1,
	  -EINVAL, 1 },
	{ "the kernel's", { ENTRY(), ENTRY(.domain = 0) }, 2, 1, -EINVAL, 1 },
	{ "writable for all", { ENTRY(), ENTRY(.domain = CHARIOT_DOMAIN_ALL) },
	  2, 1, -EINVAL, 1 },
	{ "overflow", { ENTRY(), ENTRY(.size = ~0ull) }, 2, 1, -EINVAL, 1 },
	{ "no such domain", { ENTRY(), ENTRY(AT(1), .domain = 2), ENTRY(AT(2)) },
	  3, 1, -ENOENT, 1 },
	{ "remove, no such domain",
	  { ENTRY(), ENTRY(.domain = 9, .op = REMOVE, .rights = 0) }, 2, 1,
	  -ENOENT, 1 },
	{ "not RAM", { ENTRY(), ENTRY(.gpa = GUEST_END), ENTRY(AT(1)) }, 3, 1,
	  -EFAULT, 1 },
	{ "RAM but for its last byte",
	  { ENTRY(), ENTRY(.gpa = GUEST_END - PAGE, .size = PAGE + 1) }, 2, 1,
	  -EFAULT, 1 },
	{ "device text", { ENTRY(), ENTRY(.kind = CHARIOT_KIND_MMIO,
					  .rights = X) }, 2, 1, -EFAULT, 1 },
	{ "remove what is not RAM",
	  { ENTRY(), ENTRY(.gpa = GUEST_END, .op = REMOVE, .rights = 0) }, 2, 2,
	  0, 1 },
	{ "at the limit", { ENTRY(.size = 2 * PAGE) }, 1, 1, 0, 3, 2 },
	{ "over the limit", { ENTRY(), ENTRY(AT(1), .size = PAGE + 1) }, 2, 1,
	  -ENOSPC, 1, 2 },
	{ "limit, others count", { ENTRY(.domain = CHARIOT_DOMAIN_ALL,
					 .rights = X), ENTRY(AT(1)),
				   ENTRY(AT(2)) }, 3, 2, -ENOSPC, 2, 2 },
	{ "a removal makes room", { ENTRY(), ENTRY(.op = REMOVE, .rights = 0),
				    ENTRY(AT(1)) }, 3, 3, 0, 2, 1 },
	/* A block for the tree, one for a page's ranges. */
	{ "no memory", { ENTRY(.size = 8) }, 1, 0, -ENOMEM, 0, 0, 1 },
	{ "no memory for the second", { ENTRY(), ENTRY(AT(1), .size = 8),
					ENTRY(AT(2)) }, 3, 1, -ENOMEM, 1, 0, 1 },
};

CHARIOT_ROWS(batch);

static void test_batch(struct kunit *test)
{
	const struct batch_row *r = test->param_value;
	u32 id = guest_domain(test, ENFORCE, ACTIVE), page;
	struct chariot_batch *b;

	if (r->max_regions)
		chariot_fake_knobs.max_regions = r->max_regions;
	if (r->max_blocks)
		chariot_fake_knobs.max_blocks = r->max_blocks;
	b = guest_put_batch(test, r->region, r->count);
	KUNIT_EXPECT_EQ(test, r->want, chariot_hv_region_update(BATCH_GPA));
	KUNIT_EXPECT_EQ(test, b->done, r->done);
	KUNIT_EXPECT_EQ(test, b->count, r->count);
	KUNIT_EXPECT_EQ(test, 0, memcmp(b->region, r->region,
					r->count * sizeof(b->region[0])));
	for (page = 0; page < 4; page++)
		KUNIT_EXPECT_EQ_MSG(test, r->writable & BIT(page) ? ALLOW : STOP,
				    guest_write(test, id, DATA_GPA + page * PAGE,
						PAGE), "page %u", page);
}

static void test_batch_head(struct kunit *test)
{
	const struct chariot_region good = ENTRY();
	struct chariot_batch *b;
	u32 id = guest_domain(test, ENFORCE, ACTIVE);

	b = guest_put_batch(test, &good, 1);
	b->count = CHARIOT_BATCH_MAX + 1;
	KUNIT_EXPECT_EQ(test, -(long)EINVAL, chariot_hv_region_update(BATCH_GPA));
	b = guest_put_batch(test, &good, 1);
	b->reserved[2] = 1;
	KUNIT_EXPECT_EQ(test, -(long)EINVAL, chariot_hv_region_update(BATCH_GPA));
	/* Nothing was done and nothing told. */
	KUNIT_EXPECT_EQ(test, b->done, 0x5555u);
	KUNIT_EXPECT_EQ(test, STOP, guest_write(test, id, DATA_GPA, 8));
}

/* The largest batch, and the entry that is its last. */
static void test_batch_full(struct kunit *test)
{
	u32 id = guest_domain(test, ENFORCE, ACTIVE), i;
	struct chariot_region *region;
	struct chariot_batch *b;

	region = kunit_kcalloc(test, CHARIOT_BATCH_MAX, sizeof(*region),
			       GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, region);
	for (i = 0; i < CHARIOT_BATCH_MAX; i++)
		region[i] = (struct chariot_region)ENTRY(.gpa = DATA_GPA + 16 * i,
							 .size = 8);
	b = guest_put_batch(test, region, CHARIOT_BATCH_MAX);
	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_region_update(BATCH_GPA));
	KUNIT_EXPECT_EQ(test, b->done, CHARIOT_BATCH_MAX);
	for (i = 0; i < CHARIOT_BATCH_MAX; i++) {
		KUNIT_EXPECT_EQ(test, EMULATE,
				guest_write(test, id, DATA_GPA + 16 * i, 8));
		KUNIT_EXPECT_EQ(test, STOP,
				guest_write(test, id, DATA_GPA + 16 * i, 9));
	}
}

/* Records. */

static u32 notified;
static u32 notified_error;

static void count_notify(u32 error_code)
{
	notified++;
	notified_error = error_code;
}

static void test_record(struct kunit *test)
{
	u32 id = guest_domain(test, ENFORCE, ACTIVE);
	const struct chariot_record *rec;

	KUNIT_ASSERT_EQ(test, 0L, guest_change(test, ADD, id, DATA_GPA + 64, 32,
					       W));
	notified = 0;
	chariot_fake_knobs.notify = count_notify;
	chariot_fake_knobs.vcpu = 3;
	KUNIT_EXPECT_EQ(test, STOP, guest_write(test, id, DATA_GPA + 92, 8));
	KUNIT_EXPECT_EQ(test, notified, 1u);
	KUNIT_EXPECT_EQ(test, notified_error, 0x4348u);
	rec = guest_record(test);
	KUNIT_ASSERT_NOT_NULL(test, rec);
	KUNIT_EXPECT_EQ(test, rec->seq, 1ull);
	KUNIT_EXPECT_EQ(test, rec->repeat, 1ull);
	KUNIT_EXPECT_EQ(test, rec->lost, 0ull);
	KUNIT_EXPECT_NE(test, rec->time_ns, 0ull);
	KUNIT_EXPECT_EQ(test, rec->rip, chariot_fake_knobs.rip);
	KUNIT_EXPECT_EQ(test, rec->next_rip, rec->rip + rec->insn_len);
	KUNIT_EXPECT_EQ(test, rec->gpa, DATA_GPA + 96);	/* the first bad one */
	KUNIT_EXPECT_EQ(test, rec->size, 8ull);
	KUNIT_EXPECT_EQ(test, rec->domain, id);
	KUNIT_EXPECT_EQ(test, rec->vcpu, 3u);
	KUNIT_EXPECT_EQ(test, rec->outcome, CHARIOT_OUTCOME_STOPPED);
	KUNIT_EXPECT_EQ(test, rec->flags,
			CHARIOT_RECORD_SIZE | CHARIOT_RECORD_REGION);
	KUNIT_EXPECT_EQ(test, rec->region_gpa, DATA_GPA + 64);
	KUNIT_EXPECT_EQ(test, rec->region_size, 32ull);
	KUNIT_EXPECT_EQ(test, rec->region_kind, CHARIOT_KIND_DATA);
	KUNIT_EXPECT_NULL(test, guest_record(test));
}

/* Nothing near, size unknown. */
static void test_record_bare(struct kunit *test)
{
	u32 id = guest_domain(test, CHARIOT_MODE_AUDIT, ACTIVE);
	const struct chariot_record *rec;

	KUNIT_EXPECT_EQ(test, AUDIT, guest_write(test, id, DATA_GPA + 1, 0));
	rec = guest_record(test);
	KUNIT_ASSERT_NOT_NULL(test, rec);
	KUNIT_EXPECT_EQ(test, rec->gpa, DATA_GPA + 1);
	KUNIT_EXPECT_EQ(test, rec->flags, 0u);
	KUNIT_EXPECT_EQ(test, rec->region_size, 0ull);
	KUNIT_EXPECT_EQ(test, rec->outcome, CHARIOT_OUTCOME_AUDITED);
}

static void test_record_fold(struct kunit *test)
{
	u32 id = guest_domain(test, CHARIOT_MODE_AUDIT, ACTIVE);
	const struct chariot_record *rec;
	int i;

	notified = 0;
	chariot_fake_knobs.notify = count_notify;
	for (i = 0; i < 1000; i++)
		guest_write(test, id, DATA_GPA + 8 * (i % 512), 8);
	chariot_fake_knobs.rip += 16;
	guest_write(test, id, DATA_GPA, 8);
	KUNIT_EXPECT_EQ(test, notified, 2u);
	rec = guest_record(test);
	KUNIT_ASSERT_NOT_NULL(test, rec);
	KUNIT_EXPECT_EQ(test, rec->repeat, 1000ull);
	rec = guest_record(test);
	KUNIT_ASSERT_NOT_NULL(test, rec);
	KUNIT_EXPECT_EQ(test, rec->repeat, 1ull);
	KUNIT_EXPECT_EQ(test, rec->seq, 2ull);
	KUNIT_EXPECT_NULL(test, guest_record(test));
}

/* Most are lost, and it is told how many; each one that is stopped notifies. */
static void test_record_overflow(struct kunit *test)
{
	u32 id = guest_domain(test, ENFORCE, ACTIVE), taken = 0;
	const struct chariot_record *rec;
	u64 lost = 0;
	int i;

	notified = 0;
	chariot_fake_knobs.notify = count_notify;
	for (i = 0; i < 1000; i++)
		guest_write(test, id, DATA_GPA, 8);
	KUNIT_EXPECT_EQ(test, notified, 1000u);
	while ((rec = guest_record(test))) {
		KUNIT_ASSERT_EQ(test, rec->seq, ++taken);
		KUNIT_ASSERT_GT(test, rec->lost, 0ull);
		lost = rec->lost;
	}
	KUNIT_EXPECT_EQ(test, taken + lost, 1000ull);
	KUNIT_EXPECT_EQ(test, guest_stats(test, id)->violations, 1000ull);
}

/* A HELLO with error code 0 asks for silence. */
static void test_record_silent(struct kunit *test)
{
	u32 id;

	guest_put_hello(test)->notify_error = 0;
	KUNIT_ASSERT_EQ(test, 0L, chariot_hv_hello(ARGS_GPA));
	id = guest_domain(test, ENFORCE, ACTIVE);
	notified = 0;
	chariot_fake_knobs.notify = count_notify;
	guest_write(test, id, DATA_GPA, 8);
	KUNIT_EXPECT_EQ(test, notified, 0u);
	KUNIT_EXPECT_NOT_NULL(test, guest_record(test));
}

/* The guest gives the right, and the write comes again. */
static void test_record_settled(struct kunit *test)
{
	u32 id = guest_domain(test, ENFORCE, ACTIVE);
	struct chariot_record rec;

	KUNIT_EXPECT_EQ(test, STOP, guest_write(test, id, DATA_GPA + 8, 8));
	rec = *guest_record(test);
	KUNIT_EXPECT_EQ(test, 0L, guest_change(test, ADD, id, rec.gpa, rec.size,
					       W));
	KUNIT_EXPECT_EQ(test, EMULATE, guest_write(test, id, rec.gpa, rec.size));
	KUNIT_EXPECT_NULL(test, guest_record(test));
	KUNIT_EXPECT_EQ(test, guest_stats(test, id)->violations, 0ull);
}

/* The guest does the write itself and says so, once; the others stay violations. */
static void test_record_settle(struct kunit *test)
{
	u32 one = guest_domain(test, ENFORCE, ACTIVE);
	u32 two = guest_domain(test, ENFORCE, ACTIVE);

	guest_write(test, one, DATA_GPA, 8);
	guest_write(test, two, DATA_GPA, 8);
	guest_write(test, one, DATA_GPA + 64, 8);
	KUNIT_EXPECT_EQ(test, -(long)EINVAL, chariot_hv_record_settle(0));
	KUNIT_EXPECT_EQ(test, -(long)ENOENT, chariot_hv_record_settle(4));
	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_record_settle(3));
	KUNIT_EXPECT_EQ(test, -(long)ENOENT, chariot_hv_record_settle(3));
	KUNIT_EXPECT_EQ(test, guest_stats(test, one)->violations, 1ull);
	KUNIT_EXPECT_EQ(test, guest_stats(test, two)->violations, 1ull);

	/* Whose domain has ended can't be settled, by a number of the next one's neither. */
	KUNIT_ASSERT_EQ(test, 0L, chariot_hv_domain_destroy(one));
	KUNIT_EXPECT_EQ(test, one, guest_domain(test, ENFORCE, ACTIVE));
	KUNIT_EXPECT_EQ(test, -(long)ENOENT, chariot_hv_record_settle(1));
	KUNIT_EXPECT_EQ(test, guest_stats(test, one)->violations, 0ull);
	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_record_settle(2));
	KUNIT_EXPECT_EQ(test, guest_stats(test, two)->violations, 0ull);
}

/* Counters. */

static void test_stats(struct kunit *test)
{
	u32 one = guest_domain(test, ENFORCE, ACTIVE);
	u32 two = guest_domain(test, ENFORCE, ACTIVE);
	struct chariot_stats s;

	guest_change(test, ADD, one, DATA_GPA, 8, W);
	guest_change(test, ADD, one, DATA_GPA + 16, 8, W);
	guest_change(test, ADD, two, DATA_GPA + PAGE - 1, 2, W);
	guest_write(test, one, DATA_GPA, 8);
	guest_write(test, one, DATA_GPA + 16, 4);
	guest_write(test, one, DATA_GPA + 8, 4);
	guest_write(test, two, DATA_GPA + 8, 4);
	s = *guest_stats(test, one);
	KUNIT_EXPECT_EQ(test, s.emulated, 2ull);
	KUNIT_EXPECT_EQ(test, s.violations, 1ull);
	KUNIT_EXPECT_EQ(test, s.regions, 1ull);
	s = *guest_stats(test, two);
	KUNIT_EXPECT_EQ(test, s.emulated, 0ull);
	KUNIT_EXPECT_EQ(test, s.violations, 1ull);
	KUNIT_EXPECT_EQ(test, s.regions, 2ull);
	s = *guest_stats(test, CHARIOT_DOMAIN_KERNEL);
	KUNIT_EXPECT_EQ(test, s.emulated, 2ull);
	KUNIT_EXPECT_EQ(test, s.violations, 2ull);
	KUNIT_EXPECT_EQ(test, s.regions, 3ull);
	KUNIT_EXPECT_NULL(test, memchr_inv(s.reserved, 0, sizeof(s.reserved)));
}

/* Rights that the backend gives by itself. */

static bool watched(struct kunit *test, u64 gpa)
{
	u64 gfn = gpa >> CHARIOT_PAGE_SHIFT;
	u8 *bits = guest_at(test, BITS_GPA);

	return bits[gfn / 8] & BIT(gfn % 8);
}

static void test_grant(struct kunit *test)
{
	u32 id = guest_domain(test, ENFORCE, ACTIVE);
	u8 *bits = guest_at(test, BITS_GPA);

	/* Without a map nobody could end the right. */
	KUNIT_EXPECT_EQ(test, -ENOENT, chariot_fake_grant(id, DATA_GPA));
	guest_put_map(test);
	KUNIT_ASSERT_EQ(test, 0L, chariot_hv_watch_map(MAP_GPA));
	KUNIT_EXPECT_EQ(test, -ENOENT, chariot_fake_grant(id + 1, DATA_GPA));
	KUNIT_EXPECT_EQ(test, -ENOENT, chariot_fake_grant(id, 32768ull * PAGE));
	KUNIT_EXPECT_NULL(test, memchr_inv(bits, 0, PAGE));

	KUNIT_EXPECT_EQ(test, 0, chariot_fake_grant(id, DATA_GPA + 8));
	KUNIT_EXPECT_EQ(test, 0, chariot_fake_grant(id, DATA_GPA + PAGE));
	KUNIT_EXPECT_TRUE(test, watched(test, DATA_GPA));
	KUNIT_EXPECT_TRUE(test, watched(test, DATA_GPA + PAGE));
	KUNIT_EXPECT_FALSE(test, watched(test, DATA_GPA + 2 * PAGE));
	KUNIT_EXPECT_EQ(test, ALLOW, guest_write(test, id, DATA_GPA, 8));
	/* The guest's table knows nothing of it, and removals do not end it. */
	KUNIT_EXPECT_EQ(test, guest_stats(test, id)->regions, 0ull);
	KUNIT_EXPECT_EQ(test, 0L, guest_change(test, REMOVE, id, DATA_GPA, PAGE,
					       0));
	KUNIT_EXPECT_EQ(test, ALLOW, guest_write(test, id, DATA_GPA, 8));

	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_page_release(DATA_GPA + 100, 1));
	KUNIT_EXPECT_FALSE(test, watched(test, DATA_GPA));
	KUNIT_EXPECT_TRUE(test, watched(test, DATA_GPA + PAGE));
	KUNIT_EXPECT_EQ(test, STOP, guest_write(test, id, DATA_GPA, 8));
	KUNIT_EXPECT_EQ(test, ALLOW, guest_write(test, id, DATA_GPA + PAGE, 8));
	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_page_release(0, 1ull << 52));
	KUNIT_EXPECT_EQ(test, STOP, guest_write(test, id, DATA_GPA + PAGE, 8));
	KUNIT_EXPECT_NULL(test, memchr_inv(bits, 0, PAGE));
}

/* A release ends what the backend gave, not what the guest did. */
static void test_release_keeps_regions(struct kunit *test)
{
	u32 id = guest_domain(test, ENFORCE, ACTIVE);

	guest_put_map(test);
	KUNIT_ASSERT_EQ(test, 0L, chariot_hv_watch_map(MAP_GPA));
	KUNIT_ASSERT_EQ(test, 0, chariot_fake_grant(id, DATA_GPA));
	KUNIT_ASSERT_EQ(test, 0L, guest_change(test, ADD, id, DATA_GPA, 16, W));
	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_page_release(DATA_GPA, PAGE));
	KUNIT_EXPECT_EQ(test, EMULATE, guest_write(test, id, DATA_GPA, 16));
	KUNIT_EXPECT_EQ(test, STOP, guest_write(test, id, DATA_GPA + 16, 1));
}

static void test_bad_map(struct kunit *test)
{
	struct chariot_frame_map *m;
	u32 id = guest_domain(test, ENFORCE, ACTIVE);

	m = guest_put_map(test);
	m->count = CHARIOT_FRAME_MAP_MAX + 1;
	KUNIT_EXPECT_EQ(test, -(long)EINVAL, chariot_hv_watch_map(MAP_GPA));
	m = guest_put_map(test);
	m->gpa[0]++;
	KUNIT_EXPECT_EQ(test, -(long)EINVAL, chariot_hv_watch_map(MAP_GPA));
	m = guest_put_map(test);
	m->reserved[0] = 1;
	KUNIT_EXPECT_EQ(test, -(long)EINVAL, chariot_hv_watch_map(MAP_GPA));
	KUNIT_EXPECT_EQ(test, -ENOENT, chariot_fake_grant(id, DATA_GPA));
	/* Pages of the map need not be there until a bit is to be set. */
	m = guest_put_map(test);
	m->gpa[0] = GUEST_END;
	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_watch_map(MAP_GPA));
	KUNIT_EXPECT_EQ(test, -EFAULT, chariot_fake_grant(id, DATA_GPA));
	KUNIT_EXPECT_EQ(test, STOP, guest_write(test, id, DATA_GPA, 8));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(test_hello),
	KUNIT_CASE_PARAM(test_hello_again, hello_gen_params),
	KUNIT_CASE(test_life),
	KUNIT_CASE(test_number_again),
	KUNIT_CASE(test_two_domains),
	KUNIT_CASE(test_create_limits),
	KUNIT_CASE(test_create_bad),
	KUNIT_CASE_PARAM(test_batch, batch_gen_params),
	KUNIT_CASE(test_batch_head),
	KUNIT_CASE(test_batch_full),
	KUNIT_CASE(test_record),
	KUNIT_CASE(test_record_bare),
	KUNIT_CASE(test_record_fold),
	KUNIT_CASE(test_record_overflow),
	KUNIT_CASE(test_record_silent),
	KUNIT_CASE(test_record_settled),
	KUNIT_CASE(test_record_settle),
	KUNIT_CASE(test_stats),
	KUNIT_CASE(test_grant),
	KUNIT_CASE(test_release_keeps_regions),
	KUNIT_CASE(test_bad_map),
	{ }
};

static struct kunit_suite suite = {
	.name		= "chariot_abi_domains",
	.init		= guest_init_greeted,
	.exit		= guest_exit,
	.test_cases	= cases,
};

kunit_test_suite(suite);
