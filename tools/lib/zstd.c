// SPDX-License-Identifier: GPL-2.0-only
/*
 * Undoes zstd, in which distributions pack modules and which many libelf builds
 * cannot read. Runs in user space; the data is not trusted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include "zstd.h"

#define UNPACKED_MAX	((size_t)1 << 30)	/* no module comes near it */

bool zstd_is_packed(const void *bytes, size_t size)
{
	return size >= 4 && !memcmp(bytes, "\x28\xb5\x2f\xfd", 4);
}

#ifdef HAVE_ZSTD
/* Until the input is used up and its last frame is complete. */
static int unpack(ZSTD_DStream *stream, ZSTD_inBuffer *in, ZSTD_outBuffer *out)
{
	size_t room, left;
	void *grown;

	do {
		if (out->pos == out->size) {
			room = out->size ? out->size * 2 : 1 << 16;
			if (room > UNPACKED_MAX)
				return -EBADMSG;
			grown = realloc(out->dst, room);
			if (!grown)
				return -ENOMEM;
			out->dst = grown;
			out->size = room;
		}
		left = ZSTD_decompressStream(stream, out, in);
		if (ZSTD_isError(left))
			return -EBADMSG;
		/* Room left over but a frame not done: the file is cut off. */
		if (left && in->pos == in->size && out->pos < out->size)
			return -EBADMSG;
	} while (left || in->pos < in->size);
	return 0;
}

int zstd_unpack(const void *bytes, size_t size, void **out, size_t *out_size)
{
	ZSTD_inBuffer from = { .src = bytes, .size = size };
	ZSTD_outBuffer to = { };
	ZSTD_DStream *stream = ZSTD_createDStream();
	int err;

	if (!stream)
		return -ENOMEM;
	err = unpack(stream, &from, &to);
	ZSTD_freeDStream(stream);
	if (err) {
		free(to.dst);
		return err;
	}
	*out = to.dst;
	*out_size = to.pos;
	return 0;
}
#else
int zstd_unpack(const void *bytes, size_t size, void **out, size_t *out_size)
{
	(void)bytes;
	(void)size;
	(void)out;
	(void)out_size;
	return -EOPNOTSUPP;
}
#endif
