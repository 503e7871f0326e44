/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects that a driver was handed: by type, from its plan. To be handed an
 * object costs no hypercall; its bytes are granted when the driver first writes
 * to it.
 */
#ifndef CHARIOT_HANDED_H
#define CHARIOT_HANDED_H

#include <linux/types.h>

struct chariot_driver;

int chariot_handed_init(void);
void chariot_handed_exit(void);

/**
 * chariot_handed_add - the driver was given a pointer to an object
 * @p: what it was given: looked at, not followed
 * @type: in the driver's plan
 *
 * Any context but NMI.
 */
void chariot_handed_add(struct chariot_driver *d, unsigned long p, u32 type);

/* Is one of this type to be granted when it is handed, if it will be written to? */
bool chariot_handed_at_once(const struct chariot_driver *d, u32 type);

/**
 * chariot_handed_lend - grant what has been handed without waiting for a write
 * @p: the object
 * @data: its data, too
 *
 * Costs less than a stopped write. Any context but NMI.
 */
void chariot_handed_lend(struct chariot_driver *d, unsigned long p, bool data);

/* A hash table of the driver's own, whose buckets are not. */
void chariot_handed_add_hashtable(struct chariot_driver *d, unsigned long p);
/* The same for bytes. */
void chariot_handed_add_bytes(struct chariot_driver *d, unsigned long p,
			      size_t size);

/* The same for an allocation of unknown type, if p is where it starts; else bytes. */
void chariot_handed_add_area(struct chariot_driver *d, unsigned long p,
			     size_t size);

/*
 * Memory is freed: no object in it is the driver's any more; was there one? Any
 * context.
 */
bool chariot_handed_forget(struct chariot_driver *d, unsigned long start,
			   size_t size);
void chariot_handed_clear(struct chariot_driver *d);

/* Changes whenever something is forgotten. */
u64 chariot_handed_generation(const struct chariot_driver *d);

/**
 * chariot_handed_settle - a write at va was stopped
 *
 * Grants the object that va is in, if the driver was handed it or something that
 * points to it. Return: true if it was granted. Irqs are off.
 */
bool chariot_handed_settle(struct chariot_driver *d, unsigned long va);

/**
 * chariot_handed_settle_page - a write at va was stopped
 *
 * The same for objects whose pages the driver's policy gives whole, as far as they
 * are in slabs of the kernel. A page's right ends with the last such object in it
 * that the driver was handed. Irqs are off.
 */
bool chariot_handed_settle_page(struct chariot_driver *d, unsigned long va);

/**
 * chariot_handed_describe - the type of the object that va is in
 * @type: its tag; empty if no object that the driver was handed leads there
 * @offset: of va in it
 */
void chariot_handed_describe(struct chariot_driver *d, unsigned long va,
			     char *type, size_t room, u64 *offset);

#endif /* CHARIOT_HANDED_H */
