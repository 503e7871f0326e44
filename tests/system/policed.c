// SPDX-License-Identifier: GPL-2.0-only
/*
 * Uses /dev/policed (tests/drivers/policy) and says what the kernel has counted
 * for this process meanwhile. Runs in the lab's guest; exits with 1 when the
 * device fails.
 * Usage: policed map PAGE       "mapped VmPin VmLck", "unmapped VmPin VmLck"
 *        policed leave PAGE     the same, but ends without unmapping
 *        policed reuse TIMES    "reused VmPin VmLck" by the first of so many
 *                               processes that has got the last one's descriptor
 */

#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEVICE "/dev/policed"

static long counted(const char *name)
{
	FILE *status = fopen("/proc/self/status", "r");
	size_t length = strlen(name);
	char line[128];
	long kib = -1;

	while (status && fgets(line, sizeof(line), status))
		if (!strncmp(line, name, length))
			kib = atol(line + length);
	if (status)
		fclose(status);
	return kib;
}

static void tell(const char *when)
{
	printf("%s %ld %ld\n", when, counted("VmPin:"), counted("VmLck:"));
	fflush(stdout);
}

static int open_device(void)
{
	int fd = open(DEVICE, O_RDWR);

	if (fd < 0)
		err(1, DEVICE);
	return fd;
}

static void map(long page, int unmap)
{
	size_t size = sysconf(_SC_PAGESIZE);
	void *area = mmap(NULL, size, PROT_READ, MAP_SHARED, open_device(),
			  page * size);

	if (area == MAP_FAILED)
		err(1, "mmap");
	tell("mapped");
	if (!unmap)
		return;
	munmap(area, size);
	tell("unmapped");
}

static void try_it(int fd)
{
	if (write(fd, "m0", 2) == 2) {
		tell("reused");
		exit(0);
	}
	if (errno != ESRCH)
		err(1, "write");
}

/*
 * A processor keeps what was freed on it for itself, and an idle one the last
 * process's memory: so they come from each in turn.
 */
static void move_on(void)
{
	static int processor;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(processor++ % sysconf(_SC_NPROCESSORS_ONLN), &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		err(1, "sched_setaffinity");
}

/* They stay as long as this one does, so that each has another descriptor. */
static void reuse(long times)
{
	int fd = open_device(), status;
	pid_t child;

	try_it(fd);
	while (times--) {
		move_on();
		child = fork();
		if (child < 0)
			err(1, "fork");
		if (!child) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			try_it(fd);
			raise(SIGSTOP);
			_exit(0);
		}
		if (waitpid(child, &status, WUNTRACED) < 0)
			err(1, "wait");
		if (!WIFSTOPPED(status))
			exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
	errx(1, "no process got that memory descriptor again");
}

int main(int argc, char **argv)
{
	long number = argc > 2 ? atol(argv[2]) : 0;

	if (argc == 3 && !strcmp(argv[1], "map"))
		map(number, 1);
	else if (argc == 3 && !strcmp(argv[1], "leave"))
		map(number, 0);
	else if (argc == 3 && !strcmp(argv[1], "reuse"))
		reuse(number);
	else
		errx(2, "usage: policed map|leave|reuse NUMBER");
	return 0;
}
