// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another driver, without fault, whose heap and text are victims.
 * Runs in the guest's kernel, isolated or not.
 */

#include <linux/module.h>
#include <linux/objtool.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "playground.h"

#define SIZE 64

static u8 *object;

extern const u8 spare_text[];

/* Never called; room enough that nothing else lies within a victim's size. */
static noinline void __used spare(void)
{
	asm volatile(".balign 16\n"
		     "spare_text:\t" ANNOTATE_NOENDBR
		     ".skip 64, 0x90");
}

static int __init bystander_init(void)
{
	object = kmalloc(SIZE, GFP_KERNEL);
	if (!object)
		return -ENOMEM;
	memset(object, 0x77, SIZE);
	playground_offer((unsigned long)object, SIZE);
	/* Not the function's address, which is that of a gate. */
	playground_offer_text((unsigned long)spare_text);
	return 0;
}
module_init(bystander_init);

static void __exit bystander_exit(void)
{
	playground_withdraw((unsigned long)object);
	playground_offer_text(0);
	kfree(object);
}
module_exit(bystander_exit);

MODULE_DESCRIPTION("A driver whose heap is a victim, to test chariot");
MODULE_LICENSE("GPL");
