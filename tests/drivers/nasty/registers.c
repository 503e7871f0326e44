// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers that only the kernel should load. Runs isolated.
 * The result of these is 1 if the register was what the driver wanted for a while, and
 * 0 if not; it is put back in any case.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/objtool.h>
#include <linux/string.h>
#include <asm/desc_defs.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "nasty.h"

#define CONTROL_REGISTER(name)						\
static __always_inline unsigned long get_##name(void)			\
{									\
	unsigned long value;						\
									\
	asm volatile("mov %%" #name ", %0" : "=r"(value) : : "memory");	\
	return value;							\
}									\
static __always_inline void set_##name(unsigned long value)		\
{									\
	asm volatile("mov %0, %%" #name : : "r"(value) : "memory");	\
}

CONTROL_REGISTER(cr0)
CONTROL_REGISTER(cr3)
CONTROL_REGISTER(cr4)

/* Read-only pages of the kernel's own tables can be written then. */
ACT_FUNCTION(cr0_wp)
{
	unsigned long flags = interrupts_off();
	unsigned long old = get_cr0();

	set_cr0(old & ~X86_CR0_WP);
	act->result = !(get_cr0() & X86_CR0_WP);
	stray(act);
	set_cr0(old);
	interrupts_back(flags);
}

/* KVM makes its page tables' role anew when this changes. */
ACT_FUNCTION(cr4)
{
	unsigned long flags = interrupts_off();
	unsigned long old = get_cr4();

	set_cr4(old ^ X86_CR4_SMEP);
	act->result = get_cr4() == (old ^ X86_CR4_SMEP);
	stray(act);
	set_cr4(old);
	interrupts_back(flags);
}

/* A top page table of the driver's own. */
ACT_FUNCTION(cr3)
{
	void *top = (void *)get_zeroed_page(GFP_KERNEL);
	unsigned long old = get_cr3(), flags, new;

	if (!top)
		return;
	memcpy(top, phys_to_virt(old & PAGE_MASK), PAGE_SIZE);
	new = virt_to_phys(top) | (old & ~PAGE_MASK);
	flags = interrupts_off();
	set_cr3(new);
	act->result = get_cr3() == new;
	stray(act);
	set_cr3(old);
	interrupts_back(flags);
	free_page((unsigned long)top);
}

static __always_inline u64 get_msr(u32 msr)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return low | (u64)high << 32;
}

static __always_inline void set_msr(u32 msr, u64 value)
{
	asm volatile("wrmsr" : : "a"((u32)value), "d"((u32)(value >> 32)), "c"(msr) : "memory");
}

static __always_inline void change_msr(struct act *act, u32 msr, u64 value)
{
	unsigned long flags = interrupts_off();
	u64 old = get_msr(msr);

	set_msr(msr, old ^ value);
	act->result = get_msr(msr) == (old ^ value);
	stray(act);
	set_msr(msr, old);
	interrupts_back(flags);
}

/* Where system calls enter the kernel. */
ACT_FUNCTION(msr_lstar)
{
	change_msr(act, MSR_LSTAR, 16);
}

ACT_FUNCTION(msr_efer)
{
	change_msr(act, MSR_EFER, EFER_SCE);
}

/* A table of the driver's own, through which it is told of its stray store, too. */
ACT_FUNCTION(idt)
{
	void *table = (void *)get_zeroed_page(GFP_KERNEL);
	struct desc_ptr old, new, now;
	unsigned long flags;

	if (!table)
		return;
	flags = interrupts_off();
	asm volatile("sidt %0" : "=m"(old));
	memcpy(table, (void *)old.address, min_t(size_t, old.size + 1, PAGE_SIZE));
	new = (struct desc_ptr){ .size = old.size, .address = (unsigned long)table };
	asm volatile("lidt %0" : : "m"(new));
	asm volatile("sidt %0" : "=m"(now));
	act->result = now.address == new.address;
	stray(act);
	asm volatile("lidt %0" : : "m"(old));
	interrupts_back(flags);
	free_page((unsigned long)table);
}

/*
 * The middle of another task's stack. What is pushed there is the victim's: the result
 * is 1 if it arrived. The processor's own frames arrive there in any case.
 */
ACT_FUNCTION(stack_switch)
{
	unsigned long flags = interrupts_off();
	u64 *top = (u64 *)(act->target + 8192);
	unsigned long old;

	asm volatile("mov %%rsp, %[old]\n\t"
		     "mov %[top], %%rsp\n\t"
		     "pushq $0x4e41\n\t"
		     "mov %[old], %%rsp"
		     : [old] "=&r"(old) : [top] "r"(top) : "memory");
	act->result = READ_ONCE(top[-1]) == 0x4e41;
	interrupts_back(flags);
}
STACK_FRAME_NON_STANDARD(nasty_stack_switch);

const struct act_entry register_acts[] = {
	ACT(cr0_wp),
	ACT(cr4),
	ACT(cr3),
	ACT(msr_lstar),
	ACT(msr_efer),
	ACT(idt),
	ACT(stack_switch),
	{ }
};
