// SPDX-License-Identifier: GPL-2.0
/*
 * Wrappers: the kernel's containers whose storage inline code writes.
 * Runs in the guest kernel, called by drivers.
 */
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/kfifo.h>
#include <linux/log2.h>
#include <net/sock.h>

#include "alloc.h"

static void *array(const struct chariot_call *c, size_t n, size_t size, gfp_t gfp,
		   int node, const char *family)
{
	size_t bytes = size_mul(n, size);

	if (c->driver)
		return chariot_heap_alloc(c->driver, bytes, gfp, node, family,
					  c->site);
	return kmalloc_node(bytes, gfp, node);
}

CHARIOT_WRAPPERS_BEGIN;

CHARIOT_WRAPPER unsigned long *chariot_wrap_bitmap_alloc(unsigned int bits,
							 gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	return array(&c, BITS_TO_LONGS(bits), sizeof(long), gfp, NUMA_NO_NODE,
		     "bitmap_alloc");
}

CHARIOT_WRAPPER unsigned long *chariot_wrap_bitmap_zalloc(unsigned int bits,
							  gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	return array(&c, BITS_TO_LONGS(bits), sizeof(long), gfp | __GFP_ZERO,
		     NUMA_NO_NODE, "bitmap_zalloc");
}

CHARIOT_WRAPPER unsigned long *chariot_wrap_bitmap_alloc_node(unsigned int bits,
							      gfp_t gfp, int node)
{
	struct chariot_call c = chariot_caller();

	return array(&c, BITS_TO_LONGS(bits), sizeof(long), gfp, node,
		     "bitmap_alloc");
}

CHARIOT_WRAPPER unsigned long *chariot_wrap_bitmap_zalloc_node(unsigned int bits,
							       gfp_t gfp, int node)
{
	struct chariot_call c = chariot_caller();

	return array(&c, BITS_TO_LONGS(bits), sizeof(long), gfp | __GFP_ZERO, node,
		     "bitmap_zalloc");
}

CHARIOT_WRAPPER bool chariot_wrap_alloc_cpumask_var_node(cpumask_var_t *mask,
							 gfp_t gfp, int node)
{
#ifdef CONFIG_CPUMASK_OFFSTACK
	struct chariot_call c = chariot_caller();

	*mask = array(&c, 1, cpumask_size(), gfp, node, "alloc_cpumask_var");
	return *mask;
#else
	return true;
#endif
}

CHARIOT_WRAPPER int chariot_wrap_kfifo_alloc(struct __kfifo *fifo,
					     unsigned int size, size_t element,
					     gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	/* indices wrap, which takes a power of two */
	size = roundup_pow_of_two(size);
	fifo->in = 0;
	fifo->out = 0;
	fifo->esize = element;
	fifo->data = NULL;
	fifo->mask = 0;
	if (size < 2)
		return -EINVAL;
	fifo->data = array(&c, size, element, gfp, NUMA_NO_NODE, "kfifo_alloc");
	if (!fifo->data)
		return -ENOMEM;
	fifo->mask = size - 1;
	return 0;
}

/*
 * Counted against the socket, which only the kernel's own can do; so the memory
 * is the kernel's, and the driver gets its bytes.
 */
static void *give_of_socket(const struct chariot_call *c, struct sock *sk,
			    void *p, int size, const char *family)
{
	if (!p || !c->driver ||
	    !chariot_give(c->driver, p, size, size, CHARIOT_KIND_SLAB, family,
			  c->site))
		return p;
	sock_kfree_s(sk, p, size);
	return NULL;
}

CHARIOT_WRAPPER void *chariot_wrap_sock_kmalloc(struct sock *sk, int size,
						gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	return give_of_socket(&c, sk, sock_kmalloc(sk, size, gfp), size,
			      "sock_kmalloc");
}

CHARIOT_WRAPPER void *chariot_wrap_sock_kmemdup(struct sock *sk, const void *src,
						int size, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	return give_of_socket(&c, sk, sock_kmemdup(sk, src, size, gfp), size,
			      "sock_kmemdup");
}

CHARIOT_WRAPPERS_END;
