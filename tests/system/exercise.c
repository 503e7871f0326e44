// SPDX-License-Identifier: GPL-2.0-only
/*
 * Uses /dev/good_files in every way a program can, from several processes at
 * once. Runs in the lab's guest; exits with 1 and says what went wrong.
 * Usage: exercise PROCESSES ROUNDS
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../drivers/good/good_files.h"

#define EXPECT(condition)						\
	do {								\
		if (!(condition)) {					\
			printf("exercise: line %d: not %s (%s)\n",	\
			       __LINE__, #condition, strerror(errno));	\
			exit(1);					\
		}							\
	} while (0)

static void one_round(void)
{
	struct pollfd poller = { .events = POLLIN | POLLOUT };
	unsigned int used, calls, pause = 1, i;
	static char two_pages[8192] __attribute__((aligned(4096)));
	char text[16] = "";
	char *page;
	int fd = open("/dev/good_files", O_RDWR);

	EXPECT(fd >= 0);
	poller.fd = fd;
	EXPECT(poll(&poller, 1, 0) == 1 && poller.revents == POLLOUT);
	EXPECT(write(fd, "some text", 9) == 9);
	EXPECT(poll(&poller, 1, 0) == 1 && poller.revents == (POLLIN | POLLOUT));
	EXPECT(ioctl(fd, GOOD_USED, &used) == 0 && used == 9);

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	EXPECT(page != MAP_FAILED);
	EXPECT(!memcmp(page, "some text", 9));
	page[0] = 'c';

	EXPECT(read(fd, text, sizeof(text)) == 9);
	EXPECT(!strcmp(text, "COME TEXT"));
	EXPECT(ioctl(fd, GOOD_CALLS, &calls) == 0 && calls == 2);
	EXPECT(ioctl(fd, GOOD_SLEEP, &pause) == 0);
	/* Each is copied in another way, and may lie in two pages. */
	for (i = 0; i < 8; i++) {
		EXPECT(write(fd, "more text", 9) == 9);
		memset(two_pages, 0, sizeof(two_pages));
		EXPECT(read(fd, two_pages + 4092, 9) == 9);
		EXPECT(!strcmp(two_pages + 4092, "MORE TEXT"));
	}

	EXPECT(ioctl(fd, 0x1234, NULL) == -1 && errno == ENOTTY);
	EXPECT(ioctl(fd, GOOD_USED, (void *)1) == -1 && errno == EFAULT);
	EXPECT(write(fd, (void *)4096, 10) == -1 && errno == EFAULT);
	EXPECT(read(fd, (void *)4096, 0) == 0);
	EXPECT(lseek(fd, 0, SEEK_SET) == -1 && errno == ESPIPE);
	EXPECT(munmap(page, 4096) == 0);
	EXPECT(close(fd) == 0);
}

int main(int argc, char **argv)
{
	int processes = argc > 1 ? atoi(argv[1]) : 1;
	int rounds = argc > 2 ? atoi(argv[2]) : 1;
	int bad = 0, status, i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < processes; i++) {
		if (fork())
			continue;
		while (rounds--)
			one_round();
		exit(0);
	}
	while (wait(&status) > 0)
		bad |= status;
	return bad != 0;
}
