// SPDX-License-Identifier: GPL-2.0
/*
 * Changes of view that the guest makes itself, by VMFUNC, where the processor and
 * the backend let it: the gates (gate_calls.S) then need nobody's help. A change
 * gives no rights: what a view may execute is the backend's to say, so code that is
 * in the wrong one comes to it at once.
 *
 * Before a driver's view is entered, each processor leaves its stack pointer in a
 * word of its own: the backend, which does not see the change, lets the driver
 * write that stack.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/percpu.h>
#include <asm/asm.h>

#include <chariot/hypercall.h>
#include "chariot.h"

/* Read in gate_calls.S and by the backend: in a cache line of its own. */
DECLARE_PER_CPU_ALIGNED(u64, chariot_entry_stack);
DEFINE_PER_CPU_ALIGNED(u64, chariot_entry_stack);

static bool can_switch;
static int hotplug_state;

bool chariot_can_switch(void)
{
	return can_switch;
}

/* To the kernel's view, in which this runs. Undefined unless the backend let it. */
static bool vmfunc_works(void)
{
	bool works = false;

	asm volatile("1: vmfunc\n\t"
		     "movb $1, %0\n"
		     "2:\n"
		     _ASM_EXTABLE(1b, 2b)
		     : "+q" (works) : "a" (0), "c" (0) : "memory");
	return works;
}

static int register_word(unsigned int cpu)
{
	u64 *word = this_cpu_ptr(&chariot_entry_stack);

	return chariot_hv_entry_word(chariot_virt_to_phys(word));
}

int chariot_switch_init(void)
{
	int ret;

	if (!(chariot_backend.features & CHARIOT_F_GUEST_SWITCH))
		return 0;
	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "chariot:switch",
				register_word, NULL);
	if (ret < 0) {
		pr_notice("the backend changes the views: no entry words (%d)\n",
			  ret);
		return 0;
	}
	if (!vmfunc_works()) {
		pr_notice("the backend changes the views: no VMFUNC\n");
		cpuhp_remove_state_nocalls(ret);
		return 0;
	}
	hotplug_state = ret;
	can_switch = true;
	return 0;
}

static void register_here(void *ret)
{
	if (register_word(smp_processor_id()))
		WRITE_ONCE(*(int *)ret, -EPROTO);
}

int chariot_switch_tell(void)
{
	int ret = 0;

	if (can_switch)
		on_each_cpu(register_here, &ret, true);
	return ret;
}

/* No driver is left; the backend reads the words no more after the next HELLO. */
void chariot_switch_exit(void)
{
	if (!can_switch)
		return;
	can_switch = false;
	cpuhp_remove_state_nocalls(hotplug_state);
}
