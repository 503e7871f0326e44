// SPDX-License-Identifier: GPL-2.0
/*
 * Typed grants of the SCSI layer: what a host driver fills of a command that it
 * was handed, until it says that it is done.
 * Runs in the guest kernel, in any context but NMI; reads commands without
 * faulting, since the driver may have written into them.
 */
#include <linux/scatterlist.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_host.h>

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

static bool sense(const struct scsi_cmnd *cmd, struct chariot_span *data)
{
	data->start = chariot_peek(&cmd->sense_buffer);
	data->size = SCSI_SENSE_BUFFERSIZE;
	return data->start;
}

/* The sense buffer, and what the command is to read. */
bool chariot_scsi_data(const struct chariot_driver *d, unsigned long object,
		       unsigned long va, struct chariot_span *data)
{
	const struct scsi_cmnd *cmd = (void *)object;
	unsigned long sg;
	int i;

	if (sense(cmd, data) && va - data->start < data->size)
		return true;
	if (chariot_peek32(&cmd->sc_data_direction) == DMA_TO_DEVICE)
		return false;
	sg = chariot_peek(&cmd->sdb.table.sgl);
	for (i = 0; sg && i < SEGMENTS_MAX && segment(&sg, data); i++)
		if (va - data->start < data->size)
			return true;
	return false;
}

void chariot_scsi_done(struct chariot_driver *d, const unsigned long *args)
{
	const struct scsi_cmnd *cmd = (void *)args[0];
	struct chariot_span data;
	unsigned long sg;
	int i;

	if (sense(cmd, &data))
		chariot_lend_end(d, data.start, data.size, CHARIOT_KIND_BUFFER);
	if (chariot_peek32(&cmd->sc_data_direction) == DMA_TO_DEVICE)
		return;
	sg = chariot_peek(&cmd->sdb.table.sgl);
	for (i = 0; sg && i < SEGMENTS_MAX && segment(&sg, &data); i++)
		chariot_lend_end(d, data.start, data.size, CHARIOT_KIND_BUFFER);
}
