/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The "drivers": a page each that stores a value; the first one also makes calls,
 * in each transport's way. They return without the kernel's return thunk, which no
 * domain here may execute.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/nospec-branch.h>

	.section .text.driver, "ax"

.macro leave_driver
	ANNOTATE_UNRET_SAFE
	ret
	int3
.endm

/* void driver_store(u64 *to, u64 value) */
.macro DRIVER n
	.balign 4096, 0xcc
SYM_FUNC_START(driver_store\n)
	mov	%rsi, (%rdi)
	leave_driver
SYM_FUNC_END(driver_store\n)
.endm

/* long driver_*(u64 nr, u64 a1, u64 a2, u64 a3): in KVM's registers ... */
.macro KVM_CALL name, code:vararg
SYM_FUNC_START(\name)
	push	%rbx
	mov	%rdi, %rax
	mov	%rsi, %rbx
	xchg	%rcx, %rdx
	.byte	\code
	pop	%rbx
	leave_driver
SYM_FUNC_END(\name)
STACK_FRAME_NON_STANDARD \name
.endm

	.balign 4096, 0xcc
	.globl drivers_start
drivers_start:
	ANNOTATE_NOENDBR
DRIVER 0
KVM_CALL driver_vmmcall, 0x0f, 0x01, 0xd9
KVM_CALL driver_vmcall, 0x0f, 0x01, 0xc1

/* ... and in those of Xen: transport_xen.c. */
SYM_FUNC_START(driver_xen)
	mov	%rsi, %r10
	mov	%rdx, %r8
	mov	%rcx, %r9
	mov	%rdi, %rdx
	mov	$34, %eax
	mov	$24, %edi
	xor	%esi, %esi
	.byte	0x0f, 0x01, 0xc1
	leave_driver
SYM_FUNC_END(driver_xen)
STACK_FRAME_NON_STANDARD driver_xen

DRIVER 1
DRIVER 2
DRIVER 3
DRIVER 4
DRIVER 5
DRIVER 6
DRIVER 7
	.balign 4096, 0xcc

/* The first driver, in the shadow of sti: what interrupts comes at its first instruction. */
	.text
SYM_FUNC_START(driver_interrupted)
	sti
	jmp	driver_store0
SYM_FUNC_END(driver_interrupted)
