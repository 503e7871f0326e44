// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the host's administrator can read: a folder for each guest under
 * /sys/kernel/debug/chariot, named after its process.
 * Runs in the host kernel. Nothing here is an interface for programs.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "backend.h"

static struct dentry *root;
static atomic_t next_number;

static int stats_show(struct seq_file *m, void *unused)
{
	struct chariot_vm *vm = m->private;
	struct kvm *kvm = chariot_vm_hold(vm);
	struct chariot_stats s;

	if (!kvm)
		return 0;
	mutex_lock(&vm->config);
	chariot_domain_stats(vm, CHARIOT_DOMAIN_KERNEL, &s);
	seq_printf(m, "domains %u\npage_rights %llu\nentries %llu\nexits %llu\nviolations %llu\nemulated_writes %llu\npage_faults %llu\nview_bytes %llu\nrecords_waiting %u\nrecords_lost %llu\n",
		   vm->domains, vm->page_rights, s.entries, s.exits,
		   s.violations, s.emulated, s.page_faults, s.view_bytes,
		   vm->ring->count, vm->ring->lost);
	mutex_unlock(&vm->config);
	kvm_put_kvm(kvm);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static u64 count_entries(struct xarray *xa)
{
	unsigned long index;
	u64 count = 0;
	void *entry;

	xa_for_each(xa, index, entry)
		count++;
	return count;
}

static int domains_show(struct seq_file *m, void *unused)
{
	struct chariot_vm *vm = m->private;
	struct kvm *kvm = chariot_vm_hold(vm);
	struct chariot_stats s;
	u32 id;

	if (!kvm)
		return 0;
	seq_puts(m, "id state    mode    entries exits violations emulated page_faults page_rights own_grants view_bytes name\n");
	mutex_lock(&vm->config);
	for (id = 1; id < CHARIOT_MAX_VIEWS; id++) {
		struct chariot_domain *d = vm->domain[id];

		if (!d || chariot_domain_stats(vm, id, &s))
			continue;
		seq_printf(m, "%-2u %-8s %-7s %llu %llu %llu %llu %llu %llu %llu %llu %s\n",
			   id, vm->active & BIT(id) ? "active" : "inactive",
			   d->mode == CHARIOT_MODE_ENFORCE ? "enforce" :
							     "audit",
			   s.entries, s.exits, s.violations, s.emulated,
			   s.page_faults, s.regions, count_entries(&d->grants),
			   s.view_bytes, d->name);
	}
	mutex_unlock(&vm->config);
	kvm_put_kvm(kvm);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(domains);

static int regions_show(struct seq_file *m, void *unused)
{
	struct chariot_vm *vm = m->private;
	u32 id;

	seq_puts(m, "domain gpa size rights kind\n");
	mutex_lock(&vm->config);
	for (id = 1; id < CHARIOT_MAX_VIEWS; id++) {
		struct chariot_domain *d = vm->domain[id];
		struct chariot_range r;
		u64 at = 0;

		while (d && !seq_has_overflowed(m) &&
		       chariot_table_next(&d->table, at, 1024, &r)) {
			seq_printf(m, "%u %llx %llx %s%s %u\n", id, r.gpa,
				   r.size,
				   r.rights & CHARIOT_RIGHT_WRITE ? "w" : "",
				   r.rights & CHARIOT_RIGHT_EXEC ? "x" : "",
				   r.kind);
			at = r.gpa + r.size;
			cond_resched();
		}
	}
	mutex_unlock(&vm->config);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(regions);

static void record_show(struct seq_file *m, const struct chariot_record *r)
{
	static const char * const outcome[] = { "stopped", "held", "audited" };

	seq_printf(m, "%llu.%06llu domain %u vcpu %u %s rip %llx rsp %llx gpa %llx",
		   r->time_ns / NSEC_PER_SEC,
		   r->time_ns % NSEC_PER_SEC / NSEC_PER_USEC, r->domain,
		   r->vcpu, outcome[r->outcome], r->rip, r->rsp, r->gpa);
	if (r->flags & CHARIOT_RECORD_GVA)
		seq_printf(m, " gva %llx", r->gva);
	if (r->flags & CHARIOT_RECORD_SIZE)
		seq_printf(m, " size %llu%s", r->size,
			   r->flags & CHARIOT_RECORD_REP ? " rep" : "");
	if (r->flags & CHARIOT_RECORD_VALUE)
		seq_printf(m, " value %*phN",
			   (int)min_t(u64, r->size, sizeof(r->value)),
			   r->value);
	if (r->flags & CHARIOT_RECORD_REGION)
		seq_printf(m, " near %llx+%llx kind %u", r->region_gpa,
			   r->region_size, r->region_kind);
	seq_printf(m, " insn %*phN\n", r->insn_len, r->insn);
}

/* The last ones, oldest first, also those the guest has taken. */
static int violations_show(struct seq_file *m, void *unused)
{
	struct chariot_vm *vm = m->private;
	struct chariot_record r;
	u64 i = 0;

	chariot_tell(vm);
	for (;; i++) {
		bool have;

		spin_lock(&vm->ring_lock);
		if (vm->history_count > CHARIOT_HISTORY)
			i = max(i, vm->history_count - CHARIOT_HISTORY);
		have = i < vm->history_count;
		if (have)
			r = vm->history[i % CHARIOT_HISTORY];
		spin_unlock(&vm->ring_lock);
		if (!have)
			return 0;
		record_show(m, &r);
	}
}
DEFINE_SHOW_ATTRIBUTE(violations);

void chariot_debugfs_add(struct chariot_vm *vm)
{
	char name[32];

	snprintf(name, sizeof(name), "%d-%d", vm->pid,
		 atomic_inc_return(&next_number));
	vm->debugfs = debugfs_create_dir(name, root);
	debugfs_create_file("stats", 0400, vm->debugfs, vm, &stats_fops);
	debugfs_create_file("domains", 0400, vm->debugfs, vm, &domains_fops);
	debugfs_create_file("regions", 0400, vm->debugfs, vm, &regions_fops);
	debugfs_create_file("violations", 0400, vm->debugfs, vm,
			    &violations_fops);
}

/* Waits for readers. */
void chariot_debugfs_remove(struct chariot_vm *vm)
{
	debugfs_remove(vm->debugfs);
}

void chariot_debugfs_init(void)
{
	root = debugfs_create_dir("chariot", NULL);
}

void chariot_debugfs_exit(void)
{
	debugfs_remove(root);
}
