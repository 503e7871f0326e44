// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that are nobody's but the kernel's, made from user mode and from a driver's
 * view: each is refused and does nothing. Each would do something, as the kernel
 * then shows by making the same ones.
 * Runs in the guest's kernel.
 */
#include <linux/sched.h>
#include <linux/umh.h>

#include "hostile.h"

#define STORES	2u	/* one before the calls and one behind them */

/* The request for each call in a page of its own, and its arguments. */
struct args {
	u64 a1, a2, a3;
};

static struct args args_of(u32 nr)
{
	u64 gpa = page_gpa(PAGE_REQUEST + 1 + nr);

	switch (nr) {
	case CHARIOT_CALL_DOMAIN_CONTROL:
		return (struct args){ 1, CHARIOT_DOMAIN_INACTIVE, CHARIOT_MODE_AUDIT };
	case CHARIOT_CALL_DOMAIN_DESTROY:
		return (struct args){ 1 };
	case CHARIOT_CALL_DOMAIN_STATS:
		return (struct args){ 1, gpa };
	case CHARIOT_CALL_PAGE_RELEASE:
		return (struct args){ page_gpa(PAGE_TARGET), PAGE_SIZE };
	case CHARIOT_CALL_RECORD_SETTLE:
		/* The first store's. */
		return (struct args){ 1 };
	default:
		return (struct args){ gpa };
	}
}

static void *request(u32 nr)
{
	return page_of(PAGE_REQUEST + 1 + nr);
}

static void prepare(void)
{
	struct chariot_batch *batch = request(CHARIOT_CALL_REGION_UPDATE);
	struct chariot_walk_alias *alias = request(CHARIOT_CALL_WALK_ALIAS);

	memset(request(0), 0, CHARIOT_CALL_COUNT * PAGE_SIZE);
	*(struct chariot_hello *)request(CHARIOT_CALL_HELLO) = (struct chariot_hello){
		.revision = CHARIOT_ABI_REVISION,
		.stack_size = THREAD_SIZE,
	};
	*(struct chariot_domain_create *)request(CHARIOT_CALL_DOMAIN_CREATE) =
		(struct chariot_domain_create){ .name = "refused" };
	batch->count = 1;
	batch->region[0] = (struct chariot_region){
		.gpa = page_gpa(PAGE_TARGET), .size = PAGE_SIZE, .domain = 1,
		.rights = CHARIOT_RIGHT_WRITE, .kind = CHARIOT_KIND_DATA,
	};
	alias->op = CHARIOT_WALK_ALIAS_DISABLE;
}

/* Is a store of the driver stopped? */
static bool stops(void)
{
	u64 *target = page_of(PAGE_TARGET);

	*target = 0;
	driver_store(0, target, 1);
	return CHECK(!READ_ONCE(*target));
}

/* The domain is as it was, there is no other, and no record of its stores is lost. */
static void nothing_happened(void)
{
	struct chariot_record *rec = page_of(PAGE_REQUEST);
	u32 domain = 0, i;

	stops();
	for (i = 0; i < STORES; i++) {
		EXPECT(call(CHARIOT_CALL_RECORD_NEXT, gpa_of(rec), 0, 0), 0);
		CHECK(rec->gpa == page_gpa(PAGE_TARGET));
	}
	EXPECT(call(CHARIOT_CALL_RECORD_NEXT, gpa_of(rec), 0, 0), -ENOENT);
	EXPECT(create(&domain), 0);
	CHECK(domain == 2);
	EXPECT(call(CHARIOT_CALL_DOMAIN_DESTROY, 2, 0, 0), 0);
}

/* A record can be settled for a moment: on a busy machine not the first one. */
static bool settles(void)
{
	u64 seq;

	for (seq = STORES + 1; seq < STORES + 10; seq++) {
		stops();
		if (!call(CHARIOT_CALL_RECORD_SETTLE, seq, 0, 0))
			return true;
	}
	return false;
}

/* The same calls by the kernel; those that end the most come last. */
static void kernel_may(void)
{
	static const u8 order[] = {
		CHARIOT_CALL_PAGE_RELEASE, CHARIOT_CALL_WATCH_MAP,
		CHARIOT_CALL_DOMAIN_STATS, CHARIOT_CALL_RECORD_NEXT,
		CHARIOT_CALL_REGION_UPDATE, CHARIOT_CALL_DOMAIN_CONTROL,
		CHARIOT_CALL_DOMAIN_DESTROY, CHARIOT_CALL_DOMAIN_CREATE,
		CHARIOT_CALL_HELLO,
	};
	int i;

	CHECK(settles());
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		struct args a = args_of(order[i]);

		if (!EXPECT(call(order[i], a.a1, a.a2, a.a3), 0))
			pr_err("hostile: that was call %u\n", order[i]);
	}
}

void test_user(void)
{
	char gpa[24];
	char *argv[] = { helper, gpa, NULL };
	static char *envp[] = { NULL };

	if (!isolate_first())
		return;
	prepare();
	stops();
	snprintf(gpa, sizeof(gpa), "%#llx", page_gpa(PAGE_REQUEST + 1));
	EXPECT(call_usermodehelper(helper, argv, envp, UMH_WAIT_PROC), 0);
	nothing_happened();
	kernel_may();
}

static long driver_call(u32 nr, struct args a)
{
	void *text = driver_vmcall;

	if (!strcmp(transport_name(), "xen"))
		text = driver_xen;
	else if (boot_cpu_has(X86_FEATURE_VMMCALL))
		text = driver_vmmcall;
	return ((driver_call_fn *)text)(CHARIOT_CALL_BASE + nr, a.a1, a.a2, a.a3);
}

void test_driver(void)
{
	u32 nr;

	if (!isolate_first())
		return;
	prepare();
	stops();
	for (nr = 0; nr < CHARIOT_CALL_COUNT + 2; nr++)
		if (!EXPECT(driver_call(nr, args_of(nr)), -EPERM))
			pr_err("hostile: that was call %u\n", nr);
	nothing_happened();
	kernel_may();
}
