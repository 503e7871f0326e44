// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a driver might ask the backend for, in the kernel's place. Runs isolated, on KVM.
 * The result of these is 0 if each call was refused with -EPERM, or what another one got.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/string.h>
#include <asm/asm.h>
#include <asm/cpufeature.h>

#include <chariot/abi.h>

#include "nasty.h"

#define DOMAINS	31u	/* which one is ours, a driver cannot know */

static __always_inline void ask(struct act *act, u64 nr, u64 a1, u64 a2, u64 a3)
{
	long ret = CHARIOT_CALL_BASE + nr;

	if (boot_cpu_has(X86_FEATURE_VMMCALL))
		asm volatile(".byte 0x0f, 0x01, 0xd9"
			     : "+a"(ret) : "b"(a1), "c"(a2), "d"(a3) : "memory");
	else
		asm volatile(".byte 0x0f, 0x01, 0xc1"
			     : "+a"(ret) : "b"(a1), "c"(a2), "d"(a3) : "memory");
	if (ret != -EPERM)
		act->result = ret;
}

/* A right to the victim. */
ACT_FUNCTION(call_grant)
{
	struct chariot_batch *batch = (void *)get_zeroed_page(GFP_KERNEL);
	u32 id;

	if (!batch)
		return;
	batch->count = DOMAINS;
	for (id = 1; id <= DOMAINS; id++)
		batch->region[id - 1] = (struct chariot_region){
			.gpa = playground_physical(act->target) & PAGE_MASK,
			.size = PAGE_SIZE,
			.domain = id,
			.rights = CHARIOT_RIGHT_WRITE,
			.kind = CHARIOT_KIND_DATA,
		};
	ask(act, CHARIOT_CALL_REGION_UPDATE, virt_to_phys(batch), 0, 0);
	stray(act);
	free_page((unsigned long)batch);
}

ACT_FUNCTION(call_destroy)
{
	u32 id;

	for (id = 1; id <= DOMAINS; id++)
		ask(act, CHARIOT_CALL_DOMAIN_DESTROY, id, 0, 0);
	stray(act);
}

static __always_inline void ask_control(struct act *act, u32 state, u32 mode)
{
	u32 id;

	for (id = 1; id <= DOMAINS; id++)
		ask(act, CHARIOT_CALL_DOMAIN_CONTROL, id, state, mode);
	stray(act);
}

ACT_FUNCTION(call_audit)
{
	ask_control(act, CHARIOT_DOMAIN_ACTIVE, CHARIOT_MODE_AUDIT);
}

ACT_FUNCTION(call_inactive)
{
	ask_control(act, CHARIOT_DOMAIN_INACTIVE, CHARIOT_MODE_ENFORCE);
}

ACT_FUNCTION(call_hello)
{
	struct chariot_hello *hello = (void *)get_zeroed_page(GFP_KERNEL);

	if (!hello)
		return;
	hello->revision = CHARIOT_ABI_REVISION;
	hello->stack_size = 16384;
	ask(act, CHARIOT_CALL_HELLO, virt_to_phys(hello), 0, 0);
	stray(act);
	free_page((unsigned long)hello);
}

/* The kernel's view; where there is no VMFUNC, the result is -ENODEV. */
ACT_FUNCTION(vmfunc)
{
	asm volatile("1: .byte 0x0f, 0x01, 0xd4\n\t"
		     "jmp 3f\n"
		     "2: movq %[none], %[result]\n"
		     "3:\n"
		     _ASM_EXTABLE(1b, 2b)
		     : [result] "+m"(act->result)
		     : "a"(0), "c"(0), [none] "i"(-ENODEV) : "memory");
	stray(act);
}

const struct act_entry call_acts[] = {
	ACT(call_grant),
	ACT(call_destroy),
	ACT(call_audit),
	ACT(call_inactive),
	ACT(call_hello),
	ACT(vmfunc),
	{ }
};
