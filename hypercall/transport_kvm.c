// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Calls by VMCALL/VMMCALL in KVM's register convention: number in rax,
 * arguments in rbx, rcx, rdx, result in rax.
 * Runs in a guest of KVM; trusts it.
 */
#include <linux/errno.h>
#include <asm/cpufeature.h>
#include <linux/kvm_para.h>
#include <asm/processor.h>
#include <chariot/hypercall.h>

/* KVM's own error for a call it does not know (kvm_para.h: KVM_ENOSYS). */
#define KVM_UNKNOWN_CALL	(-KVM_ENOSYS)

static bool kvm_detect(void)
{
	return boot_cpu_has(X86_FEATURE_HYPERVISOR) &&
	       hypervisor_cpuid_base(KVM_SIGNATURE, 0);
}

static long kvm_call(u32 nr, u64 a1, u64 a2, u64 a3)
{
	long ret = kvm_hypercall3(CHARIOT_CALL_BASE + nr, a1, a2, a3);

	return ret == KVM_UNKNOWN_CALL ? -ENOSYS : ret;
}

const struct chariot_transport chariot_transport_kvm = {
	.name	= "kvm",
	.detect	= kvm_detect,
	.call	= kvm_call,
};
