/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Behind the gates: tells gates.c of the arguments, and goes to the function. Runs
 * in whichever view it is reached in, as the gates do: its pages are executable in
 * all of them, and it writes the stack alone. What it calls in the kernel it calls
 * in the kernel's view, by the backend's doing, or, where the guest may change
 * views, by its own (switch.c).
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/asm.h>
#include <asm/nospec-branch.h>
#include <asm/percpu.h>
#include "gates.h"

/* %r9 is at -8(%rbp), and so on to %rdi at -48(%rbp). */
.macro push_arguments
	pushq	%r9
	pushq	%r8
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
.endm

.macro load_arguments
	movq	-48(%rbp), %rdi
	movq	-40(%rbp), %rsi
	movq	-32(%rbp), %rdx
	movq	-24(%rbp), %rcx
	movq	-16(%rbp), %r8
	movq	-8(%rbp), %r9
.endm

/* Arguments on the stack, if any, are passed on: so many words. */
.macro push_stack_arguments
	.set	word, CHARIOT_GATE_STACK
	.rept	CHARIOT_GATE_STACK
	pushq	8 + 8 * word(%rbp)
	.set	word, word - 1
	.endr
.endm

/*
 * VMFUNC's function 0: change to the view that is named in ecx. Undefined when the
 * backend has gone, and the views with it: then there is nothing to change.
 */
.macro switch_view
	xorl	%eax, %eax
.Lvmfunc_\@:
	vmfunc
.Lswitched_\@:
	_ASM_EXTABLE(.Lvmfunc_\@, .Lswitched_\@)
.endm

.macro switch_to_kernel
	xorl	%ecx, %ecx
	switch_view
.endm

/*
 * To a driver's view, in ecx: it may write the stack that it is entered with,
 * which the backend reads from the processor's own word. No other entry may come
 * between.
 */
.macro switch_to_driver
	pushfq
	cli
	movq	%rsp, PER_CPU_VAR(chariot_entry_stack)
	switch_view
	popfq
.endm

	.text
	.balign	4096, 0xcc
	.globl	chariot_gate_calls
chariot_gate_calls:
	ANNOTATE_NOENDBR
	int3

/* r10 is the gate. Where views are not changed here, nothing is left behind: the
 * driver's function returns to the gate's caller. */
SYM_FUNC_START(chariot_gate_enter)
	pushq	%rbp
	movq	%rsp, %rbp
	push_arguments
	pushq	%r10
	pushq	%r10
	leaq	16(%rsp), %rdi
	movq	%r10, %rsi
	call	chariot_gate_entered
	movq	(%rsp), %r10
	movl	CHARIOT_GATE_VIEW(%r10), %r11d
	testl	%r11d, %r11d
	jnz	.Lenter_switch
	load_arguments
	movq	%rbp, %rsp
	popq	%rbp
	JMP_NOSPEC rax

.Lenter_switch:
	push_stack_arguments
	movq	%rax, %r10
	movl	%r11d, %ecx
	switch_to_driver
	load_arguments
	CALL_NOSPEC r10
	movq	%rax, %r10
	switch_to_kernel
	movq	%r10, %rax
	movq	%rbp, %rsp
	popq	%rbp
	RET
SYM_FUNC_END(chariot_gate_enter)

/* r11 is the number of the gate. On the stack: what is returned, the gate. */
SYM_FUNC_START(chariot_gate_import)
	movq	chariot_gate_table(,%r11,8), %r10
	pushq	%rbp
	movq	%rsp, %rbp
	push_arguments
	pushq	%r10
	pushq	%r10
	subq	$16, %rsp
	cmpl	$0, CHARIOT_GATE_VIEW(%r10)
	je	1f
	switch_to_kernel
1:	load_arguments
	push_stack_arguments
	movq	CHARIOT_GATE_TARGET(%r10), %rax
	CALL_NOSPEC rax
	addq	$8 * CHARIOT_GATE_STACK, %rsp
	movq	16(%rsp), %r10
	movq	%rax, (%rsp)
	movq	%rdx, 8(%rsp)
	cmpl	$0, CHARIOT_GATE_GIVES(%r10)
	je	2f
	leaq	-48(%rbp), %rdi
	movq	%r10, %rsi
	movq	%rax, %rdx
	call	chariot_gate_import_returned
	movq	16(%rsp), %r10
2:	movl	CHARIOT_GATE_VIEW(%r10), %ecx
	testl	%ecx, %ecx
	jz	3f
	switch_to_driver
3:	movq	(%rsp), %rax
	movq	8(%rsp), %rdx
	movq	%rbp, %rsp
	popq	%rbp
	RET
SYM_FUNC_END(chariot_gate_import)

	.balign	4096, 0xcc
	.globl	chariot_gate_calls_end
chariot_gate_calls_end:
	ANNOTATE_NOENDBR
	int3
