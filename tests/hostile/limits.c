// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes all that a guest can get, in the most expensive way.
 * Runs in the guest's kernel.
 */
#include <linux/sched.h>

#include "hostile.h"

#define FAR		(1ull << 40)	/* devices can be named anywhere */
#define BLOCK_SIZE	512u		/* of a table's memory in the host ... */
#define SPANS_PER_BLOCK	124u		/* ... and what one holds of a page's ranges */

static void take_domains(u32 max)
{
	u32 domain, i;

	for (i = 0; i < max; i++)
		if (!EXPECT(create(&domain), 0))
			return;
	EXPECT(create(&domain), -ENOSPC);
	for (i = 0; i < max; i++)
		EXPECT(call(CHARIOT_CALL_DOMAIN_DESTROY, i + 1, 0, 0), 0);
}

static void take_pages(void)
{
	u32 domain;

	if (!EXPECT(create(&domain), 0))
		return;
	EXPECT(region(domain, FAR, (max_rights + 1) << PAGE_SHIFT, CHARIOT_REGION_ADD,
		      CHARIOT_RIGHT_WRITE, CHARIOT_KIND_MMIO), -ENOSPC);
	EXPECT(region(domain, FAR, max_rights << PAGE_SHIFT, CHARIOT_REGION_ADD,
		      CHARIOT_RIGHT_WRITE, CHARIOT_KIND_MMIO), 0);
	EXPECT(region(domain, 0, 1, CHARIOT_REGION_ADD, CHARIOT_RIGHT_WRITE,
		      CHARIOT_KIND_MMIO), -ENOSPC);
	EXPECT(region(domain, 0, 1ull << 52, CHARIOT_REGION_REMOVE, 0, 0), 0);
	EXPECT(region(domain, 0, 1, CHARIOT_REGION_ADD, CHARIOT_RIGHT_WRITE,
		      CHARIOT_KIND_MMIO), 0);
	EXPECT(call(CHARIOT_CALL_DOMAIN_DESTROY, domain, 0, 0), 0);
}

/*
 * Each byte of a page by itself, no two neighbours of one kind. Without the last one: a
 * page that may be written as a whole needs no list.
 */
static long shred(u32 domain, u64 gpa)
{
	struct chariot_batch *b = page_of(PAGE_REQUEST);
	u32 byte = 0;
	long err = 0;

	while (!err && byte < PAGE_SIZE - 1) {
		memset(b, 0, PAGE_SIZE);
		for (; b->count < CHARIOT_BATCH_MAX && byte < PAGE_SIZE - 1; byte++)
			b->region[b->count++] = (struct chariot_region){
				.gpa = gpa + byte, .size = 1, .domain = domain,
				.rights = CHARIOT_RIGHT_WRITE,
				.kind = byte % 2 ? CHARIOT_KIND_SLAB : CHARIOT_KIND_DATA,
			};
		err = call(CHARIOT_CALL_REGION_UPDATE, gpa_of(b), 0, 0);
		cond_resched();
	}
	return err;
}

/*
 * A page right is a page, but its list of bytes may be as long as the page: what a
 * guest gets must end before that has cost the host many times what the limit says.
 */
static void take_bytes(void)
{
	const u64 page_blocks = PAGE_SIZE / SPANS_PER_BLOCK;
	u64 most = 2 * max_rights / page_blocks + 1, pages = 0;
	u32 domain;
	long err = 0;

	if (!EXPECT(create(&domain), 0))
		return;
	/* Of the kernel's own memory: what is given there harms nobody here. */
	while (!err && pages <= most)
		err = shred(domain, SZ_16M + PAGE_SIZE * pages++);
	EXPECT(err, -ENOSPC);
	pr_info("hostile: %llu pages of single bytes, %llu KiB\n", pages,
		pages * page_blocks * BLOCK_SIZE / SZ_1K);
	/* Nothing is lost for those who give back. */
	EXPECT(region(domain, 0, 1ull << 52, CHARIOT_REGION_REMOVE, 0, 0), 0);
	EXPECT(shred(domain, SZ_16M), 0);
	EXPECT(call(CHARIOT_CALL_DOMAIN_DESTROY, domain, 0, 0), 0);
}

void test_limits(void)
{
	struct chariot_hello *h = page_of(PAGE_REQUEST);

	if (!EXPECT(hello(), 0))
		return;
	take_domains(h->max_domains);
	take_pages();
	take_bytes();
}
