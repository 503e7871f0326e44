// SPDX-License-Identifier: GPL-2.0
/*
 * A driver's slab caches come and go with it, and stay as long as objects do.
 *
 * Caches whose driver has left with objects still alive are put in a graveyard:
 * the kernel may free these objects later, for which the cache must exist, and
 * destroying it would warn. They come back when a driver of that name is loaded
 * again; they are destroyed when a later sweep, or the end of chariot, finds them
 * empty.
 * Runs in the guest kernel, where it may sleep.
 */
#include <linux/workqueue.h>

#include "alloc.h"

#define SWEEP_DELAY	(15 * HZ)	/* kfree_rcu() takes five seconds, and more */

static const unsigned int classes[CHARIOT_KMALLOC_CACHES] = {
	8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192,
};

static LIST_HEAD(graveyard);	/* under chariot_caches_mutex */

/* From the graveyard, to be driver d's again. */
static struct chariot_cache *dig_up(struct chariot_driver *d, const char *name)
{
	struct chariot_cache *c, *found = NULL;

	mutex_lock(&chariot_caches_mutex);
	list_for_each_entry(c, &graveyard, list) {
		if (strcmp(c->name, name))
			continue;
		found = c;
		found->revived = true;
		list_move_tail(&found->list, &d->slabs->caches);
		WRITE_ONCE(found->driver, d);
		break;
	}
	mutex_unlock(&chariot_caches_mutex);
	return found;
}

static struct chariot_cache *kmalloc_cache(struct chariot_driver *d,
					   unsigned int size)
{
	struct chariot_cache_args args = {
		/* what kmalloc() promises: its size, if that is a power of two */
		.align = size & -size,
		.usersize = size,
	};
	struct kmem_cache *cache;
	struct chariot_cache *c;
	char *name;

	name = kasprintf(GFP_KERNEL, "chariot-%s-%u", d->name, size);
	if (!name)
		return NULL;
	c = dig_up(d, name);
	if (!c) {
		cache = chariot_cache_create(d, name, size, &args, 0);
		/* This one stays, but others next to it may go. */
		rcu_read_lock();
		c = cache ? chariot_cache_find(cache) : NULL;
		rcu_read_unlock();
		if (c)
			c->kmalloc = true;
	}
	kfree(name);
	return c;
}

/* Counts a slab page to its cache, if that is driver's (NULL: in the graveyard). */
static struct chariot_cache *count_slab(struct page *page,
					struct chariot_driver *driver)
{
	struct kmem_cache *cache = chariot_slab_cache((struct folio *)page);
	struct chariot_cache *c = cache ? chariot_cache_find(cache) : NULL;

	if (c && c->driver == driver)
		c->pages++;
	return c;
}

/*
 * The slab map keeps other drivers' slabs; a next owner of this driver's caches
 * has no right in them yet.
 */
static bool count_mapped(struct page *page, void *driver)
{
	struct chariot_cache *c = count_slab(page, driver);

	return c && c->driver != driver;
}

/*
 * The long way, for caches that were in the graveyard: their slabs need not be in
 * the slab map.
 */
static void count_all(struct chariot_driver *driver)
{
	unsigned long pfn;

	for (pfn = 0; pfn < chariot_frames_end(); pfn++) {
		struct page *page = pfn_to_online_page(pfn);

		if (!(pfn % PAGES_PER_SECTION))
			cond_resched();
		if (!page)
			pfn |= PAGES_PER_SECTION - 1;
		else if (!PageTail(page))
			count_slab(page, driver);
	}
}

/* After a count; what can't be counted is taken for in use. */
static bool in_use(const struct chariot_cache *c)
{
	return c->pages || !chariot_slab_layout_known();
}

/*
 * Destroys the caches in the graveyard that have become empty. What the driver
 * itself created and did not destroy stays until the end: it would without us.
 */
static void sweep_graveyard(bool last)
{
	struct chariot_cache *c, *next;

	mutex_lock(&chariot_caches_mutex);
	list_for_each_entry(c, &graveyard, list) {
		kmem_cache_shrink(c->cache);
		c->pages = 0;
	}
	if (!list_empty(&graveyard))
		count_all(NULL);
	list_for_each_entry_safe(c, next, &graveyard, list) {
		if ((c->kmalloc || last) && !in_use(c))
			chariot_cache_destroy(c);
		else if (last)
			chariot_cache_unregister(c);	/* the kernel's to free into */
		else if (c->kmalloc)
			pr_info("objects in cache %s outlived their driver\n",
				c->name);
	}
	mutex_unlock(&chariot_caches_mutex);
}

static void sweep_later(struct work_struct *work)
{
	sweep_graveyard(false);
}

static DECLARE_DELAYED_WORK(sweep_work, sweep_later);

static void caches_exit(struct chariot_driver *d)
{
	struct chariot_slabs *slabs = d->slabs;
	struct chariot_cache *c, *next;
	bool revived = false, left = false;
	unsigned int i;

	mutex_lock(&chariot_caches_mutex);
	for (i = 0; i < ARRAY_SIZE(slabs->kmalloc); i++)
		if (slabs->kmalloc[i])
			kmem_cache_shrink(slabs->kmalloc[i]->cache);
	list_for_each_entry(c, &slabs->caches, list) {
		c->pages = 0;
		revived |= c->revived;
	}
	chariot_frames_for_each_slab(count_mapped, d);
	if (revived)
		count_all(d);
	list_for_each_entry_safe(c, next, &slabs->caches, list) {
		if (c->kmalloc && !in_use(c)) {
			chariot_cache_destroy(c);
			continue;
		}
		left |= c->kmalloc;
		WRITE_ONCE(c->driver, NULL);
		WRITE_ONCE(c->ctor, NULL);
		list_move_tail(&c->list, &graveyard);
	}
	mutex_unlock(&chariot_caches_mutex);
	/* Frees on other CPUs may have found the driver by its cache. */
	synchronize_rcu();
	/* Mostly kfree_rcu() that has not run yet; the rest is worth a line. */
	if (left)
		mod_delayed_work(system_wq, &sweep_work, SWEEP_DELAY);
}

static void frags_exit(struct chariot_slabs *slabs)
{
	int cpu;

	if (!slabs->frags)
		return;
	for_each_possible_cpu(cpu)
		chariot_page_frag_drain(per_cpu_ptr(slabs->frags, cpu));
	free_percpu(slabs->frags);
}

/**
 * chariot_slabs_exit - the driver is gone: return its caches
 *
 * Under chariot_mutex, when none of its code can run. Its rights are gone.
 */
void chariot_slabs_exit(struct chariot_driver *d)
{
	if (!d->slabs)
		return;
	chariot_mappings_exit(d);
	chariot_dma_pools_exit(d);
	frags_exit(d->slabs);
	caches_exit(d);
	chariot_frees_watch(false);
	kfree(d->slabs);
	d->slabs = NULL;
}

/**
 * chariot_slabs_init - caches for a driver's kmalloc
 *
 * All at once, under chariot_mutex: making a cache sleeps, and the driver may
 * allocate where that is not allowed. Return: 0, -ENOMEM, or what kept the
 * tracepoints of frees from being seen.
 */
int chariot_slabs_init(struct chariot_driver *d)
{
	unsigned int i;
	int ret;

	d->slabs = kzalloc(sizeof(*d->slabs), GFP_KERNEL);
	if (!d->slabs)
		return -ENOMEM;
	INIT_LIST_HEAD(&d->slabs->caches);
	ret = chariot_frees_watch(true);
	if (ret) {
		kfree(d->slabs);
		d->slabs = NULL;
		return ret;
	}
	d->slabs->frags = alloc_percpu(struct page_frag_cache);
	if (!d->slabs->frags)
		goto err;
	for (i = 0; i < ARRAY_SIZE(classes); i++) {
		d->slabs->kmalloc[i] = kmalloc_cache(d, classes[i]);
		if (!d->slabs->kmalloc[i])
			goto err;
	}
	return 0;
err:
	chariot_slabs_exit(d);
	return -ENOMEM;
}

/**
 * chariot_slabs_bury - chariot's exit, without drivers
 *
 * What is empty goes; the rest is left for the kernel to free into.
 */
void chariot_slabs_bury(void)
{
	cancel_delayed_work_sync(&sweep_work);
	sweep_graveyard(true);
}
