// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What parts of the guest module stand on, where they are tested alone. */
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "alloc.h"
#include "grant_rules.h"
#include "guest_stubs.h"

#define LENT_MAX	16

static struct chariot_span owned[2], lent[LENT_MAX];
static size_t nr_lent;
static const struct chariot_type_rule *rules;
static size_t nr_rules;
static unsigned long wrote_object;
static unsigned int wrote;

void guest_stub_owns(void *one, size_t one_size, void *other, size_t other_size)
{
	owned[0] = (struct chariot_span){ (unsigned long)one, one_size };
	owned[1] = (struct chariot_span){ (unsigned long)other, other_size };
	nr_lent = 0;
}

struct chariot_span guest_stub_lent(void)
{
	return nr_lent ? lent[nr_lent - 1] : (struct chariot_span) { };
}

void guest_stub_rules(const struct chariot_type_rule *table, size_t count)
{
	rules = table;
	nr_rules = count;
	wrote = 0;
}

unsigned int guest_stub_wrote(const void *object)
{
	return wrote_object == (unsigned long)object ? wrote : 0;
}

bool chariot_may_write(struct chariot_driver *d, const void *va, size_t size,
		       unsigned long *bad)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(owned); i++)
		if ((unsigned long)va - owned[i].start < owned[i].size)
			return true;
	for (i = 0; i < nr_lent; i++)
		if ((unsigned long)va - lent[i].start < lent[i].size &&
		    (unsigned long)va - lent[i].start + size <= lent[i].size)
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
	size_t i;

	for (i = 0; i < nr_rules; i++)
		if (!strcmp(rules[i].type, type))
			return &rules[i];
	return NULL;
}

const struct chariot_type_rule *chariot_holder_rule(size_t n)
{
	return NULL;
}

/* --- rights ------------------------------------------------------------------- */

int chariot_lend(struct chariot_driver *d, unsigned long va, size_t size,
		 enum chariot_kind kind, const char *type)
{
	if (nr_lent == LENT_MAX)
		return -ENOMEM;
	lent[nr_lent++] = (struct chariot_span) { va, size };
	return 0;
}

void chariot_lend_extents(struct chariot_driver *d, struct chariot_extent *e,
			  unsigned int n, const char *type)
{
	while (n--) {
		chariot_lend(d, (unsigned long)__va(e->gpa), e->size, e->kind,
			     type);
		e++;
	}
}

bool chariot_lend_member(struct chariot_driver *d, unsigned long object,
			 const struct chariot_member *members, unsigned long va)
{
	const struct chariot_member *m;

	for (m = members; m->text; m++)
		if (va - object - m->offset < m->size)
			return !chariot_lend(d, object + m->offset, m->size,
					     CHARIOT_KIND_OBJECT, m->text);
	return false;
}

bool chariot_holds(struct chariot_driver *d, const struct chariot_extent *e)
{
	size_t i;

	for (i = 0; i < nr_lent; i++)
		if (lent[i].start < (unsigned long)__va(e->gpa) + e->size &&
		    (unsigned long)__va(e->gpa) < lent[i].start + lent[i].size)
			return true;
	return false;
}

int chariot_grant_whole(struct chariot_driver *d, phys_addr_t page)
{
	return -ENOMEM;
}

void chariot_revoke_whole(struct chariot_driver *d, phys_addr_t page)
{
}

phys_addr_t chariot_virt_to_phys(const void *va)
{
	return virt_addr_valid(va) ? __pa(va) : 0;
}

void chariot_frames_mark(phys_addr_t gpa, size_t size)
{
}

void chariot_gates_wrote(struct chariot_driver *d, unsigned long object, bool data)
{
	wrote_object = object;
	wrote = data ? 2 : max(wrote, 1u);
}

/* --- slabs: nothing is known of them -------------------------------------------- */

bool chariot_slab_object_at(unsigned long va, struct chariot_slab_object *o)
{
	return false;
}

bool chariot_slab_layout_known(void)
{
	return false;
}

struct chariot_cache *chariot_cache_of(const void *object)
{
	return NULL;
}
