/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private to chariot.ko: how its parts fit together.
 *
 * One isolated driver is one struct chariot_driver and one domain of the
 * backend. Data flows one way:
 *
 *   loader.c    takes a module over: binds its imports (imports.c), registers
 *               its sections, activates the domain before its init runs
 *   alloc_*.c   what the driver's allocation calls are bound to; each tells
 *   rights.c    who may write what: the driver's table (core/table.c), kept
 *               equal to the backend's, by region updates over hypercall/
 *   objects.c   the driver's allocations with size and call site, for reports
 *   frames.c    ends rights when a page frame is freed, by whomever
 *   machine.c, reconnect.c  a backend that has forgotten this guest is told all again
 *   switch.c    changes of view without the backend's help
 *   gates.c     entries and imports of the module's plan (plan.c), so that
 *   handed.c    knows the objects it is handed
 *   fault.c     the notification (#GP) of a stopped write: fetch the record,
 *   grants.c      settle it (a right the driver does have by kernel API rules:
 *                 grant and retry), or
 *   victim.c      name what was hit (slab_objects.c: in the kernel's slabs), and
 *   report.c      tell: log block, ring, uevent, tracepoint
 *   sysfs.c, device.c  state and control for the commands
 *
 * How a wrapper knows its driver: an import is bound to a stub (stubs.S) of the
 * driver's domain, which calls the wrapper; the wrapper's return address tells
 * the domain (chariot_caller()). How leaf code (memset, memcpy) runs with the
 * driver's rights: every domain has its own copy of it in leaf.S, executable
 * in that domain's view alone, so RIP alone decides the view even when an
 * interrupt returns into it.
 *
 * Locks: driver->lock (raw, irqs off) guards table, pool and objects; nothing
 * is taken inside it, and the region update is sent under it, so that the
 * backend sees changes in the table's order. chariot_mutex guards the list of
 * drivers and everything that sleeps.
 */
#ifndef CHARIOT_GUEST_H
#define CHARIOT_GUEST_H

#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <chariot/abi.h>
#include "uapi/chariot_dev.h"
#include "../hv-backends/core/table.h"

#define CHARIOT_MAX_DOMAINS	31	/* stubs.S and leaf.S are laid out for it */
#define CHARIOT_PERNET_MAX	8
#define CHARIOT_NOTIFY_ERROR	0x7ca0	/* a selector that no CPU reports; VMX wants 15 bits */

struct pt_regs;
struct chariot_slabs;
struct chariot_grants;
struct chariot_gate;
struct chariot_plan;

enum chariot_driver_state {
	CHARIOT_LOADING,	/* between relocation and the end of init */
	CHARIOT_LIVE,
	CHARIOT_UNLOADING,
};

/**
 * struct chariot_gates - a driver's gates (gates.c)
 * @gates: of the plan's entries, and behind them of its imports; or NULL
 * @entries_bound: relocations that lead to a gate
 * @imports_bound: the same
 */
struct chariot_gates {
	struct chariot_gate *gates;
	u32 entries_bound;
	u32 imports_bound;
};

/**
 * struct chariot_driver - an isolated driver
 * @node: in chariot_drivers, under chariot_mutex and RCU
 * @domain: identity at the backend, 1..CHARIOT_MAX_DOMAINS
 * @mod: the module
 * @lock: guards @table, @whole, @pool, @objects
 * @slabs: its slab caches (alloc_slab.c)
 * @grants: its tag sets (grants_request.c)
 * @plan: types of what it is handed, or NULL (plan.c)
 * @gates: through which it is handed it
 * @handed_lock: guards @handed, @nr_handed; @lock is taken inside it
 * @handed: objects it was handed, by address (handed.c)
 * @handed_generation: changes when one is forgotten
 */
struct chariot_driver {
	struct list_head node;
	u32 domain;
	enum chariot_mode mode;
	enum chariot_heap heap;
	enum chariot_driver_state state;
	char name[CHARIOT_NAME_LEN];
	struct module *mod;
	struct kobject *kobj;

	raw_spinlock_t lock;
	struct chariot_table table;
	struct chariot_table whole;	/* see rights.c; nothing of it in @table */
	struct chariot_pool pool;
	struct rb_root objects;
	u64 nr_objects;
	u64 object_bytes;

	struct chariot_slabs *slabs;
	struct chariot_grants *grants;

	struct chariot_plan *plan;
	struct chariot_gates gates;
	raw_spinlock_t handed_lock;
	struct rb_root_cached handed;
	u32 nr_handed;
	u64 handed_generation;
	/* pernet_operations that it has registered (grants_net.c) */
	const void *pernet[CHARIOT_PERNET_MAX];

	atomic64_t violations;
	atomic64_t repeats;		/* of violations already reported */
	atomic64_t settled;		/* writes settled by a grant */
	atomic64_t untracked;		/* rights or objects lost for want of memory */
	u64 instance;			/* of all drivers ever isolated, from 1 */
	bool relocated;			/* its imports have been seen */
	bool writes_page_structs;	/* of its own pages */
	u32 imports_bound;
	u32 imports_total;
};

/* --- main.c ------------------------------------------------------------- */
extern struct mutex chariot_mutex;
extern struct chariot_hello chariot_backend;	/* as negotiated */
extern int chariot_backend_errno;		/* 0 when there is one */
/* HELLO, once more too, and what is executable in all views. */
int chariot_backend_connect(void);
/* All parts, in order; 0 without a backend, too. After an end once more (KUnit). */
int chariot_start(void);
void chariot_stop(void);

/* --- machine.c ------------------------------------------------------------ */
int chariot_machine_init(void);
void chariot_machine_exit(void);
/* A driver is there, or one has gone; under chariot_mutex. */
void chariot_machine_attach(void);
void chariot_machine_detach(void);
/* The backend knows this guest no more. Any context. */
void chariot_backend_lost(void);

/* --- reconnect.c ---------------------------------------------------------- */
/* Tell a backend that was lost all it has to know. In a task; 0 or an errno. */
int chariot_reconnect(void);

/* --- drivers.c: the set of isolated drivers ------------------------------ */
extern struct list_head chariot_drivers;	/* RCU; writers: chariot_mutex */
unsigned int chariot_drivers_count(void);	/* under chariot_mutex */
/* Any context; the result is valid under RCU or while its code runs. */
struct chariot_driver *chariot_driver_by_domain(u32 domain);
/* Whose module memory, or leaf copy, holds it; NULL if none. */
struct chariot_driver *chariot_driver_by_address(unsigned long addr);
struct chariot_driver *chariot_driver_by_module(const struct module *mod);
/* Is addr in any memory section of mod (text, data, init)? compat inside. */
bool chariot_module_contains(const struct module *mod, unsigned long addr);
bool chariot_module_text_contains(const struct module *mod, unsigned long addr);

/* --- gate_table.S, gates.c ------------------------------------------------ */
/* For the driver's plan; under chariot_mutex. -ENOSPC: no gates left. */
int chariot_gates_attach(struct chariot_driver *d);
void chariot_gates_detach(struct chariot_driver *d);
/* Before the relocations of a section are applied (see loader.c). */
void chariot_gates_relocate(struct chariot_driver *d, Elf64_Shdr *sechdrs,
			    const char *strtab, unsigned int symindex,
			    unsigned int relsec);
void chariot_gates_laid_out(struct chariot_driver *d, const struct module *mod);
/* The driver to which this gate leads, or NULL. Any context. */
struct chariot_driver *chariot_gate_driver(unsigned long addr);
/* From when the domain is active: the gates change views, if that is possible. */
void chariot_gates_switch(struct chariot_driver *d);
/* Text that is to be executable in all views: range i; false if there is none. */
bool chariot_gates_text(unsigned int i, const char **start, size_t *size);
/*
 * Where a call came from that returns to @site: if that is a gate, who called it.
 * @rbp: as the gate has left it.
 */
unsigned long chariot_gate_caller(unsigned long site, const unsigned long *rbp);
/*
 * The driver wrote to an object that it was handed last, or to its data, and that had
 * to be settled.
 */
void chariot_gates_wrote(struct chariot_driver *d, unsigned long object, bool data);

/* --- switch.c ------------------------------------------------------------- */
int chariot_switch_init(void);
void chariot_switch_exit(void);
int chariot_switch_tell(void);		/* a backend that begins anew */
/* Can the guest change views itself, to that of a domain by its number? */
bool chariot_can_switch(void);

/* --- stubs.S, leaf.S, imports.c ------------------------------------------ */
/* How an import of a driver's is bound. */
enum chariot_import_class {
	CHARIOT_IMPORT_PLAIN,	/* not redirected */
	CHARIOT_IMPORT_WRAPPER,	/* through the domain's stub */
	CHARIOT_IMPORT_VARARGS,	/* the same, with arguments on the stack */
	CHARIOT_IMPORT_LEAF,	/* the domain's copy of leaf code */
};

/*
 * Caller of a wrapper: its driver (NULL: not known) and call site. Only in a
 * wrapper's own frame.
 */
struct chariot_call {
	struct chariot_driver *driver;
	unsigned long site;
};

struct chariot_call chariot_caller_of(unsigned long ret,
				      const unsigned long *frame);
/*
 * va_start() in a wrapper: the stub's return address lies before the arguments that are
 * on the stack. System V ABI for AMD64, 3.5.7.
 */
struct chariot_va_list {
	unsigned int gp_offset;
	unsigned int fp_offset;
	unsigned long *stack;
	void *registers;
};

#define chariot_va_start(args, last) do {				\
	va_start(args, last);						\
	((struct chariot_va_list *)(args))->stack++;			\
} while (0)

#define chariot_caller()						\
	chariot_caller_of((unsigned long)__builtin_return_address(0),	\
			  (const unsigned long *)__builtin_frame_address(0))
int chariot_imports_init(void);
/* The page of leaf code of this domain. */
void *chariot_leaf_page(u32 domain);
/* Address an import of this name binds to for this driver; 0: leave as is. */
unsigned long chariot_import_target(const struct chariot_driver *d,
				    const char *name,
				    enum chariot_import_class *cls);
/* Name of the leaf function at addr and its domain, or NULL. */
const char *chariot_leaf_name(unsigned long addr, u32 *domain,
			      unsigned long *start);

/* --- rights.c ------------------------------------------------------------ */
int chariot_rights_init(void);
void chariot_rights_exit(void);
/* The domain is gone: empty the table and give its memory back. */
void chariot_rights_clear(struct chariot_driver *d);
/* Tell a backend that has none of them all rights. No other CPU runs. */
long chariot_rights_tell(struct chariot_driver *d);
/*
 * Give or end rights on kernel virtual memory: direct map, vmalloc, module,
 * per-CPU. Any context (also hard interrupts), irq-safe. Sizes in bytes.
 * Grant: 0, -EINVAL not mapped RAM (MMIO: silently 0), -ENOMEM, or the
 * backend's error. Revoke: in force on all CPUs when it returns.
 */
int chariot_grant(struct chariot_driver *d, const void *va, size_t size,
		  u8 rights, enum chariot_kind kind);
/* The same; type says what it is, for the tracepoint. */
int chariot_grant_as(struct chariot_driver *d, const void *va, size_t size,
		     u8 rights, enum chariot_kind kind, const char *type);
void chariot_revoke(struct chariot_driver *d, const void *va, size_t size);
/* Only rights of this kind; CHARIOT_KIND_COUNT: all of them. */
void chariot_revoke_kind(struct chariot_driver *d, const void *va, size_t size,
			 enum chariot_kind kind);
/*
 * Ends rights to a stack where no memory may be taken, as under a run queue's
 * lock: they end at the backend in any case.
 */
void chariot_revoke_stack(struct chariot_driver *d, const void *va, size_t size);
/*
 * The same for several extents of physical memory: one call of the backend.
 * All of them or none are granted.
 */
struct chariot_extent {
	phys_addr_t gpa;
	size_t size;
	enum chariot_kind kind;
};

#define CHARIOT_EXTENTS	16	/* as many as fit well on a stack */
int chariot_grant_extents(struct chariot_driver *d,
			  const struct chariot_extent *e, unsigned int n,
			  u8 rights, const char *type);
void chariot_revoke_extents(struct chariot_driver *d,
			    const struct chariot_extent *e, unsigned int n);
/* Is there any right of this kind? */
bool chariot_holds(struct chariot_driver *d, const struct chariot_extent *e);
/* May the driver write these bytes? *bad: first that it may not. */
bool chariot_may_write(struct chariot_driver *d, const void *va, size_t size,
		       unsigned long *bad);
/*
 * Give or end a right to all of a page of the direct map, whatever else there is a
 * right to in it. The first may be called again; 0, -ENOMEM, or the backend's error.
 */
int chariot_grant_whole(struct chariot_driver *d, phys_addr_t page);
void chariot_revoke_whole(struct chariot_driver *d, phys_addr_t page);
/* chariot_may_write(), or in pages that are given whole: what is not stopped. */
bool chariot_can_write(struct chariot_driver *d, const void *va, size_t size,
		       unsigned long *bad);
/* 0 if va is not mapped. */
phys_addr_t chariot_virt_to_phys(const void *va);

/* --- objects.c ----------------------------------------------------------- */
struct chariot_object {
	struct rb_node node;
	unsigned long start;
	size_t size;
	unsigned long site;
	const char *family;		/* static string */
	enum chariot_kind kind;
};

/*
 * Any context. An object at the same or an overlapping address is replaced
 * (it was freed by someone else).
 */
void chariot_object_add(struct chariot_driver *d, const void *start, size_t size,
			enum chariot_kind kind, const char *family,
			unsigned long site);
/* Forget it; returns its size, 0 if there is none at start. */
size_t chariot_object_del(struct chariot_driver *d, const void *start);
void chariot_object_del_range(struct chariot_driver *d, unsigned long start,
			      size_t size);
/* Copies of the object that holds addr, or else the nearest within 64 KiB. */
bool chariot_object_nearest(struct chariot_driver *d, unsigned long addr,
			    struct chariot_object *out);
void chariot_objects_clear(struct chariot_driver *d);

/* --- frames.c ------------------------------------------------------------ */
int chariot_frames_init(void);
int chariot_frames_tell(void);		/* a backend that begins anew */
void chariot_frames_exit(void);
/* A right was given in these frames: end it when they are freed. */
void chariot_frames_mark(phys_addr_t gpa, size_t size);

/* --- alloc_slab.c -------------------------------------------------------- */
int chariot_slabs_init(struct chariot_driver *d);
void chariot_slabs_exit(struct chariot_driver *d);
/*
 * Is va in a slab page of one of the driver's caches? Then *va's page is
 * granted (again) and true is returned. For late discovery (ctor, mempool).
 */
bool chariot_slabs_claim(struct chariot_driver *d, unsigned long va);

/* --- grants.c ------------------------------------------------------------ */
int chariot_grants_init(void);			/* tracepoints, probes */
void chariot_grants_exit(void);
int chariot_grants_attach(struct chariot_driver *d);	/* CPU words, IRQ stacks */
void chariot_grants_detach(struct chariot_driver *d);
enum chariot_settled {
	CHARIOT_DENIED,
	CHARIOT_SETTLED,	/* granted */
	CHARIOT_TRY_AGAIN,	/* can't be told before others have run */
};

#define CHARIOT_SETTLE_MAX	16	/* of one byte, whose right may end at once */

/*
 * A write of the driver to [va, va + size) was stopped: is it one the driver
 * may do by the rules (grant_rules.c)? Then grants it. Without regs the write can't
 * be tried again: waits instead, for half a second at most.
 * Exception or wrapper context: no sleeping.
 */
enum chariot_settled chariot_grants_settle(struct chariot_driver *d,
					   unsigned long va, size_t size,
					   const struct pt_regs *regs);
/* The driver's call of a kernel function returned this object (rules). */
bool chariot_grants_wants_return(const char *import);

/* --- links.c ------------------------------------------------------------- */
/*
 * Is a write of new to va one of list_add() and its kin, next to an element of the
 * driver's? Then does it.
 */
bool chariot_link_write(struct chariot_driver *d, unsigned long va,
			unsigned long new);

/* --- user_stores.c ------------------------------------------------------- */
bool chariot_user_store(const struct chariot_record *rec, struct pt_regs *regs);

/* --- fault.c ------------------------------------------------------------- */
int chariot_fault_init(void);
void chariot_fault_exit(void);
/*
 * For wrappers that write on the driver's behalf (copy.c): may it? If not, in
 * enforce mode, reports under the name of the wrapped function and returns
 * false; in audit mode reports and returns true.
 */
bool chariot_check_write(const struct chariot_call *c, const char *function,
			 const void *dst, size_t size);

/* --- copy_rules.c -------------------------------------------------------- */
/* Where a kernel function is that a driver imports. Does nothing if none has a rule. */
void chariot_copies_bind(const char *import, unsigned long real);

/* --- peek.c -------------------------------------------------------------- */
/* A word of kernel memory, 0 if it cannot be read. Any context. */
unsigned long chariot_peek(const void *src);
/* False if it cannot be read. */
bool chariot_peek_bytes(void *dst, const void *src, size_t size);
/* Copies a kernel string, made printable; false if it cannot be one. */
bool chariot_peek_text(char *dst, size_t room, unsigned long src);
bool chariot_kernel_pointer(unsigned long va);

/* --- slab_objects.c ------------------------------------------------------ */
/* A slab object of the kernel's, as far as its allocator's layout is known. */
struct chariot_slab_object {
	char cache[40];			/* name of the cache */
	unsigned long start;
	unsigned int size;
	unsigned int stride;		/* size with what belongs to it */
};

bool chariot_slab_object_at(unsigned long va, struct chariot_slab_object *out);
extern struct chariot_layout chariot_layout;
void chariot_slab_objects_init(void);		/* by chariot_victim_init() */

/* --- victim.c ------------------------------------------------------------ */
struct chariot_victim_info {
	enum chariot_victim victim;
	unsigned long start;
	size_t size;
	char text[CHARIOT_TEXT_LEN];
};

void chariot_victim_describe(struct chariot_driver *d, unsigned long va,
			     phys_addr_t gpa, bool may_lock,
			     struct chariot_victim_info *out);
/* In the kernel's image, and neither its text nor read-only. */
bool chariot_kernel_data(unsigned long va);
int chariot_victim_init(void);			/* by chariot_report_init() */

/* --- report.c ------------------------------------------------------------ */
int chariot_report_init(void);
void chariot_report_exit(void);
/**
 * chariot_report - tell of a violation
 * @rec: the record (for wrappers: made by fault.c)
 * @regs: state at the write, or NULL
 * @function_ip: address in the driver that is to blame
 * @leaf: name of the leaf or wrapped function, or NULL
 * Any context but NMI.
 */
void chariot_report(struct chariot_driver *d, const struct chariot_record *rec,
		    const struct pt_regs *regs, unsigned long function_ip,
		    const char *leaf);
ssize_t chariot_report_read(u64 *cursor, struct chariot_violation *out); /* 1, 0 */
bool chariot_report_pending(u64 cursor);
extern wait_queue_head_t chariot_report_wait;

/* --- loader.c ------------------------------------------------------------ */
int chariot_loader_init(void);
void chariot_loader_exit(void);
int chariot_arm(const struct chariot_arm *arm);
/* The plan of what this task has armed; taken over unless there is an error. */
int chariot_arm_plan(struct chariot_plan *plan);
void chariot_disarm(struct task_struct *task);

/* --- sysfs.c, device.c --------------------------------------------------- */
int chariot_sysfs_init(void);
void chariot_sysfs_exit(void);
int chariot_sysfs_add(struct chariot_driver *d);
void chariot_sysfs_remove(struct chariot_driver *d);
void chariot_sysfs_uevent(const char *driver, char *env[]);	/* sleeps */
int chariot_device_init(void);
void chariot_device_exit(void);

/* --- directmap.c --------------------------------------------------------- */
int chariot_directmap_init(void);
int chariot_directmap_tell(void);	/* likewise */
void chariot_directmap_exit(void);

/* --- symbols.c: kernel symbols that are not exported ---------------------- */
int chariot_symbols_init(void);
extern unsigned long chariot_max_pfn;	/* frames of RAM end below it */
/* 0 if the kernel has none of that name. May sleep. */
unsigned long chariot_symbol(const char *name);

#endif /* CHARIOT_GUEST_H */
