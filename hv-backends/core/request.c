// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Checks of what a guest sent, field by field, and no more than that.
 * Runs wherever the core runs; its input is hostile, and a private copy.
 */
#include "request.h"

#define GPA_BITS	52
#define STACK_MIN	CHARIOT_PAGE_SIZE
#define STACK_MAX	(64u << 10)
/* VM entry refuses to inject an error code with more than 15 bits. */
#define ERROR_CODE_MAX	0x7fffu

static bool all_zero(const u64 *field, size_t count)
{
	u64 seen = 0;

	while (count--)
		seen |= *field++;
	return !seen;
}

static bool page_aligned(u64 value)
{
	return !(value & (CHARIOT_PAGE_SIZE - 1));
}

/**
 * chariot_range_valid - is [start, start + size) a range of addresses?
 * @start: guest physical address in bytes
 * @size: in bytes
 *
 * Returns false for an empty range, and for one that overflows or leaves 52
 * bits.
 */
bool chariot_range_valid(u64 start, u64 size)
{
	const u64 end = 1ull << GPA_BITS;

	return size && start < end && size <= end - start;
}

/**
 * chariot_buffer_valid - may a structure lie there?
 * @gpa: guest physical address in bytes
 * @size: of the structure, in bytes
 * @align: a power of two
 *
 * Returns whether the buffer is aligned and lies within one page.
 */
bool chariot_buffer_valid(u64 gpa, u64 size, u64 align)
{
	u64 offset = gpa & (CHARIOT_PAGE_SIZE - 1);

	return chariot_range_valid(gpa, size) && !(gpa & (align - 1)) &&
	       size <= CHARIOT_PAGE_SIZE - offset;
}

/**
 * chariot_check_hello - check a guest's greeting
 * @h: private copy of what it sent
 *
 * Unknown feature bits are no error: the backend answers with those in force.
 * Returns 0, -EPROTO for a revision not served, -EINVAL for a bad field.
 */
int chariot_check_hello(const struct chariot_hello *h)
{
	if (h->revision != CHARIOT_ABI_REVISION)
		return -EPROTO;
	if (h->stack_size < STACK_MIN || h->stack_size > STACK_MAX ||
	    (h->stack_size & (h->stack_size - 1)))
		return -EINVAL;
	if (h->notify_error > ERROR_CODE_MAX)
		return -EINVAL;
	if (h->reserved0 || !all_zero(h->reserved, 2))
		return -EINVAL;
	return 0;
}

/* Names end up in the host's logs and file systems. */
static bool name_valid(const char *name, size_t size)
{
	size_t i;

	for (i = 0; i < size && name[i]; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '/')
			return false;
	return i > 0 && i < size && name[0] != '.';
}

/**
 * chariot_check_create - check the request for a domain
 * @c: private copy of what the guest sent
 *
 * Returns 0, or -EINVAL for an unknown mode, or a name that is empty, not
 * terminated, begins with a dot, or has other than visible ASCII characters or
 * a slash.
 */
int chariot_check_create(const struct chariot_domain_create *c)
{
	if (!name_valid(c->name, sizeof(c->name)))
		return -EINVAL;
	if (c->mode >= CHARIOT_MODE_COUNT)
		return -EINVAL;
	return 0;
}

/**
 * chariot_check_control - check the arguments of DOMAIN_CONTROL
 * @domain: first argument
 * @state: second argument
 * @mode: third argument
 *
 * Returns 0 or -EINVAL; whether the domain exists is the backend's to say.
 */
int chariot_check_control(u64 domain, u64 state, u64 mode)
{
	if (domain == CHARIOT_DOMAIN_KERNEL || domain >= CHARIOT_DOMAIN_ALL)
		return -EINVAL;
	if (state >= CHARIOT_DOMAIN_STATE_COUNT || mode >= CHARIOT_MODE_COUNT)
		return -EINVAL;
	return 0;
}

/**
 * chariot_check_batch - check the head of a batch
 * @b: private copy of what the guest sent
 *
 * The entries are checked one by one by chariot_check_region(), since those
 * before a bad one stay applied. Returns 0 or -EINVAL.
 */
int chariot_check_batch(const struct chariot_batch *b)
{
	if (b->count > CHARIOT_BATCH_MAX || !all_zero(b->reserved, 3))
		return -EINVAL;
	return 0;
}

/**
 * chariot_check_region - check one change of a table
 * @r: private copy of what the guest sent
 *
 * Returns 0 or -EINVAL; whether the domain exists and whether the range is RAM
 * is the backend's to say. CHARIOT_DOMAIN_ALL takes whole pages in both
 * operations, as it stands for executable pages alone.
 */
int chariot_check_region(const struct chariot_region *r)
{
	bool pages = page_aligned(r->gpa) && page_aligned(r->size);

	if (!chariot_range_valid(r->gpa, r->size) || r->reserved)
		return -EINVAL;
	if (r->domain == CHARIOT_DOMAIN_KERNEL)
		return -EINVAL;
	if (r->domain == CHARIOT_DOMAIN_ALL && !pages)
		return -EINVAL;

	switch (r->op) {
	case CHARIOT_REGION_ADD:
		if (!r->rights || (r->rights & ~CHARIOT_RIGHTS_ALL))
			return -EINVAL;
		if ((r->rights & CHARIOT_RIGHT_EXEC) && !pages)
			return -EINVAL;
		if (r->domain == CHARIOT_DOMAIN_ALL &&
		    r->rights != CHARIOT_RIGHT_EXEC)
			return -EINVAL;
		if (r->kind >= CHARIOT_KIND_COUNT)
			return -EINVAL;
		return 0;
	case CHARIOT_REGION_REMOVE:
		return r->rights ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

/**
 * chariot_check_frame_map - check the map of watched frames
 * @m: private copy of what the guest sent
 *
 * Returns 0, or -EINVAL for a bad count, a reserved field that is not zero, or
 * an address in use that is not a page's.
 */
int chariot_check_frame_map(const struct chariot_frame_map *m)
{
	u32 i;

	if (m->count > CHARIOT_FRAME_MAP_MAX || m->reserved0 ||
	    !all_zero(m->reserved, 15))
		return -EINVAL;
	for (i = 0; i < m->count; i++)
		if (!chariot_buffer_valid(m->gpa[i], CHARIOT_PAGE_SIZE,
					  CHARIOT_PAGE_SIZE))
			return -EINVAL;
	return 0;
}

/**
 * chariot_check_walk_alias - check a part of the second maps
 * @w: private copy of what the guest sent
 *
 * Returns 0, or -EINVAL for an unknown operation or map, a bad count, a reserved
 * field that is not zero, or an address in use that is not a page's. Which blocks
 * there can be is the backend's to say.
 */
int chariot_check_walk_alias(const struct chariot_walk_alias *w)
{
	u32 i;

	if (w->op >= CHARIOT_WALK_ALIAS_OP_COUNT ||
	    w->count > CHARIOT_WALK_ALIAS_MAX || w->reserved0 ||
	    !all_zero(w->reserved, 13))
		return -EINVAL;
	if (w->map >= (w->op == CHARIOT_WALK_ALIAS_TABLES ?
		       CHARIOT_WALK_ALIAS_MAPS : 1))
		return -EINVAL;
	if (w->op == CHARIOT_WALK_ALIAS_ENABLE &&
	    (w->count < 2 || w->count % 2 ||
	     w->count > 2 * CHARIOT_WALK_ALIAS_TOPS))
		return -EINVAL;
	for (i = 0; i < w->count; i++)
		if (!page_aligned(w->gpa[i]) ||
		    !chariot_range_valid(w->gpa[i], CHARIOT_PAGE_SIZE))
			return -EINVAL;
	return 0;
}
