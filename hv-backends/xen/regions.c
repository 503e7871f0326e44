// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions come and go: tables, executable pages, and the views that follow. The
 * batch is a private copy of what the guest sent.
 */
#include "backend.h"

/* Each costs calls of Xen when the domain begins or ends. */
#define EXEC_PAGES_MAX	16384u

struct pages {
	u64 first;
	u64 end;
};

static struct pages pages_of(const struct chariot_region *r)
{
	return (struct pages) {
		r->gpa >> CHARIOT_PAGE_SHIFT,
		((r->gpa + r->size - 1) >> CHARIOT_PAGE_SHIFT) + 1,
	};
}

/* A page is executable for one domain or for all. */
static bool text_taken(const struct chariot_vm *vm, u32 owner, struct pages p)
{
	u64 gfn;
	u32 id;

	for (gfn = p.first; gfn < p.end; gfn++) {
		for (id = 1; id < CHARIOT_MAX_VIEWS; id++)
			if (id != owner && vm->domain[id] &&
			    (chariot_table_page(&vm->domain[id]->table, gfn).rights &
			     CHARIOT_RIGHT_EXEC))
				return true;
		if (owner != CHARIOT_OWNER_ALL &&
		    (chariot_table_page(&vm->text_all, gfn).rights &
		     CHARIOT_RIGHT_EXEC))
			return true;
	}
	return false;
}

/* Have blocks for a change, if the guest may hold @share times its limit. */
static int blocks_stock(struct chariot_vm *vm, u64 need, u32 share)
{
	if ((vm->blocks + need) / (share * CHARIOT_BLOCKS_PER_PAGE) >=
	    chariot_max_page_rights())
		return -ENOSPC;
	return chariot_pool_stock(&vm->pool, need);
}

static int region_add(struct chariot_vm *vm, const struct chariot_region *r)
{
	bool all = r->domain == CHARIOT_DOMAIN_ALL;
	struct chariot_domain *d = all ? NULL : vm->domain[r->domain];
	struct chariot_table *t = all ? &vm->text_all : &d->table;
	bool exec = r->rights & CHARIOT_RIGHT_EXEC;
	u64 limit = chariot_max_page_rights(), pages = t->pages, blocks = t->blocks;
	struct pages p = pages_of(r);
	int err;

	if (vm->page_rights >= limit || p.end - p.first > limit - vm->page_rights)
		return -ENOSPC;
	if (exec && p.end - p.first > EXEC_PAGES_MAX - (d ? d->exec_pages : 0))
		return -ENOSPC;
	/* A device's registers are named, not guarded. */
	if (r->kind == CHARIOT_KIND_MMIO ? exec : p.end > vm->end_gfn)
		return -EFAULT;
	if (exec && text_taken(vm, all ? CHARIOT_OWNER_ALL : r->domain, p))
		return -EBUSY;
	err = blocks_stock(vm, chariot_table_need(t, r->gpa, r->size), 1);
	if (!err)
		err = chariot_table_add(t, &vm->pool, r->gpa, r->size, r->rights,
					r->kind);
	vm->page_rights += t->pages - pages;
	vm->blocks += t->blocks - blocks;
	if (!err && exec && d)
		d->exec_pages += p.end - p.first;
	if (!err && exec && d && d->state == CHARIOT_DOMAIN_ACTIVE)
		chariot_text_hide(vm, d->id, true);
	if (!err && d)
		chariot_granted(vm, d, r->gpa, r->size);
	if (!err && d && r->kind != CHARIOT_KIND_MMIO)
		chariot_view_give(vm, d->id, p.first, p.end);
	return err;
}

/* The first run of executable pages of the region, cut to it. */
static bool next_text(const struct chariot_table *t, const struct chariot_region *r,
		      struct chariot_range *out)
{
	u64 end = r->gpa + r->size;
	u64 gpa = (r->gpa + CHARIOT_PAGE_SIZE - 1) & CHARIOT_PAGE_MASK;

	for (; chariot_table_next(t, gpa, 1, out) && out->gpa < end;
	     gpa = out->gpa + out->size)
		if ((out->rights & CHARIOT_RIGHT_EXEC) &&
		    out->gpa + out->size <= end)
			return true;
	return false;
}

static int region_remove(struct chariot_vm *vm, const struct chariot_region *r)
{
	bool all = r->domain == CHARIOT_DOMAIN_ALL;
	struct chariot_domain *d = all ? NULL : vm->domain[r->domain];
	struct chariot_table *t = all ? &vm->text_all : &d->table;
	struct pages p = pages_of(r);
	struct chariot_range range;
	u64 pages = t->pages, blocks = t->blocks, first, end;
	u32 id;
	int err;

	if (!chariot_table_next(t, r->gpa, 1, &range) ||
	    range.gpa >= r->gpa + r->size)
		return 0;
	err = blocks_stock(vm, chariot_table_remove_need(t, r->gpa, r->size), 2);
	if (err)
		return err;
	/* Text first, each run of it by itself: the kernel's view shows it again. */
	while (d && next_text(t, r, &range)) {
		first = range.gpa >> CHARIOT_PAGE_SHIFT;
		end = first + (range.size >> CHARIOT_PAGE_SHIFT);
		err = chariot_table_remove(t, &vm->pool, range.gpa, range.size);
		if (err)
			return err;
		d->exec_pages -= end - first;
		if (d->state == CHARIOT_DOMAIN_ACTIVE)
			chariot_text_show(vm, first, end);
	}
	err = chariot_table_remove(t, &vm->pool, r->gpa, r->size);
	if (err)
		return err;
	vm->page_rights -= pages - t->pages;
	vm->blocks += t->blocks - blocks;
	for (id = 1; id < CHARIOT_MAX_VIEWS; id++)
		if (vm->domain[id] && (all || id == r->domain))
			chariot_view_lower(vm, id, p.first, p.end);
	return 0;
}

static int region_check(const struct chariot_vm *vm, const struct chariot_region *r)
{
	int err = chariot_check_region(r);

	if (err)
		return err;
	if (r->domain != CHARIOT_DOMAIN_ALL &&
	    (r->domain >= CHARIOT_MAX_VIEWS || !vm->domain[r->domain]))
		return -ENOENT;
	return 0;
}

/**
 * chariot_region_update - change tables
 * @vm: the guest
 * @batch: the changes; out: how many were done
 *
 * Rights that were taken are in force nowhere any more on return: Xen flushes what
 * the processors keep of a view when a page of it loses rights.
 */
int chariot_region_update(struct chariot_vm *vm, struct chariot_batch *batch)
{
	int err = 0;
	u32 i;

	for (i = 0; i < batch->count && !err; i++) {
		const struct chariot_region *r = &batch->region[i];

		err = region_check(vm, r);
		if (err)
			break;
		if (r->op == CHARIOT_REGION_ADD)
			err = region_add(vm, r);
		else
			err = region_remove(vm, r);
		if (err)
			break;
	}
	batch->done = i;
	return err;
}
