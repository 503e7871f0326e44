// SPDX-License-Identifier: GPL-2.0
/*
 * Start and end of the guest's side of Chariot.
 * Runs in the guest kernel; trusts the hypervisor, not the drivers.
 */
#include <linux/slab.h>

#include <chariot/hypercall.h>
#include "chariot.h"
#include "handed.h"

DEFINE_MUTEX(chariot_mutex);	/* drivers come and go */
struct chariot_hello chariot_backend;
int chariot_backend_errno = -ENODEV;

/*
 * Return and indirect thunks: drivers' returns and calls go through kernel
 * text, so their pages are executable in every view. So are those of the gates,
 * through which drivers call by pointers to their own functions.
 */
static const char * const thunks[] = {
	"__x86_return_thunk", "retbleed_return_thunk", "srso_return_thunk",
	"srso_safe_ret", "srso_alias_return_thunk", "srso_alias_safe_ret",
	"its_return_thunk", "call_depth_return_thunk",
	"__x86_indirect_thunk_array", "__x86_indirect_its_thunk_array",
	"__x86_indirect_thunk_rax", "__x86_indirect_thunk_rcx",
	"__x86_indirect_thunk_rdx", "__x86_indirect_thunk_rbx",
	"__x86_indirect_thunk_rbp", "__x86_indirect_thunk_rsi",
	"__x86_indirect_thunk_rdi", "__x86_indirect_thunk_r8",
	"__x86_indirect_thunk_r9", "__x86_indirect_thunk_r10",
	"__x86_indirect_thunk_r11", "__x86_indirect_thunk_r12",
	"__x86_indirect_thunk_r13", "__x86_indirect_thunk_r14",
	"__x86_indirect_thunk_r15",
};

static void share_page(struct chariot_batch *b, unsigned long va)
{
	phys_addr_t page = chariot_virt_to_phys((void *)(va & PAGE_MASK));
	size_t i;

	for (i = 0; i < b->count && b->region[i].gpa != page; i++)
		;
	if (i < b->count || !page || b->count == CHARIOT_BATCH_MAX)
		return;
	b->region[b->count++] = (struct chariot_region) {
		.gpa = page, .size = PAGE_SIZE,
		.domain = CHARIOT_DOMAIN_ALL,
		.kind = CHARIOT_KIND_THUNK,
		.rights = CHARIOT_RIGHT_EXEC,
		.op = CHARIOT_REGION_ADD,
	};
}

static int share_thunks(void)
{
	struct chariot_batch *b = (void *)get_zeroed_page(GFP_KERNEL);
	const char *gates;
	size_t size, i;
	unsigned long va;
	unsigned int range;
	int ret = 0;

	if (!b)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(thunks); i++) {
		va = chariot_symbol(thunks[i]);
		if (va)
			share_page(b, va);
	}
	for (range = 0; chariot_gates_text(range, &gates, &size); range++)
		for (i = 0; i < size; i += PAGE_SIZE)
			share_page(b, (unsigned long)gates + i);
	if (b->count)
		ret = chariot_hv_region_update(__pa(b));
	free_page((unsigned long)b);
	return ret;
}

/* What was agreed upon once stays: all parts have been set up by it. */
static int agree(const struct chariot_hello *h)
{
	if (chariot_backend.features & ~h->features)
		return -EPROTO;
	if (!chariot_backend.features)
		chariot_backend = *h;
	chariot_backend.backend[sizeof(h->backend) - 1] = '\0';
	return 0;
}

int chariot_backend_connect(void)
{
	struct chariot_hello *h;
	int ret;

	h = kzalloc(sizeof(*h), GFP_KERNEL);
	if (!h)
		return -ENOMEM;
	h->revision = CHARIOT_ABI_REVISION;
	h->features = CHARIOT_F_ENFORCE | CHARIOT_F_BYTE_EXACT |
		      CHARIOT_F_RECORDS | CHARIOT_F_WATCH_MAP |
		      CHARIOT_F_WALK_ALIAS | CHARIOT_F_GUEST_SWITCH;
	h->stack_size = THREAD_SIZE;
	h->notify_error = CHARIOT_NOTIFY_ERROR;
	ret = chariot_hv_hello(__pa(h)) ?: agree(h) ?: share_thunks();
	kfree(h);
	return ret;
}

static const struct {
	const char *what;
	int (*init)(void);
	void (*exit)(void);
} parts[] = {
	{ "imports",	chariot_imports_init,	NULL },
	{ "switch",	chariot_switch_init,	chariot_switch_exit },
	{ "rights",	chariot_rights_init,	chariot_rights_exit },
	{ "direct map",	chariot_directmap_init,	chariot_directmap_exit },
	{ "report",	chariot_report_init,	chariot_report_exit },
	{ "fault",	chariot_fault_init,	chariot_fault_exit },
	{ "frames",	chariot_frames_init,	chariot_frames_exit },
	{ "handed",	chariot_handed_init,	chariot_handed_exit },
	{ "grants",	chariot_grants_init,	chariot_grants_exit },
	{ "sysfs",	chariot_sysfs_init,	chariot_sysfs_exit },
	{ "machine",	chariot_machine_init,	chariot_machine_exit },
	{ "loader",	chariot_loader_init,	chariot_loader_exit },
	{ "device",	chariot_device_init,	chariot_device_exit },
};

static void stop(size_t n)
{
	while (n--)
		if (parts[n].exit)
			parts[n].exit();
}

int chariot_start(void)
{
	size_t i;
	int ret;

	ret = chariot_symbols_init();
	if (ret)
		return ret;
	/* Without a backend the module still loads, to say what is missing. */
	memset(&chariot_backend, 0, sizeof(chariot_backend));
	chariot_backend_errno = chariot_hv_detect() ?: chariot_backend_connect();
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		ret = parts[i].init();
		if (ret) {
			pr_err("%s failed to start (%d)\n", parts[i].what, ret);
			stop(i);
			return ret;
		}
	}
	if (chariot_backend_errno)
		pr_warn("no backend (%d on %s): nothing can be isolated; chariot doctor says more\n",
			chariot_backend_errno, chariot_hv_name());
	else
		pr_info("backend %s, revision %u, features %#x, %u domains\n",
			chariot_backend.backend, chariot_backend.revision,
			chariot_backend.features, chariot_backend.max_domains);
	return 0;
}

void chariot_stop(void)
{
	stop(ARRAY_SIZE(parts));
}
