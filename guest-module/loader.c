// SPDX-License-Identifier: GPL-2.0
/*
 * Takes a module over while the kernel loads it: binds its imports before they
 * are relocated, registers its sections before its init runs, and lets go of it
 * when it leaves.
 * Runs in the guest kernel; trusts the module loader, not the module.
 */
#include <linux/elf.h>
#include <linux/kprobes.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <chariot/hypercall.h>
#include "chariot.h"
#include "compat/module_layout.h"
#include "grant_rules.h"
#include "handed.h"
#include "plan.h"
#include "trace.h"

/*
 * A task that armed, until it disarms. The driver is made at arming, where
 * sleeping is allowed; it stays when its module has reached COMING.
 */
struct armed {
	struct list_head node;		/* armed_list, under armed_lock */
	struct task_struct *task;
	struct chariot_driver *driver;
};

static u64 instances;		/* under chariot_mutex */
static LIST_HEAD(armed_list);
static DEFINE_RAW_SPINLOCK(armed_lock);

static struct chariot_driver *driver_create(const struct chariot_arm *arm)
{
	struct chariot_domain_create *create;
	struct chariot_driver *d;
	int ret;

	d = kzalloc(sizeof(*d), GFP_KERNEL);
	create = kzalloc(sizeof(*create), GFP_KERNEL);
	if (!d || !create) {
		ret = -ENOMEM;
		goto err_free;
	}
	raw_spin_lock_init(&d->lock);
	chariot_table_init(&d->table);
	chariot_table_init(&d->whole);
	d->objects = RB_ROOT;
	raw_spin_lock_init(&d->handed_lock);
	d->handed = RB_ROOT_CACHED;
	d->instance = ++instances;
	d->mode = arm->mode;
	d->heap = arm->heap;
	d->state = CHARIOT_LOADING;
	strscpy(d->name, arm->name, sizeof(d->name));

	strscpy(create->name, arm->name, sizeof(create->name));
	create->mode = arm->mode;
	ret = chariot_hv_domain_create(__pa(create));
	if (ret)
		goto err_free;
	d->domain = create->domain;
	if (!d->domain || d->domain > CHARIOT_MAX_DOMAINS) {
		ret = -ENOSPC;
		goto err_domain;
	}
	ret = chariot_slabs_init(d);
	if (ret)
		goto err_domain;
	list_add_tail_rcu(&d->node, &chariot_drivers);
	chariot_machine_attach();
	__module_get(THIS_MODULE);
	kfree(create);
	return d;

err_domain:
	chariot_hv_domain_destroy(create->domain);
err_free:
	kfree(create);
	kfree(d);
	return ERR_PTR(ret);
}

/* The domain and all that hangs on it; chariot_mutex is held. */
static void driver_destroy(struct chariot_driver *d)
{
	if (d->mod)
		chariot_grants_detach(d);
	list_del_rcu(&d->node);
	chariot_machine_detach();
	/* Wrappers, faults and page frees may still look at it. */
	synchronize_rcu();
	chariot_gates_detach(d);
	chariot_handed_clear(d);
	chariot_hv_domain_destroy(d->domain);
	chariot_rights_clear(d);
	chariot_slabs_exit(d);
	chariot_objects_clear(d);
	chariot_plan_free(d->plan);
	kfree(d);
	module_put(THIS_MODULE);
}

/* --- arming ---------------------------------------------------------------- */

static struct armed *armed_by_task(const struct task_struct *task)
{
	struct armed *a;

	list_for_each_entry(a, &armed_list, node)
		if (a->task == task)
			return a;
	return NULL;
}

int chariot_arm(const struct chariot_arm *arm)
{
	struct chariot_driver *d;
	struct armed *a;
	int ret = 0;

	if (chariot_backend_errno)
		return -ENODEV;
	if (arm->mode >= CHARIOT_MODE_COUNT || arm->heap >= CHARIOT_HEAP_COUNT ||
	    !arm->name[0])
		return -EINVAL;
	a = kzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;

	mutex_lock(&chariot_mutex);
	list_for_each_entry(d, &chariot_drivers, node)
		if (!strcmp(d->name, arm->name))
			ret = -EEXIST;
	raw_spin_lock_irq(&armed_lock);
	if (armed_by_task(current))
		ret = -EBUSY;
	raw_spin_unlock_irq(&armed_lock);
	if (ret)
		goto err;
	d = driver_create(arm);
	if (IS_ERR(d)) {
		ret = PTR_ERR(d);
		goto err;
	}
	a->task = current;
	a->driver = d;
	raw_spin_lock_irq(&armed_lock);
	list_add(&a->node, &armed_list);
	raw_spin_unlock_irq(&armed_lock);
	mutex_unlock(&chariot_mutex);
	return 0;
err:
	mutex_unlock(&chariot_mutex);
	kfree(a);
	return ret;
}

int chariot_arm_plan(struct chariot_plan *plan)
{
	struct chariot_driver *d;
	struct chariot_plan *old;
	struct armed *a;
	int ret = -ENOENT;

	mutex_lock(&chariot_mutex);
	raw_spin_lock_irq(&armed_lock);
	a = armed_by_task(current);
	d = a ? a->driver : NULL;
	raw_spin_unlock_irq(&armed_lock);
	if (!d || d->relocated)
		goto out;
	chariot_gates_detach(d);
	old = d->plan;
	d->plan = plan;
	ret = chariot_gates_attach(d);
	if (ret) {
		d->plan = old;
		if (old && chariot_gates_attach(d))
			d->plan = NULL;
	} else {
		chariot_plan_free(old);
	}
out:
	mutex_unlock(&chariot_mutex);
	return ret;
}

void chariot_disarm(struct task_struct *task)
{
	struct armed *a;

	mutex_lock(&chariot_mutex);
	raw_spin_lock_irq(&armed_lock);
	a = armed_by_task(task);
	if (a)
		list_del(&a->node);
	raw_spin_unlock_irq(&armed_lock);
	/* A module that came this far leaves by the GOING notification. */
	if (a && a->driver && !a->driver->mod)
		driver_destroy(a->driver);
	mutex_unlock(&chariot_mutex);
	kfree(a);
}

/* --- relocation: bind the imports ------------------------------------------- */

static void bind_imports(struct chariot_driver *d, Elf64_Shdr *sechdrs,
			 const char *strtab, unsigned int symindex)
{
	Elf64_Sym *sym = (void *)sechdrs[symindex].sh_addr;
	size_t i, n = sechdrs[symindex].sh_size / sizeof(*sym);
	enum chariot_import_class cls;
	unsigned long target;

	for (i = 1; i < n; i++) {
		if (sym[i].st_shndx != SHN_UNDEF)
			continue;
		d->imports_total++;
		if (chariot_symbol_rule(strtab + sym[i].st_name) &&
		    chariot_kernel_data(sym[i].st_value))
			chariot_lend(d, sym[i].st_value, sizeof(long),
				     CHARIOT_KIND_OBJECT, "hook");
		target = chariot_import_target(d, strtab + sym[i].st_name, &cls);
		if (!target || !sym[i].st_value)
			continue;
		chariot_copies_bind(strtab + sym[i].st_name, sym[i].st_value);
		sym[i].st_value = target;
		d->imports_bound++;
	}
}

/*
 * apply_relocate_add(sechdrs, strtab, symindex, relsec, me) runs once for each
 * relocation section, with every symbol resolved and none applied.
 */
static int relocate_entry(struct kprobe *kp, struct pt_regs *regs)
{
	struct module *me = (struct module *)regs->r8;
	Elf64_Shdr *sechdrs = (Elf64_Shdr *)regs->di;
	const char *strtab = (const char *)regs->si;
	struct armed *a;

	raw_spin_lock(&armed_lock);
	a = armed_by_task(current);
	if (a && a->driver && !strcmp(a->driver->name, me->name)) {
		if (!a->driver->relocated) {
			bind_imports(a->driver, sechdrs, strtab, regs->dx);
			chariot_gates_laid_out(a->driver, me);
			a->driver->relocated = true;
		}
		chariot_gates_relocate(a->driver, sechdrs, strtab, regs->dx,
				       regs->cx);
	}
	raw_spin_unlock(&armed_lock);
	return 0;
}

static struct kprobe relocate_probe = {
	.symbol_name = "apply_relocate_add",
	.pre_handler = relocate_entry,
};

/* --- sections: rights of the module's own memory ---------------------------- */

static int grant_section(struct chariot_driver *d,
			 const struct chariot_section *s)
{
	enum chariot_kind kind = s->init ? CHARIOT_KIND_INIT : CHARIOT_KIND_DATA;

	if (!s->size)
		return 0;
	switch (s->role) {
	case CHARIOT_SECTION_TEXT:
		return chariot_grant(d, s->base, PAGE_ALIGN(s->size),
				     CHARIOT_RIGHT_EXEC,
				     s->init ? kind : CHARIOT_KIND_TEXT);
	case CHARIOT_SECTION_RODATA:
		return 0;
	case CHARIOT_SECTION_RO_AFTER_INIT:
	case CHARIOT_SECTION_DATA:
		return chariot_grant(d, s->base, PAGE_ALIGN(s->size),
				     CHARIOT_RIGHT_WRITE, kind);
	}
	return -EINVAL;
}

static int grant_module(struct chariot_driver *d)
{
	struct chariot_section s;
	unsigned int i;
	int ret, cpu;

	ret = chariot_grant(d, chariot_leaf_page(d->domain), PAGE_SIZE,
			    CHARIOT_RIGHT_EXEC, CHARIOT_KIND_LEAF);
	for (i = 0; !ret && chariot_module_section(d->mod, i, &s); i++)
		ret = grant_section(d, &s);
	for_each_possible_cpu(cpu) {
		if (ret || !d->mod->percpu_size)
			break;
		ret = chariot_grant(d, per_cpu_ptr(d->mod->percpu, cpu),
				    d->mod->percpu_size, CHARIOT_RIGHT_WRITE,
				    CHARIOT_KIND_PERCPU);
	}
	return ret;
}

static void drop_sections(struct chariot_driver *d, bool init,
			  enum chariot_section_role role)
{
	struct chariot_section s;
	unsigned int i;

	for (i = 0; chariot_module_section(d->mod, i, &s); i++)
		if (s.size && s.init == init && s.role == role)
			chariot_revoke(d, s.base, PAGE_ALIGN(s.size));
}

/* --- the module's life ------------------------------------------------------- */

static int module_coming(struct module *mod)
{
	struct chariot_driver *d;
	struct armed *a;
	int ret;

	raw_spin_lock_irq(&armed_lock);
	a = armed_by_task(current);
	d = a ? a->driver : NULL;
	raw_spin_unlock_irq(&armed_lock);
	if (!d || d->mod)
		return 0;
	/* Who armed wants isolation: better no driver than one without. */
	if (!d->relocated || strcmp(d->name, mod->name)) {
		pr_err("%s: not the module %s that was to be isolated, or its imports were not seen; not loaded\n",
		       mod->name, d->name);
		return -ECANCELED;
	}

	mutex_lock(&chariot_mutex);
	WRITE_ONCE(d->mod, mod);
	ret = grant_module(d);
	if (!ret)
		ret = chariot_grants_attach(d);
	if (!ret)
		ret = chariot_sysfs_add(d);
	if (!ret)
		ret = chariot_hv_domain_control(d->domain, CHARIOT_DOMAIN_ACTIVE,
						d->mode);
	if (ret) {
		pr_err("%s: cannot be isolated (%d), not loaded\n", d->name, ret);
		chariot_sysfs_remove(d);
		chariot_grants_detach(d);
		chariot_hv_domain_control(d->domain, CHARIOT_DOMAIN_INACTIVE,
					  d->mode);
		WRITE_ONCE(d->mod, NULL);	/* chariot_disarm() ends it */
		ret = -ECANCELED;
	} else {
		chariot_gates_switch(d);
		trace_load(d->name, d->domain);
	}
	mutex_unlock(&chariot_mutex);
	return ret;
}

static void module_live(struct module *mod)
{
	struct chariot_driver *d;

	mutex_lock(&chariot_mutex);
	d = chariot_driver_by_module(mod);
	if (d) {
		d->state = CHARIOT_LIVE;
		drop_sections(d, false, CHARIOT_SECTION_RO_AFTER_INIT);
		pr_info("%s: isolated in domain %u, mode %s, %u of %u imports bound, %u calls and %u addresses through gates\n",
			d->name, d->domain,
			d->mode == CHARIOT_MODE_ENFORCE ? "enforce" : "audit",
			d->imports_bound, d->imports_total,
			d->gates.imports_bound, d->gates.entries_bound);
	}
	mutex_unlock(&chariot_mutex);
}

static void module_going(struct module *mod)
{
	struct chariot_driver *d;
	struct armed *a;

	mutex_lock(&chariot_mutex);
	d = chariot_driver_by_module(mod);
	if (d) {
		d->state = CHARIOT_UNLOADING;
		raw_spin_lock_irq(&armed_lock);
		list_for_each_entry(a, &armed_list, node)
			if (a->driver == d)
				a->driver = NULL;	/* failed init */
		raw_spin_unlock_irq(&armed_lock);
		trace_unload(d->name, d->domain);
		chariot_sysfs_remove(d);
		driver_destroy(d);
	}
	mutex_unlock(&chariot_mutex);
}

static int module_event(struct notifier_block *nb, unsigned long action,
			void *data)
{
	switch (action) {
	case MODULE_STATE_COMING:
		return notifier_from_errno(module_coming(data));
	case MODULE_STATE_LIVE:
		module_live(data);
		break;
	case MODULE_STATE_GOING:
		module_going(data);
		break;
	}
	return NOTIFY_OK;
}

/*
 * Last at COMING, so that nobody fails after us; at GOING order is no matter:
 * the module's exit function has run.
 */
static struct notifier_block module_nb = {
	.notifier_call = module_event,
	.priority = INT_MIN,
};

int chariot_loader_init(void)
{
	int ret;

	/* A kprobe that was unregistered keeps its address, against reuse. */
	relocate_probe.addr = NULL;
	relocate_probe.flags = 0;
	ret = register_kprobe(&relocate_probe);
	if (ret) {
		pr_err("cannot probe %s (%d): CONFIG_KPROBES is needed\n",
		       relocate_probe.symbol_name, ret);
		return ret;
	}
	ret = register_module_notifier(&module_nb);
	if (ret)
		unregister_kprobe(&relocate_probe);
	return ret;
}

void chariot_loader_exit(void)
{
	unregister_module_notifier(&module_nb);
	unregister_kprobe(&relocate_probe);
}
