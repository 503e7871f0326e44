// SPDX-License-Identifier: GPL-2.0
/*
 * The set of isolated drivers, found by domain, module or address.
 * Runs in the guest kernel, in any context.
 */
#include <linux/rculist.h>

#include "chariot.h"
#include "compat/module_layout.h"

LIST_HEAD(chariot_drivers);

/* The first driver for which @cond holds, as @d in it. */
#define find_driver(cond)						\
({									\
	struct chariot_driver *d, *found = NULL;			\
									\
	rcu_read_lock();						\
	list_for_each_entry_rcu(d, &chariot_drivers, node) {		\
		if (cond) {						\
			found = d;					\
			break;						\
		}							\
	}								\
	rcu_read_unlock();						\
	found;								\
})

unsigned int chariot_drivers_count(void)
{
	struct chariot_driver *d;
	unsigned int n = 0;

	lockdep_assert_held(&chariot_mutex);
	list_for_each_entry(d, &chariot_drivers, node)
		n++;
	return n;
}

struct chariot_driver *chariot_driver_by_domain(u32 domain)
{
	return find_driver(d->domain == domain);
}

struct chariot_driver *chariot_driver_by_address(unsigned long addr)
{
	u32 domain;

	if (chariot_leaf_name(addr, &domain, NULL))
		return chariot_driver_by_domain(domain);
	return find_driver(d->mod && chariot_module_contains(d->mod, addr));
}

struct chariot_driver *chariot_driver_by_module(const struct module *mod)
{
	return find_driver(d->mod == mod);
}

bool chariot_module_contains(const struct module *mod, unsigned long addr)
{
	return within_module(addr, mod);
}

bool chariot_module_text_contains(const struct module *mod, unsigned long addr)
{
	struct chariot_section s;
	unsigned int i;

	for (i = 0; chariot_module_section(mod, i, &s); i++)
		if (s.role == CHARIOT_SECTION_TEXT &&
		    addr - (unsigned long)s.base < s.size)
			return true;
	return false;
}
