// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes each of Chariot's calls from user mode: usercalls GPA, where from GPA on each
 * call's request lies in a page of its own. Succeeds if each is refused, by -EPERM
 * or by a signal. Runs in the lab's guest, started by the hostile module.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CALL_BASE	0x43480000ul
#define CALLS		14	/* and two that there are not */
#define PAGE		4096ul
#define REFUSED		-1l	/* -EPERM, which is Xen's, too */

static sigjmp_buf back;

static void on_signal(int number)
{
	siglongjmp(back, number);
}

static long by_vmmcall(unsigned long nr, unsigned long a1, unsigned long a2, unsigned long a3)
{
	asm volatile(".byte 0x0f, 0x01, 0xd9"
		     : "+a" (nr) : "b" (a1), "c" (a2), "d" (a3) : "memory");
	return nr;
}

static long by_vmcall(unsigned long nr, unsigned long a1, unsigned long a2, unsigned long a3)
{
	asm volatile(".byte 0x0f, 0x01, 0xc1"
		     : "+a" (nr) : "b" (a1), "c" (a2), "d" (a3) : "memory");
	return nr;
}

/* HVMOP_guest_request_vm_event: hypercall/transport_xen.c. */
static long by_xen(unsigned long nr, unsigned long a1, unsigned long a2, unsigned long a3)
{
	register unsigned long r10 asm("r10") = a1, r8 asm("r8") = a2, r9 asm("r9") = a3;
	unsigned long op = 24, none = 0;
	long ret = 34;

	asm volatile(".byte 0x0f, 0x01, 0xc1"
		     : "+a" (ret), "+D" (op), "+S" (none), "+d" (nr), "+r" (r10), "+r" (r8),
		       "+r" (r9)
		     : : "memory", "rcx", "r11");
	return ret;
}

typedef long way(unsigned long nr, unsigned long a1, unsigned long a2, unsigned long a3);

static int refused(way *call, unsigned long nr, unsigned long gpa)
{
	/* The domain first, for those calls that want one. */
	unsigned long a1 = nr == 2 || nr == 3 || nr == 6 || nr == 11 ? 1 : gpa + nr * PAGE;
	unsigned long a2 = nr == 6 ? gpa + nr * PAGE : nr == 8 ? PAGE : 0;
	long ret;

	if (sigsetjmp(back, 1))
		return 1;
	ret = call(CALL_BASE + nr, a1, a2, 0);
	if (ret != REFUSED)
		fprintf(stderr, "call %lu from user mode returned %ld\n", nr, ret);
	return ret == REFUSED;
}

int main(int argc, char **argv)
{
	static way *const ways[] = { by_vmmcall, by_vmcall, by_xen };
	unsigned long gpa, nr, i;
	int bad = 0;

	if (argc != 2)
		return 2;
	gpa = strtoul(argv[1], NULL, 0);
	signal(SIGSEGV, on_signal);
	signal(SIGILL, on_signal);
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		for (nr = 0; nr < CALLS; nr++)
			bad += !refused(ways[i], nr, gpa);
	return bad != 0;
}
