// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes a file's content to a block device and reads it back, past the page
 * cache, some times, and shows the harness's counters at the beginning and after
 * each writing and each reading: nothing but the I/O lies between them.
 * Runs in the lab's guest.
 * usage: bench_io DEVICE DATA COUNTERS [BLOCK]
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TURNS	2

static size_t block = 65536;

static char *memory(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	return p;
}

static size_t load(const char *path, char **data)
{
	int fd = open(path, O_RDONLY);
	struct stat status;

	if (fd < 0 || fstat(fd, &status))
		err(1, "%s", path);
	if (!status.st_size || !block || status.st_size % block)
		errx(1, "%s: not a number of blocks of %zu bytes", path, block);
	*data = memory(status.st_size);
	if (read(fd, *data, status.st_size) != status.st_size)
		err(1, "%s", path);
	close(fd);
	return status.st_size;
}

static void write_all(int device, const char *data, size_t size)
{
	for (size_t at = 0; at < size; at += block)
		if (pwrite(device, data + at, block, at) != (ssize_t)block)
			err(1, "write at %zu", at);
}

static void read_all(int device, char *data, size_t size)
{
	for (size_t at = 0; at < size; at += block)
		if (pread(device, data + at, block, at) != (ssize_t)block)
			err(1, "read at %zu", at);
}

/* Kept until all is done: showing them costs, too. */
static char counters[2 * TURNS + 1][256];
static int asked;

static void ask(const char *path)
{
	FILE *file = fopen(path, "r");

	if (!file || !fgets(counters[asked++], sizeof(counters[0]), file))
		err(1, "%s", path);
	fclose(file);
}

int main(int argc, char **argv)
{
	char *data, *back;
	size_t size;
	int device, i;

	if (argc != 4 && argc != 5)
		errx(2, "usage: bench_io DEVICE DATA COUNTERS [BLOCK]");
	if (argc == 5)
		block = strtoul(argv[4], NULL, 10);
	size = load(argv[2], &data);
	back = memory(size);
	device = open(argv[1], O_RDWR | O_DIRECT);
	if (device < 0)
		err(1, "%s", argv[1]);

	/* Once before, so that the device has its memory. */
	write_all(device, data, size);
	read_all(device, back, size);
	ask(argv[3]);
	for (i = 0; i < TURNS; i++) {
		write_all(device, data, size);
		ask(argv[3]);
		read_all(device, back, size);
		ask(argv[3]);
	}
	if (memcmp(data, back, size))
		errx(1, "%s gives back other data", argv[1]);
	for (i = 0; i < asked; i++)
		fputs(counters[i], stdout);
	return 0;
}
