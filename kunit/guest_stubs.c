// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What parts of the guest module stand on, where they are tested alone. */
#include <linux/uaccess.h>

#include "grant_rules.h"
#include "guest_stubs.h"

static struct chariot_span owned[2];

void guest_stub_owns(void *one, size_t one_size, void *other, size_t other_size)
{
	owned[0] = (struct chariot_span){ (unsigned long)one, one_size };
	owned[1] = (struct chariot_span){ (unsigned long)other, other_size };
}

bool chariot_may_write(struct chariot_driver *d, const void *va, size_t size,
		       unsigned long *bad)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(owned); i++)
		if ((unsigned long)va - owned[i].start < owned[i].size)
			return true;
	*bad = (unsigned long)va;
	return false;
}

bool chariot_can_write(struct chariot_driver *d, const void *va, size_t size,
		       unsigned long *bad)
{
	return chariot_may_write(d, va, size, bad);
}

unsigned long chariot_peek(const void *src)
{
	unsigned long value;

	return copy_from_kernel_nofault(&value, src, sizeof(value)) ? 0 : value;
}

const struct chariot_type_rule *chariot_type_rule(const char *type)
{
	return NULL;
}
