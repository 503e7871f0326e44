// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's calls: who may call, copying in and out, which call it is. Trusts
 * nothing: each structure is copied in once and checked by core/request.c.
 */
#include "backend.h"

#define FEATURES	(CHARIOT_F_ENFORCE | CHARIOT_F_BYTE_EXACT | \
			 CHARIOT_F_RECORDS | CHARIOT_F_WATCH_MAP)
#define EFER_LMA	(1ull << 10)

static int copy_in(struct chariot_vm *vm, u64 gpa, void *to, u64 size, u64 align)
{
	if (!chariot_buffer_valid(gpa, size, align))
		return -EINVAL;
	return chariot_read(vm, gpa, to, size) ? 0 : -EFAULT;
}

static int copy_out(struct chariot_vm *vm, u64 gpa, const void *from, u64 size)
{
	if (!chariot_buffer_valid(gpa, size, sizeof(u64)))
		return -EINVAL;
	return chariot_write(vm, gpa, from, size) ? 0 : -EFAULT;
}

static long hello(struct chariot_vm *vm, u64 gpa)
{
	struct chariot_hello h;
	int err;

	err = copy_in(vm, gpa, &h, sizeof(h), sizeof(u64));
	if (!err)
		err = chariot_check_hello(&h);
	if (err)
		return err;
	if (!chariot_vm_allowed(vm->domid))
		return -EACCES;
	err = chariot_views_on(vm);
	if (err)
		return err;
	chariot_domains_forget(vm);

	vm->features = h.features & FEATURES;
	vm->stack_size = h.stack_size;
	vm->notify_error = h.notify_error;
	h.revision = CHARIOT_ABI_REVISION;
	h.features = vm->features;
	h.max_domains = CHARIOT_MAX_VIEWS - 1;
	h.max_regions = chariot_max_page_rights();
	memset(h.backend, 0, sizeof(h.backend));
	memcpy(h.backend, "xen", sizeof("xen"));
	err = copy_out(vm, gpa, &h, sizeof(h));
	vm->greeted = !err;
	return err;
}

static long domain_create(struct chariot_vm *vm, u64 gpa)
{
	struct chariot_domain_create c;
	int err;

	err = copy_in(vm, gpa, &c, sizeof(c), sizeof(u64));
	if (!err)
		err = chariot_check_create(&c);
	if (!err)
		err = chariot_domain_create(vm, &c);
	if (err)
		return err;
	err = copy_out(vm, gpa, &c, sizeof(c));
	if (err)
		chariot_domain_destroy(vm, c.domain);
	return err;
}

static long region_update(struct chariot_vm *vm, u64 gpa)
{
	struct chariot_batch *batch = &vm->batch;
	const u32 head = offsetof(struct chariot_batch, region);
	int err, copy_err;

	if (!chariot_buffer_valid(gpa, sizeof(*batch), CHARIOT_PAGE_SIZE))
		return -EINVAL;
	/* Each byte once: the head says how many entries there are to copy. */
	err = copy_in(vm, gpa, batch, head, sizeof(u64));
	if (!err)
		err = chariot_check_batch(batch);
	if (!err && batch->count)
		err = copy_in(vm, gpa + head, batch->region,
			      batch->count * sizeof(batch->region[0]),
			      sizeof(u64));
	if (err)
		return err;
	err = chariot_region_update(vm, batch);
	copy_err = copy_out(vm, gpa, batch,
			    sizeof(batch->count) + sizeof(batch->done));
	return err ? err : copy_err;
}

static long record_next(struct chariot_vm *vm, u64 gpa)
{
	struct chariot_record rec;

	/* A record that cannot be delivered stays. */
	if (!chariot_buffer_valid(gpa, sizeof(rec), sizeof(u64)))
		return -EINVAL;
	if (!chariot_map(vm, gpa >> CHARIOT_PAGE_SHIFT))
		return -EFAULT;
	if (!chariot_ring_pop(&vm->records, &rec))
		return -ENOENT;
	return copy_out(vm, gpa, &rec, sizeof(rec));
}

static long domain_stats(struct chariot_vm *vm, u64 domain, u64 gpa)
{
	struct chariot_stats s;
	int err;

	if (domain >= CHARIOT_DOMAIN_ALL)
		return -EINVAL;
	err = chariot_domain_stats(vm, domain, &s);
	return err ? err : copy_out(vm, gpa, &s, sizeof(s));
}

static long watch_map(struct chariot_vm *vm, u64 gpa)
{
	struct chariot_frame_map *map = (void *)&vm->batch;
	int err;

	_Static_assert(sizeof(*map) == sizeof(vm->batch), "shared");
	err = copy_in(vm, gpa, map, sizeof(*map), CHARIOT_PAGE_SIZE);
	if (!err)
		err = chariot_check_frame_map(map);
	if (err)
		return err;
	vm->map_pages = map->count;
	memcpy(vm->map_gpa, map->gpa, map->count * sizeof(map->gpa[0]));
	return 0;
}

static long dispatch(struct chariot_vm *vm, u64 nr, u64 a1, u64 a2, u64 a3)
{
	int err;

	if (nr == CHARIOT_CALL_HELLO)
		return hello(vm, a1);
	if (!vm->greeted)
		return -ENODEV;
	switch (nr) {
	case CHARIOT_CALL_DOMAIN_CREATE:
		return domain_create(vm, a1);
	case CHARIOT_CALL_DOMAIN_CONTROL:
		err = chariot_check_control(a1, a2, a3);
		return err ? err : chariot_domain_control(vm, a1, a2, a3);
	case CHARIOT_CALL_DOMAIN_DESTROY:
		if (a1 == CHARIOT_DOMAIN_KERNEL || a1 >= CHARIOT_DOMAIN_ALL)
			return -EINVAL;
		return chariot_domain_destroy(vm, a1);
	case CHARIOT_CALL_REGION_UPDATE:
		return region_update(vm, a1);
	case CHARIOT_CALL_RECORD_NEXT:
		return record_next(vm, a1);
	case CHARIOT_CALL_DOMAIN_STATS:
		return domain_stats(vm, a1, a2);
	case CHARIOT_CALL_WATCH_MAP:
		return watch_map(vm, a1);
	case CHARIOT_CALL_PAGE_RELEASE:
		return chariot_page_release(vm, a1, a2);
	default:
		return -ENOSYS;
	}
}

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
	return dispatch(e->vm, nr - CHARIOT_CALL_BASE, a1, a2, a3);
}
