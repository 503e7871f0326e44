/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The "driver": functions in pages of their own that do one thing each.
 * They return without the kernel's return thunk, to count crossings exactly.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/alternative.h>
#include <asm/asm.h>
#include <asm/cpufeatures.h>
#include <asm/nospec-branch.h>

	.section .text.driver, "ax"
	.balign 4096, 0xcc
	.globl drv_start
drv_start:
	ANNOTATE_NOENDBR

.macro leave_driver
	ANNOTATE_UNRET_SAFE
	ret
	int3
.endm

/* void drv_nop(void) */
SYM_FUNC_START(drv_nop)
	leave_driver
SYM_FUNC_END(drv_nop)

/* u64 drv_load(u64 *from) */
SYM_FUNC_START(drv_load)
	mov	(%rdi), %rax
	leave_driver
SYM_FUNC_END(drv_load)

/* void drv_store8(void *to, u8 value), and so on */
SYM_FUNC_START(drv_store8)
	mov	%sil, (%rdi)
	leave_driver
SYM_FUNC_END(drv_store8)

SYM_FUNC_START(drv_store32)
	mov	%esi, (%rdi)
	leave_driver
SYM_FUNC_END(drv_store32)

SYM_FUNC_START(drv_store64)
	mov	%rsi, (%rdi)
	leave_driver
SYM_FUNC_END(drv_store64)

/* u64 drv_store_then(u64 *to, u64 value, u64 result): goes on after it */
SYM_FUNC_START(drv_store_then)
	mov	%rsi, (%rdi)
	.globl drv_store_next
drv_store_next:
	ANNOTATE_NOENDBR
	mov	%rdx, %rax
	leave_driver
SYM_FUNC_END(drv_store_then)

/* long drv_try(u64 *to, u64 value): -EFAULT if the page fault says so */
SYM_FUNC_START(drv_try)
1:	mov	%rsi, (%rdi)
	xor	%eax, %eax
	leave_driver
2:	mov	$-14, %rax
	leave_driver
	_ASM_EXTABLE(1b, 2b)
SYM_FUNC_END(drv_try)

/* void drv_inc(u32 *counter) */
SYM_FUNC_START(drv_inc)
	lock incl (%rdi)
	leave_driver
SYM_FUNC_END(drv_inc)

/* u64 drv_cmpxchg(u64 *at, u64 old, u64 new) */
SYM_FUNC_START(drv_cmpxchg)
	mov	%rsi, %rax
	lock cmpxchg %rdx, (%rdi)
	leave_driver
SYM_FUNC_END(drv_cmpxchg)

/* void drv_or(u64 *at, u64 bits) */
SYM_FUNC_START(drv_or)
	or	%rsi, (%rdi)
	leave_driver
SYM_FUNC_END(drv_or)

/* u64 drv_memset(void *to, int value, u64 size): what is left of size */
SYM_FUNC_START(drv_memset)
	mov	%esi, %eax
	mov	%rdx, %rcx
	rep stosb
	mov	%rcx, %rax
	leave_driver
SYM_FUNC_END(drv_memset)

/* u64 drv_memcpy(void *to, void *from, u64 size) */
SYM_FUNC_START(drv_memcpy)
	mov	%rdx, %rcx
	rep movsb
	mov	%rcx, %rax
	leave_driver
SYM_FUNC_END(drv_memcpy)

/* void drv_fxsave(void *to) */
SYM_FUNC_START(drv_fxsave)
	fxsave64 (%rdi)
	leave_driver
SYM_FUNC_END(drv_fxsave)

/* u64 drv_stack(u64 depth): writes and reads that much of the stack */
SYM_FUNC_START(drv_stack)
	push	%rbx
	mov	%rsp, %rbx
	sub	%rdi, %rsp
	mov	%rdi, (%rsp)
	push	%rdi
	pop	%rax
	mov	(%rsp), %rax
	mov	%rbx, %rsp
	pop	%rbx
	leave_driver
SYM_FUNC_END(drv_stack)
STACK_FRAME_NON_STANDARD drv_stack

/* u64 drv_call(void *function, u64 arg) */
SYM_FUNC_START(drv_call)
	push	%rbp
	mov	%rdi, %rax
	mov	%rsi, %rdi
	ANNOTATE_RETPOLINE_SAFE
	call	*%rax
	pop	%rbp
	leave_driver
SYM_FUNC_END(drv_call)
STACK_FRAME_NON_STANDARD drv_call

/* void drv_spin(u64 *counter, u64 rounds): counts in memory */
SYM_FUNC_START(drv_spin)
1:	incq	(%rdi)
	dec	%rsi
	jnz	1b
	leave_driver
SYM_FUNC_END(drv_spin)

/* void drv_ins(void *to, u16 port, u64 count) */
SYM_FUNC_START(drv_ins)
	mov	%rdx, %rcx
	mov	%esi, %edx
	rep insb
	leave_driver
SYM_FUNC_END(drv_ins)

/* long drv_hypercall(u64 nr): a call that only the kernel may make */
SYM_FUNC_START(drv_hypercall)
	push	%rbx
	mov	%rdi, %rax
	ALTERNATIVE "vmcall", "vmmcall", X86_FEATURE_VMMCALL
	pop	%rbx
	leave_driver
SYM_FUNC_END(drv_hypercall)
STACK_FRAME_NON_STANDARD drv_hypercall

	.balign 4096, 0xcc
	.globl drv_end
drv_end:
	ANNOTATE_NOENDBR
	int3
	.balign 4096, 0xcc

/* Eight more drivers of a page each; each calls the next one and returns. */
	.globl drv_chain
drv_chain:
	ANNOTATE_NOENDBR
.macro CHAIN n
SYM_FUNC_START(drv_chain\n)
	push	%rbx
	incq	(%rdi, %rsi, 8)
	inc	%rsi
	mov	%rsi, %rax
	cmp	%rdx, %rsi
	jae	1f
	call	2f
1:	pop	%rbx
	leave_driver
	.balign 4096, 0xcc
2:
SYM_FUNC_END(drv_chain\n)
STACK_FRAME_NON_STANDARD drv_chain\n
.endm
CHAIN 0
CHAIN 1
CHAIN 2
CHAIN 3
CHAIN 4
CHAIN 5
CHAIN 6
CHAIN 7
	int3
