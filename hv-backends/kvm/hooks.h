/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the hooks, their handlers and entry.S.
 */
#ifndef CHARIOT_KVM_HOOKS_H
#define CHARIOT_KVM_HOOKS_H

/* Not ours: KVM's own function is to run. No value it returns itself. */
#define CHARIOT_PASS	-0x7fffffff

#ifndef __ASSEMBLY__
#include <linux/percpu.h>

/*
 * Calls that are in a handler. They may sleep there, so nothing but the count
 * tells when the module's text is left.
 */
DECLARE_PER_CPU(long, chariot_inside);

/* entry.S */
void chariot_entry_page_fault(void);
void chariot_entry_hypercall(void);
void chariot_entry_emulate(void);

/* faults.c: what these return, or CHARIOT_PASS. */
int chariot_handle_page_fault(struct kvm_vcpu *vcpu, gpa_t gpa, u64 error_code,
			      void *insn, int insn_len);
int chariot_handle_emulate(struct kvm_vcpu *vcpu, int emulation_type);

/* hooks.c */
int chariot_handle_hypercall(struct kvm_vcpu *vcpu);

/**
 * chariot_guest_known - the state of a guest that uses Chariot, or NULL
 * @vcpu: one of its virtual CPUs, which runs in this thread
 */
static __always_inline struct chariot_vm *
chariot_guest_known(const struct kvm_vcpu *vcpu)
{
	struct chariot_vm *vm = chariot_vm_find(vcpu->kvm);

	return vm && READ_ONCE(vm->used) ? vm : NULL;
}
#endif

#endif /* CHARIOT_KVM_HOOKS_H */
