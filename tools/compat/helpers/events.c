// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes an input device by /dev/uinput, injects events and reads them from its
 * event file; or reads events from a device that is there.
 * Runs in the lab's guest.
 * Usage: events inject COUNT
 *        events read DEVICE COUNT
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/uinput.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NAME	"chariot-compat"

static void need(int good, const char *what)
{
	if (!good) {
		printf("events: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static int make_device(void)
{
	struct uinput_setup setup = {
		.id = { .bustype = BUS_USB, .vendor = 0x1234, .product = 0x5678 },
		.name = NAME,
		.ff_effects_max = 0,
	};
	struct uinput_abs_setup axis = {
		.code = ABS_X, .absinfo = { .minimum = 0, .maximum = 100000 },
	};
	int fd = open("/dev/uinput", O_RDWR), i;

	need(fd >= 0, "open /dev/uinput");
	need(!ioctl(fd, UI_SET_EVBIT, EV_KEY), "keys");
	for (i = KEY_ESC; i <= KEY_SPACE; i++)
		need(!ioctl(fd, UI_SET_KEYBIT, i), "key");
	need(!ioctl(fd, UI_SET_EVBIT, EV_REL), "relative axes");
	need(!ioctl(fd, UI_SET_RELBIT, REL_X), "relative axis");
	need(!ioctl(fd, UI_SET_EVBIT, EV_ABS), "axes");
	need(!ioctl(fd, UI_ABS_SETUP, &axis), "axis");
	need(!ioctl(fd, UI_SET_EVBIT, EV_LED), "lights");
	need(!ioctl(fd, UI_SET_LEDBIT, LED_CAPSL), "light");
	need(!ioctl(fd, UI_DEV_SETUP, &setup), "setup");
	need(!ioctl(fd, UI_DEV_CREATE), "create");
	return fd;
}

static int open_event_file(int device)
{
	char folder[64] = "", path[400];
	struct dirent *entry;
	DIR *dir;
	int fd = -1, tries = 100;

	need(ioctl(device, UI_GET_SYSNAME(sizeof(folder)), folder) >= 0, "name");
	snprintf(path, sizeof(path), "/sys/devices/virtual/input/%s", folder);
	while (fd < 0 && tries--) {
		dir = opendir(path);
		need(!!dir, path);
		while ((entry = readdir(dir))) {
			if (!strncmp(entry->d_name, "event", 5)) {
				char node[300];

				snprintf(node, sizeof(node), "/dev/input/%s", entry->d_name);
				fd = open(node, O_RDWR);
			}
		}
		closedir(dir);
		usleep(20000);
	}
	need(fd >= 0, "open the event file");
	return fd;
}

static void send_event(int fd, int type, int code, int value)
{
	struct input_event event = { .type = type, .code = code, .value = value };

	need(write(fd, &event, sizeof(event)) == sizeof(event), "write an event");
}

/* Reads until so many events that are no reports have come. */
static unsigned int read_events(int fd, unsigned int count, unsigned int *sum)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	struct input_event event;
	unsigned int got = 0;

	while (got < count && poll(&poller, 1, 5000) == 1) {
		need(read(fd, &event, sizeof(event)) == sizeof(event), "read an event");
		if (event.type == EV_SYN || event.type == EV_MSC)
			continue;
		got++;
		*sum = *sum * 31 + event.type * 7 + event.code * 3 + event.value;
	}
	return got;
}

static void inject(int rounds)
{
	int device = make_device(), fd = open_event_file(device), i;
	struct input_event light = { .type = EV_LED, .code = LED_CAPSL, .value = 1 };
	unsigned int sum = 0, got = 0;

	for (i = 0; i < rounds; i++) {
		int key = KEY_ESC + i % (KEY_SPACE - KEY_ESC);

		send_event(device, EV_KEY, key, 1);
		send_event(device, EV_REL, REL_X, i + 1);
		send_event(device, EV_ABS, ABS_X, i * 3 + 1);
		send_event(device, EV_SYN, SYN_REPORT, 0);
		send_event(device, EV_KEY, key, 0);
		send_event(device, EV_SYN, SYN_REPORT, 0);
		got += read_events(fd, 4, &sum);
	}
	need(got == rounds * 4, "some events did not come");
	printf("injected %u %08x\n", got, sum);
	/* The other way: a light that is switched on reaches the device's maker. */
	sum = 0;
	need(write(fd, &light, sizeof(light)) == sizeof(light), "switch a light on");
	printf("light %u\n", read_events(device, 1, &sum));
	close(fd);
	need(!ioctl(device, UI_DEV_DESTROY), "destroy");
	close(device);
}

int main(int argc, char **argv)
{
	unsigned int sum = 0;
	int fd;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && !strcmp(argv[1], "inject")) {
		inject(atoi(argv[2]));
		return 0;
	}
	if (argc != 4 || strcmp(argv[1], "read")) {
		fprintf(stderr, "usage: events inject COUNT | read DEVICE COUNT\n");
		return 2;
	}
	fd = open(argv[2], O_RDONLY);
	need(fd >= 0, argv[2]);
	puts("ready");
	printf("read %u", read_events(fd, atoi(argv[3]), &sum));
	printf(" %08x\n", sum);
	return 0;
}
