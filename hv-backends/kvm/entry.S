/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where calls of some of KVM's functions arrive first, from the call that ftrace
 * puts at their beginning; on the stack are the return address into the
 * function and the one of its caller. The handler gets the function's
 * arguments. With CHARIOT_PASS the function runs as if nothing had happened;
 * any other value is returned to its caller, and the function does not run.
 * Runs in the host kernel; trusts ftrace.
 */
#include <linux/linkage.h>
#include <asm/unwind_hints.h>

#include "hooks.h"

	.text

.macro REPLACEMENT name handler
SYM_FUNC_START(\name)
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rcx
	push	%r8
	call	\handler
	pop	%r8
	pop	%rcx
	pop	%rdx
	pop	%rsi
	pop	%rdi
	cmp	$CHARIOT_PASS, %eax
	jne	1f
	RET
1:	add	$8, %rsp
	UNWIND_HINT_FUNC
	RET
SYM_FUNC_END(\name)
.endm

REPLACEMENT chariot_entry_page_fault, chariot_handle_page_fault
REPLACEMENT chariot_entry_hypercall, chariot_handle_hypercall
REPLACEMENT chariot_entry_emulate, chariot_handle_emulate
