// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends packets from one network card to another, a window at a time, past all
 * protocols, and shows the harness's counters at the beginning and after each
 * turn: nothing but the packets lies between them. Runs in the lab's guest.
 * usage: bench_net FROM TO COUNTERS
 */
#include <arpa/inet.h>
#include <err.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#define TYPE	0x88b5		/* for experiments */
#define SIZE	1024
#define WINDOW	32
#define PACKETS	1024		/* tests/bench/run knows it */
#define TURNS	4		/* the first one is not counted */

struct packet {
	struct ethhdr head;
	unsigned int number;
	char data[SIZE - sizeof(struct ethhdr) - sizeof(unsigned int)];
} __attribute__((packed));

struct card {
	int socket;
	unsigned char address[ETH_ALEN];
};

static struct card open_card(const char *name)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(TYPE),
		.sll_ifindex = if_nametoindex(name),
	};
	struct timeval patience = { .tv_sec = 20 };
	struct ifreq request = { 0 };
	struct card card;

	card.socket = socket(AF_PACKET, SOCK_RAW, htons(TYPE));
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (card.socket < 0 || !at.sll_ifindex ||
	    bind(card.socket, (void *)&at, sizeof(at)) ||
	    setsockopt(card.socket, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) ||
	    ioctl(card.socket, SIOCGIFHWADDR, &request))
		err(1, "%s", name);
	memcpy(card.address, request.ifr_hwaddr.sa_data, ETH_ALEN);
	return card;
}

static void window(const struct card *from, const struct card *to, unsigned int first)
{
	static struct packet out, in;
	unsigned int i;

	memcpy(out.head.h_dest, to->address, ETH_ALEN);
	memcpy(out.head.h_source, from->address, ETH_ALEN);
	out.head.h_proto = htons(TYPE);
	for (i = 0; i < WINDOW; i++) {
		out.number = first + i;
		memset(out.data, first + i, sizeof(out.data));
		if (send(from->socket, &out, sizeof(out), 0) != sizeof(out))
			err(1, "send");
	}
	for (i = 0; i < WINDOW; i++) {
		if (recv(to->socket, &in, sizeof(in), 0) != sizeof(in))
			err(1, "packet %u did not come", first + i);
		memset(out.data, first + i, sizeof(out.data));
		if (in.number != first + i ||
		    memcmp(in.data, out.data, sizeof(in.data)))
			errx(1, "packet %u is another one", first + i);
	}
}

/* Kept until all is done: showing them costs, too. */
static char counters[TURNS][256];

static void ask(const char *path, char *to, size_t room)
{
	FILE *file = fopen(path, "r");

	if (!file || !fgets(to, room, file))
		err(1, "%s", path);
	fclose(file);
}

int main(int argc, char **argv)
{
	struct card from, to;
	unsigned int i;
	int turn;

	if (argc != 4)
		errx(2, "usage: bench_net FROM TO COUNTERS");
	from = open_card(argv[1]);
	to = open_card(argv[2]);
	for (turn = 0; turn < TURNS; turn++) {
		for (i = 0; i < PACKETS; i += WINDOW)
			window(&from, &to, i);
		ask(argv[3], counters[turn], sizeof(counters[turn]));
	}
	for (turn = 0; turn < TURNS; turn++)
		fputs(counters[turn], stdout);
	return 0;
}
