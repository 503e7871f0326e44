// SPDX-License-Identifier: GPL-2.0-only
/*
 * The places in KVM where Chariot takes part, by ftrace: three functions that are
 * replaced when the call is ours (by a direct call, see entry.S: they are on
 * the way of each crossing), two whose arguments are filtered, two that are
 * watched.
 * Runs in the host kernel, inside KVM's calls; trusts KVM.
 */
#include <linux/ftrace.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>

#include "backend.h"
#include "hooks.h"

DEFINE_PER_CPU(long, chariot_inside);

static long inside_total(void)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(chariot_inside, cpu));
	return sum;
}

/* int kvm_emulate_hypercall(vcpu) */
int chariot_handle_hypercall(struct kvm_vcpu *vcpu)
{
	unsigned long *regs = vcpu->arch.regs;
	int ret;

	if ((regs[VCPU_REGS_RAX] & ~0xffffull) != CHARIOT_CALL_BASE ||
	    chariot_in_nested_guest(vcpu))
		return CHARIOT_PASS;
	this_cpu_inc(chariot_inside);
	regs[VCPU_REGS_RAX] = chariot_hypercall(vcpu, regs[VCPU_REGS_RAX],
						regs[VCPU_REGS_RBX],
						regs[VCPU_REGS_RCX],
						regs[VCPU_REGS_RDX]);
	ret = kvm_skip_emulated_instruction(vcpu);
	this_cpu_dec(chariot_inside);
	return ret;
}

/* bool make_spte(vcpu, sp, slot, pte_access, gfn, pfn, ...) */
static void notrace filter_make_spte(unsigned long ip, unsigned long parent_ip,
				     struct ftrace_ops *ops,
				     struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	union kvm_mmu_page_role role;
	struct chariot_vm *vm;
	u64 pfn;
	u32 view;

	vm = regs ? chariot_guest_known((struct kvm_vcpu *)regs->di) : NULL;
	if (!vm)
		return;
	if (!chariot_sp_is_tdp((void *)regs->si))
		return;
	role = chariot_sp_role((void *)regs->si);
	if (role.guest_mode || role.smm)
		return;
	view = (role.word & CHARIOT_VIEW_MASK) >> CHARIOT_VIEW_SHIFT;
	regs->cx = chariot_filter_access(vm, view, role.level, regs->r8,
					 regs->cx);
	if (view && chariot_alias_pfn(vm, regs->r8, &pfn))
		regs->r9 = pfn;
}

/* void kvm_mmu_hugepage_adjust(vcpu, fault) */
static void notrace filter_hugepage(unsigned long ip, unsigned long parent_ip,
				    struct ftrace_ops *ops,
				    struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	struct kvm_vcpu *vcpu;
	struct chariot_vm *vm;
	u64 gfn;
	u8 *level;

	if (!regs)
		return;
	vcpu = (struct kvm_vcpu *)regs->di;
	vm = chariot_guest_known(vcpu);
	if (!vm || chariot_in_nested_guest(vcpu))
		return;
	gfn = *(u64 *)chariot_field((void *)regs->si, chariot_layout.fault_gfn);
	level = chariot_field((void *)regs->si, chariot_layout.fault_max_level);
	*level = chariot_max_level(vm, chariot_view_of(vcpu), gfn, *level);
}

/* void kvm_arch_destroy_vm(kvm) */
static void notrace watch_destroy(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *ops,
				  struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);

	if (regs)
		chariot_vm_gone((struct kvm *)regs->di);
}

/*
 * void kvm_init_mmu(vcpu): called when paging is reconfigured. The boot CPU
 * without paging may mean that the guest has restarted, and that nobody is left
 * who knows of its domains; check_restart() makes sure of it.
 */
static void notrace watch_init_mmu(unsigned long ip, unsigned long parent_ip,
				   struct ftrace_ops *ops,
				   struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	struct kvm_vcpu *vcpu;
	struct chariot_vm *vm;

	if (!regs)
		return;
	vcpu = (struct kvm_vcpu *)regs->di;
	if (!chariot_is_boot_cpu(vcpu) || (vcpu->arch.cr0 & X86_CR0_PG))
		return;
	vm = chariot_vm_find(vcpu->kvm);
	if (vm)
		WRITE_ONCE(vm->restarted, true);
}

/*
 * Permanent: the sysctl ftrace_enabled cannot take the hooks away under the
 * views. Without FTRACE_OPS_FL_RECURSION, as none calls the function it is on.
 */
#define HOOK_FLAGS	(FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_PERMANENT)

static struct hook {
	const char *name;
	struct ftrace_ops ops;
	void (*direct)(void);
} hooks[] = {
	{ "kvm_arch_destroy_vm", { .func = watch_destroy,
				   .flags = HOOK_FLAGS } },
	{ "kvm_init_mmu", { .func = watch_init_mmu,
			    .flags = HOOK_FLAGS } },
	{ "make_spte", { .func = filter_make_spte,
			 .flags = HOOK_FLAGS } },
	{ "kvm_mmu_hugepage_adjust", { .func = filter_hugepage,
				       .flags = HOOK_FLAGS } },
	{ "kvm_mmu_page_fault", .direct = chariot_entry_page_fault },
	{ "kvm_emulate_instruction", .direct = chariot_entry_emulate },
	{ "kvm_emulate_hypercall", .direct = chariot_entry_hypercall },
};

static int hook_set(struct hook *hook)
{
	/* By address: to find a name, ftrace compares it with all it knows. */
	unsigned long address = chariot_symbol_find(hook->name);
	int err = -ENOENT;

	if (address)
		err = ftrace_set_filter_ip(&hook->ops, address, 0, 1);
	if (!err && hook->direct)
		err = chariot_direct_set(&hook->ops,
					 (unsigned long)hook->direct);
	else if (!err)
		err = register_ftrace_function(&hook->ops);
	if (err)
		pr_err("cannot hook %s (%d); is ftrace enabled, and the function not taken by a live patch or a BPF program?\n",
		       hook->name, err);
	return err;
}

static void hook_clear(struct hook *hook)
{
	if (hook->direct)
		chariot_direct_clear(&hook->ops, (unsigned long)hook->direct);
	else
		unregister_ftrace_function(&hook->ops);
	ftrace_free_filter(&hook->ops);
}

/* Nobody enters any more; wait until nobody is inside. */
static void hooks_drain(void)
{
	/* Who is before the count, */
	synchronize_rcu_tasks();
	/* who counts, */
	while (inside_total())
		schedule_timeout_uninterruptible(1);
	/* who is behind it, and who looked up a guest. */
	synchronize_rcu_tasks();
	synchronize_rcu();
}

/**
 * chariot_hooks_init - take part in KVM
 *
 * The hypercall comes last: without it no guest has domains, and without
 * domains the other hooks do nothing.
 */
int chariot_hooks_init(void)
{
	int i, err;

	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		err = hook_set(&hooks[i]);
		if (err)
			goto out;
	}
	return 0;

out:
	ftrace_free_filter(&hooks[i].ops);
	while (i--)
		hook_clear(&hooks[i]);
	hooks_drain();
	return err;
}

/**
 * chariot_hooks_exit - take no more part
 *
 * No guest has domains by now, or the module could not be unloaded.
 */
void chariot_hooks_exit(void)
{
	int i = ARRAY_SIZE(hooks);

	while (i--)
		hook_clear(&hooks[i]);
	hooks_drain();
}
