// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's maple tree and interval tree in user space, to hold the table
 * against. Compiled from the kernel's source, which lies where kunit/run has put it;
 * its own user-space headers (tools/testing/radix-tree) do most of it.
 */
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One thread, so what these headers want of liburcu is plain. */
struct rcu_head { void *next; };
#define rcu_dereference(p)		(p)
#define rcu_assign_pointer(p, v)	((p) = (v))
#define rcu_read_lock()			((void)0)
#define rcu_read_unlock()		((void)0)
#define call_rcu(head, done)		done(head)
#define uatomic_inc(p)			(++*(p))
#define uatomic_read(p)			(*(p))

#include <linux/types.h>
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/radix-tree.h>
#include <linux/rcupdate.h>

#include "bench_trees.h"

#define module_init(x)
#define module_exit(x)
#define dump_stack()			abort()

#ifndef fallthrough
#define fallthrough			__attribute__((__fallthrough__))
#endif

int preempt_count;

#include "../../../lib/maple_tree.c"
#include "../../lib/rbtree.c"
#include "../../../lib/interval_tree.c"

/* --- memory ---------------------------------------------------------------------- */

struct kmem_cache {
	unsigned int size;
	unsigned long long used;
};

static struct kmem_cache *nodes;		/* of the maple tree */
int kmalloc_verbose;

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size,
				     unsigned int align, unsigned int flags,
				     void (*ctor)(void *))
{
	nodes = calloc(1, sizeof(*nodes));
	if (!nodes || align > size || ctor)
		abort();
	nodes->size = size;
	return nodes;
}

void *kmem_cache_alloc_lru(struct kmem_cache *cache, struct list_lru *lru, int flags)
{
	void *p = bench_memory(cache->size);

	if (flags & __GFP_ZERO)
		memset(p, 0, cache->size);
	cache->used++;
	return p;
}

int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t flags, size_t count, void **list)
{
	size_t i;

	for (i = 0; i < count; i++)
		list[i] = kmem_cache_alloc(cache, flags);
	return count;
}

void kmem_cache_free(struct kmem_cache *cache, void *p)
{
	bench_memory_free(p, cache->size);
	cache->used--;
}

void kmem_cache_free_bulk(struct kmem_cache *cache, size_t count, void **list)
{
	while (count--)
		kmem_cache_free(cache, list[count]);
}

/* --- the maple tree -------------------------------------------------------------- */

static struct maple_tree maple = MTREE_INIT(maple, 0);

static void maple_set(unsigned long long gpa, unsigned long long size, void *entry)
{
	if (!nodes)
		maple_tree_init();
	if (mtree_store_range(&maple, gpa, gpa + size - 1, entry, GFP_KERNEL))
		abort();
}

static void maple_add(unsigned long long gpa, unsigned long long size)
{
	maple_set(gpa, size, xa_mk_value(1));
}

static void maple_remove(unsigned long long gpa, unsigned long long size)
{
	maple_set(gpa, size, NULL);
}

static bool maple_allows(unsigned long long gpa, unsigned long long size)
{
	MA_STATE(mas, &maple, gpa, gpa);
	void *entry = mas_walk(&mas);

	return entry && xa_to_value(entry) & 1 && mas.last >= gpa + size - 1;
}

static unsigned long long maple_bytes(void)
{
	return nodes->used * nodes->size;
}

const struct bench_tree bench_maple = {
	"maple", maple_add, maple_allows, maple_remove, maple_bytes,
};

/* --- the interval tree ----------------------------------------------------------- */

struct interval {
	struct interval_tree_node node;
	unsigned short kind;
	unsigned char rights;
};

/* What kmalloc() would give for one. */
#define INTERVAL_SIZE	64u
_Static_assert(sizeof(struct interval) <= INTERVAL_SIZE, "INTERVAL_SIZE");

static struct rb_root_cached intervals;
static unsigned long long interval_count;

static void interval_add(unsigned long long gpa, unsigned long long size)
{
	struct interval *i = bench_memory(INTERVAL_SIZE);

	i->node.start = gpa;
	i->node.last = gpa + size - 1;
	i->rights = 1;
	interval_tree_insert(&i->node, &intervals);
	interval_count++;
}

static struct interval *interval_find(unsigned long long gpa, unsigned long long size)
{
	struct interval_tree_node *node = interval_tree_iter_first(&intervals, gpa,
								   gpa + size - 1);

	if (!node || node->start > gpa || node->last < gpa + size - 1)
		return NULL;
	return container_of(node, struct interval, node);
}

static bool interval_allows(unsigned long long gpa, unsigned long long size)
{
	struct interval *i = interval_find(gpa, size);

	return i && i->rights & 1;
}

static void interval_remove(unsigned long long gpa, unsigned long long size)
{
	struct interval *i = interval_find(gpa, size);

	interval_tree_remove(&i->node, &intervals);
	bench_memory_free(i, INTERVAL_SIZE);
	interval_count--;
}

static unsigned long long interval_bytes(void)
{
	return interval_count * INTERVAL_SIZE;
}

const struct bench_tree bench_interval = {
	"interval", interval_add, interval_allows, interval_remove, interval_bytes,
};
