// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel symbols that are not exported, through kallsyms.
 * Runs in the guest kernel at init.
 */
#include <linux/kprobes.h>
#include <asm/ibt.h>

#include "chariot.h"

unsigned long chariot_max_pfn;

static unsigned long (*lookup)(const char *name);

int chariot_symbols_init(void)
{
	struct kprobe kp = { .symbol_name = "kallsyms_lookup_name" };
	unsigned long addr;
	int ret;

	/* The only way to its address since it is no longer exported (5.7). */
	ret = register_kprobe(&kp);
	if (ret) {
		pr_err("kprobe on kallsyms_lookup_name failed (%d): CONFIG_KPROBES is needed\n",
		       ret);
		return ret;
	}
	addr = (unsigned long)kp.addr;
	unregister_kprobe(&kp);
#ifdef CONFIG_X86_KERNEL_IBT
	/* A probe sits behind the ENDBR that an indirect call must land on. */
	if (is_endbr(*(u32 *)(addr - ENDBR_INSN_SIZE)))
		addr -= ENDBR_INSN_SIZE;
#endif
	lookup = (void *)addr;

	addr = lookup("max_pfn");
	if (!addr)
		return -ENOENT;
	chariot_max_pfn = *(unsigned long *)addr;
	return 0;
}

unsigned long chariot_symbol(const char *name)
{
	return lookup ? lookup(name) : 0;
}
