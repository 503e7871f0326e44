// SPDX-License-Identifier: GPL-2.0
/* Calls that write for the driver under test: some of the first 64 bytes at "to". */
#include <linux/bitmap.h>
#include <linux/ethtool.h>
#include <linux/inet.h>
#include <linux/io.h>
#include <linux/kfifo.h>
#include <linux/lz4.h>
#include <linux/lzo.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/property.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/scatterlist.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/uuid.h>
#include <crypto/aes.h>
#include <crypto/algapi.h>
#include <crypto/hash.h>
#include <crypto/scatterwalk.h>
#include <net/checksum.h>
#include <net/netlink.h>

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
static DEFINE_KFIFO(fifo, char, 64);
static STRUCT_KFIFO_REC_1(64) records;
static struct crypto_aes_ctx key;
static struct shash_desc *hash;
static struct fwnode_handle *node;

static const struct {
	struct nlattr attr;
	char text[32];
} attribute = { { sizeof(struct nlattr) + 32, 1 }, "an attribute of thirty-two bytes" };

static const u32 numbers[] = { 11, 22, 33 };

static const struct property_entry properties[] = {
	PROPERTY_ENTRY_U32_ARRAY("numbers", numbers),
	{ }
};

/* Four bytes that are as they were, in both; and the end of LZO's. */
static const u8 lz4[] = { 4 << 4, 'w', 'o', 'r', 'd' };
static const u8 lzo[] = { 17 + 4, 'w', 'o', 'r', 'd', 17, 0, 0 };

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

static size_t flushed_from_iter(char *to, size_t size)
{
	struct kvec vec = { buffer, PAGE_SIZE };
	struct iov_iter iter;

	iov_iter_kvec(&iter, WRITE, &vec, 1, PAGE_SIZE);
	return _copy_from_iter_flushcache(to, size, &iter);
}

static bool summed_from_iter(char *to, size_t size)
{
	struct kvec vec = { buffer, PAGE_SIZE };
	struct iov_iter iter;
	__wsum sum = 0;

	iov_iter_kvec(&iter, WRITE, &vec, 1, PAGE_SIZE);
	return csum_and_copy_from_iter_full(to, size, &sum, &iter);
}

static unsigned int from_fifo(char *to, bool peek)
{
	kfifo_reset(&fifo);
	kfifo_in(&fifo, driver_text, 30);
	/* There are fewer than asked for. */
	return peek ? kfifo_out_peek(&fifo, to, 60) : kfifo_out(&fifo, to, 60);
}

static unsigned int from_records(char *to, bool peek)
{
	INIT_KFIFO(records);
	kfifo_in(&records, driver_text, 30);
	return peek ? kfifo_out_peek(&records, to, 60) : kfifo_out(&records, to, 60);
}

static ssize_t from_buffer(char *to, const char *from)
{
	loff_t at = 4;

	return memory_read_from_buffer(to, 100, &at, from, 34);
}

static int digest(char *to, const char *from, bool all)
{
	if (all)
		return crypto_shash_digest(hash, from, 20, to);
	return crypto_shash_init(hash) ?: crypto_shash_final(hash, to);
}

static int finish_digest(char *to, const char *from)
{
	return crypto_shash_init(hash) ?: crypto_shash_finup(hash, from, 20, to);
}

static int unpack_lzo(char *to)
{
	size_t size = 60;

	return lzo1x_decompress_safe(lzo, sizeof(lzo), to, &size);
}

static ssize_t from_user_buffer(char *to)
{
	loff_t at = 4;

	return simple_write_to_buffer(to, 64, &at, (void __user *)driver_user, 30);
}

/* In two parts. */
static struct scatterlist *list_of(char *to)
{
	static struct scatterlist parts[2];

	sg_init_table(parts, 2);
	sg_set_buf(parts, to, 10);
	sg_set_buf(parts + 1, to + 10, 54);
	return parts;
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
	X(toio, memcpy_toio((void __iomem *)to, from, 30))			\
	X(fill_io, memset_io((void __iomem *)to, 1, 30))			\
	X(device_quads, __iowrite64_copy((void __iomem *)to, from, 3))		\
	X(flushcache, memcpy_flushcache(to, from, one + 29))			\
	X(mc, copy_mc_to_kernel(to, from, 30))					\
	X(sg_to_buffer, sg_copy_to_buffer(&list, 1, to, 30))			\
	X(sg_part_to_buffer, sg_pcopy_to_buffer(&list, 1, to, 30, 5))		\
	X(sg_from_buffer, sg_copy_from_buffer(list_of(to), 2, from, 30))	\
	X(sg_part_from_buffer,							\
	  sg_pcopy_from_buffer(list_of(to), 2, from, 30, 5))			\
	X(sg_buffer, sg_copy_buffer(list_of(to), 2, (void *)from, 30, 5, false))	\
	X(sg_own_buffer, sg_copy_buffer(&list, 1, to, 30, 5, true))		\
	X(scatterwalk_out,							\
	  scatterwalk_map_and_copy((void *)from, list_of(to), 5, 30, 1))	\
	X(skb_bits, skb_copy_bits(driver_packet, 3, to, 30))				\
	X(pci_byte, pci_read_config_byte(pci, PCI_VENDOR_ID, (void *)to))	\
	X(pci_word, pci_read_config_word(pci, PCI_VENDOR_ID, (void *)to))	\
	X(pci_dword, pci_read_config_dword(pci, PCI_VENDOR_ID, (void *)to))	\
	X(nla, nla_memcpy(to, &attribute.attr, one + 29))			\
	X(nla_string, nla_strscpy(to, &attribute.attr, one + 29))		\
	X(skb_summed, skb_copy_and_csum_bits(driver_packet, 3, to, 30))		\
	X(skb_summed_all, skb_copy_and_csum_dev(driver_packet, to))		\
	X(summed, csum_partial_copy_nocheck(from, to, 30))			\
	X(iter_flushed, flushed_from_iter(to, 30))				\
	X(iter_summed, summed_from_iter(to, 30))				\
	X(scatterwalk, scatterwalk_map_and_copy(to, &list, 5, 30, 0))		\
	X(fifo, from_fifo(to, false))						\
	X(fifo_peek, from_fifo(to, true))					\
	X(fifo_record, from_records(to, false))					\
	X(fifo_record_peek, from_records(to, true))				\
	X(buffer, from_buffer(to, from))					\
	X(port_bytes, ioread8_rep((void __iomem *)from, to, one + 9))		\
	X(port_words, ioread16_rep((void __iomem *)from, to, one + 9))		\
	X(port_longs, ioread32_rep((void __iomem *)from, to, one + 9))		\
	X(device_longs, __ioread32_copy(to, (void __iomem *)from, one + 9))	\
	X(bus_byte, pci_bus_read_config_byte(pci->bus, pci->devfn,		\
					     PCI_VENDOR_ID, (void *)to))	\
	X(bus_word, pci_bus_read_config_word(pci->bus, pci->devfn,		\
					     PCI_VENDOR_ID, (void *)to))	\
	X(bus_dword, pci_bus_read_config_dword(pci->bus, pci->devfn,		\
					       PCI_VENDOR_ID, (void *)to))	\
	X(property, fwnode_property_read_u32_array(node, "numbers",		\
						   (void *)to, 3))		\
	X(rss_key, netdev_rss_key_fill(to, 32))					\
	X(digest, digest(to, from, true))					\
	X(digest_final, digest(to, from, false))				\
	X(digest_finup, finish_digest(to, from))				\
	X(digest_tfm, crypto_shash_tfm_digest(hash->tfm, from, 20, to))		\
	X(aes_encrypt, aes_encrypt(&key, to, from))				\
	X(aes_decrypt, aes_decrypt(&key, to, from))				\
	X(crypto_xor, __crypto_xor(to, from, from + 1, 30))			\
	X(random_uuid, generate_random_uuid(to))				\
	X(random_guid, generate_random_guid(to))				\
	X(uuid, uuid_gen((void *)to))						\
	X(guid, guid_gen((void *)to))						\
	X(lz4, LZ4_decompress_safe(lz4, to, sizeof(lz4), 60))			\
	X(lzo, unpack_lzo(to))							\
	X(ipv4, in4_pton("1.2.3.4", -1, to, -1, NULL))				\
	X(ipv6, in6_pton("fe80::1", -1, to, -1, NULL))				\
	X(mac, mac_pton("02:03:04:05:06:07", to))				\
	X(task_name, __get_task_comm(to, TASK_COMM_LEN, current))		\
	X(bitmap_from_words, bitmap_from_arr32((void *)to, (void *)bits, 100))	\
	X(bitmap_to_words, bitmap_to_arr32((void *)to, bits, 100))		\
	X(link_modes, ethtool_convert_legacy_u32_to_link_mode((void *)to, 5))	\
	X(link_bits, ethtool_convert_link_mode_to_legacy_u32((void *)to, bits))	\
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
	fwnode_remove_software_node(node);
	if (hash)
		crypto_free_shash(hash->tfm);
	kfree(hash);
	pci_dev_put(pci);
	kfree_skb(driver_packet);
	kfree(buffer);
}

static struct shash_desc *make_hash(void)
{
	struct crypto_shash *tfm = crypto_alloc_shash("sha256", 0, 0);
	struct shash_desc *desc;

	if (IS_ERR(tfm))
		return NULL;
	desc = kzalloc(sizeof(*desc) + crypto_shash_descsize(tfm), GFP_KERNEL);
	if (desc)
		desc->tfm = tfm;
	else
		crypto_free_shash(tfm);
	return desc;
}

int driver_copies_begin(void)
{
	buffer = kmalloc(PAGE_SIZE, GFP_KERNEL);
	driver_packet = alloc_skb(64, GFP_KERNEL);
	pci = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, NULL);
	hash = make_hash();
	node = fwnode_create_software_node(properties, NULL);
	if (IS_ERR(node))
		node = NULL;
	if (!buffer || !driver_packet || !pci || !hash || !node ||
	    aes_expandkey(&key, driver_text, AES_KEYSIZE_128)) {
		driver_copies_end();
		return -ENOMEM;
	}
	memset(buffer, 0x5a, PAGE_SIZE);
	memset(skb_put(driver_packet, 64), 0x5a, 64);
	sg_init_one(&list, buffer, 64);
	return 0;
}
