// SPDX-License-Identifier: GPL-2.0
/*
 * Typed grants of the SCSI layer: what a host driver fills of a command that it
 * was handed, until it says that it is done.
 * Runs in the guest kernel, in any context but NMI; reads commands without
 * faulting, since the driver may have written into them.
 */
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_host.h>

#include "chariot.h"
#include "grant_rules.h"

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

	if (sense(cmd, data) && va - data->start < data->size)
		return true;
	if (chariot_peek32(&cmd->sc_data_direction) == DMA_TO_DEVICE)
		return false;
	return chariot_segments_find(chariot_peek(&cmd->sdb.table.sgl), va,
				     data);
}

void chariot_scsi_done(struct chariot_driver *d, const unsigned long *args)
{
	const struct scsi_cmnd *cmd = (void *)args[0];
	struct chariot_span data;

	if (sense(cmd, &data))
		chariot_lend_end(d, data.start, data.size, CHARIOT_KIND_BUFFER);
	if (chariot_peek32(&cmd->sc_data_direction) != DMA_TO_DEVICE)
		chariot_segments_end(d, chariot_peek(&cmd->sdb.table.sgl));
}
