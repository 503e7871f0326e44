/* SPDX-License-Identifier: GPL-2.0 */
/* Between the measured driver (isolated) and its harness (plain). */
#ifndef CHARIOT_BENCH_H
#define CHARIOT_BENCH_H

/* Each function does its operation n times. */
struct bench_ops {
	void (*nothing)(void);
	void (*call_kernel)(unsigned int n);
	void (*call_inside)(unsigned int n);
	void (*copy)(unsigned int n);
	void (*store_heap)(unsigned int n);
	void (*store_subpage)(unsigned int n);
	void (*allocate)(unsigned int n);
};

void bench_register(const struct bench_ops *ops);
void bench_kernel_function(void);

#endif
