// SPDX-License-Identifier: GPL-2.0-only
/*
 * Client of /dev/chariot: every request as one function that returns -errno.
 * Runs in user space; what the kernel returns is checked, not trusted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "message.h"
#include "printable.h"

#define LIST_PIECE	128

static int request(int fd, unsigned long code, void *argument)
{
	int result;

	do
		result = ioctl(fd, code, argument);
	while (result < 0 && errno == EINTR);
	return result < 0 ? -errno : 0;
}

static int copy_name(char *to, const char *name)
{
	size_t length = strlen(name);

	if (!length || length >= CHARIOT_NAME_LEN)
		return -EINVAL;
	memset(to, 0, CHARIOT_NAME_LEN);
	memcpy(to, name, length);
	return 0;
}

int device_open(int flags)
{
	int fd = open(CHARIOT_DEVICE, O_RDONLY | O_CLOEXEC | flags);

	return fd < 0 ? -errno : fd;
}

int device_info(int fd, struct chariot_info *info)
{
	int err;

	memset(info, 0, sizeof(*info));
	err = request(fd, CHARIOT_IOC_INFO, info);
	if (err)
		/* Not our device, or one whose structure has another size. */
		return err == -ENOTTY ? -EPROTO : err;
	printable_clean(info->backend, sizeof(info->backend));
	return info->revision == CHARIOT_DEV_REVISION ? 0 : -EPROTO;
}

int device_arm(int fd, const char *name, enum chariot_mode mode,
	       enum chariot_heap heap)
{
	struct chariot_arm arm = {
		.revision = CHARIOT_DEV_REVISION,
		.mode = mode,
		.heap = heap,
	};
	int err = copy_name(arm.name, name);

	return err ? err : request(fd, CHARIOT_IOC_ARM, &arm);
}

int device_disarm(int fd)
{
	return request(fd, CHARIOT_IOC_DISARM, NULL);
}

int device_send_layout(int fd, const struct chariot_layout *layout)
{
	struct chariot_layout copy = *layout;

	return request(fd, CHARIOT_IOC_LAYOUT, &copy);
}

int device_send_plan(int fd, const void *plan, size_t size)
{
	struct chariot_plan_block block = {
		.address = (uintptr_t)plan,
		.size = size,
	};

	return size > UINT32_MAX ? -EINVAL :
	       request(fd, CHARIOT_IOC_PLAN, &block);
}

static int each_of_piece(struct chariot_entry *entries, uint32_t count,
			 int (*each)(const struct chariot_entry *entry,
				     void *data), void *data)
{
	uint32_t i;
	int err;

	for (i = 0; i < count; i++) {
		printable_clean(entries[i].site, sizeof(entries[i].site));
		printable_clean(entries[i].family, sizeof(entries[i].family));
		err = each(&entries[i], data);
		if (err)
			return err;
	}
	return 0;
}

int device_list(int fd, const char *driver, uint32_t what,
		int (*each)(const struct chariot_entry *entry, void *data),
		void *data)
{
	struct chariot_listing listing = { .what = what };
	struct chariot_entry *entries;
	uint64_t before;
	int err;

	err = copy_name(listing.name, driver);
	if (err)
		return err;
	entries = calloc(LIST_PIECE, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	listing.entries = (uintptr_t)entries;
	for (;;) {
		before = listing.cursor;
		listing.count = LIST_PIECE;
		err = request(fd, CHARIOT_IOC_LIST, &listing);
		if (err || !listing.count)
			break;
		/* A cursor that stands still would list for ever. */
		if (listing.count > LIST_PIECE || listing.cursor == before) {
			err = -EPROTO;
			break;
		}
		err = each_of_piece(entries, listing.count, each, data);
		if (err)
			break;
	}
	free(entries);
	return err;
}

const char *device_problem(int err)
{
	static char text[256];

	switch (err) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return "chariot.ko is not loaded: run 'modprobe chariot'";
	case -EACCES:
	case -EPERM:
		return "no access to " CHARIOT_DEVICE
			": run this as root (CAP_SYS_MODULE)";
	case -EPROTO:
		return "chariot.ko and this command are of different releases: install the same one, then reload chariot.ko";
	default:
		snprintf(text, sizeof(text),
			 CHARIOT_DEVICE " does not answer: %s; see dmesg",
			 message_errno(err));
		return text;
	}
}

const char *device_backend_problem(int err)
{
	static char text[256];

	if (err < 0)
		err = -err;
	switch (err) {
	case ENODEV:
	case ENOSYS:
	case ENXIO:
	case EOPNOTSUPP:
		snprintf(text, sizeof(text),
			 "no Chariot backend in this hypervisor (%s): load chariot-kvm on the host, or start chariot-xend in Xen's dom0, then reload chariot.ko here",
			 strerrorname_np(err));
		break;
	case EPROTO:
		snprintf(text, sizeof(text),
			 "the hypervisor's Chariot backend does not serve ABI revision %u: install the same release of Chariot on host and guest",
			 CHARIOT_ABI_REVISION);
		break;
	case EACCES:
	case EPERM:
		snprintf(text, sizeof(text),
			 "the host's administrator does not let this guest use Chariot (%s): have it allowed on the host, then reload chariot.ko here",
			 strerrorname_np(err));
		break;
	default:
		snprintf(text, sizeof(text),
			 "the Chariot backend failed: %s; see dmesg here and on the host",
			 message_errno(err));
	}
	return text;
}
