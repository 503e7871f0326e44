// SPDX-License-Identifier: GPL-2.0
/*
 * Slab caches of a driver's own: their making, which driver a slab page belongs
 * to, and its rights. alloc_graveyard.c has their coming and going with drivers.
 * Runs in the guest kernel; giving and freeing in any context but NMI.
 */
#include <linux/kfence.h>
#include <linux/rculist.h>
#include <linux/vmalloc.h>

#include "alloc.h"
#include "handed.h"

/* All caches we made, by the kernel's pointer. */
static DEFINE_HASHTABLE(registry, 7);
DEFINE_MUTEX(chariot_caches_mutex);	/* its writers */

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

struct kmem_cache *chariot_slab_cache(struct folio *folio)
{
	if (!slab_cache_offset || !folio_test_slab(folio))
		return NULL;
	return *(struct kmem_cache **)((void *)folio + slab_cache_offset);
}

bool chariot_slab_layout_known(void)
{
	return slab_cache_offset;
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
	struct kmem_cache *cache = folio ? chariot_slab_cache(folio) : NULL;

	return cache ? chariot_cache_find(cache) : NULL;
}

/* --- rights ---------------------------------------------------------------------------- */

/*
 * Are c's pages granted as a whole? KFENCE's are not returned to the page
 * allocator, so objects in them count by their bytes.
 */
static bool by_page(const struct chariot_driver *d, const struct chariot_cache *c,
		    const void *object)
{
	return (d->heap == CHARIOT_HEAP_PAGE || c->whole) &&
	       !is_kfence_address(object);
}

/*
 * Grant the slab that holds object, unless it is. Idempotent, so that two CPUs
 * may do it at once: the map tells only after the right is in force.
 */
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
	cache = chariot_slab_cache(folio);
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
		chariot_handed_forget(d, (unsigned long)object, size);
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

	mutex_lock(&chariot_caches_mutex);
	c->name = unique_name(d, name);
	if (c->name)
		/*
		 * The allocator keeps its list of free objects inside them,
		 * where the driver can write: it has to check before it trusts.
		 */
		c->cache = chariot_kmem_cache_create(c->name, size, &own,
						     flags | CHARIOT_SLAB_UNMERGEABLE |
						     SLAB_CONSISTENCY_CHECKS);
	if (!c->cache) {
		mutex_unlock(&chariot_caches_mutex);
		kfree(c->name);
		kfree(c);
		return NULL;
	}
	hash_add_rcu(registry, &c->node, (unsigned long)c->cache);
	list_add_tail(&c->list, &d->slabs->caches);
	mutex_unlock(&chariot_caches_mutex);
	return c->cache;
}

/* chariot_caches_mutex is held */
void chariot_cache_unregister(struct chariot_cache *c)
{
	hash_del_rcu(&c->node);
	list_del(&c->list);
	kfree(c->name);
	kfree_rcu(c, rcu);
}

/* Out of the registry first: the address may be another cache's right after. */
void chariot_cache_destroy(struct chariot_cache *c)
{
	struct kmem_cache *cache = c->cache;

	chariot_cache_unregister(c);
	kmem_cache_destroy(cache);
}

void chariot_cache_forget(struct kmem_cache *cache)
{
	struct chariot_cache *c;

	mutex_lock(&chariot_caches_mutex);
	c = chariot_cache_find(cache);
	if (c)
		chariot_cache_unregister(c);
	mutex_unlock(&chariot_caches_mutex);
}
