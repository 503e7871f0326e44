// SPDX-License-Identifier: GPL-2.0
/* Calls that write for the driver under test: some of the first 64 bytes at "to". */
#include <linux/bitmap.h>
#include <linux/io.h>
#include <linux/pci.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "compat/driver.h"
#include "driver_parts.h"

static const unsigned long bits[] = { 0x5a5a5a5a, 0x0f0f0f0f };

/* The compiler's, which puts it in place of others; no header has it. */
char *stpcpy(char *to, const char *from);

static int one = 1;
static struct scatterlist list;
struct sk_buff *driver_packet;
static struct pci_dev *pci;
static void *buffer;

static __printf(2, 3) int print_to(char *to, const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = vsnprintf(to, 64, format, args);
	va_end(args);
	return ret;
}

static __printf(2, 3) int print_counted(char *to, const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = vscnprintf(to, 64, format, args);
	va_end(args);
	return ret;
}

static __printf(2, 3) int print_all(char *to, const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = vsprintf(to, format, args);
	va_end(args);
	return ret;
}

static size_t from_iter(char *to, size_t size, bool nocache)
{
	struct kvec vec = { buffer, PAGE_SIZE };
	struct iov_iter iter;

	iov_iter_kvec(&iter, WRITE, &vec, 1, PAGE_SIZE);
	return nocache ? _copy_from_iter_nocache(to, size, &iter) :
	       _copy_from_iter(to, size, &iter);
}

static ssize_t from_user_buffer(char *to)
{
	loff_t at = 4;

	return simple_write_to_buffer(to, 64, &at, (void __user *)driver_user, 30);
}

#define COPY(name, call)							\
static noinline void copy_##name(char *to)					\
{										\
	const char *from = driver_text;						\
										\
	/* Else the compiler writes short ones itself. */			\
	OPTIMIZER_HIDE_VAR(from);						\
	call;									\
}

/* Of 64 bytes that are 0, each leaves one that is not. */
#define COPIES(X)								\
	X(strcpy, strcpy(to, from + 20))					\
	X(strncpy, strncpy(to, from, 30))					\
	X(strscpy, strscpy(to, from, 40))					\
	X(strscpy_pad, strscpy_pad(to, from, 40))				\
	X(strcat, strcat(to, from + 20))					\
	X(strlcat, strlcat(to, from, 64))					\
	X(snprintf, snprintf(to, 64, "%d", one))				\
	X(scnprintf, scnprintf(to, 64, "%d", one))				\
	X(sprintf, sprintf(to, "%d", one))					\
	X(bin2hex, bin2hex(to, from, 16))					\
	X(hex2bin, hex2bin(to, "123456", 3))					\
	X(kstrtoull, kstrtoull("77", 0, (void *)to))				\
	X(kstrtoll, kstrtoll("-77", 0, (void *)to))				\
	X(kstrtouint, kstrtouint("77", 0, (void *)to))				\
	X(kstrtoint, kstrtoint("-77", 0, (void *)to))				\
	X(kstrtou16, kstrtou16("77", 0, (void *)to))				\
	X(kstrtos16, kstrtos16("77", 0, (void *)to))				\
	X(kstrtou8, kstrtou8("77", 0, (void *)to))				\
	X(kstrtos8, kstrtos8("77", 0, (void *)to))				\
	X(kstrtobool, kstrtobool("y", (void *)to))				\
	X(memcpy_and_pad, memcpy_and_pad(to, 40, from, one + 9, 1))	\
	X(nofault, copy_from_kernel_nofault(to, from, 30))			\
	X(random, get_random_bytes(to, 32))					\
	X(bitmap_set, __bitmap_set((void *)to, 3, 70))				\
	X(bitmap_or, __bitmap_or((void *)to, bits, bits, 100))			\
	X(bitmap_and, __bitmap_and((void *)to, bits, bits, 100))		\
	X(bitmap_complement, __bitmap_complement((void *)to, bits, 100))	\
	X(bitmap_xor, __bitmap_xor((void *)to, bits, bits + 1, 60))		\
	X(bitmap_andnot, __bitmap_andnot((void *)to, bits, bits + 1, 60))	\
	X(bitmap_shift_left, __bitmap_shift_left((void *)to, bits, 3, 60))	\
	X(bitmap_shift_right, __bitmap_shift_right((void *)to, bits, 3, 60))	\
	X(bitmap_parse, bitmap_parse("ff", 2, (void *)to, 64))			\
	X(bitmap_parselist, bitmap_parselist("1-3", (void *)to, 64))		\
	X(stpcpy, stpcpy(to, from + 20))					\
	X(strncat, strncat(to, from, 9))					\
	X(vsnprintf, print_to(to, "%d", one))					\
	X(vscnprintf, print_counted(to, "%d", one))				\
	X(vsprintf, print_all(to, "%d", one))					\
	X(fromio, memcpy_fromio(to, (void __iomem *)from, 30))			\
	X(flushcache, memcpy_flushcache(to, from, one + 29))			\
	X(mc, copy_mc_to_kernel(to, from, 30))					\
	X(sg_to_buffer, sg_copy_to_buffer(&list, 1, to, 30))			\
	X(sg_part_to_buffer, sg_pcopy_to_buffer(&list, 1, to, 30, 5))		\
	X(skb_bits, skb_copy_bits(driver_packet, 3, to, 30))				\
	X(pci_byte, pci_read_config_byte(pci, PCI_VENDOR_ID, (void *)to))	\
	X(pci_word, pci_read_config_word(pci, PCI_VENDOR_ID, (void *)to))	\
	X(pci_dword, pci_read_config_dword(pci, PCI_VENDOR_ID, (void *)to))	\
	X(iter, from_iter(to, 30, false))					\
	X(iter_nocache, from_iter(to, 30, true))				\
	X(user, copy_from_user(to, (void __user *)driver_user, one + 29))	\
	X(user_nofault,								\
	  copy_from_user_nofault(to, (void __user *)driver_user, 30))		\
	X(user_string, strncpy_from_user(to, (void __user *)driver_user, 30))	\
	X(user_buffer, from_user_buffer(to))					\
	X(user_nocache,								\
	  kunit_copy_uncached(to, (void __user *)driver_user, one + 29))	\
	KUNIT_INLINED(X(user_inline,						\
	  __copy_from_user(to, (void __user *)driver_user, one + 29)))

/* What they return is not needed here. */
#pragma GCC diagnostic ignored "-Wunused-result"
COPIES(COPY)

#define COPY_ROW(name, call)	{ #name, copy_##name },
const struct kunit_copy driver_copies[] = { COPIES(COPY_ROW) };
const size_t driver_nr_copies = ARRAY_SIZE(driver_copies);

void driver_copies_end(void)
{
	pci_dev_put(pci);
	kfree_skb(driver_packet);
	kfree(buffer);
}

int driver_copies_begin(void)
{
	buffer = kmalloc(PAGE_SIZE, GFP_KERNEL);
	driver_packet = alloc_skb(64, GFP_KERNEL);
	pci = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, NULL);
	if (!buffer || !driver_packet || !pci) {
		driver_copies_end();
		return -ENOMEM;
	}
	memset(buffer, 0x5a, PAGE_SIZE);
	memset(skb_put(driver_packet, 64), 0x5a, 64);
	sg_init_one(&list, buffer, 64);
	return 0;
}
