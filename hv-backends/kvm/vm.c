// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is kept of each guest, from its first hello until KVM destroys it.
 * Runs in the host kernel.
 *
 * A guest is found by its struct kvm. The entry goes when KVM destroys that,
 * which happens once no virtual CPU can run any more, however its process
 * ended: so whoever runs in a virtual CPU's thread may use the entry without a
 * reference. The memory goes by a work item, since the hook may not sleep.
 */
#include <linux/hashtable.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "backend.h"

static DEFINE_HASHTABLE(vms, 6);
static DEFINE_SPINLOCK(vms_lock);
static struct workqueue_struct *free_queue;

DEFINE_PER_CPU(struct chariot_vm *, chariot_vm_recent);

/**
 * chariot_vm_search - a guest's state, or NULL
 * @kvm: of a virtual CPU that runs in this thread
 */
struct chariot_vm *chariot_vm_search(const struct kvm *kvm)
{
	struct chariot_vm *vm, *found = NULL;

	rcu_read_lock();
	hash_for_each_possible_rcu(vms, vm, link, (unsigned long)kvm) {
		if (vm->kvm == kvm) {
			found = vm;
			break;
		}
	}
	rcu_read_unlock();
	if (found)
		this_cpu_write(chariot_vm_recent, found);
	return found;
}

static void forget_recent(const struct chariot_vm *vm)
{
	int cpu;

	for_each_possible_cpu(cpu)
		if (per_cpu(chariot_vm_recent, cpu) == vm)
			per_cpu(chariot_vm_recent, cpu) = NULL;
}

static void vm_free(struct chariot_vm *vm)
{
	u32 i;

	cancel_delayed_work_sync(&vm->tell_work);
	if (vm->untold)
		chariot_tell_all(vm, CHARIOT_DOMAIN_ALL);
	chariot_debugfs_remove(vm);
	for (i = 1; i < CHARIOT_MAX_VIEWS; i++)
		if (vm->domain[i])
			chariot_domain_free(vm, vm->domain[i]);
	chariot_pool_drain(&vm->pool, 0);
	for (i = 0; vm->vcpu && i < vm->vcpu_max; i++)
		kfree(vm->vcpu[i]);
	kvfree(vm->vcpu);
	xa_destroy(&vm->text);
	kvfree(vm->ring);
	kvfree(vm->history);
	kvfree(vm->untold);
	chariot_alias_free(vm);
	kfree(vm->map_gpa);
	kfree(vm->batch);
	if (vm->domains)
		chariot_module_release();
	kfree(vm);
}

static void vm_free_work(struct work_struct *work)
{
	struct chariot_vm *vm = container_of(work, struct chariot_vm,
					     free_work);

	synchronize_rcu();
	vm_free(vm);
}

static struct chariot_vm *vm_alloc(struct kvm *kvm)
{
	struct chariot_vm *vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);

	if (!vm)
		return NULL;
	vm->kvm = kvm;
	vm->pid = current->tgid;
	vm->text_generation = 1;
	mutex_init(&vm->config);
	init_rwsem(&vm->judging);
	rwlock_init(&vm->tables);
	mutex_init(&vm->map_lock);
	spin_lock_init(&vm->ring_lock);
	ratelimit_state_init(&vm->log_limit, DEFAULT_RATELIMIT_INTERVAL,
			     DEFAULT_RATELIMIT_BURST);
	xa_init_flags(&vm->text, XA_FLAGS_ACCOUNT);
	INIT_WORK(&vm->free_work, vm_free_work);
	INIT_DELAYED_WORK(&vm->tell_work, chariot_tell_work);
	vm->vcpu_max = kvm->max_vcpus;
	vm->vcpu = kvcalloc(vm->vcpu_max, sizeof(*vm->vcpu),
			    GFP_KERNEL_ACCOUNT);
	vm->ring = kvmalloc(sizeof(*vm->ring), GFP_KERNEL_ACCOUNT);
	vm->history = kvcalloc(CHARIOT_HISTORY, sizeof(*vm->history),
			       GFP_KERNEL_ACCOUNT);
	vm->untold = kvzalloc(sizeof(*vm->untold), GFP_KERNEL_ACCOUNT);
	vm->map_gpa = kcalloc(CHARIOT_FRAME_MAP_MAX, sizeof(u64),
			      GFP_KERNEL_ACCOUNT);
	vm->batch = kmalloc(sizeof(*vm->batch), GFP_KERNEL_ACCOUNT);
	if (!vm->vcpu || !vm->ring || !vm->history || !vm->untold ||
	    !vm->map_gpa || !vm->batch) {
		vm_free(vm);
		return NULL;
	}
	chariot_ring_init(vm->ring);
	return vm;
}

/**
 * chariot_vm_get - a guest's state, made if it is the first time
 * @kvm: of a virtual CPU that runs in this thread
 *
 * Returns NULL for want of memory.
 */
struct chariot_vm *chariot_vm_get(struct kvm *kvm)
{
	struct chariot_vm *vm = chariot_vm_find(kvm);
	struct chariot_vm *other;

	if (vm)
		return vm;
	vm = vm_alloc(kvm);
	if (!vm)
		return NULL;
	spin_lock(&vms_lock);
	other = chariot_vm_find(kvm);
	if (!other)
		hash_add_rcu(vms, &vm->link, (unsigned long)kvm);
	spin_unlock(&vms_lock);
	if (other) {
		vm_free(vm);
		return other;
	}
	chariot_debugfs_add(vm);
	return vm;
}

/**
 * chariot_vm_gone - KVM destroys a guest
 * @kvm: the guest; no virtual CPU of it runs
 *
 * Context: a hook; does not sleep.
 */
void chariot_vm_gone(struct kvm *kvm)
{
	struct chariot_vm *vm = chariot_vm_find(kvm);

	if (!vm)
		return;
	spin_lock(&vms_lock);
	hash_del_rcu(&vm->link);
	vm->kvm = NULL;
	spin_unlock(&vms_lock);
	forget_recent(vm);
	queue_work(free_queue, &vm->free_work);
}

/**
 * chariot_vm_hold - keep a guest for someone who is not in its thread
 * @vm: the guest's state
 *
 * Returns what kvm_put_kvm() is to be called with, or NULL if KVM destroys the
 * guest already.
 */
struct kvm *chariot_vm_hold(struct chariot_vm *vm)
{
	struct kvm *kvm;

	spin_lock(&vms_lock);
	kvm = vm->kvm;
	if (kvm && !kvm_get_kvm_safe(kvm))
		kvm = NULL;
	spin_unlock(&vms_lock);
	return kvm;
}

/* The virtual CPU of this thread faults for the first time. */
struct chariot_vcpu *chariot_vcpu_make(struct chariot_vm *vm,
				       struct kvm_vcpu *vcpu)
{
	struct chariot_vcpu *state;

	if (vcpu->vcpu_idx >= vm->vcpu_max)
		return NULL;
	state = kzalloc(sizeof(*state), GFP_KERNEL_ACCOUNT);
	if (!state)
		return NULL;
	state->entry_rsp = CHARIOT_NO_GFN;
	state->window_gfn = CHARIOT_NO_GFN;
	state->read_gfn = CHARIOT_NO_GFN;
	vm->vcpu[vcpu->vcpu_idx] = state;
	return state;
}

struct chariot_domain *chariot_domain_alloc(u32 id, const char *name, u32 mode)
{
	struct chariot_domain *d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);

	if (!d)
		return NULL;
	d->id = id;
	d->mode = mode;
	strscpy(d->name, name, sizeof(d->name));
	chariot_table_init(&d->table);
	xa_init_flags(&d->grants, XA_FLAGS_ACCOUNT);
	xa_init_flags(&d->stacks, XA_FLAGS_ACCOUNT);
	return d;
}

/* The caller took it from chariot_vm.domain and waited for its users. */
void chariot_domain_free(struct chariot_vm *vm, struct chariot_domain *d)
{
	struct chariot_stack *stack;
	unsigned long index;

	chariot_table_clear(&d->table, &vm->pool);
	chariot_pool_drain(&vm->pool, 256);
	xa_for_each(&d->stacks, index, stack)
		kfree(stack);
	xa_destroy(&d->stacks);
	xa_destroy(&d->grants);
	kfree(d);
}

/**
 * chariot_pool_stock - have blocks ready for a change of a table
 * @pool: the guest's stock
 * @blocks: how many it must hold
 *
 * Context: may sleep; the guest's config mutex is held. Returns 0 or -ENOMEM.
 */
int chariot_pool_stock(struct chariot_pool *pool, u64 blocks)
{
	while (pool->count < blocks) {
		void *block = kmalloc(CHARIOT_BLOCK_SIZE, GFP_KERNEL_ACCOUNT);

		if (!block)
			return -ENOMEM;
		chariot_pool_put(pool, block);
		cond_resched();
	}
	return 0;
}

void chariot_pool_drain(struct chariot_pool *pool, u32 keep)
{
	while (pool->count > keep) {
		kfree(chariot_pool_take(pool));
		cond_resched();
	}
}

int chariot_vms_init(void)
{
	free_queue = alloc_workqueue("chariot-kvm", WQ_UNBOUND, 0);
	return free_queue ? 0 : -ENOMEM;
}

/* The hooks are gone, so nobody else uses the table. */
void chariot_vms_exit(void)
{
	struct hlist_node *next;
	struct chariot_vm *vm;
	int bucket;

	destroy_workqueue(free_queue);
	hash_for_each_safe(vms, bucket, next, vm, link) {
		hash_del_rcu(&vm->link);
		synchronize_rcu();
		vm_free(vm);
	}
}
