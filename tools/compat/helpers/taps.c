// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes two TAP interfaces, compat0 and compat1, and carries each frame of one
 * to the other until it is killed.
 * Runs in the lab's guest.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int open_tap(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request)) {
		fprintf(stderr, "taps: %s: %s\n", name, strerror(errno));
		exit(1);
	}
	return fd;
}

int main(void)
{
	struct pollfd taps[2] = {
		{ .fd = open_tap("compat0"), .events = POLLIN },
		{ .fd = open_tap("compat1"), .events = POLLIN },
	};
	char frame[65536];
	ssize_t size;
	int i;

	puts("up");
	fflush(stdout);
	for (;;) {
		poll(taps, 2, -1);
		for (i = 0; i < 2; i++) {
			while ((size = read(taps[i].fd, frame, sizeof(frame))) > 0) {
				/* A full queue drops frames, as wires do. */
				if (write(taps[!i].fd, frame, size) < 0 && errno == EBADFD)
					return 1;
			}
		}
	}
}
