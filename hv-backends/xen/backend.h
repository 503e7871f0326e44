/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The Xen backend's own structures, and which file does what. A daemon in dom0,
 * chariot-xend, gets Xen's monitor events of each guest, one at a time.
 *
 * A domain n of a guest is Xen's altp2m view n: RAM is readable in it, and no
 * more, until an event of the view says that the table allows more. View 0 is
 * the kernel's. The virtual CPU that caused an event waits for the answer; it may
 * name the view that it is to go on in, and its registers. The guest may change
 * views, too, by VMFUNC: that is no event.
 *
 * One thread does all, an event at a time: a write that is judged is carried out
 * before any right can end, so there are no locks.
 *
 * A page of a view is raised by the answer to an event in that view, and only what
 * has been raised is ever lowered.
 */
#ifndef CHARIOT_XEN_BACKEND_H
#define CHARIOT_XEN_BACKEND_H

#include <time.h>
#include <xenctrl.h>
#include <xendevicemodel.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xen/hvm/params.h>
#include <xen/vm_event.h>

#include "record.h"
#include "request.h"
#include "serve.h"
#include "table.h"
#include "untold.h"
#include "write.h"

/* Xen has ten views (MAX_ALTP2M), one of them the kernel's. */
#define CHARIOT_MAX_VIEWS	10u
#define CHARIOT_STACK_PAGES	16u
#define CHARIOT_MAPPED_PAGES	64u
#define CHARIOT_NO_GFN		(~0ull)
#define CHARIOT_PAGE_MASK	(~((u64)CHARIOT_PAGE_SIZE - 1))

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))

/* Owner of an executable page: a domain, or all. */
#define CHARIOT_OWNER_NONE	0u
#define CHARIOT_OWNER_ALL	CHARIOT_MAX_VIEWS

static inline bool chariot_is_domain(u32 owner)
{
	return owner != CHARIOT_OWNER_NONE && owner != CHARIOT_OWNER_ALL;
}

/* The stack a virtual CPU has write access to in one view. */
struct chariot_stack {
	u64 base;			/* gva, CHARIOT_NO_GFN for none */
	u64 gfn[CHARIOT_STACK_PAGES];
};

/**
 * struct chariot_domain - a driver's domain
 * @table: what it may write and execute
 * @exec_pages: how many pages are executable at most
 * @raised: pages whose rights in the view are more than to be read
 * @stacks: one for each virtual CPU
 */
struct chariot_domain {
	u32 id;
	u32 mode;
	u32 state;
	char name[CHARIOT_DOMAIN_NAME_LEN];
	struct chariot_table table;
	struct chariot_table raised;
	u64 exec_pages;
	struct chariot_stack *stacks;
	struct chariot_stats stats;
};

struct chariot_vcpu {
	u64 entry_rsp;			/* when it last entered a view by an event ... */
	u64 entry_word;			/* ... and gpa of where the guest has that, too */
	u64 leave_rip;			/* the last write left to the kernel ... */
	u64 leave_gla;
	u64 leave_since;		/* ... since when, in ns, and how often in a row */
	u32 leaves;
	u64 walk_gla;			/* the same of the last page-table walk */
	u32 walks;
};

/* A page of the guest that is mapped here. */
struct chariot_mapped {
	u64 gfn;
	u8 *at;
};

struct chariot_vm {
	struct chariot_vm *next;
	u32 domid;
	u32 vcpus;
	u64 end_gfn;			/* behind the guest's memory */
	u64 pages;			/* of it, at most */
	bool greeted;
	bool views_on;			/* altp2m is active */
	u32 features;
	u32 stack_size;
	u32 notify_error;

	/* monitor.c */
	void *ring_page;
	vm_event_back_ring_t ring;
	xenevtchn_handle *channel;
	int port;

	struct chariot_mapped mapped[CHARIOT_MAPPED_PAGES];
	bool view[CHARIOT_MAX_VIEWS];	/* has Xen one of this number yet? */
	struct chariot_domain *domain[CHARIOT_MAX_VIEWS];
	struct chariot_table text_all;	/* executable in all views */
	u64 page_rights;
	u64 blocks;			/* in all tables */
	struct chariot_pool pool;
	struct chariot_vcpu *vcpu;
	struct chariot_ring records;
	struct chariot_untold_list untold;	/* their clock: CLOCK_MONOTONIC in ns */
	u32 map_pages;
	u64 map_gpa[CHARIOT_FRAME_MAP_MAX];
	u32 tops;
	struct {
		u64 gfn;		/* the guest's own top table ... */
		u64 shown;		/* ... and what views show there */
	} top[CHARIOT_WALK_ALIAS_TOPS];
	struct {
		u64 calls;
		u64 fetches;		/* changes of view */
		u64 walks;		/* of page tables that lacked a mark */
		u64 writes;
	} events;
	union chariot_call_page sent;	/* private copy */
};

/* One event and the answer to it. */
struct chariot_event {
	struct chariot_vm *vm;
	struct chariot_vcpu *vcpu;
	u32 view;			/* whose, as a domain's number */
	const vm_event_request_t *req;
	vm_event_response_t *rsp;
};

/* main.c, guest.c, log.c */
extern xc_interface *chariot_xc;
extern xenforeignmemory_handle *chariot_memory;
extern xendevicemodel_handle *chariot_devices;
u64 chariot_max_page_rights(void);
bool chariot_vm_allowed(u32 domid);
bool chariot_logs(int priority);
void chariot_log(int priority, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* vm.c: a guest's state and lifetime, its memory. */
struct chariot_vm *chariot_vm_new(u32 domid, u32 vcpus, u64 pages);
void chariot_vm_free(struct chariot_vm *vm);
int chariot_pool_stock(struct chariot_pool *pool, u64 blocks);
/* NULL if there is no such page. Good until the next call but CHARIOT_MAPPED_PAGES. */
u8 *chariot_map(struct chariot_vm *vm, u64 gfn);
void chariot_unmap_all(struct chariot_vm *vm);
bool chariot_read(struct chariot_vm *vm, u64 gpa, void *to, u64 size);
bool chariot_write(struct chariot_vm *vm, u64 gpa, const void *from, u64 size);
/* By the guest's own tables; false if nothing is there. */
bool chariot_translate(struct chariot_event *e, u64 gva, bool write, u64 *gpa);
bool chariot_read_virtual(struct chariot_event *e, u64 gva, void *to, u64 size);
/* Set the bits that a walk for gva would; false if they all were set already. */
bool chariot_walk_marks(struct chariot_event *e, u64 gva);

/* monitor.c: Xen's events, in and out. */
/* Is it far enough built? Before that, and of a PV guest, there are no events. */
bool chariot_monitor_has_ring(u32 domid);
int chariot_monitor_open(struct chariot_vm *vm);
/* The same of a guest whose chariot-xend has died: lets it run on, without isolation. */
int chariot_monitor_take_over(struct chariot_vm *vm);
/* Undo xc_monitor_enable() alone. */
void chariot_monitor_abandon(u32 domid, void *ring);
void chariot_monitor_close(struct chariot_vm *vm, bool gone);
int chariot_monitor_descriptor(const struct chariot_vm *vm);
void chariot_monitor_heard(struct chariot_vm *vm);
bool chariot_monitor_serve(struct chariot_vm *vm);
void chariot_inject(struct chariot_event *e, u32 error);
/* Registers of the answer: they begin as those of the event. */
struct vm_event_regs_x86 *chariot_answer_regs(struct chariot_event *e);
void chariot_regs_get(const struct chariot_event *e, struct chariot_regs *regs);
void chariot_regs_put(struct chariot_event *e, const struct chariot_regs *regs);

/* views.c: from rights to Xen's views. */
int chariot_views_on(struct chariot_vm *vm);
int chariot_view_make(struct chariot_vm *vm, u32 id);
void chariot_views_end(struct chariot_vm *vm);
/* No views any more, whoever made them: all is allowed. */
void chariot_views_off(struct chariot_vm *vm);
void chariot_view_switch(struct chariot_event *e, u32 to);
bool chariot_is_active(const struct chariot_vm *vm, u32 id);
u32 chariot_text_owner(const struct chariot_vm *vm, u64 gfn);
/* Give a page of the event's view what the tables say, and some of its neighbours. */
void chariot_view_raise(struct chariot_event *e, u64 gfn);
/* The same of some pages that the table has just got: they are written soon. */
void chariot_view_give(struct chariot_vm *vm, u32 id, u64 first, u64 end);
/* Bring raised pages of a view down to what the tables say now. */
void chariot_view_lower(struct chariot_vm *vm, u32 id, u64 first, u64 end);
/* The same of the kernel's view, for a domain's text. */
void chariot_text_hide(struct chariot_vm *vm, u32 id, bool hide);
void chariot_text_show(struct chariot_vm *vm, u64 first, u64 end);

/* hypercalls.c, and what does the work: domains.c, regions.c. */
long chariot_hypercall(struct chariot_event *e, u64 nr, u64 a1, u64 a2, u64 a3);
int chariot_domain_create(struct chariot_vm *vm, struct chariot_domain_create *c);
int chariot_domain_control(struct chariot_vm *vm, u32 id, u32 state, u32 mode);
int chariot_domain_destroy(struct chariot_vm *vm, u32 id);
void chariot_domains_forget(struct chariot_vm *vm);
void chariot_domains_free(struct chariot_vm *vm);
int chariot_domain_stats(struct chariot_vm *vm, u32 id, struct chariot_stats *s);
int chariot_region_update(struct chariot_vm *vm, struct chariot_batch *batch);

/* faults.c, write.c, emulate.c: accesses that a view does not allow. */
void chariot_fault(struct chariot_event *e);
void chariot_judge_write(struct chariot_event *e, struct chariot_domain *d);
enum chariot_done {
	CHARIOT_DONE,
	CHARIOT_CANNOT,			/* nothing done, and we can't do it */
};

enum chariot_done chariot_emulate(struct chariot_event *e,
				  const struct chariot_table *judge,
				  struct chariot_write *w);
bool chariot_operand_read(struct chariot_event *e, const struct chariot_write *w,
			  u64 *old);

/* grants.c: stacks, which get rights by themselves, and the map of these. */
bool chariot_grant_stack(struct chariot_event *e, struct chariot_domain *d,
			 u64 gva, u64 gpa);
bool chariot_is_stack(const struct chariot_vm *vm, const struct chariot_domain *d,
		      u64 gfn);
/* A view is entered by this event. */
void chariot_stack_entered(struct chariot_event *e);
int chariot_entry_word(struct chariot_event *e, u64 gpa);
void chariot_entry_words_forget(struct chariot_vm *vm);
int chariot_page_release(struct chariot_vm *vm, u64 gpa, u64 size);

/* alias.c: the guest's second maps, which only views show. */
int chariot_alias_call(struct chariot_vm *vm, const struct chariot_walk_alias *call);
void chariot_alias_forget(struct chariot_vm *vm);
/* In a new view; and what a view shows in the place of a page. */
int chariot_alias_show(struct chariot_vm *vm, u32 id);
u64 chariot_alias_shown(const struct chariot_vm *vm, u32 view, u64 gfn);

/* events.c: writes that the tables do not allow, and what becomes of their records. */
void chariot_report(struct chariot_event *e, struct chariot_domain *d,
		    const struct chariot_write *w, u64 bad,
		    enum chariot_outcome outcome, bool notify);
int chariot_record_settle(struct chariot_vm *vm, u64 seq);
void chariot_granted(struct chariot_vm *vm, struct chariot_domain *d, u64 gpa,
		     u64 size);
/* Nanoseconds. */
u64 chariot_time(clockid_t clock);
/* Tell the log what is due. Returns whether there will be more. */
bool chariot_tell(struct chariot_vm *vm);
/* All of a domain that ends, or of CHARIOT_DOMAIN_ALL. */
void chariot_tell_all(struct chariot_vm *vm, u32 domain);

#endif /* CHARIOT_XEN_BACKEND_H */
