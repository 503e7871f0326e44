/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The KVM backend's own structures, and which file does what.
 *
 * A domain n of a guest is view n of KVM's two-dimensional page tables: a root
 * of its own, told apart by bits of kvm_mmu_page_role that KVM leaves unused.
 * KVM builds, zaps and dirty-logs all roots alike; hooks.c filters the rights
 * of each leaf when it is made, and views.c takes rights away again.
 *
 * Locks, outer to inner:
 *   chariot_vm.config	mutex; one configuring hypercall at a time
 *   chariot_vm.judging	rwsem; read while a write is judged and carried out,
 *			taken for write once by whoever took a right away, so
 *			that no write judged by the old table is in flight
 *   kvm->mmu_lock	KVM's; held by KVM around make_spte()
 *   chariot_vm.tables	rwlock; tables, grants, text, domain pointers
 * A right is taken from the table first (tables), then from the leaves (write
 * mmu_lock): make_spte() reads the table and sets the leaf within one read
 * section of mmu_lock, so what it made from the old table is found and cleared.
 */
#ifndef CHARIOT_KVM_BACKEND_H
#define CHARIOT_KVM_BACKEND_H

#undef pr_fmt
#define pr_fmt(fmt) "chariot-kvm: " fmt

#include <linux/kvm_host.h>
#include <linux/mutex.h>
#include <linux/ratelimit.h>
#include <linux/rwsem.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "record.h"
#include "request.h"
#include "serve.h"
#include "table.h"
#include "untold.h"
#include "write.h"
#include "compat/compat.h"

#define CHARIOT_MAX_VIEWS	32u		/* view 0 is the kernel's */
#define CHARIOT_STACK_PAGES	16u
#define CHARIOT_HISTORY		64u
#define CHARIOT_NO_GFN		(~0ull)
#define CHARIOT_GFN_END		(1ull << CHARIOT_GFN_BITS)

/* Owner of an executable page in chariot_vm.text: a domain, or all. */
#define CHARIOT_OWNER_NONE	0u
#define CHARIOT_OWNER_ALL	CHARIOT_MAX_VIEWS

/*
 * Rights the backend gave by itself, in chariot_domain.grants, one value for
 * each gfn: bit 0 a page the hardware walks, bit 1 a one-shot window for one
 * audited write, above that the number of virtual CPUs whose stack it is.
 */
#define CHARIOT_GRANT_WALK	1ul
#define CHARIOT_GRANT_WINDOW	2ul
#define CHARIOT_GRANT_STACK	4ul

static inline bool chariot_is_domain(u32 owner)
{
	return owner != CHARIOT_OWNER_NONE && owner != CHARIOT_OWNER_ALL;
}

struct chariot_counters {
	atomic64_t entries;
	atomic64_t exits;
	atomic64_t violations;
	atomic64_t emulated;
	atomic64_t page_faults;
};

/* The stack a virtual CPU has write access to in one view. */
struct chariot_stack {
	u64 base;			/* gva, CHARIOT_NO_GFN for none */
	u64 gfn[CHARIOT_STACK_PAGES];
};

struct chariot_domain {
	u32 id;
	u32 mode;
	u32 state;
	char name[CHARIOT_DOMAIN_NAME_LEN];
	struct chariot_table table;
	struct xarray grants;		/* gfn -> CHARIOT_GRANT_* */
	struct xarray stacks;		/* vcpu_idx -> struct chariot_stack */
};

#define CHARIOT_OWNER_SETS	32u

/* The owner of a page, as of a text_generation. */
struct chariot_text_page {
	u64 gfn;
	u64 generation;
	u32 owner;
};

/* What is remembered of a virtual CPU; used by its own thread alone. */
struct chariot_vcpu {
	/*
	 * The pages it last went to. Two for each index: a crossing goes between
	 * two pages, and must not push one out by the other.
	 */
	struct chariot_text_page text[CHARIOT_OWNER_SETS][2];
	bool emulating;			/* KVM emulates what has been judged */
	u64 entry_rsp;			/* when it last entered a view */
	u64 text_page;			/* gva of a page of driver text ... */
	u64 text_gfn;			/* ... where it lies ... */
	u64 text_generation;		/* ... as long as this holds */
	u32 text_view;
	u32 window_view;		/* of the open window, 0 for none */
	u64 window_gfn;
	u64 read_gfn;			/* last page table shown for a read */
	u32 reads;			/* how often in a row */
};

struct chariot_vm {
	struct hlist_node link;
	struct kvm *kvm;		/* as a key; alive while a vCPU runs */
	struct rcu_head rcu;
	struct work_struct free_work;

	struct mutex config;		/* held by calls that change what follows */
	struct rw_semaphore judging;
	rwlock_t tables;

	struct chariot_domain *domain[CHARIOT_MAX_VIEWS];
	u32 active;			/* bit n: domain n is active */
	u32 domains;			/* how many exist */
	bool used;			/* there has ever been one */
	bool restarted;			/* it looks as if the guest had */
	struct xarray text;		/* gfn -> owner */
	u64 text_generation;
	u64 page_rights;
	u64 blocks;			/* in the domains' tables */
	struct chariot_pool pool;
	struct chariot_vcpu **vcpu;	/* by vcpu_idx */
	u32 vcpu_max;

	bool greeted;
	u32 features;
	u32 stack_size;
	u32 notify_error;

	struct mutex map_lock;		/* the two below */
	u32 map_pages;
	u64 *map_gpa;
	struct chariot_alias *alias;	/* alias.c; once there, stays */

	spinlock_t ring_lock;		/* the records below */
	struct chariot_ring *ring;
	struct chariot_record *history;	/* the last ones, for debugfs */
	u64 history_count;
	struct chariot_untold_list *untold;	/* their clock: jiffies_64 */
	struct delayed_work tell_work;
	struct ratelimit_state log_limit;	/* its own: others are heard */

	struct chariot_counters counters[CHARIOT_MAX_VIEWS];

	pid_t pid;
	struct dentry *debugfs;
	union chariot_call_page *batch;	/* private copy of what was sent; config */
};

/* vm.c: a guest's state and its lifetime. */
int chariot_vms_init(void);
void chariot_vms_exit(void);
struct chariot_vm *chariot_vm_search(const struct kvm *kvm);
struct chariot_vm *chariot_vm_get(struct kvm *kvm);
void chariot_vm_gone(struct kvm *kvm);
struct kvm *chariot_vm_hold(struct chariot_vm *vm);
struct chariot_vcpu *chariot_vcpu_make(struct chariot_vm *vm,
				       struct kvm_vcpu *vcpu);
struct chariot_domain *chariot_domain_alloc(u32 id, const char *name, u32 mode);
void chariot_domain_free(struct chariot_vm *vm, struct chariot_domain *d);
int chariot_pool_stock(struct chariot_pool *pool, u64 blocks);
void chariot_pool_drain(struct chariot_pool *pool, u32 keep);

/* The guest that was looked up last on a CPU; nobody's when it is freed. */
DECLARE_PER_CPU(struct chariot_vm *, chariot_vm_recent);

/**
 * chariot_vm_find - chariot_vm_search() for the hot path
 * @kvm: of a virtual CPU that runs in this thread
 */
static inline struct chariot_vm *chariot_vm_find(const struct kvm *kvm)
{
	struct chariot_vm *vm;
	bool hit;

	/* Another guest's entry may be freed; not before preemption is on. */
	preempt_disable();
	vm = this_cpu_read(chariot_vm_recent);
	hit = vm && vm->kvm == kvm;
	preempt_enable();
	return hit ? vm : chariot_vm_search(kvm);
}

/* NULL for want of memory. */
static inline struct chariot_vcpu *chariot_vcpu_state(struct chariot_vm *vm,
						      struct kvm_vcpu *vcpu)
{
	u32 index = vcpu->vcpu_idx;

	if (likely(index < vm->vcpu_max && vm->vcpu[index]))
		return vm->vcpu[index];
	return chariot_vcpu_make(vm, vcpu);
}

/* views.c: from rights to page tables. */
void chariot_view_switch(struct kvm_vcpu *vcpu, u32 view);
u32 chariot_filter_access(struct chariot_vm *vm, u32 view, int level, u64 gfn,
			  u32 access);
u8 chariot_max_level(struct chariot_vm *vm, u32 view, u64 gfn, u8 level);
u32 chariot_text_owner(struct chariot_vm *vm, u64 gfn);
void chariot_text_changed(struct chariot_vm *vm);
u64 chariot_view_pages(struct kvm *kvm, u32 view);
u64 chariot_guest_end(struct kvm *kvm);

struct chariot_revoke {
	struct kvm *kvm;
	bool locked;
	bool flush;
};

void chariot_revoke_begin(struct chariot_revoke *r, struct kvm *kvm);
void chariot_revoke_pages(struct chariot_revoke *r, struct chariot_vm *vm,
			  u32 view, u64 first, u64 end);
void chariot_revoke_end(struct chariot_revoke *r, struct chariot_vm *vm);
void chariot_remap(struct kvm *kvm, u64 first, u64 end);

/**
 * chariot_view_of - the view a virtual CPU runs in
 * @vcpu: runs in this thread, has a valid root
 *
 * Asks the root in use, not the role KVM computed last: KVM resets that when it
 * reconfigures paging, sometimes without a change of the root.
 */
static inline u32 chariot_view_of(struct kvm_vcpu *vcpu)
{
	const void *sp = chariot_table_sp(vcpu->arch.mmu->root.hpa);

	if (unlikely(!sp))
		return CHARIOT_DOMAIN_KERNEL;
	return (chariot_sp_role(sp).word & CHARIOT_VIEW_MASK) >>
	       CHARIOT_VIEW_SHIFT;
}

/**
 * chariot_text_owner_cached - chariot_text_owner() for the hot path
 * @vm: the guest
 * @state: what is remembered of the virtual CPU of this thread
 * @gfn: the page
 */
static inline u32 chariot_text_owner_cached(struct chariot_vm *vm,
					    struct chariot_vcpu *state,
					    u64 gfn)
{
	struct chariot_text_page *page = state->text[gfn % CHARIOT_OWNER_SETS];
	/* Before the lookup: what changes meanwhile makes the entry stale. */
	u64 generation = smp_load_acquire(&vm->text_generation);

	if (page[0].gfn == gfn && page[0].generation == generation)
		return page[0].owner;
	if (page[1].gfn == gfn && page[1].generation == generation)
		return page[1].owner;
	page[1] = page[0];
	page[0] = (struct chariot_text_page){
		.gfn = gfn,
		.generation = generation,
		.owner = chariot_text_owner(vm, gfn),
	};
	return page[0].owner;
}

/* grants.c: stacks and page tables that get rights by themselves. */
bool chariot_grant_walk(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
			struct chariot_domain *d, u64 gfn);
bool chariot_grant_stack(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
			 struct chariot_domain *d, u64 rsp, u64 gva, u64 gpa);
bool chariot_grant_stack_search(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
				struct chariot_domain *d, u64 rsp, u64 gpa);
bool chariot_grant_window(struct chariot_vm *vm, struct chariot_vcpu *state,
			  struct chariot_domain *d, u64 gfn);
void chariot_window_close(struct chariot_vm *vm, struct chariot_vcpu *state);
void chariot_walks_forget(struct chariot_vm *vm, u64 first, u64 end);
int chariot_page_release(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
			 u64 gpa, u64 size);

/* watch.c: the map in which the guest sees those rights. */
int chariot_watch_set(struct chariot_vm *vm, struct kvm_vcpu *vcpu, u64 gfn);
void chariot_watch_clear(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
			 u64 first, u64 end);
void chariot_watch_map(struct chariot_vm *vm,
		       const struct chariot_frame_map *map);

/* alias.c: the second maps. */
void chariot_alias_hide(struct chariot_vm *vm, struct kvm_vcpu *vcpu, u64 gfn);
void chariot_alias_show(struct chariot_vm *vm, struct kvm_vcpu *vcpu, u64 first,
			u64 end);
bool chariot_alias_target(struct chariot_vm *vm, u64 *gpa);
void chariot_alias_read(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
			struct chariot_vcpu *state, u64 gfn);
bool chariot_alias_pfn(struct chariot_vm *vm, u64 gfn, u64 *pfn);
bool chariot_alias_in(struct chariot_vm *vm, u64 first, u64 end);
int chariot_alias_call(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
		       const struct chariot_walk_alias *call);
void chariot_alias_forget(struct chariot_vm *vm);
void chariot_alias_free(struct chariot_vm *vm);

/* write.c: what is to become of a write */
enum chariot_next {
	CHARIOT_NEXT_MAP,	/* allowed: let KVM map the page */
	CHARIOT_NEXT_RUN,	/* let the guest go on */
	CHARIOT_NEXT_USER,	/* KVM wants to leave to user space */
};

enum chariot_next chariot_judge_write(struct chariot_vm *vm,
				      struct kvm_vcpu *vcpu,
				      struct chariot_vcpu *state,
				      struct chariot_domain *d, u64 gpa,
				      const u8 *insn, int insn_len);
enum chariot_next chariot_judge_read(struct chariot_vm *vm,
				     struct kvm_vcpu *vcpu,
				     struct chariot_vcpu *state,
				     struct chariot_domain *d, const u8 *insn,
				     int insn_len);
enum chariot_next chariot_judge_string(struct chariot_vm *vm,
				       struct kvm_vcpu *vcpu,
				       struct chariot_vcpu *state,
				       struct chariot_domain *d,
				       const u8 *insn, int insn_len);

/* emulate.c: carrying out a write in the processor's place. */
enum chariot_done {
	CHARIOT_DONE,		/* the instruction, or a part of it, is done */
	CHARIOT_RETRY,		/* nothing done; the guest tries again */
	CHARIOT_CANNOT,		/* nothing done, and this way can't do it */
	CHARIOT_EXIT,		/* KVM wants to leave to user space */
};

void chariot_regs_get(struct kvm_vcpu *vcpu, struct chariot_regs *regs);
void chariot_skip(struct kvm_vcpu *vcpu, u64 rip);
bool chariot_operand_read(struct kvm_vcpu *vcpu, const struct chariot_write *w,
			  u64 *old);
enum chariot_done chariot_emulate(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
				  const struct chariot_table *judge,
				  struct chariot_write *w);
enum chariot_done chariot_emulate_kvm(struct kvm_vcpu *vcpu);

/* events.c: records and the notification. */
void chariot_report(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
		    struct chariot_domain *d, const struct chariot_write *w,
		    u64 bad, enum chariot_outcome outcome, bool notify);
int chariot_record_next(struct chariot_vm *vm, struct chariot_record *out);
int chariot_record_settle(struct chariot_vm *vm, u64 seq);
void chariot_granted(struct chariot_vm *vm, u32 domain, u64 gpa, u64 size);
void chariot_tell(struct chariot_vm *vm);
void chariot_tell_all(struct chariot_vm *vm, u32 domain);
void chariot_tell_work(struct work_struct *work);

/* hypercalls.c: calls of the guest; domains.c and regions.c do the work. */
long chariot_hypercall(struct kvm_vcpu *vcpu, u64 nr, u64 a1, u64 a2, u64 a3);

/* domains.c; all with chariot_vm.config held. */
int chariot_domain_create(struct chariot_vm *vm,
			  struct chariot_domain_create *c);
int chariot_domain_control(struct chariot_vm *vm, u32 id, u32 state, u32 mode);
int chariot_domain_destroy(struct chariot_vm *vm, u32 id);
void chariot_domains_forget(struct chariot_vm *vm);
int chariot_domain_stats(struct chariot_vm *vm, u32 id,
			 struct chariot_stats *s);
u64 chariot_vm_exits(struct kvm *kvm);

/* regions.c; with chariot_vm.config held. */
int chariot_region_update(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
			  struct chariot_batch *batch);

/* hooks.c */
int chariot_hooks_init(void);
void chariot_hooks_exit(void);

/* debugfs.c */
void chariot_debugfs_init(void);
void chariot_debugfs_exit(void);
void chariot_debugfs_add(struct chariot_vm *vm);
void chariot_debugfs_remove(struct chariot_vm *vm);

/* main.c: parameters. */
bool chariot_vm_allowed(void);
u64 chariot_max_page_rights(void);
int chariot_module_hold(void);
void chariot_module_release(void);

/* svm.c, vmx.c: what differs by vendor. */
struct chariot_vendor {
	const char *name;
	const char *module;		/* KVM's, by its own name ... */
	const char *paging_on;		/* ... and its parameter */
	/* Must the TLB be flushed when a virtual CPU changes its view? */
	bool flush_on_switch;
	/* Does a walk of guest page tables count as a write to them? */
	bool walks_write;
};

extern const struct chariot_vendor chariot_svm;
extern const struct chariot_vendor chariot_vmx;
extern const struct chariot_vendor *chariot_vendor;

#endif /* CHARIOT_KVM_BACKEND_H */
