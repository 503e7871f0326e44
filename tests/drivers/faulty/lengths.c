// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults by length: the driver calls a library function for a page of its own
 * with a length that goes 32 bytes into the next page, which is not.
 * Runs in the guest's kernel, isolated or not.
 */

#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <net/netlink.h>

#include "../compat/user.h"
#include "faulty.h"

#define TOO_FAR 32

static const u8 source[PAGE_SIZE];

/* What to do to a page with a length the compiler must not know. */
#define LENGTH(name, ...)						\
static FAULT_FUNCTION(name)						\
{									\
	unsigned long page = heap_page_before_victim();			\
	size_t length = 64 + TOO_FAR;					\
	void *at = (void *)page + PAGE_SIZE - 64;			\
									\
	OPTIMIZER_HIDE_VAR(length);					\
	OPTIMIZER_HIDE_VAR(at);						\
	if (!page) {							\
		call->result = -ENODATA;				\
		return;							\
	}								\
	call->target = page + PAGE_SIZE;				\
	__VA_ARGS__;							\
	free_page(page);						\
}

LENGTH(memset, memset(at, 0x31, length))
LENGTH(memcpy, memcpy(at, source, length))
/* Hidden, or the compiler proves that memcpy() would do. */
LENGTH(memmove, ({
	const void *from = source;

	OPTIMIZER_HIDE_VAR(from);
	memmove(at, from, length);
}))
LENGTH(strcpy, {
	static char text[64 + TOO_FAR];
	char *from = text;

	memset(text, 's', sizeof(text) - 1);
	OPTIMIZER_HIDE_VAR(from);
	strcpy(at, from);
})
LENGTH(snprintf, snprintf(at, length, "%*d", (int)length - 1, 34))
LENGTH(sprintf, sprintf(at, "%*d", (int)length - 1, 35))
/* Where it is stopped it says that not all was copied, which is no news here. */
LENGTH(copy_from_user, {
	if (!call->user || copy_from_user(at, call->user, length))
		call->result = call->user ? 0 : -EINVAL;
})

/* Inlined: a string instruction, or a call of the kernel's for one. */
LENGTH(copy_from_user_inline, {
	if (!call->user || __copy_from_user(at, call->user, length))
		call->result = call->user ? 0 : -EINVAL;
})
LENGTH(copy_from_user_nocache, {
	if (!call->user || copy_user_uncached(at, call->user, length))
		call->result = call->user ? 0 : -EINVAL;
})
/* Copies what the attribute has, nothing, and fills the rest with zeros. */
LENGTH(nla_memcpy, {
	static const struct nlattr empty = { sizeof(empty), 1 };

	nla_memcpy(at, &empty, length);
})

const struct fault length_faults[] = {
	FAULT(memset),
	FAULT(memcpy),
	FAULT(memmove),
	FAULT(strcpy),
	FAULT(snprintf),
	FAULT(sprintf),
	FAULT(copy_from_user),
	FAULT(copy_from_user_inline),
	FAULT(copy_from_user_nocache),
	FAULT(nla_memcpy),
	{ }
};
