// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is particular to AMD-V with nested paging.
 * Runs in the host kernel.
 */
#include "backend.h"

const struct chariot_vendor chariot_svm = {
	.name		 = "svm",
	.module		 = "kvm_amd",
	.paging_on	 = "npt=1",
	/*
	 * A TLB entry is tagged with the ASID alone, not with the nested root
	 * it was made from, so it would outlive a change of the view. (An ASID
	 * for each view would not do: the guest's INVLPG is not intercepted and
	 * reaches only the current one.)
	 */
	.flush_on_switch = true,
	/* APM vol. 2, 15.25.6: whether or not an A or D bit has to be set. */
	.walks_write	 = true,
};
