// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rights that the backend gives by itself: the stack that a domain's code runs on;
 * and the guest's map of the pages where it did. Trusts the stack pointer only as
 * it was when the view was entered, not what the domain makes of it afterwards;
 * with what the guest's kernel says of that it can mislead its own views alone.
 */
#include <syslog.h>

#include "backend.h"

#define GFNS_PER_PAGE	(CHARIOT_PAGE_SIZE * 8u)

bool chariot_is_stack(const struct chariot_vm *vm, const struct chariot_domain *d,
		      u64 gfn)
{
	u32 i;

	for (i = 0; i < vm->vcpus; i++)
		if (d->stacks[i].gfn[gfn % CHARIOT_STACK_PAGES] == gfn)
			return true;
	return false;
}

/* --- the watched map, in which bits beside ours are kept --------------------------------- */

/* Set or clear bits [first, end) within one page of the map. */
static bool change_bits(struct chariot_vm *vm, u64 map_gpa, u32 first, u32 end,
			bool set)
{
	u8 *map = chariot_map(vm, map_gpa >> CHARIOT_PAGE_SHIFT);
	u32 byte;

	if (!map)
		return false;
	for (byte = first / 8; byte <= (end - 1) / 8; byte++) {
		u8 mask = 0xff;

		if (byte == first / 8)
			mask &= 0xff << (first % 8);
		if (byte == (end - 1) / 8)
			mask &= 0xff >> (7 - (end - 1) % 8);
		if (set)
			__atomic_fetch_or(&map[byte], mask, __ATOMIC_SEQ_CST);
		else
			__atomic_fetch_and(&map[byte], (u8)~mask, __ATOMIC_SEQ_CST);
	}
	return true;
}

static bool watch_set(struct chariot_vm *vm, u64 gfn)
{
	u64 page = gfn / GFNS_PER_PAGE;
	u32 bit = gfn % GFNS_PER_PAGE;

	return page >= vm->map_pages ||
	       change_bits(vm, vm->map_gpa[page], bit, bit + 1, true);
}

static void watch_clear(struct chariot_vm *vm, u64 first, u64 end)
{
	u64 page, stop;

	if (end > (u64)vm->map_pages * GFNS_PER_PAGE)
		end = (u64)vm->map_pages * GFNS_PER_PAGE;
	for (; first < end; first = stop) {
		page = first / GFNS_PER_PAGE;
		stop = (page + 1) * GFNS_PER_PAGE;
		if (stop > end)
			stop = end;
		change_bits(vm, vm->map_gpa[page], first % GFNS_PER_PAGE,
			    stop - page * GFNS_PER_PAGE, false);
	}
}

/* --- where a view was entered ------------------------------------------------------------ */

static void forget_word(struct chariot_vm *vm, u32 vcpu)
{
	if (vm->vcpu[vcpu].entry_word)
		xc_altp2m_set_vcpu_disable_notify(chariot_xc, vm->domid, vcpu);
	vm->vcpu[vcpu].entry_word = 0;
}

/**
 * chariot_entry_word - serve CHARIOT_CALL_ENTRY_WORD
 * @e: the event: of which virtual CPU
 * @gpa: of its word
 *
 * Xen lets a virtual CPU use VMFUNC from when it may tell it of EPT violations by
 * #VE. It never does: no page is set up for that.
 */
int chariot_entry_word(struct chariot_event *e, u64 gpa)
{
	u64 gfn = gpa >> CHARIOT_PAGE_SHIFT;

	if (!(e->vm->features & CHARIOT_F_GUEST_SWITCH))
		return -ENOSYS;
	forget_word(e->vm, e->req->vcpu_id);
	if (xc_altp2m_set_vcpu_enable_notify(chariot_xc, e->vm->domid,
					     e->req->vcpu_id, gfn)) {
		chariot_log(LOG_WARNING, "guest %u: virtual CPU %u cannot change views itself: %m",
			    e->vm->domid, e->req->vcpu_id);
		return -ENOSYS;
	}
	e->vcpu->entry_word = gpa;
	return 0;
}

void chariot_entry_words_forget(struct chariot_vm *vm)
{
	u32 i;

	for (i = 0; i < vm->vcpus; i++)
		forget_word(vm, i);
}

void chariot_stack_entered(struct chariot_event *e)
{
	struct chariot_vcpu *v = e->vcpu;

	v->entry_rsp = e->req->data.regs.x86.rsp;
	if (v->entry_word)
		chariot_write(e->vm, v->entry_word, &v->entry_rsp, sizeof(u64));
}

/* By whom it was entered last, an event or the guest, has left its word there. */
static u64 entry_stack(struct chariot_event *e)
{
	u64 rsp;

	if (e->vcpu->entry_word &&
	    chariot_read(e->vm, e->vcpu->entry_word, &rsp, sizeof(rsp)))
		return rsp;
	return e->vcpu->entry_rsp;
}

/* --- stacks ---------------------------------------------------------------------------- */

/* The page may be another virtual CPU's stack, too: page_access() looks at all. */
static void drop(struct chariot_vm *vm, struct chariot_domain *d, u64 *gfn)
{
	u64 was = *gfn;

	*gfn = CHARIOT_NO_GFN;
	if (was != CHARIOT_NO_GFN)
		chariot_view_lower(vm, d->id, was, was + 1);
}

static void leave(struct chariot_vm *vm, struct chariot_domain *d,
		  struct chariot_stack *s)
{
	u32 i;

	for (i = 0; i < CHARIOT_STACK_PAGES; i++)
		drop(vm, d, &s->gfn[i]);
}

/*
 * Is @gva on the stack that @rsp points into? Stacks of tasks are aligned to
 * their size; those of interrupts need not be, but are mapped with holes around
 * them, so there it counts that all pages between are mapped.
 */
static bool same_stack(struct chariot_event *e, u64 rsp, u64 gva)
{
	u64 size = e->vm->stack_size, page, last, gpa;

	if ((rsp & ~(size - 1)) == (gva & ~(size - 1)))
		return true;
	if (gva - (rsp - size) >= 2 * size)
		return false;
	page = (rsp < gva ? rsp : gva) & CHARIOT_PAGE_MASK;
	last = (rsp < gva ? gva : rsp) & CHARIOT_PAGE_MASK;
	for (; page <= last; page += CHARIOT_PAGE_SIZE)
		if (!chariot_translate(e, page, false, &gpa))
			return false;
	return true;
}

/**
 * chariot_grant_stack - let a domain write the stack it runs on
 * @e: the event
 * @d: the domain of its view
 * @gva: what it writes
 * @gpa: where that is
 *
 * The stack this virtual CPU had in this view before loses the right. Returns
 * false if @gva is not on the stack.
 */
bool chariot_grant_stack(struct chariot_event *e, struct chariot_domain *d, u64 gva,
			 u64 gpa)
{
	struct chariot_stack *s = &d->stacks[e->req->vcpu_id];
	u64 rsp = entry_stack(e), gfn = gpa >> CHARIOT_PAGE_SHIFT;
	u64 base = gva & ~((u64)e->vm->stack_size - 1);
	/* Its pages need not lie one behind the other in physical memory. */
	u64 *slot = &s->gfn[gfn % CHARIOT_STACK_PAGES];

	if (!same_stack(e, rsp, gva))
		return false;
	if (*slot == gfn && s->base == base)
		return true;
	if (s->base != base &&
	    !(s->base != CHARIOT_NO_GFN && same_stack(e, rsp, s->base)))
		leave(e->vm, d, s);
	drop(e->vm, d, slot);
	/* The watched bit comes before the right. */
	if (!watch_set(e->vm, gfn))
		return false;
	s->base = base;
	*slot = gfn;
	return true;
}

/**
 * chariot_page_release - end all rights the backend gave by itself
 * @vm: the guest
 * @gpa: start of the range
 * @size: its size in bytes
 */
int chariot_page_release(struct chariot_vm *vm, u64 gpa, u64 size)
{
	u64 first, end;
	u32 id, i, page;

	first = gpa >> CHARIOT_PAGE_SHIFT;
	end = ((gpa + size - 1) >> CHARIOT_PAGE_SHIFT) + 1;
	for (id = 1; id < CHARIOT_MAX_VIEWS; id++)
		for (i = 0; vm->domain[id] && i < vm->vcpus; i++)
			for (page = 0; page < CHARIOT_STACK_PAGES; page++) {
				u64 *slot = &vm->domain[id]->stacks[i].gfn[page];

				if (*slot >= first && *slot < end)
					drop(vm, vm->domain[id], slot);
			}
	watch_clear(vm, first, end);
	return 0;
}
