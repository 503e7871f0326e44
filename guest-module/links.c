// SPDX-License-Identifier: GPL-2.0
/*
 * Neighbours in lists. list_add() and its kin, inlined into a driver, write to
 * the elements before and after the driver's, which can lie in anything. No right
 * is given for that: each such write is recognised by what the list looks like,
 * and done for the driver.
 * Runs in the guest kernel, in exception context; reads without faulting.
 */
#include <linux/list.h>
#include <linux/uaccess.h>

#include "chariot.h"

#define NEXT_OF(element)	((element) + offsetof(struct list_head, next))
#define PREV_OF(element)	((element) + offsetof(struct list_head, prev))
#define BY_NEXT(va)		((va) - offsetof(struct list_head, next))
#define BY_PREV(va)		((va) - offsetof(struct list_head, prev))
#define PPREV_OF(node)		((node) + offsetof(struct hlist_node, pprev))
#define BY_PPREV(va)		((va) - offsetof(struct hlist_node, pprev))

static unsigned long peek(unsigned long va)
{
	return chariot_peek((void *)va);
}

static bool owns(struct chariot_driver *d, unsigned long element)
{
	unsigned long bad;

	return chariot_can_write(d, (void *)element, sizeof(struct list_head),
				 &bad);
}

/* __list_add(new, prev, next): next->prev = new, and then prev->next = new */
static bool is_list_add(struct chariot_driver *d, unsigned long va,
			unsigned long old, unsigned long new)
{
	if (!owns(d, new))
		return false;
	return (peek(NEXT_OF(old)) == BY_PREV(va) &&
		peek(PREV_OF(new)) != new) ||
	       (peek(NEXT_OF(new)) == old && peek(PREV_OF(new)) == BY_NEXT(va) &&
		(peek(PREV_OF(old)) == new || peek(PREV_OF(old)) == BY_NEXT(va)));
}

/* __list_del(prev, next): next->prev = prev, prev->next = next */
static bool is_list_del(struct chariot_driver *d, unsigned long va,
			unsigned long old, unsigned long new)
{
	if (!owns(d, old))
		return false;
	return (peek(NEXT_OF(old)) == BY_PREV(va) && peek(PREV_OF(old)) == new) ||
	       (peek(PREV_OF(old)) == BY_NEXT(va) && peek(NEXT_OF(old)) == new);
}

/* hlist_add_head(n, h): first->pprev = &n->next, h->first = n; before, behind */
static bool is_hlist_add(struct chariot_driver *d, unsigned long va,
			 unsigned long old, unsigned long new)
{
	if (!owns(d, new))
		return false;
	return (peek(new) == BY_PPREV(va) && peek(old) == BY_PPREV(va)) ||
	       (peek(new) == BY_PPREV(va) && peek(old) == new) ||
	       (peek(new) == old && (!old || peek(PPREV_OF(old)) == va ||
				     peek(PPREV_OF(old)) == new));
}

/* __hlist_del(n): *n->pprev = n->next, n->next->pprev = n->pprev */
static bool is_hlist_del(struct chariot_driver *d, unsigned long va,
			 unsigned long old, unsigned long new)
{
	if (!owns(d, old))
		return false;
	return (peek(PPREV_OF(old)) == va && peek(old) == new) ||
	       (peek(old) == BY_PPREV(va) && peek(PPREV_OF(old)) == new);
}

/* The page may be read-only to the kernel, too. */
static bool put(unsigned long va, unsigned long value)
{
	pagefault_disable();
	__put_kernel_nofault(va, &value, unsigned long, fault);
	pagefault_enable();
	return true;
fault:
	pagefault_enable();
	return false;
}

bool chariot_link_write(struct chariot_driver *d, unsigned long va,
			unsigned long new)
{
	unsigned long old;

	if (!IS_ALIGNED(va, sizeof(long)))
		return false;
	old = peek(va);
	if (!is_list_add(d, va, old, new) && !is_list_del(d, va, old, new) &&
	    !is_hlist_add(d, va, old, new) && !is_hlist_del(d, va, old, new))
		return false;
	return put(va, new);
}
