/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stubs: for each domain, one for each wrapped import. A driver's import is
 * bound to the stub of its domain; the stub calls the wrapper, whose return
 * address then says which driver called, even when the driver reached the stub
 * by a jump (tail call) or the kernel reached it by a pointer that the driver
 * gave away (kfree as a callback).
 * Runs in the guest kernel's view.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/nospec-branch.h>
#include "stubs.h"

.macro chariot_stub wrapper
	.balign	CHARIOT_STUB_SIZE, 0xcc
chariot_stub_\wrapper\()_\@:
	.type	chariot_stub_\wrapper\()_\@, @function
	ENDBR
	call	\wrapper
	RET
	.size	chariot_stub_\wrapper\()_\@, . - chariot_stub_\wrapper\()_\@
.endm

#define CHARIOT_WRAP(import, wrapper)		chariot_stub wrapper
#define CHARIOT_VARARGS(import, wrapper)	chariot_stub wrapper
#define CHARIOT_LEAF(import, leaf)

	.text
	.balign	64, 0xcc
	.globl	chariot_stubs
chariot_stubs:
	.rept	CHARIOT_STUB_DOMAINS
#include "imports.def"
	.endr
	.balign	CHARIOT_STUB_SIZE, 0xcc
	.globl	chariot_stubs_end
chariot_stubs_end:
	ANNOTATE_NOENDBR
	int3
