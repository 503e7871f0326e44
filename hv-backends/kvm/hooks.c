// SPDX-License-Identifier: GPL-2.0-only
/*
 * The places in KVM where Chariot takes part, by ftrace: two functions whose
 * arguments are filtered, two that are replaced when the call is ours, two that
 * are watched.
 * Runs in the host kernel, inside KVM's calls; trusts KVM.
 *
 * Built without sibling calls: a tail call from here into a replaced function
 * would look as if it came from KVM.
 */
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>

#include "backend.h"

/*
 * Calls that are inside this module by way of a replaced function, counted from
 * before the first instruction here until just before the last. They may sleep,
 * so nothing but the count tells when the module's text is left.
 */
static DEFINE_PER_CPU(long, inside);

static long inside_total(void)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(inside, cpu));
	return sum;
}

static bool guest_known(struct kvm_vcpu *vcpu, struct chariot_vm **vm)
{
	*vm = chariot_vm_find(vcpu->kvm);
	return *vm && READ_ONCE((*vm)->used);
}

/* bool make_spte(vcpu, sp, slot, pte_access, gfn, ...) */
static void notrace filter_make_spte(unsigned long ip, unsigned long parent_ip,
				     struct ftrace_ops *ops,
				     struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	union kvm_mmu_page_role role;
	struct chariot_vm *vm;

	if (!regs || !guest_known((struct kvm_vcpu *)regs->di, &vm))
		return;
	if (!chariot_sp_is_tdp((void *)regs->si))
		return;
	role = chariot_sp_role((void *)regs->si);
	if (role.guest_mode || role.smm)
		return;
	regs->cx = chariot_filter_access(vm, (role.word & CHARIOT_VIEW_MASK) >>
					 CHARIOT_VIEW_SHIFT, role.level,
					 regs->r8, regs->cx);
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
	if (!guest_known(vcpu, &vm) || chariot_in_nested_guest(vcpu))
		return;
	gfn = *(u64 *)chariot_field((void *)regs->si, chariot_layout.fault_gfn);
	level = chariot_field((void *)regs->si, chariot_layout.fault_max_level);
	*level = chariot_max_level(vm, chariot_view_of(vcpu), gfn, *level);
}

/* int kvm_mmu_page_fault(vcpu, gpa, error_code, insn, insn_len) */
static noinline int our_page_fault(struct kvm_vcpu *vcpu, gpa_t gpa,
				   u64 error_code, void *insn, int insn_len)
{
	struct chariot_vm *vm = chariot_vm_find(vcpu->kvm);
	int ret;

	if (!vm || !chariot_fault(vm, vcpu, gpa, error_code, insn, insn_len,
				  &ret))
		ret = kvm_mmu_page_fault(vcpu, gpa, error_code, insn, insn_len);
	this_cpu_dec(inside);
	return ret;
}

static void notrace redirect_page_fault(unsigned long ip,
					unsigned long parent_ip,
					struct ftrace_ops *ops,
					struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	struct chariot_vm *vm;

	if (!regs || within_module(parent_ip, THIS_MODULE))
		return;
	if (!guest_known((struct kvm_vcpu *)regs->di, &vm))
		return;
	this_cpu_inc(inside);
	regs->ip = (unsigned long)our_page_fault;
}

/* int kvm_emulate_hypercall(vcpu) */
static noinline int our_hypercall(struct kvm_vcpu *vcpu)
{
	unsigned long *regs = vcpu->arch.regs;
	int ret;

	regs[VCPU_REGS_RAX] = chariot_hypercall(vcpu, regs[VCPU_REGS_RAX],
						regs[VCPU_REGS_RBX],
						regs[VCPU_REGS_RCX],
						regs[VCPU_REGS_RDX]);
	ret = kvm_skip_emulated_instruction(vcpu);
	this_cpu_dec(inside);
	return ret;
}

static void notrace redirect_hypercall(unsigned long ip,
				       unsigned long parent_ip,
				       struct ftrace_ops *ops,
				       struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	struct kvm_vcpu *vcpu;

	if (!regs)
		return;
	vcpu = (struct kvm_vcpu *)regs->di;
	if ((vcpu->arch.regs[VCPU_REGS_RAX] & ~0xffffull) != CHARIOT_CALL_BASE)
		return;
	if (chariot_in_nested_guest(vcpu))
		return;
	this_cpu_inc(inside);
	regs->ip = (unsigned long)our_hypercall;
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
 * without paging means that the guest has restarted, by a reset or by kexec,
 * and nobody is left who knows of its domains.
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
	if (vcpu->vcpu_id != vcpu->kvm->arch.bsp_vcpu_id ||
	    (vcpu->arch.cr0 & X86_CR0_PG) || !guest_known(vcpu, &vm))
		return;
	WRITE_ONCE(vm->forget, true);
}

/* Without FTRACE_OPS_FL_RECURSION: no hook calls the function it is on. */
#define HOOK_FILTER	FTRACE_OPS_FL_SAVE_REGS
/* IPMODIFY: nobody else may replace these functions at the same time. */
#define HOOK_REDIRECT	(HOOK_FILTER | FTRACE_OPS_FL_IPMODIFY)

static struct hook {
	const char *name;
	struct ftrace_ops ops;
} hooks[] = {
	{ "kvm_arch_destroy_vm", { .func = watch_destroy,
				   .flags = HOOK_FILTER } },
	{ "kvm_init_mmu",	 { .func = watch_init_mmu,
				   .flags = HOOK_FILTER } },
	{ "make_spte",		 { .func = filter_make_spte,
				   .flags = HOOK_FILTER } },
	{ "kvm_mmu_hugepage_adjust", { .func = filter_hugepage,
				   .flags = HOOK_FILTER } },
	{ "kvm_mmu_page_fault",	 { .func = redirect_page_fault,
				   .flags = HOOK_REDIRECT } },
	{ "kvm_emulate_hypercall", { .func = redirect_hypercall,
				   .flags = HOOK_REDIRECT } },
};

static int hook_set(struct hook *hook)
{
	int err;

	err = ftrace_set_filter(&hook->ops, (unsigned char *)hook->name,
				strlen(hook->name), 1);
	if (!err)
		err = register_ftrace_function(&hook->ops);
	if (err)
		pr_err("cannot hook %s (%d); is it traceable, and not replaced by a live patch?\n",
		       hook->name, err);
	return err;
}

static void hook_clear(struct hook *hook)
{
	/* Waits until no CPU is in the hook's own code. */
	unregister_ftrace_function(&hook->ops);
	ftrace_free_filter(&hook->ops);
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
	while (inside_total())
		schedule_timeout_uninterruptible(1);
	/* Who has just left the count still runs a last instruction here. */
	synchronize_rcu_tasks();
	synchronize_rcu();
}
