// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's state, and its memory, which is mapped here page by page. What is
 * read there is the guest's: copied once, checked by whoever uses it.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "backend.h"

#define PTE_PRESENT	(1ull << 0)
#define PTE_WRITE	(1ull << 1)
#define PTE_ACCESSED	(1ull << 5)
#define PTE_DIRTY	(1ull << 6)
#define PTE_LARGE	(1ull << 7)
#define PTE_ADDRESS	0x000ffffffffff000ull
#define CR4_LA57	(1ull << 12)
#define ENTRIES		512u

struct chariot_vm *chariot_vm_new(u32 domid, u32 vcpus, u64 pages)
{
	struct chariot_vm *vm = calloc(1, sizeof(*vm));
	xen_pfn_t last;
	u32 i;

	if (!vm)
		return NULL;
	vm->vcpu = calloc(vcpus, sizeof(*vm->vcpu));
	if (!vm->vcpu || xc_domain_maximum_gpfn(chariot_xc, domid, &last)) {
		free(vm->vcpu);
		free(vm);
		return NULL;
	}
	vm->domid = domid;
	vm->vcpus = vcpus;
	vm->end_gfn = last + 1;
	vm->pages = pages;
	for (i = 0; i < CHARIOT_MAPPED_PAGES; i++)
		vm->mapped[i].gfn = CHARIOT_NO_GFN;
	chariot_table_init(&vm->text_all);
	chariot_ring_init(&vm->records);
	return vm;
}

void chariot_vm_free(struct chariot_vm *vm)
{
	void *block;

	chariot_unmap_all(vm);
	chariot_table_clear(&vm->text_all, &vm->pool);
	while ((block = chariot_pool_take(&vm->pool)))
		free(block);
	free(vm->vcpu);
	free(vm);
}

int chariot_pool_stock(struct chariot_pool *pool, u64 blocks)
{
	while (pool->count < blocks) {
		void *block = malloc(CHARIOT_BLOCK_SIZE);

		if (!block)
			return -ENOMEM;
		chariot_pool_put(pool, block);
	}
	return 0;
}

/* --- physical -------------------------------------------------------------------- */

static void unmap(struct chariot_mapped *m)
{
	if (m->gfn != CHARIOT_NO_GFN)
		xenforeignmemory_unmap(chariot_memory, m->at, 1);
	m->gfn = CHARIOT_NO_GFN;
}

/* Of pages that the guest gave back to Xen, too: they are not freed before. */
void chariot_unmap_all(struct chariot_vm *vm)
{
	u32 i;

	for (i = 0; i < CHARIOT_MAPPED_PAGES; i++)
		unmap(&vm->mapped[i]);
}

u8 *chariot_map(struct chariot_vm *vm, u64 gfn)
{
	struct chariot_mapped *m = &vm->mapped[gfn % CHARIOT_MAPPED_PAGES];
	xen_pfn_t page = gfn;
	int err = 0;
	void *at;

	if (m->gfn == gfn)
		return m->at;
	if (gfn >= vm->end_gfn)
		return NULL;
	at = xenforeignmemory_map(chariot_memory, vm->domid,
				  PROT_READ | PROT_WRITE, 1, &page, &err);
	if (!at)
		return NULL;
	if (err) {
		xenforeignmemory_unmap(chariot_memory, at, 1);
		return NULL;
	}
	unmap(m);
	*m = (struct chariot_mapped) { gfn, at };
	return at;
}

static bool copy(struct chariot_vm *vm, u64 gpa, void *ours, u64 size, bool out)
{
	while (size) {
		u64 offset = gpa & ~CHARIOT_PAGE_MASK;
		u64 part = size < CHARIOT_PAGE_SIZE - offset ?
			   size : CHARIOT_PAGE_SIZE - offset;
		u8 *page = chariot_map(vm, gpa >> CHARIOT_PAGE_SHIFT);

		if (!page)
			return false;
		if (out)
			memcpy(page + offset, ours, part);
		else
			memcpy(ours, page + offset, part);
		gpa += part;
		ours = (u8 *)ours + part;
		size -= part;
	}
	return true;
}

bool chariot_read(struct chariot_vm *vm, u64 gpa, void *to, u64 size)
{
	return copy(vm, gpa, to, size, false);
}

bool chariot_write(struct chariot_vm *vm, u64 gpa, const void *from, u64 size)
{
	return copy(vm, gpa, (void *)from, size, true);
}

/* --- virtual --------------------------------------------------------------------- */

/* An entry of the guest's tables, by its address: its page may be unmapped here. */
static u64 *entry_at(struct chariot_event *e, u64 gpa)
{
	u8 *page = chariot_map(e->vm, gpa >> CHARIOT_PAGE_SHIFT);

	return page ? (u64 *)(page + (gpa & ~CHARIOT_PAGE_MASK)) : NULL;
}

#define LEVELS	5

/**
 * struct walk - a walk of the guest's tables
 * @entry: addresses of the entries on the way, top first
 * @value: what they were
 * @n: how many; 0 if one is not present
 * @shift: bits of an address below what the last one maps
 */
struct walk {
	u64 entry[LEVELS];
	u64 value[LEVELS];
	int n;
	int shift;
};

static void walk(struct chariot_event *e, u64 gva, struct walk *w)
{
	const struct vm_event_regs_x86 *regs = &e->req->data.regs.x86;
	int level = regs->cr4 & CR4_LA57 ? LEVELS : LEVELS - 1;
	u64 table = regs->cr3 & PTE_ADDRESS;

	for (w->n = 0; level; level--) {
		int shift = CHARIOT_PAGE_SHIFT + 9 * (level - 1);
		u64 gfn = chariot_alias_shown(e->vm, e->view,
					      table >> CHARIOT_PAGE_SHIFT);
		u64 gpa = (gfn << CHARIOT_PAGE_SHIFT) +
			  (gva >> shift) % ENTRIES * sizeof(u64);
		u64 *at = entry_at(e, gpa), value;

		value = at ? __atomic_load_n(at, __ATOMIC_RELAXED) : 0;
		w->entry[w->n] = gpa;
		w->value[w->n++] = value;
		if (!(value & PTE_PRESENT))
			break;
		if (level == 1 || ((value & PTE_LARGE) && level <= 3)) {
			w->shift = shift;
			return;
		}
		table = value & PTE_ADDRESS;
	}
	w->n = 0;
}

bool chariot_translate(struct chariot_event *e, u64 gva, bool write, u64 *gpa)
{
	struct walk w;
	u64 mask;
	int i;

	walk(e, gva, &w);
	if (!w.n)
		return false;
	for (i = 0; write && i < w.n; i++)
		if (!(w.value[i] & PTE_WRITE))
			return false;
	/* PAT sits in bit 12 of a large leaf. */
	mask = (1ull << w.shift) - 1;
	*gpa = (w.value[w.n - 1] & PTE_ADDRESS & ~mask) | (gva & mask);
	return true;
}

bool chariot_read_virtual(struct chariot_event *e, u64 gva, void *to, u64 size)
{
	while (size) {
		u64 part = CHARIOT_PAGE_SIZE - (gva & ~CHARIOT_PAGE_MASK);
		u64 gpa;

		if (part > size)
			part = size;
		if (!chariot_translate(e, gva, false, &gpa) ||
		    !chariot_read(e->vm, gpa, to, part))
			return false;
		gva += part;
		to = (u8 *)to + part;
		size -= part;
	}
	return true;
}

static bool mark(struct chariot_event *e, u64 gpa, u64 bit)
{
	u64 *at = entry_at(e, gpa);

	if (at)
		__atomic_fetch_or(at, bit, __ATOMIC_SEQ_CST);
	return at;
}

/*
 * A walk marks the entries that it uses, and that they were written through, in
 * memory that no view lets it write. So that is done here, in the processor's
 * place. What the access was for is not known: the dirty mark is set only when
 * all others were set already.
 */
bool chariot_walk_marks(struct chariot_event *e, u64 gva)
{
	bool changed = false;
	struct walk w;
	int i;

	walk(e, gva, &w);
	for (i = 0; i < w.n; i++)
		if (!(w.value[i] & PTE_ACCESSED))
			changed |= mark(e, w.entry[i], PTE_ACCESSED);
	if (!w.n || changed || !(w.value[w.n - 1] & PTE_WRITE) ||
	    (w.value[w.n - 1] & PTE_DIRTY))
		return changed;
	return mark(e, w.entry[w.n - 1], PTE_DIRTY);
}
