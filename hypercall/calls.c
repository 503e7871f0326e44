// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Picks the transport and makes the typed calls.
 * Runs in the guest kernel; trusts the hypervisor.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <chariot/hypercall.h>

static const struct chariot_transport * const transports[] = {
	&chariot_transport_kvm,
	&chariot_transport_xen,
};

static const struct chariot_transport *transport;

int chariot_hv_detect(void)
{
	size_t i;

	if (transport)
		return 0;
	for (i = 0; i < ARRAY_SIZE(transports); i++) {
		if (transports[i]->detect()) {
			transport = transports[i];
			return 0;
		}
	}
	return -ENODEV;
}

void chariot_hv_use(const struct chariot_transport *use)
{
	transport = use;
}

const char *chariot_hv_name(void)
{
	return transport ? transport->name : "none";
}

static long hv_call(enum chariot_call_nr nr, u64 a1, u64 a2, u64 a3)
{
	return transport ? transport->call(nr, a1, a2, a3) : -ENODEV;
}

long chariot_hv_hello(u64 gpa)
{
	return hv_call(CHARIOT_CALL_HELLO, gpa, 0, 0);
}

long chariot_hv_domain_create(u64 gpa)
{
	return hv_call(CHARIOT_CALL_DOMAIN_CREATE, gpa, 0, 0);
}

long chariot_hv_domain_control(u32 domain, u32 state, u32 mode)
{
	return hv_call(CHARIOT_CALL_DOMAIN_CONTROL, domain, state, mode);
}

long chariot_hv_domain_destroy(u32 domain)
{
	return hv_call(CHARIOT_CALL_DOMAIN_DESTROY, domain, 0, 0);
}

long chariot_hv_region_update(u64 gpa)
{
	return hv_call(CHARIOT_CALL_REGION_UPDATE, gpa, 0, 0);
}

long chariot_hv_record_next(u64 gpa)
{
	return hv_call(CHARIOT_CALL_RECORD_NEXT, gpa, 0, 0);
}

long chariot_hv_domain_stats(u32 domain, u64 gpa)
{
	return hv_call(CHARIOT_CALL_DOMAIN_STATS, domain, gpa, 0);
}

long chariot_hv_watch_map(u64 gpa)
{
	return hv_call(CHARIOT_CALL_WATCH_MAP, gpa, 0, 0);
}

long chariot_hv_page_release(u64 gpa, u64 size)
{
	return hv_call(CHARIOT_CALL_PAGE_RELEASE, gpa, size, 0);
}

long chariot_hv_walk_alias(u64 gpa)
{
	return hv_call(CHARIOT_CALL_WALK_ALIAS, gpa, 0, 0);
}

long chariot_hv_entry_word(u64 gpa)
{
	return hv_call(CHARIOT_CALL_ENTRY_WORD, gpa, 0, 0);
}

long chariot_hv_record_settle(u64 seq)
{
	return hv_call(CHARIOT_CALL_RECORD_SETTLE, seq, 0, 0);
}
