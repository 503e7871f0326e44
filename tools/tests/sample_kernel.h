/* SPDX-License-Identifier: GPL-2.0-only */
/* The made-up kernel's types as the tools read them. User space. */
#ifndef SAMPLE_KERNEL_H
#define SAMPLE_KERNEL_H

#include <bpf/btf.h>
#include <stdlib.h>

#include "lib/types.h"
#include "sample.h"
#include "sample_types.h"

/* types_close() it. */
static inline struct types *sample_kernel(void)
{
	struct btf *btf = sample_kernel_types();
	struct blob blob = sample_blob(btf);
	struct types *types;

	if (types_from_memory(blob.bytes, blob.size, &types))
		abort();
	free(blob.bytes);
	btf__free(btf);
	return types;
}

#endif /* SAMPLE_KERNEL_H */
