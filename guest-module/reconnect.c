// SPDX-License-Identifier: GPL-2.0
/*
 * A backend that knows this guest no more: the guest comes from a snapshot or has moved
 * to another host, or what serves it on the host was started again. All that a backend
 * has to know is told once more, out of the guest's own tables, and the drivers are
 * isolated as they were.
 * Runs in the guest kernel, in a task; trusts it and the hypervisor.
 *
 * From when the loss is seen until all is told again, drivers have the kernel's rights,
 * as they had since it happened, and changes of their rights are kept in the tables
 * alone. What belongs to no driver is told first. Then all other processors stand still
 * for the rest: no right changes meanwhile, and a driver is isolated with all its rights
 * or not at all.
 */
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/stop_machine.h>

#include <chariot/hypercall.h>
#include "chariot.h"

/* Backends give the lowest number that is free: what is between ours is filled. */
static long create_domain(struct chariot_domain_create *create, u32 id)
{
	struct chariot_driver *d = chariot_driver_by_domain(id);
	long ret;

	memset(create, 0, sizeof(*create));
	strscpy(create->name, d ? d->name : "none", sizeof(create->name));
	create->mode = d ? d->mode : CHARIOT_MODE_ENFORCE;
	ret = chariot_hv_domain_create(__pa(create));
	return ret || create->domain == id ? ret : -EPROTO;
}

static long create_domains(struct chariot_domain_create *create)
{
	struct chariot_driver *d;
	u32 last = 0, id;
	long ret = 0;

	list_for_each_entry(d, &chariot_drivers, node)
		last = max(last, d->domain);
	for (id = 1; id <= last && !ret; id++)
		ret = create_domain(create, id);
	for (id = 1; id <= last && !ret; id++)
		if (!chariot_driver_by_domain(id))
			ret = chariot_hv_domain_destroy(id);
	return ret;
}

/* One that is still being loaded becomes active by itself. */
static long isolate(struct chariot_driver *d)
{
	long ret = chariot_rights_tell(d);

	if (!ret && d->mod)
		ret = chariot_hv_domain_control(d->domain, CHARIOT_DOMAIN_ACTIVE,
						d->mode);
	return ret;
}

/* All other processors stand still, with interrupts off. */
static int isolate_all(void *create)
{
	struct chariot_driver *d;
	long ret;
	u32 id;

	/* Rights are sent again from here on. */
	WRITE_ONCE(chariot_backend_errno, 0);
	ret = create_domains(create);
	list_for_each_entry(d, &chariot_drivers, node)
		ret = ret ?: isolate(d);
	/* It may be lost once more by now. */
	if (!ret && !chariot_backend_errno)
		return 0;
	WRITE_ONCE(chariot_backend_errno, ret ?: -ENODEV);
	/* What is active already would not hear of its rights any more. */
	for (id = 1; id <= CHARIOT_MAX_DOMAINS; id++)
		chariot_hv_domain_destroy(id);
	return chariot_backend_errno;
}

/* What belongs to no driver. */
static int tell_all(void)
{
	return chariot_backend_connect() ?: chariot_switch_tell() ?:
	       chariot_directmap_tell() ?: chariot_frames_tell();
}

static int reconnect(void)
{
	struct chariot_domain_create *create;
	int ret;

	create = kzalloc(sizeof(*create), GFP_KERNEL);
	if (!create)
		return -ENOMEM;
	/* Who sends rights has interrupts off: has nobody begun before it was lost? */
	kick_all_cpus_sync();
	ret = tell_all() ?: stop_machine(isolate_all, create, NULL);
	kfree(create);
	return ret;
}

int chariot_reconnect(void)
{
	static int said;
	int ret = 0;

	mutex_lock(&chariot_mutex);
	if (!chariot_backend_errno)
		goto out;
	ret = reconnect();
	if (!ret)
		pr_warn("the backend had forgotten this guest (a snapshot? a migration? a restart on the host?): %u drivers are isolated anew; until now they were not\n",
			chariot_drivers_count());
	else if (ret != said)
		pr_crit("the backend knows this guest no more, and does not take it back (%d): its %u drivers are isolated no more; have the host serve it again (chariot-kvm.ko, chariot-xend), or unload them\n",
			ret, chariot_drivers_count());
	said = ret;
out:
	mutex_unlock(&chariot_mutex);
	return ret;
}
