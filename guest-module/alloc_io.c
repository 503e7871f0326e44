// SPDX-License-Identifier: GPL-2.0
/*
 * Wrappers: mappings of device memory. No rights: device memory is not RAM and is
 * never blocked. They are recorded, for people.
 * Runs in the guest kernel, called by drivers.
 */
#include <linux/io.h>
#include <linux/pci.h>
#include <linux/platform_device.h>

#include "alloc.h"

static void __iomem *record(const struct chariot_call *c, void __iomem *va,
			    resource_size_t size, const char *family)
{
	if (c->driver && !IS_ERR_OR_NULL((__force void *)va))
		chariot_object_insert(c->driver, (__force void *)va, size,
				      CHARIOT_KIND_MMIO, family, c->site);
	return va;
}

static void forget(const struct chariot_call *c, const void *va)
{
	if (c->driver)
		chariot_object_del(c->driver, va);
}

/* What of a BAR a mapping shows; 0 for ports. */
static resource_size_t bar_size(struct pci_dev *dev, int bar, unsigned long offset,
				unsigned long max)
{
	resource_size_t size;

	if (bar < 0 || bar >= PCI_STD_NUM_BARS ||
	    !(pci_resource_flags(dev, bar) & IORESOURCE_MEM))
		return 0;
	size = pci_resource_len(dev, bar);
	size = size > offset ? size - offset : 0;
	return max && size > max ? max : size;
}

CHARIOT_WRAPPERS_BEGIN;

#define IOREMAP(name)							\
CHARIOT_WRAPPER void __iomem *						\
chariot_wrap_##name(resource_size_t start, unsigned long size)		\
{									\
	struct chariot_call c = chariot_caller();			\
									\
	return record(&c, name(start, size), size, #name);		\
}

IOREMAP(ioremap)
IOREMAP(ioremap_uc)
IOREMAP(ioremap_wc)
IOREMAP(ioremap_wt)
IOREMAP(ioremap_cache)
IOREMAP(ioremap_encrypted)

CHARIOT_WRAPPER void __iomem *
chariot_wrap_ioremap_prot(resource_size_t start, unsigned long size,
			  unsigned long prot)
{
	struct chariot_call c = chariot_caller();

	return record(&c, ioremap_prot(start, size, prot), size, "ioremap_prot");
}

CHARIOT_WRAPPER void chariot_wrap_iounmap(volatile void __iomem *va)
{
	struct chariot_call c = chariot_caller();

	forget(&c, (__force const void *)va);
	iounmap(va);
}

#define DEVM_IOREMAP(name)						\
CHARIOT_WRAPPER void __iomem *						\
chariot_wrap_##name(struct device *dev, resource_size_t start,		\
		    resource_size_t size)				\
{									\
	struct chariot_call c = chariot_caller();			\
									\
	return record(&c, name(dev, start, size), size, #name);		\
}

DEVM_IOREMAP(devm_ioremap)
DEVM_IOREMAP(devm_ioremap_uc)
DEVM_IOREMAP(devm_ioremap_wc)

CHARIOT_WRAPPER void __iomem *
chariot_wrap_devm_ioremap_resource(struct device *dev, const struct resource *res)
{
	struct chariot_call c = chariot_caller();

	return record(&c, devm_ioremap_resource(dev, res),
		      res ? resource_size(res) : 0, "devm_ioremap_resource");
}

CHARIOT_WRAPPER void __iomem *
chariot_wrap_devm_platform_ioremap_resource(struct platform_device *dev,
					    unsigned int index)
{
	struct chariot_call c = chariot_caller();
	struct resource *res = platform_get_resource(dev, IORESOURCE_MEM, index);

	return record(&c, devm_platform_ioremap_resource(dev, index),
		      res ? resource_size(res) : 0,
		      "devm_platform_ioremap_resource");
}

CHARIOT_WRAPPER void __iomem *chariot_wrap_pci_iomap(struct pci_dev *dev, int bar,
						     unsigned long max)
{
	struct chariot_call c = chariot_caller();

	return record(&c, pci_iomap(dev, bar, max), bar_size(dev, bar, 0, max),
		      "pci_iomap");
}

CHARIOT_WRAPPER void __iomem *chariot_wrap_pci_iomap_wc(struct pci_dev *dev,
							int bar,
							unsigned long max)
{
	struct chariot_call c = chariot_caller();

	return record(&c, pci_iomap_wc(dev, bar, max), bar_size(dev, bar, 0, max),
		      "pci_iomap_wc");
}

CHARIOT_WRAPPER void __iomem *
chariot_wrap_pci_iomap_range(struct pci_dev *dev, int bar, unsigned long offset,
			     unsigned long max)
{
	struct chariot_call c = chariot_caller();

	return record(&c, pci_iomap_range(dev, bar, offset, max),
		      bar_size(dev, bar, offset, max), "pci_iomap_range");
}

CHARIOT_WRAPPER void __iomem *chariot_wrap_pci_ioremap_bar(struct pci_dev *dev,
							   int bar)
{
	struct chariot_call c = chariot_caller();

	return record(&c, pci_ioremap_bar(dev, bar), bar_size(dev, bar, 0, 0),
		      "pci_ioremap_bar");
}

CHARIOT_WRAPPER void __iomem *chariot_wrap_pcim_iomap(struct pci_dev *dev, int bar,
						      unsigned long max)
{
	struct chariot_call c = chariot_caller();

	return record(&c, pcim_iomap(dev, bar, max), bar_size(dev, bar, 0, max),
		      "pcim_iomap");
}

CHARIOT_WRAPPER void chariot_wrap_pci_iounmap(struct pci_dev *dev, void __iomem *va)
{
	struct chariot_call c = chariot_caller();

	forget(&c, (__force const void *)va);
	pci_iounmap(dev, va);
}

CHARIOT_WRAPPER void *chariot_wrap_memremap(resource_size_t start, size_t size,
					    unsigned long flags)
{
	struct chariot_call c = chariot_caller();

	return (__force void *)record(&c, (__force void __iomem *)
				      memremap(start, size, flags), size,
				      "memremap");
}

CHARIOT_WRAPPER void chariot_wrap_memunmap(void *va)
{
	struct chariot_call c = chariot_caller();

	forget(&c, va);
	memunmap(va);
}

CHARIOT_WRAPPERS_END;
