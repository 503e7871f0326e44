/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a module's sections lie, for both layouts of struct module.
 *
 * Linux 6.4 replaced core_layout and init_layout, each one area cut into text,
 * rodata, ro_after_init and data, by mem[], one area a role.
 */
#ifndef CHARIOT_COMPAT_MODULE_LAYOUT_H
#define CHARIOT_COMPAT_MODULE_LAYOUT_H

#include <linux/module.h>
#include <linux/version.h>

enum chariot_section_role {
	CHARIOT_SECTION_TEXT,
	CHARIOT_SECTION_RODATA,
	CHARIOT_SECTION_RO_AFTER_INIT,
	CHARIOT_SECTION_DATA,
};

struct chariot_section {
	void *base;
	unsigned int size;	/* bytes */
	enum chariot_section_role role;
	bool init;		/* freed when init has returned */
};

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
/* Section number i; false: no more. Empty ones have size 0. */
static inline bool chariot_module_section(const struct module *mod,
					  unsigned int i,
					  struct chariot_section *s)
{
	static const struct {
		enum mod_mem_type type;
		enum chariot_section_role role;
		bool init;
	} roles[] = {
		{ MOD_TEXT,		CHARIOT_SECTION_TEXT,		false },
		{ MOD_RODATA,		CHARIOT_SECTION_RODATA,		false },
		{ MOD_RO_AFTER_INIT,	CHARIOT_SECTION_RO_AFTER_INIT,	false },
		{ MOD_DATA,		CHARIOT_SECTION_DATA,		false },
		{ MOD_INIT_TEXT,	CHARIOT_SECTION_TEXT,		true },
		{ MOD_INIT_RODATA,	CHARIOT_SECTION_RODATA,		true },
		{ MOD_INIT_DATA,	CHARIOT_SECTION_DATA,		true },
	};

	if (i >= ARRAY_SIZE(roles))
		return false;
	s->base = mod->mem[roles[i].type].base;
	s->size = mod->mem[roles[i].type].size;
	s->role = roles[i].role;
	s->init = roles[i].init;
	return true;
}
#else
static inline bool chariot_module_section(const struct module *mod,
					  unsigned int i,
					  struct chariot_section *s)
{
	const struct module_layout *l;
	unsigned int end[4];

	if (i >= 8)
		return false;
	s->init = i >= 4;
	l = s->init ? &mod->init_layout : &mod->core_layout;
	end[CHARIOT_SECTION_TEXT] = l->text_size;
	end[CHARIOT_SECTION_RODATA] = l->ro_size;
	/* Only core_layout has the third; init_layout leaves it 0. */
	end[CHARIOT_SECTION_RO_AFTER_INIT] =
		max(l->ro_size, l->ro_after_init_size);
	end[CHARIOT_SECTION_DATA] = l->size;
	s->role = i % 4;
	s->base = l->base + (s->role ? end[s->role - 1] : 0);
	s->size = end[s->role] - (s->role ? end[s->role - 1] : 0);
	return true;
}
#endif

#endif /* CHARIOT_COMPAT_MODULE_LAYOUT_H */
