/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the playground offers to the drivers under test. The playground is
 * trusted and never isolated: it owns the memory that faulty drivers damage,
 * and says what became of it.
 *
 * Addresses travel as plain numbers, so that nothing in a call looks like an
 * object handed to the driver.
 */
#ifndef PLAYGROUND_H
#define PLAYGROUND_H

#include <linux/types.h>

/* Where the armed victim wants to be hit; 0 if none is armed. */
unsigned long playground_target(void);

/*
 * Have a kmalloc object of the playground's right after (or before) the given
 * one. Fill the caches first with _crowd(), before allocating the object.
 * True: it is there; it became a victim, and the target is in it.
 */
void playground_crowd(size_t size);
bool playground_object_after(unsigned long object, size_t size);
bool playground_object_before(unsigned long object, size_t size);

/* Have freed memory given to the playground: it becomes the victim. */
bool playground_reuse_object(unsigned long object, size_t size);
bool playground_reuse_pages(unsigned long pages, unsigned int order);

/* Have 2^order pages of the playground's from this address on. */
bool playground_pages_at(unsigned long address, unsigned int order);

/* Have another open file's struct file in the same slab page, right after. */
bool playground_file_after(unsigned long file);

/* A driver's own memory as a victim (of another driver); the driver stays. */
void playground_offer(unsigned long address, size_t size);
void playground_offer_text(unsigned long address);
void playground_withdraw(unsigned long address);

/*
 * Where a byte lies that the kernel's own page tables let be written; 0 if they
 * do not. To a driver that called lookup_address() the entry would be handed.
 */
u64 playground_physical(unsigned long address);

/* An interrupt line without a device; raised on a CPU, in hard interrupt. */
int playground_line(void);
void playground_raise_line(int cpu);

/* Free from the kernel's side what a driver allocated. */
void playground_kfree(void *object);
void playground_kfree_rcu(void *object);
void playground_vfree(void *area);
void playground_free_pages(unsigned long pages, unsigned int order);

#endif
