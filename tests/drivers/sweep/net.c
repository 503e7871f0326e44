// SPDX-License-Identifier: GPL-2.0-only
/*
 * A network driver that strays: what it is to send comes back as received. Runs in
 * the guest's kernel.
 */
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/netdevice.h>

#include "sweep.h"

struct private {
	struct napi_struct napi;
	struct sk_buff_head queue;
};

static struct net_device *device;

static int sweep_poll(struct napi_struct *napi, int budget)
{
	struct private *private = container_of(napi, struct private, napi);
	struct sk_buff *skb;
	int done = 0;

	while (done < budget && (skb = skb_dequeue(&private->queue))) {
		skb->protocol = eth_type_trans(skb, device);
		device->stats.rx_packets++;
		napi_gro_receive(napi, skb);
		done++;
	}
	if (done < budget)
		napi_complete_done(napi, done);
	return done;
}

static netdev_tx_t sweep_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct private *private = netdev_priv(dev);
	struct sk_buff *copy = netdev_alloc_skb(dev, skb->len);

	if (copy) {
		skb_copy_bits(skb, 0, skb_put(copy, skb->len), skb->len);
		skb_queue_tail(&private->queue, copy);
	}
	dev->stats.tx_packets++;
	dev->stats.tx_bytes += skb->len;
	dev_kfree_skb_any(skb);
	napi_schedule(&private->napi);
	return NETDEV_TX_OK;
}

static int sweep_up(struct net_device *dev)
{
	struct private *private = netdev_priv(dev);

	napi_enable(&private->napi);
	netif_start_queue(dev);
	return 0;
}

static int sweep_down(struct net_device *dev)
{
	struct private *private = netdev_priv(dev);

	netif_stop_queue(dev);
	napi_disable(&private->napi);
	skb_queue_purge(&private->queue);
	return 0;
}

static const struct net_device_ops operations = {
	.ndo_open = sweep_up,
	.ndo_stop = sweep_down,
	.ndo_start_xmit = sweep_xmit,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

static int __init sweep_net_init(void)
{
	struct private *private;
	int ret;

	device = alloc_etherdev(sizeof(*private));
	if (!device)
		return -ENOMEM;
	private = netdev_priv(device);
	skb_queue_head_init(&private->queue);
	strscpy(device->name, "sweep0", sizeof(device->name));
	device->netdev_ops = &operations;
	eth_hw_addr_random(device);
	netif_napi_add(device, &private->napi, sweep_poll);
	ret = register_netdev(device);
	if (!ret) {
		ret = sweep_start("sweep_net");
		if (ret)
			unregister_netdev(device);
	}
	if (ret)
		free_netdev(device);
	return ret;
}

static void __exit sweep_net_exit(void)
{
	sweep_stop();
	unregister_netdev(device);
	free_netdev(device);
}

module_init(sweep_net_init);
module_exit(sweep_net_exit);
MODULE_DESCRIPTION("Chariot's test: a network driver that strays");
MODULE_LICENSE("GPL");
