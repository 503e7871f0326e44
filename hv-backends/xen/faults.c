// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses that a view does not allow: which of them are a change of view, a walk
 * of page tables, or a write to be judged.
 */
#include <syslog.h>

#include "backend.h"

#define WALKS_MAX	8

static void fetch(struct chariot_event *e, u64 gfn)
{
	u32 owner = chariot_text_owner(e->vm, gfn);
	u32 target = CHARIOT_DOMAIN_KERNEL;

	e->vm->events.fetches++;
	if (chariot_is_domain(owner))
		target = owner;
	else if (owner == CHARIOT_OWNER_ALL)
		target = e->view;
	if (target != e->view)
		chariot_view_switch(e, target);
	else if (target != CHARIOT_DOMAIN_KERNEL)
		chariot_view_raise(e, gfn);
	else	/* a domain's text no more */
		chariot_text_show(e->vm, gfn, gfn + 1);
}

/* A walk marks page tables, which are nobody's to write. */
static void walk(struct chariot_event *e, u64 gla)
{
	struct chariot_vcpu *v = e->vcpu;

	e->vm->events.walks++;
	if (chariot_walk_marks(e, gla)) {
		v->walks = 0;
		return;
	}
	v->walks = v->walk_gla == gla ? v->walks + 1 : 0;
	v->walk_gla = gla;
	if (v->walks < WALKS_MAX)
		return;
	/* The processor writes tables that have all marks: it keeps others, too. */
	chariot_log(LOG_ERR, "guest %u: walks of page tables count as writes; start Xen with ept=no-ad",
		    e->vm->domid);
	v->walks = 0;
	chariot_view_switch(e, CHARIOT_DOMAIN_KERNEL);
}

void chariot_fault(struct chariot_event *e)
{
	const struct vm_event_mem_access *a = &e->req->u.mem_access;
	struct chariot_domain *d = e->vm->domain[e->view];

	if (a->flags & MEM_ACCESS_FAULT_IN_GPT) {
		if (e->view != CHARIOT_DOMAIN_KERNEL)
			walk(e, a->gla);
		return;
	}
	if (a->flags & MEM_ACCESS_X) {
		fetch(e, a->gfn);
		return;
	}
	if (e->view == CHARIOT_DOMAIN_KERNEL)
		return;
	if (!d || d->state != CHARIOT_DOMAIN_ACTIVE) {
		chariot_view_switch(e, CHARIOT_DOMAIN_KERNEL);
		return;
	}
	if (a->flags & MEM_ACCESS_W)
		chariot_judge_write(e, d);
	else
		chariot_view_raise(e, a->gfn);
}
