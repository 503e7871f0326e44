// SPDX-License-Identifier: GPL-2.0
/*
 * Typed grants of the network stack: a packet is a driver's until it gives it
 * away, to the stack or to be freed. Its memory goes round in caches that no free
 * is seen of, so the right to it must not last that long.
 * Runs in the guest kernel, in any context but NMI.
 */
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "chariot.h"
#include "grant_rules.h"
#include "handed.h"

/* skb_put() and its kin, skb_shinfo(): head, with what is behind its end */
bool chariot_skb_data(const struct chariot_driver *d, unsigned long object,
		      unsigned long va, struct chariot_span *data)
{
	const struct sk_buff *skb = (void *)object;

	data->start = chariot_peek(&skb->head);
	data->size = chariot_peek32(&skb->end) +
		     SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
	return data->start && (!va || va - data->start < data->size);
}

/* netif_tx_stop_queue() and its kin: the queue of dev->_tx that va is in */
bool chariot_tx_queue(const struct net_device *dev, unsigned long va,
		      struct chariot_span *data)
{
	unsigned long first = chariot_peek(&dev->_tx), n;

	data->size = sizeof(struct netdev_queue);
	n = (va - first) / data->size;
	data->start = first + n * data->size;
	return first && va >= first && n < chariot_peek32(&dev->num_tx_queues);
}

static void skb_goes(struct chariot_driver *d, unsigned long p)
{
	const struct sk_buff *skb = (void *)p;
	struct chariot_span object = { p, sizeof(*skb), CHARIOT_KIND_OBJECT };
	struct chariot_span data = { .kind = CHARIOT_KIND_BUFFER };
	struct chariot_extent e[2];
	unsigned int n = 0;

	/* With more references it is not given away. */
	if (!chariot_span_is_extent(&object) || skb_shared(skb))
		return;
	e[n++] = chariot_span_extent(&object);
	if (chariot_skb_data(d, p, 0, &data)) {
		/* Large ones of netlink are in vmalloc areas. */
		if (chariot_span_is_extent(&data))
			e[n++] = chariot_span_extent(&data);
		else
			chariot_lend_end(d, data.start, data.size, data.kind);
	}
	chariot_handed_forget(d, p, sizeof(*skb));
	chariot_revoke_extents(d, e, n);
}

void chariot_skb_goes(struct chariot_driver *d, const unsigned long *args)
{
	skb_goes(d, args[0]);
}

void chariot_skb_goes_second(struct chariot_driver *d,
			     const unsigned long *args)
{
	skb_goes(d, args[1]);
}

/*
 * While it is registered, init() runs already. The structure is the driver's; what
 * it says is looked at when it is needed, and forgotten with the driver.
 */
void chariot_pernet_begins(struct chariot_driver *d, const unsigned long *args)
{
	int i;

	for (i = 0; i < CHARIOT_PERNET_MAX; i++) {
		if (d->pernet[i] == (void *)args[0])
			return;
		if (!d->pernet[i]) {
			WRITE_ONCE(d->pernet[i], (void *)args[0]);
			return;
		}
	}
	atomic64_inc(&d->untracked);
}

/* net_generic(): the area of a namespace that the driver's number stands for. */
static bool generic_data(const struct net *net, const struct pernet_operations *ops,
			 struct chariot_span *data)
{
	const struct net_generic *gen = (void *)chariot_peek(&net->gen);
	const unsigned int *id = (void *)chariot_peek(&ops->id);
	u32 number;

	if (!gen || !id)
		return false;
	number = chariot_peek32(id);
	if (number >= chariot_peek32(&gen->s.len))
		return false;
	data->start = chariot_peek(&gen->ptr[number]);
	data->size = chariot_peek(&ops->size);
	return data->start && data->size <= CHARIOT_PLAN_OBJECT_MAX;
}

bool chariot_net_data(const struct chariot_driver *d, unsigned long object,
		      unsigned long va, struct chariot_span *data)
{
	const struct pernet_operations *ops;
	int i;

	for (i = 0; i < CHARIOT_PERNET_MAX; i++) {
		ops = READ_ONCE(d->pernet[i]);
		if (ops && generic_data((struct net *)object, ops, data) &&
		    va - data->start < data->size)
			return true;
	}
	return false;
}
