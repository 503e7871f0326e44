/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by hooks.c and entry.S.
 */
#ifndef CHARIOT_KVM_HOOKS_H
#define CHARIOT_KVM_HOOKS_H

/* Not ours: KVM's own function is to run. No value it returns itself. */
#define CHARIOT_PASS	-0x7fffffff

#ifndef __ASSEMBLY__
void chariot_entry_page_fault(void);
void chariot_entry_hypercall(void);
void chariot_entry_emulate(void);
int chariot_handle_page_fault(struct kvm_vcpu *vcpu, gpa_t gpa, u64 error_code,
			      void *insn, int insn_len);
int chariot_handle_hypercall(struct kvm_vcpu *vcpu);
int chariot_handle_emulate(struct kvm_vcpu *vcpu, int emulation_type);
#endif

#endif /* CHARIOT_KVM_HOOKS_H */
