// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module entry and exit, parameters.
 * Runs in the host kernel; trusts the administrator.
 */
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/uidgid.h>

#include "backend.h"

const struct chariot_vendor *chariot_vendor;

/*
 * Who may use Chariot: "all", "none", or numeric user ids of the processes that
 * run the guests (QEMU), separated by commas. A change holds for guests that
 * say hello from then on.
 */
static char allow[256] = "all";
module_param_string(allow, allow, sizeof(allow), 0644);
MODULE_PARM_DESC(allow,
		 "guests that may use Chariot: all, none, or user ids of their processes, comma separated (default: all)");

static ulong max_page_rights = 1ul << 20;
module_param(max_page_rights, ulong, 0644);
MODULE_PARM_DESC(max_page_rights,
		 "page rights that one guest may hold (default: 1048576)");

/**
 * chariot_vm_allowed - may the current process's guest use Chariot?
 *
 * Called by the thread of a virtual CPU.
 */
bool chariot_vm_allowed(void)
{
	uid_t uid = from_kuid(&init_user_ns, current_uid());
	char list[sizeof(allow)];
	char *next = list;
	char *word;
	uid_t one;
	bool ok = false;

	kernel_param_lock(THIS_MODULE);
	strscpy(list, allow, sizeof(list));
	kernel_param_unlock(THIS_MODULE);
	while (!ok && (word = strsep(&next, ", \n"))) {
		if (!strcmp(word, "all"))
			ok = true;
		else if (*word && !kstrtouint(word, 10, &one))
			ok = one == uid;
	}
	return ok;
}

u64 chariot_max_page_rights(void)
{
	return READ_ONCE(max_page_rights);
}

/* A guest with domains keeps the module; called from a hook, so it is alive. */
int chariot_module_hold(void)
{
	return try_module_get(THIS_MODULE) ? 0 : -ENODEV;
}

void chariot_module_release(void)
{
	module_put(THIS_MODULE);
}

static int vendor_init(void)
{
	static const struct chariot_vendor *const vendors[] = {
		&chariot_svm, &chariot_vmx,
	};
	const char *name = READ_ONCE(chariot_symbols.ops->name);
	int i;

	for (i = 0; name && i < ARRAY_SIZE(vendors); i++)
		if (!strcmp(name, vendors[i]->module))
			chariot_vendor = vendors[i];
	if (!chariot_vendor) {
		pr_err("no supported KVM vendor module is loaded; load %s or %s first\n",
		       chariot_svm.module, chariot_vmx.module);
		return -EOPNOTSUPP;
	}
	if (!READ_ONCE(*chariot_symbols.tdp_enabled)) {
		pr_err("KVM runs without nested paging; load %s with %s\n",
		       chariot_vendor->module, chariot_vendor->paging_on);
		return -EOPNOTSUPP;
	}
	return 0;
}

static int __init chariot_init(void)
{
	int err;

	err = chariot_symbols_init();
	if (err)
		return err;
	err = chariot_layout_init();
	if (err)
		return err;
	err = vendor_init();
	if (err)
		return err;
	err = chariot_vms_init();
	if (err)
		return err;
	chariot_debugfs_init();
	err = chariot_hooks_init();
	if (err)
		goto out_debugfs;
	pr_info("ready on %s\n", chariot_vendor->name);
	return 0;

out_debugfs:
	chariot_debugfs_exit();
	chariot_vms_exit();
	return err;
}

static void __exit chariot_exit(void)
{
	chariot_hooks_exit();
	chariot_vms_exit();
	chariot_debugfs_exit();
}

module_init(chariot_init);
module_exit(chariot_exit);

MODULE_DESCRIPTION("Chariot: isolation of drivers in KVM guests");
MODULE_LICENSE("GPL");
