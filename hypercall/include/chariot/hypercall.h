/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A guest's calls to its backend, typed. Guest kernel only; it knows the ABI
 * and no hypervisor: the transports do.
 */
#ifndef CHARIOT_HYPERCALL_H
#define CHARIOT_HYPERCALL_H

#include <linux/types.h>
#include <chariot/abi.h>

/**
 * struct chariot_transport - how calls reach one kind of hypervisor
 * @name: for people
 * @detect: is this guest run by it? (CPUID)
 * @call: number without CHARIOT_CALL_BASE, three arguments; negative errno or
 *	a result. -ENOSYS when the hypervisor knows no such call.
 *
 * @call runs in any context, with any locks.
 */
struct chariot_transport {
	const char *name;
	bool (*detect)(void);
	long (*call)(u32 nr, u64 a1, u64 a2, u64 a3);
};

extern const struct chariot_transport chariot_transport_kvm;
extern const struct chariot_transport chariot_transport_xen;

/**
 * chariot_hv_detect - find the transport for this machine
 *
 * Return: 0; -ENODEV when no hypervisor, or none we know, runs this machine.
 */
int chariot_hv_detect(void);

/* Use this transport, whatever runs the machine; NULL: what is detected (KUnit). */
void chariot_hv_use(const struct chariot_transport *transport);

/* Name of the transport in use, "none" without. */
const char *chariot_hv_name(void);

/*
 * The calls of abi.h; gpa arguments point to the structure named there. All
 * return 0 or a negative errno, -ENODEV without a transport.
 */
long chariot_hv_hello(u64 gpa);
long chariot_hv_domain_create(u64 gpa);
long chariot_hv_domain_control(u32 domain, u32 state, u32 mode);
long chariot_hv_domain_destroy(u32 domain);
long chariot_hv_region_update(u64 gpa);
long chariot_hv_record_next(u64 gpa);
long chariot_hv_domain_stats(u32 domain, u64 gpa);
long chariot_hv_watch_map(u64 gpa);
long chariot_hv_page_release(u64 gpa, u64 size);
long chariot_hv_walk_alias(u64 gpa);
/* Of the virtual CPU that it runs on. */
long chariot_hv_entry_word(u64 gpa);
long chariot_hv_record_settle(u64 seq);

#endif /* CHARIOT_HYPERCALL_H */
