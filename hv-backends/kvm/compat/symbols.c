// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds what kvm.ko does not export.
 * Runs in the host kernel when the module is loaded.
 */
#include <linux/kprobes.h>
#include <asm/ibt.h>

#include "../backend.h"

struct chariot_symbols chariot_symbols;

static unsigned long kallsyms_address;

/* A probe on a function tells its address; it may be moved past an ENDBR. */
static int find_lookup(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	int err = register_kprobe(&probe);

	if (err) {
		pr_err("cannot find kernel symbols: the kernel has no kprobes, or kallsyms_lookup_name is not probeable (%d)\n",
		       err);
		return err;
	}
	kallsyms_address = (unsigned long)probe.addr - probe.offset;
	unregister_kprobe(&probe);
	return 0;
}

/**
 * chariot_symbol_find - where a symbol of the kernel or a module is
 * @name: its name
 *
 * Context: process; after chariot_symbols_init() has begun. Returns 0 if there is
 * none.
 */
unsigned long chariot_symbol_find(const char *name)
{
	return chariot_call3((unsigned long)name, 0, 0, kallsyms_address);
}

int chariot_symbols_init(void)
{
	struct chariot_symbols *s = &chariot_symbols;
	const struct {
		const char *name;
		void **where;
	} wanted[] = {
		{ "kvm_x86_ops", (void **)&s->ops },
		{ "shadow_mmu_writable_mask", (void **)&s->mmu_writable_mask },
		{ "shadow_nx_mask", (void **)&s->nx_mask },
		{ "shadow_x_mask", (void **)&s->x_mask },
		{ "shadow_accessed_mask", (void **)&s->accessed_mask },
		{ "tdp_enabled", (void **)&s->tdp_enabled },
		{ "tdp_mmu_enabled", (void **)&s->tdp_mmu_enabled },
		{ "kvm_zap_gfn_range", (void **)&s->zap_gfn_range },
	};
	int i, err;

	err = find_lookup();
	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		*wanted[i].where = (void *)chariot_symbol_find(wanted[i].name);
		if (!*wanted[i].where) {
			pr_err("this kernel's KVM has no '%s'; is CONFIG_KALLSYMS_ALL set?\n",
			       wanted[i].name);
			return -EOPNOTSUPP;
		}
	}
	return 0;
}
