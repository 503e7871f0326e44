// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets up, runs the parts that are asked for, and gives the verdict.
 * Runs in the guest's kernel; nobody trusts it.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kdebug.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#include "hostile.h"

#define NOTIFY		0x4348u
#define ARENA_ORDER	7	/* with its guards */

char *helper = "";
module_param(helper, charp, 0444);
MODULE_PARM_DESC(helper, "program that makes calls from user mode; none: leave that out");
uint calls = 100000;
module_param(calls, uint, 0444);
MODULE_PARM_DESC(calls, "calls of the storm, on all CPUs together");
uint seed = 1;
module_param(seed, uint, 0444);
static bool limits;
module_param(limits, bool, 0444);
MODULE_PARM_DESC(limits, "take all that can be had; wants a small max_page_rights");

u8 *arena;
u64 max_rights;
atomic_t failures;
static u8 *guards;
static const struct chariot_transport *transport;

long call(u32 nr, u64 a1, u64 a2, u64 a3)
{
	return transport->call(nr, a1, a2, a3);
}

const char *transport_name(void)
{
	return transport->name;
}

u64 gpa_of(const void *p)
{
	unsigned long a = (unsigned long)p;

	if (is_vmalloc_addr(p) || (a >= MODULES_VADDR && a < MODULES_END))
		return page_to_phys(vmalloc_to_page(p)) + offset_in_page(p);
	return virt_to_phys((void *)p);
}

void *page_of(u32 index)
{
	return arena + index * PAGE_SIZE;
}

u64 page_gpa(u32 index)
{
	return gpa_of(page_of(index));
}

u64 driver_gpa(u32 driver)
{
	return gpa_of(drivers_start + driver * DRIVER_STRIDE);
}

long hello(void)
{
	struct chariot_hello *h = page_of(PAGE_REQUEST);
	long ret;

	*h = (struct chariot_hello){
		.revision = CHARIOT_ABI_REVISION,
		.features = ~0u,
		.stack_size = THREAD_SIZE,
		.notify_error = NOTIFY,
	};
	ret = call(CHARIOT_CALL_HELLO, gpa_of(h), 0, 0);
	if (!ret)
		max_rights = h->max_regions;
	return ret;
}

long create(u32 *domain)
{
	struct chariot_domain_create *c = page_of(PAGE_REQUEST);
	long ret;

	*c = (struct chariot_domain_create){
		.name = "hostile",
		.mode = CHARIOT_MODE_ENFORCE,
	};
	ret = call(CHARIOT_CALL_DOMAIN_CREATE, gpa_of(c), 0, 0);
	*domain = c->domain;
	return ret;
}

long region(u32 domain, u64 gpa, u64 size, u8 op, u8 rights, u16 kind)
{
	struct chariot_batch *b = page_of(PAGE_REQUEST);

	memset(b, 0, offsetof(struct chariot_batch, region));
	b->count = 1;
	b->region[0] = (struct chariot_region){
		.gpa = gpa, .size = size, .domain = domain,
		.op = op, .rights = rights, .kind = kind,
	};
	return call(CHARIOT_CALL_REGION_UPDATE, gpa_of(b), 0, 0);
}

bool isolate_first(void)
{
	u32 domain = 0;

	return EXPECT(hello(), 0) && EXPECT(create(&domain), 0) &&
	       CHECK(domain == 1) &&
	       EXPECT(region(1, driver_gpa(0), PAGE_SIZE, CHARIOT_REGION_ADD,
			     CHARIOT_RIGHT_EXEC, CHARIOT_KIND_TEXT), 0) &&
	       EXPECT(call(CHARIOT_CALL_DOMAIN_CONTROL, 1, CHARIOT_DOMAIN_ACTIVE,
			   CHARIOT_MODE_ENFORCE), 0);
}

/*
 * A write that was stopped or audited is told by an exception, with any error code that
 * was asked for. If an interrupt's frame was the write, it comes after the interrupt:
 * wherever that returns to, or in its handler. Others of the kernel's have no code.
 */
static int die_event(struct notifier_block *nb, unsigned long val, void *data)
{
	struct die_args *args = data;

	return val == DIE_GPF && args->err && !user_mode(args->regs) ? NOTIFY_STOP :
								       NOTIFY_DONE;
}
NOKPROBE_SYMBOL(die_event);

static struct notifier_block die_nb = { .notifier_call = die_event, .priority = INT_MAX };

static int find_backend(void)
{
	static const struct chariot_transport * const known[] = {
		&chariot_transport_kvm, &chariot_transport_xen,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i]->detect())
			transport = known[i];
	if (!transport)
		return -ENODEV;
	/* The host's module may come a little later. */
	for (i = 0; i < 100; i++) {
		if (!hello())
			return 0;
		msleep(100);
	}
	return -ENODEV;
}

static void check_guard(const u8 *guard)
{
	const u8 *bad = memchr_inv(guard, GUARD_FILL, GUARD_PAGES * PAGE_SIZE);

	if (!CHECK(!bad))
		print_hex_dump(KERN_ERR, "hostile: ", DUMP_PREFIX_ADDRESS, 16, 8,
			       PTR_ALIGN_DOWN(bad, 64), 256, false);
	if (bad)
		pr_err("hostile: %td bytes from the arena's begin\n", bad - arena);
}

static void check_guards(void)
{
	check_guard(guards);
	check_guard(arena + ARENA_PAGES * PAGE_SIZE);
}

static int __init hostile_init(void)
{
	bool still_used = false;
	int err;

	BUILD_BUG_ON(ARENA_PAGES + 2 * GUARD_PAGES != 1 << ARENA_ORDER);
	guards = (u8 *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, ARENA_ORDER);
	if (!guards)
		return -ENOMEM;
	memset(guards, GUARD_FILL, PAGE_SIZE << ARENA_ORDER);
	arena = guards + GUARD_PAGES * PAGE_SIZE;
	memset(arena, 0, ARENA_PAGES * PAGE_SIZE);
	err = find_backend();
	if (err)
		goto out;
	register_die_notifier(&die_nb);
	if (limits) {
		pr_info("hostile: limits\n");
		test_limits();
	}
	if (*helper) {
		pr_info("hostile: user\n");
		test_user();
	}
	pr_info("hostile: driver\n");
	test_driver();
	pr_info("hostile: interrupted\n");
	test_interrupted();
	if (calls) {
		pr_info("hostile: storm\n");
		still_used = !test_storm();
	}
	pr_info("hostile: guards\n");
	check_guards();
	CHECK(!hello());
	pr_info("hostile: %d failures\n", atomic_read(&failures));
	/* Then all stays, and the text says that it failed. */
	if (still_used)
		return 0;
	unregister_die_notifier(&die_nb);
	err = atomic_read(&failures) ? -EIO : 0;
out:
	/* A loaded module keeps the arena, whose addresses the backend was told. */
	if (err)
		free_pages((unsigned long)guards, ARENA_ORDER);
	return err;
}

static void __exit hostile_exit(void)
{
	free_pages((unsigned long)guards, ARENA_ORDER);
}

module_init(hostile_init);
module_exit(hostile_exit);
MODULE_DESCRIPTION("A hostile guest, to test Chariot's backends");
MODULE_LICENSE("GPL");
