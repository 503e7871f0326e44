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

/* The host's commands lie behind requests, of a tag set that the SCSI layer makes. */
bool chariot_scsi_host_seen(struct chariot_driver *d, unsigned long host)
{
	return chariot_tag_set_seen(d, host + offsetof(struct Scsi_Host, tag_set));
}

/* spi_signalling() and its kin: what a transport class keeps for the host */
bool chariot_scsi_host_data(const struct chariot_driver *d, unsigned long object,
			    unsigned long va, struct chariot_span *data)
{
	const struct Scsi_Host *host = (void *)object;
	struct chariot_slab_object o;

	data->start = chariot_peek(&host->shost_data);
	if (!chariot_slab_object_at(data->start, &o) || o.start != data->start)
		return false;
	data->size = o.size;
	return va - data->start < data->size;
}

/* What the template of the host that a set is in says; 0 if it is in none. */
static size_t private_size(const struct blk_mq_tag_set *set)
{
	const struct Scsi_Host *host = container_of(set, struct Scsi_Host, tag_set);
	const struct scsi_host_template *hostt;

	if (chariot_peek(&set->driver_data) != (unsigned long)host)
		return 0;
	hostt = (void *)chariot_peek(&host->hostt);
	return hostt ? chariot_peek32(&hostt->cmd_size) : 0;
}

/* scsi_cmd_priv(): in init_cmd_priv() a command has no device yet */
static void private_data(const struct chariot_driver *d, unsigned long cmd,
			 struct chariot_span *data)
{
	data->start = cmd + sizeof(struct scsi_cmnd);
	data->size = chariot_tag_sets_max(d, private_size);
}

/* The sense buffer, what the command is to read, and the driver's own behind it. */
bool chariot_scsi_data(const struct chariot_driver *d, unsigned long object,
		       unsigned long va, struct chariot_span *data)
{
	const struct scsi_cmnd *cmd = (void *)object;

	private_data(d, object, data);
	if (va - data->start < data->size)
		return true;
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
