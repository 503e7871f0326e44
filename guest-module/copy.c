// SPDX-License-Identifier: GPL-2.0
/*
 * Stand-ins for kernel functions that write where their caller says: they run
 * with the kernel's rights, so what an isolated driver has them write is checked
 * against its own. What is refused is reported under the function's name, and
 * the caller is told what the function says when it has done nothing.
 * Runs in the guest kernel's view, in the context of the call.
 */
#include <linux/bitmap.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/pci.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/skbuff.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <crypto/scatterwalk.h>

#include "alloc.h"
#include "chariot.h"
#include "compat/copy.h"

/*
 * In each: c first, for it looks at the function's own frame. A caller that is
 * no isolated driver (c.driver is NULL) may write all it likes.
 */
CHARIOT_WRAPPERS_BEGIN

/* --- from user space ----------------------------------------------------------- */

CHARIOT_WRAPPER unsigned long
chariot_copy_from_user(void *to, const void __user *from, unsigned long n)
{
	struct chariot_call c = chariot_caller();

	if (!chariot_check_write(&c, "copy_from_user", to, n))
		return n;
	return _copy_from_user(to, from, n);
}

CHARIOT_WRAPPER long
chariot_copy_from_user_nofault(void *to, const void __user *from, size_t n)
{
	struct chariot_call c = chariot_caller();

	if (!chariot_check_write(&c, "copy_from_user_nofault", to, n))
		return -EFAULT;
	return copy_from_user_nofault(to, from, n);
}

CHARIOT_WRAPPER long
chariot_strncpy_from_user(char *to, const char __user *from, long count)
{
	struct chariot_call c = chariot_caller();

	if (count > 0 &&
	    !chariot_check_write(&c, "strncpy_from_user", to, count))
		return -EFAULT;
	return strncpy_from_user(to, from, count);
}

/*
 * What inlined user copies call, in both directions: a user address is left to
 * the processor. All registers that a C function changes are given up there.
 */
static bool check_user_copy(const struct chariot_call *c, const void *to,
			    size_t len)
{
	return (unsigned long)to < TASK_SIZE_MAX ||
	       chariot_check_write(c, "copy_from_user", to, len);
}

CHARIOT_WRAPPER unsigned long
chariot_copy_user_generic_string(void *to, const void *from, unsigned int len)
{
	struct chariot_call c = chariot_caller();

	if (!check_user_copy(&c, to, len))
		return len;
	return chariot_copy_user_string(to, from, len);
}

CHARIOT_WRAPPER unsigned long
chariot_copy_user_enhanced_fast_string(void *to, const void *from,
				       unsigned int len)
{
	struct chariot_call c = chariot_caller();

	if (!check_user_copy(&c, to, len))
		return len;
	return chariot_copy_user_erms(to, from, len);
}

CHARIOT_WRAPPER unsigned long
chariot_copy_user_generic_unrolled(void *to, const void *from, unsigned int len)
{
	struct chariot_call c = chariot_caller();

	if (!check_user_copy(&c, to, len))
		return len;
	return chariot_copy_user_unrolled(to, from, len);
}

CHARIOT_WRAPPER long
chariot_copy_user_nocache(void *to, const void __user *from, unsigned int len,
			  int zero)
{
	struct chariot_call c = chariot_caller();

	if (!chariot_check_write(&c, "copy_from_user_nocache", to, len))
		return len;
	return chariot_copy_user_uncached(to, from, len, zero);
}

CHARIOT_WRAPPER size_t
chariot_copy_from_iter(void *to, size_t bytes, struct iov_iter *i)
{
	struct chariot_call c = chariot_caller();

	if (!chariot_check_write(&c, "copy_from_iter", to, min(bytes, iov_iter_count(i))))
		return 0;
	return _copy_from_iter(to, bytes, i);
}

CHARIOT_WRAPPER size_t
chariot_copy_from_iter_nocache(void *to, size_t bytes, struct iov_iter *i)
{
	struct chariot_call c = chariot_caller();

	if (!chariot_check_write(&c, "copy_from_iter_nocache", to, min(bytes, iov_iter_count(i))))
		return 0;
	return _copy_from_iter_nocache(to, bytes, i);
}

CHARIOT_WRAPPER ssize_t
chariot_simple_write_to_buffer(void *to, size_t available, loff_t *ppos,
			       const void __user *from, size_t count)
{
	struct chariot_call c = chariot_caller();
	loff_t pos = *ppos;

	if (pos >= 0 && pos < available &&
	    !chariot_check_write(&c, "simple_write_to_buffer", to + pos,
				 min_t(size_t, count, available - pos)))
		return -EFAULT;
	return simple_write_to_buffer(to, available, ppos, from, count);
}

CHARIOT_WRAPPER ssize_t
chariot_kernel_read(struct file *file, void *to, size_t count, loff_t *pos)
{
	struct chariot_call c = chariot_caller();

	if (!chariot_check_write(&c, "kernel_read", to, count))
		return -EFAULT;
	return kernel_read(file, to, count, pos);
}

/* --- formatting ---------------------------------------------------------------- */

/*
 * May the text be written? Its length is found by formatting it to nowhere, but
 * when the whole buffer is the driver's. *room: as much as was checked, so that
 * a text that has become longer meanwhile is cut; *length: as found.
 */
static __printf(5, 0)
bool check_text(const struct chariot_call *c, const char *function,
		char *to, size_t *room, const char *format, va_list args,
		int *length)
{
	unsigned long bad;
	va_list copy;

	*length = -1;
	if (!c->driver || !*room)
		return true;
	if (*room <= PAGE_SIZE && chariot_can_write(c->driver, to, *room, &bad))
		return true;
	va_copy(copy, args);
	*length = vsnprintf(NULL, 0, format, copy);
	va_end(copy);
	if (*length < 0)
		return true;
	*room = min_t(size_t, *room, *length + 1);
	return chariot_check_write(c, function, to, *room);
}

static __printf(5, 0)
int format(const struct chariot_call *c, const char *function, char *to,
	   size_t room, const char *format, va_list args)
{
	int length;

	if (!check_text(c, function, to, &room, format, args, &length))
		return length;
	return vsnprintf(to, room, format, args);
}

/* Those that return what they have written. */
static __printf(5, 0)
int format_counted(const struct chariot_call *c, const char *function,
		   char *to, size_t room, const char *format, va_list args)
{
	int length;

	if (!check_text(c, function, to, &room, format, args, &length))
		return 0;
	return vscnprintf(to, room, format, args);
}

CHARIOT_WRAPPER __printf(3, 0) int
chariot_vsnprintf(char *to, size_t room, const char *fmt, va_list args)
{
	struct chariot_call c = chariot_caller();

	return format(&c, "vsnprintf", to, room, fmt, args);
}

CHARIOT_WRAPPER __printf(3, 0) int
chariot_vscnprintf(char *to, size_t room, const char *fmt, va_list args)
{
	struct chariot_call c = chariot_caller();

	return format_counted(&c, "vscnprintf", to, room, fmt, args);
}

CHARIOT_WRAPPER __printf(2, 0) int
chariot_vsprintf(char *to, const char *fmt, va_list args)
{
	struct chariot_call c = chariot_caller();

	return format(&c, "vsprintf", to, INT_MAX, fmt, args);
}

CHARIOT_WRAPPER __printf(3, 4) int
chariot_snprintf(char *to, size_t room, const char *fmt, ...)
{
	struct chariot_call c = chariot_caller();
	va_list args;
	int ret;

	chariot_va_start(args, fmt);
	ret = format(&c, "snprintf", to, room, fmt, args);
	va_end(args);
	return ret;
}

CHARIOT_WRAPPER __printf(3, 4) int
chariot_scnprintf(char *to, size_t room, const char *fmt, ...)
{
	struct chariot_call c = chariot_caller();
	va_list args;
	int ret;

	chariot_va_start(args, fmt);
	ret = format_counted(&c, "scnprintf", to, room, fmt, args);
	va_end(args);
	return ret;
}

CHARIOT_WRAPPER __printf(2, 3) int
chariot_sprintf(char *to, const char *fmt, ...)
{
	struct chariot_call c = chariot_caller();
	va_list args;
	int ret;

	chariot_va_start(args, fmt);
	ret = format(&c, "sprintf", to, INT_MAX, fmt, args);
	va_end(args);
	return ret;
}

/* --- strings ------------------------------------------------------------------- */

/*
 * Done here, not by the kernel's functions: their lengths are known by then, and
 * not all of them are in all kernels. The text is copied as it was measured.
 */
static void put_text(char *to, const char *from, size_t len)
{
	memcpy(to, from, len);
	to[len] = '\0';
}

CHARIOT_WRAPPER char *chariot_strcpy(char *to, const char *from)
{
	struct chariot_call c = chariot_caller();
	size_t len = strlen(from);

	if (chariot_check_write(&c, "strcpy", to, len + 1))
		put_text(to, from, len);
	return to;
}

CHARIOT_WRAPPER char *chariot_stpcpy(char *to, const char *from)
{
	struct chariot_call c = chariot_caller();
	size_t len = strlen(from);

	if (!chariot_check_write(&c, "stpcpy", to, len + 1))
		return to;
	put_text(to, from, len);
	return to + len;
}

CHARIOT_WRAPPER char *chariot_strncpy(char *to, const char *from, size_t room)
{
	struct chariot_call c = chariot_caller();
	size_t len = strnlen(from, room);

	if (chariot_check_write(&c, "strncpy", to, room)) {
		memcpy(to, from, len);
		memset(to + len, 0, room - len);
	}
	return to;
}

CHARIOT_WRAPPER size_t chariot_strlcpy(char *to, const char *from, size_t room)
{
	struct chariot_call c = chariot_caller();
	size_t len = strlen(from), part;

	if (!room)
		return len;
	part = min(len, room - 1);
	if (chariot_check_write(&c, "strlcpy", to, part + 1))
		put_text(to, from, part);
	return len;
}

static ssize_t copy_text(const struct chariot_call *c, const char *function,
			 char *to, const char *from, size_t room, bool pad)
{
	size_t len;

	if (!room || room > INT_MAX)
		return -E2BIG;
	len = strnlen(from, room);
	if (!chariot_check_write(c, function, to, pad ? room : min(len + 1, room)))
		return -E2BIG;
	put_text(to, from, min(len, room - 1));
	if (len == room)
		return -E2BIG;
	if (pad)
		memset(to + len, 0, room - len);
	return len;
}

CHARIOT_WRAPPER ssize_t chariot_strscpy(char *to, const char *from, size_t room)
{
	struct chariot_call c = chariot_caller();

	return copy_text(&c, "strscpy", to, from, room, false);
}

CHARIOT_WRAPPER ssize_t
chariot_strscpy_pad(char *to, const char *from, size_t room)
{
	struct chariot_call c = chariot_caller();

	return copy_text(&c, "strscpy_pad", to, from, room, true);
}

CHARIOT_WRAPPER char *chariot_strcat(char *to, const char *from)
{
	struct chariot_call c = chariot_caller();
	size_t at = strlen(to), len = strlen(from);

	if (chariot_check_write(&c, "strcat", to + at, len + 1))
		put_text(to + at, from, len);
	return to;
}

CHARIOT_WRAPPER char *chariot_strncat(char *to, const char *from, size_t count)
{
	struct chariot_call c = chariot_caller();
	size_t at = strlen(to), len = strnlen(from, count);

	if (count && chariot_check_write(&c, "strncat", to + at, len + 1))
		put_text(to + at, from, len);
	return to;
}

CHARIOT_WRAPPER size_t chariot_strlcat(char *to, const char *from, size_t room)
{
	struct chariot_call c = chariot_caller();
	size_t at = strnlen(to, room), len = strlen(from), part;

	if (at == room)
		return at + len;
	part = min(len, room - at - 1);
	if (chariot_check_write(&c, "strlcat", to + at, part + 1))
		put_text(to + at, from, part);
	return at + len;
}

CHARIOT_WRAPPER char *chariot_bin2hex(char *to, const void *from, size_t count)
{
	struct chariot_call c = chariot_caller();

	if (!chariot_check_write(&c, "bin2hex", to, 2 * count))
		return to;
	return bin2hex(to, from, count);
}

CHARIOT_WRAPPER int chariot_hex2bin(u8 *to, const char *from, size_t count)
{
	struct chariot_call c = chariot_caller();

	if (!chariot_check_write(&c, "hex2bin", to, count))
		return -EINVAL;
	return hex2bin(to, from, count);
}

/* --- numbers from strings ------------------------------------------------------ */

#define CHARIOT_KSTRTO(function, type)					\
CHARIOT_WRAPPER int							\
chariot_##function(const char *s, unsigned int base, type *res)		\
{									\
	struct chariot_call c = chariot_caller();			\
									\
	if (!chariot_check_write(&c, #function, res, sizeof(*res)))	\
		return -EINVAL;						\
	return function(s, base, res);					\
}

CHARIOT_KSTRTO(kstrtoull, unsigned long long)
CHARIOT_KSTRTO(kstrtoll, long long)
CHARIOT_KSTRTO(kstrtouint, unsigned int)
CHARIOT_KSTRTO(kstrtoint, int)
CHARIOT_KSTRTO(kstrtou16, u16)
CHARIOT_KSTRTO(kstrtos16, s16)
CHARIOT_KSTRTO(kstrtou8, u8)
CHARIOT_KSTRTO(kstrtos8, s8)

CHARIOT_WRAPPER int chariot_kstrtobool(const char *s, bool *res)
{
	struct chariot_call c = chariot_caller();

	if (!chariot_check_write(&c, "kstrtobool", res, sizeof(*res)))
		return -EINVAL;
	return kstrtobool(s, res);
}

/* --- memory -------------------------------------------------------------------- */

CHARIOT_WRAPPER void
chariot_memcpy_and_pad(void *to, size_t room, const void *from, size_t count,
		       int pad)
{
	struct chariot_call c = chariot_caller();

	if (chariot_check_write(&c, "memcpy_and_pad", to, room))
		memcpy_and_pad(to, room, from, count, pad);
}

CHARIOT_WRAPPER void
chariot_memcpy_fromio(void *to, const volatile void __iomem *from, size_t n)
{
	struct chariot_call c = chariot_caller();

	if (chariot_check_write(&c, "memcpy_fromio", to, n))
		memcpy_fromio(to, from, n);
}

CHARIOT_WRAPPER void
chariot_memcpy_flushcache(void *to, const void *from, size_t n)
{
	struct chariot_call c = chariot_caller();

	if (chariot_check_write(&c, "memcpy_flushcache", to, n))
		__memcpy_flushcache(to, from, n);
}

CHARIOT_WRAPPER unsigned long
chariot_copy_mc_to_kernel(void *to, const void *from, unsigned int n)
{
	struct chariot_call c = chariot_caller();

	if (!chariot_check_write(&c, "copy_mc_to_kernel", to, n))
		return n;
	return copy_mc_to_kernel(to, from, n);
}

CHARIOT_WRAPPER long
chariot_copy_from_kernel_nofault(void *to, const void *from, size_t n)
{
	struct chariot_call c = chariot_caller();

	if (!chariot_check_write(&c, "copy_from_kernel_nofault", to, n))
		return -EFAULT;
	return copy_from_kernel_nofault(to, from, n);
}

CHARIOT_WRAPPER void chariot_get_random_bytes(void *to, size_t n)
{
	struct chariot_call c = chariot_caller();

	if (chariot_check_write(&c, "get_random_bytes", to, n))
		get_random_bytes(to, n);
}

CHARIOT_WRAPPER void
chariot_sort(void *base, size_t num, size_t size, cmp_func_t cmp,
	     swap_func_t swap)
{
	struct chariot_call c = chariot_caller();

	if (chariot_check_write(&c, "sort", base, array_size(num, size)))
		sort(base, num, size, cmp, swap);
}

CHARIOT_WRAPPER void
chariot_sort_r(void *base, size_t num, size_t size, cmp_r_func_t cmp,
	       swap_r_func_t swap, const void *priv)
{
	struct chariot_call c = chariot_caller();

	if (chariot_check_write(&c, "sort_r", base, array_size(num, size)))
		sort_r(base, num, size, cmp, swap, priv);
}

/* --- scatter lists, packets, PCI ----------------------------------------------- */

CHARIOT_WRAPPER size_t
chariot_sg_copy_to_buffer(struct scatterlist *sg, unsigned int nents, void *to,
			  size_t n)
{
	struct chariot_call c = chariot_caller();

	if (!chariot_check_write(&c, "sg_copy_to_buffer", to, n))
		return 0;
	return sg_copy_to_buffer(sg, nents, to, n);
}

CHARIOT_WRAPPER size_t
chariot_sg_pcopy_to_buffer(struct scatterlist *sg, unsigned int nents, void *to,
			   size_t n, off_t skip)
{
	struct chariot_call c = chariot_caller();

	if (!chariot_check_write(&c, "sg_pcopy_to_buffer", to, n))
		return 0;
	return sg_pcopy_to_buffer(sg, nents, to, n, skip);
}

/* May len bytes of what the list leads to be written, from skip on? */
static bool check_list(const struct chariot_call *c, const char *function,
		       struct scatterlist *sg, unsigned int nents, off_t skip, size_t len)
{
	struct sg_mapping_iter m;
	bool may = true;
	size_t part;

	if (!c->driver)
		return true;
	sg_miter_start(&m, sg, nents, SG_MITER_ATOMIC | SG_MITER_FROM_SG);
	if (sg_miter_skip(&m, skip))
		for (; may && len && sg_miter_next(&m); len -= part) {
			part = min(len, m.length);
			may = chariot_check_write(c, function, m.addr, part);
		}
	sg_miter_stop(&m);
	return may;
}

CHARIOT_WRAPPER size_t
chariot_sg_copy_from_buffer(struct scatterlist *sg, unsigned int nents, const void *from,
			    size_t n)
{
	struct chariot_call c = chariot_caller();

	if (!check_list(&c, "sg_copy_from_buffer", sg, nents, 0, n))
		return 0;
	return sg_copy_from_buffer(sg, nents, from, n);
}

CHARIOT_WRAPPER size_t
chariot_sg_pcopy_from_buffer(struct scatterlist *sg, unsigned int nents,
			     const void *from, size_t n, off_t skip)
{
	struct chariot_call c = chariot_caller();

	if (!check_list(&c, "sg_pcopy_from_buffer", sg, nents, skip, n))
		return 0;
	return sg_pcopy_from_buffer(sg, nents, from, n, skip);
}

CHARIOT_WRAPPER size_t
chariot_sg_copy_buffer(struct scatterlist *sg, unsigned int nents, void *buffer,
		       size_t n, off_t skip, bool to_buffer)
{
	struct chariot_call c = chariot_caller();

	if (to_buffer ? !chariot_check_write(&c, "sg_copy_buffer", buffer, n) :
			!check_list(&c, "sg_copy_buffer", sg, nents, skip, n))
		return 0;
	return sg_copy_buffer(sg, nents, buffer, n, skip, to_buffer);
}

CHARIOT_WRAPPER size_t
chariot_sg_zero_buffer(struct scatterlist *sg, unsigned int nents, size_t n, off_t skip)
{
	struct chariot_call c = chariot_caller();

	if (!check_list(&c, "sg_zero_buffer", sg, nents, skip, n))
		return 0;
	return sg_zero_buffer(sg, nents, n, skip);
}

CHARIOT_WRAPPER void
chariot_scatterwalk_map_and_copy(void *buffer, struct scatterlist *sg,
				 unsigned int start, unsigned int n, int to_list)
{
	struct chariot_call c = chariot_caller();
	const char *function = "scatterwalk_map_and_copy";

	if (to_list ? check_list(&c, function, sg, c.driver ? sg_nents(sg) : 0, start, n) :
		      chariot_check_write(&c, function, buffer, n))
		scatterwalk_map_and_copy(buffer, sg, start, n, to_list);
}

CHARIOT_WRAPPER int
chariot_skb_copy_bits(const struct sk_buff *skb, int offset, void *to, int len)
{
	struct chariot_call c = chariot_caller();

	if (len > 0 && !chariot_check_write(&c, "skb_copy_bits", to, len))
		return -EFAULT;
	return skb_copy_bits(skb, offset, to, len);
}

#define CHARIOT_PCI_READ(function, type)				\
CHARIOT_WRAPPER int							\
chariot_##function(const struct pci_dev *dev, int where, type *val)	\
{									\
	struct chariot_call c = chariot_caller();			\
									\
	if (!chariot_check_write(&c, #function, val, sizeof(*val)))	\
		return PCIBIOS_SET_FAILED;				\
	return function(dev, where, val);				\
}

CHARIOT_PCI_READ(pci_read_config_byte, u8)
CHARIOT_PCI_READ(pci_read_config_word, u16)
CHARIOT_PCI_READ(pci_read_config_dword, u32)

/* --- bitmaps ------------------------------------------------------------------- */

static bool check_bits(const struct chariot_call *c, const char *function,
		       unsigned long *map, unsigned long start,
		       unsigned long bits)
{
	unsigned long first = BIT_WORD(start);

	return !bits ||
	       chariot_check_write(c, function, map + first,
				   (BITS_TO_LONGS(start + bits) - first) * sizeof(long));
}

CHARIOT_WRAPPER void
chariot_bitmap_set(unsigned long *map, unsigned int start, int len)
{
	struct chariot_call c = chariot_caller();

	if (len > 0 && check_bits(&c, "bitmap_set", map, start, len))
		__bitmap_set(map, start, len);
}

CHARIOT_WRAPPER void
chariot_bitmap_clear(unsigned long *map, unsigned int start, int len)
{
	struct chariot_call c = chariot_caller();

	if (len > 0 && check_bits(&c, "bitmap_clear", map, start, len))
		__bitmap_clear(map, start, len);
}

#define CHARIOT_BITMAP_BINARY(name, type, refused)			\
CHARIOT_WRAPPER type							\
chariot_bitmap_##name(unsigned long *dst, const unsigned long *a,	\
		      const unsigned long *b, unsigned int bits)	\
{									\
	struct chariot_call c = chariot_caller();			\
									\
	if (!check_bits(&c, "bitmap_" #name, dst, 0, bits))		\
		return refused;						\
	return __bitmap_##name(dst, a, b, bits);			\
}

CHARIOT_BITMAP_BINARY(and, bool, false)
CHARIOT_BITMAP_BINARY(andnot, bool, false)
CHARIOT_BITMAP_BINARY(or, void, )
CHARIOT_BITMAP_BINARY(xor, void, )

CHARIOT_WRAPPER void
chariot_bitmap_complement(unsigned long *dst, const unsigned long *src,
			  unsigned int bits)
{
	struct chariot_call c = chariot_caller();

	if (check_bits(&c, "bitmap_complement", dst, 0, bits))
		__bitmap_complement(dst, src, bits);
}

CHARIOT_WRAPPER void
chariot_bitmap_shift_left(unsigned long *dst, const unsigned long *src,
			  unsigned int shift, unsigned int bits)
{
	struct chariot_call c = chariot_caller();

	if (check_bits(&c, "bitmap_shift_left", dst, 0, bits))
		__bitmap_shift_left(dst, src, shift, bits);
}

CHARIOT_WRAPPER void
chariot_bitmap_shift_right(unsigned long *dst, const unsigned long *src,
			   unsigned int shift, unsigned int bits)
{
	struct chariot_call c = chariot_caller();

	if (check_bits(&c, "bitmap_shift_right", dst, 0, bits))
		__bitmap_shift_right(dst, src, shift, bits);
}

CHARIOT_WRAPPER int
chariot_bitmap_parse(const char *from, unsigned int len, unsigned long *map,
		     int bits)
{
	struct chariot_call c = chariot_caller();

	if (bits > 0 && !check_bits(&c, "bitmap_parse", map, 0, bits))
		return -EINVAL;
	return bitmap_parse(from, len, map, bits);
}

CHARIOT_WRAPPER int
chariot_bitmap_parselist(const char *from, unsigned long *map, int bits)
{
	struct chariot_call c = chariot_caller();

	if (bits > 0 && !check_bits(&c, "bitmap_parselist", map, 0, bits))
		return -EINVAL;
	return bitmap_parselist(from, map, bits);
}

CHARIOT_WRAPPERS_END
