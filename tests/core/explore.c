// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * All interleavings of a driver that writes to a page on one virtual CPU and a
 * kernel that grants, revokes and reuses it on another. What the core does is done
 * by the core: the table, the verdict, the ring. What hv-backends/kvm does around
 * it is told here step by step, each step what no other processor sees the middle
 * of: the names of its functions stand beside. Each mutation leaves one precaution
 * out, and has to be found.
 */
#include "check.h"
#include "decide.h"
#include "record.h"

#define GFN		18u
#define BASE		((u64)GFN << CHARIOT_PAGE_SHIFT)
#define BLOCKS		6
#define OBJECTS		2		/* of 64 bytes, at the page's start */
#define OBJECT_SIZE	64u
#define WRITE_SIZE	8u
#define OPS		5
#define DRIVER_VIEW	1u

/* What is left out, or done in the wrong order. */
enum mutation {
	NONE,
	NO_STRIP,		/* leaves are left as they are */
	STRIP_ASKED_LATE,	/* is there a leaf? is asked of the new table */
	STRIP_FIRST,		/* leaves first, then the table */
	NO_FLUSH,		/* no flush of the other's TLB */
	FLUSH_NOT_AWAITED,	/* ... but no wait till it has left the guest */
	NO_SETTLE,		/* no wait for writes being carried out */
	SETTLE_FIRST,		/* that wait before the table is changed */
	CARRIED_OUT_UNLOCKED,	/* judged, unlocked, carried out */
	MAPPED_UNCHECKED,	/* the leaf gets what the judge said */
	MAPPED_BY_OLD,		/* the table is read before mmu_lock is taken */
	NO_FLUSH_ON_SWITCH,	/* the other view's TLB entry stays */
	NOT_STEPPED_OVER,	/* reported, but done again */
	LOST_UNCOUNTED,		/* what the ring has no room for is forgotten */
	REPORTED_TWICE,		/* a report before the write, and behind it */
	MUTATIONS
};

static const char *const mutation_name[] = {
	"none", "no strip", "strip asked late", "strip first", "no flush",
	"flush not awaited", "no settle", "settle first", "carried out unlocked",
	"mapped unchecked", "mapped by old", "no flush on switch",
	"not stepped over", "lost uncounted", "reported twice",
};

/* What the two are to do. */
enum op {
	END,
	WRITE_0, WRITE_1,		/* the driver writes to an object ... */
	KERNEL_WRITES,			/* ... the kernel does, on its virtual CPU */
	GRANT_PAGE, GRANT_0, GRANT_1,	/* the kernel, on the other */
	REVOKE_PAGE, REVOKE_0,
	READ_RECORD,
};

struct scenario {
	const char *name;
	enum op driver[OPS];
	enum op kernel[OPS];
};

static const struct scenario scenarios[] = {
	{ "page", { WRITE_0, WRITE_0 }, { GRANT_PAGE, REVOKE_PAGE } },
	{ "object", { WRITE_0, WRITE_0 }, { GRANT_0, REVOKE_0 } },
	{ "object of a page", { WRITE_0, WRITE_1 }, { GRANT_PAGE, REVOKE_0 } },
	{ "one of two", { WRITE_1, WRITE_0 }, { GRANT_1, GRANT_0, REVOKE_0 } },
	{ "page again", { WRITE_0, WRITE_0 },
	  { GRANT_PAGE, REVOKE_PAGE, GRANT_PAGE, REVOKE_PAGE } },
	{ "kernel between", { KERNEL_WRITES, WRITE_0, KERNEL_WRITES, WRITE_0 },
	  { GRANT_PAGE, REVOKE_PAGE } },
	{ "kernel before", { KERNEL_WRITES, WRITE_0, WRITE_1 }, { GRANT_1 } },
	{ "records", { WRITE_0, WRITE_0, WRITE_1, WRITE_0 },
	  { READ_RECORD, GRANT_1, READ_RECORD } },
};

/* What the guest has been told of an object. */
enum promise {
	NOT_GIVEN,		/* never granted, or revoked and used anew */
	CHANGING,		/* a call is under way */
	GIVEN,
};

enum tlb { TLB_NONE, TLB_READ, TLB_WRITE };

enum driver_pc {
	D_OUT,			/* not in the guest */
	D_INSN,			/* in the guest, before an instruction */
	D_STORE,		/* in one: it has found its translation */
	D_FAULT, D_JUDGE_PAGE, D_JUDGE, D_CARRY_OUT, D_REPORT, D_JUDGED,
	D_MAP, D_MAP_READ, D_MAP_SET, D_MAP_DONE,
};

enum kernel_pc {
	K_CALL, K_ADD, K_ASK, K_REMOVE, K_LOCK, K_STRIP, K_FLUSH, K_WAIT,
	K_UNLOCK, K_SETTLE, K_RETURN,
};

/* All there is, and all of it is put back to try another step. */
struct world {
	u8 block[BLOCKS][CHARIOT_BLOCK_SIZE] __attribute__((aligned(8)));
	struct chariot_pool pool;
	struct chariot_table table;	/* chariot_vm.tables: a step at a time */
	struct state {
		struct chariot_ring ring;
		u32 violations;		/* chariot_vm.counters */
		u32 told;		/* records read, with their repeats */
		bool leaf_writable;	/* of the page, in the driver's view */
		bool mmu_read, mmu_write;	/* kvm->mmu_lock */
		bool judging;		/* chariot_vm.judging, for read */
		bool flush_request;	/* KVM_REQ_TLB_FLUSH of the driver's CPU */
		u8 promise[OBJECTS];

		u8 d_pc, d_op;
		u8 view;
		u8 tlb[2];		/* by view, if they are told apart */
		u8 verdict;
		bool map_access;
		bool steady;		/* given since before the instruction */
		bool half;		/* of what a mutation takes apart is done */
		u8 landed, landed_badly, reported;

		u8 k_pc, k_op;
		bool strip, flush;
	} s;
};

static struct world w;
static const struct scenario *scenario;
static enum chariot_mode mode;
static enum mutation mutation;
/* Does the TLB tell views apart? AMD's does not: vendor->flush_on_switch */
static bool tagged;
static const char *wrong;
static u64 states, steps;

static void fail(const char *what)
{
	if (!wrong)
		wrong = what;
}

/* --- the driver's virtual CPU --------------------------------------------------- */

static enum op driver_op(void)
{
	return w.s.d_op < OPS ? scenario->driver[w.s.d_op] : END;
}

static u32 object_of(enum op op)
{
	return op == WRITE_1;
}

static u64 target(enum op op)
{
	return BASE + object_of(op) * OBJECT_SIZE;
}

static u8 *tlb(void)
{
	return &w.s.tlb[tagged ? w.s.view : 0];
}

/* chariot_view_switch() */
static void view_switch(u32 view)
{
	w.s.view = view;
	if (!tagged && mutation != NO_FLUSH_ON_SWITCH)
		w.s.tlb[0] = TLB_NONE;
}

static void landed(void)
{
	u8 promise = w.s.promise[object_of(driver_op())];

	w.s.landed++;
	if (promise != NOT_GIVEN)
		return;
	w.s.landed_badly++;
	if (mode == CHARIOT_MODE_ENFORCE)
		fail("a write landed where the driver has no right");
}

/* The instruction is over: what has become of its write? */
static void next_op(u8 pc)
{
	if (driver_op() != KERNEL_WRITES) {
		if (w.s.landed > 1 || w.s.reported > 1)
			fail("a write happened or was reported twice");
		if (!w.s.landed && !w.s.reported)
			fail("a write was lost without a record");
		if (w.s.landed_badly && !w.s.reported)
			fail("a write that is not allowed has no record");
		if (mode == CHARIOT_MODE_ENFORCE && w.s.landed && w.s.reported)
			fail("a stopped write happened");
	}
	w.s.d_op++;
	w.s.d_pc = pc;
	w.s.landed = 0;
	w.s.landed_badly = 0;
	w.s.reported = 0;
	w.s.steady = driver_op() != END &&
		     w.s.promise[object_of(driver_op())] == GIVEN;
}

/* An instruction that the driver or the kernel begins. */
static void begin_insn(void)
{
	enum op op = driver_op();
	u32 view = op == KERNEL_WRITES ? CHARIOT_DOMAIN_KERNEL : DRIVER_VIEW;

	/* Text of the other view: fetch_fault() */
	if (view != w.s.view) {
		view_switch(view);
		w.s.d_pc = D_OUT;
		return;
	}
	if (*tlb() != TLB_WRITE)
		*tlb() = !view || w.s.leaf_writable ? TLB_WRITE : TLB_READ;
	w.s.d_pc = *tlb() == TLB_WRITE ? D_STORE : D_FAULT;
}

/* judge_part(), @size 0 if it is not known */
static void judge(u32 size)
{
	const struct chariot_access access = {
		.gpa = target(driver_op()), .size = size,
	};

	w.s.verdict = chariot_decide(&w.table, mode, &access, NULL);
}

/* chariot_report() */
static void report(void)
{
	struct chariot_record rec = {
		.repeat = 1, .rip = 0x1000 + driver_op(), .domain = 1,
		.gpa = target(driver_op()),
		.outcome = mode == CHARIOT_MODE_AUDIT ?
			   CHARIOT_OUTCOME_AUDITED : CHARIOT_OUTCOME_STOPPED,
	};

	if (w.s.steady)
		fail("a write was reported that is allowed");
	if (mutation == LOST_UNCOUNTED && w.s.ring.count == CHARIOT_RING_SIZE)
		w.s.ring.lost--;
	chariot_ring_push(&w.s.ring, &rec);
	w.s.violations++;
	w.s.reported++;
}

/* What chariot_judge_write() does with the verdict. */
static void carry_out(void)
{
	switch ((enum chariot_verdict)w.s.verdict) {
	case CHARIOT_VERDICT_ALLOW:
		w.s.d_pc = D_JUDGED;
		break;
	case CHARIOT_VERDICT_EMULATE:
		landed();
		w.s.d_pc = D_JUDGED;
		break;
	case CHARIOT_VERDICT_AUDIT:
		if (mutation == REPORTED_TWICE)
			report();
		landed();
		w.s.d_pc = D_REPORT;
		break;
	case CHARIOT_VERDICT_STOP:
		w.s.d_pc = D_REPORT;
		break;
	}
}

static void up_read_judging(void)
{
	w.s.judging = false;
	w.s.half = false;
}

/* memory_fault() returns. */
static void judged(void)
{
	up_read_judging();
	if (w.s.verdict == CHARIOT_VERDICT_ALLOW)
		w.s.d_pc = D_MAP;
	else if (mutation == NOT_STEPPED_OVER && w.s.reported == 1 &&
		 w.s.verdict == CHARIOT_VERDICT_STOP)
		w.s.d_pc = D_OUT;
	else
		next_op(D_OUT);
}

/* page_access() */
static bool page_writable(void)
{
	return chariot_table_page(&w.table, GFN).rights & CHARIOT_RIGHT_WRITE;
}

/* The next step; false if it has to wait. */
static bool driver_step(void)
{
	switch ((enum driver_pc)w.s.d_pc) {
	case D_OUT:
		/* Into the guest; requests are seen to before. */
		if (driver_op() == END)
			return false;
		if (w.s.flush_request) {
			w.s.tlb[0] = TLB_NONE;
			w.s.tlb[1] = TLB_NONE;
			w.s.flush_request = false;
		}
		w.s.d_pc = D_INSN;
		return true;
	case D_INSN:
		if (driver_op() == END)
			w.s.d_pc = D_OUT;
		else
			begin_insn();
		return true;
	case D_STORE:
		if (driver_op() != KERNEL_WRITES)
			landed();
		next_op(D_INSN);
		return true;
	case D_FAULT:
		/* down_read(&vm->judging) */
		w.s.judging = true;
		w.s.d_pc = D_JUDGE_PAGE;
		return true;
	case D_JUDGE_PAGE:
		judge(0);
		w.s.d_pc = w.s.verdict == CHARIOT_VERDICT_ALLOW ? D_JUDGED :
								  D_JUDGE;
		return true;
	case D_JUDGE:
		judge(WRITE_SIZE);
		w.s.d_pc = D_CARRY_OUT;
		return true;
	case D_CARRY_OUT:
		if (mutation == CARRIED_OUT_UNLOCKED && !w.s.half) {
			w.s.judging = false;
			w.s.half = true;
			return true;
		}
		carry_out();
		return true;
	case D_REPORT:
		report();
		/* stop(): the notification is the kernel's business. */
		if (w.s.verdict == CHARIOT_VERDICT_STOP)
			view_switch(CHARIOT_DOMAIN_KERNEL);
		w.s.d_pc = D_JUDGED;
		return true;
	case D_JUDGED:
		judged();
		return true;
	case D_MAP:
		/* KVM's own handler: read_lock(&kvm->mmu_lock) */
		if (mutation == MAPPED_BY_OLD && !w.s.half) {
			w.s.map_access = page_writable();
			w.s.half = true;
			return true;
		}
		if (w.s.mmu_write)
			return false;
		w.s.mmu_read = true;
		w.s.d_pc = D_MAP_READ;
		return true;
	case D_MAP_READ:
		/* make_spte() asks chariot_filter_access() */
		if (mutation != MAPPED_BY_OLD)
			w.s.map_access = mutation == MAPPED_UNCHECKED ||
					 page_writable();
		w.s.half = false;
		w.s.d_pc = D_MAP_SET;
		return true;
	case D_MAP_SET:
		w.s.leaf_writable = w.s.map_access;
		w.s.d_pc = D_MAP_DONE;
		return true;
	case D_MAP_DONE:
		w.s.mmu_read = false;
		w.s.map_access = false;
		/* The guest tries again. */
		w.s.d_pc = D_OUT;
		return true;
	}
	return false;
}

static bool in_guest(void)
{
	return w.s.d_pc == D_INSN || w.s.d_pc == D_STORE;
}

/* The interrupt that a request is sent with, between two instructions. */
static bool kick_step(void)
{
	if (w.s.d_pc != D_INSN || !w.s.flush_request)
		return false;
	w.s.d_pc = D_OUT;
	return true;
}

/* --- the kernel's virtual CPU --------------------------------------------------- */

static enum op kernel_op(void)
{
	return w.s.k_op < OPS ? scenario->kernel[w.s.k_op] : END;
}

static bool is_grant(enum op op)
{
	return op == GRANT_PAGE || op == GRANT_0 || op == GRANT_1;
}

static u64 region_gpa(enum op op)
{
	return op == GRANT_1 ? BASE + OBJECT_SIZE : BASE;
}

static u64 region_size(enum op op)
{
	return op == GRANT_PAGE || op == REVOKE_PAGE ? CHARIOT_PAGE_SIZE :
						       OBJECT_SIZE;
}

/* What the guest may rely on, of the objects in the region. */
static void promise(enum op op, enum promise to)
{
	u32 i;

	for (i = 0; i < OBJECTS; i++) {
		u64 gpa = BASE + i * OBJECT_SIZE;

		if (gpa - region_gpa(op) >= region_size(op))
			continue;
		/* What has a right already keeps it. */
		if (is_grant(op) && w.s.promise[i] == GIVEN)
			continue;
		w.s.promise[i] = to;
		if (to == CHANGING && driver_op() != END &&
		    object_of(driver_op()) == i)
			w.s.steady = false;
	}
}

static void call(enum op op)
{
	struct chariot_record rec;

	if (op == READ_RECORD) {
		if (chariot_ring_pop(&w.s.ring, &rec))
			w.s.told += rec.repeat;
		w.s.k_op++;
		return;
	}
	promise(op, CHANGING);
	w.s.k_pc = is_grant(op) ? K_ADD : K_ASK;
	if (op >= REVOKE_PAGE && mutation == STRIP_FIRST)
		w.s.k_pc = K_LOCK;
	if (op >= REVOKE_PAGE && mutation == SETTLE_FIRST)
		w.s.k_pc = K_SETTLE;
}

/* add_for_one() */
static void add(enum op op)
{
	if (chariot_table_add(&w.table, &w.pool, region_gpa(op), region_size(op),
			      CHARIOT_RIGHT_WRITE, CHARIOT_KIND_SLAB))
		fail("a region was not added");
	w.s.k_pc = K_RETURN;
}

/* remove_for_one(), before it locks */
static void ask(void)
{
	w.s.strip = chariot_table_page(&w.table, GFN).rights;
}

static void remove_region(enum op op)
{
	if (chariot_table_remove(&w.table, &w.pool, region_gpa(op),
				 region_size(op)))
		fail("a region was not removed");
	if (mutation == STRIP_ASKED_LATE)
		ask();
	if (mutation == STRIP_FIRST)
		w.s.k_pc = K_SETTLE;
	else
		w.s.k_pc = w.s.strip && mutation != NO_STRIP ? K_LOCK : K_SETTLE;
	if (w.s.k_pc == K_SETTLE &&
	    (mutation == NO_SETTLE || mutation == SETTLE_FIRST))
		w.s.k_pc = K_RETURN;
}

/* strip_leaf() */
static void strip(void)
{
	if (w.s.leaf_writable && (!page_writable() || mutation == STRIP_FIRST)) {
		w.s.leaf_writable = false;
		w.s.flush = true;
	}
	w.s.k_pc = w.s.flush && mutation != NO_FLUSH ? K_FLUSH : K_UNLOCK;
}

/* What is revoked is not writable, even if nobody tries. */
static void check_revoked(void)
{
	if (page_writable())
		return;
	if (w.s.leaf_writable)
		fail("a leaf allows what was revoked");
	if (w.s.view == DRIVER_VIEW && !w.s.flush_request &&
	    *tlb() == TLB_WRITE)
		fail("a TLB allows what was revoked");
}

static void behind_unlock(void)
{
	if (mutation == STRIP_FIRST)
		w.s.k_pc = K_ASK;
	else if (mutation == NO_SETTLE || mutation == SETTLE_FIRST)
		w.s.k_pc = K_RETURN;
	else
		w.s.k_pc = K_SETTLE;
}

static bool kernel_step(void)
{
	enum op op = kernel_op();

	switch ((enum kernel_pc)w.s.k_pc) {
	case K_CALL:
		if (op == END)
			return false;
		call(op);
		return true;
	case K_ADD:
		add(op);
		return true;
	case K_ASK:
		ask();
		w.s.k_pc = K_REMOVE;
		return true;
	case K_REMOVE:
		remove_region(op);
		return true;
	case K_LOCK:
		/* chariot_revoke_pages(): write_lock(&kvm->mmu_lock) */
		if (w.s.mmu_read)
			return false;
		w.s.mmu_write = true;
		w.s.k_pc = K_STRIP;
		return true;
	case K_STRIP:
		strip();
		return true;
	case K_FLUSH:
		/* kvm_flush_remote_tlbs(): ask, and send an interrupt ... */
		w.s.flush_request = true;
		w.s.k_pc = mutation == FLUSH_NOT_AWAITED ? K_UNLOCK : K_WAIT;
		return true;
	case K_WAIT:
		/* ... and wait until it is out, or in again without its TLB. */
		if (w.s.flush_request && in_guest())
			return false;
		w.s.k_pc = K_UNLOCK;
		return true;
	case K_UNLOCK:
		w.s.mmu_write = false;
		w.s.flush = false;
		behind_unlock();
		return true;
	case K_SETTLE:
		/* chariot_revoke_end(): down_write(&vm->judging) and up again */
		if (w.s.judging)
			return false;
		w.s.k_pc = mutation == SETTLE_FIRST ? K_ASK : K_RETURN;
		return true;
	case K_RETURN:
		/* Revoked: from here on the kernel may free and reuse it. */
		promise(op, is_grant(op) ? GIVEN : NOT_GIVEN);
		if (!is_grant(op))
			check_revoked();
		w.s.strip = false;
		w.s.k_pc = K_CALL;
		w.s.k_op++;
		return true;
	}
	return false;
}

/* --- all interleavings ----------------------------------------------------------- */

#define SEEN_BITS	16
#define DEPTH		400

static u64 seen[1u << SEEN_BITS];
static u32 seen_count;
static char path[DEPTH];

static u64 mix(u64 hash, const void *data, size_t size)
{
	const u8 *byte = data;

	while (size--)
		hash = (hash ^ *byte++) * 0x100000001b3ull;
	return hash ^ hash >> 29;
}

/* A world is what it holds; in which blocks its table lies is no matter. */
static u64 fingerprint(void)
{
	u64 hash = mix(0xcbf29ce484222325ull, &w.s, sizeof(w.s));
	struct chariot_range range = { 0 };
	u64 gpa = 0;

	while (chariot_table_next(&w.table, gpa, 1, &range)) {
		gpa = range.gpa + range.size;
		hash = mix(hash, &range.gpa, sizeof(range.gpa));
		hash = mix(hash, &gpa, sizeof(gpa));
	}
	return hash ? hash : 1;
}

static bool new_world(void)
{
	u64 hash = fingerprint();
	u32 at = hash >> (64 - SEEN_BITS);

	for (; seen[at]; at = (at + 1) % ARRAY_SIZE(seen))
		if (seen[at] == hash)
			return false;
	if (++seen_count > ARRAY_SIZE(seen) / 4 * 3)
		abort();
	seen[at] = hash;
	return true;
}

/* Both are through: each record is told of, folded into another, or counted. */
static void check_end(void)
{
	struct chariot_record rec;
	u64 told = w.s.told + w.s.ring.lost;

	while (chariot_ring_pop(&w.s.ring, &rec))
		told += rec.repeat;
	if (told != w.s.violations)
		fail("a record was lost and not counted");
}

static void explore(u32 depth)
{
	static bool (*const step[])(void) = {
		driver_step, kernel_step, kick_step,
	};
	const struct world before = w;
	bool any = false;
	u32 i;

	if (depth == DEPTH)
		abort();
	states++;
	for (i = 0; i < ARRAY_SIZE(step) && !wrong; i++) {
		if (!step[i]())
			continue;
		any = true;
		steps++;
		path[depth] = "dki"[i];
		if (!wrong && new_world())
			explore(depth + 1);
		else if (wrong)
			path[depth + 1] = 0;
		w = before;
	}
	if (any || wrong)
		return;
	if (driver_op() == END && kernel_op() == END)
		check_end();
	else
		fail("both wait for each other");
	if (wrong)
		path[depth] = 0;
	w = before;
}

/* What goes wrong, or NULL. */
static const char *run(const struct scenario *what, enum chariot_mode how,
		       bool views_apart)
{
	u32 i;

	scenario = what;
	mode = how;
	tagged = views_apart;
	wrong = NULL;
	memset(seen, 0, sizeof(seen));
	seen_count = 0;
	memset(&w, 0, sizeof(w));
	chariot_table_init(&w.table);
	chariot_ring_init(&w.s.ring);
	for (i = 0; i < BLOCKS; i++)
		chariot_pool_put(&w.pool, w.block[i]);
	explore(0);
	return wrong;
}

/* In how many of the runs is something wrong? */
static u32 run_all(void)
{
	u32 i, found = 0;

	for (i = 0; i < 4 * ARRAY_SIZE(scenarios); i++) {
		const struct scenario *s = &scenarios[i / 4];
		const char *what = run(s, i % 2, i & 2);

		found += !!what;
		if (mutation == NONE)
			CHECK(!what, "%s, mode %u, TLB %u: %s, by steps %s",
			      s->name, mode, tagged, what, path);
	}
	return found;
}

int main(void)
{
	u64 sound_states, sound_steps;
	u32 found;

	run_all();
	sound_states = states;
	sound_steps = steps;
	for (mutation = NONE + 1; mutation < MUTATIONS; mutation++) {
		found = run_all();
		CHECK(found, "not found: %s", mutation_name[mutation]);
		fprintf(stderr, "%s: wrong in %u of %zu runs\n",
			mutation_name[mutation], found,
			4 * ARRAY_SIZE(scenarios));
	}
	return summary("%llu states, %llu steps, %u mutations", sound_states,
		       sound_steps, MUTATIONS - 1);
}
