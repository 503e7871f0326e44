// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views: which rights a page has in one, changing from one to another, taking
 * rights away.
 */
#include <syslog.h>

#include "backend.h"

#define TELL_PAGES	1024u
/* A call into Xen for so many pages costs far less than an event. */
#define RAISE_PAGES	32u
/* Where Xen's tools put an HVM guest's memory: below the hole, and above 4 GiB. */
#define LOW_END		(0xf0000000ull >> CHARIOT_PAGE_SHIFT)
#define HIGH_START	(1ull << (32 - CHARIOT_PAGE_SHIFT))

int chariot_views_on(struct chariot_vm *vm)
{
	if (vm->views_on)
		return 0;
	/* Those that another chariot-xend may have left: the guest begins anew. */
	xc_altp2m_set_domain_state(chariot_xc, vm->domid, false);
	if (xc_altp2m_set_domain_state(chariot_xc, vm->domid, true)) {
		chariot_log(LOG_ERR, "guest %u: Xen gives no views: %m. Set altp2m=\"external\" in the guest's configuration, and start Xen with altp2m=1",
			    vm->domid);
		return -EACCES;
	}
	vm->views_on = true;
	return 0;
}

static int set_pages(struct chariot_vm *vm, u16 view, u64 first, u64 end,
		     xenmem_access_t rights)
{
	static u8 access[TELL_PAGES];
	static uint64_t gfns[TELL_PAGES];
	u32 n;

	memset(access, rights, sizeof(access));
	while (first < end) {
		for (n = 0; n < TELL_PAGES && first < end; n++)
			gfns[n] = first++;
		if (xc_altp2m_set_mem_access_multi(chariot_xc, vm->domid, view,
						   access, gfns, n))
			return -errno;
	}
	return 0;
}

static int set_all(struct chariot_vm *vm, u16 view, xenmem_access_t rights)
{
	u64 low = vm->pages < LOW_END ? vm->pages : LOW_END;
	int err = set_pages(vm, view, 0, low, rights);

	return err ? err : set_pages(vm, view, HIGH_START,
				     HIGH_START + vm->pages - low, rights);
}

/* Xen gives it the lowest number that is free. */
static int make(struct chariot_vm *vm, u32 id)
{
	u16 view;
	int err;

	if (xc_altp2m_create_view(chariot_xc, vm->domid, XENMEM_access_r, &view))
		return -ENOMEM;
	if (view != id) {
		chariot_log(LOG_ERR, "guest %u: view %u is another tool's",
			    vm->domid, id);
		xc_altp2m_destroy_view(chariot_xc, vm->domid, view);
		return -ENOMEM;
	}
	vm->view[id] = true;
	err = set_all(vm, view, XENMEM_access_r);
	if (!err)
		err = chariot_alias_show(vm, id);
	if (err) {
		chariot_log(LOG_ERR, "guest %u: no memory for a view's page tables: %s. Raise shadow_memory in the guest's configuration",
			    vm->domid, strerror(-err));
		xc_altp2m_destroy_view(chariot_xc, vm->domid, view);
		vm->view[id] = false;
		return -ENOMEM;
	}
	return 0;
}

/*
 * A view meets a page with the rights that it has in the host's own tables, all of
 * them, whatever the view was created with: so each page is told. A view stays for
 * the next domain of its number.
 */
int chariot_view_make(struct chariot_vm *vm, u32 id)
{
	int err = 0;
	u32 i;

	for (i = 1; i <= id && !err; i++)
		if (!vm->view[i])
			err = make(vm, i);
	return err;
}

/* All of them; no domain is active. Those that are needed again are made again. */
void chariot_views_end(struct chariot_vm *vm)
{
	u32 id;

	xc_altp2m_switch_to_view(chariot_xc, vm->domid, CHARIOT_DOMAIN_KERNEL);
	for (id = 1; id < CHARIOT_MAX_VIEWS; id++) {
		if (!vm->view[id])
			continue;
		if (xc_altp2m_destroy_view(chariot_xc, vm->domid, id))
			chariot_log(LOG_ERR, "guest %u: view %u does not go: %m",
				    vm->domid, id);
		else
			vm->view[id] = false;
	}
}

void chariot_views_off(struct chariot_vm *vm)
{
	xc_altp2m_set_domain_state(chariot_xc, vm->domid, false);
	memset(vm->view, 0, sizeof(vm->view));
	vm->views_on = false;
}

bool chariot_is_active(const struct chariot_vm *vm, u32 id)
{
	return vm->domain[id] && vm->domain[id]->state == CHARIOT_DOMAIN_ACTIVE;
}

u32 chariot_text_owner(const struct chariot_vm *vm, u64 gfn)
{
	u32 id;

	for (id = 1; id < CHARIOT_MAX_VIEWS; id++)
		if (chariot_is_active(vm, id) &&
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
		chariot_stack_entered(e);
	}
	e->rsp->flags |= VM_EVENT_FLAG_ALTERNATE_P2M;
	e->rsp->altp2m_idx = to;
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

/* Pages whose rights are told to Xen in one call. */
struct told {
	uint64_t gfn[TELL_PAGES];
	u8 access[TELL_PAGES];
	u32 count;
};

static void tell(struct chariot_vm *vm, u32 id, struct told *told)
{
	if (told->count && vm->view[id] &&
	    xc_altp2m_set_mem_access_multi(chariot_xc, vm->domid, id, told->access,
					   told->gfn, told->count))
		chariot_log(LOG_ERR, "guest %u, view %u: rights of %u pages from %llx on are not set: %m",
			    vm->domid, id, told->count,
			    (unsigned long long)told->gfn[0]);
	told->count = 0;
}

static void add(struct chariot_vm *vm, u32 id, u64 gfn, struct told *told)
{
	const struct chariot_domain *d = vm->domain[id];

	told->gfn[told->count] = gfn;
	told->access[told->count++] = d ? page_access(vm, d, gfn) :
					  XENMEM_access_r;
	if (told->count == TELL_PAGES)
		tell(vm, id, told);
}

/* What is raised has to be known, or it could not be lowered. */
static bool remember(struct chariot_vm *vm, struct chariot_domain *d, u64 gfn)
{
	u64 gpa = gfn << CHARIOT_PAGE_SHIFT;

	return !chariot_pool_stock(&vm->pool,
				   chariot_table_need(&d->raised, gpa,
						      CHARIOT_PAGE_SIZE)) &&
	       !chariot_table_add(&d->raised, &vm->pool, gpa, CHARIOT_PAGE_SIZE,
				  CHARIOT_RIGHT_WRITE, CHARIOT_KIND_NONE);
}

void chariot_view_raise(struct chariot_event *e, u64 gfn)
{
	struct chariot_domain *d = e->vm->domain[e->view];
	u64 end = gfn + RAISE_PAGES;
	struct told told;

	d->stats.page_faults++;
	told.count = 0;
	if (remember(e->vm, d, gfn))
		add(e->vm, e->view, gfn, &told);
	/* Its neighbours, as far as they are the domain's: they come next. */
	while (told.count && ++gfn < end &&
	       chariot_table_page(&d->table, gfn).rights &&
	       remember(e->vm, d, gfn))
		add(e->vm, e->view, gfn, &told);
	tell(e->vm, e->view, &told);
}

void chariot_view_give(struct chariot_vm *vm, u32 id, u64 first, u64 end)
{
	struct chariot_domain *d = vm->domain[id];
	struct told told;

	told.count = 0;
	if (end - first > RAISE_PAGES)
		end = first + RAISE_PAGES;
	for (; first < end; first++)
		if (chariot_table_page(&d->table, first).rights &&
		    remember(vm, d, first))
			add(vm, id, first, &told);
	tell(vm, id, &told);
}

void chariot_view_lower(struct chariot_vm *vm, u32 id, u64 first, u64 end)
{
	struct chariot_domain *d = vm->domain[id];
	struct chariot_range range;
	struct told told;
	u64 gfn = first;

	told.count = 0;
	while (gfn < end &&
	       chariot_table_next(&d->raised, gfn << CHARIOT_PAGE_SHIFT, 1, &range)) {
		gfn = range.gpa >> CHARIOT_PAGE_SHIFT;
		if (gfn >= end)
			break;
		add(vm, id, gfn++, &told);
	}
	tell(vm, id, &told);
}

/*
 * The kernel's view is the host's own table of the guest. What is changed there, Xen
 * changes in all views as well: there it has to be told again.
 */
static void set_kernel_access(struct chariot_vm *vm, u64 gfn, xenmem_access_t access)
{
	struct told told;
	u32 id;

	if (xc_set_mem_access(chariot_xc, vm->domid, access, gfn, 1))
		chariot_log(LOG_ERR, "guest %u: rights of page %llx are not set: %m",
			    vm->domid, (unsigned long long)gfn);
	for (id = 1; id < CHARIOT_MAX_VIEWS; id++) {
		struct chariot_domain *d = vm->domain[id];

		if (!vm->view[id])
			continue;
		told.count = 0;
		add(vm, id, gfn, &told);
		if (d && told.access[0] != XENMEM_access_r && !remember(vm, d, gfn))
			told.access[0] = XENMEM_access_r;
		tell(vm, id, &told);
	}
}

void chariot_text_show(struct chariot_vm *vm, u64 first, u64 end)
{
	for (; first < end; first++)
		if (!chariot_is_domain(chariot_text_owner(vm, first)))
			set_kernel_access(vm, first, XENMEM_access_rwx);
}

void chariot_text_hide(struct chariot_vm *vm, u32 id, bool hide)
{
	struct chariot_range range;
	u64 gpa = 0;

	while (chariot_table_next(&vm->domain[id]->table, gpa, 1, &range)) {
		u64 gfn = range.gpa >> CHARIOT_PAGE_SHIFT;

		gpa = range.gpa + range.size;
		if (range.rights & CHARIOT_RIGHT_EXEC)
			set_kernel_access(vm, gfn, hide ? XENMEM_access_rw :
						   XENMEM_access_rwx);
	}
}
