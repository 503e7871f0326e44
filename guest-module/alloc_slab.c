// SPDX-License-Identifier: GPL-2.0
/*
 * Slab caches of a driver's own: their making, which driver a slab page belongs
 * to, its rights, and what becomes of caches when a driver leaves.
 * Runs in the guest kernel; giving and freeing in any context but NMI.
 */
#include <linux/kfence.h>
#include <linux/rculist.h>
#include <linux/vmalloc.h>

#include "alloc.h"

/*
 * All caches we made, by the kernel's pointer. Caches whose driver has left with
 * objects still alive are in the graveyard as well: the kernel may free these
 * objects later, for which the cache must exist, and destroying it would warn.
 * They come back when a driver of that name is loaded again; they are destroyed
 * when a later sweep, or the end of chariot, finds them empty.
 */
static DEFINE_HASHTABLE(registry, 7);
static DEFINE_MUTEX(registry_mutex);	/* writers; inside chariot_mutex */
static LIST_HEAD(graveyard);

#define SWEEP_DELAY	(15 * HZ)	/* kfree_rcu() takes five seconds, and more */

static const unsigned int classes[CHARIOT_KMALLOC_CACHES] = {
	8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192,
};

/* --- from an address to its cache -------------------------------------------------- */

/* Offset of slab_cache in struct slab, which overlays struct page; 0: unknown. */
static size_t slab_cache_offset;

/*
 * struct slab is private to mm/. Both layouts (Linux 6.1, and 6.2 on) hold the
 * cache's address in a word behind the flags: find it, with two caches to be
 * sure that it is not another thing's word.
 */
static size_t find_offset(const void *a, const struct kmem_cache *cache_a,
			  const void *b, const struct kmem_cache *cache_b)
{
	const struct page *page_a = virt_to_head_page(a);
	const struct page *page_b = virt_to_head_page(b);
	size_t i, found = 0;

	for (i = sizeof(long); i < sizeof(struct page); i += sizeof(long)) {
		if (*(void **)((void *)page_a + i) != cache_a ||
		    *(void **)((void *)page_b + i) != cache_b)
			continue;
		if (found)
			return 0;
		found = i;
	}
	return found;
}

int chariot_slabs_probe(void)
{
	struct kmem_cache *cache[2] = {};
	void *object[2] = {};
	int i, ret = -ENOMEM;

	BUILD_BUG_ON(KMALLOC_MAX_CACHE_SIZE != 8192);
	for (i = 0; i < 2; i++) {
		cache[i] = kmem_cache_create(i ? "chariot-probe-b" :
					     "chariot-probe-a", 64, 0,
					     CHARIOT_SLAB_UNMERGEABLE, NULL);
		if (!cache[i])
			goto out;
		object[i] = kmem_cache_alloc(cache[i], GFP_KERNEL);
		if (!object[i])
			goto out;
	}
	slab_cache_offset = find_offset(object[0], cache[0], object[1], cache[1]);
	if (!slab_cache_offset)
		pr_warn("struct slab has an unknown layout: constructors and late allocations of drivers will be taken for violations\n");
	ret = 0;
out:
	for (i = 0; i < 2; i++) {
		if (object[i])
			kmem_cache_free(cache[i], object[i]);
		kmem_cache_destroy(cache[i]);
	}
	return ret;
}

/*
 * The folio of an address that a driver may have made up, NULL if it has none. A
 * driver may write the struct page of its own pages: believe no wild head.
 */
static struct folio *folio_at(const void *va)
{
	struct page *page, *head;

	if (!virt_addr_valid(va))
		return NULL;
	page = virt_to_page(va);
	head = compound_head(page);
	return head <= page && page - head < CHARIOT_MAX_FOLIO_PAGES ?
	       (struct folio *)head : NULL;
}

/* The cache of a slab page; NULL if it is none or layouts are unknown. */
static struct kmem_cache *slab_cache(struct folio *folio)
{
	if (!slab_cache_offset || !folio_test_slab(folio))
		return NULL;
	return *(struct kmem_cache **)((void *)folio + slab_cache_offset);
}

struct chariot_cache *chariot_cache_find(const struct kmem_cache *cache)
{
	struct chariot_cache *c;

	hash_for_each_possible_rcu(registry, c, node, (unsigned long)cache)
		if (c->cache == cache)
			return c;
	return NULL;
}

struct chariot_cache *chariot_cache_of(const void *va)
{
	struct folio *folio = folio_at(va);
	struct kmem_cache *cache = folio ? slab_cache(folio) : NULL;

	return cache ? chariot_cache_find(cache) : NULL;
}

/* --- rights ---------------------------------------------------------------------------- */

/* Are c's pages granted as a whole? KFENCE's are not returned to the page
 * allocator, so objects in them count by their bytes. */
static bool by_page(const struct chariot_driver *d, const struct chariot_cache *c,
		    const void *object)
{
	return (d->heap == CHARIOT_HEAP_PAGE || c->whole) &&
	       !is_kfence_address(object);
}

/* Grant the slab that holds object, unless it is. Idempotent, so that two CPUs
 * may do it at once: the map tells only after the right is in force. */
static int grant_slab(struct chariot_driver *d, const void *object)
{
	struct folio *folio = virt_to_folio(object);
	int ret;

	if (chariot_frame_slab(folio_pfn(folio)))
		return 0;
	ret = chariot_grant(d, folio_address(folio), folio_size(folio),
			    CHARIOT_RIGHT_WRITE, CHARIOT_KIND_SLAB);
	if (!ret)
		chariot_frame_slab_set(folio_pfn(folio));
	return ret;
}

static int grant_object(struct chariot_driver *d, const struct chariot_cache *c,
			const void *object, size_t size)
{
	int ret;

	if (c && by_page(d, c, object))
		return grant_slab(d, object);
	ret = chariot_grant(d, object, size, CHARIOT_RIGHT_WRITE,
			    CHARIOT_KIND_SLAB);
	if (!ret && c && !is_kfence_address(object))
		chariot_frame_slab_set(folio_pfn(virt_to_folio(object)));
	return ret;
}

/**
 * chariot_slab_give - an object from a slab cache is handed to a driver
 * @cache: where it comes from, the driver's own or not
 * @size: bytes asked for
 *
 * Any context. Return: 0, or an error with nothing changed but d->untracked.
 */
int chariot_slab_give(struct chariot_driver *d, struct kmem_cache *cache,
		      const void *object, size_t size, const char *family,
		      unsigned long site)
{
	struct chariot_cache *c;
	int ret;

	rcu_read_lock();
	c = chariot_cache_find(cache);
	if (c && c->driver != d)
		c = NULL;	/* another's: its bytes only */
	ret = grant_object(d, c, object, size);
	rcu_read_unlock();
	if (ret) {
		atomic64_inc(&d->untracked);
		return ret;
	}
	chariot_object_insert(d, object, size, CHARIOT_KIND_SLAB, family, site);
	return 0;
}

/**
 * chariot_slab_object_freed - a slab object in a marked frame dies
 *
 * From the tracepoints of kfree() and its kin, before the object is on a free
 * list: ends each driver's right to its bytes, other than a right to the whole
 * slab, which its owner keeps as long as the slab.
 */
void chariot_slab_object_freed(const void *object)
{
	struct folio *folio = virt_to_folio(object);
	struct chariot_driver *d, *owner = NULL;
	struct kmem_cache *cache;
	struct chariot_cache *c;
	size_t size;

	if (!folio_test_slab(folio))
		return;		/* page-backed: mm_page_free tells */
	rcu_read_lock();
	cache = slab_cache(folio);
	c = cache ? chariot_cache_find(cache) : NULL;
	if (c)
		owner = READ_ONCE(c->driver);
	if (owner && !by_page(owner, c, object))
		owner = NULL;
	list_for_each_entry_rcu(d, &chariot_drivers, node) {
		if (!cache) {
			size = chariot_object_del(d, object);
		} else {
			/* A record may begin inside (alloc_devres.c). */
			size = kmem_cache_size(cache);
			chariot_object_del_range(d, (unsigned long)object, size);
		}
		if (d != owner)
			chariot_revoke(d, object, size);
	}
	rcu_read_unlock();
}

bool chariot_slabs_claim(struct chariot_driver *d, unsigned long va)
{
	const void *object = (const void *)va;
	struct chariot_cache *c;
	bool mine;
	int ret;

	if (chariot_pages_claim(d, va))
		return true;
	rcu_read_lock();
	c = chariot_cache_of(object);
	mine = c && c->driver == d && by_page(d, c, object);
	if (mine) {
		struct folio *folio = virt_to_folio(object);

		ret = chariot_grant(d, folio_address(folio), folio_size(folio),
				    CHARIOT_RIGHT_WRITE, CHARIOT_KIND_SLAB);
		if (ret)
			mine = false;
		else
			chariot_frame_slab_set(folio_pfn(folio));
	}
	rcu_read_unlock();
	return mine;
}

/* --- making and ending caches ------------------------------------------------------------ */

/*
 * Stands in for a driver's constructor. The kernel runs it when it fills a new
 * slab, before it hands out the first object: so the driver gets its right here.
 */
static void construct(void *object)
{
	void (*ctor)(void *) = NULL;
	struct chariot_driver *d;
	struct chariot_cache *c;
	bool bytes = false;

	rcu_read_lock();
	c = chariot_cache_of(object);
	d = c ? READ_ONCE(c->driver) : NULL;
	if (d) {
		ctor = c->ctor;
		bytes = !by_page(d, c, object);
		if (grant_object(d, c, object, c->size))
			atomic64_inc(&d->untracked);
	}
	rcu_read_unlock();
	if (ctor)
		ctor(object);
	if (bytes)	/* until it is handed out */
		chariot_revoke(d, object, kmem_cache_size(c->cache));
}

static bool name_taken(const char *name)
{
	struct chariot_cache *c;
	int i;

	hash_for_each(registry, i, c, node)
		if (!strcmp(c->name, name))
			return true;
	return false;
}

/*
 * Caches that can't be merged show in sysfs by name, which must be free; a
 * driver may well create two of one name, which the kernel would have merged.
 */
static char *unique_name(struct chariot_driver *d, const char *name)
{
	unsigned int i;
	char *unique;

	if (!name_taken(name))
		return kstrdup(name, GFP_KERNEL);
	for (i = 2; ; i++) {
		unique = kasprintf(GFP_KERNEL, "%s:%s.%u", name, d->name, i);
		if (!unique || !name_taken(unique))
			return unique;
		kfree(unique);
	}
}

/**
 * chariot_cache_create - a slab cache whose pages belong to one driver
 * @args: as for kmem_cache_create(); @args->ctor runs in the driver's domain
 *
 * Sleeps. Return: the kernel's cache, registered as the driver's, or NULL.
 */
struct kmem_cache *chariot_cache_create(struct chariot_driver *d,
					const char *name, unsigned int size,
					const struct chariot_cache_args *args,
					slab_flags_t flags)
{
	struct chariot_cache_args own = *args;
	struct chariot_cache *c;

	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return NULL;
	c->driver = d;
	c->size = size;
	c->whole = flags & SLAB_TYPESAFE_BY_RCU;
	c->ctor = own.ctor;
	if (own.ctor && slab_cache_offset)
		own.ctor = construct;

	mutex_lock(&registry_mutex);
	c->name = unique_name(d, name);
	if (c->name)
		c->cache = chariot_kmem_cache_create(c->name, size, &own,
				flags | CHARIOT_SLAB_UNMERGEABLE);
	if (!c->cache) {
		mutex_unlock(&registry_mutex);
		kfree(c->name);
		kfree(c);
		return NULL;
	}
	hash_add_rcu(registry, &c->node, (unsigned long)c->cache);
	list_add_tail(&c->list, &d->slabs->caches);
	mutex_unlock(&registry_mutex);
	return c->cache;
}

/* registry_mutex is held */
static void unregister(struct chariot_cache *c)
{
	hash_del_rcu(&c->node);
	list_del(&c->list);
	kfree(c->name);
	kfree_rcu(c, rcu);
}

/* Out of the registry first: the address may be another cache's right after. */
static void destroy(struct chariot_cache *c)
{
	struct kmem_cache *cache = c->cache;

	unregister(c);
	kmem_cache_destroy(cache);
}

void chariot_cache_forget(struct kmem_cache *cache)
{
	struct chariot_cache *c;

	mutex_lock(&registry_mutex);
	c = chariot_cache_find(cache);
	if (c)
		unregister(c);
	mutex_unlock(&registry_mutex);
}

/* --- a driver comes and goes ---------------------------------------------------------------- */

/* From the graveyard, to be driver d's again. */
static struct chariot_cache *dig_up(struct chariot_driver *d, const char *name)
{
	struct chariot_cache *c, *found = NULL;

	mutex_lock(&registry_mutex);
	list_for_each_entry(c, &graveyard, list) {
		if (strcmp(c->name, name))
			continue;
		found = c;
		found->revived = true;
		list_move_tail(&found->list, &d->slabs->caches);
		WRITE_ONCE(found->driver, d);
		break;
	}
	mutex_unlock(&registry_mutex);
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
		c = cache ? chariot_cache_find(cache) : NULL;
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
	struct kmem_cache *cache = slab_cache((struct folio *)page);
	struct chariot_cache *c = cache ? chariot_cache_find(cache) : NULL;

	if (c && c->driver == driver)
		c->pages++;
	return c;
}

/* The slab map keeps other drivers' slabs; a next owner of this driver's caches
 * has no right in them yet. */
static bool count_mapped(struct page *page, void *driver)
{
	struct chariot_cache *c = count_slab(page, driver);

	return c && c->driver != driver;
}

/* The long way, for caches that were in the graveyard: their slabs need not be in
 * the slab map. */
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
	return c->pages || !slab_cache_offset;
}

/*
 * Destroys the caches in the graveyard that have become empty. What the driver
 * itself created and did not destroy stays until the end: it would without us.
 */
static void sweep_graveyard(bool last)
{
	struct chariot_cache *c, *next;

	mutex_lock(&registry_mutex);
	list_for_each_entry(c, &graveyard, list) {
		kmem_cache_shrink(c->cache);
		c->pages = 0;
	}
	if (!list_empty(&graveyard))
		count_all(NULL);
	list_for_each_entry_safe(c, next, &graveyard, list) {
		if ((c->kmalloc || last) && !in_use(c))
			destroy(c);
		else if (last)
			unregister(c);	/* the kernel's to free into */
		else if (c->kmalloc)
			pr_info("objects in cache %s outlived their driver\n",
				c->name);
	}
	mutex_unlock(&registry_mutex);
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

	mutex_lock(&registry_mutex);
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
			destroy(c);
			continue;
		}
		left |= c->kmalloc;
		WRITE_ONCE(c->driver, NULL);
		WRITE_ONCE(c->ctor, NULL);
		list_move_tail(&c->list, &graveyard);
	}
	mutex_unlock(&registry_mutex);
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
