// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever fails while chariot starts or a driver comes and goes, it fails as a
 * whole: nothing is lost, nothing stays, and the next try is as good as the first.
 */
#include <linux/sched.h>

#include <chariot/hypercall.h>
#include "ledger.h"
#include "world.h"

#define STEPS_MAX	5000	/* more is a loop */

static void expect_balance(struct kunit *test, const char *what, unsigned int n)
{
	const struct ledger_sum sum = ledger_close();

	KUNIT_EXPECT_EQ_MSG(test, 0L, sum.count, "%s %u, taken by %pS", what, n,
			    (void *)sum.first);
}

/* The errors with which a call may fail. */
static const int call_errors[] = { -ENOMEM, -EIO };

static void error_desc(const int *error, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "error %d", *error);
}

KUNIT_ARRAY_PARAM(error, call_errors, error_desc);

/* --- chariot's start -------------------------------------------------------------- */

static void test_start_calls(struct kunit *test)
{
	const int *error = test->param_value;
	unsigned int n, kept = 0;
	struct ledger_sum sum;
	bool done = false;
	int ret;

	for (n = 1; !done && n < STEPS_MAX; n++) {
		ledger_open();
		chariot_fake_knobs.fail_error = *error;
		chariot_fake_knobs.fail_call = n;
		ret = chariot_start();
		if (!ret)
			chariot_stop();
		done = chariot_fake_knobs.fail_call;
		chariot_fake_knobs.fail_call = 0;
		if (done)
			KUNIT_EXPECT_EQ(test, 0, ret);
		world_backend_end(test);
		sum = ledger_close();
		kept += sum.count;
		if (sum.count)
			KUNIT_EXPECT_EQ_MSG(test, 0, ret, "call %u, taken by %pS", n,
					    (void *)sum.first);
		world_backend(test);
	}
	KUNIT_EXPECT_TRUE(test, done);
	KUNIT_EXPECT_GT(test, n, 3u);
	/* A watched map is left to the backend that does not give it back. */
	KUNIT_EXPECT_EQ(test, 1u, kept);
}

static void test_start_steps(struct kunit *test)
{
	const char *call = "";
	unsigned int n;
	int ret;

	for (n = 1; call && n < STEPS_MAX; n++) {
		ledger_open();
		ledger_fail(n);
		ret = chariot_start();
		call = ledger_failed();
		if (!ret)
			chariot_stop();
		if (!call)
			KUNIT_EXPECT_EQ(test, 0, ret);
		world_backend_end(test);
		expect_balance(test, call ?: "none", n);
		world_backend(test);
	}
	KUNIT_EXPECT_NULL(test, call);
	KUNIT_EXPECT_GT(test, n, 30u);
	kunit_info(test, "%u steps\n", n - 2);
}

/* --- a driver's coming and going --------------------------------------------------- */

static void expect_nobody(struct kunit *test, const char *what, unsigned int n)
{
	struct chariot_stats *stats = (void *)get_zeroed_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, stats);
	KUNIT_EXPECT_FALSE_MSG(test, world_loaded(), "%s %u", what, n);
	KUNIT_EXPECT_TRUE_MSG(test, list_empty(&chariot_drivers), "%s %u", what, n);
	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_domain_stats(0, __pa(stats)));
	KUNIT_EXPECT_EQ_MSG(test, stats->regions, 0ull, "%s %u", what, n);
	free_page((unsigned long)stats);
}

static void test_load_calls(struct kunit *test)
{
	const struct world_load load = { .mode = CHARIOT_MODE_ENFORCE };
	const int *error = test->param_value;
	bool done = false;
	unsigned int n;
	int ret;

	for (n = 1; !done && n < STEPS_MAX; n++) {
		ledger_open();
		chariot_fake_knobs.fail_error = *error;
		chariot_fake_knobs.fail_call = n;
		ret = world_try_load(&load);
		done = chariot_fake_knobs.fail_call;
		chariot_fake_knobs.fail_call = 0;
		if (done)
			KUNIT_EXPECT_EQ(test, 0, ret);
		if (!ret)
			KUNIT_EXPECT_EQ(test, 0, world_unload());
		expect_nobody(test, "call", n);
		expect_balance(test, "call", n);
	}
	KUNIT_EXPECT_TRUE(test, done);
	KUNIT_EXPECT_GT(test, n, 8u);
}

/* The end of a driver can't fail: whatever the backend says, it goes. */
static void test_unload_calls(struct kunit *test)
{
	const struct world_load load = { .mode = CHARIOT_MODE_ENFORCE };
	const int *error = test->param_value;
	bool done = false;
	unsigned int n;

	for (n = 1; !done && n < STEPS_MAX; n++) {
		ledger_open();
		KUNIT_ASSERT_EQ(test, 0, world_try_load(&load));
		chariot_fake_knobs.fail_error = *error;
		chariot_fake_knobs.fail_call = n;
		KUNIT_EXPECT_EQ(test, 0, world_unload());
		done = chariot_fake_knobs.fail_call;
		chariot_fake_knobs.fail_call = 0;
		KUNIT_EXPECT_FALSE(test, world_loaded());
		KUNIT_EXPECT_TRUE(test, list_empty(&chariot_drivers));
		/* A domain may be left that the backend did not end. */
		chariot_stop();
		world_backend_end(test);
		expect_balance(test, "call", n);
		world_backend(test);
		KUNIT_ASSERT_EQ(test, 0, chariot_start());
	}
	KUNIT_EXPECT_TRUE(test, done);
}

/* A try with the @n-th step failing: which that was; NULL: it has fewer. */
static const char *load_short_of(struct kunit *test, unsigned int n)
{
	const struct world_load load = { .mode = CHARIOT_MODE_ENFORCE };
	const char *call;
	int ret;

	ledger_open();
	ledger_fail(n);
	ret = world_try_load(&load);
	call = ledger_failed();
	if (!call)
		KUNIT_EXPECT_EQ(test, 0, ret);
	if (!ret)
		KUNIT_EXPECT_EQ(test, 0, world_unload());
	expect_nobody(test, call ?: "none", n);
	expect_balance(test, call ?: "none", n);
	return call;
}

static void test_load_steps(struct kunit *test)
{
	unsigned int n;

	for (n = 1; n < STEPS_MAX && load_short_of(test, n); n++)
		;
	KUNIT_EXPECT_GT(test, n, 50u);
	KUNIT_EXPECT_LT(test, n, (unsigned int)STEPS_MAX);
	kunit_info(test, "%u steps\n", n - 1);
}

/* What is made once and kept, by the kernel, too, is not to be counted. */
static int failure_init(struct kunit *test)
{
	const struct world_load load = { .mode = CHARIOT_MODE_ENFORCE };
	int ret = world_init(test);

	if (!ret && !world_try_load(&load))
		world_unload();
	return ret;
}

/* These tests start it themselves. */
static int start_init(struct kunit *test)
{
	int ret = world_init(test);

	if (!ret)
		chariot_stop();
	return ret;
}

static void start_exit(struct kunit *test)
{
	if (test->priv)
		world_backend_end(test);
}

static struct kunit_case start_cases[] = {
	KUNIT_CASE_PARAM(test_start_calls, error_gen_params),
	KUNIT_CASE(test_start_steps),
	{ }
};

struct kunit_suite guest_start_suite = {
	.name = "chariot_guest_start",
	.init = start_init,
	.exit = start_exit,
	.test_cases = start_cases,
};

static struct kunit_case failure_cases[] = {
	KUNIT_CASE_PARAM(test_load_calls, error_gen_params),
	KUNIT_CASE_PARAM(test_unload_calls, error_gen_params),
	KUNIT_CASE(test_load_steps),
	{ }
};

struct kunit_suite guest_failure_suite = {
	.name = "chariot_guest_failure",
	.init = failure_init,
	.exit = world_exit,
	.test_cases = failure_cases,
};
