/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls of kernel functions whose address is known but which the kernel does
 * not expect to be called by address; see compat.h. Used when the module is
 * loaded and on rare paths, so that the return stack's misprediction is no
 * cost.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/nospec-branch.h>

	.text
SYM_FUNC_START(chariot_call3)
	push	%rcx
	ANNOTATE_UNRET_SAFE
	ret
	int3
SYM_FUNC_END(chariot_call3)
STACK_FRAME_NON_STANDARD chariot_call3
