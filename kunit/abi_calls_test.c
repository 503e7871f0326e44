// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The calls: what reaches a transport, what comes back of it, and the errors
 * that each call has. KUnit alone.
 */
#include <kunit/test.h>

#include "abi_fixture.h"
#include "rows.h"

/* The transports that calls.c looks for; here none that calls. */
static bool kvm_is_there;

static bool kvm_detect(void)
{
	return kvm_is_there;
}

const struct chariot_transport chariot_transport_kvm = {
	.name	= "kvm",
	.detect	= kvm_detect,
};

static bool xen_is_there;

static bool xen_detect(void)
{
	return xen_is_there;
}

const struct chariot_transport chariot_transport_xen = {
	.name	= "xen",
	.detect	= xen_detect,
};

static struct {
	u32 nr;
	u64 a1, a2, a3;
} spied;

static long spy_call(u32 nr, u64 a1, u64 a2, u64 a3)
{
	spied.nr = nr;
	spied.a1 = a1;
	spied.a2 = a2;
	spied.a3 = a3;
	return 4711;
}

static const struct chariot_transport spy = {
	.name	= "spy",
	.call	= spy_call,
};

/* Each call, with arguments that are good once a domain 1 exists. */

static long call_hello(struct kunit *test)
{
	guest_put_hello(test);
	return chariot_hv_hello(ARGS_GPA);
}

static long call_create(struct kunit *test)
{
	guest_put_create(test, CHARIOT_MODE_ENFORCE);
	return chariot_hv_domain_create(ARGS_GPA);
}

static long call_control(struct kunit *test)
{
	return chariot_hv_domain_control(1, CHARIOT_DOMAIN_ACTIVE,
					 CHARIOT_MODE_AUDIT);
}

static long call_destroy(struct kunit *test)
{
	return chariot_hv_domain_destroy(1);
}

static long call_update(struct kunit *test)
{
	const struct chariot_region r = {
		.gpa = DATA_GPA, .size = PAGE, .domain = 1,
		.rights = CHARIOT_RIGHT_WRITE,
	};

	guest_put_batch(test, &r, 1);
	return chariot_hv_region_update(BATCH_GPA);
}

static long call_record(struct kunit *test)
{
	return chariot_hv_record_next(ARGS_GPA);
}

static long call_stats(struct kunit *test)
{
	return chariot_hv_domain_stats(1, ARGS_GPA);
}

static long call_watch_map(struct kunit *test)
{
	guest_put_map(test);
	return chariot_hv_watch_map(MAP_GPA);
}

static long call_release(struct kunit *test)
{
	return chariot_hv_page_release(DATA_GPA, PAGE);
}

static long call_alias(struct kunit *test)
{
	guest_put_alias(test);
	return chariot_hv_walk_alias(ALIAS_GPA);
}

static long call_entry(struct kunit *test)
{
	return chariot_hv_entry_word(DATA_GPA);
}

static long call_settle(struct kunit *test)
{
	return chariot_hv_record_settle(1);
}

struct call_row {
	const char *name;
	enum chariot_call_nr nr;
	long (*call)(struct kunit *test);
	u64 a1, a2, a3;		/* what it passes on */
	long alone;		/* its answer without a domain or a record */
};

static const struct call_row call_rows[] = {
	{ "HELLO", CHARIOT_CALL_HELLO, call_hello, ARGS_GPA },
	{ "DOMAIN_CREATE", CHARIOT_CALL_DOMAIN_CREATE, call_create, ARGS_GPA },
	{ "DOMAIN_CONTROL", CHARIOT_CALL_DOMAIN_CONTROL, call_control, 1,
	  CHARIOT_DOMAIN_ACTIVE, CHARIOT_MODE_AUDIT, -ENOENT },
	{ "DOMAIN_DESTROY", CHARIOT_CALL_DOMAIN_DESTROY, call_destroy, 1, 0, 0,
	  -ENOENT },
	{ "REGION_UPDATE", CHARIOT_CALL_REGION_UPDATE, call_update, BATCH_GPA,
	  0, 0, -ENOENT },
	{ "RECORD_NEXT", CHARIOT_CALL_RECORD_NEXT, call_record, ARGS_GPA, 0, 0,
	  -ENOENT },
	{ "DOMAIN_STATS", CHARIOT_CALL_DOMAIN_STATS, call_stats, 1, ARGS_GPA, 0,
	  -ENOENT },
	{ "WATCH_MAP", CHARIOT_CALL_WATCH_MAP, call_watch_map, MAP_GPA },
	{ "PAGE_RELEASE", CHARIOT_CALL_PAGE_RELEASE, call_release, DATA_GPA,
	  PAGE },
	{ "WALK_ALIAS", CHARIOT_CALL_WALK_ALIAS, call_alias, ALIAS_GPA },
	{ "ENTRY_WORD", CHARIOT_CALL_ENTRY_WORD, call_entry, DATA_GPA },
	{ "RECORD_SETTLE", CHARIOT_CALL_RECORD_SETTLE, call_settle, 1, 0, 0,
	  -ENOENT },
};

static_assert(ARRAY_SIZE(call_rows) == CHARIOT_CALL_COUNT);

CHARIOT_ROWS(call);

static void test_passed_on(struct kunit *test)
{
	const struct call_row *r = test->param_value;

	chariot_hv_use(&spy);
	memset(&spied, 0xff, sizeof(spied));
	KUNIT_EXPECT_EQ(test, 4711L, r->call(test));
	KUNIT_EXPECT_EQ(test, spied.nr, (u32)r->nr);
	KUNIT_EXPECT_EQ(test, spied.a1, r->a1);
	KUNIT_EXPECT_EQ(test, spied.a2, r->a2);
	KUNIT_EXPECT_EQ(test, spied.a3, r->a3);
}

static void test_no_transport(struct kunit *test)
{
	const struct call_row *r = test->param_value;

	chariot_hv_use(NULL);
	KUNIT_EXPECT_EQ(test, -(long)ENODEV, r->call(test));
	KUNIT_EXPECT_EQ(test, chariot_fake_calls(), 0ull);
}

static void test_no_backend(struct kunit *test)
{
	const struct call_row *r = test->param_value;

	chariot_fake_knobs.absent = true;
	KUNIT_EXPECT_EQ(test, -(long)ENOSYS, r->call(test));
}

static void test_before_hello(struct kunit *test)
{
	const struct call_row *r = test->param_value;

	KUNIT_EXPECT_EQ(test, r->nr == CHARIOT_CALL_HELLO ? 0 : -(long)ENODEV,
			r->call(test));
}

static void test_without_domain(struct kunit *test)
{
	const struct call_row *r = test->param_value;

	KUNIT_ASSERT_EQ(test, 0L, call_hello(test));
	KUNIT_EXPECT_EQ(test, r->alone, r->call(test));
}

static void test_with_domain(struct kunit *test)
{
	const struct call_row *r = test->param_value;

	KUNIT_ASSERT_EQ(test, 0L, call_hello(test));
	guest_domain(test, CHARIOT_MODE_ENFORCE, CHARIOT_DOMAIN_ACTIVE);
	guest_write(test, 1, DATA_GPA, 8);
	KUNIT_EXPECT_EQ(test, 0L, r->call(test));
}

/* All that a guest can learn of a backend's state. */
struct state {
	struct chariot_stats stats;
	enum chariot_verdict verdict;
	u8 bits;
};

static struct state state_of(struct kunit *test)
{
	struct state s = { };

	s.stats = *guest_stats(test, 1);
	s.bits = *(u8 *)guest_at(test, BITS_GPA + (DATA_GPA >> 12) / 8);
	return s;
}

/* A failing call has no effect: one domain, one record, a right and a grant. */
static void check_no_effect(struct kunit *test, const struct call_row *r,
			    long want)
{
	struct state before, after;

	before = state_of(test);
	if (want == -EPERM)
		chariot_fake_knobs.unprivileged = true;
	else
		chariot_fake_knobs.fail_call = 1;
	chariot_fake_knobs.fail_error = want;
	KUNIT_EXPECT_EQ(test, want, r->call(test));
	chariot_fake_knobs.unprivileged = false;
	after = state_of(test);
	KUNIT_EXPECT_EQ(test, 0, memcmp(&before, &after, sizeof(after)));

	/* In force as before, and the record is there. */
	KUNIT_EXPECT_EQ(test, CHARIOT_VERDICT_ALLOW,
			guest_write(test, 1, DATA_GPA, 8));
	KUNIT_EXPECT_EQ(test, CHARIOT_VERDICT_EMULATE,
			guest_write(test, 1, DATA_GPA + PAGE, 8));
	KUNIT_EXPECT_EQ(test, CHARIOT_VERDICT_STOP,
			guest_write(test, 1, DATA_GPA + PAGE, 9));
	KUNIT_EXPECT_NOT_NULL(test, guest_record(test));
	KUNIT_EXPECT_NOT_NULL(test, guest_record(test));
	KUNIT_EXPECT_NULL(test, guest_record(test));
	KUNIT_EXPECT_EQ(test, -ENOENT, chariot_fake_write(2, DATA_GPA, 1, NULL));
}

static void busy_guest(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, 0L, call_hello(test));
	KUNIT_ASSERT_EQ(test, 0L, call_watch_map(test));
	guest_domain(test, CHARIOT_MODE_ENFORCE, CHARIOT_DOMAIN_ACTIVE);
	KUNIT_ASSERT_EQ(test, 0, chariot_fake_grant(1, DATA_GPA));
	KUNIT_ASSERT_EQ(test, 0L, guest_change(test, CHARIOT_REGION_ADD, 1,
					       DATA_GPA + PAGE, 8,
					       CHARIOT_RIGHT_WRITE));
	guest_write(test, 1, TABLE_GPA, 8);
}

static void test_unprivileged(struct kunit *test)
{
	busy_guest(test);
	check_no_effect(test, test->param_value, -EPERM);
}

static void test_transport_error(struct kunit *test)
{
	busy_guest(test);
	check_no_effect(test, test->param_value, -EIO);
}

/* The n-th call fails, none before, none behind. */
static void test_nth_call(struct kunit *test)
{
	int i;

	KUNIT_ASSERT_EQ(test, 0L, call_hello(test));
	chariot_fake_knobs.fail_call = 3;
	chariot_fake_knobs.fail_error = -EINTR;
	for (i = 1; i <= 6; i++)
		KUNIT_EXPECT_EQ_MSG(test, i == 3 ? -(long)EINTR : 0,
				    call_watch_map(test), "call %d", i);
	KUNIT_EXPECT_EQ(test, chariot_fake_calls(), 7ull);
}

static void test_unknown_call(struct kunit *test)
{
	static const u32 unknown[] = { CHARIOT_CALL_COUNT, 0xffff, ~0u };
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0L, call_hello(test));
	for (i = 0; i < ARRAY_SIZE(unknown); i++)
		KUNIT_EXPECT_EQ(test, -(long)ENOSYS,
				chariot_transport_fake.call(unknown[i], ARGS_GPA,
							    ARGS_GPA, 0));
}

static void test_detect(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, "fake", chariot_hv_name());
	KUNIT_EXPECT_TRUE(test, chariot_transport_fake.detect());
	chariot_hv_use(NULL);
	KUNIT_EXPECT_STREQ(test, "none", chariot_hv_name());
	KUNIT_EXPECT_EQ(test, -ENODEV, chariot_hv_detect());
	KUNIT_EXPECT_STREQ(test, "none", chariot_hv_name());
	kvm_is_there = true;
	KUNIT_EXPECT_EQ(test, 0, chariot_hv_detect());
	KUNIT_EXPECT_STREQ(test, "kvm", chariot_hv_name());
	kvm_is_there = false;
}

/* Where the structure of a call may not lie. */
struct buffer_row {
	const char *name;
	u64 gpa;
	long want;
};

static const struct buffer_row buffer_rows[] = {
	{ "off by a byte", ARGS_GPA + 1, -EINVAL },
	{ "off by half a word", ARGS_GPA + 4, -EINVAL },
	{ "over a page's end", ARGS_GPA + PAGE - 8, -EINVAL },
	{ "behind 52 bits", 1ull << 52, -EINVAL },
	{ "end of 64 bits", ~0ull, -EINVAL },
	{ "last page of 64 bits", ~0xfffull, -EINVAL },
	{ "page 0", 0, -EFAULT },
	{ "before RAM", GUEST_GPA - PAGE, -EFAULT },
	{ "behind RAM", GUEST_END, -EFAULT },
	{ "last page of 52 bits", (1ull << 52) - PAGE, -EFAULT },
};

CHARIOT_ROWS(buffer);

static void test_buffer(struct kunit *test)
{
	const struct buffer_row *r = test->param_value;

	KUNIT_EXPECT_EQ(test, r->want, chariot_hv_hello(r->gpa));
	busy_guest(test);
	KUNIT_EXPECT_EQ(test, r->want, chariot_hv_hello(r->gpa));
	KUNIT_EXPECT_EQ(test, r->want, chariot_hv_domain_create(r->gpa));
	KUNIT_EXPECT_EQ(test, r->want, chariot_hv_region_update(r->gpa));
	KUNIT_EXPECT_EQ(test, r->want, chariot_hv_record_next(r->gpa));
	KUNIT_EXPECT_EQ(test, r->want, chariot_hv_domain_stats(1, r->gpa));
	KUNIT_EXPECT_EQ(test, r->want, chariot_hv_domain_stats(0, r->gpa));
	KUNIT_EXPECT_EQ(test, r->want, chariot_hv_watch_map(r->gpa));
	KUNIT_EXPECT_EQ(test, r->want, chariot_hv_walk_alias(r->gpa));
	/* A record that cannot be delivered stays. */
	KUNIT_EXPECT_NOT_NULL(test, guest_record(test));
	KUNIT_EXPECT_NULL(test, guest_record(test));
}

/* Structures of a page are aligned to it, others to 8 bytes. */
static void test_alignment(struct kunit *test)
{
	u64 last = GUEST_END - sizeof(struct chariot_record);

	busy_guest(test);
	KUNIT_EXPECT_EQ(test, -(long)EINVAL,
			chariot_hv_region_update(BATCH_GPA + 8));
	KUNIT_EXPECT_EQ(test, -(long)EINVAL, chariot_hv_watch_map(MAP_GPA + 8));
	KUNIT_EXPECT_EQ(test, -(long)EINVAL,
			chariot_hv_walk_alias(ALIAS_GPA + 8));
	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_domain_stats(1, ARGS_GPA + 8));
	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_record_next(last));
}

struct domain_row {
	const char *name;
	u32 domain;
	long want;		/* of DOMAIN_CONTROL and _DESTROY */
	long stats;
};

static const struct domain_row domain_rows[] = {
	{ "the kernel", CHARIOT_DOMAIN_KERNEL, -EINVAL, 0 },
	{ "all", CHARIOT_DOMAIN_ALL, -EINVAL, -EINVAL },
	{ "the next one", 2, -ENOENT, -ENOENT },
	{ "the last that can be", CHARIOT_FAKE_DOMAINS, -ENOENT, -ENOENT },
	{ "one more", CHARIOT_FAKE_DOMAINS + 1, -ENOENT, -ENOENT },
	{ "a far one", 0x80000001, -ENOENT, -ENOENT },
	{ "last number", CHARIOT_DOMAIN_ALL - 1, -ENOENT, -ENOENT },
};

CHARIOT_ROWS(domain);

static void test_bad_domain(struct kunit *test)
{
	const struct domain_row *r = test->param_value;

	busy_guest(test);
	KUNIT_EXPECT_EQ(test, r->want, chariot_hv_domain_control(r->domain, 1, 1));
	KUNIT_EXPECT_EQ(test, r->want, chariot_hv_domain_destroy(r->domain));
	KUNIT_EXPECT_EQ(test, r->stats, chariot_hv_domain_stats(r->domain,
								ARGS_GPA));
}

static void test_bad_control(struct kunit *test)
{
	busy_guest(test);
	KUNIT_EXPECT_EQ(test, -(long)EINVAL,
			chariot_hv_domain_control(1, CHARIOT_DOMAIN_STATE_COUNT,
						  CHARIOT_MODE_AUDIT));
	KUNIT_EXPECT_EQ(test, -(long)EINVAL,
			chariot_hv_domain_control(1, CHARIOT_DOMAIN_ACTIVE,
						  CHARIOT_MODE_COUNT));
	/* Arguments have 64 bits. */
	KUNIT_EXPECT_EQ(test, -(long)EINVAL,
			chariot_transport_fake.call(CHARIOT_CALL_DOMAIN_CONTROL,
						    1ull << 32 | 1, 0, 0));
	KUNIT_EXPECT_EQ(test, -(long)EINVAL,
			chariot_transport_fake.call(CHARIOT_CALL_DOMAIN_DESTROY,
						    1ull << 32 | 1, 0, 0));
	KUNIT_EXPECT_EQ(test, CHARIOT_VERDICT_STOP,
			guest_write(test, 1, TABLE_GPA, 8));
}

struct release_row {
	const char *name;
	u64 gpa;
	u64 size;
	long want;
};

static const struct release_row release_rows[] = {
	{ "a page", DATA_GPA, PAGE, 0 },
	{ "a byte", DATA_GPA + 1, 1, 0 },
	{ "not RAM", 0, PAGE, 0 },
	{ "all memory", 0, 1ull << 52, 0 },
	{ "empty", DATA_GPA, 0, -EINVAL },
	{ "over the end", (1ull << 52) - 1, 2, -EINVAL },
	{ "behind the end", 1ull << 52, PAGE, -EINVAL },
	{ "overflows", DATA_GPA, ~0ull, -EINVAL },
};

CHARIOT_ROWS(release);

static void test_release(struct kunit *test)
{
	const struct release_row *r = test->param_value;

	busy_guest(test);
	KUNIT_EXPECT_EQ(test, r->want, chariot_hv_page_release(r->gpa, r->size));
}

struct alias_row {
	const char *name;
	u32 op;
	u32 count;
	u64 gpa;		/* of the last entry */
	u64 reserved;
	long want;
};

static const struct alias_row alias_rows[] = {
	{ "tables", CHARIOT_WALK_ALIAS_TABLES, 1, TABLE_GPA, 0, 0 },
	{ "a hole", CHARIOT_WALK_ALIAS_TABLES, 3, 0, 0, 0 },
	{ "most", CHARIOT_WALK_ALIAS_TABLES, CHARIOT_WALK_ALIAS_MAX, TABLE_GPA,
	  0, 0 },
	{ "enable a pair", CHARIOT_WALK_ALIAS_ENABLE, 2, TABLE_GPA, 0, 0 },
	{ "enable most", CHARIOT_WALK_ALIAS_ENABLE, 2 * CHARIOT_WALK_ALIAS_TOPS,
	  TABLE_GPA, 0, 0 },
	{ "disable", CHARIOT_WALK_ALIAS_DISABLE, 0, 0, 0, 0 },
	{ "first unknown op", CHARIOT_WALK_ALIAS_OP_COUNT, 0, 0, 0, -EINVAL },
	{ "one too many", CHARIOT_WALK_ALIAS_TABLES, CHARIOT_WALK_ALIAS_MAX + 1,
	  0, 0, -EINVAL },
	{ "largest count", CHARIOT_WALK_ALIAS_TABLES, ~0u, 0, 0, -EINVAL },
	{ "reserved", CHARIOT_WALK_ALIAS_TABLES, 1, TABLE_GPA, 1, -EINVAL },
	{ "table not aligned", CHARIOT_WALK_ALIAS_TABLES, 2, TABLE_GPA + 8, 0,
	  -EINVAL },
	{ "table not RAM", CHARIOT_WALK_ALIAS_TABLES, 2, GUEST_END, 0, -EFAULT },
	{ "enable nothing", CHARIOT_WALK_ALIAS_ENABLE, 0, 0, 0, -EINVAL },
	{ "enable half a pair", CHARIOT_WALK_ALIAS_ENABLE, 3, TABLE_GPA, 0,
	  -EINVAL },
	{ "enable too many", CHARIOT_WALK_ALIAS_ENABLE,
	  2 * CHARIOT_WALK_ALIAS_TOPS + 2, TABLE_GPA, 0, -EINVAL },
	{ "enable page 0", CHARIOT_WALK_ALIAS_ENABLE, 2, 0, 0, -EFAULT },
};

CHARIOT_ROWS(alias);

static void test_alias(struct kunit *test)
{
	const struct alias_row *r = test->param_value;
	struct chariot_walk_alias *a;
	u32 i;

	busy_guest(test);
	a = guest_put_alias(test);
	a->op = r->op;
	a->count = r->count;
	a->reserved[12] = r->reserved;
	for (i = 0; i < r->count && i < CHARIOT_WALK_ALIAS_MAX; i++)
		a->gpa[i] = i == r->count - 1 ? r->gpa : TABLE_GPA;
	KUNIT_EXPECT_EQ(test, r->want, chariot_hv_walk_alias(ALIAS_GPA));
}

static void test_alias_not_needed(struct kunit *test)
{
	chariot_fake_knobs.features &= ~CHARIOT_F_WALK_ALIAS;
	KUNIT_ASSERT_EQ(test, 0L, call_hello(test));
	KUNIT_EXPECT_EQ(test, -(long)ENOSYS, call_alias(test));
}

static void test_entry_word(struct kunit *test)
{
	busy_guest(test);
	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_entry_word(DATA_GPA + PAGE - 8));
	KUNIT_EXPECT_EQ(test, -(long)EINVAL, chariot_hv_entry_word(DATA_GPA + 4));
	KUNIT_EXPECT_EQ(test, -(long)EFAULT, chariot_hv_entry_word(GUEST_END));
	chariot_fake_knobs.features &= ~CHARIOT_F_GUEST_SWITCH;
	KUNIT_ASSERT_EQ(test, 0L, call_hello(test));
	KUNIT_EXPECT_EQ(test, -(long)ENOSYS, chariot_hv_entry_word(DATA_GPA));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(test_passed_on, call_gen_params),
	KUNIT_CASE_PARAM(test_no_transport, call_gen_params),
	KUNIT_CASE_PARAM(test_no_backend, call_gen_params),
	KUNIT_CASE_PARAM(test_before_hello, call_gen_params),
	KUNIT_CASE_PARAM(test_without_domain, call_gen_params),
	KUNIT_CASE_PARAM(test_with_domain, call_gen_params),
	KUNIT_CASE_PARAM(test_unprivileged, call_gen_params),
	KUNIT_CASE_PARAM(test_transport_error, call_gen_params),
	KUNIT_CASE(test_nth_call),
	KUNIT_CASE(test_unknown_call),
	KUNIT_CASE(test_detect),
	KUNIT_CASE_PARAM(test_buffer, buffer_gen_params),
	KUNIT_CASE(test_alignment),
	KUNIT_CASE_PARAM(test_bad_domain, domain_gen_params),
	KUNIT_CASE(test_bad_control),
	KUNIT_CASE_PARAM(test_release, release_gen_params),
	KUNIT_CASE_PARAM(test_alias, alias_gen_params),
	KUNIT_CASE(test_alias_not_needed),
	KUNIT_CASE(test_entry_word),
	{ }
};

static struct kunit_suite suite = {
	.name		= "chariot_abi_calls",
	.init		= guest_init,
	.exit		= guest_exit,
	.test_cases	= cases,
};

kunit_test_suite(suite);
