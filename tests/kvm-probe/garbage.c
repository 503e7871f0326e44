// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that no sane guest makes.
 * Runs in the guest kernel.
 */
#include <linux/sched.h>

#include "probe.h"

void test_garbage(void)
{
	struct chariot_region bad[] = {
		{ .gpa = 0, .size = 0, .domain = domain, .rights = 1 },
		{ .gpa = ~0ull, .size = 2, .domain = domain, .rights = 1 },
		{ .gpa = 1ull << 51, .size = 1ull << 51, .domain = domain,
		  .rights = 1 },
		{ .gpa = 8, .size = 8, .domain = domain, .rights = 2 },
		{ .gpa = 0, .size = 4096, .domain = 0, .rights = 1 },
		{ .gpa = 0, .size = 4096, .domain = 77, .rights = 1 },
		{ .gpa = 0, .size = 4096, .domain = ~0u, .rights = 1 },
		{ .gpa = 0, .size = 4096, .domain = domain, .rights = 0xff },
		{ .gpa = 0, .size = 4096, .domain = domain, .op = 9 },
		{ .gpa = 0, .size = 4096, .domain = domain, .rights = 1,
		  .reserved = 1 },
		{ .gpa = 0, .size = 1ull << 50, .domain = domain, .rights = 1 },
		{ .gpa = 1ull << 45, .size = 4096, .domain = domain,
		  .rights = 1 },
	};
	u32 nr;
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		memset(batch, 0, 32);
		batch->count = 1;
		batch->region[0] = bad[i];
		CHECK(send() < 0);
	}
	entry(domain, 0, 1ull << 52, CHARIOT_REGION_REMOVE, 0, 0);
	CHECK(!send());
	batch->count = CHARIOT_BATCH_MAX + 1;
	CHECK(send() == -EINVAL);
	for (nr = 0; nr < 12; nr++) {
		CHECK(call(nr, ~0ull, ~0ull, ~0ull) < 0);
		CHECK(call(nr, 1ull << 45, 1ull << 60, ~0ull) < 0);
		CHECK(call(nr, gpa_of(inbox) + 4090, 0, 7) < 0);
	}
	CHECK(call(0x7fff, 0, 0, 0) == -ENOSYS);
	CHECK(call(CHARIOT_CALL_DOMAIN_DESTROY, 30, 0, 0) == -ENOENT);
	CHECK(control(7, 0) == -EINVAL);
	CHECK(control(0, 7) == -EINVAL);
	/* No domain can be made without end, and none is left behind. */
	memset(inbox, 0, PAGE_SIZE);
	strscpy(inbox, "more", 5);
	for (i = 0; i < 40; i++)
		if (call(CHARIOT_CALL_DOMAIN_CREATE, gpa_of(inbox), 0, 0))
			break;
	CHECK(i == 30);
	for (i = 2; i < 32; i++)
		CHECK(!call(CHARIOT_CALL_DOMAIN_DESTROY, i, 0, 0));
}

static u64 seed = 88172645463325252ull;

static u64 rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static u64 rnd_gpa(void)
{
	switch (rnd() % 6) {
	case 0:
		return rnd();
	case 1:
		return gpa_of(other) + rnd() % PAGE_SIZE;
	case 2:
		return gpa_of(page2) + (rnd() % 3) * 8 * (rnd() % 512);
	case 3:
		return gpa_of(batch);
	case 4:
		return (rnd() % (1ull << 52)) & PAGE_MASK;
	default:
		return rnd() % (1u << 30);
	}
}

/* Any call with anything; only pages of ours are written. */
void test_fuzz(void)
{
	u32 i, k;

	for (i = 0; i < fuzz; i++) {
		u32 nr = rnd() % 11;

		if (nr == CHARIOT_CALL_REGION_UPDATE) {
			batch->count = rnd() % (CHARIOT_BATCH_MAX + 2);
			for (k = 0; k < CHARIOT_BATCH_MAX && k < batch->count; k++)
				batch->region[k] = (struct chariot_region){
					.gpa = rnd_gpa(),
					.size = rnd() % 4 ? rnd() % 20000 :
							    rnd() >> (rnd() % 64),
					.domain = rnd() % 8 ? 1 + rnd() % 3 : rnd(),
					.kind = rnd() % 20,
					.rights = rnd() % 5,
					.op = rnd() % 2,
					.reserved = rnd() % 16 ? 0 : rnd(),
				};
			call(nr, gpa_of(batch), rnd(), rnd());
		} else if (nr == CHARIOT_CALL_DOMAIN_CREATE) {
			memset(inbox, 0, PAGE_SIZE);
			memcpy(inbox, "fuzz", 5);
			((struct chariot_domain_create *)inbox)->mode = rnd() % 3;
			call(nr, gpa_of(inbox), 0, 0);
		} else if (nr == CHARIOT_CALL_DOMAIN_CONTROL) {
			call(nr, rnd() % 4, rnd() % 3, rnd() % 3);
		} else if (nr == CHARIOT_CALL_DOMAIN_DESTROY) {
			if (rnd() % 8 == 0)
				call(nr, rnd() % 4, 0, 0);
		} else if (nr == CHARIOT_CALL_PAGE_RELEASE) {
			call(nr, rnd_gpa(), rnd() >> (rnd() % 64), 0);
		} else if (nr == CHARIOT_CALL_HELLO) {
			if (rnd() % 64 == 0)
				hello();
		} else {
			/* Results go to pages of ours, or nowhere. */
			u64 gpa = rnd() % 2 ? gpa_of(inbox) + rnd() % 4096 :
					      1ull << 45;

			call(nr, nr == CHARIOT_CALL_DOMAIN_STATS ? rnd() % 4 : gpa,
			     gpa, rnd());
		}
		if (rnd() % 16 == 0)
			drv_nop();
		cond_resched();
	}
	CHECK(!hello());
	batch->count = 0;
	pr_info("probe: %u calls with anything\n", fuzz);
}
