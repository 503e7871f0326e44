// SPDX-License-Identifier: GPL-2.0
/*
 * Objects in slabs of the kernel's: where one begins, how large it is, and whose cache it
 * is of, by the allocator's private structures, which are not trusted.
 * Runs in the guest kernel, in any context but NMI.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "chariot.h"

#define UNKNOWN_OFFSET	0xffffffffu

struct chariot_layout chariot_layout = {
	.revision = CHARIOT_DEV_REVISION,
	.kmem_cache_name = UNKNOWN_OFFSET,
	.kmem_cache_size = UNKNOWN_OFFSET,
	.kmem_cache_object_size = UNKNOWN_OFFSET,
	.slab_slab_cache = UNKNOWN_OFFSET,
};

static bool left_pad_known;

static bool layout_known(void)
{
	return chariot_layout.kmem_cache_name != UNKNOWN_OFFSET &&
	       chariot_layout.kmem_cache_size != UNKNOWN_OFFSET &&
	       chariot_layout.slab_slab_cache != UNKNOWN_OFFSET;
}

static bool peek_number(unsigned int *number, unsigned long cache, u32 offset)
{
	return chariot_peek_bytes(number, (void *)cache + offset, sizeof(*number));
}

/*
 * With red zones (slub_debug=Z, or a cache that asks for them) there is one before each
 * object, too: kmem_cache.red_left_pad bytes. It is the third of three words that follow
 * an aligned one, and kmem_cache.name, aligned again, comes right after it.
 */
#define PAD_BEFORE_NAME	8

static unsigned int left_pad(unsigned long cache, unsigned int stride)
{
	unsigned int pad;

	if (!left_pad_known ||
	    !peek_number(&pad, cache, chariot_layout.kmem_cache_name - PAD_BEFORE_NAME) ||
	    pad >= stride)
		return 0;
	return pad;
}

static bool slab_object_in(struct page *head, unsigned long va,
			   struct chariot_slab_object *o)
{
	unsigned long base = (unsigned long)page_address(head), cache;
	unsigned int pad;

	if (!layout_known())
		return false;
	cache = chariot_peek((void *)head + chariot_layout.slab_slab_cache);
	if (!chariot_kernel_pointer(cache) || !IS_ALIGNED(cache, sizeof(void *)))
		return false;
	if (!chariot_peek_text(o->cache, sizeof(o->cache),
			       chariot_peek((void *)cache + chariot_layout.kmem_cache_name)))
		return false;
	if (!peek_number(&o->stride, cache, chariot_layout.kmem_cache_size) ||
	    !o->stride || o->stride > page_size(head))
		return false;
	o->size = o->stride;
	if (chariot_layout.kmem_cache_object_size != UNKNOWN_OFFSET)
		peek_number(&o->size, cache, chariot_layout.kmem_cache_object_size);
	if (!o->size || o->size > o->stride)
		o->size = o->stride;
	o->start = base + rounddown(va - base, o->stride);
	pad = left_pad(cache, o->stride);
	if (va - o->start < pad)
		o->size = pad;		/* of nothing but the red zone */
	else
		o->start += pad;
	return true;
}

bool chariot_slab_object_at(unsigned long va, struct chariot_slab_object *out)
{
	struct page *head;

	if (!virt_addr_valid((void *)va))
		return false;
	head = compound_head(virt_to_page((void *)va));
	return PageSlab(head) && slab_object_in(head, va, out);
}

/* --- start --------------------------------------------------------------- */

/* An object size that no other number in a kmem_cache is likely to be. */
#define PROBE_SIZE	1912
#define PROBE_NAME	"chariot_probe"

static void probe_constructor(void *object)
{
	/* Its being there keeps the cache from being merged. */
}

/* Is it where it is thought to be? Then it leads to the object itself. */
static void probe_left_pad(unsigned long object)
{
	struct chariot_slab_object o;

	left_pad_known = true;
	if (chariot_slab_object_at(object, &o) && o.start == object)
		return;
	left_pad_known = false;
	if (chariot_slab_object_at(object, &o) && o.start != object)
		pr_warn("slab objects have red zones in an unknown place: what drivers may write of the kernel's objects will be taken for violations; boot without slub_debug=Z\n");
}

/*
 * Where the slab allocator's private structures keep what reports need, from a
 * cache of known name and size. What user space reads in BTF overrides it.
 */
static void probe_layout(void)
{
	struct chariot_layout *l = &chariot_layout;
	struct kmem_cache *cache;
	char name[sizeof(PROBE_NAME)];
	u32 value, before;
	void *object;
	void *head;
	u32 i;

	cache = kmem_cache_create(PROBE_NAME, PROBE_SIZE, 8, 0,
				  probe_constructor);
	if (!cache)
		return;
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	if (!object)
		goto out;
	head = compound_head(virt_to_page(object));
	for (i = 0; i < sizeof(struct page); i += sizeof(void *)) {
		if (chariot_peek(head + i) == (unsigned long)cache) {
			l->slab_slab_cache = i;
			break;
		}
	}
	for (i = 4; i < 128; i += 4) {
		if (!peek_number(&before, (unsigned long)cache, i - 4) ||
		    !peek_number(&value, (unsigned long)cache, i))
			break;
		/* size comes right before object_size in both kernels. */
		if (value == PROBE_SIZE && before >= value &&
		    before < value + 1024) {
			l->kmem_cache_size = i - 4;
			l->kmem_cache_object_size = i;
			break;
		}
	}
	for (i = 0; i < 256; i += sizeof(void *)) {
		if (chariot_peek_text(name, sizeof(name),
				      chariot_peek((void *)cache + i)) &&
		    !strcmp(name, PROBE_NAME)) {
			l->kmem_cache_name = i;
			break;
		}
	}
	probe_left_pad((unsigned long)object);
	kmem_cache_free(cache, object);
out:
	kmem_cache_destroy(cache);
}

void chariot_slab_objects_init(void)
{
	probe_layout();
	if (!layout_known())
		pr_info("slab layout not recognised: reports name no slab caches until user space tells\n");
}
