// SPDX-License-Identifier: GPL-2.0
/*
 * Wrappers: per-CPU memory, and the kernel's types that keep per-CPU words which
 * inline code writes. Each CPU's copy is a region, exact to the byte: chunks of
 * per-CPU memory have many owners.
 * Runs in the guest kernel, called by drivers.
 */
#include <linux/percpu-refcount.h>
#include <linux/percpu-rwsem.h>

#include "alloc.h"
#include "handed.h"

static void revoke_all(struct chariot_driver *d, void __percpu *p, size_t size)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		chariot_object_del(d, per_cpu_ptr(p, cpu));
		chariot_revoke(d, per_cpu_ptr(p, cpu), size);
	}
}

/**
 * chariot_percpu_give - a per-CPU area is a driver's
 *
 * Without a record the free could not end the right (it tells no size), so both
 * or none. Return: 0, or an error with nothing changed but d->untracked.
 */
int chariot_percpu_give(struct chariot_driver *d, void __percpu *p, size_t size,
			const char *family, unsigned long site)
{
	int cpu, ret = 0;

	for_each_possible_cpu(cpu) {
		const void *va = per_cpu_ptr(p, cpu);

		ret = chariot_grant(d, va, size, CHARIOT_RIGHT_WRITE,
				    CHARIOT_KIND_PERCPU);
		if (!ret && !chariot_object_insert(d, va, size,
						   CHARIOT_KIND_PERCPU, family,
						   site))
			ret = -ENOMEM;
		if (ret)
			break;
	}
	if (ret) {
		revoke_all(d, p, size);
		atomic64_inc(&d->untracked);
	}
	return ret;
}

/*
 * Not the driver's own, but perhaps handed to it. The size is not told; a right too
 * many that ends is granted again when it is used.
 */
static void end_handed(struct chariot_driver *d, void __percpu *p)
{
	void *va;
	int cpu;

	for_each_possible_cpu(cpu) {
		va = per_cpu_ptr(p, cpu);
		chariot_handed_forget(d, (unsigned long)va, 1);
		chariot_revoke_kind(d, va, PAGE_SIZE - offset_in_page(va),
				    CHARIOT_KIND_OBJECT);
	}
}

/* From the tracepoint in free_percpu(), under the allocator's lock. */
void chariot_percpu_freed(void __percpu *p)
{
	const void *first = per_cpu_ptr(p, cpumask_first(cpu_possible_mask));
	struct chariot_driver *d;
	size_t size;

	rcu_read_lock();
	list_for_each_entry_rcu(d, &chariot_drivers, node) {
		size = chariot_object_del(d, first);
		if (size)
			revoke_all(d, p, size);
		else if (READ_ONCE(d->nr_handed))
			end_handed(d, p);
	}
	rcu_read_unlock();
}

static void __percpu *give(const struct chariot_call *c, void __percpu *p,
			   size_t size)
{
	if (p && c->driver &&
	    chariot_percpu_give(c->driver, p, size, "alloc_percpu", c->site)) {
		free_percpu(p);
		return NULL;
	}
	return p;
}

CHARIOT_WRAPPERS_BEGIN;

/* __alloc_percpu of Linux 6.1 */
CHARIOT_WRAPPER void __percpu *chariot_wrap_alloc_percpu(size_t size, size_t align)
{
	struct chariot_call c = chariot_caller();

	return give(&c, __alloc_percpu(size, align), size);
}

/* __alloc_percpu_gfp of Linux 6.1 */
CHARIOT_WRAPPER void __percpu *chariot_wrap_alloc_percpu_gfp(size_t size,
							     size_t align,
							     gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	return give(&c, __alloc_percpu_gfp(size, align, gfp), size);
}

/* pcpu_alloc_noprof */
CHARIOT_WRAPPER void __percpu *chariot_wrap_pcpu_alloc(size_t size, size_t align,
						       bool reserved, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	return give(&c, chariot_pcpu_alloc(size, align, reserved, gfp), size);
}

/*
 * percpu_ref_get() and _put() are inline: they count in per-CPU words, or in
 * ref->data, both allocated by percpu_ref_init().
 */
CHARIOT_WRAPPER int chariot_wrap_percpu_ref_init(struct percpu_ref *ref,
						 percpu_ref_func_t *release,
						 unsigned int flags, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();
	int ret = percpu_ref_init(ref, release, flags, gfp);
	void __percpu *count;

	if (ret || !c.driver)
		return ret;
	count = (void __percpu *)(ref->percpu_count_ptr &
				  ~__PERCPU_REF_ATOMIC_DEAD);
	ret = chariot_percpu_give(c.driver, count, sizeof(unsigned long),
				  "percpu_ref", c.site);
	if (!ret)
		ret = chariot_grant(c.driver, ref->data, sizeof(*ref->data),
				    CHARIOT_RIGHT_WRITE, CHARIOT_KIND_OBJECT);
	if (ret)
		percpu_ref_exit(ref);
	return ret;
}

/* percpu_down_read() and _up_read() are inline likewise. */
CHARIOT_WRAPPER int chariot_wrap_percpu_init_rwsem(struct percpu_rw_semaphore *sem,
						   const char *name,
						   struct lock_class_key *key)
{
	struct chariot_call c = chariot_caller();
	int ret = __percpu_init_rwsem(sem, name, key);

	if (ret || !c.driver)
		return ret;
	ret = chariot_percpu_give(c.driver, sem->read_count,
				  sizeof(*sem->read_count), "percpu_rwsem",
				  c.site);
	if (ret)
		percpu_free_rwsem(sem);
	return ret;
}

CHARIOT_WRAPPERS_END;
