// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's calls: who may call, copying in and out, which call it is.
 * Runs in the host kernel, in a virtual CPU's thread. Trusts nothing: each
 * structure is copied in once and checked by core/request.c.
 */
#include "backend.h"

#define FEATURES	(CHARIOT_F_ENFORCE | CHARIOT_F_BYTE_EXACT | \
			 CHARIOT_F_RECORDS | CHARIOT_F_WATCH_MAP)

static int copy_in(struct kvm_vcpu *vcpu, u64 gpa, void *to, u64 size,
		   u64 align)
{
	if (!chariot_buffer_valid(gpa, size, align))
		return -EINVAL;
	return kvm_vcpu_read_guest(vcpu, gpa, to, size) ? -EFAULT : 0;
}

static int copy_out(struct kvm_vcpu *vcpu, u64 gpa, const void *from, u64 size)
{
	if (!chariot_buffer_valid(gpa, size, sizeof(u64)))
		return -EINVAL;
	return kvm_vcpu_write_guest(vcpu, gpa, from, size) ? -EFAULT : 0;
}

static long hello(struct chariot_vm *vm, struct kvm_vcpu *vcpu, u64 gpa)
{
	struct chariot_hello h;
	int err;

	err = copy_in(vcpu, gpa, &h, sizeof(h), sizeof(u64));
	if (!err)
		err = chariot_check_hello(&h);
	if (err)
		return err;
	if (!chariot_vm_allowed())
		return -EACCES;
	chariot_domains_forget(vm);

	chariot_alias_forget(vm);
	vm->features = h.features & FEATURES;
	if (chariot_vendor->walks_write)
		vm->features |= h.features & CHARIOT_F_WALK_ALIAS;
	vm->stack_size = h.stack_size;
	vm->notify_error = h.notify_error;
	h.revision = CHARIOT_ABI_REVISION;
	h.features = vm->features;
	h.max_domains = CHARIOT_MAX_VIEWS - 1;
	h.max_regions = chariot_max_page_rights();
	memset(h.backend, 0, sizeof(h.backend));
	strscpy(h.backend, "kvm", sizeof(h.backend));
	err = copy_out(vcpu, gpa, &h, sizeof(h));
	vm->greeted = !err;
	return err;
}

static long domain_create(struct chariot_vm *vm, struct kvm_vcpu *vcpu, u64 gpa)
{
	struct chariot_domain_create c;
	int err;

	err = copy_in(vcpu, gpa, &c, sizeof(c), sizeof(u64));
	if (!err)
		err = chariot_check_create(&c);
	if (!err)
		err = chariot_domain_create(vm, &c);
	if (err)
		return err;
	err = copy_out(vcpu, gpa, &c, sizeof(c));
	if (err)
		chariot_domain_destroy(vm, c.domain);
	return err;
}

static long domain_control(struct chariot_vm *vm, u64 domain, u64 state,
			   u64 mode)
{
	int err = chariot_check_control(domain, state, mode);

	return err ? err : chariot_domain_control(vm, domain, state, mode);
}

static long domain_destroy(struct chariot_vm *vm, u64 domain)
{
	if (domain == CHARIOT_DOMAIN_KERNEL || domain >= CHARIOT_DOMAIN_ALL)
		return -EINVAL;
	return chariot_domain_destroy(vm, domain);
}

static long region_update(struct chariot_vm *vm, struct kvm_vcpu *vcpu, u64 gpa)
{
	struct chariot_batch *batch = vm->batch;
	const u32 head = offsetof(struct chariot_batch, region);
	int err, copy_err;

	BUILD_BUG_ON(sizeof(*batch) > CHARIOT_PAGE_SIZE);
	if (!chariot_buffer_valid(gpa, sizeof(*batch), CHARIOT_PAGE_SIZE))
		return -EINVAL;
	/* Each byte once: the head says how many entries there are to copy. */
	err = copy_in(vcpu, gpa, batch, head, sizeof(u64));
	if (!err)
		err = chariot_check_batch(batch);
	if (!err && batch->count)
		err = copy_in(vcpu, gpa + head, batch->region,
			      batch->count * sizeof(batch->region[0]),
			      sizeof(u64));
	if (err)
		return err;
	err = chariot_region_update(vm, vcpu, batch);
	copy_err = copy_out(vcpu, gpa + offsetof(struct chariot_batch, count),
			    &batch->count,
			    sizeof(batch->count) + sizeof(batch->done));
	return err ? err : copy_err;
}

static long record_next(struct chariot_vm *vm, struct kvm_vcpu *vcpu, u64 gpa)
{
	struct chariot_record rec;
	int err;

	/* A record that cannot be delivered stays. */
	if (!chariot_buffer_valid(gpa, sizeof(rec), sizeof(u64)))
		return -EINVAL;
	if (!kvm_vcpu_is_visible_gfn(vcpu, gpa >> CHARIOT_PAGE_SHIFT))
		return -EFAULT;
	err = chariot_record_next(vm, &rec);
	return err ? err : copy_out(vcpu, gpa, &rec, sizeof(rec));
}

static long domain_stats(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
			 u64 domain, u64 gpa)
{
	struct chariot_stats s;
	int err;

	if (domain >= CHARIOT_DOMAIN_ALL)
		return -EINVAL;
	err = chariot_domain_stats(vm, domain, &s);
	if (domain == CHARIOT_DOMAIN_KERNEL)
		s.vm_exits = chariot_vm_exits(vcpu->kvm);
	return err ? err : copy_out(vcpu, gpa, &s, sizeof(s));
}

static long watch_map(struct chariot_vm *vm, struct kvm_vcpu *vcpu, u64 gpa)
{
	struct chariot_frame_map *map = vm->batch;
	int err;

	BUILD_BUG_ON(sizeof(*map) > CHARIOT_PAGE_SIZE);
	err = copy_in(vcpu, gpa, map, sizeof(*map), CHARIOT_PAGE_SIZE);
	if (!err)
		err = chariot_check_frame_map(map);
	if (!err)
		chariot_watch_map(vm, map);
	return err;
}

static long walk_alias(struct chariot_vm *vm, struct kvm_vcpu *vcpu, u64 gpa)
{
	struct chariot_walk_alias *call = vm->batch;
	int err;

	BUILD_BUG_ON(sizeof(*call) > CHARIOT_PAGE_SIZE);
	err = copy_in(vcpu, gpa, call, sizeof(*call), CHARIOT_PAGE_SIZE);
	return err ? err : chariot_alias_call(vm, vcpu, call);
}

static long dispatch(struct chariot_vm *vm, struct kvm_vcpu *vcpu, u64 nr,
		     u64 a1, u64 a2, u64 a3)
{
	if (nr == CHARIOT_CALL_HELLO)
		return hello(vm, vcpu, a1);
	if (!vm->greeted)
		return -ENODEV;
	switch (nr) {
	case CHARIOT_CALL_DOMAIN_CREATE:
		return domain_create(vm, vcpu, a1);
	case CHARIOT_CALL_DOMAIN_CONTROL:
		return domain_control(vm, a1, a2, a3);
	case CHARIOT_CALL_DOMAIN_DESTROY:
		return domain_destroy(vm, a1);
	case CHARIOT_CALL_REGION_UPDATE:
		return region_update(vm, vcpu, a1);
	case CHARIOT_CALL_RECORD_NEXT:
		return record_next(vm, vcpu, a1);
	case CHARIOT_CALL_DOMAIN_STATS:
		return domain_stats(vm, vcpu, a1, a2);
	case CHARIOT_CALL_WATCH_MAP:
		return watch_map(vm, vcpu, a1);
	case CHARIOT_CALL_PAGE_RELEASE:
		return chariot_page_release(vm, vcpu, a1, a2);
	case CHARIOT_CALL_WALK_ALIAS:
		return walk_alias(vm, vcpu, a1);
	default:
		return -ENOSYS;
	}
}

/* The guest's kernel in 64-bit mode, and not a driver in its view. */
static bool caller_allowed(struct kvm_vcpu *vcpu)
{
	const struct kvm_x86_ops *ops = chariot_symbols.ops;
	int db, l;

	if (ops->get_cpl(vcpu) || !(vcpu->arch.efer & EFER_LMA))
		return false;
	ops->get_cs_db_l_bits(vcpu, &db, &l);
	return l && VALID_PAGE(vcpu->arch.mmu->root.hpa) &&
	       chariot_view_of(vcpu) == CHARIOT_DOMAIN_KERNEL;
}

/**
 * chariot_hypercall - a call of a guest
 * @vcpu: the virtual CPU of this thread, not in a nested guest
 * @nr: CHARIOT_CALL_BASE + enum chariot_call
 * @a1: first argument
 * @a2: second argument
 * @a3: third argument
 *
 * Returns what the guest gets: 0, a positive value or a negative errno.
 */
long chariot_hypercall(struct kvm_vcpu *vcpu, u64 nr, u64 a1, u64 a2, u64 a3)
{
	struct chariot_vm *vm;
	long ret;

	nr -= CHARIOT_CALL_BASE;
	if (!caller_allowed(vcpu))
		return -EPERM;
	if (nr >= CHARIOT_CALL_COUNT)
		return -ENOSYS;
	if (!chariot_tdp_mmu(vcpu->kvm)) {
		pr_warn_once("KVM runs without its TDP MMU (kvm.tdp_mmu=0); guests cannot use Chariot\n");
		return -ENOSYS;
	}
	vm = chariot_vm_find(vcpu->kvm);
	if (!vm && nr != CHARIOT_CALL_HELLO)
		return -ENODEV;
	if (!vm) {
		vm = chariot_vm_get(vcpu->kvm);
		if (!vm)
			return -ENOMEM;
	}
	mutex_lock(&vm->config);
	ret = dispatch(vm, vcpu, nr, a1, a2, a3);
	mutex_unlock(&vm->config);
	return ret;
}
