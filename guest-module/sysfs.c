// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/chariot: what is isolated and how it fares, one value a file.
 * Runs in the guest kernel, in process context; trusts root, who may write mode.
 *
 * A driver's folder is an object of its own, which readers may keep alive; it
 * loses its driver, under its lock, before the driver goes.
 */
#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include <chariot/hypercall.h>
#include "chariot.h"
#include "plan.h"

struct driver_kobject {
	struct kobject kobj;
	struct mutex lock;		/* guards @driver */
	struct chariot_driver *driver;	/* NULL: it is gone */
};

struct driver_attribute_file {
	struct attribute attr;
	ssize_t (*show)(struct chariot_driver *d, char *buf);
	ssize_t (*store)(struct chariot_driver *d, const char *buf, size_t len);
};

static struct kset *root;
static DEFINE_MUTEX(root_mutex);	/* for who may come when it goes */

/* --- a driver's files ---------------------------------------------------- */

static ssize_t driver_show(struct kobject *kobj, struct attribute *attr,
			   char *buf)
{
	struct driver_attribute_file *f =
		container_of(attr, struct driver_attribute_file, attr);
	struct driver_kobject *k = container_of(kobj, struct driver_kobject,
						kobj);
	ssize_t ret = -ENODEV;

	mutex_lock(&k->lock);
	if (k->driver)
		ret = f->show(k->driver, buf);
	mutex_unlock(&k->lock);
	return ret;
}

static ssize_t driver_store(struct kobject *kobj, struct attribute *attr,
			    const char *buf, size_t len)
{
	struct driver_attribute_file *f =
		container_of(attr, struct driver_attribute_file, attr);
	struct driver_kobject *k = container_of(kobj, struct driver_kobject,
						kobj);
	ssize_t ret = -ENODEV;

	if (!f->store)
		return -EACCES;
	mutex_lock(&k->lock);
	if (k->driver)
		ret = f->store(k->driver, buf, len);
	mutex_unlock(&k->lock);
	return ret;
}

static const struct sysfs_ops driver_sysfs_ops = {
	.show = driver_show,
	.store = driver_store,
};

static const char * const mode_names[] = {
	[CHARIOT_MODE_AUDIT] = "audit",
	[CHARIOT_MODE_ENFORCE] = "enforce",
};

static ssize_t mode_show(struct chariot_driver *d, char *buf)
{
	return sysfs_emit(buf, "%s\n", mode_names[READ_ONCE(d->mode)]);
}

static ssize_t mode_store(struct chariot_driver *d, const char *buf, size_t len)
{
	int mode = sysfs_match_string(mode_names, buf);
	long ret;

	if (mode < 0)
		return mode;
	ret = chariot_hv_domain_control(d->domain, CHARIOT_DOMAIN_ACTIVE, mode);
	if (ret < 0)
		return ret;
	WRITE_ONCE(d->mode, mode);
	return len;
}

static ssize_t state_show(struct chariot_driver *d, char *buf)
{
	static const char * const names[] = {
		[CHARIOT_LOADING] = "loading",
		[CHARIOT_LIVE] = "live",
		[CHARIOT_UNLOADING] = "unloading",
	};

	return sysfs_emit(buf, "%s\n", names[READ_ONCE(d->state)]);
}

static ssize_t heap_show(struct chariot_driver *d, char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  d->heap == CHARIOT_HEAP_BYTE ? "byte" : "page");
}

static ssize_t violations_show(struct chariot_driver *d, char *buf)
{
	return sysfs_emit(buf, "%lld\n", atomic64_read(&d->violations));
}

static ssize_t repeats_show(struct chariot_driver *d, char *buf)
{
	return sysfs_emit(buf, "%lld\n", atomic64_read(&d->repeats));
}

static ssize_t settled_show(struct chariot_driver *d, char *buf)
{
	return sysfs_emit(buf, "%lld\n", atomic64_read(&d->settled));
}

static ssize_t untracked_show(struct chariot_driver *d, char *buf)
{
	return sysfs_emit(buf, "%lld\n", atomic64_read(&d->untracked));
}

static ssize_t regions_show(struct chariot_driver *d, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(d->table.pages));
}

static ssize_t objects_show(struct chariot_driver *d, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(d->nr_objects));
}

static ssize_t object_bytes_show(struct chariot_driver *d, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(d->object_bytes));
}

static ssize_t domain_show(struct chariot_driver *d, char *buf)
{
	return sysfs_emit(buf, "%u\n", d->domain);
}

static ssize_t imports_bound_show(struct chariot_driver *d, char *buf)
{
	return sysfs_emit(buf, "%u\n", d->imports_bound);
}

static ssize_t imports_total_show(struct chariot_driver *d, char *buf)
{
	return sysfs_emit(buf, "%u\n", d->imports_total);
}

/* Pages that the policy gives whole: how many, and for objects of which types. */
static ssize_t whole_pages_show(struct chariot_driver *d, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(d->whole.pages));
}

static ssize_t whole_types_show(struct chariot_driver *d, char *buf)
{
	ssize_t len = 0;
	u32 i;

	for (i = 0; d->plan && i < d->plan->h.types; i++)
		if (chariot_plan_is_paged(d->plan, i))
			len += sysfs_emit_at(buf, len, "%s%s", len ? " " : "",
					     chariot_plan_type_name(d->plan, i));
	return len + sysfs_emit_at(buf, len, "\n");
}

static ssize_t emulated_show(struct chariot_driver *d, char *buf)
{
	/* Of a power of two, so it crosses no page. */
	struct chariot_stats *stats = kzalloc(sizeof(*stats), GFP_KERNEL);
	long ret;

	if (!stats)
		return -ENOMEM;
	ret = chariot_hv_domain_stats(d->domain, __pa(stats));
	if (!ret)
		ret = sysfs_emit(buf, "%llu\n", stats->emulated);
	kfree(stats);
	return ret;
}

#define DRIVER_FILE(_name)						\
	static struct driver_attribute_file file_##_name = {		\
		.attr = { .name = #_name, .mode = 0444 },		\
		.show = _name##_show,					\
	}

DRIVER_FILE(state);
DRIVER_FILE(heap);
DRIVER_FILE(domain);
DRIVER_FILE(violations);
DRIVER_FILE(repeats);
DRIVER_FILE(settled);
DRIVER_FILE(untracked);
DRIVER_FILE(regions);
DRIVER_FILE(objects);
DRIVER_FILE(object_bytes);
DRIVER_FILE(whole_pages);
DRIVER_FILE(whole_types);
DRIVER_FILE(emulated);
DRIVER_FILE(imports_bound);
DRIVER_FILE(imports_total);

static struct driver_attribute_file file_mode = {
	.attr = { .name = "mode", .mode = 0644 },
	.show = mode_show,
	.store = mode_store,
};

static struct attribute *driver_attrs[] = {
	&file_mode.attr,
	&file_state.attr,
	&file_heap.attr,
	&file_domain.attr,
	&file_violations.attr,
	&file_repeats.attr,
	&file_settled.attr,
	&file_untracked.attr,
	&file_regions.attr,
	&file_objects.attr,
	&file_object_bytes.attr,
	&file_whole_pages.attr,
	&file_whole_types.attr,
	&file_emulated.attr,
	&file_imports_bound.attr,
	&file_imports_total.attr,
	NULL
};
ATTRIBUTE_GROUPS(driver);

static void driver_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct driver_kobject, kobj));
}

static const struct kobj_type driver_type = {
	.release = driver_release,
	.sysfs_ops = &driver_sysfs_ops,
	.default_groups = driver_groups,
};

/**
 * chariot_sysfs_add - make a driver's folder; process context
 * Return: 0 or -errno, of which -EEXIST says that the name is taken.
 */
int chariot_sysfs_add(struct chariot_driver *d)
{
	struct driver_kobject *k = kzalloc(sizeof(*k), GFP_KERNEL);
	int ret;

	if (!k)
		return -ENOMEM;
	mutex_init(&k->lock);
	k->driver = d;
	k->kobj.kset = root;
	ret = kobject_init_and_add(&k->kobj, &driver_type, NULL, "%s", d->name);
	if (ret) {
		kobject_put(&k->kobj);
		return ret;
	}
	d->kobj = &k->kobj;
	kobject_uevent(&k->kobj, KOBJ_ADD);
	return 0;
}

/* Afterwards no reader reaches the driver. Process context; waits for readers. */
void chariot_sysfs_remove(struct chariot_driver *d)
{
	struct driver_kobject *k;

	if (!d->kobj)
		return;
	k = container_of(d->kobj, struct driver_kobject, kobj);
	d->kobj = NULL;
	mutex_lock(&k->lock);
	k->driver = NULL;
	mutex_unlock(&k->lock);
	kobject_uevent(&k->kobj, KOBJ_REMOVE);
	kobject_del(&k->kobj);
	kobject_put(&k->kobj);
}

/* Send a KOBJ_CHANGE of the driver's folder, if it is still there. Sleeps. */
void chariot_sysfs_uevent(const char *driver, char *env[])
{
	struct kobject *kobj;

	/* Reports may be sent a little later than all of this has gone. */
	mutex_lock(&root_mutex);
	kobj = root ? kset_find_obj(root, driver) : NULL;
	if (kobj) {
		kobject_uevent_env(kobj, KOBJ_CHANGE, env);
		kobject_put(kobj);
	}
	mutex_unlock(&root_mutex);
}

/* --- the root's files ---------------------------------------------------- */

static ssize_t revision_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%u\n", CHARIOT_ABI_REVISION);
}

static ssize_t backend_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	if (chariot_backend_errno)
		return sysfs_emit(buf, "none\n");
	return sysfs_emit(buf, "%.*s\n", (int)sizeof(chariot_backend.backend),
			  chariot_backend.backend);
}

static ssize_t features_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	static const char * const names[] = {
		"enforce", "byte_exact", "records", "watch_map", "walk_alias",
		"guest_switch",
	};
	u32 features = chariot_backend_errno ? 0 : chariot_backend.features;
	ssize_t len = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (features & BIT(i))
			len += sysfs_emit_at(buf, len, "%s%s", len ? " " : "",
					     names[i]);
	len += sysfs_emit_at(buf, len, "\n");
	return len;
}

static ssize_t drivers_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	struct chariot_driver *d;
	ssize_t len = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(d, &chariot_drivers, node)
		len += sysfs_emit_at(buf, len, "%s\n", d->name);
	rcu_read_unlock();
	return len;
}

static struct kobj_attribute file_revision = __ATTR_RO(revision);
static struct kobj_attribute file_backend = __ATTR_RO(backend);
static struct kobj_attribute file_features = __ATTR_RO(features);
static struct kobj_attribute file_drivers = __ATTR_RO(drivers);

static const struct attribute *root_attrs[] = {
	&file_revision.attr,
	&file_backend.attr,
	&file_features.attr,
	&file_drivers.attr,
	NULL
};

int chariot_sysfs_init(void)
{
	int ret;

	root = kset_create_and_add("chariot", NULL, kernel_kobj);
	if (!root)
		return -ENOMEM;
	ret = sysfs_create_files(&root->kobj, root_attrs);
	if (ret) {
		kset_unregister(root);
		root = NULL;
	}
	return ret;
}

void chariot_sysfs_exit(void)
{
	struct kset *old = root;

	mutex_lock(&root_mutex);
	root = NULL;
	mutex_unlock(&root_mutex);
	sysfs_remove_files(&old->kobj, root_attrs);
	kset_unregister(old);
}
