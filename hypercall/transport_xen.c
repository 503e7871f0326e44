// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Calls by Xen's HVMOP_guest_request_vm_event, which tells whoever monitors the
 * guest, chariot-xend, and waits for it. It finds the call's number in rdx, its
 * arguments in r10, r8 and r9, and leaves the result in rax and a mark in rdx: if
 * that is not there, nobody has answered.
 * Runs in an HVM or PVH guest of Xen; trusts it.
 */
#include <linux/errno.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>
#include <asm/xen/hypervisor.h>
#include <xen/xen.h>
#include <chariot/hypercall.h>

/* Xen's public headers: xen.h, hvm/hvm_op.h. Linux's copy lacks the second one. */
#define HYPERCALL_HVM_OP		34
#define GUEST_REQUEST_VM_EVENT		24

static bool xen_detect(void)
{
	/* A PV guest has no VMCALL, and AMD's processors have no views in Xen. */
	return boot_cpu_has(X86_FEATURE_HYPERVISOR) && xen_cpuid_base() &&
	       !xen_pv_domain() && boot_cpu_data.x86_vendor == X86_VENDOR_INTEL;
}

static long xen_call(u32 nr, u64 a1, u64 a2, u64 a3)
{
	register u64 r10 asm("r10") = a1;
	register u64 r8 asm("r8") = a2;
	register u64 r9 asm("r9") = a3;
	u64 op = GUEST_REQUEST_VM_EVENT, none = 0;
	u64 number = CHARIOT_CALL_BASE + nr;
	long ret = HYPERCALL_HVM_OP;

	asm volatile("vmcall"
		     : "+a" (ret), "+D" (op), "+S" (none), "+d" (number),
		       "+r" (r10), "+r" (r8), "+r" (r9)
		     : : "memory", "rcx", "r11");
	return number == CHARIOT_XEN_ANSWERED ? ret : -ENOSYS;
}

const struct chariot_transport chariot_transport_xen = {
	.name	= "xen",
	.detect	= xen_detect,
	.call	= xen_call,
};
