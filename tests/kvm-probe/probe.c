// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the KVM backend alone, without chariot.ko: makes the calls itself
 * and uses a "driver" of a few instructions (driver.S).
 * Runs in the guest kernel; loading fails if a test does.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kdebug.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <asm/kvm_para.h>
#include <asm/msr.h>
#include <uapi/linux/kvm_para.h>

#include <chariot/abi.h>

#define NOTIFY		0x4348u

extern char drv_start[], drv_end[], drv_store_next[], drv_chain[];
void drv_nop(void);
u64 drv_load(u64 *from);
void drv_store8(void *to, u8 value);
void drv_store32(void *to, u32 value);
void drv_store64(void *to, u64 value);
u64 drv_store_then(u64 *to, u64 value, u64 result);
void drv_inc(u32 *counter);
u64 drv_cmpxchg(u64 *at, u64 old, u64 new);
void drv_or(u64 *at, u64 bits);
u64 drv_memset(void *to, int value, u64 size);
u64 drv_memcpy(void *to, void *from, u64 size);
void drv_fxsave(void *to);
u64 drv_stack(u64 depth);
u64 drv_call(void *function, u64 arg);
void drv_spin(u64 *counter, u64 rounds);
long drv_hypercall(u64 nr);
void drv_ins(void *to, u16 port, u64 count);
u64 drv_chain0(u64 *counts, u64 first, u64 last);

static uint rounds = 1000;
module_param(rounds, uint, 0444);

static uint fuzz = 3000;
module_param(fuzz, uint, 0444);
static uint torture;
module_param(torture, uint, 0444);
MODULE_PARM_DESC(torture, "seconds to repeat the tests, for trouble from the host");
static uint hellos;
module_param(hellos, uint, 0444);
MODULE_PARM_DESC(hellos, "only say hello and make a domain, that many times");
static bool bench;
module_param(bench, bool, 0444);
MODULE_PARM_DESC(bench, "only cross into the driver and back, rounds times");

/* One page each. */
static struct chariot_batch *batch;
static struct chariot_frame_map *frames;
static u8 *bitmap, *page, *page2, *other, *small;
static u8 *inbox;

static atomic_t notified;
static int failures, checks;
static u32 domain;

#define CHECK(cond) ({							\
	bool __ok = (cond);						\
	checks++;							\
	if (!__ok) {							\
		failures++;						\
		pr_err("probe: FAILED line %d: %s\n", __LINE__, #cond);	\
	}								\
	__ok;								\
})

static long call(u32 nr, u64 a1, u64 a2, u64 a3)
{
	return kvm_hypercall3(CHARIOT_CALL_BASE + nr, a1, a2, a3);
}

static u64 gpa_of(void *p)
{
	unsigned long a = (unsigned long)p;

	if (is_vmalloc_addr(p) || (a >= MODULES_VADDR && a < MODULES_END))
		return page_to_phys(vmalloc_to_page(p)) + offset_in_page(p);
	return virt_to_phys(p);
}

static long hello(void)
{
	struct chariot_hello *h = (void *)inbox;

	memset(h, 0, sizeof(*h));
	h->revision = CHARIOT_ABI_REVISION;
	h->features = ~0u;
	h->stack_size = THREAD_SIZE;
	h->notify_error = NOTIFY;
	return call(CHARIOT_CALL_HELLO, gpa_of(h), 0, 0);
}

static long create(u32 mode)
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

static void entry(u32 dom, u64 gpa, u64 size, u8 op, u8 rights, u16 kind)
{
	struct chariot_region *r = &batch->region[batch->count++];

	*r = (struct chariot_region){ .gpa = gpa, .size = size, .domain = dom,
				      .op = op, .rights = rights,
				      .kind = kind };
}

static long send(void)
{
	long ret = call(CHARIOT_CALL_REGION_UPDATE, gpa_of(batch), 0, 0);

	batch->count = 0;
	return ret;
}

static long allow(void *p, u64 size)
{
	entry(domain, gpa_of(p), size, CHARIOT_REGION_ADD, CHARIOT_RIGHT_WRITE,
	      CHARIOT_KIND_DATA);
	return send();
}

static long deny(void *p, u64 size)
{
	entry(domain, gpa_of(p), size, CHARIOT_REGION_REMOVE, 0, 0);
	return send();
}

static long text(u8 op)
{
	char *p;

	for (p = drv_start; p < drv_end; p += PAGE_SIZE)
		entry(domain, gpa_of(p), PAGE_SIZE, op,
		      op == CHARIOT_REGION_ADD ? CHARIOT_RIGHT_EXEC : 0,
		      op == CHARIOT_REGION_ADD ? CHARIOT_KIND_TEXT : 0);
	return send();
}

static long control(u32 state, u32 mode)
{
	return call(CHARIOT_CALL_DOMAIN_CONTROL, domain, state, mode);
}

static long record(struct chariot_record *rec)
{
	long ret = call(CHARIOT_CALL_RECORD_NEXT, gpa_of(inbox), 0, 0);

	*rec = *(struct chariot_record *)inbox;
	return ret;
}

static struct chariot_stats stats(u32 dom)
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

/* Was just this write stopped? */
static bool stopped_at(void *p, u64 size, struct chariot_record *rec)
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

static bool quiet(void)
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

static void test_garbage(void)
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

static void test_crossing(void)
{
	struct chariot_stats before = stats(domain), after;
	u64 entries;
	u32 i;

	for (i = 0; i < rounds; i++) {
		drv_nop();
		if (!(i & 1023))
			cond_resched();
	}
	after = stats(domain);
	/* Interrupts make a few more. */
	entries = after.entries - before.entries;
	CHECK(entries >= rounds && entries < rounds + rounds / 10 + 10);
	CHECK(after.exits - before.exits == entries);
	CHECK(quiet());
	pr_info("probe: %u crossings, view of %llu bytes, %llu page rights\n",
		rounds, after.view_bytes, after.regions);
}

static void test_stop(void)
{
	struct chariot_record rec;

	memset(other, 0, PAGE_SIZE);
	CHECK(drv_store_then((u64 *)(other + 64), 0x1122334455667788, 42) == 42);
	CHECK(stopped_at(other + 64, 8, &rec));
	CHECK(*(u64 *)(other + 64) == 0);
	CHECK(rec.gva == (u64)(other + 64));
	CHECK(rec.next_rip == (u64)drv_store_next);
	CHECK(rec.domain == domain);
	CHECK(rec.flags & CHARIOT_RECORD_VALUE);
	CHECK(*(u64 *)rec.value == 0x1122334455667788);
	CHECK(drv_load((u64 *)other) == 0);
	drv_store8(other, 1);
	CHECK(stopped_at(other, 1, &rec));
	drv_inc((u32 *)other);
	CHECK(stopped_at(other, 4, &rec));
	drv_fxsave(other);
	CHECK(stopped_at(other, 512, &rec));
	CHECK(!memchr_inv(other, 0, PAGE_SIZE));
	/* The backend's map is the kernel's too. */
	drv_store8(bitmap, 0xff);
	CHECK(stopped_at(bitmap, 1, &rec));
	CHECK(quiet());
}

static void test_whole(void)
{
	struct chariot_record rec;
	struct chariot_stats before, after;

	CHECK(!allow(page, PAGE_SIZE));
	drv_store64(page, 7);
	CHECK(*(u64 *)page == 7);
	before = stats(domain);
	CHECK(drv_memset(page, 0x5a, PAGE_SIZE) == 0);
	CHECK(!memchr_inv(page, 0x5a, PAGE_SIZE));
	after = stats(domain);
	CHECK(before.emulated == after.emulated);
	CHECK(quiet());
	/* Taken back: in force at once. */
	CHECK(!deny(page, PAGE_SIZE));
	drv_store64(page, 8);
	CHECK(stopped_at(page, 8, &rec));
	CHECK(!memchr_inv(page, 0x5a, PAGE_SIZE));
	CHECK(!allow(page, PAGE_SIZE));
	drv_store64(page, 9);
	CHECK(*(u64 *)page == 9);
	CHECK(quiet());
	/* A part taken back. */
	CHECK(!deny(page + 128, 8));
	drv_store64(page + 120, 1);
	CHECK(*(u64 *)(page + 120) == 1);
	drv_store64(page + 128, 1);
	CHECK(stopped_at(page + 128, 8, &rec));
	drv_store64(page + 124, 1);
	CHECK(stopped_at(page + 128, 8, &rec));
	CHECK(!allow(page + 128, 8));
	drv_store64(page + 128, 3);
	CHECK(*(u64 *)(page + 128) == 3);
	CHECK(quiet());
}

static void test_bytes(void)
{
	struct chariot_record rec;
	u8 *p = small;

	memset(small, 0, PAGE_SIZE);
	CHECK(!allow(p + 100, 50));
	drv_store8(p + 100, 1);
	drv_store8(p + 149, 2);
	drv_store32(p + 104, 3);
	drv_store64(p + 142, 4);
	CHECK(p[100] == 1 && *(u32 *)(p + 104) == 3 && *(u64 *)(p + 142) == 4);
	CHECK(quiet());
	drv_store8(p + 99, 1);
	CHECK(stopped_at(p + 99, 1, &rec));
	drv_store8(p + 150, 1);
	CHECK(stopped_at(p + 150, 1, &rec));
	drv_store64(p + 143, 1);
	CHECK(stopped_at(p + 150, 8, &rec));
	CHECK(rec.flags & CHARIOT_RECORD_REGION && rec.region_size == 50 &&
	      rec.region_kind == CHARIOT_KIND_DATA);
	*(u32 *)(p + 108) = 5;
	drv_inc((u32 *)(p + 108));
	CHECK(*(u32 *)(p + 108) == 6);
	CHECK(drv_cmpxchg((u64 *)(p + 112), 0, 77) == 0);
	CHECK(*(u64 *)(p + 112) == 77);
	CHECK(drv_cmpxchg((u64 *)(p + 112), 0, 78) == 77);
	CHECK(*(u64 *)(p + 112) == 77);
	drv_or((u64 *)(p + 112), 0x100);
	CHECK(*(u64 *)(p + 112) == (77 | 0x100));
	CHECK(quiet());
	/* Strings: what is allowed is done, then it stops. */
	CHECK(drv_memset(p + 100, 0xaa, 50) == 0);
	CHECK(!memchr_inv(p + 100, 0xaa, 50) && !p[99] && !p[150]);
	CHECK(quiet());
	drv_memset(p + 140, 0xbb, 20);
	CHECK(stopped_at(p + 150, 10, &rec));
	CHECK(rec.flags & CHARIOT_RECORD_REP);
	CHECK(!memchr_inv(p + 140, 0xbb, 10) && !p[150]);
	memset(page, 0xcc, 50);
	CHECK(drv_memcpy(p + 100, page, 50) == 0);
	CHECK(!memchr_inv(p + 100, 0xcc, 50) && !p[99] && !p[150]);
	CHECK(quiet());
	CHECK(!deny(p + 100, 50));
	drv_store8(p + 100, 1);
	CHECK(stopped_at(p + 100, 1, &rec));
	/* fxsave cannot be emulated, but is allowed as a whole. */
	CHECK(!allow(p + 1024, 512));
	memset(p + 1024, 0xff, 512);
	drv_fxsave(p + 1024);
	CHECK(memchr_inv(p + 1024, 0xff, 32));
	CHECK(quiet());
	drv_fxsave(p + 1040);
	CHECK(stopped_at(p + 1536, 512, &rec));
	CHECK(!deny(p + 1024, 512));
	CHECK(quiet());
}

/* Two pages that lie side by side for the driver only. */
static void test_pages(void)
{
	struct page *pages[2] = { virt_to_page(page2), virt_to_page(other) };
	struct chariot_record rec;
	u8 *v = vmap(pages, 2, VM_MAP, PAGE_KERNEL);

	if (!CHECK(v))
		return;
	memset(other, 0, PAGE_SIZE);
	memset(page2, 0, PAGE_SIZE);
	CHECK(!allow(page2, PAGE_SIZE));
	drv_store64(v + PAGE_SIZE - 4, ~0ull);
	CHECK(stopped_at(other, 8, &rec));
	CHECK(!memchr_inv(other, 0, PAGE_SIZE) &&
	      !memchr_inv(page2, 0, PAGE_SIZE));
	CHECK(!allow(other, 16));
	drv_store64(v + PAGE_SIZE - 4, 0x1111111122222222);
	CHECK(*(u64 *)(v + PAGE_SIZE - 4) == 0x1111111122222222);
	CHECK(drv_memset(v + PAGE_SIZE - 8, 0x77, 24) == 0);
	CHECK(!memchr_inv(v + PAGE_SIZE - 8, 0x77, 24));
	CHECK(quiet());
	drv_memset(v + PAGE_SIZE - 8, 0x78, 25);
	CHECK(stopped_at(other + 16, 1, &rec));
	CHECK(!deny(other, 16));
	CHECK(!deny(page2, PAGE_SIZE));
	CHECK(quiet());
	vunmap(v);
}

static noinline u64 kernel_function(u64 arg)
{
	/* The kernel may write what the driver may not. */
	other[0] = arg;
	return arg + 1;
}

static bool watched(u64 gpa)
{
	u64 gfn = gpa >> PAGE_SHIFT;

	return bitmap[gfn / 8] & (1 << gfn % 8);
}

static void test_stack(void)
{
	CHECK(drv_stack(64) == 64);
	CHECK(drv_stack(4096) == 4096);
	CHECK(drv_call(kernel_function, 5) == 6);
	CHECK(other[0] == 5);
	CHECK(quiet());
	CHECK(watched(gpa_of((void *)current_stack_pointer)));
	/* Given up, marked no more, and given again. */
	CHECK(!call(CHARIOT_CALL_PAGE_RELEASE,
		    gpa_of((void *)(current_stack_pointer & PAGE_MASK)),
		    PAGE_SIZE, 0));
	CHECK(!watched(gpa_of((void *)current_stack_pointer)));
	CHECK(drv_stack(64) == 64);
	CHECK(watched(gpa_of((void *)current_stack_pointer)));
	CHECK(!call(CHARIOT_CALL_PAGE_RELEASE, 0, 1ull << 40, 0));
	CHECK(drv_stack(64) == 64);
	CHECK(quiet());
}

static void test_interrupts(void)
{
	u64 *counter = (u64 *)page, was = jiffies;
	struct chariot_stats before = stats(domain), after;

	*counter = 0;
	drv_spin(counter, 20000000);
	CHECK(*counter == 20000000);
	after = stats(domain);
	CHECK(quiet());
	pr_info("probe: %llu jiffies of driver, %llu entries\n", jiffies - was,
		after.entries - before.entries);
}

static void test_audit(void)
{
	struct chariot_record rec;

	CHECK(!control(CHARIOT_DOMAIN_ACTIVE, CHARIOT_MODE_AUDIT));
	memset(other, 0, PAGE_SIZE);
	drv_store64(other + 8, 9);
	CHECK(*(u64 *)(other + 8) == 9);
	CHECK(atomic_xchg(&notified, 0) == 1);
	drv_store64(other + 16, 9);
	CHECK(*(u64 *)(other + 16) == 9);
	CHECK(atomic_xchg(&notified, 0) == 0);
	CHECK(!record(&rec));
	CHECK(rec.outcome == CHARIOT_OUTCOME_AUDITED && rec.repeat == 2);
	CHECK(drv_memset(other, 1, PAGE_SIZE) == 0);
	CHECK(!memchr_inv(other, 1, PAGE_SIZE));
	memset(other, 0xff, PAGE_SIZE);
	drv_fxsave(other);
	CHECK(memchr_inv(other, 0xff, 32));
	while (!record(&rec))
		;
	CHECK(!control(CHARIOT_DOMAIN_ACTIVE, CHARIOT_MODE_ENFORCE));
	atomic_set(&notified, 0);
	drv_store64(other + 8, 10);
	CHECK(stopped_at(other + 8, 8, &rec));
	CHECK(quiet());
}

static void test_caller(void)
{
	CHECK(drv_hypercall(CHARIOT_CALL_BASE + CHARIOT_CALL_RECORD_NEXT) ==
	      -EPERM);
	CHECK(quiet());
}

/* Other virtual CPUs: a right is gone everywhere when the call returns. */
static struct completion worker_done;
static bool worker_stop;

static int worker(void *arg)
{
	u64 count = 0;

	while (!READ_ONCE(worker_stop)) {
		drv_spin((u64 *)page, 2000);
		count++;
		drv_store64(page2 + 8 * (count % 512), count);
		drv_inc((u32 *)(small + 200));
		cond_resched();
	}
	complete(&worker_done);
	return 0;
}

static void test_smp(u32 times)
{
	struct chariot_record rec;
	struct task_struct *t;
	u32 i, cpus = num_online_cpus();

	if (cpus < 2)
		return;
	init_completion(&worker_done);
	WRITE_ONCE(worker_stop, false);
	CHECK(!allow(page2, PAGE_SIZE));
	CHECK(!allow(small + 200, 4));
	t = kthread_create(worker, NULL, "probe-worker");
	if (!CHECK(!IS_ERR(t)))
		return;
	kthread_bind(t, (smp_processor_id() + 1) % cpus);
	wake_up_process(t);
	msleep(100);
	for (i = 0; i < times; i++) {
		CHECK(!deny(page2, PAGE_SIZE));
		memset(page2, 0, PAGE_SIZE);
		udelay(50);
		CHECK(!memchr_inv(page2, 0, PAGE_SIZE));
		CHECK(!deny(small + 200, 4));
		*(u32 *)(small + 200) = 0;
		udelay(20);
		CHECK(*(u32 *)(small + 200) == 0);
		CHECK(!allow(small + 200, 4));
		CHECK(!allow(page2, PAGE_SIZE));
		udelay(50);
		while (!record(&rec))
			;
	}
	WRITE_ONCE(worker_stop, true);
	wait_for_completion(&worker_done);
	while (!record(&rec))
		;
	atomic_set(&notified, 0);
	CHECK(!deny(page2, PAGE_SIZE));
	CHECK(!deny(small + 200, 4));
	pr_info("probe: a right taken back %u times under another CPU's writes\n",
		2 * times);
}

/* What KVM emulates by itself: string input, and a copy from a device. */
static void test_devices(void)
{
	void __iomem *hpet = ioremap(0xfed00000, PAGE_SIZE);
	struct chariot_record rec;

	memset(page, 0, PAGE_SIZE);
	memset(other, 0, PAGE_SIZE);
	drv_ins(page, 0x84, 16);
	CHECK(!memchr_inv(page, 0xff, 16) && !page[16]);
	drv_ins(other, 0x84, 16);
	CHECK(stopped_at(other, 16, &rec));
	drv_ins(page + PAGE_SIZE - 4, 0x84, 8);
	CHECK(atomic_xchg(&notified, 0) == 1 && !record(&rec));
	CHECK(!memchr_inv(other, 0, PAGE_SIZE));
	CHECK(!*(u32 *)(page + PAGE_SIZE - 4));
	if (!CHECK(hpet))
		return;
	drv_memcpy(page, (void __force *)hpet, 8);
	CHECK(quiet());
	memset(other, 0, PAGE_SIZE);
	drv_memcpy(other, (void __force *)hpet, 8);
	CHECK(stopped_at(other, 8, &rec));
	CHECK(!memchr_inv(other, 0, PAGE_SIZE));
	/* A device is not memory: no table says anything of it. */
	drv_store32((void __force *)hpet + 0x10, readl(hpet + 0x10));
	CHECK(quiet());
	iounmap(hpet);
}

#define CHAIN	8

/* More drivers than KVM keeps roots for, that call one another. */
static void test_many(void)
{
	u32 ids[CHAIN], old = domain, i, n;
	u64 *counts = (u64 *)page2;
	struct chariot_record rec;
	struct chariot_stats s;

	memset(counts, 0, PAGE_SIZE);
	for (i = 0; i < CHAIN; i++) {
		CHECK(!create(CHARIOT_MODE_ENFORCE));
		ids[i] = domain;
		entry(domain, gpa_of(drv_chain + i * PAGE_SIZE), PAGE_SIZE,
		      CHARIOT_REGION_ADD, CHARIOT_RIGHT_EXEC,
		      CHARIOT_KIND_TEXT);
		CHECK(!send());
		CHECK(!allow(counts + i, 8));
		CHECK(!control(CHARIOT_DOMAIN_ACTIVE, CHARIOT_MODE_ENFORCE));
	}
	for (n = 0; n < 50; n++)
		CHECK(drv_chain0(counts, 0, CHAIN) == CHAIN);
	for (i = 0; i < CHAIN; i++) {
		CHECK(counts[i] == 50);
		s = stats(ids[i]);
		CHECK(s.entries >= 50 && s.emulated == 50);
	}
	CHECK(quiet());
	/* Each has its own rights only. */
	drv_chain0(counts, 1, 2);
	CHECK(stopped_at(counts + 1, 8, &rec) && rec.domain == ids[0]);
	/* The same page for two drivers. */
	entry(ids[1], gpa_of(drv_chain), PAGE_SIZE, CHARIOT_REGION_ADD,
	      CHARIOT_RIGHT_EXEC, CHARIOT_KIND_TEXT);
	CHECK(send() == -EBUSY);
	for (i = 0; i < CHAIN; i++)
		CHECK(!call(CHARIOT_CALL_DOMAIN_DESTROY, ids[i], 0, 0));
	CHECK(drv_chain0(counts, 0, CHAIN) == CHAIN);
	CHECK(quiet());
	domain = old;
}

static bool moves(u64 *counter)
{
	u64 was = READ_ONCE(*counter);
	int i;

	for (i = 0; i < 1000 && READ_ONCE(*counter) == was; i++)
		usleep_range(1000, 2000);
	return i < 1000;
}

/* A domain goes while another CPU is in its code. */
static void test_destroy(void)
{
	u32 i, cpus = num_online_cpus();
	struct task_struct *t;

	if (cpus < 2)
		return;
	init_completion(&worker_done);
	WRITE_ONCE(worker_stop, false);
	t = kthread_create(worker, NULL, "probe-worker");
	if (!CHECK(!IS_ERR(t)))
		return;
	kthread_bind(t, (smp_processor_id() + 1) % cpus);
	wake_up_process(t);
	for (i = 0; i < 50; i++) {
		CHECK(!call(CHARIOT_CALL_DOMAIN_DESTROY, domain, 0, 0));
		CHECK(moves((u64 *)page));
		CHECK(!create(CHARIOT_MODE_AUDIT));
		CHECK(!text(CHARIOT_REGION_ADD));
		CHECK(!allow(page, PAGE_SIZE));
		CHECK(!control(CHARIOT_DOMAIN_ACTIVE, CHARIOT_MODE_AUDIT));
		CHECK(moves((u64 *)page));
	}
	WRITE_ONCE(worker_stop, true);
	wait_for_completion(&worker_done);
	CHECK(!control(CHARIOT_DOMAIN_ACTIVE, CHARIOT_MODE_ENFORCE));
	{
		struct chariot_record rec;

		while (!record(&rec))
			;
	}
	atomic_set(&notified, 0);
	pr_info("probe: a domain destroyed 50 times under another CPU\n");
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
static void test_fuzz(void)
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

static void test_again(void)
{
	struct chariot_record rec;

	CHECK(!control(CHARIOT_DOMAIN_INACTIVE, CHARIOT_MODE_ENFORCE));
	drv_store64(other, 3);
	CHECK(*(u64 *)other == 3);
	CHECK(!control(CHARIOT_DOMAIN_ACTIVE, CHARIOT_MODE_ENFORCE));
	drv_store64(other, 4);
	CHECK(stopped_at(other, 8, &rec));
	CHECK(!call(CHARIOT_CALL_DOMAIN_DESTROY, domain, 0, 0));
	drv_store64(other, 5);
	CHECK(*(u64 *)other == 5);
	CHECK(!create(CHARIOT_MODE_ENFORCE));
	CHECK(domain == 1);
	CHECK(!text(CHARIOT_REGION_ADD));
	CHECK(!control(CHARIOT_DOMAIN_ACTIVE, CHARIOT_MODE_ENFORCE));
	/* What the old domain 1 could write is not the new one's. */
	drv_store64(page, 6);
	CHECK(stopped_at(page, 8, &rec));
	CHECK(!text(CHARIOT_REGION_REMOVE));
	drv_store64(other, 7);
	CHECK(*(u64 *)other == 7);
	CHECK(!text(CHARIOT_REGION_ADD));
	drv_store64(other, 8);
	CHECK(stopped_at(other, 8, &rec));
	CHECK(!hello());
	drv_store64(other, 9);
	CHECK(*(u64 *)other == 9);
	CHECK(call(CHARIOT_CALL_DOMAIN_DESTROY, 1, 0, 0) == -ENOENT);
	CHECK(quiet());
}

/* Meaningful with the lab's --icount: there a cycle is an instruction. */
#define COST(name, what) ({						\
	u64 __start, __n = rounds;					\
	what; what; /* twice to warm up */				\
	__start = rdtsc_ordered();					\
	while (__n--)							\
		what;							\
	pr_info("probe: cost %llu %s\n",				\
		(rdtsc_ordered() - __start) / rounds, name);		\
})

static u64 leaf(u64 arg)
{
	return arg;
}

static void measure(void)
{
	unsigned long flags;

	CHECK(!allow(page, PAGE_SIZE));
	CHECK(!allow(small + 100, 50));
	local_irq_save(flags);
	COST("no hypercall of ours", kvm_hypercall0(999));
	COST("record_next, none", call(CHARIOT_CALL_RECORD_NEXT, gpa_of(inbox), 0, 0));
	COST("call of a driver", drv_nop());
	COST("call of a driver that writes its page", drv_store64(page, 1));
	COST("call of a driver that calls the kernel", drv_call(leaf, 1));
	COST("call of a driver with a judged store", drv_store64(small + 104, 1));
	COST("the same, locked", drv_inc((u32 *)(small + 104)));
	COST("the same, or", drv_or((u64 *)(small + 104), 1));
	COST("the same, rep stosb of 40", drv_memset(small + 104, 1, 40));
	COST("the same, rep movsb of 40", drv_memcpy(small + 104, page, 40));
	COST("region update, empty", send());
	COST("region add and remove, page, not touched",
	     ({ allow(page2, PAGE_SIZE); deny(page2, PAGE_SIZE); }));
	COST("region add and remove, page, written",
	     ({ allow(page2, PAGE_SIZE); drv_store64(page2, 1);
		deny(page2, PAGE_SIZE); }));
	COST("region add and remove, 8 bytes",
	     ({ allow(page2 + 64, 8); deny(page2 + 64, 8); }));
	COST("region remove of nothing", deny(page2, PAGE_SIZE));
	COST("stopped store", drv_store64(other, 1));
	local_irq_restore(flags);
	while (!call(CHARIOT_CALL_RECORD_NEXT, gpa_of(inbox), 0, 0))
		;
	atomic_set(&notified, 0);
	CHECK(!deny(small + 100, 50));
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
