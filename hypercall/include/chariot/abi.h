/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The contract between a guest and a hypervisor backend: calls, structures,
 * limits and errors. Included by guest kernels, host kernels, user space and
 * other systems' guests; it holds no policy. Documented in docs/abi.md.
 *
 * Words: gpa is a guest physical address in bytes, gva a guest virtual address
 * in bytes, gfn is gpa >> 12. A range is start + size, in bytes. All integers
 * are little endian. Reserved fields must be zero and are checked.
 */
#ifndef CHARIOT_ABI_H
#define CHARIOT_ABI_H

#if defined(__KERNEL__) || defined(__linux__)
#include <linux/types.h>
#else
#include <stdint.h>
typedef uint8_t __u8;
typedef uint16_t __u16;
typedef uint32_t __u32;
typedef uint64_t __u64;
typedef int64_t __s64;
#endif

#ifdef __cplusplus
#define CHARIOT_ASSERT_SIZE(type, bytes) \
	static_assert(sizeof(type) == (bytes), #type " has the wrong size")
#else
#define CHARIOT_ASSERT_SIZE(type, bytes) \
	_Static_assert(sizeof(type) == (bytes), #type " has the wrong size")
#endif

#define CHARIOT_ABI_REVISION	1u
#define CHARIOT_PAGE_SIZE	4096u
#define CHARIOT_PAGE_SHIFT	12

/*
 * A call is CHARIOT_CALL_BASE + number in the hypervisor's call-number
 * register, up to three 64-bit arguments, and a signed 64-bit result: 0 or a
 * positive value, or a negative errno in Linux's numbering. How the registers
 * are named is the transport's business (hypercall/transport_*.c). A call from
 * anything but the guest's kernel mode gets -EPERM and has no effect.
 *
 * Arguments named "gpa of struct" point to guest RAM; the structure must not
 * cross a page boundary. The backend copies it in once, checks it, and copies
 * results out into the same place.
 */
#define CHARIOT_CALL_BASE	0x43480000u
#define CHARIOT_CALL_MASK	0xffff0000u

/*
 * On Xen: what a backend leaves in rdx beside the result, for without one the
 * guest's request succeeds, too.
 */
#define CHARIOT_XEN_ANSWERED	0x6368617269f70000ull

enum chariot_call_nr {
	/* (gpa of struct chariot_hello): negotiate; forgets all domains. */
	CHARIOT_CALL_HELLO		= 0,
	/* (gpa of struct chariot_domain_create): a new, inactive domain. */
	CHARIOT_CALL_DOMAIN_CREATE	= 1,
	/* (domain, enum chariot_domain_state, enum chariot_mode) */
	CHARIOT_CALL_DOMAIN_CONTROL	= 2,
	/* (domain): drop all its rights and its view. */
	CHARIOT_CALL_DOMAIN_DESTROY	= 3,
	/* (gpa of struct chariot_batch): add and remove regions. */
	CHARIOT_CALL_REGION_UPDATE	= 4,
	/* (gpa of struct chariot_record): take the oldest record. */
	CHARIOT_CALL_RECORD_NEXT	= 5,
	/* (domain, gpa of struct chariot_stats) */
	CHARIOT_CALL_DOMAIN_STATS	= 6,
	/* (gpa of struct chariot_frame_map): register the watched-frame map. */
	CHARIOT_CALL_WATCH_MAP		= 7,
	/* (gpa, size): end all rights the backend gave by itself there. */
	CHARIOT_CALL_PAGE_RELEASE	= 8,
	/* (gpa of struct chariot_walk_alias): see the structure. */
	CHARIOT_CALL_WALK_ALIAS		= 9,
	/*
	 * (gpa of a u64): from now on this virtual CPU leaves its stack pointer
	 * there before it enters a driver's view by itself
	 * (CHARIOT_F_GUEST_SWITCH). Errors: -EINVAL not aligned, -EFAULT not RAM.
	 */
	CHARIOT_CALL_ENTRY_WORD		= 10,
	/*
	 * (seq of a record): the access was the driver's to do after all, and the
	 * guest has done it; the host is not told of it. -ENOENT it has been told,
	 * or there is no such record. Not needed after a grant where it happened.
	 */
	CHARIOT_CALL_RECORD_SETTLE	= 11,
	CHARIOT_CALL_COUNT
};

/*
 * Domains. Domain 0 is the kernel; it has no table, may write everything and
 * executes everything but drivers' text. Each other domain has a view in which
 * RAM is readable, writable only as its table allows, and executable only where
 * a region of the domain says so.
 */
#define CHARIOT_DOMAIN_KERNEL	0u
#define CHARIOT_DOMAIN_ALL	0xffffffffu	/* in regions: every domain */
#define CHARIOT_DOMAIN_NAME_LEN	56

enum chariot_mode {
	CHARIOT_MODE_AUDIT	= 0,	/* unlisted writes happen, recorded */
	CHARIOT_MODE_ENFORCE	= 1,	/* unlisted writes do not happen */
	CHARIOT_MODE_COUNT
};

enum chariot_domain_state {
	CHARIOT_DOMAIN_INACTIVE	= 0,	/* table may be filled, nothing enforced */
	CHARIOT_DOMAIN_ACTIVE	= 1,
	CHARIOT_DOMAIN_STATE_COUNT
};

/* Features: what the backend offers (out) and the guest will use (in). */
#define CHARIOT_F_ENFORCE	(1u << 0)	/* writes can be stopped */
#define CHARIOT_F_BYTE_EXACT	(1u << 1)	/* regions smaller than a page */
#define CHARIOT_F_RECORDS	(1u << 2)	/* records and the notification */
#define CHARIOT_F_WATCH_MAP	(1u << 3)	/* backend wants the watched map */
/* page walks need write access in a view: the guest must give aliases */
#define CHARIOT_F_WALK_ALIAS	(1u << 4)

/* the guest may change views itself, by VMFUNC's function 0: a view has its domain's number */
#define CHARIOT_F_GUEST_SWITCH	(1u << 5)

/**
 * struct chariot_hello - negotiation, in and out
 * @revision: in: the guest's CHARIOT_ABI_REVISION; out: the backend's
 * @features: in: features the guest knows; out: those in force
 * @stack_size: in: size and alignment in bytes of a task's kernel stack, a
 *	power of two from 4 KiB to 64 KiB
 * @notify_error: in: error code of the #GP that tells the guest of a record;
 *	at most 0x7fff (VMX takes 15 bits); 0 asks for no notification
 * @max_domains: out: domains that can exist at once, beside domain 0
 * @max_regions: out: limit of page rights per guest (a region takes one for
 *	every page it touches)
 * @backend: out: name for people, NUL terminated, for example "kvm"
 * @reserved: zero
 *
 * Errors: -EPROTO revision not served, -EINVAL bad field, -EACCES the host's
 * administrator does not let this guest use Chariot.
 */
struct chariot_hello {
	__u32 revision;
	__u32 features;
	__u32 stack_size;
	__u32 notify_error;
	__u32 max_domains;
	__u32 reserved0;
	__u64 max_regions;
	char backend[16];
	__u64 reserved[2];
};
CHARIOT_ASSERT_SIZE(struct chariot_hello, 64);

/**
 * struct chariot_domain_create - a new domain
 * @name: in: the driver's name, NUL terminated
 * @mode: in: enum chariot_mode
 * @domain: out: identity, 1 or more
 *
 * Errors: -EINVAL, -ENOSPC no free domain, -ENOMEM.
 */
struct chariot_domain_create {
	char name[CHARIOT_DOMAIN_NAME_LEN];
	__u32 mode;
	__u32 domain;
};
CHARIOT_ASSERT_SIZE(struct chariot_domain_create, 64);

#define CHARIOT_RIGHT_WRITE	(1u << 0)
/*
 * Executable in the domain's view and nowhere else. Only whole pages. With
 * CHARIOT_DOMAIN_ALL: executable in every view and in the kernel's.
 */
#define CHARIOT_RIGHT_EXEC	(1u << 1)
#define CHARIOT_RIGHTS_ALL	(CHARIOT_RIGHT_WRITE | CHARIOT_RIGHT_EXEC)

enum chariot_region_op {
	CHARIOT_REGION_ADD	= 0,	/* union with what is there */
	CHARIOT_REGION_REMOVE	= 1,	/* end all rights in the range */
	CHARIOT_REGION_OP_COUNT
};

/* What a region is, for people; the backend treats all kinds alike. */
enum chariot_kind {
	CHARIOT_KIND_NONE	= 0,
	CHARIOT_KIND_TEXT	= 1,
	CHARIOT_KIND_DATA	= 2,	/* .data, .bss, .rodata after init */
	CHARIOT_KIND_INIT	= 3,	/* .init.*, while it exists */
	CHARIOT_KIND_LEAF	= 4,	/* the domain's copy of leaf code */
	CHARIOT_KIND_SLAB	= 5,
	CHARIOT_KIND_PAGES	= 6,
	CHARIOT_KIND_VMALLOC	= 7,
	CHARIOT_KIND_PERCPU	= 8,
	CHARIOT_KIND_DMA	= 9,
	CHARIOT_KIND_STACK	= 10,
	CHARIOT_KIND_CPU_WORD	= 11,	/* per-CPU words of inlined kernel code */
	CHARIOT_KIND_TASK_WORD	= 12,	/* task_struct words likewise */
	CHARIOT_KIND_OBJECT	= 13,	/* a kernel object handed to the driver */
	CHARIOT_KIND_BUFFER	= 14,	/* a data buffer handed to the driver */
	CHARIOT_KIND_THUNK	= 15,	/* return and indirect thunks */
	CHARIOT_KIND_MMIO	= 16,	/* recorded, never blocked */
	CHARIOT_KIND_PRIVATE	= 17,	/* the driver's, beside an object of the kernel's */
	CHARIOT_KIND_COUNT
};

/**
 * struct chariot_region - one change of a domain's table
 * @gpa: start, any byte; page aligned for CHARIOT_RIGHT_EXEC
 * @size: bytes, at least 1; a multiple of the page for CHARIOT_RIGHT_EXEC
 * @domain: whose table, or CHARIOT_DOMAIN_ALL with CHARIOT_RIGHT_EXEC alone
 * @kind: enum chariot_kind; ignored by CHARIOT_REGION_REMOVE
 * @rights: CHARIOT_RIGHT_*; 0 for CHARIOT_REGION_REMOVE
 * @op: enum chariot_region_op
 * @reserved: zero
 *
 * A removal is in force, on every virtual CPU, when the call returns.
 * Removing what is not there is no error.
 */
struct chariot_region {
	__u64 gpa;
	__u64 size;
	__u32 domain;
	__u16 kind;
	__u8 rights;
	__u8 op;
	__u64 reserved;
};
CHARIOT_ASSERT_SIZE(struct chariot_region, 32);

#define CHARIOT_BATCH_MAX	127u

/**
 * struct chariot_batch - up to CHARIOT_BATCH_MAX changes, in order
 * @count: in: entries used
 * @done: out: entries applied; entry @done is the one that failed
 *
 * Must be page aligned. Errors: -EINVAL malformed entry, -ENOENT no such
 * domain, -EBUSY executable in another domain, -EFAULT not RAM, -ENOSPC the
 * guest's limit, -ENOMEM. Entries before the failed one stay applied.
 */
struct chariot_batch {
	__u32 count;
	__u32 done;
	__u64 reserved[3];
	struct chariot_region region[CHARIOT_BATCH_MAX];
};
CHARIOT_ASSERT_SIZE(struct chariot_batch, 4096);

/* What became of an access that the table does not allow. */
enum chariot_outcome {
	CHARIOT_OUTCOME_STOPPED	= 0,	/* not done; instruction stepped over */
	CHARIOT_OUTCOME_HELD	= 1,	/* not done; RIP still at it */
	CHARIOT_OUTCOME_AUDITED	= 2,	/* done */
};

#define CHARIOT_RECORD_GVA	(1u << 0)	/* gva is known */
#define CHARIOT_RECORD_SIZE	(1u << 1)	/* size is known */
#define CHARIOT_RECORD_VALUE	(1u << 2)	/* value holds size bytes */
#define CHARIOT_RECORD_REP	(1u << 3)	/* rep string instruction */
#define CHARIOT_RECORD_REGION	(1u << 4)	/* region_* is valid */

/**
 * struct chariot_record - one access that the table does not allow
 * @seq: number of this record in this guest, from 1
 * @time_ns: the host's clock when it happened, CLOCK_REALTIME in ns
 * @lost: records of this guest lost for want of room, so far
 * @repeat: times this record stands for (same domain, rip and page), from 1
 * @rip: instruction that did the access
 * @next_rip: where the guest continues; == rip for CHARIOT_OUTCOME_HELD
 * @rsp: stack pointer at that moment
 * @gpa: first byte that was not allowed
 * @gva: where the access begins, if known
 * @region_gpa: nearest region of the domain in the same page or, if there is
 *	none, in the neighbouring pages
 * @region_size: its size in bytes
 * @region_kind: its enum chariot_kind
 * @domain: whose view was active
 * @vcpu: index of the virtual CPU
 * @size: length of the access in bytes; of the whole string for rep
 * @flags: CHARIOT_RECORD_*
 * @outcome: enum chariot_outcome
 * @insn_len: bytes of @insn that are valid
 * @insn: the instruction
 * @value: the bytes it would have written, if known
 */
struct chariot_record {
	__u64 seq;
	__u64 time_ns;
	__u64 lost;
	__u64 repeat;
	__u64 rip;
	__u64 next_rip;
	__u64 rsp;
	__u64 gpa;
	__u64 gva;
	__u64 region_gpa;
	__u64 region_size;
	__u32 region_kind;
	__u32 domain;
	__u32 vcpu;
	__u32 flags;
	__u64 size;
	__u8 outcome;
	__u8 insn_len;
	__u8 reserved[6];
	__u8 insn[16];
	__u8 value[64];
};
CHARIOT_ASSERT_SIZE(struct chariot_record, 200);

/**
 * struct chariot_stats - counters of a domain, or of the guest for domain 0
 */
struct chariot_stats {
	__u64 entries;		/* switches into the view */
	__u64 exits;		/* switches out of it */
	__u64 violations;
	__u64 emulated;		/* writes checked to the byte and emulated */
	__u64 page_faults;	/* faults that mapped a page in the view */
	__u64 regions;		/* page rights held */
	__u64 view_bytes;	/* host memory of the view's page tables */
	__u64 vm_exits;		/* domain 0: every exit of the guest's CPUs */
	__u64 reserved[8];
};
CHARIOT_ASSERT_SIZE(struct chariot_stats, 128);

#define CHARIOT_FRAME_MAP_MAX	496u

/**
 * struct chariot_frame_map - pages of a bitmap with one bit for each gfn
 * @count: pages in @gpa; page i holds bits of gfns [i * 32768, (i+1) * 32768)
 * @gpa: page aligned addresses
 *
 * The backend sets a gfn's bit when it gives a domain a right there that the
 * guest did not ask for (the stack a task runs on, page tables that the
 * hardware walks). The guest answers with CHARIOT_CALL_PAGE_RELEASE before such
 * a page is reused; only the backend writes the map.
 */
struct chariot_frame_map {
	__u32 count;
	__u32 reserved0;
	__u64 reserved[15];
	__u64 gpa[CHARIOT_FRAME_MAP_MAX];
};
CHARIOT_ASSERT_SIZE(struct chariot_frame_map, 4096);

enum chariot_walk_alias_op {
	CHARIOT_WALK_ALIAS_TABLES	= 0,	/* tell where the leaf tables are */
	CHARIOT_WALK_ALIAS_ENABLE	= 1,	/* tell the top tables; begin */
	CHARIOT_WALK_ALIAS_DISABLE	= 2,	/* forget all of it */
	CHARIOT_WALK_ALIAS_OP_COUNT
};

#define CHARIOT_WALK_ALIAS_MAX	496u
#define CHARIOT_WALK_ALIAS_SHIFT 21	/* bytes that one leaf table maps */
#define CHARIOT_WALK_ALIAS_MAPS	2u	/* addresses that a page can have */
#define CHARIOT_WALK_ALIAS_TOPS	16u

/**
 * struct chariot_walk_alias - second maps of the guest's RAM, for drivers' views
 * @op: enum chariot_walk_alias_op
 * @count: entries of @gpa in use; for ENABLE an even number, at least 2 and at
 *	most 2 * CHARIOT_WALK_ALIAS_TOPS
 * @first: TABLES: @gpa[i] is the leaf table (512 entries of 8 bytes) that maps
 *	guest physical [(first + i) << 21, (first + i + 1) << 21)
 * @map: TABLES: in which of the guest's maps, below CHARIOT_WALK_ALIAS_MAPS;
 *	otherwise zero. Which map has which number is the guest's business.
 * @gpa: page aligned. TABLES: leaf tables; 0 for none. ENABLE: pairs of a page
 *	of the guest's own upper tables of these maps and the page that drivers'
 *	views show in its place.
 * @reserved0: zero
 * @reserved: zero
 *
 * Where the hardware counts a page-table walk as a write (CHARIOT_F_WALK_ALIAS:
 * AMD), a page table in use must be writable in the driver's view, and so a
 * stray write could reach it. The guest therefore maps its RAM a second time, by
 * 4 KiB pages, for each address that a page has: in the direct map and, where
 * that holds page tables, in the kernel's image. When a walk needs a page
 * writable, the backend points that page's entries in the second maps to an
 * address without memory: walks, which go by physical address, still reach the
 * page; a store faults and is judged like any other. CHARIOT_CALL_PAGE_RELEASE
 * undoes both.
 *
 * Errors: -EINVAL, -EFAULT not RAM, -ENOSYS the backend does not need it, -EBUSY
 * a domain is active, -ENOSPC the guest's memory leaves no addresses, or there are
 * more leaf tables than it needs, -ENOMEM.
 */
struct chariot_walk_alias {
	__u32 op;
	__u32 count;
	__u64 first;
	__u32 map;
	__u32 reserved0;
	__u64 reserved[13];
	__u64 gpa[CHARIOT_WALK_ALIAS_MAX];
};
CHARIOT_ASSERT_SIZE(struct chariot_walk_alias, 4096);

#endif /* CHARIOT_ABI_H */
