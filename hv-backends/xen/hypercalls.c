// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's calls: who may call, and what does it; core/serve.c copies and checks.
 */
#include "backend.h"

#define FEATURES	(CHARIOT_F_ENFORCE | CHARIOT_F_BYTE_EXACT | \
			 CHARIOT_F_RECORDS | CHARIOT_F_WATCH_MAP | \
			 CHARIOT_F_WALK_ALIAS | CHARIOT_F_GUEST_SWITCH)
#define EFER_LMA	(1ull << 10)

static struct chariot_vm *vm_of(void *from)
{
	return ((struct chariot_event *)from)->vm;
}

static bool op_read(void *from, u64 gpa, void *to, u64 size)
{
	return chariot_read(vm_of(from), gpa, to, size);
}

static bool op_write(void *from, u64 gpa, const void *data, u64 size)
{
	return chariot_write(vm_of(from), gpa, data, size);
}

static bool op_is_memory(void *from, u64 gpa)
{
	return chariot_map(vm_of(from), gpa >> CHARIOT_PAGE_SHIFT);
}

static int op_hello(void *from, struct chariot_hello *h)
{
	struct chariot_vm *vm = vm_of(from);
	int err;

	if (!chariot_vm_allowed(vm->domid))
		return -EACCES;
	err = chariot_views_on(vm);
	if (err)
		return err;
	chariot_domains_forget(vm);
	vm->features = h->features & FEATURES;
	vm->stack_size = h->stack_size;
	vm->notify_error = h->notify_error;
	h->features = vm->features;
	h->max_domains = CHARIOT_MAX_VIEWS - 1;
	h->max_regions = chariot_max_page_rights();
	memset(h->backend, 0, sizeof(h->backend));
	memcpy(h->backend, "xen", sizeof("xen"));
	return 0;
}

static int op_domain_create(void *from, struct chariot_domain_create *c)
{
	return chariot_domain_create(vm_of(from), c);
}

static int op_domain_control(void *from, u32 id, u32 state, u32 mode)
{
	return chariot_domain_control(vm_of(from), id, state, mode);
}

static int op_domain_destroy(void *from, u32 id)
{
	return chariot_domain_destroy(vm_of(from), id);
}

static int op_region_update(void *from, struct chariot_batch *b)
{
	return chariot_region_update(vm_of(from), b);
}

static int op_record_next(void *from, struct chariot_record *rec)
{
	return chariot_ring_pop(&vm_of(from)->records, rec) ? 0 : -ENOENT;
}

static int op_record_settle(void *from, u64 seq)
{
	return chariot_record_settle(vm_of(from), seq);
}

static int op_domain_stats(void *from, u32 id, struct chariot_stats *s)
{
	return chariot_domain_stats(vm_of(from), id, s);
}

static int op_watch_map(void *from, const struct chariot_frame_map *map)
{
	struct chariot_vm *vm = vm_of(from);

	vm->map_pages = map->count;
	memcpy(vm->map_gpa, map->gpa, map->count * sizeof(map->gpa[0]));
	return 0;
}

static int op_page_release(void *from, u64 gpa, u64 size)
{
	return chariot_page_release(vm_of(from), gpa, size);
}

static int op_walk_alias(void *from, const struct chariot_walk_alias *a)
{
	return chariot_alias_call(vm_of(from), a);
}

static int op_entry_word(void *from, u64 gpa)
{
	return chariot_entry_word(from, gpa);
}

static const struct chariot_call_ops ops = {
	.read		= op_read,
	.write		= op_write,
	.is_memory	= op_is_memory,
	.hello		= op_hello,
	.domain_create	= op_domain_create,
	.domain_control	= op_domain_control,
	.domain_destroy	= op_domain_destroy,
	.region_update	= op_region_update,
	.record_next	= op_record_next,
	.record_settle	= op_record_settle,
	.domain_stats	= op_domain_stats,
	.watch_map	= op_watch_map,
	.page_release	= op_page_release,
	.walk_alias	= op_walk_alias,
	.entry_word	= op_entry_word,
};

/* The guest's kernel in 64-bit mode, and not a driver in its view. */
static bool caller_allowed(const struct chariot_event *e)
{
	const struct vm_event_regs_x86 *r = &e->req->data.regs.x86;

	return !(r->cs_sel & 3) && (r->msr_efer & EFER_LMA) &&
	       e->view == CHARIOT_DOMAIN_KERNEL;
}

/**
 * chariot_hypercall - a call of a guest
 * @e: the event that brought it
 * @nr: CHARIOT_CALL_BASE + enum chariot_call_nr
 * @a1: first argument
 * @a2: second argument
 * @a3: third argument
 *
 * Returns what the guest gets: 0, a positive value or a negative errno.
 */
long chariot_hypercall(struct chariot_event *e, u64 nr, u64 a1, u64 a2, u64 a3)
{
	if (!caller_allowed(e))
		return -EPERM;
	return chariot_call_serve(&ops, e, &e->vm->greeted, &e->vm->sent,
				  nr - CHARIOT_CALL_BASE, a1, a2, a3);
}
