// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views: which rights a page has in one, changing from one to another, taking
 * rights away.
 */
#include <syslog.h>

#include "backend.h"

#define TELL_PAGES	1024u
/* Where Xen's tools put an HVM guest's memory: below the hole, and above 4 GiB. */
#define LOW_END		(0xf0000000ull >> CHARIOT_PAGE_SHIFT)
#define HIGH_START	(1ull << (32 - CHARIOT_PAGE_SHIFT))

int chariot_views_on(struct chariot_vm *vm)
{
	if (vm->views_on)
		return 0;
	if (xc_altp2m_set_domain_state(chariot_xc, vm->domid, true)) {
		chariot_log(LOG_ERR, "guest %u: Xen gives no views: %m. Set altp2m=\"external\" in the guest's configuration, and start Xen with altp2m=1",
			    vm->domid);
		return -EACCES;
	}
	vm->views_on = true;
	return 0;
}

/*
 * A view meets a page with the rights that it has in the host's own tables, all of
 * them, whatever the view was created with: so each page is told.
 */
static int restrict_all(struct chariot_vm *vm, u16 view, u64 first, u64 end)
{
	static u8 access[TELL_PAGES];
	static uint64_t gfns[TELL_PAGES];
	u32 n;

	memset(access, XENMEM_access_r, sizeof(access));
	while (first < end) {
		for (n = 0; n < TELL_PAGES && first < end; n++)
			gfns[n] = first++;
		if (xc_altp2m_set_mem_access_multi(chariot_xc, vm->domid, view,
						   access, gfns, n))
			return -errno;
	}
	return 0;
}

/* A view stays for the next domain of its number. */
int chariot_view_make(struct chariot_vm *vm, u32 id)
{
	u64 low = vm->pages < LOW_END ? vm->pages : LOW_END;
	u16 view;
	int err;

	if (vm->view[id])
		return 0;
	if (xc_altp2m_create_view(chariot_xc, vm->domid, XENMEM_access_r, &view))
		return -ENOMEM;
	err = restrict_all(vm, view, 0, low);
	if (!err)
		err = restrict_all(vm, view, HIGH_START,
				   HIGH_START + vm->pages - low);
	if (err) {
		chariot_log(LOG_ERR, "guest %u: no memory for a view's page tables: %s. Raise shadow_memory in the guest's configuration",
			    vm->domid, strerror(-err));
		xc_altp2m_destroy_view(chariot_xc, vm->domid, view);
		return -ENOMEM;
	}
	vm->view[id] = view;
	return 0;
}

u32 chariot_view_number(const struct chariot_vm *vm, u16 xen)
{
	u32 id;

	for (id = 1; xen && id < CHARIOT_MAX_VIEWS; id++)
		if (vm->view[id] == xen)
			return id;
	return CHARIOT_DOMAIN_KERNEL;
}

static bool is_active(const struct chariot_vm *vm, u32 id)
{
	return vm->domain[id] && vm->domain[id]->state == CHARIOT_DOMAIN_ACTIVE;
}

u32 chariot_text_owner(const struct chariot_vm *vm, u64 gfn)
{
	u32 id;

	for (id = 1; id < CHARIOT_MAX_VIEWS; id++)
		if (is_active(vm, id) &&
		    (chariot_table_page(&vm->domain[id]->table, gfn).rights &
		     CHARIOT_RIGHT_EXEC))
			return id;
	return chariot_table_page(&vm->text_all, gfn).rights & CHARIOT_RIGHT_EXEC ?
	       CHARIOT_OWNER_ALL : CHARIOT_OWNER_NONE;
}

void chariot_view_switch(struct chariot_event *e, u32 to)
{
	struct chariot_vm *vm = e->vm;

	if (e->view != CHARIOT_DOMAIN_KERNEL && vm->domain[e->view])
		vm->domain[e->view]->stats.exits++;
	if (to != CHARIOT_DOMAIN_KERNEL) {
		vm->domain[to]->stats.entries++;
		e->vcpu->entry_rsp = e->req->data.regs.x86.rsp;
	}
	e->rsp->flags |= VM_EVENT_FLAG_ALTERNATE_P2M;
	e->rsp->altp2m_idx = to ? vm->view[to] : 0;
}

static xenmem_access_t page_access(const struct chariot_vm *vm,
				   const struct chariot_domain *d, u64 gfn)
{
	struct chariot_page page = chariot_table_page(&d->table, gfn);
	bool exec = (page.rights & CHARIOT_RIGHT_EXEC) ||
		    chariot_text_owner(vm, gfn) == CHARIOT_OWNER_ALL;
	bool write = (page.rights & CHARIOT_RIGHT_WRITE) ||
		     chariot_is_stack(vm, d, gfn);

	if (exec)
		return write ? XENMEM_access_rwx : XENMEM_access_rx;
	return write ? XENMEM_access_rw : XENMEM_access_r;
}

static void set_access(struct chariot_vm *vm, u32 id, u64 gfn,
		       xenmem_access_t access)
{
	if (xc_altp2m_set_mem_access(chariot_xc, vm->domid, id ? vm->view[id] : 0,
				     gfn, access))
		chariot_log(LOG_ERR, "guest %u, view %u: rights of page %llx are not set: %m",
			    vm->domid, id, (unsigned long long)gfn);
}

void chariot_view_raise(struct chariot_event *e, u64 gfn)
{
	struct chariot_vm *vm = e->vm;
	struct chariot_domain *d = vm->domain[e->view];
	u64 gpa = gfn << CHARIOT_PAGE_SHIFT;

	/* What is raised has to be known, or it could not be lowered. */
	if (chariot_pool_stock(&vm->pool, chariot_table_need(&d->raised, gpa,
							     CHARIOT_PAGE_SIZE)) ||
	    chariot_table_add(&d->raised, &vm->pool, gpa, CHARIOT_PAGE_SIZE,
			      CHARIOT_RIGHT_WRITE, CHARIOT_KIND_NONE))
		return;
	d->stats.page_faults++;
	set_access(vm, e->view, gfn, page_access(vm, d, gfn));
}

void chariot_view_lower(struct chariot_vm *vm, u32 id, u64 first, u64 end)
{
	struct chariot_domain *d = vm->domain[id];
	struct chariot_range range;
	u64 gfn = first;

	while (gfn < end &&
	       chariot_table_next(&d->raised, gfn << CHARIOT_PAGE_SHIFT, 1, &range)) {
		gfn = range.gpa >> CHARIOT_PAGE_SHIFT;
		if (gfn >= end)
			break;
		set_access(vm, id, gfn, page_access(vm, d, gfn));
		gfn++;
	}
}

void chariot_text_show(struct chariot_vm *vm, u64 first, u64 end)
{
	for (; first < end; first++)
		if (!chariot_is_domain(chariot_text_owner(vm, first)))
			set_access(vm, CHARIOT_DOMAIN_KERNEL, first,
				   XENMEM_access_rwx);
}

void chariot_text_hide(struct chariot_vm *vm, u32 id, bool hide)
{
	struct chariot_range range;
	u64 gpa = 0;

	while (chariot_table_next(&vm->domain[id]->table, gpa, 1, &range)) {
		u64 gfn = range.gpa >> CHARIOT_PAGE_SHIFT;

		gpa = range.gpa + range.size;
		if (range.rights & CHARIOT_RIGHT_EXEC)
			set_access(vm, CHARIOT_DOMAIN_KERNEL, gfn,
				   hide ? XENMEM_access_rw : XENMEM_access_rwx);
	}
}
