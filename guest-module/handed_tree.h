/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The objects that a driver was handed, as handed.c keeps them and
 * handed_settle.c searches them. For these two alone.
 */
#ifndef CHARIOT_HANDED_TREE_H
#define CHARIOT_HANDED_TREE_H

#include <linux/interval_tree_generic.h>

struct chariot_driver;

/**
 * struct handed - an object
 * @rb: in chariot_driver.handed, by address
 * @subtree_last: of the interval tree
 * @start: first byte
 * @last: last byte
 * @type: in the plan
 * @steps: pointers that were followed from what was handed itself
 */
struct handed {
	struct rb_node rb;
	unsigned long subtree_last;
	unsigned long start;
	unsigned long last;
	u32 type;
	u32 steps;
};

#define START(h)	((h)->start)
#define LAST(h)		((h)->last)
INTERVAL_TREE_DEFINE(struct handed, rb, unsigned long, subtree_last, START,
		     LAST, static __maybe_unused, handed)

/**
 * chariot_handed_found - an object that a pointer or a call led to
 * @start: first byte
 * @size: bytes
 * @type: in the plan
 * @steps: pointers that were followed from what was handed itself
 *
 * What is no object of the kernel's, or is the driver's own already, is left out.
 * Any context but NMI, without handed_lock.
 */
void chariot_handed_found(struct chariot_driver *d, unsigned long start,
			  size_t size, u32 type, u32 steps);

#endif /* CHARIOT_HANDED_TREE_H */
