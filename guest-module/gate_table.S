/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Gates: what the kernel calls in place of a driver's function whose address it
 * was given, and what a driver calls in place of a kernel function that gives it
 * an object. Only here is it known what is handed to a driver.
 *
 * An entry gate is reached by the kernel, or by the driver itself when it calls
 * by its own pointers; so that this costs no exit the pages of all gates are
 * executable in every view (as thunks are), they write nothing but the stack, and
 * what a driver calls itself it goes to at once.
 * For objtool a row of gates is one function that it leaves alone.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/nospec-branch.h>
#include <asm/ibt.h>
#include "gates.h"

.macro chariot_gates first, count, to
	.set	gate, \first
	.rept	\count
	.balign	CHARIOT_GATE_SIZE, 0xcc
	ENDBR
	movl	$gate, %r11d
	jmp	\to
	.set	gate, gate + 1
	.endr
	.balign	CHARIOT_GATE_SIZE, 0xcc
.endm

	.text
	.balign	4096, 0xcc
	.globl	chariot_entry_gates
	.type	chariot_entry_gates, @function
chariot_entry_gates:
	chariot_gates 0, CHARIOT_ENTRY_GATES, chariot_gate_way
	.size	chariot_entry_gates, . - chariot_entry_gates
STACK_FRAME_NON_STANDARD chariot_entry_gates

/* r10, r11 and rax are free in a call: no function here takes floats. */
	.type	chariot_gate_way, @function
chariot_gate_way:
	movq	chariot_gate_table(,%r11,8), %r10
	movq	(%rsp), %rax
	subq	CHARIOT_GATE_TEXT(%r10), %rax
	cmpq	CHARIOT_GATE_TEXT_SIZE(%r10), %rax
	jae	chariot_gate_enter
	movq	CHARIOT_GATE_TARGET(%r10), %rax
	JMP_NOSPEC rax
	.size	chariot_gate_way, . - chariot_gate_way

	.balign	4096, 0xcc
	.globl	chariot_entry_gates_end
chariot_entry_gates_end:

	.globl	chariot_import_gates
	.type	chariot_import_gates, @function
chariot_import_gates:
	chariot_gates CHARIOT_ENTRY_GATES, CHARIOT_IMPORT_GATES, chariot_gate_import
	.size	chariot_import_gates, . - chariot_import_gates
STACK_FRAME_NON_STANDARD chariot_import_gates
	.globl	chariot_import_gates_end
chariot_import_gates_end:
