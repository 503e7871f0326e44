// SPDX-License-Identifier: GPL-2.0
/*
 * When memory is freed, by whomever, the right to write it ends before anyone
 * else can get it.
 * Runs in the guest kernel, in any context but NMI; trusts its tracepoints.
 *
 * Page frames. Every way of a page back into the page allocator passes
 * free_pages_prepare(), whose first act is the tracepoint mm_page_free, with the
 * page's order, before the page is on any list:
 *   6.1: __free_pages_ok() and free_unref_page_prepare() (free_unref_page(),
 *	free_unref_page_list()) are the only callers of __free_one_page() and
 *	free_unref_page_commit() for pages that had an owner;
 *   6.12: __free_pages_ok(), free_unref_page(), free_unref_folios() likewise,
 *	and compaction_free().
 * The tracepoint is in both debug and other builds of free_pcp_prepare(). Pages
 * that go back without it were never anyone's: __putback_isolated_page() and 6.1's
 * compaction_free() return what was taken off the free lists,
 * put_page_back_buddy() an unpoisoned page that the hwpoison code took off them.
 * Tracepoints are silent on a CPU that is not online, the last moment of an
 * unplugged one; its callbacks free no driver's memory.
 *
 * Not returned to the page allocator, hence not seen: frames in the pools of
 * hugetlb, of KFENCE (alloc_slab.c treats its objects by their bytes) and of
 * page_pool, whose pages stay with the driver that owns the pool.
 *
 * The maps have a bit for each frame. A driver's right sets one in `marked`; the
 * backend sets them in `watched`, for rights it gave by itself. The common case
 * of a free is a test of one bit in each.
 */
#include <linux/bitops.h>
#include <linux/kprobes.h>
#include <linux/rculist.h>
#include <linux/sched/task_stack.h>
#include <linux/tracepoint.h>
#include <linux/vmalloc.h>

#include <chariot/hypercall.h>
#include "alloc.h"
#include "handed.h"

#define FRAMES_PER_MAP_PAGE	(PAGE_SIZE * BITS_PER_BYTE)

static unsigned long nr_frames;		/* bits in each map */
static unsigned long *marked;
static unsigned long *slabs;		/* first frames of drivers' slabs */
static unsigned long *watched;		/* written by the backend; may be NULL */
static unsigned long nr_watched;

/* --- maps ---------------------------------------------------------------------- */

/* Any bit in [pfn, pfn + n)? n is a power of two, pfn a multiple of it. */
static __always_inline bool any_bit(const unsigned long *map, unsigned long pfn,
				    unsigned long n)
{
	const unsigned long *word = map + BIT_WORD(pfn);
	unsigned long i;

	if (n < BITS_PER_LONG)
		return READ_ONCE(*word) &
		       (((1UL << n) - 1) << (pfn % BITS_PER_LONG));
	for (i = 0; i < n / BITS_PER_LONG; i++)
		if (READ_ONCE(word[i]))
			return true;
	return false;
}

static void clear_bits(unsigned long *map, unsigned long pfn, unsigned long n)
{
	for (; n && pfn < nr_frames; pfn++, n--)
		if (test_bit(pfn, map))
			clear_bit(pfn, map);
}

void chariot_frames_mark(phys_addr_t gpa, size_t size)
{
	unsigned long pfn = PHYS_PFN(gpa), end = PHYS_PFN(gpa + size - 1);

	if (!marked || !size)
		return;
	for (; pfn <= end && pfn < nr_frames; pfn++)
		if (!test_bit(pfn, marked))
			set_bit(pfn, marked);
}

bool chariot_frame_marked(unsigned long pfn)
{
	return pfn >= nr_frames || test_bit(pfn, marked);
}

bool chariot_frame_slab(unsigned long pfn)
{
	return pfn < nr_frames && test_bit(pfn, slabs);
}

void chariot_frame_slab_set(unsigned long pfn)
{
	if (pfn < nr_frames)
		set_bit(pfn, slabs);
}

void chariot_frames_for_each_slab(bool (*fn)(struct page *page, void *arg),
				  void *arg)
{
	unsigned long pfn;

	for_each_set_bit(pfn, slabs, nr_frames) {
		struct page *page = pfn_to_online_page(pfn);

		if (!page || !fn(page, arg))
			clear_bit(pfn, slabs);
	}
}

unsigned long chariot_frames_end(void)
{
	return nr_frames;
}

/* --- page frames ---------------------------------------------------------------- */

/* The struct pages may have been granted as well (chariot_pages_claim()). */
static bool page_structs_marked(const struct page *page, unsigned long n)
{
	const void *va = (const void *)((unsigned long)page & PAGE_MASK);

	for (; va < (const void *)(page + n); va += PAGE_SIZE)
		if (chariot_frame_marked(PHYS_PFN(chariot_virt_to_phys(va))))
			return true;
	return false;
}

static noinline void end_rights(struct page *page, unsigned long pfn,
				unsigned long n)
{
	const struct chariot_extent e[] = {
		{ PFN_PHYS(pfn), n << PAGE_SHIFT, CHARIOT_KIND_COUNT },
		{ chariot_virt_to_phys(page), n * sizeof(*page),
		  CHARIOT_KIND_COUNT },
	};
	bool structs = page_structs_marked(page, n);
	/* As a rule they lie in one frame: one call of the backend for all. */
	bool together = structs &&
			offset_in_page(page) + n * sizeof(*page) <= PAGE_SIZE;
	struct chariot_driver *d;

	rcu_read_lock();
	list_for_each_entry_rcu(d, &chariot_drivers, node) {
		chariot_handed_forget(d, (unsigned long)page_address(page),
				      n << PAGE_SHIFT);
		chariot_revoke_extents(d, e, together ? 2 : 1);
		chariot_object_del_range(d, (unsigned long)page_address(page),
					 n << PAGE_SHIFT);
		if (structs && !together)
			chariot_revoke(d, page, n * sizeof(*page));
	}
	rcu_read_unlock();
	clear_bits(marked, pfn, n);
	clear_bits(slabs, pfn, n);
}

static void notrace probe_page_free(void *unused, struct page *page,
				    unsigned int order)
{
	unsigned long pfn = page_to_pfn(page), n = 1UL << order;

	if (unlikely(pfn + n > nr_frames || any_bit(marked, pfn, n)))
		end_rights(page, pfn, n);
	/* Beyond the map the backend cannot tell, so it is told. */
	if (watched &&
	    unlikely(pfn + n > nr_watched || any_bit(watched, pfn, n)))
		chariot_hv_page_release(PFN_PHYS(pfn), n << PAGE_SHIFT);
}

/*
 * A dead task's stack is kept and given to the next task, without a free of its
 * pages. The task leaves it for good in this switch: it runs with preemption off
 * since before it was dead, and interrupts are off by now, so no driver runs on
 * that stack any more; and it is handed on only after the switch, in
 * finish_task_switch(). sched_process_exit would be too early (files are closed
 * later, by drivers), sched_process_free too late (a grace period after the
 * stack has gone back).
 */
static void notrace probe_switch(void *unused, bool preempt,
				 struct task_struct *prev,
				 struct task_struct *next,
				 unsigned int prev_state)
{
	const void *va, *end;

	if (likely(!(prev_state & TASK_DEAD)) || preempt)
		return;
	va = task_stack_page(prev);
	for (end = va + THREAD_SIZE; va < end; va += PAGE_SIZE) {
		phys_addr_t gpa = chariot_virt_to_phys(va);

		if (gpa && (PHYS_PFN(gpa) >= nr_watched ||
			    test_bit(PHYS_PFN(gpa), watched)))
			chariot_hv_page_release(gpa, PAGE_SIZE);
	}
}

/* --- slab objects and per-CPU areas ------------------------------------------------ */

static __always_inline void slab_object(const void *object)
{
	if (ZERO_OR_NULL_PTR(object) ||
	    likely(!chariot_frame_marked(PHYS_PFN(__pa(object)))))
		return;
	chariot_slab_object_freed(object);
}

static void notrace probe_kfree(void *unused, unsigned long site,
				const void *object)
{
	slab_object(object);
}

static void notrace probe_kmem_cache_free(void *unused, unsigned long site,
					  const void *object,
					  const struct kmem_cache *cache)
{
	slab_object(object);
}

/*
 * Bulk frees have no tracepoint (that of kfree_rcu()'s needs CONFIG_RCU_TRACE):
 * a probe on kmem_cache_free_bulk(cache, n, objects), which kfree_bulk() and
 * kfree_rcu() come down to.
 */
static int probe_free_bulk(struct kprobe *kp, struct pt_regs *regs)
{
	void **objects = (void **)regs_get_kernel_argument(regs, 2);
	size_t n = regs_get_kernel_argument(regs, 1);

	while (n--)
		slab_object(objects[n]);
	return 0;
}
NOKPROBE_SYMBOL(probe_free_bulk);

static void notrace probe_percpu(void *unused, void *base, int offset,
				 void __percpu *p)
{
	chariot_percpu_freed(p);
}

/* --- start and end ------------------------------------------------------------------- */

enum watch_when { ALWAYS, WATCHED_MAP, WITH_DRIVERS };

static struct watch {
	const char *name;
	void *probe;
	enum watch_when when;
	struct tracepoint *tp;
	bool on;
} watches[] = {
	{ "mm_page_free",	probe_page_free,	ALWAYS },
	{ "sched_switch",	probe_switch,		WATCHED_MAP },
	{ "kfree",		probe_kfree,		WITH_DRIVERS },
	{ "kmem_cache_free",	probe_kmem_cache_free,	WITH_DRIVERS },
	{ "percpu_free_percpu",	probe_percpu,		WITH_DRIVERS },
};

static struct kprobe bulk_probe = {
	.symbol_name = "kmem_cache_free_bulk",
	.pre_handler = probe_free_bulk,
};

static unsigned int nr_drivers;		/* under chariot_mutex */

static void match(struct tracepoint *tp, void *unused)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(watches); i++)
		if (!strcmp(tp->name, watches[i].name))
			watches[i].tp = tp;
}

static void watch_off(enum watch_when when)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(watches); i++) {
		struct watch *w = &watches[i];

		if (w->on && w->when == when) {
			tracepoint_probe_unregister(w->tp, w->probe, NULL);
			w->on = false;
		}
	}
	tracepoint_synchronize_unregister();
}

static int watch_on(enum watch_when when)
{
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(watches); i++) {
		struct watch *w = &watches[i];

		if (w->when != when || w->on)
			continue;
		ret = w->tp ? tracepoint_probe_register(w->tp, w->probe, NULL)
			    : -ENOENT;
		if (ret) {
			pr_err("tracepoint %s: %d\n", w->name, ret);
			watch_off(when);
			return ret;
		}
		w->on = true;
	}
	return 0;
}

static int frees_watch_on(void)
{
	int ret = watch_on(WITH_DRIVERS);

	if (ret)
		return ret;
	/* A kprobe that was unregistered keeps its address, against reuse. */
	bulk_probe.addr = NULL;
	bulk_probe.flags = 0;
	ret = register_kprobe(&bulk_probe);
	if (ret) {
		pr_err("kprobe on %s: %d\n", bulk_probe.symbol_name, ret);
		watch_off(WITH_DRIVERS);
	}
	return ret;
}

static void frees_watch_off(void)
{
	unregister_kprobe(&bulk_probe);
	watch_off(WITH_DRIVERS);
}

int chariot_frees_watch(bool on)
{
	int ret = 0;

	lockdep_assert_held(&chariot_mutex);
	if (on) {
		if (!nr_drivers)
			ret = frees_watch_on();
		if (!ret)
			nr_drivers++;
	} else if (!--nr_drivers) {
		frees_watch_off();
	}
	return ret;
}

static unsigned long *new_map(unsigned long bits)
{
	return vzalloc(DIV_ROUND_UP(bits, FRAMES_PER_MAP_PAGE) * PAGE_SIZE);
}

/* Tell the backend where the watched map is; pages == 0: nowhere. */
static int share_watched(unsigned long pages)
{
	struct chariot_frame_map *map;
	unsigned long i;
	int ret;

	map = (void *)get_zeroed_page(GFP_KERNEL);
	if (!map)
		return -ENOMEM;
	map->count = pages;
	for (i = 0; i < pages; i++)
		map->gpa[i] = PFN_PHYS(vmalloc_to_pfn((void *)watched +
						      i * PAGE_SIZE));
	ret = chariot_hv_watch_map(__pa(map));
	free_page((unsigned long)map);
	return ret;
}

static int watched_init(void)
{
	unsigned long pages = min_t(unsigned long, CHARIOT_FRAME_MAP_MAX,
				    DIV_ROUND_UP(nr_frames,
						 FRAMES_PER_MAP_PAGE));
	int ret;

	if (chariot_backend_errno ||
	    !(chariot_backend.features & CHARIOT_F_WATCH_MAP))
		return 0;
	nr_watched = min(nr_frames, pages * FRAMES_PER_MAP_PAGE);
	if (nr_watched < nr_frames)
		pr_warn("more memory than the watched map has bits for: page frees above %lu GiB are slow\n",
			nr_watched >> (30 - PAGE_SHIFT));
	watched = new_map(nr_watched);
	if (!watched)
		return -ENOMEM;
	ret = share_watched(pages);
	if (!ret)
		ret = watch_on(WATCHED_MAP);
	return ret;
}

int chariot_frames_tell(void)
{
	unsigned long pages = DIV_ROUND_UP(nr_watched, FRAMES_PER_MAP_PAGE);

	if (!watched)
		return 0;
	/* What the one before has given by itself went with it. */
	memset(watched, 0, pages * PAGE_SIZE);
	return share_watched(pages);
}

static void watched_exit(void)
{
	watch_off(WATCHED_MAP);
	if (!watched)
		return;
	/* What the backend may still write must not become someone's memory. */
	if (share_watched(0))
		pr_info("the backend keeps the watched map: its memory is not returned\n");
	else
		vfree(watched);
	watched = NULL;
}

void chariot_frames_exit(void)
{
	chariot_slabs_bury();
	watch_off(ALWAYS);
	watched_exit();
	/* ctors, and frees by RCU that pass our code */
	rcu_barrier();
	vfree(marked);
	vfree(slabs);
	chariot_objects_exit();
}

int chariot_frames_init(void)
{
	int nid, ret;

	ret = chariot_objects_init();
	if (ret)
		return ret;
	for_each_online_node(nid)
		nr_frames = max(nr_frames, node_end_pfn(nid));
	marked = new_map(nr_frames);
	slabs = new_map(nr_frames);
	ret = -ENOMEM;
	if (!marked || !slabs)
		goto err;
	for_each_kernel_tracepoint(match, NULL);
	ret = chariot_slabs_probe();
	if (ret)
		goto err;
	ret = chariot_devres_probe();
	if (ret)
		goto err;
	ret = watched_init();
	if (!ret)
		ret = watch_on(ALWAYS);
	if (ret)
		goto err_watched;
	return 0;

err_watched:
	watched_exit();
err:
	vfree(slabs);
	vfree(marked);
	chariot_objects_exit();
	return ret;
}
