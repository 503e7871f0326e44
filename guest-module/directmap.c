// SPDX-License-Identifier: GPL-2.0
/*
 * A second direct map and a second map of the kernel's image for drivers' views,
 * where page tables in use have no address (struct chariot_walk_alias says why).
 * Built of 4 KiB pages, out of the guest's own; the backend alone changes them
 * afterwards, so another backend gets new ones.
 * Runs in the guest kernel at start; costs 2 MiB a GiB of RAM, and only where
 * the backend asks for it.
 *
 * The kernel goes on changing its own maps: it splits and joins huge pages, and
 * sets what may be done with pages, in the image, too (free_init_pages(), or
 * set_memory_*() on memory that is also in the image). Of all that the second
 * maps need to know nothing, for in a view the nested page tables judge; only
 * which frame an address of the image has, and what of it is code, must stay, and
 * does from when the kernel has started user space. It patches its code by other
 * addresses (text_poke()).
 */
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <asm/pgtable.h>

#include <chariot/hypercall.h>
#include "chariot.h"

/* A PUD page for each 512 GiB of direct map, and the image's PMD page. */
#define MAX_TOPS	CHARIOT_WALK_ALIAS_TOPS

enum { DIRECT_MAP, IMAGE_MAP };	/* numbers for the backend */

static unsigned long *pages;	/* every page we took, for the way back */
static size_t nr_pages, max_pages;
static struct chariot_walk_alias *call;
static phys_addr_t ram_end;	/* the direct map's length */
static u64 tops[MAX_TOPS][2];
static unsigned int nr_tops;

static void *take_page(void)
{
	unsigned long page;

	if (nr_pages == max_pages)
		return NULL;
	page = get_zeroed_page(GFP_KERNEL | __GFP_NOWARN);
	if (page)
		pages[nr_pages++] = page;
	return (void *)page;
}

static int add_top(const void *top, const void *copy)
{
	if (nr_tops == MAX_TOPS)
		return -ENOSPC;
	tops[nr_tops][0] = __pa(top);
	tops[nr_tops][1] = __pa(copy);
	nr_tops++;
	return 0;
}

static int send_leaf(u32 map, u64 block, const void *table)
{
	int ret = 0;

	if (call->count &&
	    (!table || call->count == CHARIOT_WALK_ALIAS_MAX ||
	     call->map != map || call->first + call->count != block)) {
		call->op = CHARIOT_WALK_ALIAS_TABLES;
		ret = chariot_hv_walk_alias(__pa(call));
		call->count = 0;
	}
	if (table) {
		if (!call->count) {
			call->map = map;
			call->first = block;
		}
		call->gpa[call->count++] = __pa(table);
	}
	return ret;
}

/*
 * What each entry of this map may do is for the nested page tables to say. The
 * guest's own map changes under way: of the pages of modules, of kfence, of
 * memory that goes out of use. All that is in it is writable in the copy.
 */
static pteval_t entry_for(u64 frame)
{
	return pte_val(pfn_pte(frame, PAGE_KERNEL));
}

/* 512 entries that map what one PMD entry maps; NULL: a leaf. */
static int copy_leaf(const pte_t *old, pmdval_t *slot, u64 block)
{
	u64 frame = block << (PMD_SHIFT - PAGE_SHIFT);
	pteval_t *table = take_page();
	unsigned int i;

	if (!table)
		return -ENOMEM;
	for (i = 0; i < PTRS_PER_PTE; i++)
		if (!old || !pte_none(old[i]))
			table[i] = entry_for(frame + i);
	*slot = __pa(table) | _KERNPG_TABLE_NOENC;
	return send_leaf(DIRECT_MAP, block, table);
}

static bool is_table(pteval_t entry)
{
	return (entry & (_PAGE_PRESENT | _PAGE_PSE)) == _PAGE_PRESENT;
}

/* 512 PMD entries that map what one PUD entry maps. */
static int copy_middle(pud_t pud, pudval_t *slot, u64 first_block)
{
	const pmd_t *old = is_table(pud_val(pud)) ? pud_pgtable(pud) : NULL;
	pmdval_t *table = take_page();
	unsigned int i;
	int ret = 0;

	if (!table)
		return -ENOMEM;
	for (i = 0; i < PTRS_PER_PMD && !ret; i++) {
		u64 block = first_block + i;
		const pte_t *ptes = NULL;

		if ((old && pmd_none(old[i])) ||
		    !pfn_valid(block << (PMD_SHIFT - PAGE_SHIFT)))
			continue;
		if (old && is_table(pmd_val(old[i])))
			ptes = (pte_t *)pmd_page_vaddr(old[i]);
		ret = copy_leaf(ptes, &table[i], block);
	}
	*slot = __pa(table) | _KERNPG_TABLE_NOENC;
	return ret;
}

static pud_t *top_of(unsigned long va)
{
	pgd_t *pgd = (pgd_t *)chariot_symbol("init_top_pgt");
	p4d_t *p4d;

	if (!pgd)
		return NULL;
	pgd = pgd_offset_pgd(pgd, va);
	if (pgd_none(*pgd))
		return NULL;
	p4d = p4d_offset(pgd, va);
	if (p4d_none(*p4d) || p4d_leaf(*p4d))
		return NULL;
	return p4d_pgtable(*p4d);
}

static int build_direct_map(void)
{
	unsigned long va = PAGE_OFFSET;
	unsigned long end = PAGE_OFFSET + ram_end;
	int ret = 0;

	while (va < end && !ret) {
		pud_t *top = top_of(va);
		pudval_t *copy = top ? take_page() : NULL;

		if (!copy)
			return top ? -ENOMEM : -ENXIO;
		memcpy(copy, top, PAGE_SIZE);
		ret = add_top(top, copy);
		while (!ret) {
			pud_t pud = top[pud_index(va)];

			if (!pud_none(pud))
				ret = copy_middle(pud, &copy[pud_index(va)],
						  __pa(va) >> PMD_SHIFT);
			va += PUD_SIZE;
			if (va >= end || !pud_index(va))
				break;
		}
	}
	return ret ?: send_leaf(DIRECT_MAP, 0, NULL);
}

/*
 * 512 entries that map what one PMD entry of the image maps. Here what is
 * executable must be so in the copy: a fetch by a driver is for the nested page
 * tables, too, and some of the code runs in views (thunks).
 */
static int copy_image_leaf(pmd_t *old, pmdval_t *slot)
{
	const pte_t *ptes = is_table(pmd_val(*old)) ?
			    (pte_t *)pmd_page_vaddr(*old) : NULL;
	u64 block = U64_MAX;
	pteval_t *table;
	unsigned int i;

	table = take_page();
	if (!table)
		return -ENOMEM;
	for (i = 0; i < PTRS_PER_PTE; i++) {
		u64 frame = ptes ? pte_pfn(ptes[i]) : pmd_pfn(*old) + i;
		pteval_t flags = ptes ? pte_flags(ptes[i]) : pmd_flags(*old);

		if (!(flags & _PAGE_PRESENT))
			continue;
		if (block == U64_MAX)
			block = frame / PTRS_PER_PTE;
		/* The backend finds a frame's entry by its number. */
		if (frame != block * PTRS_PER_PTE + i)
			return -ENXIO;
		table[i] = entry_for(frame);
		if (!(flags & _PAGE_NX))
			table[i] &= ~_PAGE_NX;
	}
	if (block == U64_MAX)
		return 0;
	*slot = __pa(table) | _KERNPG_TABLE_NOENC;
	return send_leaf(IMAGE_MAP, block, table);
}

/* The kernel's first page tables lie in its image. */
static int build_image_map(void)
{
	pud_t *pud = top_of(__START_KERNEL_map);
	pmdval_t *copy;
	unsigned int i;
	pmd_t *old;
	int ret = 0;

	/*
	 * Without CONFIG_RANDOMIZE_BASE modules share this PMD page, and their
	 * part of it changes all the time.
	 */
	if (MODULES_VADDR - __START_KERNEL_map < PUD_SIZE) {
		pr_warn("no second map of the kernel's image: page tables in it can be written\n");
		return 0;
	}
	if (pud)
		pud += pud_index(__START_KERNEL_map);
	if (!pud || !is_table(pud_val(*pud)))
		return -ENXIO;
	old = pud_pgtable(*pud);
	copy = take_page();
	if (!copy)
		return -ENOMEM;
	for (i = 0; i < PTRS_PER_PMD && !ret; i++)
		if (pmd_val(old[i]) & _PAGE_PRESENT)
			ret = copy_image_leaf(&old[i], &copy[i]);
	return ret ?: send_leaf(IMAGE_MAP, 0, NULL) ?: add_top(old, copy);
}

static int build(void)
{
	return build_direct_map() ?: build_image_map();
}

static void give_back(void)
{
	while (nr_pages)
		free_page(pages[--nr_pages]);
	vfree(pages);
	pages = NULL;
	free_page((unsigned long)call);
	call = NULL;
}

/* Memory that comes later is not in the second map. */
static int memory_event(struct notifier_block *nb, unsigned long action,
			void *data)
{
	if (action == MEM_GOING_ONLINE)
		pr_warn("memory is being added: drivers that are isolated cannot reach it until chariot is loaded anew\n");
	return NOTIFY_OK;
}

static struct notifier_block memory_nb = { .notifier_call = memory_event };

static int build_and_enable(void)
{
	int ret;

	ram_end = (phys_addr_t)chariot_max_pfn << PAGE_SHIFT;
	max_pages = MAX_TOPS + DIV_ROUND_UP(ram_end, PUD_SIZE) + 1 +
		    DIV_ROUND_UP(ram_end, PMD_SIZE) + PTRS_PER_PMD;
	pages = vmalloc(array_size(max_pages, sizeof(*pages)));
	call = (void *)get_zeroed_page(GFP_KERNEL);
	nr_tops = 0;
	ret = pages && call ? build() : -ENOMEM;
	if (!ret) {
		call->op = CHARIOT_WALK_ALIAS_ENABLE;
		call->first = 0;
		call->map = 0;
		call->count = nr_tops * 2;
		memcpy(call->gpa, tops, nr_tops * sizeof(tops[0]));
		ret = chariot_hv_walk_alias(__pa(call));
	}
	if (ret)
		pr_err("second maps failed (%d)\n", ret);
	return ret;
}

static bool needed;

int chariot_directmap_init(void)
{
	int ret;

	needed = !chariot_backend_errno &&
		 chariot_backend.features & CHARIOT_F_WALK_ALIAS;
	if (!needed)
		return 0;
	register_memory_notifier(&memory_nb);
	ret = build_and_enable();
	if (ret)
		chariot_directmap_exit();
	return ret;
}

/* Nothing of the old ones is in use: there are no views. */
int chariot_directmap_tell(void)
{
	if (!needed)
		return 0;
	give_back();
	return build_and_enable();
}

void chariot_directmap_exit(void)
{
	if (needed)
		unregister_memory_notifier(&memory_nb);
	if (call) {
		memset(call, 0, sizeof(*call));
		call->op = CHARIOT_WALK_ALIAS_DISABLE;
		chariot_hv_walk_alias(__pa(call));
	}
	give_back();
}
