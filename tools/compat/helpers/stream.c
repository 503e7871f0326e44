// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends known bytes to an echo service and compares what comes back; or is that
 * service. Runs in the lab's guest; exits with 1 and says what went wrong.
 * Usage: stream echo PORT
 *        stream talk ADDRESS PORT KIB [udp]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SILENCE_MS	20000

static void die(const char *what)
{
	fprintf(stderr, "stream: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The byte at a place of the stream: differs from what is near it. */
static unsigned char byte_at(uint64_t place)
{
	uint64_t x = (place >> 3) * 0x9e3779b97f4a7c15ull;

	return (x ^ x >> 32) >> (place & 7) * 4;
}

static void serve(int fd)
{
	char buffer[16384];
	ssize_t got, sent, put;

	while ((got = read(fd, buffer, sizeof(buffer))) > 0) {
		for (sent = 0; sent < got; sent += put) {
			put = write(fd, buffer + sent, got - sent);
			if (put <= 0)
				exit(0);
		}
	}
	exit(0);
}

static void echo(int port)
{
	struct sockaddr_in where = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1, client;

	signal(SIGCHLD, SIG_IGN);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&where, sizeof(where)) || listen(fd, 8))
		die("listen");
	while ((client = accept(fd, NULL, NULL)) >= 0) {
		if (!fork())
			serve(client);
		close(client);
	}
	die("accept");
}

/* Sends and receives at once; what comes back is checked byte by byte. */
static void talk(int fd, uint64_t size)
{
	struct pollfd poller = { .fd = fd };
	uint64_t sent = 0, back = 0, sum = 0;
	unsigned char buffer[16384];
	ssize_t n, i;

	while (back < size) {
		poller.events = POLLIN | (sent < size ? POLLOUT : 0);
		errno = ETIMEDOUT;
		if (poll(&poller, 1, SILENCE_MS) <= 0)
			die("nothing comes back");
		if (poller.revents & POLLOUT && sent < size) {
			n = size - sent < sizeof(buffer) ? size - sent : sizeof(buffer);
			for (i = 0; i < n; i++)
				buffer[i] = byte_at(sent + i);
			n = send(fd, buffer, n, MSG_DONTWAIT);
			if (n > 0)
				sent += n;
			else if (n < 0 && errno != EAGAIN)
				die("send");
		}
		if (poller.revents & ~POLLOUT) {
			n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
			if (!n || (n < 0 && errno != EAGAIN))
				die("the connection ended");
			for (i = 0; i < n; i++, back++) {
				if (buffer[i] != byte_at(back)) {
					fprintf(stderr, "stream: other bytes come back at %llu\n",
						(unsigned long long)back);
					exit(1);
				}
				sum = (sum ^ buffer[i]) * 0x100000001b3ull;
			}
		}
	}
	printf("%llu bytes %016llx\n", (unsigned long long)back, (unsigned long long)sum);
}

int main(int argc, char **argv)
{
	struct sockaddr_in where = { .sin_family = AF_INET };
	int fd;

	if (argc == 3 && !strcmp(argv[1], "echo"))
		echo(atoi(argv[2]));
	if (argc != 5 || strcmp(argv[1], "talk")) {
		fprintf(stderr, "usage: stream echo PORT | talk ADDRESS PORT KIB\n");
		return 2;
	}
	where.sin_port = htons(atoi(argv[3]));
	if (inet_pton(AF_INET, argv[2], &where.sin_addr) != 1)
		die(argv[2]);
	alarm(60);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, (void *)&where, sizeof(where)))
		die("connect");
	talk(fd, strtoull(argv[4], NULL, 10) * 1024);
	return 0;
}
