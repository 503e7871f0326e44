/* SPDX-License-Identifier: GPL-2.0 */
/* What bench.c measures: ranges of bytes and their rights, in some tree. */
#ifndef CHARIOT_TESTS_BENCH_TREES_H
#define CHARIOT_TESTS_BENCH_TREES_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct bench_tree - one way to keep regions; there is one tree at a time
 * @name: for people
 * @add: the range may be written
 * @allows: may it?
 * @remove: not any more
 * @bytes: in use now
 */
struct bench_tree {
	const char *name;
	void (*add)(unsigned long long gpa, unsigned long long size);
	bool (*allows)(unsigned long long gpa, unsigned long long size);
	void (*remove)(unsigned long long gpa, unsigned long long size);
	unsigned long long (*bytes)(void);
};

extern const struct bench_tree bench_maple, bench_interval;

/* Memory out of large pages, as a kernel's is; @size is a power of two. */
void *bench_memory(size_t size);
void bench_memory_free(void *memory, size_t size);

#endif /* CHARIOT_TESTS_BENCH_TREES_H */
