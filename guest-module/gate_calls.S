/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Behind the gates: tells gates.c of the arguments, and goes to the function.
 * Runs in the guest kernel's view; r10 is the gate's struct chariot_gate.
 */
#include <linux/linkage.h>
#include <asm/nospec-branch.h>
#include "gates.h"

.macro push_arguments
	pushq	%r9
	pushq	%r8
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
.endm

.macro pop_arguments
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%r8
	popq	%r9
.endm

/* The driver's function returns to the gate's caller: nothing is left behind. */
SYM_FUNC_START(chariot_gate_enter)
	pushq	%rbp
	movq	%rsp, %rbp
	push_arguments
	movq	%rsp, %rdi
	movq	%r10, %rsi
	call	chariot_gate_entered
	pop_arguments
	popq	%rbp
	JMP_NOSPEC rax
SYM_FUNC_END(chariot_gate_enter)

/* Arguments on the stack, if any, are passed on: CHARIOT_GATE_STACK words. */
#define CHARIOT_GATE_STACK	6

SYM_FUNC_START(chariot_gate_import)
	movq	chariot_gate_table(,%r11,8), %r10
	pushq	%rbp
	movq	%rsp, %rbp
	push_arguments
	pushq	%r10
	pushq	%r10
	leaq	16(%rsp), %rdi
	movq	%r10, %rsi
	call	chariot_gate_import_called
	movq	-48(%rbp), %rdi
	movq	-40(%rbp), %rsi
	movq	-32(%rbp), %rdx
	movq	-24(%rbp), %rcx
	movq	-16(%rbp), %r8
	movq	-8(%rbp), %r9
	.set	word, CHARIOT_GATE_STACK
	.rept	CHARIOT_GATE_STACK
	pushq	8 + 8 * word(%rbp)
	.set	word, word - 1
	.endr
	CALL_NOSPEC rax
	addq	$8 * CHARIOT_GATE_STACK, %rsp
	movq	%rax, (%rsp)
	leaq	-48(%rbp), %rdi
	movq	-56(%rbp), %rsi
	movq	%rax, %rdx
	call	chariot_gate_import_returned
	movq	(%rsp), %rax
	movq	%rbp, %rsp
	popq	%rbp
	RET
SYM_FUNC_END(chariot_gate_import)
