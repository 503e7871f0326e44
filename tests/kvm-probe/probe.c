// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the KVM backend alone, without chariot.ko: makes the calls itself
 * and uses a "driver" of a few instructions (driver.S).
 * Runs in the guest kernel; loading fails if a test does.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kdebug.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "probe.h"

#define NOTIFY		0x4348u

uint rounds = 1000;
module_param(rounds, uint, 0444);

uint fuzz = 3000;
module_param(fuzz, uint, 0444);
static uint torture;
module_param(torture, uint, 0444);
MODULE_PARM_DESC(torture, "seconds to repeat the tests, for trouble from the host");
static uint hellos;
module_param(hellos, uint, 0444);
MODULE_PARM_DESC(hellos, "only say hello and make a domain, that many times");
static uint hold;
module_param(hold, uint, 0444);
MODULE_PARM_DESC(hold, "only sit in drivers on all CPUs, that many seconds, with a stopped write in each");
static uint flood;
module_param(flood, uint, 0444);
MODULE_PARM_DESC(flood, "only have writes stopped, one after the other, that many seconds");
static bool bench;
module_param(bench, bool, 0444);
MODULE_PARM_DESC(bench, "only cross into the driver and back, rounds times");

struct chariot_batch *batch;
u8 *bitmap, *page, *page2, *other, *small, *inbox;
static struct chariot_frame_map *frames;

atomic_t notified;
int failures, checks;
u32 domain;

long call(u32 nr, u64 a1, u64 a2, u64 a3)
{
	return kvm_hypercall3(CHARIOT_CALL_BASE + nr, a1, a2, a3);
}

u64 gpa_of(void *p)
{
	unsigned long a = (unsigned long)p;

	if (is_vmalloc_addr(p) || (a >= MODULES_VADDR && a < MODULES_END))
		return page_to_phys(vmalloc_to_page(p)) + offset_in_page(p);
	return virt_to_phys(p);
}

long hello(void)
{
	struct chariot_hello *h = (void *)inbox;

	memset(h, 0, sizeof(*h));
	h->revision = CHARIOT_ABI_REVISION;
	h->features = ~0u;
	h->stack_size = THREAD_SIZE;
	h->notify_error = NOTIFY;
	return call(CHARIOT_CALL_HELLO, gpa_of(h), 0, 0);
}

long create(u32 mode)
{
	struct chariot_domain_create *c = (void *)inbox;
	long ret;

	memset(c, 0, sizeof(*c));
	strscpy(c->name, "probe", sizeof(c->name));
	c->mode = mode;
	ret = call(CHARIOT_CALL_DOMAIN_CREATE, gpa_of(c), 0, 0);
	domain = c->domain;
	return ret;
}

void entry(u32 dom, u64 gpa, u64 size, u8 op, u8 rights, u16 kind)
{
	struct chariot_region *r = &batch->region[batch->count++];

	*r = (struct chariot_region){ .gpa = gpa, .size = size, .domain = dom,
				      .op = op, .rights = rights,
				      .kind = kind };
}

long send(void)
{
	long ret = call(CHARIOT_CALL_REGION_UPDATE, gpa_of(batch), 0, 0);

	batch->count = 0;
	return ret;
}

long allow(void *p, u64 size)
{
	entry(domain, gpa_of(p), size, CHARIOT_REGION_ADD, CHARIOT_RIGHT_WRITE,
	      CHARIOT_KIND_DATA);
	return send();
}

long deny(void *p, u64 size)
{
	entry(domain, gpa_of(p), size, CHARIOT_REGION_REMOVE, 0, 0);
	return send();
}

long text(u8 op)
{
	char *p;

	for (p = drv_start; p < drv_end; p += PAGE_SIZE)
		entry(domain, gpa_of(p), PAGE_SIZE, op,
		      op == CHARIOT_REGION_ADD ? CHARIOT_RIGHT_EXEC : 0,
		      op == CHARIOT_REGION_ADD ? CHARIOT_KIND_TEXT : 0);
	return send();
}

long control(u32 state, u32 mode)
{
	return call(CHARIOT_CALL_DOMAIN_CONTROL, domain, state, mode);
}

long record(struct chariot_record *rec)
{
	long ret = call(CHARIOT_CALL_RECORD_NEXT, gpa_of(inbox), 0, 0);

	*rec = *(struct chariot_record *)inbox;
	return ret;
}

struct chariot_stats stats(u32 dom)
{
	struct chariot_stats s = { };

	CHECK(!call(CHARIOT_CALL_DOMAIN_STATS, dom, gpa_of(inbox), 0));
	s = *(struct chariot_stats *)inbox;
	return s;
}

static int die_event(struct notifier_block *nb, unsigned long val, void *data)
{
	struct die_args *args = data;

	if (val != DIE_GPF || args->err != NOTIFY)
		return NOTIFY_DONE;
	atomic_inc(&notified);
	return NOTIFY_STOP;
}
NOKPROBE_SYMBOL(die_event);

static struct notifier_block die_nb = { .notifier_call = die_event,
					.priority = INT_MAX };

bool stopped_at(void *p, u64 size, struct chariot_record *rec)
{
	bool one = atomic_xchg(&notified, 0) == 1 && !record(rec);

	if (!one || rec->gpa != gpa_of(p) || rec->size != size ||
	    rec->outcome != CHARIOT_OUTCOME_STOPPED) {
		pr_err("probe: record: one %d gpa %llx (%llx) size %llu (%llu) outcome %u flags %x\n",
		       one, rec->gpa, gpa_of(p), rec->size, size, rec->outcome,
		       rec->flags);
		return false;
	}
	return true;
}

bool quiet(void)
{
	struct chariot_record rec;

	if (!atomic_xchg(&notified, 0) && record(&rec) == -ENOENT)
		return true;
	pr_err("probe: unexpected record: rip %llx (%pS) gpa %llx gva %llx size %llu outcome %u\n",
	       rec.rip, (void *)rec.rip, rec.gpa, rec.gva, rec.size,
	       rec.outcome);
	while (!record(&rec))
		;
	return false;
}

static int setup(void)
{
	int i;

	batch = (void *)get_zeroed_page(GFP_KERNEL);
	frames = (void *)get_zeroed_page(GFP_KERNEL);
	bitmap = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, 3);
	page = (void *)get_zeroed_page(GFP_KERNEL);
	page2 = (void *)get_zeroed_page(GFP_KERNEL);
	other = (void *)get_zeroed_page(GFP_KERNEL);
	small = (void *)get_zeroed_page(GFP_KERNEL);
	inbox = (void *)get_zeroed_page(GFP_KERNEL);
	if (!batch || !frames || !bitmap || !page || !page2 || !other ||
	    !small || !inbox)
		return -ENOMEM;
	for (i = 0; i < 100; i++) {
		long err = hello();

		if (!err)
			break;
		if (err != -KVM_ENOSYS)
			pr_err("probe: hello %ld\n", err);
		msleep(100);
	}
	if (i == 100)
		return -ENODEV;
	CHECK(((struct chariot_hello *)inbox)->features & CHARIOT_F_ENFORCE);
	frames->count = 8;
	for (i = 0; i < 8; i++)
		frames->gpa[i] = gpa_of(bitmap + i * PAGE_SIZE);
	CHECK(!call(CHARIOT_CALL_WATCH_MAP, gpa_of(frames), 0, 0));
	return 0;
}

static void repeat(void)
{
	u64 end = get_jiffies_64() + torture * HZ;
	u32 n = 0;

	while (time_before64(get_jiffies_64(), end)) {
		test_stop();
		test_whole();
		test_bytes();
		test_pages();
		test_stack();
		test_smp(50);
		test_many();
		n++;
		pr_info("probe: round %u, %d failures\n", n, failures);
		cond_resched();
	}
	if (torture)
		pr_info("probe: repeated %u times\n", n);
}

/* While the host's module comes and goes. */
static void greet(void)
{
	u32 i, met = 0;

	for (i = 0; i < hellos; i++) {
		if (!hello()) {
			met++;
			if (!create(CHARIOT_MODE_ENFORCE)) {
				text(CHARIOT_REGION_ADD);
				control(CHARIOT_DOMAIN_ACTIVE,
					CHARIOT_MODE_ENFORCE);
			}
			drv_store64(other, i);
			hello();
		}
		drv_store64(other, i);
		CHECK(*(u64 *)other == i);
		msleep(5);
	}
	pr_info("probe: met the backend %u times of %u\n", met, hellos);
}

static int __init probe_init(void)
{
	int err = setup();

	if (err)
		return err;
	register_die_notifier(&die_nb);
	if (hellos) {
		greet();
		goto out;
	}
	pr_info("probe: domain\n");
	CHECK(!create(CHARIOT_MODE_ENFORCE));
	test_garbage();
	CHECK(!text(CHARIOT_REGION_ADD));
	drv_store64(other, 1);
	CHECK(*(u64 *)other == 1);
	CHECK(!control(CHARIOT_DOMAIN_ACTIVE, CHARIOT_MODE_ENFORCE));
	if (hold) {
		test_hold(hold);
		goto out;
	}
	if (flood) {
		test_flood(flood);
		goto out;
	}
	pr_info("probe: crossing\n");
	test_crossing();
	if (bench)
		goto out;
	pr_info("probe: stop\n");
	test_stop();
	pr_info("probe: whole pages\n");
	test_whole();
	pr_info("probe: bytes\n");
	test_bytes();
	pr_info("probe: page boundaries\n");
	test_pages();
	pr_info("probe: stack\n");
	test_stack();
	pr_info("probe: interrupts\n");
	test_interrupts();
	pr_info("probe: audit\n");
	test_audit();
	pr_info("probe: caller\n");
	test_caller();
	pr_info("probe: other CPUs\n");
	test_smp(200);
	pr_info("probe: devices\n");
	test_devices();
	pr_info("probe: many drivers\n");
	test_many();
	repeat();
	pr_info("probe: destroy\n");
	test_destroy();
	pr_info("probe: costs\n");
	measure();
	pr_info("probe: again\n");
	test_again();
	test_fuzz();
out:
	unregister_die_notifier(&die_nb);
	pr_info("probe: %d checks, %d failures\n", checks, failures);
	return failures ? -EIO : 0;
}

static void __exit probe_exit(void)
{
}

module_init(probe_init);
module_exit(probe_exit);
MODULE_DESCRIPTION("Tests of Chariot's KVM backend");
MODULE_LICENSE("GPL");
