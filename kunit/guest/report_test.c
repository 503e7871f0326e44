// SPDX-License-Identifier: GPL-2.0
/*
 * A write of a driver is stopped: what chariot makes of the notification. It says
 * what was hit, or finds that the driver may, and has the write done again.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/kdebug.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/percpu.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <asm/trapnr.h>

#include <chariot/hypercall.h>
#include "alloc.h"
#include "grant_rules.h"
#include "world.h"

static typeof(notify_die) *tell;
static struct pt_regs regs;	/* at the write, and where the driver goes on */
static int answer;

/* The #GP in whose place the backend calls this. */
static void notify(u32 error_code)
{
	answer = tell(DIE_GPF, "test", &regs, error_code, X86_TRAP_GP, SIGSEGV);
}

static int report_init(struct kunit *test)
{
	int ret = world_init(test);

	tell = (void *)chariot_symbol("notify_die");
	chariot_fake_knobs.notify = notify;
	return ret ?: (tell ? 0 : -ENOENT);
}

/* Code of the driver's writes to @va, by an instruction of three bytes. */
static void write_by(struct kunit *test, struct world_driver w, const void *code,
		     const void *va, bool known)
{
	chariot_fake_knobs.rip = (unsigned long)code;
	chariot_fake_knobs.gva = known ? (unsigned long)va : 0;
	memset(&regs, 0, sizeof(regs));
	regs.ip = chariot_fake_knobs.rip + (chariot_fake_knobs.held ? 0 : 3);
	regs.sp = chariot_fake_knobs.rsp;
	regs.cs = __KERNEL_CS;
	answer = NOTIFY_DONE;
	KUNIT_EXPECT_EQ(test, 0, chariot_fake_write(w.chariot->domain,
						    chariot_virt_to_phys(va), 8, NULL));
}

static void write_to(struct kunit *test, struct world_driver w, const void *va,
		     bool known)
{
	write_by(test, w, w.calls->text, va, known);
}

/* --- what was hit ---------------------------------------------------------------------- */

static void *slab, *area, *page;
static void __percpu *percpu;

static const void *symbol(const char *name)
{
	return (void *)chariot_symbol(name);
}

static const void *of_slab(struct world_driver w)
{
	return slab;
}

static const void *of_area(struct world_driver w)
{
	return area;
}

static const void *of_page(struct world_driver w)
{
	return page;
}

static const void *of_percpu(struct world_driver w)
{
	return per_cpu_ptr(percpu, 0);
}

static const void *of_data(struct world_driver w)
{
	return symbol("init_mm");
}

static const void *of_text(struct world_driver w)
{
	return symbol("schedule");
}

static const void *of_constant(struct world_driver w)
{
	return symbol("linux_banner");
}

/* The test's thread has the tables of who has loaded this module, or init's. */
static const void *of_table(struct world_driver w)
{
	return current->active_mm->pgd;
}

static const void *of_module(struct world_driver w)
{
	return &answer;
}

static const void *of_own_text(struct world_driver w)
{
	return w.calls->text;
}

static const void *of_own_constant(struct world_driver w)
{
	return w.calls->rodata;
}

static const void *of_stack(struct world_driver w)
{
	return task_stack_page(current->real_parent) + 256;
}

static const void *of_task(struct world_driver w)
{
	/* No member that a rule is for. */
	return &current->comm;
}

static const void *of_struct_page(struct world_driver w)
{
	return virt_to_page(page);
}

static const void *of_cred(struct world_driver w)
{
	return current_cred();
}

/* The first page of the file that all began with. */
static const void *of_file(struct world_driver w)
{
	struct file *file = filp_open("/init", O_RDONLY, 0);
	struct page *found;

	if (IS_ERR(file))
		return NULL;
	found = find_get_page(file->f_mapping, 0);
	__fput_sync(file);
	if (!found)
		return NULL;
	put_page(found);	/* in a file system that is nowhere else */
	return page_address(found);
}

static const void *of_user(struct world_driver w)
{
	unsigned long at = world_user();
	bool other = world_use_memory();
	struct page *found = NULL;

	if (get_user_pages_unlocked(at, 1, &found, FOLL_WRITE) == 1)
		put_page(found);	/* mapped */
	world_leave_memory(other);
	return found ? page_address(found) : NULL;
}

/* Pages that no CPU keeps a list of, so that they stay free for a time. */
static const void *of_free(struct world_driver w)
{
	unsigned long block = __get_free_pages(GFP_KERNEL, PAGE_ALLOC_COSTLY_ORDER + 2);

	if (block)
		free_pages(block, PAGE_ALLOC_COSTLY_ORDER + 2);
	return block ? (void *)block + 3 * PAGE_SIZE : NULL;
}

struct hit_row {
	const char *name;
	const void *(*at)(struct world_driver w);
	enum chariot_victim victim;
	const char *text;		/* that the description has in it */
	bool alias;			/* found by its address in the direct map, too */
};

static const struct hit_row hit_rows[] = {
	{ "slab object", of_slab, CHARIOT_VICTIM_SLAB, "kmalloc-", true },
	{ "task", of_task, CHARIOT_VICTIM_SLAB, "task_struct (kunit_try_catch", true },
	{ "vmalloc area", of_area, CHARIOT_VICTIM_VMALLOC, "vmalloc area of " },
	{ "page", of_page, CHARIOT_VICTIM_PAGES, "allocated page", true },
	{ "per-CPU memory", of_percpu, CHARIOT_VICTIM_PERCPU, "of CPU 0", true },
	{ "kernel data", of_data, CHARIOT_VICTIM_KERNEL_DATA, "init_mm", true },
	{ "kernel text", of_text, CHARIOT_VICTIM_KERNEL_TEXT, "schedule", true },
	{ "kernel constant", of_constant, CHARIOT_VICTIM_KERNEL_RODATA, "linux_banner",
	  true },
	{ "page table", of_table, CHARIOT_VICTIM_PAGE_TABLE, "page table", true },
	{ "module", of_module, CHARIOT_VICTIM_MODULE, "module chariot_kunit" },
	{ "own text", of_own_text, CHARIOT_VICTIM_SELF, "driver_begin" },
	{ "own constant", of_own_constant, CHARIOT_VICTIM_SELF, "own read-only data" },
	{ "stack", of_stack, CHARIOT_VICTIM_STACK, "stack of kthreadd", true },
	{ "struct page", of_struct_page, CHARIOT_VICTIM_KERNEL_DATA, "struct page of pfn" },
	{ "credentials", of_cred, CHARIOT_VICTIM_SLAB, "cred" },
	{ "page of a file", of_file, CHARIOT_VICTIM_PAGE_CACHE, "page cache of inode", true },
	{ "user page", of_user, CHARIOT_VICTIM_USER, "anonymous user page", true },
	{ "free page", of_free, CHARIOT_VICTIM_FREE, "free page" },
};

static void hit_desc(const struct hit_row *row, char *desc)
{
	strscpy(desc, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(hit, hit_rows, hit_desc);

static void expect_report(struct kunit *test, struct world_driver w,
			  const struct hit_row *row, const void *at)
{
	struct chariot_violation *v = kunit_kzalloc(test, sizeof(*v), GFP_KERNEL);
	u64 cursor = 0;

	KUNIT_ASSERT_NOT_NULL(test, v);
	KUNIT_EXPECT_TRUE(test, chariot_report_pending(cursor));
	KUNIT_ASSERT_EQ(test, 1, (int)chariot_report_read(&cursor, v));
	KUNIT_EXPECT_EQ_MSG(test, row->victim, v->victim, "%s", v->victim_text);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(v->victim_text, row->text), "%s",
				  v->victim_text);
	KUNIT_EXPECT_EQ(test, v->rip, (u64)w.calls->text);
	KUNIT_EXPECT_EQ(test, v->domain, w.chariot->domain);
	KUNIT_EXPECT_EQ(test, v->outcome, (u32)CHARIOT_OUTCOME_STOPPED);
	KUNIT_EXPECT_EQ(test, v->gpa, (u64)chariot_virt_to_phys(at));
	KUNIT_EXPECT_EQ(test, v->length, 8ull);
	KUNIT_EXPECT_STREQ(test, v->driver, DRIVER_NAME);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(v->function, "driver_begin"), "%s",
				  v->function);
	KUNIT_EXPECT_EQ(test, v->repeat, 1ull + row->alias);
	KUNIT_EXPECT_FALSE(test, chariot_report_pending(cursor));
}

/* The write is left out: the driver goes on behind it. */
static void expect_left_out(struct kunit *test, struct world_driver w)
{
	KUNIT_EXPECT_EQ(test, NOTIFY_STOP, answer & NOTIFY_STOP);
	KUNIT_EXPECT_EQ(test, regs.ip, (unsigned long)w.calls->text + 3);
}

static void hit(struct kunit *test, const struct hit_row *row)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE,
					   CHARIOT_HEAP_PAGE);
	const void *at = row->at(w);

	KUNIT_ASSERT_NOT_NULL(test, at);
	write_to(test, w, at, true);
	expect_left_out(test, w);
	if (row->alias) {
		write_to(test, w, at, false);
		expect_left_out(test, w);
	}
	/* The same is found by both addresses: that is one report. */
	expect_report(test, w, row, at);
	KUNIT_EXPECT_EQ(test, 1ll, (long long)atomic64_read(&w.chariot->violations));
	KUNIT_EXPECT_EQ(test, (long long)row->alias,
			(long long)atomic64_read(&w.chariot->repeats));
	KUNIT_EXPECT_EQ(test, 0ll, (long long)atomic64_read(&w.chariot->settled));
}

static void test_hit(struct kunit *test)
{
	slab = kzalloc(500, GFP_KERNEL);
	area = vmalloc(PAGE_SIZE);
	page = (void *)get_zeroed_page(GFP_KERNEL);
	percpu = alloc_percpu(u64);
	if (slab && area && page && percpu)
		hit(test, test->param_value);
	else
		KUNIT_FAIL(test, "no memory");
	free_percpu(percpu);
	free_page((unsigned long)page);
	vfree(area);
	kfree(slab);
}

/* --- what the driver may, it is then given ------------------------------------------------ */

static void expect_settled(struct kunit *test, struct world_driver w, const void *va)
{
	s64 settled = atomic64_read(&w.chariot->settled);

	KUNIT_EXPECT_FALSE(test, world_writable(test, w.chariot, va, 4));
	chariot_fake_knobs.notify = notify;
	write_to(test, w, va, true);
	KUNIT_EXPECT_EQ(test, NOTIFY_STOP, answer & NOTIFY_STOP);
	/* It is done again. */
	KUNIT_EXPECT_EQ(test, regs.ip, (unsigned long)w.calls->text);
	KUNIT_EXPECT_EQ(test, settled + 1, (s64)atomic64_read(&w.chariot->settled));
	KUNIT_EXPECT_EQ(test, 0ll, (long long)atomic64_read(&w.chariot->violations));
}

static void test_settles_task(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE,
					   CHARIOT_HEAP_PAGE);
	const struct chariot_member *m;
	unsigned int tried = 0;

	for (m = chariot_task_members; m->text; m++) {
		const void *va = (void *)current + m->offset;
		unsigned long bad;

		/* Neighbours may have come with another one. */
		if (m->size < 8 || chariot_may_write(w.chariot, va, 8, &bad))
			continue;
		expect_settled(test, w, va);
		KUNIT_EXPECT_TRUE_MSG(test, world_writable(test, w.chariot, va, m->size),
				      "%s", m->text);
		tried++;
	}
	KUNIT_EXPECT_GT(test, tried, 0u);
	world_expect_agreed(test, w.chariot);
}

/* The struct pages of its own pages. */
static void test_settles_page(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE,
					   CHARIOT_HEAP_PAGE);
	const struct kunit_family *f = w.calls->families;
	void *p;

	while (strcmp(f->name, "alloc_pages"))
		f++;
	p = f->get(f->size);
	KUNIT_ASSERT_NOT_NULL(test, p);
	expect_settled(test, w, virt_to_page(p));
	KUNIT_EXPECT_TRUE(test, world_writable(test, w.chariot, virt_to_page(p),
					       sizeof(struct page)));
	f->put(p, f->size);
	KUNIT_EXPECT_FALSE(test, world_writable(test, w.chariot, virt_to_page(p), 8));
	world_expect_agreed(test, w.chariot);
}

/* Repeats are counted, and are one report. */
static void test_repeats(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE,
					   CHARIOT_HEAP_PAGE);
	unsigned int i;

	for (i = 0; i < 5; i++)
		write_to(test, w, symbol("init_mm"), true);
	KUNIT_EXPECT_EQ(test, 1ll, (long long)atomic64_read(&w.chariot->violations));
	KUNIT_EXPECT_EQ(test, 4ll, (long long)atomic64_read(&w.chariot->repeats));
}

/* Of two CPUs' writes, the second is notified first. */
static void test_overtaken(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE,
					   CHARIOT_HEAP_PAGE);

	chariot_fake_knobs.notify = NULL;
	chariot_fake_knobs.rsp = 0x1000;
	write_to(test, w, symbol("init_mm"), true);
	chariot_fake_knobs.notify = notify;
	chariot_fake_knobs.rsp = 0x2000;
	write_to(test, w, symbol("linux_banner"), true);
	expect_left_out(test, w);
	KUNIT_EXPECT_EQ(test, 1ll, (long long)atomic64_read(&w.chariot->violations));
	regs.sp = 0x1000;
	notify(CHARIOT_NOTIFY_ERROR);
	expect_left_out(test, w);
	KUNIT_EXPECT_EQ(test, 2ll, (long long)atomic64_read(&w.chariot->violations));
	/* There is no third. */
	notify(CHARIOT_NOTIFY_ERROR);
	KUNIT_EXPECT_EQ(test, NOTIFY_STOP, answer & NOTIFY_STOP);
	KUNIT_EXPECT_EQ(test, 2ll, (long long)atomic64_read(&w.chariot->violations));
}

/* An instruction that the backend could not decode: the kernel can. */
static void test_held(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE,
					   CHARIOT_HEAP_PAGE);

	chariot_fake_knobs.held = true;
	write_to(test, w, symbol("init_mm"), true);
	KUNIT_EXPECT_EQ(test, NOTIFY_STOP, answer & NOTIFY_STOP);
	KUNIT_EXPECT_GT(test, regs.ip, (unsigned long)w.calls->text);
	KUNIT_EXPECT_LE(test, regs.ip, (unsigned long)w.calls->text + 15);
	KUNIT_EXPECT_EQ(test, 1ll, (long long)atomic64_read(&w.chariot->violations));
}

static unsigned long leaf_of(struct world_driver w, const char *name)
{
	unsigned long at = (unsigned long)chariot_leaf_page(w.chariot->domain);
	unsigned long end = at + PAGE_SIZE;
	const char *found;

	for (; at < end; at += 16) {
		found = chariot_leaf_name(at, NULL, NULL);
		if (found && !strcmp(found, name))
			return at;
	}
	return 0;
}

/* In the driver's memset(): it is left, and its caller is to blame. */
static void test_leaf(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE,
					   CHARIOT_HEAP_PAGE);
	struct chariot_violation *v = kunit_kzalloc(test, sizeof(*v), GFP_KERNEL);
	unsigned long stack[2] = { (unsigned long)w.calls->text + 8 };
	unsigned long leaf = leaf_of(w, "memset");
	u64 cursor = 0;

	KUNIT_ASSERT_NOT_NULL(test, v);
	KUNIT_ASSERT_NE(test, leaf, 0ul);
	chariot_fake_knobs.rsp = (unsigned long)stack;
	chariot_fake_knobs.notify = NULL;
	write_by(test, w, (void *)leaf, symbol("init_mm"), true);
	regs.r9 = 0x99;
	regs.flags = X86_EFLAGS_DF;
	notify(CHARIOT_NOTIFY_ERROR);
	KUNIT_EXPECT_EQ(test, NOTIFY_STOP, answer & NOTIFY_STOP);
	KUNIT_EXPECT_EQ(test, regs.ip, stack[0]);
	KUNIT_EXPECT_EQ(test, regs.sp, (unsigned long)(stack + 1));
	KUNIT_EXPECT_EQ(test, regs.ax, 0x99ul);
	KUNIT_EXPECT_EQ(test, regs.flags, 0ul);
	KUNIT_ASSERT_EQ(test, 1, (int)chariot_report_read(&cursor, v));
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(v->function, "driver_begin"), "%s",
				  v->function);
}

/* --- user memory, written by instructions of the driver's own ------------------------------ */

/* So many the backend counts. */
static long long host_violations(struct kunit *test, struct world_driver w)
{
	struct chariot_stats *s = kzalloc(sizeof(*s), GFP_KERNEL);
	long long n;

	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_EQ(test, 0l, chariot_hv_domain_stats(w.chariot->domain, __pa(s)));
	n = s->violations;
	kfree(s);
	return n;
}

static struct pt_regs at_user_store;

/*
 * The first bytes of user memory are written, by an instruction that begins so. What is
 * there then: the first word.
 */
static u64 store_to_user(struct kunit *test, struct world_driver w, u32 flags, u8 insn0,
			 u8 insn1, size_t size)
{
	unsigned long at = world_user();
	bool other = world_use_memory();
	u64 found = 0;

	WARN_ON(put_user(found, (u64 __user *)at));
	chariot_fake_knobs.notify = NULL;
	chariot_fake_knobs.flags = flags;
	chariot_fake_knobs.insn[0] = insn0;
	chariot_fake_knobs.insn[1] = insn1;
	chariot_fake_knobs.rip = (unsigned long)w.calls->text;
	chariot_fake_knobs.gva = at;
	chariot_fake_write(w.chariot->domain, __pa(page), size, NULL);
	regs = at_user_store;
	regs.di = at;
	regs.ip = chariot_fake_knobs.rip + 3;
	notify(CHARIOT_NOTIFY_ERROR);
	WARN_ON(get_user(found, (u64 __user *)at));
	world_leave_memory(other);
	return found;
}

static void test_user_stores(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE,
					   CHARIOT_HEAP_PAGE);
	unsigned long behind = (unsigned long)w.calls->text + 3;
	u64 *from;

	page = (void *)get_zeroed_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	from = page;
	from[0] = 0x1122334455667788;
	from[1] = 0x99;
	chariot_fake_knobs.value = 0x0807060504030201;
	at_user_store = (struct pt_regs){ .flags = X86_EFLAGS_AC, .cs = __KERNEL_CS };
	/* mov, of 2 bytes */
	KUNIT_EXPECT_EQ(test, store_to_user(test, w, CHARIOT_RECORD_VALUE, 0x66, 0x89, 2),
			0x0201ull);
	KUNIT_EXPECT_EQ(test, regs.ip, behind);
	/* rep movsb and rep stosw */
	at_user_store.si = (unsigned long)from;
	at_user_store.cx = 3;
	KUNIT_EXPECT_EQ(test, store_to_user(test, w, CHARIOT_RECORD_REP, 0xf3, 0xa4, 3),
			0x667788ull);
	KUNIT_EXPECT_EQ(test, regs.cx, 0ul);
	KUNIT_EXPECT_EQ(test, regs.si, (unsigned long)from + 3);
	KUNIT_EXPECT_EQ(test, regs.di, world_user() + 3);
	at_user_store.ax = 0xabcd;
	at_user_store.cx = 2;
	KUNIT_EXPECT_EQ(test, store_to_user(test, w, CHARIOT_RECORD_REP, 0xf3, 0xab, 4),
			0xabcdabcdull);
	KUNIT_EXPECT_EQ(test, regs.si, (unsigned long)from);
	KUNIT_EXPECT_EQ(test, 3ll, (long long)atomic64_read(&w.chariot->settled));
	KUNIT_EXPECT_EQ(test, 0ll, (long long)atomic64_read(&w.chariot->violations));
	KUNIT_EXPECT_EQ(test, 0ll, host_violations(test, w));

	/* Backwards, or by what is no such instruction: reported as any other. */
	at_user_store.flags |= X86_EFLAGS_DF;
	KUNIT_EXPECT_EQ(test, store_to_user(test, w, CHARIOT_RECORD_REP, 0xf3, 0xab, 4), 0ull);
	at_user_store.flags = X86_EFLAGS_AC;
	KUNIT_EXPECT_EQ(test, store_to_user(test, w, CHARIOT_RECORD_REP, 0xf3, 0x90, 4), 0ull);
	KUNIT_EXPECT_EQ(test, regs.ip, behind);
	KUNIT_EXPECT_EQ(test, 1ll, (long long)atomic64_read(&w.chariot->violations));
	KUNIT_EXPECT_EQ(test, 1ll, (long long)atomic64_read(&w.chariot->repeats));
	/* So many that their bytes are none, as a backend counts them. */
	at_user_store.cx = 1ul << 61;
	KUNIT_EXPECT_EQ(test, store_to_user(test, w, CHARIOT_RECORD_REP | CHARIOT_RECORD_SIZE,
					    0xf3, 0xa5, 0), 0ull);
	KUNIT_EXPECT_EQ(test, regs.ip, behind);
	at_user_store.cx = 2;
	/* A page of it at a time: then it is at the instruction again, with the rest. */
	at_user_store.cx = PAGE_SIZE / 2 + 4;
	KUNIT_EXPECT_EQ(test, store_to_user(test, w, CHARIOT_RECORD_REP, 0xf3, 0xab,
					    2 * at_user_store.cx), 0xabcdabcdabcdabcdull);
	KUNIT_EXPECT_EQ(test, regs.cx, 4ul);
	KUNIT_EXPECT_EQ(test, regs.di, world_user() + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, regs.ip, (unsigned long)w.calls->text);
	at_user_store.cx = 2;
	/* Where the source is not, it is done again, and faults as it would have. */
	at_user_store.si = 0x1000;
	KUNIT_EXPECT_EQ(test, store_to_user(test, w, CHARIOT_RECORD_REP, 0xf3, 0xa4, 2), 0ull);
	KUNIT_EXPECT_EQ(test, regs.ip, (unsigned long)w.calls->text);
	KUNIT_EXPECT_EQ(test, regs.cx, 2ul);
	free_page((unsigned long)page);
}

/* A #GP that is none of the backend's is none of chariot's. */
static void test_other_faults(struct kunit *test)
{
	memset(&regs, 0, sizeof(regs));
	regs.cs = __KERNEL_CS;
	notify(0);
	KUNIT_EXPECT_EQ(test, 0, answer & NOTIFY_STOP_MASK);
	regs.cs = __USER_CS;
	notify(CHARIOT_NOTIFY_ERROR);
	KUNIT_EXPECT_EQ(test, 0, answer & NOTIFY_STOP_MASK);
}

static struct kunit_case report_cases[] = {
	KUNIT_CASE_PARAM(test_hit, hit_gen_params),
	KUNIT_CASE(test_settles_task),
	KUNIT_CASE(test_settles_page),
	KUNIT_CASE(test_repeats),
	KUNIT_CASE(test_overtaken),
	KUNIT_CASE(test_held),
	KUNIT_CASE(test_leaf),
	KUNIT_CASE(test_user_stores),
	KUNIT_CASE(test_other_faults),
	{ }
};

struct kunit_suite guest_report_suite = {
	.name = "chariot_guest_report",
	.init = report_init,
	.exit = world_exit,
	.test_cases = report_cases,
};
