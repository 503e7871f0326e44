// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is particular to Intel VT-x with EPT.
 * Runs in the host kernel. SDM: Intel 64 and IA-32 Architectures Software
 * Developer's Manual, vol. 3C.
 */
#include "backend.h"

const struct chariot_vendor chariot_vmx = {
	.name		 = "vmx",
	.module		 = "kvm_intel",
	.paging_on	 = "ept=1",
	/*
	 * What the processor caches of EPT is tagged with the EPT root it was
	 * made from (SDM 29.4.1), and the guest's own invalidations reach what
	 * is cached with the other roots, too (SDM 29.4.3.1).
	 */
	.flush_on_switch = false,
	/*
	 * With A and D bits in EPT, each access to a page table counts as a
	 * write (SDM 29.3.3.2); without them (eptad=0), one that sets an A or
	 * D bit in the page table does. So either way page tables that are in
	 * use become writable in a view, and need their second maps.
	 */
	.walks_write	 = true,
};
