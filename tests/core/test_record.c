// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The ring of records: order, folding, loss, wrap-around. */
#include "check.h"
#include "record.h"

static struct chariot_record audited(u64 rip, u64 gpa, u32 domain)
{
	return (struct chariot_record){
		.seq = 0x5555, .lost = 0x5555, .repeat = 1,
		.rip = rip, .gpa = gpa, .domain = domain,
		.outcome = CHARIOT_OUTCOME_AUDITED,
	};
}

static struct chariot_record stopped(u64 rip)
{
	struct chariot_record r = audited(rip, 0x1000, 1);

	r.outcome = CHARIOT_OUTCOME_STOPPED;
	return r;
}

static void test_order(struct chariot_ring *ring)
{
	struct chariot_record out, in;
	u64 i;

	chariot_ring_init(ring);
	memset(&out, 0x77, sizeof(out));
	in = out;
	CHECK(!chariot_ring_pop(ring, &out), "pop of nothing");
	CHECK(!memcmp(&in, &out, sizeof(in)), "touched by a pop of nothing");
	for (i = 1; i <= 3; i++) {
		in = stopped(i);
		in.time_ns = 100 + i;
		in.insn[15] = i;
		in.value[63] = i;
		CHECK(chariot_ring_push(ring, &in), "push %llu", i);
		CHECK(in.seq == i, "number %llu", in.seq);
	}
	for (i = 1; i <= 3; i++) {
		CHECK(chariot_ring_pop(ring, &out), "pop %llu", i);
		CHECK(out.seq == i && out.rip == i && out.time_ns == 100 + i &&
		      out.insn[15] == i && out.value[63] == i &&
		      out.repeat == 1 && !out.lost, "record %llu", i);
	}
	CHECK(!chariot_ring_pop(ring, &out), "one too many");
}

static void test_folding(struct chariot_ring *ring)
{
	static const struct { u64 rip, gpa; u32 domain; bool folds; } rows[] = {
		{ 0x10, 0x1000, 1, true },
		{ 0x10, 0x1fff, 1, true },	/* the same page */
		{ 0x10, 0x2000, 1, false },
		{ 0x10, 0x0fff, 1, false },
		{ 0x10, 0x1000 + (1ull << 44), 1, false },
		{ 0x11, 0x1000, 1, false },
		{ 0x10, 0x1000, 2, false },
	};
	struct chariot_record r, out;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		chariot_ring_init(ring);
		r = audited(0x10, 0x1234, 1);
		chariot_ring_push(ring, &r);
		r = stopped(0x99);
		chariot_ring_push(ring, &r);
		r = audited(rows[i].rip, rows[i].gpa, rows[i].domain);
		CHECK(chariot_ring_push(ring, &r) == !rows[i].folds, "row %u",
		      i);
		chariot_ring_pop(ring, &out);
		CHECK(out.repeat == 1u + rows[i].folds && out.gpa == 0x1234,
		      "row %u: repeat %llu", i, out.repeat);
	}

	/* What was stopped counts each time, and never folds. */
	chariot_ring_init(ring);
	r = audited(0x10, 0x1000, 1);
	chariot_ring_push(ring, &r);
	r.outcome = CHARIOT_OUTCOME_STOPPED;
	CHECK(chariot_ring_push(ring, &r), "stopped on audited");
	CHECK(chariot_ring_push(ring, &r), "stopped twice");
	r.outcome = CHARIOT_OUTCOME_HELD;
	CHECK(chariot_ring_push(ring, &r), "held");
	CHECK(ring->count == 4, "%u records", ring->count);

	/* Once taken, a record is no longer there to fold into. */
	chariot_ring_init(ring);
	r = audited(0x10, 0x1000, 1);
	chariot_ring_push(ring, &r);
	chariot_ring_pop(ring, &out);
	CHECK(chariot_ring_push(ring, &r), "folded into what was taken");
	chariot_ring_pop(ring, &out);
	CHECK(out.seq == 2 && out.repeat == 1, "the second one");

	/* Repeats add up, also those a record brings, and end at the end. */
	chariot_ring_init(ring);
	r.repeat = 0;
	chariot_ring_push(ring, &r);
	r.repeat = 5;
	chariot_ring_push(ring, &r);
	CHECK(ring->slot[0].repeat == 6, "repeat %llu", ring->slot[0].repeat);
	r.repeat = ~0ull - 2;
	chariot_ring_push(ring, &r);
	CHECK(ring->slot[0].repeat == ~0ull, "repeat %llu",
	      ring->slot[0].repeat);
}

static void test_overflow(struct chariot_ring *ring)
{
	struct chariot_record r, out;
	u64 i;

	chariot_ring_init(ring);
	for (i = 1; i <= CHARIOT_RING_SIZE; i++) {
		r = audited(i, 0x1000, 1);
		CHECK(chariot_ring_push(ring, &r), "push %llu", i);
	}
	r = stopped(7);
	CHECK(!chariot_ring_push(ring, &r), "room in a full ring");
	r = audited(0x7777, 0x1000, 1);
	r.repeat = 3;
	CHECK(!chariot_ring_push(ring, &r), "room in a full ring");
	CHECK(ring->lost == 4, "lost %llu", ring->lost);
	/* Folding needs no room. */
	r = audited(CHARIOT_RING_SIZE, 0x1000, 1);
	CHECK(!chariot_ring_push(ring, &r) && ring->lost == 4, "lost a repeat");

	CHECK(chariot_ring_pop(ring, &out), "pop");
	CHECK(out.seq == 1 && out.lost == 4, "the first one stays");
	r = stopped(8);
	CHECK(chariot_ring_push(ring, &r), "room again");
	for (i = 2; i <= CHARIOT_RING_SIZE; i++) {
		chariot_ring_pop(ring, &out);
		CHECK(out.seq == i && out.rip == i &&
		      out.repeat == 1u + (i == CHARIOT_RING_SIZE),
		      "record %llu", i);
	}
	chariot_ring_pop(ring, &out);
	CHECK(out.seq == CHARIOT_RING_SIZE + 1 && out.rip == 8 && out.lost == 4,
	      "the one after the loss");
}

/* Against a plain queue, for longer than the ring is. */
static void test_random(struct chariot_ring *ring)
{
	static u64 queue[100000];
	u64 seed = 0x434841, head = 0, tail = 0, lost = 0;
	struct chariot_record r, out;
	unsigned int i;

	chariot_ring_init(ring);
	for (i = 0; i < ARRAY_SIZE(queue); i++) {
		/* Tides, to come to both ends. */
		if (random_below(&seed, 100) < (i / 2000 % 2 ? 35 : 65)) {
			bool room = tail - head < CHARIOT_RING_SIZE;

			r = stopped(i);
			CHECK(chariot_ring_push(ring, &r) == room, "push %u", i);
			if (room)
				queue[tail++] = i;
			else
				lost++;
		} else {
			bool any = chariot_ring_pop(ring, &out);

			CHECK(any == (head < tail), "pop %u", i);
			if (any) {
				CHECK(out.rip == queue[head] &&
				      out.seq == head + 1 && out.lost == lost,
				      "record %llu", head);
				head++;
			}
		}
	}
}

int main(void)
{
	static struct chariot_ring ring;

	test_order(&ring);
	test_folding(&ring);
	test_overflow(&ring);
	test_random(&ring);
	return summary("%s", "");
}
