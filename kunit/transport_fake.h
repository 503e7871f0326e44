/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A backend without hardware, and the strings by which tests pull it.
 * KUnit alone. There is one, as there is one hypervisor below a kernel.
 */
#ifndef CHARIOT_TRANSPORT_FAKE_H
#define CHARIOT_TRANSPORT_FAKE_H

#include <linux/limits.h>

#include <chariot/hypercall.h>

#include "decide.h"

#define CHARIOT_FAKE_DOMAINS	4u	/* that can be at once, with max_domains */

/**
 * struct chariot_fake_knobs - what a test may change between calls
 * @absent: the hypervisor knows no such call
 * @refuse: the host's administrator does not let this guest use Chariot
 * @unprivileged: the caller is not the guest's kernel
 * @features: CHARIOT_F_* offered, at HELLO
 * @max_domains: limit, up to CHARIOT_FAKE_DOMAINS
 * @max_regions: limit of page rights
 * @max_blocks: blocks of memory the host has for tables, beyond it -ENOMEM
 * @fail_call: the how manieth call from now on fails, 1 is the next; 0 none
 * @fail_error: with this negative errno, and without any effect
 * @rip: of the writes judged by chariot_fake_write()
 * @rsp: likewise; @vcpu: likewise
 * @flags: of its record, besides its own; with @value and @insn for those that say so
 * @held: it cannot decode the instruction, at which the guest stays
 * @gva: the address written to, 0: the backend does not know it
 * @notify: called in place of a #GP, with HELLO's notify_error, if that is not
 *	0; may be NULL
 */
struct chariot_fake_knobs {
	bool absent;
	bool refuse;
	bool unprivileged;
	u32 features;
	u32 max_domains;
	u64 max_regions;
	u64 max_blocks;
	u32 fail_call;
	int fail_error;
	u64 rip;
	u64 rsp;
	u32 vcpu;
	bool held;
	u32 flags;
	u64 value;
	u8 insn[2];
	u64 gva;
	void (*notify)(u32 error_code);
};

extern struct chariot_fake_knobs chariot_fake_knobs;

extern const struct chariot_transport chariot_transport_fake;

/**
 * chariot_fake_start - a hypervisor that has just started a guest
 * @ram: the guest's memory, as the kernel under test sees it
 * @gpa: where it begins, page aligned
 * @size: its size in bytes, whole pages
 *
 * Sets all knobs to what asks for no trouble. chariot_fake_stop() must follow.
 */
void chariot_fake_start(void *ram, u64 gpa, u64 size);

/* Forget the guest, free all memory. */
void chariot_fake_stop(void);

/**
 * chariot_fake_write - a write by code of a domain
 * @domain: whose code
 * @gpa: first byte
 * @size: in bytes, 0 for unknown
 * @verdict: out, may be NULL; CHARIOT_VERDICT_ALLOW where nothing is enforced
 *
 * What the domain's table does not allow is recorded and notified; memory is
 * not written in either case. Returns 0 or -ENOENT.
 */
int chariot_fake_write(u32 domain, u64 gpa, u64 size,
		       enum chariot_verdict *verdict);

/**
 * chariot_fake_grant - a right the backend gives by itself, to a whole page
 * @domain: who gets it
 * @gpa: in the page
 *
 * Sets the page's bit in the watched map. Returns 0, -ENOENT for no such
 * domain or no bit in the map, -EFAULT if the map is not in RAM, -ENOMEM.
 */
int chariot_fake_grant(u32 domain, u64 gpa);

/* Calls since the start, failed ones too. */
u64 chariot_fake_calls(void);

/* Blocks of memory that tables have now. */
u64 chariot_fake_blocks(void);

#endif /* CHARIOT_TRANSPORT_FAKE_H */
