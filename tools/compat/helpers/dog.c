// SPDX-License-Identifier: GPL-2.0-only
/*
 * Uses a watchdog as a daemon does: sets it, feeds it, lets it go.
 * Runs in the lab's guest. Usage: dog DEVICE
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FEEDS	20

static void need(int good, const char *what)
{
	if (!good) {
		printf("dog: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

int main(int argc, char **argv)
{
	struct watchdog_info info;
	int fd, timeout = 30, left = -1, i;

	fd = open(argc > 1 ? argv[1] : "/dev/watchdog0", O_RDWR);
	need(fd >= 0, "open");
	need(!ioctl(fd, WDIOC_GETSUPPORT, &info), "support");
	printf("identity %s\n", info.identity);
	printf("options %x\n", info.options);
	if (info.options & WDIOF_SETTIMEOUT) {
		need(!ioctl(fd, WDIOC_SETTIMEOUT, &timeout), "set timeout");
		need(!ioctl(fd, WDIOC_GETTIMEOUT, &timeout), "get timeout");
		printf("timeout %d\n", timeout);
	}
	for (i = 0; i < FEEDS; i++) {
		need(!ioctl(fd, WDIOC_KEEPALIVE, NULL), "keep alive");
		need(write(fd, "x", 1) == 1, "write");
		usleep(20000);
	}
	if (!ioctl(fd, WDIOC_GETTIMELEFT, &left))
		printf("left %d\n", left > 20 && left <= timeout);
	i = WDIOS_DISABLECARD;
	ioctl(fd, WDIOC_SETOPTIONS, &i);
	i = WDIOS_ENABLECARD;
	ioctl(fd, WDIOC_SETOPTIONS, &i);
	need(write(fd, "V", 1) == 1, "let go");
	need(!close(fd), "close");
	return 0;
}
