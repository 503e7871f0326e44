// SPDX-License-Identifier: GPL-2.0
/*
 * Chariot at work on the backend without hardware, and drivers to load under it.
 * KUnit alone.
 *
 * Drivers are loaded by the kernel's own system calls, in the test's thread: arming
 * binds to the task. The arguments of system calls are user memory: that of the
 * task that has loaded this module, which waits for the tests.
 */
#include <linux/elf.h>
#include <linux/fs.h>
#include <linux/kernel_read_file.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include <asm/ptrace.h>

#include <chariot/hypercall.h>
#include "alloc.h"
#include "world.h"

#define ARGUMENTS	PAGE_SIZE	/* in front of the module's file */

static struct mm_struct *mm;
static unsigned long user;	/* arguments, then the driver's file */
static void *file;		/* the same, for symbols */
static size_t file_size;
static const struct kunit_driver *offered;

typedef long syscall_fn(const struct pt_regs *regs);
static syscall_fn *init_module_call, *delete_module_call;
static typeof(find_module) *find_module_call;
static struct work_struct *init_memory_work;

static void offer(const struct kunit_driver *driver)
{
	offered = driver;
}

/* --- the driver's file, and user memory ------------------------------------------ */

int world_open(const char *folder)
{
	char *path = kasprintf(GFP_KERNEL, "%s/chariot-kunit-driver.ko", folder);
	ssize_t size;
	int ret;

	if (!path)
		return -ENOMEM;
	ret = chariot_symbols_init();
	if (ret)
		goto out;
	init_module_call = (void *)chariot_symbol("__x64_sys_init_module");
	delete_module_call = (void *)chariot_symbol("__x64_sys_delete_module");
	find_module_call = (void *)chariot_symbol("find_module");
	init_memory_work = (void *)chariot_symbol("init_free_wq");
	ret = -ENOENT;
	if (!init_module_call || !delete_module_call || !find_module_call ||
	    !init_memory_work)
		goto out;
	size = kernel_read_file_from_path(path, 0, &file, INT_MAX, NULL,
					  READING_MODULE);
	ret = size;
	if (size < 0)
		goto out;
	file_size = size;
	user = vm_mmap(NULL, 0, ARGUMENTS + size, PROT_READ | PROT_WRITE,
		       MAP_ANONYMOUS | MAP_PRIVATE, 0);
	ret = -ENOMEM;
	if (IS_ERR_VALUE(user))
		goto out;
	ret = copy_to_user((void __user *)user + ARGUMENTS, file, size) ? -EFAULT : 0;
	mm = current->mm;
	mmget(mm);
out:
	if (ret)
		pr_err("%s: %d\n", path, ret);
	kfree(path);
	return ret;
}

void world_close(void)
{
	vfree(file);
	file = NULL;
	if (!mm)
		return;
	vm_munmap(user, ARGUMENTS + file_size);
	mmput(mm);
	mm = NULL;
}

bool world_symbol(const char *name, u32 *section, u32 *offset)
{
	const Elf64_Ehdr *header = file;
	const Elf64_Shdr *s = file + header->e_shoff;
	const Elf64_Shdr *end = s + header->e_shnum, *table = NULL;
	const Elf64_Sym *symbol;
	const char *names;

	for (; s < end; s++)
		if (s->sh_type == SHT_SYMTAB)
			table = s;
	if (!table)
		return false;
	names = file + (end - header->e_shnum)[table->sh_link].sh_offset;
	symbol = file + table->sh_offset;
	for (; (void *)symbol < file + table->sh_offset + table->sh_size; symbol++) {
		if (strcmp(names + symbol->st_name, name))
			continue;
		*section = symbol->st_shndx;
		*offset = symbol->st_value;
		return true;
	}
	return false;
}

/* What follows a test that was given up runs in the task that loaded us. */
bool world_use_memory(void)
{
	bool other = current->mm != mm;

	if (other)
		kthread_use_mm(mm);
	return other;
}

void world_leave_memory(bool other)
{
	if (other)
		kthread_unuse_mm(mm);
}

static long call_with_text(syscall_fn *call, struct pt_regs *regs,
			   unsigned long *argument, const char *text)
{
	bool other = world_use_memory();
	long ret = -EFAULT;

	*argument = user;
	if (!copy_to_user((void __user *)user, text, strlen(text) + 1))
		ret = call(regs);
	world_leave_memory(other);
	return ret;
}

unsigned long world_user(void)
{
	return user;
}

long world_ioctl(struct file *file, unsigned int cmd, void *arg, size_t size)
{
	void __user *at = (void __user *)user;
	bool other = world_use_memory();
	long ret = -EFAULT;

	if (!WARN_ON(size > ARGUMENTS) && !copy_to_user(at, arg, size))
		ret = file->f_op->unlocked_ioctl(file, cmd, user);
	if (copy_from_user(arg, at, size))
		ret = -EFAULT;
	world_leave_memory(other);
	return ret;
}

ssize_t world_read(struct file *file, void *to, size_t size)
{
	void __user *at = (void __user *)user;
	bool other = world_use_memory();
	loff_t pos = 0;
	ssize_t ret = file->f_op->read(file, at, size, &pos);

	if (ret > 0 && (WARN_ON(ret > ARGUMENTS) || copy_from_user(to, at, ret)))
		ret = -EFAULT;
	world_leave_memory(other);
	return ret;
}

/* --- the backend ------------------------------------------------------------------ */

int world_backend(struct kunit *test)
{
	chariot_fake_start(__va(0), 0, (u64)chariot_max_pfn << PAGE_SHIFT);
	chariot_fake_knobs.max_regions = U64_MAX;
	chariot_hv_use(&chariot_transport_fake);
	return 0;
}

void world_backend_end(struct kunit *test)
{
	chariot_hv_use(NULL);
	chariot_fake_stop();
	KUNIT_EXPECT_EQ(test, chariot_fake_blocks(), 0ull);
}

int world_init(struct kunit *test)
{
	int ret = world_backend(test);

	ret = ret ?: chariot_start();
	if (!ret && chariot_backend_errno) {
		ret = chariot_backend_errno;
		chariot_stop();
	}
	if (ret) {
		world_backend_end(test);
		return ret;
	}
	test->priv = &offered;	/* started */
	return 0;
}

void world_exit(struct kunit *test)
{
	if (!test->priv)
		return;
	if (world_loaded())
		KUNIT_EXPECT_EQ(test, 0, world_unload());
	world_expect_empty(test);
	chariot_stop();
	world_backend_end(test);
}

/* --- drivers ---------------------------------------------------------------------- */

int world_try_load(const struct world_load *load)
{
	struct chariot_arm arm = {
		.revision = CHARIOT_DEV_REVISION,
		.mode = load->mode,
		.heap = load->heap,
	};
	struct pt_regs regs = { .di = user + ARGUMENTS, .si = file_size };
	char text[64];
	int ret = 0;

	strscpy(arm.name, load->name ?: DRIVER_NAME, sizeof(arm.name));
	snprintf(text, sizeof(text), "offer=%lu fail=%d", (unsigned long)offer,
		 load->fail);
	offered = NULL;
	if (!load->unarmed)
		ret = chariot_arm(&arm);
	if (!ret && load->plan)
		ret = chariot_arm_plan(load->plan);
	if (!ret)
		ret = call_with_text(init_module_call, &regs, &regs.dx, text);
	/* Memory of its beginning goes later: not while a test counts what there is. */
	flush_work(init_memory_work);
	if (!load->unarmed)
		chariot_disarm(current);
	return ret;
}

int world_unload(void)
{
	struct pt_regs regs = { };

	return call_with_text(delete_module_call, &regs, &regs.di, DRIVER_NAME);
}

bool world_loaded(void)
{
	struct module *mod;

	rcu_read_lock_sched();
	mod = find_module_call(DRIVER_NAME);
	rcu_read_unlock_sched();
	return mod;
}

struct world_driver world_driver(void)
{
	struct chariot_driver *d;

	mutex_lock(&chariot_mutex);
	d = list_first_entry_or_null(&chariot_drivers, struct chariot_driver, node);
	mutex_unlock(&chariot_mutex);
	return (struct world_driver){ d, offered };
}

static unsigned long user_text(void)
{
	char text[DRIVER_USER_TEXT + 1] = { };
	bool other = world_use_memory();

	memset(text, 'u', DRIVER_USER_TEXT);
	WARN_ON(copy_to_user((void __user *)user, text, sizeof(text)));
	world_leave_memory(other);
	return user;
}

struct world_driver world_load(struct kunit *test, enum chariot_mode mode,
			       enum chariot_heap heap)
{
	return world_load_planned(test, mode, heap, NULL);
}

struct world_driver world_load_planned(struct kunit *test, enum chariot_mode mode,
				       enum chariot_heap heap,
				       struct chariot_plan *plan)
{
	const struct world_load load = { .mode = mode, .heap = heap, .plan = plan };
	struct world_driver w;

	KUNIT_ASSERT_EQ(test, 0, world_try_load(&load));
	w = world_driver();
	KUNIT_ASSERT_NOT_NULL(test, w.chariot);
	KUNIT_ASSERT_NOT_NULL(test, w.calls);
	*w.calls->user = user_text();
	return w;
}

/* --- what both sides know ----------------------------------------------------------- */

/* Asked for, not done: chariot must hear nothing of it. */
static bool backend_lets_part(struct kunit *test, u32 domain, phys_addr_t gpa,
			      size_t size)
{
	static struct chariot_record record __aligned(256);
	void (*notify)(u32 error_code) = chariot_fake_knobs.notify;
	enum chariot_verdict verdict;

	chariot_fake_knobs.notify = NULL;
	KUNIT_EXPECT_EQ(test, 0, chariot_fake_write(domain, gpa, size, &verdict));
	chariot_fake_knobs.notify = notify;
	if (verdict == CHARIOT_VERDICT_ALLOW || verdict == CHARIOT_VERDICT_EMULATE)
		return true;
	KUNIT_EXPECT_EQ(test, 0L,
			chariot_hv_record_next(chariot_virt_to_phys(&record)));
	return false;
}

static bool backend_lets(struct kunit *test, u32 domain, const void *va, size_t size)
{
	size_t part;

	for (; size; va += part, size -= part) {
		part = min_t(size_t, size, PAGE_SIZE - offset_in_page(va));
		if (!backend_lets_part(test, domain, chariot_virt_to_phys(va), part))
			return false;
	}
	return true;
}

bool world_writable(struct kunit *test, struct chariot_driver *d, const void *va,
		    size_t size)
{
	unsigned long bad;
	bool here = chariot_can_write(d, va, size, &bad);

	KUNIT_EXPECT_EQ(test, here, backend_lets(test, d->domain, va, size));
	return here;
}

bool world_settles(struct chariot_driver *d, const void *va, size_t size)
{
	unsigned long bad;

	return chariot_grants_settle(d, (unsigned long)va, size, NULL) ==
		       CHARIOT_SETTLED &&
	       chariot_can_write(d, va, size, &bad);
}

void world_expect_agreed(struct kunit *test, struct chariot_driver *d)
{
	struct chariot_stats *stats = (void *)get_zeroed_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, stats);
	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_domain_stats(d->domain, __pa(stats)));
	KUNIT_EXPECT_EQ(test, stats->regions, d->table.pages + d->whole.pages);
	free_page((unsigned long)stats);
	KUNIT_EXPECT_EQ(test, 0ll, (long long)atomic64_read(&d->untracked));
}

void world_expect_empty(struct kunit *test)
{
	struct chariot_stats *stats = (void *)get_zeroed_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, stats);
	KUNIT_EXPECT_FALSE(test, world_loaded());
	KUNIT_EXPECT_TRUE(test, list_empty(&chariot_drivers));
	/* Of all domains. */
	KUNIT_EXPECT_EQ(test, 0L, chariot_hv_domain_stats(0, __pa(stats)));
	KUNIT_EXPECT_EQ(test, stats->regions, 0ull);
	free_page((unsigned long)stats);
}
