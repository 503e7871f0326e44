// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's map of watched frames: one bit for each page in which the backend
 * gave a domain a right that the guest did not ask for.
 * Runs in the host kernel, in a virtual CPU's thread. The map is guest memory:
 * only written, bits beside ours are kept, and nothing is decided by it.
 */
#include "backend.h"

#define GFNS_PER_PAGE	(CHARIOT_PAGE_SIZE * 8u)

/* Set or clear bits [first, end) within one page of the map. */
static int change_bits(struct kvm_vcpu *vcpu, u64 map_gpa, u32 first, u32 end,
		       bool set)
{
	gfn_t gfn = map_gpa >> CHARIOT_PAGE_SHIFT;
	u32 byte;

	for (byte = first / 8; byte <= (end - 1) / 8; byte++) {
		u8 mask = 0xff, old, new;

		if (byte == first / 8)
			mask &= 0xff << (first % 8);
		if (byte == (end - 1) / 8)
			mask &= 0xff >> (7 - (end - 1) % 8);
		if (kvm_vcpu_read_guest_page(vcpu, gfn, &old, byte, 1))
			return -EFAULT;
		new = set ? old | mask : old & ~mask;
		if (new != old &&
		    kvm_vcpu_write_guest_page(vcpu, gfn, &new, byte, 1))
			return -EFAULT;
	}
	return 0;
}

/**
 * chariot_watch_set - mark a page before a right is given in it
 * @vm: the guest
 * @vcpu: the virtual CPU of this thread
 * @gfn: the page
 *
 * Returns 0, also if the guest registered no map for this page; -EFAULT if its
 * map is not memory.
 */
int chariot_watch_set(struct chariot_vm *vm, struct kvm_vcpu *vcpu, u64 gfn)
{
	u64 page = gfn / GFNS_PER_PAGE;
	u32 bit = gfn % GFNS_PER_PAGE;
	int err = 0;

	mutex_lock(&vm->map_lock);
	if (page < vm->map_pages)
		err = change_bits(vcpu, vm->map_gpa[page], bit, bit + 1, true);
	mutex_unlock(&vm->map_lock);
	return err;
}

/**
 * chariot_watch_clear - unmark pages whose rights are gone
 * @vm: the guest
 * @vcpu: the virtual CPU of this thread
 * @first: first page
 * @end: the page behind the last one
 */
void chariot_watch_clear(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
			 u64 first, u64 end)
{
	mutex_lock(&vm->map_lock);
	end = min_t(u64, end, (u64)vm->map_pages * GFNS_PER_PAGE);
	while (first < end) {
		u64 page = first / GFNS_PER_PAGE;
		u64 stop = min_t(u64, end, (page + 1) * GFNS_PER_PAGE);

		change_bits(vcpu, vm->map_gpa[page], first % GFNS_PER_PAGE,
			    stop - page * GFNS_PER_PAGE, false);
		first = stop;
		cond_resched();
	}
	mutex_unlock(&vm->map_lock);
}

/**
 * chariot_watch_map - use another map from now on
 * @vm: the guest
 * @map: a checked copy of what the guest sent; no pages for no map
 */
void chariot_watch_map(struct chariot_vm *vm,
		       const struct chariot_frame_map *map)
{
	mutex_lock(&vm->map_lock);
	vm->map_pages = map->count;
	memcpy(vm->map_gpa, map->gpa, map->count * sizeof(u64));
	mutex_unlock(&vm->map_lock);
}
