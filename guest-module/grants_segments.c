// SPDX-License-Identifier: GPL-2.0
/*
 * Data that a scatterlist names, for typed grants.
 * Runs in the guest kernel, in any context but NMI; reads lists without faulting,
 * since the driver may have written into them.
 */
#include <linux/scatterlist.h>

#include "chariot.h"
#include "grant_rules.h"

#define SEGMENTS_MAX	256	/* of a list, that are looked at */

/* The bytes of a segment, and the next segment; false at the end. */
static bool segment(unsigned long *sg, struct chariot_span *data)
{
	const struct scatterlist *s = (void *)*sg;
	unsigned long link = chariot_peek(&s->page_link);

	if (link & SG_CHAIN) {
		s = (void *)(link & ~SG_PAGE_LINK_MASK);
		link = s ? chariot_peek(&s->page_link) : 0;
	}
	if (!(link & ~SG_PAGE_LINK_MASK))
		return false;
	data->start = (unsigned long)page_to_virt((struct page *)
						  (link & ~SG_PAGE_LINK_MASK)) +
		      chariot_peek32(&s->offset);
	data->size = chariot_peek32(&s->length);
	*sg = link & SG_END ? 0 : (unsigned long)(s + 1);
	return true;
}

bool chariot_segments_find(unsigned long sg, unsigned long va,
			   struct chariot_span *data)
{
	int i;

	for (i = 0; sg && i < SEGMENTS_MAX && segment(&sg, data); i++)
		if (va - data->start < data->size)
			return true;
	return false;
}

void chariot_segments_end(struct chariot_driver *d, unsigned long sg)
{
	struct chariot_span data;
	int i;

	for (i = 0; sg && i < SEGMENTS_MAX && segment(&sg, &data); i++)
		chariot_lend_end(d, data.start, data.size, CHARIOT_KIND_BUFFER);
}
