// SPDX-License-Identifier: GPL-2.0
/*
 * Wrappers: memory that a device's end frees (devm_*, devres_alloc).
 *
 * The kernel keeps such memory behind a header of its own, struct devres, on the
 * device's list, and frees both with kfree(). The wrappers make the same thing in
 * the driver's slab caches, so that the kernel's functions find, release and free
 * it as if they had made it; where its parts lie is found out at init. Should the
 * layout not be recognised, the kernel allocates, and the driver gets the right
 * to its bytes.
 * Runs in the guest kernel, called by drivers.
 */
#include <linux/device.h>
#include <linux/overflow.h>
#include <linux/string.h>

#include "alloc.h"

/*
 * struct devres: bytes before the data (0: not recognised), and offsets there.
 * A list_head comes first.
 */
static struct {
	size_t header, release, name, size;
} layout;

static dr_release_t devm_kmalloc_release;

#define PROBE_SIZE	88		/* a value that no pointer has */
#define HEADER_MAX	128

static void probe_release(struct device *dev, void *res)
{
}

static size_t find_word(const void *header, size_t size, unsigned long value)
{
	size_t i;

	for (i = sizeof(struct list_head); i < size; i += sizeof(long))
		if (*(const unsigned long *)(header + i) == value)
			return i;
	return 0;
}

static void probe_layout(void)
{
	static const char name[] = "chariot";
	void *data = __devres_alloc_node(probe_release, PROBE_SIZE, GFP_KERNEL,
					 NUMA_NO_NODE, name);
	const struct list_head *entry;
	size_t header;

	if (!data)
		return;
	for (header = sizeof(*entry); header <= HEADER_MAX;
	     header += sizeof(long)) {
		entry = data - header;
		if (entry->next == entry && entry->prev == entry)
			break;
	}
	if (header <= HEADER_MAX) {
		layout.release = find_word(entry, header,
					   (unsigned long)probe_release);
		layout.name = find_word(entry, header, (unsigned long)name);
		layout.size = find_word(entry, header, PROBE_SIZE);
		if (layout.release && layout.name && layout.size)
			layout.header = header;
	}
	devres_free(data);
}

static void free_device(struct device *dev)
{
	kfree(dev);
}

/* What the kernel's devm_kfree() knows devm_kmalloc()'s memory by. */
static int probe_kmalloc_release(void)
{
	struct device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	void *data;

	if (!dev)
		return -ENOMEM;
	device_initialize(dev);
	dev->release = free_device;
	data = devm_kmalloc(dev, PROBE_SIZE, GFP_KERNEL);
	if (data) {
		devm_kmalloc_release = *(dr_release_t *)(data - layout.header +
							 layout.release);
		devm_kfree(dev, data);
	}
	put_device(dev);
	return data ? 0 : -ENOMEM;
}

int chariot_devres_probe(void)
{
	probe_layout();
	if (layout.header)
		return probe_kmalloc_release();
	pr_warn("struct devres has an unknown layout: devm_* memory is exact to the byte, and slower\n");
	return 0;
}

/* A struct devres in the driver's memory, on no list; its data, or NULL. */
static void *make(struct chariot_driver *d, dr_release_t release,
		  const char *name, size_t size, gfp_t gfp, int node,
		  const char *family, unsigned long site)
{
	size_t total;
	void *dr;

	if (check_add_overflow(layout.header, size, &total))
		return NULL;
	dr = chariot_heap_alloc(d, total, gfp, node, family, site);
	if (!dr)
		return NULL;
	memset(dr, 0, layout.header);
	INIT_LIST_HEAD(dr);
	*(dr_release_t *)(dr + layout.release) = release;
	*(const char **)(dr + layout.name) = name;
	*(size_t *)(dr + layout.size) = size;
	/* The driver knows the data only. */
	if (d->heap == CHARIOT_HEAP_BYTE)
		chariot_revoke(d, dr, layout.header);
	chariot_object_del(d, dr);
	chariot_object_insert(d, dr + layout.header, size, CHARIOT_KIND_SLAB,
			      family, site);
	return dr + layout.header;
}

/* Layout not recognised: the bytes, until kfree() is seen. */
static void *foreign(const struct chariot_call *c, void *data, size_t size)
{
	if (ZERO_OR_NULL_PTR(data) ||
	    !chariot_give(c->driver, data, size, size, CHARIOT_KIND_SLAB, "devm",
			  c->site))
		return data;
	return NULL;	/* the device keeps it to its end */
}

static void *devm_alloc(const struct chariot_call *c, struct device *dev,
			size_t size, gfp_t gfp, const char *family)
{
	void *data;

	if (!c->driver)
		return devm_kmalloc(dev, size, gfp);
	if (!layout.header)
		return foreign(c, devm_kmalloc(dev, size, gfp), size);
	if (!size)
		return ZERO_SIZE_PTR;
	data = make(c->driver, devm_kmalloc_release, "devm_kzalloc_release", size,
		    gfp, dev_to_node(dev), family, c->site);
	if (data)
		devres_add(dev, data);
	return data;
}

/*
 * Puts new in old's place, which decides when it is released; without new, only
 * looks. False if old is not on the device's list.
 */
static bool replace(struct device *dev, void *old, void *new)
{
	struct list_head *entry = old - layout.header, *pos;
	unsigned long flags;
	bool found = false;

	spin_lock_irqsave(&dev->devres_lock, flags);
	list_for_each(pos, &dev->devres_head) {
		if (pos == entry) {
			if (new)
				list_replace_init(entry, new - layout.header);
			found = true;
			break;
		}
	}
	spin_unlock_irqrestore(&dev->devres_lock, flags);
	return found;
}

CHARIOT_WRAPPERS_BEGIN;

CHARIOT_WRAPPER void *chariot_wrap_devres_alloc(dr_release_t release, size_t size,
						gfp_t gfp, int node,
						const char *name)
{
	struct chariot_call c = chariot_caller();
	void *data;

	if (c.driver && layout.header)
		return make(c.driver, release, name, size, gfp | __GFP_ZERO, node,
			    "devres_alloc", c.site);
	data = __devres_alloc_node(release, size, gfp, node, name);
	if (!c.driver || !data || foreign(&c, data, size))
		return data;
	devres_free(data);
	return NULL;
}

CHARIOT_WRAPPER void *chariot_wrap_devm_kmalloc(struct device *dev, size_t size,
						gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	return devm_alloc(&c, dev, size, gfp, "devm_kmalloc");
}

CHARIOT_WRAPPER void *chariot_wrap_devm_krealloc(struct device *dev, void *p,
						 size_t size, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();
	size_t room;
	void *new;

	if (c.driver && ZERO_OR_NULL_PTR(p))
		return devm_alloc(&c, dev, size, gfp, "devm_krealloc");
	if (c.driver && size && !layout.header)
		return foreign(&c, devm_krealloc(dev, p, size, gfp), size);
	/* Not the device's: the kernel's own knows how to complain. */
	if (!c.driver || !size || !replace(dev, p, NULL))
		return devm_krealloc(dev, p, size, gfp);

	room = ksize(p - layout.header) - layout.header;
	if (size <= room && chariot_heap_owns(c.driver, p - layout.header))
		return chariot_heap_resize(c.driver, p, size, room) ? p : NULL;
	new = make(c.driver, devm_kmalloc_release, "devm_krealloc_release", size,
		   gfp, dev_to_node(dev), "devm_krealloc", c.site);
	if (!new)
		return NULL;
	if (!replace(dev, p, new)) {
		kfree(new - layout.header);	/* freed meanwhile */
		return NULL;
	}
	memcpy(new, p, min(room, size));
	kfree(p - layout.header);
	return new;
}

CHARIOT_WRAPPER void *chariot_wrap_devm_kmemdup(struct device *dev,
						const void *src, size_t len,
						gfp_t gfp)
{
	struct chariot_call c = chariot_caller();
	void *p = devm_alloc(&c, dev, len, gfp, "devm_kmemdup");

	if (!ZERO_OR_NULL_PTR(p))
		memcpy(p, src, len);
	return p;
}

CHARIOT_WRAPPER char *chariot_wrap_devm_kstrdup(struct device *dev, const char *s,
						gfp_t gfp)
{
	struct chariot_call c = chariot_caller();
	size_t size;
	char *p;

	if (!s)
		return NULL;
	size = strlen(s) + 1;
	p = devm_alloc(&c, dev, size, gfp, "devm_kstrdup");
	if (p)
		memcpy(p, s, size);
	return p;
}

static __printf(4, 0)
char *format(const struct chariot_call *c, struct device *dev, gfp_t gfp,
	     const char *fmt, va_list args)
{
	unsigned int len;
	va_list again;
	char *p;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	p = devm_alloc(c, dev, len + 1, gfp, "devm_kasprintf");
	if (p)
		vsnprintf(p, len + 1, fmt, args);
	return p;
}

CHARIOT_WRAPPER __printf(3, 0) char *
chariot_wrap_devm_kvasprintf(struct device *dev, gfp_t gfp, const char *fmt, va_list args)
{
	struct chariot_call c = chariot_caller();

	return format(&c, dev, gfp, fmt, args);
}

CHARIOT_WRAPPER __printf(3, 4) char *
chariot_wrap_devm_kasprintf(struct device *dev, gfp_t gfp, const char *fmt, ...)
{
	struct chariot_call c = chariot_caller();
	va_list args;
	char *p;

	chariot_va_start(args, fmt);
	p = format(&c, dev, gfp, fmt, args);
	va_end(args);
	return p;
}

CHARIOT_WRAPPER unsigned long chariot_wrap_devm_get_free_pages(struct device *dev,
							       gfp_t gfp,
							       unsigned int order)
{
	struct chariot_call c = chariot_caller();
	unsigned long addr = devm_get_free_pages(dev, gfp, order);

	if (!addr || !c.driver ||
	    !chariot_give(c.driver, (void *)addr, PAGE_SIZE << order,
			  PAGE_SIZE << order, CHARIOT_KIND_PAGES,
			  "devm_get_free_pages", c.site))
		return addr;
	devm_free_pages(dev, addr);
	return 0;
}

CHARIOT_WRAPPER void __percpu *chariot_wrap_devm_alloc_percpu(struct device *dev,
							      size_t size,
							      size_t align)
{
	struct chariot_call c = chariot_caller();
	void __percpu *p = __devm_alloc_percpu(dev, size, align);

	if (!p || !c.driver ||
	    !chariot_percpu_give(c.driver, p, size, "devm_alloc_percpu", c.site))
		return p;
	devm_free_percpu(dev, p);
	return NULL;
}

/*
 * devm_bitmap_alloc, devm_bitmap_zalloc: the device's end calls kfree() itself,
 * not code of ours, which may be gone by then.
 */
static unsigned long *devm_bitmap(const struct chariot_call *c, struct device *dev,
				  unsigned int bits, gfp_t gfp)
{
	unsigned long *map = chariot_heap_alloc(c->driver, BITS_TO_LONGS(bits) *
						sizeof(long), gfp, NUMA_NO_NODE,
						"devm_bitmap_alloc", c->site);

	if (map && devm_add_action_or_reset(dev, (void (*)(void *))kfree, map))
		return NULL;
	return map;
}

CHARIOT_WRAPPER unsigned long *chariot_wrap_devm_bitmap_alloc(struct device *dev,
							      unsigned int bits,
							      gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	return c.driver ? devm_bitmap(&c, dev, bits, gfp)
			: devm_bitmap_alloc(dev, bits, gfp);
}

CHARIOT_WRAPPER unsigned long *chariot_wrap_devm_bitmap_zalloc(struct device *dev,
							       unsigned int bits,
							       gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	return c.driver ? devm_bitmap(&c, dev, bits, gfp | __GFP_ZERO)
			: devm_bitmap_zalloc(dev, bits, gfp);
}

CHARIOT_WRAPPERS_END;
