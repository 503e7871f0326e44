// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that a driver gets: each way to it gives a right and a record, and each
 * way out of it ends them, before anyone else can have the memory.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include <linux/vmalloc.h>

#include "alloc.h"
#include "world.h"

/* --- what is handed out must be nobody's ------------------------------------------- */

static atomic_t seen, dirty;
static struct tracepoint *page_tracepoint;

static bool holds_any(struct chariot_driver *d, phys_addr_t gpa, size_t size)
{
	struct chariot_range r;
	unsigned long flags;
	bool holds;

	/* Held where the backend takes memory of its own, for a change of rights. */
	if (!raw_spin_trylock_irqsave(&d->lock, flags))
		return false;
	holds = chariot_table_next(&d->table, gpa, PHYS_PFN(size), &r) &&
		r.gpa < gpa + size;
	raw_spin_unlock_irqrestore(&d->lock, flags);
	return holds;
}

/* The page allocator is about to hand out pages: no driver may write them yet. */
static void notrace probe_page_alloc(void *unused, struct page *page,
				     unsigned int order, gfp_t gfp, int migratetype)
{
	struct chariot_driver *d;

	if (!page)
		return;
	atomic_inc(&seen);
	rcu_read_lock();
	list_for_each_entry_rcu(d, &chariot_drivers, node)
		if (holds_any(d, page_to_phys(page), PAGE_SIZE << order))
			atomic_inc(&dirty);
	rcu_read_unlock();
}

static void match(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "mm_page_alloc"))
		page_tracepoint = tp;
}

static int alloc_init(struct kunit *test)
{
	int ret = world_init(test);

	if (ret)
		return ret;
	for_each_kernel_tracepoint(match, NULL);
	atomic_set(&seen, 0);
	atomic_set(&dirty, 0);
	return page_tracepoint ?
	       tracepoint_probe_register(page_tracepoint, probe_page_alloc, NULL) :
	       -ENOENT;
}

static void alloc_exit(struct kunit *test)
{
	if (page_tracepoint) {
		tracepoint_probe_unregister(page_tracepoint, probe_page_alloc, NULL);
		tracepoint_synchronize_unregister();
	}
	world_exit(test);
	KUNIT_EXPECT_GT(test, atomic_read(&seen), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&dirty), 0);
}

/* --- every family ------------------------------------------------------------------- */

static void expect_right(struct kunit *test, struct chariot_driver *d,
			 const struct kunit_family *f, void *p)
{
	struct chariot_object o = { };

	KUNIT_EXPECT_TRUE_MSG(test, world_writable(test, d, p, f->size), "%s",
			      f->name);
	KUNIT_EXPECT_TRUE_MSG(test, chariot_object_nearest(d, (unsigned long)p, &o),
			      "%s", f->name);
	KUNIT_EXPECT_EQ_MSG(test, o.start, (unsigned long)p, "%s", f->name);
	KUNIT_EXPECT_EQ_MSG(test, o.size, f->size, "%s", f->name);
	KUNIT_EXPECT_STREQ_MSG(test, o.family, f->record, "%s", f->name);
	KUNIT_EXPECT_EQ_MSG(test, !f->by_kernel,
			    chariot_module_text_contains(d->mod, o.site),
			    "%s: %pS", f->name, (void *)o.site);
	world_expect_agreed(test, d);
}

static bool is_stopped(struct kunit *test, struct chariot_driver *d, phys_addr_t gpa)
{
	enum chariot_verdict verdict = CHARIOT_VERDICT_ALLOW;

	KUNIT_EXPECT_EQ(test, 0, chariot_fake_write(d->domain, gpa, 1, &verdict));
	return verdict == CHARIOT_VERDICT_STOP;
}

/* Where the driver may write next to its memory, or 0. */
struct edges {
	phys_addr_t before, behind;
};

static phys_addr_t if_writable(struct kunit *test, struct chariot_driver *d, void *p)
{
	return world_writable(test, d, p, 1) ? chariot_virt_to_phys(p) : 0;
}

static struct edges edges_of(struct kunit *test, struct chariot_driver *d, void *p,
			     size_t size)
{
	return (struct edges){
		.before = virt_addr_valid(p) ? if_writable(test, d, p - 1) : 0,
		.behind = if_writable(test, d, p + size),
	};
}

/*
 * Where rights are to the byte it may not, unless other memory of its own lies there,
 * which then still does when this one has gone.
 */
static void expect_edges(struct kunit *test, struct chariot_driver *d,
			 const struct kunit_family *f, struct edges edges)
{
	if (edges.before)
		KUNIT_EXPECT_FALSE_MSG(test, is_stopped(test, d, edges.before),
				       "%s: before", f->name);
	if (edges.behind)
		KUNIT_EXPECT_FALSE_MSG(test, is_stopped(test, d, edges.behind),
				       "%s: behind", f->name);
}

static void expect_ended(struct kunit *test, struct chariot_driver *d,
			 const struct kunit_family *f, phys_addr_t gpa)
{
	/* A slab of the driver's own stays its own, whole, as long as it is one. */
	if (!f->slab || d->heap == CHARIOT_HEAP_BYTE)
		KUNIT_EXPECT_TRUE_MSG(test, is_stopped(test, d, gpa), "%s", f->name);
	world_expect_agreed(test, d);
}

static void expect_forgotten(struct kunit *test, struct chariot_driver *d,
			     const struct kunit_family *f, void *p)
{
	struct chariot_object o = { };

	if (chariot_object_nearest(d, (unsigned long)p, &o))
		KUNIT_EXPECT_NE_MSG(test, o.start, (unsigned long)p, "%s", f->name);
}

/* Gives it back by @put, or by the driver itself. */
static void try_family(struct kunit *test, struct world_driver w,
		       const struct kunit_family *f, void (*put)(void *p, size_t size))
{
	struct edges edges = { };
	phys_addr_t gpa;
	void *p;

	p = f->get(f->size);
	KUNIT_EXPECT_NOT_NULL_MSG(test, p, "%s", f->name);
	if (!p)
		return;
	expect_right(test, w.chariot, f, p);
	if (w.chariot->heap == CHARIOT_HEAP_BYTE)
		edges = edges_of(test, w.chariot, p, f->size);
	gpa = chariot_virt_to_phys(p);
	(put ?: f->put)(p, f->size);
	expect_ended(test, w.chariot, f, gpa);
	expect_edges(test, w.chariot, f, edges);
	/* Of an area's address only the driver's own vfree() tells. */
	if (!put || !is_vmalloc_addr(p))
		expect_forgotten(test, w.chariot, f, p);
}

static const enum chariot_heap heaps[] = { CHARIOT_HEAP_PAGE, CHARIOT_HEAP_BYTE };

static void heap_desc(const enum chariot_heap *heap, char *desc)
{
	strscpy(desc, *heap == CHARIOT_HEAP_BYTE ? "to the byte" : "to the page",
		KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(heap, heaps, heap_desc);

static void test_families(struct kunit *test)
{
	const enum chariot_heap *heap = test->param_value;
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE, *heap);
	bool other = world_use_memory();
	size_t i;

	for (i = 0; i < w.calls->nr_families; i++)
		try_family(test, w, &w.calls->families[i], NULL);
	for (i = 0; i < w.calls->nr_device_families; i++)
		try_family(test, w, &w.calls->device_families[i], NULL);
	world_leave_memory(other);
	KUNIT_EXPECT_EQ(test, 0ll, (long long)atomic64_read(&w.chariot->violations));
}

/* Whole pages, as long as the cache has them, which is the driver's own. */
static void test_fragments(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE,
					   CHARIOT_HEAP_PAGE);
	const struct kunit_fragment *f = w.calls->fragments;
	struct chariot_object o;
	phys_addr_t gpa;
	void *p;

	for (; f < w.calls->fragments + w.calls->nr_fragments; f++) {
		p = f->get(f->size);
		KUNIT_EXPECT_NOT_NULL_MSG(test, p, "%s", f->name);
		if (!p)
			continue;
		KUNIT_EXPECT_TRUE_MSG(test, world_writable(test, w.chariot, p, f->size),
				      "%s", f->name);
		o = (struct chariot_object){ };
		chariot_object_nearest(w.chariot, (unsigned long)p, &o);
		KUNIT_EXPECT_STREQ_MSG(test, o.family, f->name, "%s", f->name);
		gpa = chariot_virt_to_phys(p);
		f->put(p);
		if (!f->kept)
			KUNIT_EXPECT_TRUE_MSG(test, is_stopped(test, w.chariot, gpa), "%s",
					      f->name);
		world_expect_agreed(test, w.chariot);
	}
	KUNIT_EXPECT_EQ(test, 0ll, (long long)atomic64_read(&w.chariot->violations));
}

/* Of what is not memory there are records, and no rights. */
static void test_mappings(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE,
					   CHARIOT_HEAP_PAGE);
	u64 pages = w.chariot->table.pages;
	const struct kunit_mapping *m;
	struct chariot_object o;
	unsigned long va;
	void *p;

	for (m = w.calls->mappings; m < w.calls->mappings + w.calls->nr_mappings; m++) {
		p = m->map();
		KUNIT_EXPECT_FALSE_MSG(test, IS_ERR_OR_NULL(p), "%s", m->name);
		if (IS_ERR_OR_NULL(p))
			continue;
		va = (unsigned long)p;
		KUNIT_EXPECT_TRUE_MSG(test, chariot_object_nearest(w.chariot, va, &o),
				      "%s", m->name);
		KUNIT_EXPECT_EQ_MSG(test, o.start, va, "%s", m->name);
		KUNIT_EXPECT_EQ_MSG(test, o.size, PAGE_SIZE, "%s", m->name);
		KUNIT_EXPECT_EQ_MSG(test, o.kind, CHARIOT_KIND_MMIO, "%s", m->name);
		KUNIT_EXPECT_STREQ_MSG(test, o.family, m->name, "%s", m->name);
		KUNIT_EXPECT_EQ_MSG(test, w.chariot->table.pages, pages, "%s", m->name);
		m->unmap(p);
	}
	world_expect_agreed(test, w.chariot);
}

/* --- from the other side --------------------------------------------------------------- */

static void kernel_kfree(void *p, size_t size)
{
	kfree(p);
}

static void kernel_vfree(void *p, size_t size)
{
	vfree(p);
}

static void kernel_put_page(void *p, size_t size)
{
	put_page(virt_to_page(p));
}

static void kernel_free_pages(void *p, size_t size)
{
	free_pages((unsigned long)p, get_order(size));
}

static const struct {
	const char *family;
	void (*put)(void *p, size_t size);
} other_side[] = {
	{ "kmalloc", kernel_kfree },
	{ "kmalloc_large", kernel_kfree },
	{ "kstrdup", kernel_kfree },
	{ "kmem_cache", kernel_kfree },
	{ "vmalloc", kernel_vfree },
	{ "put_page", kernel_put_page },
	{ "alloc_pages", kernel_free_pages },
	{ "get_free_pages", kernel_free_pages },
};

static void test_other_side(struct kunit *test)
{
	const enum chariot_heap *heap = test->param_value;
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE, *heap);
	unsigned int tried = 0;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(other_side); i++)
		for (j = 0; j < w.calls->nr_families; j++)
			if (!strcmp(w.calls->families[j].name, other_side[i].family)) {
				try_family(test, w, &w.calls->families[j],
					   other_side[i].put);
				tried++;
			}
	KUNIT_EXPECT_EQ(test, tried, (unsigned int)ARRAY_SIZE(other_side));
}

/* --- memory that stays longer than the driver --------------------------------------------- */

static void test_outlives(struct kunit *test)
{
	const enum chariot_heap *heap = test->param_value;
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE, *heap);
	/* None of what it gets when it begins is of this class. */
	const size_t size = 700;
	struct chariot_driver *d;
	char *p = w.calls->families[0].get(size);

	KUNIT_ASSERT_NOT_NULL(test, p);
	strscpy(p, "left behind", size);
	KUNIT_EXPECT_EQ(test, 0, world_unload());
	world_expect_empty(test);
	/* Its slab is kept for it, and the next driver of that name has no right yet. */
	KUNIT_EXPECT_STREQ(test, p, "left behind");
	d = world_load(test, CHARIOT_MODE_ENFORCE, *heap).chariot;
	KUNIT_EXPECT_FALSE(test, world_writable(test, d, p, size));
	kfree(p);
	KUNIT_EXPECT_EQ(test, 0, world_unload());
	world_expect_empty(test);
}

static struct kunit_case alloc_cases[] = {
	KUNIT_CASE_PARAM(test_families, heap_gen_params),
	KUNIT_CASE(test_fragments),
	KUNIT_CASE(test_mappings),
	KUNIT_CASE_PARAM(test_other_side, heap_gen_params),
	KUNIT_CASE_PARAM(test_outlives, heap_gen_params),
	{ }
};

struct kunit_suite guest_alloc_suite = {
	.name = "chariot_guest_alloc",
	.init = alloc_init,
	.exit = alloc_exit,
	.test_cases = alloc_cases,
};
