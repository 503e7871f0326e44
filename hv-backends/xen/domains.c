// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a guest's domains; the arguments have been checked by core/request.c.
 */
#include <stdlib.h>

#include "backend.h"

static void stacks_init(struct chariot_domain *d, u32 vcpus)
{
	u32 i, page;

	for (i = 0; i < vcpus; i++) {
		d->stacks[i].base = CHARIOT_NO_GFN;
		for (page = 0; page < CHARIOT_STACK_PAGES; page++)
			d->stacks[i].gfn[page] = CHARIOT_NO_GFN;
	}
}

static void domain_free(struct chariot_vm *vm, struct chariot_domain *d)
{
	vm->domain[d->id] = NULL;
	chariot_table_clear(&d->table, &vm->pool);
	chariot_table_clear(&d->raised, &vm->pool);
	free(d->stacks);
	free(d);
}

int chariot_domain_create(struct chariot_vm *vm, struct chariot_domain_create *c)
{
	struct chariot_domain *d;
	u32 id;

	for (id = 1; id < CHARIOT_MAX_VIEWS; id++)
		if (!vm->domain[id])
			break;
	if (id == CHARIOT_MAX_VIEWS)
		return -ENOSPC;
	d = calloc(1, sizeof(*d));
	if (d)
		d->stacks = calloc(vm->vcpus, sizeof(*d->stacks));
	if (!d || !d->stacks || chariot_view_make(vm, id)) {
		if (d)
			free(d->stacks);
		free(d);
		return -ENOMEM;
	}
	stacks_init(d, vm->vcpus);
	d->id = id;
	d->mode = c->mode;
	memcpy(d->name, c->name, sizeof(d->name));
	chariot_table_init(&d->table);
	chariot_table_init(&d->raised);
	vm->domain[id] = d;
	c->domain = id;
	return 0;
}

int chariot_domain_control(struct chariot_vm *vm, u32 id, u32 state, u32 mode)
{
	struct chariot_domain *d;

	if (id >= CHARIOT_MAX_VIEWS || !vm->domain[id])
		return -ENOENT;
	d = vm->domain[id];
	/* It may have gone since the domain was created. */
	if (state == CHARIOT_DOMAIN_ACTIVE && chariot_view_make(vm, id))
		return -ENOMEM;
	d->mode = mode;
	if (d->state == state)
		return 0;
	d->state = state;
	chariot_text_hide(vm, id, state == CHARIOT_DOMAIN_ACTIVE);
	return 0;
}

/*
 * A virtual CPU in its view finds nothing executable there any more and goes on in
 * the kernel's.
 */
int chariot_domain_destroy(struct chariot_vm *vm, u32 id)
{
	struct chariot_domain *d;

	if (id >= CHARIOT_MAX_VIEWS || !vm->domain[id])
		return -ENOENT;
	d = vm->domain[id];
	chariot_tell_all(vm, id);
	if (d->state == CHARIOT_DOMAIN_ACTIVE) {
		d->state = CHARIOT_DOMAIN_INACTIVE;
		chariot_text_hide(vm, id, false);
	}
	vm->page_rights -= d->table.pages;
	vm->blocks -= d->table.blocks;
	chariot_table_clear(&d->table, &vm->pool);
	stacks_init(d, vm->vcpus);
	chariot_view_lower(vm, id, 0, CHARIOT_NO_GFN);
	domain_free(vm, d);
	return 0;
}

/* The guest is gone, and its views with it. */
void chariot_domains_free(struct chariot_vm *vm)
{
	u32 id;

	for (id = 1; id < CHARIOT_MAX_VIEWS; id++)
		if (vm->domain[id])
			domain_free(vm, vm->domain[id]);
}

void chariot_domains_forget(struct chariot_vm *vm)
{
	u32 id;

	for (id = 1; id < CHARIOT_MAX_VIEWS; id++)
		chariot_domain_destroy(vm, id);
	chariot_table_clear(&vm->text_all, &vm->pool);
	chariot_alias_forget(vm);
	vm->page_rights = 0;
	vm->blocks = 0;
	vm->map_pages = 0;
	chariot_ring_init(&vm->records);
	chariot_entry_words_forget(vm);
	chariot_unmap_all(vm);
	vm->greeted = false;
}

/* Events stand for exits: the others are Xen's own, and not counted. */
int chariot_domain_stats(struct chariot_vm *vm, u32 id, struct chariot_stats *s)
{
	u32 first = id ? id : 1;
	u32 end = id ? id + 1 : CHARIOT_MAX_VIEWS;

	if (id >= CHARIOT_MAX_VIEWS || (id && !vm->domain[id]))
		return -ENOENT;
	memset(s, 0, sizeof(*s));
	if (!id)
		s->vm_exits = vm->events.calls + vm->events.fetches +
			      vm->events.walks + vm->events.writes;
	for (id = first; id < end; id++) {
		const struct chariot_domain *d = vm->domain[id];

		if (!d)
			continue;
		s->entries += d->stats.entries;
		s->exits += d->stats.exits;
		s->violations += d->stats.violations;
		s->emulated += d->stats.emulated;
		s->page_faults += d->stats.page_faults;
		s->regions += d->table.pages;
	}
	return 0;
}
