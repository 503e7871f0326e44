/* SPDX-License-Identifier: GPL-2.0-only */
/* A small kernel's BTF, and a module of that kernel. User space. */
#ifndef CHARIOT_SAMPLE_TYPES_H
#define CHARIOT_SAMPLE_TYPES_H

#include <stddef.h>
#include <stdint.h>

struct btf;

/**
 * struct blob - bytes of their own
 * @bytes: for free(3)
 */
struct blob {
	unsigned char *bytes;
	size_t size;
};

/* The BTF of the kernel; btf__free() it. */
struct btf *sample_kernel_types(void);
/* That of the module; @kernel must stay. */
struct btf *sample_module_types(struct btf *kernel);
/* Its bytes, in a block of their exact size. */
struct blob sample_blob(const struct btf *btf);

/**
 * sample_typed_module - a module whose functions are named in .BTF
 * @btf: for its .BTF; NULL: it has none
 *
 * Called from outside: by_data, by_code, by_end, exported, by_alias (which is
 * also init_module). Not so: branched, cold.cold, traced.
 */
struct blob sample_typed_module(const struct blob *btf);

#endif /* CHARIOT_SAMPLE_TYPES_H */
