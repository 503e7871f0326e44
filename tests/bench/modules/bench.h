/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the measured driver (isolated) and its harness (never isolated). */
#ifndef CHARIOT_BENCH_H
#define CHARIOT_BENCH_H

/*
 * What the driver offers. nothing() does not even write to its stack, which
 * most functions do: push() does. Those with n do their operation n times, in
 * one call. spoil() copies, by memcpy(), to where the driver may not write.
 */
struct bench_ops {
	void (*nothing)(void);
	void (*push)(void);
	void (*call_kernel)(unsigned int n);
	void (*call_inside)(unsigned int n);
	void (*copy)(unsigned int n);
	void (*store_heap)(unsigned int n);
	void (*store_subpage)(unsigned int n);
	void (*allocate)(unsigned int n);
	void (*spoil)(unsigned long victim);
};

void bench_register(const struct bench_ops *ops);

#endif
