// SPDX-License-Identifier: GPL-2.0
/*
 * What this module takes from the kernel and gives back, and calls of the kernel
 * that fail. KUnit alone.
 *
 * The linker puts the functions here between the module and those of the kernel
 * (--wrap, see Kbuild): so each call of chariot's own can fail, on any kernel, and
 * what it has taken is known. What is given back is seen where it ends, whoever
 * frees it: in the allocators' tracepoints.
 */
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/tracepoint.h>

#include "compat/ledger.h"
#include "ledger.h"

#define ENTRIES	8192

static struct entry {
	struct hlist_node node;
	unsigned long what;
	unsigned long site;
} entries[ENTRIES];

static DEFINE_HASHTABLE(taken, 10);
static DEFINE_RAW_SPINLOCK(lock);
static HLIST_HEAD(spare);
static bool on;

static struct task_struct *failing;
static unsigned int steps_left;
static const char *failed;

/* Is this call to fail? */
static bool step(const char *call)
{
	if (READ_ONCE(failing) != current || !in_task() || !steps_left || --steps_left)
		return false;
	failed = call;
	return true;
}

static void took(unsigned long what, unsigned long site)
{
	struct entry *e;
	unsigned long flags;

	if (!READ_ONCE(on) || !what)
		return;
	raw_spin_lock_irqsave(&lock, flags);
	if (!WARN_ON_ONCE(hlist_empty(&spare))) {
		e = hlist_entry(spare.first, struct entry, node);
		hlist_del(&e->node);
		e->what = what;
		e->site = site;
		hash_add(taken, &e->node, what);
	}
	raw_spin_unlock_irqrestore(&lock, flags);
}

static void notrace gave(unsigned long what)
{
	struct entry *e;
	unsigned long flags;

	if (!READ_ONCE(on) || !what)
		return;
	raw_spin_lock_irqsave(&lock, flags);
	hash_for_each_possible(taken, e, node, what) {
		if (e->what != what)
			continue;
		hash_del(&e->node);
		hlist_add_head(&e->node, &spare);
		break;
	}
	raw_spin_unlock_irqrestore(&lock, flags);
}

/* --- between this module and the kernel --------------------------------------------- */

__diag_push();
__diag_ignore_all("-Wmissing-prototypes", "called by what the linker makes of calls");

/*
 * Whatever its signature: what it is given is in six registers, and the next one on
 * the stack, or that is anything. All of it is passed on.
 */
#define PARAMETERS	unsigned long a, unsigned long b, unsigned long c,	\
			unsigned long d, unsigned long e, unsigned long f,	\
			unsigned long g
/* Weak: of the names of several kernels this one has some, and calls no others. */
#define BETWEEN(call)								\
unsigned long __weak __real_##call(PARAMETERS);					\
unsigned long __wrap_##call(PARAMETERS);					\
unsigned long __wrap_##call(PARAMETERS)

#define TAKES(call)								\
BETWEEN(call)									\
{										\
	unsigned long what;							\
										\
	if (step(#call))							\
		return 0;							\
	what = __real_##call(a, b, c, d, e, f, g);					\
	took(what, _RET_IP_);							\
	return what;								\
}

#define GIVES(call)								\
BETWEEN(call)									\
{										\
	gave(a);								\
	return __real_##call(a, b, c, d, e, f, g);					\
}

#define CAN_FAIL(call)								\
BETWEEN(call)									\
{										\
	return step(#call) ? -ENOMEM : __real_##call(a, b, c, d, e, f, g);		\
}

TAKES(__kmalloc)
TAKES(__kmalloc_node)
TAKES(kmalloc_trace)
TAKES(kasprintf)
TAKES(kstrdup)
TAKES(kmem_cache_alloc)
TAKES(kmem_cache_alloc_node)
TAKES(kmem_cache_create)
TAKES(kmem_cache_create_usercopy)
TAKES(mempool_create)
TAKES(__alloc_percpu)
TAKES(__alloc_percpu_gfp)
TAKES(get_zeroed_page)
TAKES(__get_free_pages)
TAKES(vmalloc)
TAKES(vzalloc)
TAKES(kset_create_and_add)
/* Since Linux 6.10 */
TAKES(__kmalloc_noprof)
TAKES(__kmalloc_node_noprof)
TAKES(__kmalloc_cache_noprof)
TAKES(kstrdup_noprof)
TAKES(kmem_cache_alloc_noprof)
TAKES(kmem_cache_alloc_node_noprof)
TAKES(__kmem_cache_create_args)
TAKES(mempool_create_node_noprof)
TAKES(pcpu_alloc_noprof)
TAKES(get_zeroed_page_noprof)
TAKES(get_free_pages_noprof)
TAKES(vmalloc_noprof)
TAKES(vzalloc_noprof)

GIVES(kmem_cache_destroy)
GIVES(free_percpu)
GIVES(vfree)
GIVES(kvfree)

CAN_FAIL(register_kprobe)
CAN_FAIL(register_kretprobe)
CAN_FAIL(register_die_notifier)
CAN_FAIL(register_module_notifier)
CAN_FAIL(tracepoint_probe_register)
CAN_FAIL(misc_register)
CAN_FAIL(sysfs_create_files)

/* It goes when it may. */
BETWEEN(kvfree_call_rcu)
{
	gave(KUNIT_FREED_BY_RCU(a, b));
	return __real_kvfree_call_rcu(a, b, c, d, e, f, g);
}

__diag_pop();

/* --- where memory ends -------------------------------------------------------------- */

static void notrace probe_free(void *unused, unsigned long site, const void *object)
{
	gave((unsigned long)object);
}

static void notrace probe_page_free(void *unused, struct page *page,
				    unsigned int order)
{
	gave((unsigned long)page_address(page));
}

static struct watch {
	const char *name;
	void *probe;
	struct tracepoint *tp;
} watches[] = {
	{ "kfree", probe_free },
	{ "kmem_cache_free", probe_free },
	{ "mm_page_free", probe_page_free },
};

static void match(struct tracepoint *tp, void *unused)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(watches); i++)
		if (!strcmp(tp->name, watches[i].name))
			watches[i].tp = tp;
}

int ledger_init(void)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(entries); i++)
		hlist_add_head(&entries[i].node, &spare);
	for_each_kernel_tracepoint(match, NULL);
	for (i = 0; i < ARRAY_SIZE(watches) && !ret; i++)
		ret = watches[i].tp ?
		      tracepoint_probe_register(watches[i].tp, watches[i].probe, NULL) :
		      -ENOENT;
	return ret;
}

void ledger_exit(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(watches); i++)
		if (watches[i].tp)
			tracepoint_probe_unregister(watches[i].tp,
						    watches[i].probe, NULL);
	tracepoint_synchronize_unregister();
}

/* --- for tests ------------------------------------------------------------------------ */

void ledger_open(void)
{
	struct hlist_node *next;
	struct entry *e;
	int i;

	rcu_barrier();
	raw_spin_lock_irq(&lock);
	hash_for_each_safe(taken, i, next, e, node) {
		hash_del(&e->node);
		hlist_add_head(&e->node, &spare);
	}
	raw_spin_unlock_irq(&lock);
	WRITE_ONCE(on, true);
}

struct ledger_sum ledger_close(void)
{
	struct ledger_sum sum = { };
	struct entry *e;
	int i;

	rcu_barrier();
	WRITE_ONCE(on, false);
	raw_spin_lock_irq(&lock);
	hash_for_each(taken, i, e, node) {
		sum.count++;
		sum.first = e->site;
	}
	raw_spin_unlock_irq(&lock);
	return sum;
}

void ledger_fail(unsigned int nth)
{
	failed = NULL;
	steps_left = nth;
	WRITE_ONCE(failing, nth ? current : NULL);
}

const char *ledger_failed(void)
{
	const char *call = failed;

	ledger_fail(0);
	return call;
}
