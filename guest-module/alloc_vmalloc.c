// SPDX-License-Identifier: GPL-2.0
/*
 * Wrappers: vmalloc and its kin, and mappings of pages that there are.
 * Runs in the guest kernel, called by drivers.
 */
#include <linux/overflow.h>
#include <linux/vmalloc.h>

#include "alloc.h"

static void *give(const struct chariot_call *c, void *p, unsigned long size,
		  const char *family)
{
	if (p && c->driver &&
	    chariot_give(c->driver, p, size, PAGE_ALIGN(size),
			 CHARIOT_KIND_VMALLOC, family, c->site)) {
		vfree(p);
		return NULL;
	}
	return p;
}

/*
 * Before the area goes: one revocation for all of it, which its pages' frees
 * would take one by one. The size is in the record; without one they do.
 */
static void end_area(struct chariot_driver *d, const void *p)
{
	size_t size;

	if (!d || !p)
		return;
	size = chariot_object_del(d, p);
	if (size)
		chariot_revoke(d, p, PAGE_ALIGN(size));
}

/*
 * Pages that a driver maps for itself, though they may not be its own (a user's,
 * the page cache's): the right to those that it could not write before lives as
 * long as the mapping.
 */
struct mapping {
	struct hlist_node node;		/* in mappings, by va */
	const void *va;
	struct chariot_driver *driver;
	unsigned int count;
	unsigned long granted[];	/* a bit for each page */
};

static DEFINE_HASHTABLE(mappings, 6);
static DEFINE_RAW_SPINLOCK(mappings_lock);

static void map_undo(struct mapping *m)
{
	unsigned int i;

	for_each_set_bit(i, m->granted, m->count)
		chariot_revoke(m->driver, m->va + i * PAGE_SIZE, PAGE_SIZE);
	kvfree(m);
}

static struct mapping *map_new(struct chariot_driver *d, const void *va,
			       unsigned int count)
{
	struct mapping *m;
	unsigned int i;

	m = kvzalloc(struct_size(m, granted, BITS_TO_LONGS(count)), GFP_KERNEL);
	if (!m)
		return NULL;
	m->va = va;
	m->driver = d;
	m->count = count;
	for (i = 0; i < count; i++) {
		const void *page = va + i * PAGE_SIZE;
		unsigned long bad;

		if (chariot_may_write(d, page, PAGE_SIZE, &bad))
			continue;
		__set_bit(i, m->granted);
		if (chariot_grant(d, page, PAGE_SIZE, CHARIOT_RIGHT_WRITE,
				  CHARIOT_KIND_BUFFER)) {
			map_undo(m);
			return NULL;
		}
	}
	return m;
}

static bool map_give(const struct chariot_call *c, const void *va,
		     unsigned int count, const char *family)
{
	struct mapping *m;
	unsigned long flags;

	m = map_new(c->driver, va, count);
	if (!m) {
		atomic64_inc(&c->driver->untracked);
		return false;
	}
	raw_spin_lock_irqsave(&mappings_lock, flags);
	hash_add(mappings, &m->node, (unsigned long)va);
	raw_spin_unlock_irqrestore(&mappings_lock, flags);
	chariot_object_insert(c->driver, va, (size_t)count << PAGE_SHIFT,
			      CHARIOT_KIND_VMALLOC, family, c->site);
	return true;
}

static struct mapping *map_find(struct chariot_driver *d, const void *va)
{
	struct mapping *m;

	hash_for_each_possible(mappings, m, node, (unsigned long)va)
		if (m->va == va && m->driver == d)
			return m;
	return NULL;
}

static bool map_end(struct chariot_driver *d, const void *va)
{
	struct mapping *m = NULL;
	unsigned long flags;

	if (!d)
		return false;
	raw_spin_lock_irqsave(&mappings_lock, flags);
	m = map_find(d, va);
	if (m)
		hash_del(&m->node);
	raw_spin_unlock_irqrestore(&mappings_lock, flags);
	if (!m)
		return false;
	chariot_object_del(d, va);
	map_undo(m);
	return true;
}

/**
 * chariot_mappings_exit - a driver is gone with areas still mapped
 */
void chariot_mappings_exit(struct chariot_driver *d)
{
	struct hlist_node *next;
	struct mapping *m;
	unsigned long flags;
	HLIST_HEAD(gone);
	int i;

	raw_spin_lock_irqsave(&mappings_lock, flags);
	hash_for_each_safe(mappings, i, next, m, node) {
		if (m->driver == d) {
			hash_del(&m->node);
			hlist_add_head(&m->node, &gone);
		}
	}
	raw_spin_unlock_irqrestore(&mappings_lock, flags);
	hlist_for_each_entry_safe(m, next, &gone, node)
		kvfree(m);
}

CHARIOT_WRAPPERS_BEGIN;

CHARIOT_WRAPPER void *chariot_wrap_vmalloc(unsigned long size)
{
	struct chariot_call c = chariot_caller();

	return give(&c, vmalloc(size), size, "vmalloc");
}

CHARIOT_WRAPPER void *chariot_wrap_vzalloc(unsigned long size)
{
	struct chariot_call c = chariot_caller();

	return give(&c, vzalloc(size), size, "vzalloc");
}

CHARIOT_WRAPPER void *chariot_wrap_vmalloc_user(unsigned long size)
{
	struct chariot_call c = chariot_caller();

	return give(&c, vmalloc_user(size), size, "vmalloc_user");
}

CHARIOT_WRAPPER void *chariot_wrap_vmalloc_node(unsigned long size, int node)
{
	struct chariot_call c = chariot_caller();

	return give(&c, vmalloc_node(size, node), size, "vmalloc_node");
}

CHARIOT_WRAPPER void *chariot_wrap_vzalloc_node(unsigned long size, int node)
{
	struct chariot_call c = chariot_caller();

	return give(&c, vzalloc_node(size, node), size, "vzalloc_node");
}

CHARIOT_WRAPPER void *chariot_wrap_vmalloc_32(unsigned long size)
{
	struct chariot_call c = chariot_caller();

	return give(&c, vmalloc_32(size), size, "vmalloc_32");
}

CHARIOT_WRAPPER void *chariot_wrap_vmalloc_32_user(unsigned long size)
{
	struct chariot_call c = chariot_caller();

	return give(&c, vmalloc_32_user(size), size, "vmalloc_32_user");
}

CHARIOT_WRAPPER void *chariot_wrap_vmalloc_huge(unsigned long size, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	return give(&c, vmalloc_huge(size, gfp), size, "vmalloc_huge");
}

/* __vmalloc */
CHARIOT_WRAPPER void *chariot_wrap_vmalloc_gfp(unsigned long size, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	return give(&c, __vmalloc(size, gfp), size, "vmalloc");
}

/* __vmalloc_array, __vcalloc */
CHARIOT_WRAPPER void *chariot_wrap_vmalloc_array_gfp(size_t n, size_t size,
						     gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	return give(&c, __vmalloc_array(n, size, gfp), size_mul(n, size),
		    "vmalloc_array");
}

CHARIOT_WRAPPER void *chariot_wrap_vcalloc_gfp(size_t n, size_t size, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	return give(&c, __vcalloc(n, size, gfp), size_mul(n, size), "vcalloc");
}

CHARIOT_WRAPPER void *chariot_wrap_vmalloc_array(size_t n, size_t size)
{
	struct chariot_call c = chariot_caller();

	return give(&c, vmalloc_array(n, size), size_mul(n, size),
		    "vmalloc_array");
}

CHARIOT_WRAPPER void *chariot_wrap_vcalloc(size_t n, size_t size)
{
	struct chariot_call c = chariot_caller();

	return give(&c, vcalloc(n, size), size_mul(n, size), "vcalloc");
}

CHARIOT_WRAPPER void chariot_wrap_vfree(const void *p)
{
	struct chariot_call c = chariot_caller();

	/* VM_MAP_PUT_PAGES lets vfree() end a vmap() */
	if (!map_end(c.driver, p))
		end_area(c.driver, p);
	vfree(p);
}

CHARIOT_WRAPPER void chariot_wrap_kvfree(const void *p)
{
	struct chariot_call c = chariot_caller();

	if (is_vmalloc_addr(p))
		end_area(c.driver, p);
	kvfree(p);
	chariot_let_others_run();
}

CHARIOT_WRAPPER void *chariot_wrap_vmap(struct page **pages, unsigned int count,
					unsigned long flags, pgprot_t prot)
{
	struct chariot_call c = chariot_caller();
	void *va = vmap(pages, count, flags, prot);

	if (!va || !c.driver || !(pgprot_val(prot) & _PAGE_RW) ||
	    map_give(&c, va, count, "vmap"))
		return va;
	/*
	 * Not vfree(): with VM_MAP_PUT_PAGES the pages stay the caller's when
	 * vmap() fails.
	 */
	vunmap(va);
	return NULL;
}

CHARIOT_WRAPPER void chariot_wrap_vunmap(const void *va)
{
	struct chariot_call c = chariot_caller();

	map_end(c.driver, va);
	vunmap(va);
}

CHARIOT_WRAPPER void *chariot_wrap_vm_map_ram(struct page **pages,
					      unsigned int count, int node)
{
	struct chariot_call c = chariot_caller();
	void *va = vm_map_ram(pages, count, node);

	if (!va || !c.driver || map_give(&c, va, count, "vm_map_ram"))
		return va;
	vm_unmap_ram(va, count);
	return NULL;
}

CHARIOT_WRAPPER void chariot_wrap_vm_unmap_ram(const void *va, unsigned int count)
{
	struct chariot_call c = chariot_caller();

	map_end(c.driver, va);
	vm_unmap_ram(va, count);
}

CHARIOT_WRAPPERS_END;
