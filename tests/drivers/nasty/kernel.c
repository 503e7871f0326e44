// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be reached with the kernel's own code and tables, past Chariot's wrappers.
 * Runs isolated.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/kdebug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <asm/nospec-branch.h>

#include "nasty.h"

typedef void *memset_fn(void *to, int value, size_t size);
typedef void *kmalloc_fn(size_t size, gfp_t gfp);
typedef void kfree_fn(const void *object);
typedef int set_memory_fn(unsigned long address, int pages);
typedef long domain_fn(u32 domain, u32 state, u32 mode);

/* The kernel's memset(), not the one that the module is linked to. */
ACT_FUNCTION(real_memset)
{
	((memset_fn *)act->address[0])((void *)act->target, 0x4e, 8);
}

/* The middle of that: the REP STOSB behind its first instructions. */
ACT_FUNCTION(middle)
{
	unsigned long at = act->target, count = 8;
	const u8 *code = (void *)act->address[0];
	unsigned int i;

	for (i = 0; i < 64 && (code[i] != 0xf3 || code[i + 1] != 0xaa); i++)
		;
	if (i == 64) {
		act->result = -ENOENT;
		return;
	}
	asm volatile(ANNOTATE_RETPOLINE_SAFE
		     "call *%[code]"
		     : "+D"(at), "+c"(count), ASM_CALL_CONSTRAINT
		     : [code] "r"(code + i), "a"(0x4e) : "memory", "r9");
}

/* Memory that nobody has told Chariot of; the result is what arrived there. */
ACT_FUNCTION(real_kmalloc)
{
	u64 *object = ((kmalloc_fn *)act->address[0])(64, GFP_KERNEL | __GFP_ZERO);

	if (!object)
		return;
	WRITE_ONCE(*object, 0x4e41);
	act->result = READ_ONCE(*object);
	((kfree_fn *)act->address[1])(object);
}

/* Chariot's own way to its backend: its domain's state, for all there may be. */
ACT_FUNCTION(chariot_call)
{
	u32 id;

	for (id = 1; id < 32; id++)
		((domain_fn *)act->address[0])(id, 0, 1);
	stray(act);
	for (id = 1; id < 32; id++)
		((domain_fn *)act->address[0])(id, 1, 1);
}

/* Its data; the result is 1 if that was changed. */
ACT_FUNCTION(chariot_data)
{
	u64 *data = (u64 *)act->address[0], old = READ_ONCE(*data);

	WRITE_ONCE(*data, ~old);
	act->result = READ_ONCE(*data) != old;
	if (act->result)
		WRITE_ONCE(*data, old);
}

/* What tells it of stopped writes. */
ACT_FUNCTION(chariot_notifier)
{
	act->result = unregister_die_notifier((struct notifier_block *)act->address[0]);
	stray(act);
}

/* The driver's own struct module; the result is 1 if that could be changed. */
ACT_FUNCTION(module)
{
	char *name = THIS_MODULE->name, old = *name;

	WRITE_ONCE(*name, 'N');
	act->result = READ_ONCE(*name) == 'N';
	WRITE_ONCE(*name, old);
}

/* The kernel's page tables let it be written, by a function that is not exported. */
ACT_FUNCTION(set_memory)
{
	unsigned long page = act->target & PAGE_MASK;

	act->result = ((set_memory_fn *)act->address[0])(page, 1);
	stray(act);
	((set_memory_fn *)act->address[1])(page, 1);
}

/* Another address of the victim. */
ACT_FUNCTION(memremap)
{
	u64 physical = playground_physical(act->target);
	void *address = memremap(physical & PAGE_MASK, PAGE_SIZE, MEMREMAP_WB);

	act->result = !address;
	if (!address)
		return;
	WRITE_ONCE(*(u64 *)(address + offset_in_page(physical)), 0x4e41);
	memunmap(address);
}

ACT_FUNCTION(vmap)
{
	u64 physical = playground_physical(act->target);
	struct page *page = pfn_to_page(physical >> PAGE_SHIFT);
	void *address = vmap(&page, 1, VM_MAP, PAGE_KERNEL);

	act->result = !address;
	if (!address)
		return;
	WRITE_ONCE(*(u64 *)(address + offset_in_page(physical)), 0x4e41);
	vunmap(address);
}

/* Nothing but that: is the driver isolated as before? */
ACT_FUNCTION(nothing)
{
	stray(act);
}

const struct act_entry kernel_acts[] = {
	ACT(nothing),
	ACT(real_memset),
	ACT(middle),
	ACT(real_kmalloc),
	ACT(chariot_call),
	ACT(chariot_data),
	ACT(chariot_notifier),
	ACT(module),
	ACT(set_memory),
	ACT(memremap),
	ACT(vmap),
	{ }
};
