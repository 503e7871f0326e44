// SPDX-License-Identifier: GPL-2.0
/*
 * Typed grants of USB: what a host controller's driver fills of an URB, and that
 * of a device controller of a request, until they give it back.
 * Runs in the guest kernel, in any context but NMI; reads both without faulting,
 * since the driver may have written into them.
 */
#include <linux/usb.h>
#include <linux/usb/gadget.h>

#include "chariot.h"
#include "grant_rules.h"
#include "handed.h"

/**
 * struct transfer - where the data of a transfer is
 * @buffer: one piece, or 0
 * @size: of it, in bytes
 * @sg: a scatterlist besides, or 0
 */
struct transfer {
	unsigned long buffer;
	size_t size;
	unsigned long sg;
};

static struct transfer urb_transfer(const struct urb *urb)
{
	return (struct transfer) {
		.buffer = chariot_peek(&urb->transfer_buffer),
		.size = chariot_peek32(&urb->transfer_buffer_length),
		.sg = chariot_peek32(&urb->num_sgs) ? chariot_peek(&urb->sg) : 0,
	};
}

static struct transfer request_transfer(const struct usb_request *req)
{
	return (struct transfer) {
		.buffer = chariot_peek(&req->buf),
		.size = chariot_peek32(&req->length),
		.sg = chariot_peek32(&req->num_sgs) ? chariot_peek(&req->sg) : 0,
	};
}

static bool transfer_find(const struct transfer *t, unsigned long va,
			  struct chariot_span *data)
{
	data->start = t->buffer;
	data->size = t->size;
	return (t->buffer && va - t->buffer < t->size) ||
	       chariot_segments_find(t->sg, va, data);
}

static void transfer_end(struct chariot_driver *d, const struct transfer *t)
{
	if (t->buffer)
		chariot_lend_end(d, t->buffer, t->size, CHARIOT_KIND_BUFFER);
	chariot_segments_end(d, t->sg);
}

/* The buffer of an URB that reads; an URB is a driver's own that submits it. */
bool chariot_urb_data(const struct chariot_driver *d, unsigned long object,
		      unsigned long va, struct chariot_span *data)
{
	const struct urb *urb = (void *)object;
	const struct transfer t = urb_transfer(urb);

	return (chariot_peek32(&urb->transfer_flags) & URB_DIR_MASK) ==
	       URB_DIR_IN && transfer_find(&t, va, data);
}

/* With what is behind it: iso_frame_desc */
static size_t urb_size(unsigned long urb)
{
	struct chariot_slab_object o;

	return chariot_slab_object_at(urb, &o) && o.start == urb ?
	       o.size : sizeof(struct urb);
}

/* usb_hcd_giveback_urb(hcd, urb, status) */
void chariot_urb_given_back(struct chariot_driver *d, const unsigned long *args)
{
	const struct transfer t = urb_transfer((struct urb *)args[1]);
	size_t size = urb_size(args[1]);

	transfer_end(d, &t);
	chariot_handed_forget(d, args[1], size);
	chariot_lend_end(d, args[1], size, CHARIOT_KIND_OBJECT);
}

/*
 * The buffer of a request that is queued: the driver, which allocated the request
 * itself, says so by its status, as all drivers of device controllers do.
 */
bool chariot_usb_request_data(const struct chariot_driver *d,
			      unsigned long object, unsigned long va,
			      struct chariot_span *data)
{
	const struct usb_request *req = (void *)object;
	const struct transfer t = request_transfer(req);

	return (int)chariot_peek32(&req->status) == -EINPROGRESS &&
	       transfer_find(&t, va, data);
}

/* usb_gadget_giveback_request(ep, request) */
void chariot_usb_request_given_back(struct chariot_driver *d,
				    const unsigned long *args)
{
	const struct transfer t =
		request_transfer((struct usb_request *)args[1]);

	transfer_end(d, &t);
}

/* usb_alloc_coherent(dev, size, gfp, dma): of the host controller's memory */
void chariot_usb_coherent_allocated(struct chariot_driver *d,
				    const struct chariot_call_rule *rule,
				    const unsigned long *args, unsigned long ret)
{
	chariot_lend(d, ret, args[1], CHARIOT_KIND_BUFFER, rule->import);
}

/* usb_free_coherent(dev, size, addr, dma) */
void chariot_usb_coherent_freed(struct chariot_driver *d,
				const unsigned long *args)
{
	if (args[2])
		chariot_lend_end(d, args[2], args[1], CHARIOT_KIND_BUFFER);
}
