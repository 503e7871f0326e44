// SPDX-License-Identifier: GPL-2.0
/*
 * Names what an address is, for reports.
 * Runs in the guest kernel, in any context but NMI; trusts no memory that it
 * reads on the way: all of it is read without faulting, and may be stale.
 */
#include <linux/mm.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <asm/page.h>
#include <asm/pgtable.h>
#include <asm/sections.h>

#include "alloc.h"
#include "chariot.h"

#define MAX_TASKS	8192	/* looked at for one report */
#define MAX_MODULES	1024

/* Parts of the kernel's image; bounds are 0 where a symbol is not known. */
static struct {
	unsigned long text, text_end;
	unsigned long rodata, rodata_end;
	unsigned long start, end;	/* all of it */
	unsigned long percpu_size;	/* static per-CPU variables */
	const pgd_t *top_table;		/* of the kernel's own address space */
} image;

static struct vm_struct *(*find_area)(const void *va);

static __printf(3, 4)
void set(struct chariot_victim_info *out, enum chariot_victim victim,
	 const char *format, ...)
{
	va_list args;

	out->victim = victim;
	va_start(args, format);
	vscnprintf(out->text, sizeof(out->text), format, args);
	va_end(args);
}

/*
 * Symbol at va as "name+0xoff", and its bounds; without the bounds when the
 * name is too long for the buffer. False: va has no symbol.
 */
static bool symbol_at(unsigned long va, char *name, size_t room,
		      struct chariot_victim_info *out)
{
	unsigned long offset, size;
	char *plus, *slash;

	scnprintf(name, room, "%pS", (void *)va);
	if (name[0] == '0' && name[1] == 'x')
		return false;
	plus = strrchr(name, '+');
	slash = plus ? strchr(plus, '/') : NULL;
	if (!slash)
		return true;
	*slash = 0;
	if (!kstrtoul(plus + 1, 16, &offset)) {
		out->start = va - offset;
		slash[1 + strcspn(slash + 1, " ")] = 0;
		if (!kstrtoul(slash + 1, 16, &size))
			out->size = size;
	}
	return true;
}

bool chariot_kernel_data(unsigned long va)
{
	return va - image.start < image.end - image.start &&
	       va - image.text >= image.text_end - image.text &&
	       va - image.rodata >= image.rodata_end - image.rodata;
}

static bool describe_image(unsigned long va, struct chariot_victim_info *out)
{
	enum chariot_victim victim = CHARIOT_VICTIM_KERNEL_DATA;
	char name[128];

	if (va < image.start || va >= image.end)
		return false;
	if (va >= image.text && va < image.text_end)
		victim = CHARIOT_VICTIM_KERNEL_TEXT;
	else if (va >= image.rodata && va < image.rodata_end)
		victim = CHARIOT_VICTIM_KERNEL_RODATA;
	if (symbol_at(va, name, sizeof(name), out))
		set(out, victim, "%s", name);
	else
		set(out, victim, "kernel image +0x%lx", va - image.start);
	return true;
}

/* --- modules and drivers ------------------------------------------------- */

static void describe_module(const struct module *mod, unsigned long va,
			    enum chariot_victim victim, const char *what,
			    struct chariot_victim_info *out)
{
	char name[128];

	if (symbol_at(va, name, sizeof(name), out))
		set(out, victim, "%s%s: %s", what, mod->name, name);
	else
		set(out, victim, "%s%s", what, mod->name);
}

static bool describe_any_module(unsigned long va,
				struct chariot_victim_info *out)
{
	const struct list_head *at = &THIS_MODULE->list;
	const struct module *mod;
	int i;

	/* The ring of modules, from our own; its head lies in the image. */
	for (i = 0; i < MAX_MODULES; i++) {
		if (!((unsigned long)at >= image.start &&
		      (unsigned long)at < image.end)) {
			mod = container_of(at, struct module, list);
			if (chariot_module_contains(mod, va)) {
				describe_module(mod, va, CHARIOT_VICTIM_MODULE,
						"module ", out);
				return true;
			}
		}
		at = rcu_dereference_sched(list_next_rcu(at));
		if (at == &THIS_MODULE->list)
			break;
	}
	return false;
}

/* Does the driver hold this byte as memory of its own, not as a loan? */
static bool driver_owns(struct chariot_driver *d, phys_addr_t gpa)
{
	u64 page = gpa & ~(u64)(CHARIOT_PAGE_SIZE - 1), at = page;
	struct chariot_range r;
	unsigned long flags;
	bool own = false;

	raw_spin_lock_irqsave(&d->lock, flags);
	while (at <= gpa && chariot_table_next(&d->table, at, 1, &r) &&
	       r.gpa <= gpa) {
		if (gpa - r.gpa < r.size) {
			own = (r.kind >= CHARIOT_KIND_TEXT &&
			       r.kind <= CHARIOT_KIND_INIT) ||
			      (r.kind >= CHARIOT_KIND_SLAB &&
			       r.kind <= CHARIOT_KIND_DMA);
			break;
		}
		at = r.gpa + r.size;
	}
	raw_spin_unlock_irqrestore(&d->lock, flags);
	return own;
}

static bool describe_driver(struct chariot_driver *d, unsigned long va,
			    phys_addr_t gpa, struct chariot_victim_info *out)
{
	struct chariot_driver *other;
	struct chariot_object object;

	if (d->mod && chariot_module_contains(d->mod, va)) {
		describe_module(d->mod, va, CHARIOT_VICTIM_SELF,
				chariot_module_text_contains(d->mod, va) ?
				"own text, " : "own read-only data, ", out);
		return true;
	}
	list_for_each_entry_rcu(other, &chariot_drivers, node, true) {
		if (other == d)
			continue;
		if (other->mod && chariot_module_contains(other->mod, va)) {
			describe_module(other->mod, va, CHARIOT_VICTIM_DRIVER,
					"driver ", out);
			return true;
		}
		if (chariot_object_nearest(other, va, &object) &&
		    va - object.start < object.size) {
			out->start = object.start;
			out->size = object.size;
			set(out, CHARIOT_VICTIM_DRIVER,
			    "driver %s: %s object +0x%lx", other->name,
			    object.family, va - object.start);
			return true;
		}
		if (driver_owns(other, gpa)) {
			set(out, CHARIOT_VICTIM_DRIVER, "memory of driver %s",
			    other->name);
			return true;
		}
	}
	return false;
}

/* --- tasks --------------------------------------------------------------- */

struct task_name {
	char comm[TASK_COMM_LEN];
	int pid;
};

static void name_task(const struct task_struct *task, struct task_name *name)
{
	memset(name, 0, sizeof(*name));
	chariot_peek_bytes(name->comm, task->comm, sizeof(name->comm) - 1);
	chariot_peek_bytes(&name->pid, &task->pid, sizeof(name->pid));
	if (!name->comm[0])
		strscpy(name->comm, "?", sizeof(name->comm));
}

/* The first task for which match() says so; the idle ones are not looked at. */
static struct task_struct *find_task(bool (*match)(struct task_struct *task,
						   unsigned long value),
				     unsigned long value)
{
	struct task_struct *process, *task;
	int seen = 0;

	for_each_process_thread(process, task) {
		if (match(task, value))
			return task;
		if (++seen == MAX_TASKS)
			return NULL;
	}
	return NULL;
}

static bool stack_holds(struct task_struct *task, unsigned long va)
{
	unsigned long stack = (unsigned long)READ_ONCE(task->stack);

	return stack && va - stack < THREAD_SIZE;
}

/* Is it a page of the task's stack? Stacks may go away as we look. */
static bool stack_has_page(struct task_struct *task, unsigned long page)
{
#ifdef CONFIG_VMAP_STACK
	const struct vm_struct *area = READ_ONCE(task->stack_vm_area);
	struct page **pages;
	int i;

	if (!area || !chariot_peek_bytes(&pages, &area->pages, sizeof(pages)) || !pages)
		return false;
	for (i = 0; i < THREAD_SIZE / PAGE_SIZE; i++)
		if (chariot_peek(&pages[i]) == page)
			return true;
#endif
	return false;
}

static bool has_cred(struct task_struct *task, unsigned long cred)
{
	return chariot_peek(&task->real_cred) == cred ||
	       chariot_peek(&task->cred) == cred;
}

static bool describe_stack(unsigned long va, struct chariot_victim_info *out)
{
	struct task_struct *task = find_task(stack_holds, va);
	struct task_name name;

	if (!task)
		return false;
	name_task(task, &name);
	out->start = (unsigned long)READ_ONCE(task->stack);
	out->size = THREAD_SIZE;
	set(out, CHARIOT_VICTIM_STACK, "stack of %s (pid %d) +0x%lx",
	    name.comm, name.pid, va - out->start);
	return true;
}

/* A stack's page through the direct map. */
static bool describe_stack_page(struct page *page, unsigned long va,
				struct chariot_victim_info *out)
{
	struct task_struct *task = find_task(stack_has_page,
					     (unsigned long)page);
	struct task_name name;

	if (!task)
		return false;
	name_task(task, &name);
	out->start = va & PAGE_MASK;
	out->size = PAGE_SIZE;
	set(out, CHARIOT_VICTIM_STACK, "stack of %s (pid %d), page +0x%lx",
	    name.comm, name.pid, offset_in_page(va));
	return true;
}

/* --- slab objects -------------------------------------------------------- */

static void describe_slab(struct chariot_driver *d, struct page *head,
			  unsigned long va, struct chariot_victim_info *out)
{
	struct chariot_cache *c = chariot_cache_of((void *)va);
	struct chariot_driver *owner = c ? READ_ONCE(c->driver) : NULL;
	struct chariot_slab_object o;
	struct task_struct *task;
	struct task_name name;
	unsigned long offset;

	if (!chariot_slab_object_at(va, &o)) {
		set(out, CHARIOT_VICTIM_SLAB, "slab page +0x%lx",
		    offset_in_page(va));
		return;
	}
	offset = va - o.start;
	out->start = o.start;
	out->size = o.size;
	if (owner) {
		set(out, owner == d ? CHARIOT_VICTIM_SELF :
				      CHARIOT_VICTIM_DRIVER,
		    "%s%s, no live object +0x%lx",
		    owner == d ? "own " : "", o.cache, offset);
		return;
	}
	if (!strcmp(o.cache, "task_struct")) {
		name_task((void *)o.start, &name);
		set(out, CHARIOT_VICTIM_SLAB, "task_struct (%s, pid %d) +0x%lx",
		    name.comm, name.pid, offset);
		return;
	}
	/* Creds may share a cache with others: what counts is who has it. */
	if (o.size >= sizeof(struct cred) && o.size < sizeof(struct cred) + 96) {
		task = find_task(has_cred, o.start);
		if (task) {
			name_task(task, &name);
			set(out, CHARIOT_VICTIM_SLAB,
			    "cred (%s, pid %d) +0x%lx", name.comm, name.pid,
			    offset);
			return;
		}
	}
	set(out, CHARIOT_VICTIM_SLAB, "%s +0x%lx%s", o.cache, offset,
	    offset >= o.size ? " (beyond its end)" : "");
}

/* --- pages --------------------------------------------------------------- */

static bool describe_percpu(unsigned long va, struct chariot_victim_info *out)
{
	unsigned long size, offset;
	int cpu;

	/* The first chunk: static variables, modules' ones, early dynamic. */
	size = PAGE_ALIGN(image.percpu_size + PERCPU_MODULE_RESERVE +
			  PERCPU_DYNAMIC_RESERVE);
	for_each_possible_cpu(cpu) {
		offset = va - __per_cpu_offset[cpu];
		if (offset >= size)
			continue;
		out->start = __per_cpu_offset[cpu];
		out->size = size;
		set(out, CHARIOT_VICTIM_PERCPU, "per-CPU %s of CPU %d +0x%lx",
		    offset < image.percpu_size ? "variables" : "memory", cpu,
		    offset);
		return true;
	}
	return false;
}

static void describe_page_cache(struct page *head, struct page *page,
				unsigned long va,
				struct chariot_victim_info *out)
{
	unsigned long mapping = chariot_peek(&head->mapping);
	unsigned long inode, number = 0, index, sb;
	char device[32] = "?";

	if (mapping & PAGE_MAPPING_ANON) {
		set(out, CHARIOT_VICTIM_USER, "anonymous user page +0x%lx",
		    offset_in_page(va));
		return;
	}
	mapping &= ~(unsigned long)PAGE_MAPPING_FLAGS;
	inode = chariot_peek(&((struct address_space *)mapping)->host);
	if (inode) {
		number = chariot_peek(&((struct inode *)inode)->i_ino);
		sb = chariot_peek(&((struct inode *)inode)->i_sb);
		if (sb)
			chariot_peek_text(device, sizeof(device),
					  (unsigned long)((struct super_block *)sb)->s_id);
	}
	index = chariot_peek(&head->index) + (page - head);
	set(out, CHARIOT_VICTIM_PAGE_CACHE,
	    "page cache of inode %lu (%s), page %lu +0x%lx", number, device,
	    index, offset_in_page(va));
}

static bool on_a_list(const struct page *page)
{
	const struct list_head *lru = &page->lru, *next;

	next = (void *)chariot_peek(&lru->next);
	return next && chariot_peek(&next->prev) == (unsigned long)lru;
}

/*
 * The first page of a block of pages, which is aligned to its size, says
 * whether all of it is free: in the buddy allocator, or on a CPU's list. In the
 * others of the block there is nothing, also if it was allocated as a whole
 * without being made a compound page.
 */
static bool is_free(struct page *page)
{
	unsigned long pfn = page_to_pfn(page);
	unsigned int order;

	for (order = 0; order < 11; order++) {
		struct page *first = pfn_to_page(ALIGN_DOWN(pfn, 1UL << order));

		if (PageBuddy(first))
			return true;
		if (page_ref_count(first))
			return false;
		if (on_a_list(first))
			return true;
	}
	return false;
}

/*
 * Is it a page table of the kernel's own half? Not all kernels mark these.
 * Walks all of that half: tens of thousands of entries, for a report alone.
 */
static bool is_kernel_table(unsigned long pfn)
{
	const pgd_t *top = image.top_table;
	unsigned int i, j, k, l;

	for (i = PTRS_PER_PGD / 2; top && i < PTRS_PER_PGD; i++) {
		const p4d_t *p4d;

		if (pgd_none(top[i]) || pgd_bad(top[i]))
			continue;
		p4d = p4d_offset((pgd_t *)&top[i], 0);
		for (j = 0; j < PTRS_PER_P4D; j++) {
			const pud_t *pud;

			if (p4d_none(p4d[j]) || p4d_bad(p4d[j]))
				continue;
			pud = p4d_pgtable(p4d[j]);
			if (PHYS_PFN(__pa(pud)) == pfn)
				return true;
			for (k = 0; k < PTRS_PER_PUD; k++) {
				const pmd_t *pmd;

				if (pud_none(pud[k]) || pud_leaf(pud[k]) ||
				    pud_bad(pud[k]))
					continue;
				pmd = pud_pgtable(pud[k]);
				if (PHYS_PFN(__pa(pmd)) == pfn)
					return true;
				for (l = 0; l < PTRS_PER_PMD; l++)
					if (!pmd_none(pmd[l]) &&
					    !pmd_leaf(pmd[l]) &&
					    pmd_pfn(pmd[l]) == pfn)
						return true;
			}
		}
	}
	return false;
}

/* The kernel's first page tables are part of its image. */
static bool describe_image_byte(unsigned long va, phys_addr_t gpa,
				struct chariot_victim_info *out)
{
	if (!describe_image(va, out))
		return false;
	if (out->victim == CHARIOT_VICTIM_KERNEL_DATA &&
	    is_kernel_table(gpa >> PAGE_SHIFT))
		out->victim = CHARIOT_VICTIM_PAGE_TABLE;
	return true;
}

/* Is it the top page table of a process? No kernel marks those. */
static bool is_top_table(unsigned long pfn)
{
	const struct task_struct *task;
	unsigned int n = 0;

	for_each_process(task) {
		const struct mm_struct *mm =
			(void *)chariot_peek(&task->active_mm);
		unsigned long pgd = mm ? chariot_peek(&mm->pgd) : 0;

		if (pgd && virt_to_phys((void *)pgd) >> PAGE_SHIFT == pfn)
			return true;
		if (++n == MAX_TASKS)
			break;
	}
	return false;
}

/* va lies in the direct map and page is its. */
static void describe_page(struct chariot_driver *d, struct page *page,
			  unsigned long va, struct chariot_victim_info *out)
{
	struct page *head = compound_head(page);

	if (PageSlab(head)) {
		describe_slab(d, head, va, out);
		return;
	}
	out->start = va & PAGE_MASK;
	out->size = PAGE_SIZE;
	if (PageTable(page) || is_kernel_table(page_to_pfn(page)) ||
	    is_top_table(page_to_pfn(page)))
		set(out, CHARIOT_VICTIM_PAGE_TABLE, "page table +0x%lx",
		    offset_in_page(va));
	else if (is_free(head))
		set(out, CHARIOT_VICTIM_FREE, "free page +0x%lx",
		    offset_in_page(va));
	/* A page that is new in the cache is not on an LRU list yet. */
	else if (!PageReserved(page) && head->mapping &&
		 (PageLRU(head) || PageAnon(head) ||
		  PageUptodate(head)))
		describe_page_cache(head, page, va, out);
	else if (!describe_stack_page(page, va, out))
		set(out, CHARIOT_VICTIM_PAGES, "%s page, pfn 0x%lx +0x%lx",
		    PageReserved(page) ? "reserved" : "allocated",
		    page_to_pfn(page), offset_in_page(va));
}

static bool describe_page_struct(unsigned long va,
				 struct chariot_victim_info *out)
{
	unsigned long pfn = (va - VMEMMAP_START) / sizeof(struct page);

	if (va < VMEMMAP_START || !pfn_valid(pfn))
		return false;
	out->start = (unsigned long)pfn_to_page(pfn);
	out->size = sizeof(struct page);
	set(out, CHARIOT_VICTIM_KERNEL_DATA,
	    "struct page of pfn 0x%lx +0x%lx", pfn, va - out->start);
	return true;
}

static void describe_vmalloc(unsigned long va, bool may_lock,
			     struct chariot_victim_info *out)
{
	struct vm_struct *area = NULL;
	unsigned long caller = 0;

	/*
	 * Looking it up takes a lock that no interrupt may take, nor anyone who
	 * holds a lock that interrupts take; the kernel does not call drivers
	 * with it held.
	 */
	if (find_area && may_lock)
		area = find_area((void *)va);
	if (area) {
		out->start = (unsigned long)area->addr;
		out->size = area->size;
		caller = chariot_peek(&area->caller);
	}
	if (caller)
		set(out, CHARIOT_VICTIM_VMALLOC, "vmalloc area of %ps +0x%lx",
		    (void *)caller, va - out->start);
	else
		set(out, CHARIOT_VICTIM_VMALLOC, "vmalloc area");
}

/**
 * chariot_victim_describe - name what a driver wrote to
 * @d: the driver
 * @va: address of the first byte that was not allowed, or 0
 * @gpa: its guest physical address
 * @may_lock: no interrupt is being served, and none is kept off
 * @out: the result; all of it is set
 *
 * Any context but NMI; reads no memory that could fault.
 */
void chariot_victim_describe(struct chariot_driver *d, unsigned long va,
			     phys_addr_t gpa, bool may_lock,
			     struct chariot_victim_info *out)
{
	unsigned long pfn = gpa >> PAGE_SHIFT, alias;
	struct page *page = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;

	memset(out, 0, sizeof(*out));
	if (!va && page)
		va = (unsigned long)__va(gpa);
	rcu_read_lock_sched();
	rcu_read_lock();
	if (va && va < TASK_SIZE_MAX)
		set(out, CHARIOT_VICTIM_USER, "user memory of %s (pid %d)",
		    current->comm, current->pid);
	else if (describe_driver(d, va, gpa, out) ||
		 describe_image_byte(va, gpa, out) ||
		 describe_any_module(va, out))
		;
	else if (is_vmalloc_addr((void *)va)) {
		/* The kernel's image may be mapped there once more. */
		alias = __START_KERNEL_map + (gpa - phys_base);
		if (!(page && PageReserved(page) &&
		      describe_image_byte(alias, gpa, out)) &&
		    !describe_stack(va, out) && !describe_percpu(va, out))
			describe_vmalloc(va, may_lock, out);
	} else if (!describe_page_struct(va, out) && page) {
		/* From here on by page: va may be an alias we don't know. */
		va = (unsigned long)__va(gpa);
		alias = __START_KERNEL_map + (gpa - phys_base);
		/* Init sections are freed, and then others' pages. */
		if (!(PageReserved(page) &&
		      describe_image_byte(alias, gpa, out)) &&
		    !describe_percpu(va, out))
			describe_page(d, page, va, out);
	} else if (!out->victim) {
		set(out, CHARIOT_VICTIM_UNKNOWN, "no RAM, gpa 0x%llx",
		    (u64)gpa);
	}
	rcu_read_unlock();
	rcu_read_unlock_sched();
}

/* --- start --------------------------------------------------------------- */

int chariot_victim_init(void)
{
	image.text = chariot_symbol("_text");
	image.text_end = chariot_symbol("_etext");
	image.rodata = chariot_symbol("__start_rodata");
	image.rodata_end = chariot_symbol("__end_rodata");
	image.start = image.text;
	image.end = chariot_symbol("_end");
	image.top_table = (const pgd_t *)chariot_symbol("init_top_pgt");
	image.percpu_size = chariot_symbol("__per_cpu_end") -
			    chariot_symbol("__per_cpu_start");
	if (!image.start || image.end < image.start) {
		image.start = 0;
		image.end = 0;
	}
	if (image.percpu_size > SZ_1M)
		image.percpu_size = 0;
	/*
	 * Not exported, so with IBT it may not be called through a pointer:
	 * its ENDBR is sealed. Reports then lack vmalloc areas' owners.
	 */
	if (!boot_cpu_has(X86_FEATURE_IBT))
		find_area = (void *)chariot_symbol("find_vm_area");
	chariot_slab_objects_init();
	return 0;
}
