/* SPDX-License-Identifier: GPL-2.0-only */
/* Undoes zstd, which many libelf builds cannot. User space. */
#ifndef CHARIOT_ZSTD_H
#define CHARIOT_ZSTD_H

#include <stdbool.h>
#include <stddef.h>

bool zstd_is_packed(const void *bytes, size_t size);

/**
 * zstd_unpack - the bytes of a .zst file
 * @out: result, for free(3)
 * @out_size: result
 *
 * Return: 0, -EBADMSG for damaged or absurdly large data, -ENOMEM, or
 * -EOPNOTSUPP if this was built without libzstd.
 */
int zstd_unpack(const void *bytes, size_t size, void **out, size_t *out_size);

#endif /* CHARIOT_ZSTD_H */
