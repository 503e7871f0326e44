// SPDX-License-Identifier: GPL-2.0-only
/*
 * Victims by name where page tables matter: page tables themselves, and
 * kernel text and read-only data, by their own address or the direct map (both
 * of which the kernel maps read-only) and by a writable mapping of the same memory.
 * Runs in the guest's kernel, trusted.
 */

#include <asm/pgtable.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "private.h"

/* Not exported to modules: the test scripts take them out of /proc/kallsyms. */
static unsigned long stext, etext, rodata;
static unsigned long driver_text;
module_param(stext, ulong, 0);
MODULE_PARM_DESC(stext, "address of _stext");
module_param(etext, ulong, 0);
MODULE_PARM_DESC(etext, "address of _etext");
module_param(rodata, ulong, 0);
MODULE_PARM_DESC(rodata, "address of linux_banner");

#define HIT_SIZE 16

static u8 *image_alias;		/* the armed text or rodata victim's */
static u8 *own_area;		/* what the armed page table maps */

/* A second, writable mapping of the page that holds this address. */
static u8 *map_again(unsigned long address)
{
	struct page *page = pfn_to_page(PHYS_PFN(slow_virt_to_phys((void *)address)));
	u8 *mapping = vmap(&page, 1, VM_MAP, PAGE_KERNEL);

	return mapping ? mapping + offset_in_page(address) : NULL;
}

static void unmap_image(void)
{
	if (image_alias)
		vunmap((void *)((unsigned long)image_alias & PAGE_MASK));
	image_alias = NULL;
}

enum by { BY_OWN_MAPPING, BY_DIRECT_MAP, BY_IMAGE };

static int take_image(unsigned long address, enum by by)
{
	unsigned long direct;

	if (!address)
		return -ENOENT;
	unmap_image();	/* the last one's, which mended its victim meanwhile */
	image_alias = map_again(address);
	if (!image_alias)
		return -ENOMEM;
	direct = (unsigned long)__va(slow_virt_to_phys((void *)address));
	if (!watch_foreign((void *)address, image_alias, HIT_SIZE))
		return -ENOSPC;
	playground_aim(by == BY_DIRECT_MAP ? direct :
		       by == BY_IMAGE ? address : (unsigned long)image_alias);
	return 0;
}

/* Filling after the last function of the kernel, which never runs. */
static unsigned long text_filling(void)
{
	const u8 *end;

	if (!stext || !etext)
		return 0;
	for (end = (u8 *)etext; (unsigned long)end > stext + PAGE_SIZE; end -= HIT_SIZE) {
		const u8 *start = end - HIT_SIZE;

		if (!memchr_inv(start, 0xcc, HIT_SIZE) || !memchr_inv(start, 0x90, HIT_SIZE) ||
		    !memchr_inv(start, 0, HIT_SIZE))
			return (unsigned long)start;
	}
	return 0;
}

static int arm_text(void)
{
	return take_image(text_filling(), BY_OWN_MAPPING);
}

static int arm_text_direct(void)
{
	return take_image(text_filling(), BY_DIRECT_MAP);
}

static int arm_text_image(void)
{
	return take_image(text_filling(), BY_IMAGE);
}

static int arm_driver_text(void)
{
	return take_image(READ_ONCE(driver_text), BY_OWN_MAPPING);
}

/* Text of a driver's that never runs; 0 when it goes. */
void playground_offer_text(unsigned long address)
{
	WRITE_ONCE(driver_text, address);
}
EXPORT_SYMBOL_GPL(playground_offer_text);

static int arm_rodata(void)
{
	return take_image(rodata, BY_OWN_MAPPING);
}

static int arm_rodata_direct(void)
{
	return take_image(rodata, BY_DIRECT_MAP);
}

static int arm_rodata_image(void)
{
	return take_image(rodata, BY_IMAGE);
}

static int take_entry(unsigned long address)
{
	unsigned int level;
	pte_t *entry = lookup_address(address, &level);

	if (!entry || level != PG_LEVEL_4K)
		return -ENOENT;
	if (!watch_foreign(entry, entry, sizeof(*entry)))
		return -ENOSPC;
	playground_aim((unsigned long)entry);
	return 0;
}

/*
 * A page table that maps nothing but an area of the playground's: the area
 * spans at least one whole table. All of it is one page, mapped many times.
 */
static int arm_page_table(void)
{
	const unsigned int count = 2 * PTRS_PER_PTE;
	struct page **pages;
	unsigned int i;

	if (!own_area) {
		pages = kvmalloc_array(count, sizeof(*pages), GFP_KERNEL);
		if (!pages)
			return -ENOMEM;
		for (i = 0; i < count; i++)
			pages[i] = virt_to_page(empty_zero_page);
		own_area = vmap(pages, count, VM_MAP, PAGE_KERNEL_RO);
		kvfree(pages);
	}
	if (!own_area)
		return -ENOMEM;
	return take_entry(ALIGN((unsigned long)own_area, PMD_SIZE) + 5 * PAGE_SIZE);
}

/*
 * The page table that maps modules, thus also the driver that writes: the
 * entry of the unused page behind the playground's text.
 */
static int arm_page_table_used(void)
{
	unsigned long address = (unsigned long)arm_page_table_used & PAGE_MASK;
	unsigned int level;
	pte_t *entry;

	do {
		address += PAGE_SIZE;
		entry = lookup_address(address, &level);
	} while (entry && !pte_none(*entry));
	return take_entry(address);
}

/* The entry of the running process's table of the third level for an address. */
static pud_t *third_level(unsigned long address)
{
	pgd_t *pgd = (pgd_t *)__va(read_cr3_pa()) + pgd_index(address);
	p4d_t *p4d = p4d_offset(pgd, address);

	return p4d_none(*p4d) ? NULL : pud_offset(p4d, address);
}

/* An entry of a page table that lies in the kernel's image, by its address there. */
static int take_image_entry(void *entry)
{
	unsigned long address = __START_KERNEL_map + (__pa(entry) - phys_base);

	if (slow_virt_to_phys((void *)address) != __pa(entry))
		return -ENOENT;
	if (!watch_foreign(entry, entry, sizeof(u64)))
		return -ENOSPC;
	playground_aim(address);
	return 0;
}

/*
 * The table above page_table_used's, which is part of the kernel's image: the
 * entry of the last memory for modules, which is never used.
 */
static int arm_page_table_image(void)
{
	unsigned long address = MODULES_END - PMD_SIZE;
	pud_t *pud = third_level(address);
	pmd_t *pmd = pud && !pud_none(*pud) ? pmd_offset(pud, address) : NULL;

	if (!pmd || !pmd_none(*pmd))
		return -ENOENT;
	return take_image_entry(pmd);
}

/* A table of the image that is walked on the way to itself: nothing lies there. */
static int arm_page_table_self(void)
{
	pud_t *pud = third_level(__START_KERNEL_map & P4D_MASK);

	if (!pud || !pud_none(*pud))
		return -ENOENT;
	return take_image_entry(pud);
}

/* The same in the direct map: an entry that maps nothing. */
static int arm_page_table_top(void)
{
	pud_t *pud = third_level(PAGE_OFFSET);
	unsigned int left = PTRS_PER_PUD;

	if (!pud)
		return -ENOENT;
	for (pud -= offset_in_page(pud) / sizeof(*pud); !pud_none(*pud); pud++)
		if (!--left)
			return -ENOENT;
	if (!watch_foreign(pud, pud, sizeof(*pud)))
		return -ENOSPC;
	playground_aim((unsigned long)pud);
	return 0;
}

u64 playground_physical(unsigned long address)
{
	unsigned int level;
	pte_t *pte = lookup_address(address, &level);
	unsigned long size;

	if (!pte || !(pte_flags(*pte) & _PAGE_PRESENT) ||
	    !(pte_flags(*pte) & _PAGE_RW))
		return 0;
	size = level == PG_LEVEL_4K ? PAGE_SIZE :
	       level == PG_LEVEL_2M ? PMD_SIZE : PUD_SIZE;
	return ((u64)pte_pfn(*pte) << PAGE_SHIFT & ~(size - 1)) |
	       (address & (size - 1));
}
EXPORT_SYMBOL_GPL(playground_physical);

void mappings_exit(void)
{
	unmap_image();
	vunmap(own_area);
}

/*
 * The top-level table of the process that runs, its entry for the direct map.
 * Damage is the guest's end; the processor walks this table all the time.
 */
static int arm_page_directory(void)
{
	pgd_t *entry = (pgd_t *)__va(read_cr3_pa()) + pgd_index(PAGE_OFFSET);

	if (!watch_foreign(entry, entry, sizeof(*entry)))
		return -ENOSPC;
	playground_aim((unsigned long)entry);
	return 0;
}

const struct victim mapping_victims[] = {
	{ "text", arm_text },
	{ "text_direct", arm_text_direct },
	{ "text_image", arm_text_image },
	{ "driver_text", arm_driver_text },
	{ "rodata", arm_rodata },
	{ "rodata_direct", arm_rodata_direct },
	{ "rodata_image", arm_rodata_image },
	{ "page_table", arm_page_table },
	{ "page_table_used", arm_page_table_used },
	{ "page_table_image", arm_page_table_image },
	{ "page_table_self", arm_page_table_self },
	{ "page_table_top", arm_page_table_top },
	{ "page_directory", arm_page_directory },
	{ }
};
