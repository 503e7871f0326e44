// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults by instruction: every way to store that a compiler or a kernel's
 * inline assembly uses. Runs in the guest's kernel, isolated or not.
 */

#include <asm/fpu/api.h>
#include <linux/string.h>

#include "faulty.h"

#define STORE(name, ...)		\
static FAULT_FUNCTION(name)		\
{					\
	u8 *at = (u8 *)call->target;	\
					\
	__VA_ARGS__;			\
}

STORE(store1, asm volatile("movb %1, %0" : "=m"(*at) : "q"((u8)0x11)))
STORE(store2, asm volatile("movw %1, %0" : "=m"(*(u16 *)at) : "r"((u16)0x2222)))
STORE(store4, asm volatile("movl %1, %0" : "=m"(*(u32 *)at) : "r"(0x44444444)))
STORE(store8, asm volatile("movq %1, %0" : "=m"(*(u64 *)at) : "r"(0x8888888888888888)))
STORE(store_imm, asm volatile("movl $0x41414141, %0" : "=m"(*(u32 *)at)))
STORE(unaligned, {
	at += 3;
	call->target += 3;
	asm volatile("movq %1, %0" : "=m"(*(u64 *)at) : "r"(0x1212121212121212));
})
/* The victim's target is 4 bytes before the end of a page. */
STORE(crossing, asm volatile("movq %1, %0" : "=m"(*(u64 *)at) : "r"(0x1313131313131313)))
STORE(add, asm volatile("addq $5, %0" : "+m"(*(u64 *)at)))
STORE(or_byte, asm volatile("orb $0xa5, %0" : "+m"(*at)))
STORE(locked_inc, asm volatile("lock incl %0" : "+m"(*(u32 *)at)))
STORE(locked_xadd, {
	u64 value = 7;

	asm volatile("lock xaddq %0, %1" : "+r"(value), "+m"(*(u64 *)at));
})
STORE(locked_bts, asm volatile("lock btsq $2, %0" : "+m"(*(u64 *)at)))
STORE(xchg, {
	u64 value = 0x1717171717171717;

	asm volatile("xchgq %0, %1" : "+r"(value), "+m"(*(u64 *)at));
})
STORE(cmpxchg, {
	u64 old = READ_ONCE(*(u64 *)at);

	asm volatile("lock cmpxchgq %2, %1" : "+a"(old), "+m"(*(u64 *)at)
		     : "r"(0x1818181818181818));
})
STORE(cmpxchg16, {
	u64 low = READ_ONCE(*(u64 *)at);
	u64 high = READ_ONCE(*(u64 *)(at + 8));

	asm volatile("lock cmpxchg16b %2" : "+a"(low), "+d"(high), "+m"(*(u64 (*)[2])at)
		     : "b"(0x1919191919191919), "c"(0x1919191919191919));
})
STORE(rep_stosb, {
	unsigned long count = 40;

	asm volatile("rep stosb" : "+D"(at), "+c"(count) : "a"(0x1a) : "memory");
})
STORE(rep_stosq, {
	unsigned long count = 5;

	asm volatile("rep stosq" : "+D"(at), "+c"(count) : "a"(0x1b1b1b1b1b1b1b1b) : "memory");
})
STORE(rep_movsb, {
	static const u8 source[40] = "forty bytes, which belong to nobody else";
	const u8 *from = source;
	unsigned long count = sizeof(source);

	asm volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(count) : : "memory");
})
STORE(movsq, {
	static const u64 source = 0x1d1d1d1d1d1d1d1d;
	const u64 *from = &source;

	asm volatile("movsq" : "+D"(at), "+S"(from) : : "memory");
})
STORE(movnti, asm volatile("movnti %1, %0" : "=m"(*(u64 *)at) : "r"(0x1e1e1e1e1e1e1e1e)))
STORE(sse, {
	static const u8 source[16] = "sixteen bytes..";

	kernel_fpu_begin();
	asm volatile("movups %1, %%xmm0\n\tmovups %%xmm0, %0"
		     : "=m"(*(u8 (*)[16])at) : "m"(source));
	kernel_fpu_end();
})
STORE(sse_aligned, {
	static const u8 source[16] = "aligned sixteen";

	kernel_fpu_begin();
	asm volatile("movups %1, %%xmm0\n\tmovdqa %%xmm0, %0"
		     : "=m"(*(u8 (*)[16])at) : "m"(source));
	kernel_fpu_end();
})
STORE(fxsave, {
	u8 *aligned = PTR_ALIGN(at, 16);

	kernel_fpu_begin();
	asm volatile("fxsaveq %0" : "=m"(*(u8 (*)[512])aligned));
	kernel_fpu_end();
})

const struct fault store_faults[] = {
	FAULT(store1),
	FAULT(store2),
	FAULT(store4),
	FAULT(store8),
	FAULT(store_imm),
	FAULT(unaligned),
	FAULT(crossing),
	FAULT(add),
	FAULT(or_byte),
	FAULT(locked_inc),
	FAULT(locked_xadd),
	FAULT(locked_bts),
	FAULT(xchg),
	FAULT(cmpxchg),
	FAULT(cmpxchg16),
	FAULT(rep_stosb),
	FAULT(rep_stosq),
	FAULT(rep_movsb),
	FAULT(movsq),
	FAULT(movnti),
	FAULT(sse),
	FAULT(sse_aligned),
	FAULT(fxsave),
	{ }
};
