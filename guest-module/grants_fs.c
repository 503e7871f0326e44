// SPDX-License-Identifier: GPL-2.0
/*
 * Typed grants of file systems: the pages of the files that are in a file system
 * of the driver's, with their struct pages, and the buffers in pages. A driver
 * gets at these in many ways that tell no type, such as folio batches and the
 * page cache's tree; but each page says itself whose file it is of, by a chain of
 * pointers that begins where the driver cannot write.
 * Runs in the guest kernel, in any context but NMI; reads without faulting: what
 * a page seems to lead to may be anything.
 */
#include <linux/buffer_head.h>
#include <linux/fs.h>
#include <linux/mm.h>

#include "chariot.h"
#include "grant_rules.h"

#define BUFFERS_MAX	(PAGE_SIZE / 512)

static unsigned long peek(const void *p)
{
	return chariot_peek(p);
}

/* Is it a mapping of an inode of a file system that the driver has registered? */
static bool mapping_belongs(const struct chariot_driver *d,
			    const struct address_space *mapping)
{
	const struct super_block *sb;
	const struct inode *inode;

	if (!mapping || (unsigned long)mapping & PAGE_MAPPING_FLAGS)
		return false;	/* or anonymous memory */
	inode = (void *)peek(&mapping->host);
	if (!inode || peek(&inode->i_mapping) != (unsigned long)mapping)
		return false;
	sb = (void *)peek(&inode->i_sb);
	return sb && (chariot_in_module(d, (void *)peek(&sb->s_type)) ||
		      chariot_in_module(d, (void *)peek(&sb->s_op)));
}

static bool page_belongs(const struct chariot_driver *d, struct page *page)
{
	return mapping_belongs(d, (void *)peek(&compound_head(page)->mapping));
}

bool chariot_buffer_belongs(const struct chariot_driver *d, const void *object)
{
	const struct buffer_head *bh = object;
	unsigned long page = peek(&bh->b_page);

	return page >= VMEMMAP_START && pfn_valid(page_to_pfn((struct page *)page)) &&
	       page_belongs(d, (struct page *)page);
}

/*
 * What is given ends when the page is freed, which it can't be before it has left
 * its mapping: so one that is still in it was not freed before it was given.
 */
static bool lend_of_page(struct chariot_driver *d, struct page *page,
			 unsigned long va, size_t size,
			 enum chariot_kind kind, const char *type)
{
	if (chariot_lend(d, va, size, kind, type))
		return false;
	if (page_belongs(d, page))
		return true;
	chariot_lend_end(d, va, size, kind);
	return false;
}

bool chariot_fs_settle(struct chariot_driver *d, unsigned long va)
{
	const struct chariot_member *m;
	unsigned long pfn, start;
	struct page *page;

	if (va >= VMEMMAP_START) {
		pfn = (va - VMEMMAP_START) / sizeof(struct page);
		if (!pfn_valid(pfn))
			return false;
		page = pfn_to_page(pfn);
		start = (unsigned long)page;
		if (!page_belongs(d, page))
			return false;
		for (m = chariot_page_members; m->text; m++)
			if (va - start - m->offset < m->size)
				return lend_of_page(d, page, start + m->offset,
						    m->size, CHARIOT_KIND_OBJECT,
						    m->text);
		return false;
	}
	if (!virt_addr_valid((void *)va))
		return false;
	page = virt_to_page((void *)va);
	return page_belongs(d, page) &&
	       lend_of_page(d, page, va & PAGE_MASK, PAGE_SIZE,
			    CHARIOT_KIND_BUFFER, "page of a file");
}

/* The buffer whose data va is in, of those that its page has; or 0. */
unsigned long chariot_buffer_at(unsigned long va)
{
	struct page *page;
	unsigned long first, bh;
	int i;

	if (!virt_addr_valid((void *)va))
		return 0;
	page = compound_head(virt_to_page((void *)va));
	if (PageSlab(page) || !PagePrivate(page))
		return 0;
	first = peek(&page->private);
	for (bh = first, i = 0; bh && i < BUFFERS_MAX; i++) {
		const struct buffer_head *b = (void *)bh;

		if (peek(&b->b_page) != (unsigned long)page)
			return 0;	/* private is something else */
		if (va - peek(&b->b_data) < peek(&b->b_size))
			return bh;
		bh = peek(&b->b_this_page);
		if (bh == first)
			return 0;
	}
	return 0;
}
