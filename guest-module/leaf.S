/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Leaf code: what a driver's memcpy(), memset() and the like are bound to. Each
 * domain has a page of it, executable in that domain's view alone, so that it
 * runs with the driver's rights, costs no exit, and keeps those rights when an
 * interrupt returns into it. No function calls anything or touches the stack:
 * fault.c leaves one by its return address.
 * Runs in a driver's view; trusts nothing.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/asm.h>
#include <asm/nospec-branch.h>
#include "compat/copy_user.h"
#include "stubs.h"

.macro leaf_function name
	.balign	0x100, 0xcc
chariot_leaf_\name\()_\@:
	.type	chariot_leaf_\name\()_\@, @function
	ENDBR
	\name\()_body
	.size	chariot_leaf_\name\()_\@, . - chariot_leaf_\name\()_\@
.endm

.macro memcpy_body
	movq	%rdi, %rax
	movq	%rdx, %rcx
	shrq	$3, %rcx
	rep	movsq
	movl	%edx, %ecx
	andl	$7, %ecx
	rep	movsb
	RET
.endm

/* Backwards when the destination begins inside the source. */
.macro memmove_body
	movq	%rdi, %rax
	movq	%rdi, %r8
	subq	%rsi, %r8
	cmpq	%rdx, %r8
	jb	.Lbackwards\@
	movq	%rdx, %rcx
	shrq	$3, %rcx
	rep	movsq
	movl	%edx, %ecx
	andl	$7, %ecx
	rep	movsb
	RET
.Lbackwards\@:
	movq	%rdx, %rcx
.Lbyte\@:
	testq	$7, %rcx
	jz	.Lwords\@
	movb	-1(%rsi,%rcx), %r8b
	movb	%r8b, -1(%rdi,%rcx)
	decq	%rcx
	jmp	.Lbyte\@
.Lwords\@:
	testq	%rcx, %rcx
	jz	.Ldone\@
	movq	-8(%rsi,%rcx), %r8
	movq	%r8, -8(%rdi,%rcx)
	subq	$8, %rcx
	jmp	.Lwords\@
.Ldone\@:
	RET
.endm

.macro memset_body
	movq	%rdi, %r9
	movq	%rdx, %rcx
	shrq	$3, %rcx
	movzbl	%sil, %esi
	movabsq	$0x0101010101010101, %rax
	imulq	%rsi, %rax
	rep	stosq
	movl	%edx, %ecx
	andl	$7, %ecx
	rep	stosb
	movq	%r9, %rax
	RET
.endm

.macro clear_page_body
	movl	$512, %ecx
	xorl	%eax, %eax
	rep	stosq
	RET
.endm

.macro copy_page_body
	movl	$512, %ecx
	rep	movsq
	RET
.endm

.macro memcmp_body
	xorl	%eax, %eax
	movq	%rdx, %rcx
	/* ZF must say "equal" when there is nothing to compare. */
	cmpl	%eax, %eax
	repe	cmpsb
	je	.Lequal\@
	movzbl	-1(%rdi), %eax
	movzbl	-1(%rsi), %ecx
	subl	%ecx, %eax
.Lequal\@:
	RET
.endm

.macro strlen_body
	xorl	%eax, %eax
.Lnext\@:
	cmpb	$0, (%rdi,%rax)
	je	.Lend\@
	incq	%rax
	jmp	.Lnext\@
.Lend\@:
	RET
.endm

.macro strcmp_body
.Lnext\@:
	movzbl	(%rdi), %eax
	movzbl	(%rsi), %ecx
	cmpl	%ecx, %eax
	jne	.Ldiffer\@
	incq	%rdi
	incq	%rsi
	testl	%eax, %eax
	jnz	.Lnext\@
	RET
.Ldiffer\@:
	sbbl	%eax, %eax
	orl	$1, %eax
	RET
.endm

/*
 * What __copy_from_user() and its kin call in their middle, since Linux 6.4: rcx
 * bytes, what is left in rcx, only rax besides may change. Copies to user memory
 * are the kernel's to do.
 */
.macro copy_from_user_body
#ifdef CHARIOT_COPY_TO_USER
	testq	%rdi, %rdi
	jns	CHARIOT_COPY_TO_USER
#endif
1:	rep	movsb
2:	RET
	_ASM_EXTABLE_UA(1b, 2b)
.endm

	.text
	.balign	4096, 0xcc
	.globl	chariot_leaf_pages
chariot_leaf_pages:
	.rept	CHARIOT_STUB_DOMAINS
	.balign	4096, 0xcc
	leaf_function memcpy
	leaf_function memmove
	leaf_function memset
	leaf_function clear_page
	leaf_function copy_page
	leaf_function memcmp
	leaf_function strlen
	leaf_function strcmp
	leaf_function copy_from_user
	.endr
	.balign	4096, 0xcc
	.globl	chariot_leaf_pages_end
chariot_leaf_pages_end:
	ANNOTATE_NOENDBR
	int3
