// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's calls: who may call, and what does it; core/serve.c copies and checks.
 * Runs in the host kernel, in a virtual CPU's thread. Trusts nothing.
 */
#include "backend.h"

#define FEATURES	(CHARIOT_F_ENFORCE | CHARIOT_F_BYTE_EXACT | \
			 CHARIOT_F_RECORDS | CHARIOT_F_WATCH_MAP)

/* Who calls. */
struct from {
	struct chariot_vm *vm;
	struct kvm_vcpu *vcpu;
};

static bool op_read(void *from, u64 gpa, void *to, u64 size)
{
	return !kvm_vcpu_read_guest(((struct from *)from)->vcpu, gpa, to, size);
}

static bool op_write(void *from, u64 gpa, const void *data, u64 size)
{
	return !kvm_vcpu_write_guest(((struct from *)from)->vcpu, gpa, data, size);
}

static bool op_is_memory(void *from, u64 gpa)
{
	return kvm_vcpu_is_visible_gfn(((struct from *)from)->vcpu,
				       gpa >> CHARIOT_PAGE_SHIFT);
}

static int op_hello(void *from, struct chariot_hello *h)
{
	struct chariot_vm *vm = ((struct from *)from)->vm;

	if (!chariot_vm_allowed())
		return -EACCES;
	chariot_domains_forget(vm);
	chariot_alias_forget(vm);
	vm->features = h->features & FEATURES;
	if (chariot_vendor->walks_write)
		vm->features |= h->features & CHARIOT_F_WALK_ALIAS;
	vm->stack_size = h->stack_size;
	vm->notify_error = h->notify_error;
	h->features = vm->features;
	h->max_domains = CHARIOT_MAX_VIEWS - 1;
	h->max_regions = chariot_max_page_rights();
	memset(h->backend, 0, sizeof(h->backend));
	strscpy(h->backend, "kvm", sizeof(h->backend));
	return 0;
}

static int op_domain_create(void *from, struct chariot_domain_create *c)
{
	return chariot_domain_create(((struct from *)from)->vm, c);
}

static int op_domain_control(void *from, u32 id, u32 state, u32 mode)
{
	return chariot_domain_control(((struct from *)from)->vm, id, state, mode);
}

static int op_domain_destroy(void *from, u32 id)
{
	return chariot_domain_destroy(((struct from *)from)->vm, id);
}

static int op_region_update(void *from, struct chariot_batch *b)
{
	struct from *f = from;

	return chariot_region_update(f->vm, f->vcpu, b);
}

static int op_record_next(void *from, struct chariot_record *rec)
{
	return chariot_record_next(((struct from *)from)->vm, rec);
}

static int op_record_settle(void *from, u64 seq)
{
	return chariot_record_settle(((struct from *)from)->vm, seq);
}

static int op_domain_stats(void *from, u32 id, struct chariot_stats *s)
{
	struct from *f = from;
	int err = chariot_domain_stats(f->vm, id, s);

	if (id == CHARIOT_DOMAIN_KERNEL)
		s->vm_exits = chariot_vm_exits(f->vcpu->kvm);
	return err;
}

static int op_watch_map(void *from, const struct chariot_frame_map *map)
{
	chariot_watch_map(((struct from *)from)->vm, map);
	return 0;
}

static int op_page_release(void *from, u64 gpa, u64 size)
{
	struct from *f = from;

	return chariot_page_release(f->vm, f->vcpu, gpa, size);
}

static int op_walk_alias(void *from, const struct chariot_walk_alias *a)
{
	struct from *f = from;

	return chariot_alias_call(f->vm, f->vcpu, a);
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
};

/* The guest's kernel in 64-bit mode, and not a driver in its view. */
static bool caller_allowed(struct kvm_vcpu *vcpu)
{
	const struct kvm_x86_ops *kvm = chariot_symbols.ops;
	int db, l;

	if (kvm->get_cpl(vcpu) || !(vcpu->arch.efer & EFER_LMA))
		return false;
	kvm->get_cs_db_l_bits(vcpu, &db, &l);
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
	struct from from = { .vcpu = vcpu };
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
	from.vm = vm;
	mutex_lock(&vm->config);
	ret = chariot_call_serve(&ops, &from, &vm->greeted, vm->batch, nr, a1, a2,
				 a3);
	mutex_unlock(&vm->config);
	return ret;
}
