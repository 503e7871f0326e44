// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The plain model of a table. User space only; follows table.h's contract. */
#include "oracle.h"

#define PAGES		(ORACLE_WINDOWS * ORACLE_PAGES)
#define SPANS_PER_BLOCK	124
#define NODE_BITS	6

static bool same(const struct oracle_cell *a, const struct oracle_cell *b)
{
	return a->rights == b->rights && (!a->rights || a->kind == b->kind);
}

void oracle_init(struct oracle *o, const u64 first[ORACLE_WINDOWS])
{
	u32 w, i;

	memset(o, 0, sizeof(*o));
	for (w = 0; w < ORACLE_WINDOWS; w++)
		for (i = 0; i < ORACLE_PAGES; i++)
			o->page[w * ORACLE_PAGES + i].gfn = first[w] + i;
}

/* Does the whole page have equal rights, and some? */
static bool is_whole(const struct oracle_page *p)
{
	u32 i;

	for (i = 1; i < CHARIOT_PAGE_SIZE; i++)
		if (p->cell[i].rights != p->cell[0].rights)
			return false;
	return p->cell[0].rights;
}

/* Length of the run of equal cells that starts at @at. */
static u32 run(const struct oracle_page *p, u32 at)
{
	u32 end = at + 1;

	while (end < CHARIOT_PAGE_SIZE && same(&p->cell[at], &p->cell[end]))
		end++;
	return end - at;
}

/* A page with equal rights takes the kind of its longest run. */
static void settle_kind(struct oracle_page *p)
{
	u32 at, best = 0, length = 0;

	for (at = 0; at < CHARIOT_PAGE_SIZE; at += run(p, at)) {
		if (run(p, at) > length) {
			length = run(p, at);
			best = at;
		}
	}
	for (at = 0; at < CHARIOT_PAGE_SIZE; at++)
		if (at != best)
			p->cell[at].kind = p->cell[best].kind;
}

static bool clip(const struct oracle_page *p, u64 gpa, u64 size, u32 *start,
		 u32 *end)
{
	u64 base = p->gfn << CHARIOT_PAGE_SHIFT;

	if (gpa + size <= base || gpa >= base + CHARIOT_PAGE_SIZE)
		return false;
	*start = gpa > base ? gpa - base : 0;
	*end = gpa + size - base > CHARIOT_PAGE_SIZE ? CHARIOT_PAGE_SIZE :
						       gpa + size - base;
	return true;
}

void oracle_add(struct oracle *o, u64 gpa, u64 size, u8 rights, u16 kind)
{
	u32 i, start, end, at;

	for (i = 0; i < PAGES; i++) {
		struct oracle_page *p = &o->page[i];
		bool whole = is_whole(p);

		if (!clip(p, gpa, size, &start, &end))
			continue;
		if (whole && end - start < CHARIOT_PAGE_SIZE &&
		    !(rights & ~p->cell[0].rights))
			continue;
		for (at = start; at < end; at++) {
			p->cell[at].rights |= rights;
			p->cell[at].kind = kind;
		}
		if (is_whole(p))
			settle_kind(p);
	}
}

void oracle_remove(struct oracle *o, u64 gpa, u64 size)
{
	u32 i, start, end;

	for (i = 0; i < PAGES; i++)
		if (clip(&o->page[i], gpa, size, &start, &end))
			memset(&o->page[i].cell[start], 0,
			       (end - start) * sizeof(struct oracle_cell));
}

static bool is_used(const struct oracle_page *p)
{
	u32 i;

	for (i = 0; i < CHARIOT_PAGE_SIZE; i++)
		if (p->cell[i].rights)
			return true;
	return false;
}

/* Blocks of the smallest tree for the pages in use, and their lists. */
static u64 blocks_wanted(const struct oracle *o)
{
	u64 highest = 0, blocks = 0;
	u32 i, at, level, height = 1;
	bool any = false;

	for (i = 0; i < PAGES; i++) {
		const struct oracle_page *p = &o->page[i];
		u32 spans = 0;

		if (!is_used(p))
			continue;
		any = true;
		highest = p->gfn;
		if (is_whole(p))
			continue;
		for (at = 0; at < CHARIOT_PAGE_SIZE; at += run(p, at))
			spans += p->cell[at].rights != 0;
		blocks += (spans + SPANS_PER_BLOCK - 1) / SPANS_PER_BLOCK;
	}
	if (!any)
		return 0;
	while (highest >> (height * NODE_BITS))
		height++;
	for (level = 1; level <= height; level++) {
		u64 before = ~0ull;

		for (i = 0; i < PAGES; i++) {
			u64 node = o->page[i].gfn >> (level * NODE_BITS);

			if (is_used(&o->page[i]) && node != before) {
				blocks++;
				before = node;
			}
		}
	}
	return blocks;
}

static const char *compare_page(const struct oracle_page *p,
				const struct chariot_table *t)
{
	struct chariot_page got = chariot_table_page(t, p->gfn);
	u64 base = p->gfn << CHARIOT_PAGE_SHIFT;
	struct chariot_range r;
	u8 common = 0xff;
	u32 at;

	for (at = 0; at < CHARIOT_PAGE_SIZE; at++)
		common &= p->cell[at].rights;
	if (!is_used(p))
		return got.class != CHARIOT_PAGE_NONE ? "page not empty" : NULL;
	if (is_whole(p) != (got.class == CHARIOT_PAGE_WHOLE))
		return "class of a page";
	if (got.class == CHARIOT_PAGE_NONE)
		return "page is empty";
	if (got.rights != common)
		return "rights of a page";
	if (is_whole(p) && got.kind != p->cell[0].kind)
		return "kind of a page";

	for (at = 0; at < CHARIOT_PAGE_SIZE; at += run(p, at)) {
		if (!p->cell[at].rights)
			continue;
		if (!chariot_table_next(t, base + at, 1, &r))
			return "a range is missing";
		if (r.gpa != base + at || r.size != run(p, at))
			return "place of a range";
		if (r.rights != p->cell[at].rights ||
		    r.kind != p->cell[at].kind)
			return "rights or kind of a range";
	}
	return NULL;
}

/* List the table, with ranges over pages merged, against the cells. */
static const char *compare_list(const struct oracle *o,
				const struct chariot_table *t)
{
	const struct oracle_cell *before = NULL;
	struct chariot_range r = { 0 };
	u64 end = 0;
	u32 i, at;

	for (i = 0; i < PAGES; i++) {
		const struct oracle_page *p = &o->page[i];

		for (at = 0; at < CHARIOT_PAGE_SIZE; at++) {
			u64 gpa = (p->gfn << CHARIOT_PAGE_SHIFT) + at;
			const struct oracle_cell *c = &p->cell[at];

			if (!c->rights)
				continue;
			if (!before || gpa != end || !same(before, c)) {
				if (end != r.gpa + r.size)
					return "end of a listed range";
				if (!chariot_table_next(t, end, ~0ull, &r))
					return "list too short";
				if (r.gpa != gpa)
					return "start of a listed range";
			}
			before = c;
			end = gpa + 1;
		}
	}
	if (end != r.gpa + r.size)
		return "end of the last range";
	if (chariot_table_next(t, end, 1, &r))
		return "list too long";
	return NULL;
}

const char *oracle_compare(const struct oracle *o,
			   const struct chariot_table *t)
{
	const char *wrong;
	u64 used = 0;
	u32 i;

	for (i = 0; i < PAGES; i++) {
		wrong = compare_page(&o->page[i], t);
		if (wrong)
			return wrong;
		used += is_used(&o->page[i]);
	}
	if (t->pages != used)
		return "count of pages";
	if (t->blocks != blocks_wanted(o))
		return "count of blocks";
	return compare_list(o, t);
}

static const struct oracle_page *page_at(const struct oracle *o, u64 gfn)
{
	u32 i;

	for (i = 0; i < PAGES; i++)
		if (o->page[i].gfn == gfn)
			return &o->page[i];
	return NULL;
}

static u64 nearest_in(const struct oracle *o, u64 gfn, u64 gpa)
{
	const struct oracle_page *p = page_at(o, gfn);
	u64 best = ~0ull;
	u32 at;

	for (at = 0; p && at < CHARIOT_PAGE_SIZE; at++) {
		u64 here = (gfn << CHARIOT_PAGE_SHIFT) + at;
		u64 d = here > gpa ? here - gpa : gpa - here;

		if (p->cell[at].rights && d < best)
			best = d;
	}
	return best;
}

static const char *compare_nearest(const struct oracle *o,
				   const struct chariot_table *t, u64 gpa)
{
	u64 gfn = gpa >> CHARIOT_PAGE_SHIFT;
	u64 want = nearest_in(o, gfn, gpa);
	struct chariot_range r;
	u64 got;

	if (want == ~0ull) {
		u64 low = nearest_in(o, gfn - 1, gpa);
		u64 high = nearest_in(o, gfn + 1, gpa);

		want = low < high ? low : high;
	}
	if (!chariot_table_nearest(t, gpa, &r))
		return want == ~0ull ? NULL : "nearest not found";
	if (gpa < r.gpa)
		got = r.gpa - gpa;
	else if (gpa < r.gpa + r.size)
		got = 0;
	else
		got = gpa - (r.gpa + r.size - 1);
	return got == want ? NULL : "nearest is another";
}

const char *oracle_compare_range(const struct oracle *o,
				 const struct chariot_table *t, u64 gpa,
				 u64 size, u8 rights)
{
	u64 bad = 0x5555, want = gpa;
	bool got = chariot_table_allows(t, gpa, size, rights, &bad);

	while (want - gpa < size) {
		const struct oracle_page *p =
			page_at(o, want >> CHARIOT_PAGE_SHIFT);
		const struct oracle_cell *c;

		c = p ? &p->cell[want % CHARIOT_PAGE_SIZE] : NULL;
		if (!c || !c->rights || (rights & ~c->rights))
			break;
		want++;
	}
	if (got != (size && want - gpa == size))
		return "allows";
	if (!got && bad != want)
		return "first bad byte";
	if (chariot_table_allows(t, gpa, size, rights, NULL) != got)
		return "allows without a place for the bad byte";
	return compare_nearest(o, t, gpa);
}
