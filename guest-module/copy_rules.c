// SPDX-License-Identifier: GPL-2.0
/*
 * Wrappers for kernel functions that write to one place that a driver names, made
 * from the rules in imports_copy_rules.def: whether the driver may write there is
 * asked before the function is called. Those that need more than a rule are in
 * copy.c.
 * Runs in the guest kernel's view, in the context of the call.
 */
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/i2c.h>
#include <linux/in6.h>
#include <linux/kfifo.h>
#include <linux/lzo.h>
#include <linux/pci.h>
#include <linux/regmap.h>
#include <linux/skbuff.h>
#include <linux/uio.h>
#include <linux/usb.h>
#include <linux/uuid.h>
#include <crypto/aes.h>
#include <crypto/hash.h>

#include "alloc.h"
#include "chariot.h"

/* Numbers of the functions with a rule. */
#define CHARIOT_COPY(import, to, size, refused)	COPY_##import,
enum copy_number {
#include "imports_copy_rules.def"
};

#undef CHARIOT_COPY

/* Their names, and their addresses once a driver that imports them was relocated. */
#define CHARIOT_COPY(import, to, size, refused)	{ #import },
static struct copy {
	const char *import;
	unsigned long real;
} copies[] = {
#include "imports_copy_rules.def"
};

#undef CHARIOT_COPY

/* A driver's module can't outlive what it imports, so an address that it calls holds. */
void chariot_copies_bind(const char *import, unsigned long real)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(copies); i++)
		if (!strcmp(copies[i].import, import))
			WRITE_ONCE(copies[i].real, real);
}

/* --- how much is written ------------------------------------------------------- */

static size_t int_arg(unsigned long arg)
{
	return max_t(int, arg, 0);
}

static size_t iter_bytes(size_t bytes, unsigned long iter)
{
	return min(bytes, iov_iter_count((struct iov_iter *)iter));
}

/* __kfifo_out(fifo, buf, len): len elements, or as many as there are. */
static size_t fifo_bytes(const unsigned long *args)
{
	const struct __kfifo *fifo = (void *)args[0];

	return array_size(min_t(u32, args[2], fifo->in - fifo->out), fifo->esize);
}

/* __kfifo_out_r(fifo, buf, len, recsize): of the next record. */
static size_t fifo_record_bytes(const unsigned long *args)
{
	struct __kfifo *fifo = (void *)args[0];

	return fifo->in == fifo->out ? 0 :
	       min_t(size_t, (u32)args[2], __kfifo_len_r(fifo, args[3]));
}

/* memory_read_from_buffer(to, count, ppos, from, available) */
static size_t buffer_bytes(const unsigned long *args)
{
	loff_t pos = *(loff_t *)args[2];

	return pos < 0 || pos >= args[4] ? 0 : min_t(size_t, args[1], args[4] - pos);
}

/* regmap_bulk_read(map, reg, val, val_count) */
static size_t regmap_bytes(const unsigned long *args)
{
#if IS_BUILTIN(CONFIG_REGMAP)
	int bytes = regmap_get_val_bytes((struct regmap *)args[0]);

	return bytes < 0 ? 0 : array_size(args[3], bytes);
#else
	return args[3];
#endif
}

/* ..._property_read_..._array(device, name, val, nval) */
static size_t property_bytes(const unsigned long *args, size_t each)
{
	return args[2] ? array_size(args[3], each) : 0;
}

static size_t digest_bytes(unsigned long desc)
{
	return crypto_shash_digestsize(((struct shash_desc *)desc)->tfm);
}

/* --- the wrappers -------------------------------------------------------------- */

#define CHARIOT_COPY(import, to, size, refused)				\
CHARIOT_ANY_WRAPPER(chariot_copy_##import,				\
	c.driver && !chariot_check_write(&c, #import, (void *)args[to], size) ? \
	(unsigned long)(refused) :					\
	chariot_call_any(READ_ONCE(copies[COPY_##import].real), args))

CHARIOT_WRAPPERS_BEGIN
#include "imports_copy_rules.def"
CHARIOT_WRAPPERS_END
