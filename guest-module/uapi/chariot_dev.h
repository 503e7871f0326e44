/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The contract between chariot.ko and its commands: /dev/chariot.
 * Used by user space and guest module; needs CAP_SYS_MODULE, all is checked.
 */
#ifndef CHARIOT_DEV_H
#define CHARIOT_DEV_H

#include <linux/ioctl.h>
#include <linux/types.h>

#include "chariot_plan.h"

#define CHARIOT_DEVICE		"/dev/chariot"
#define CHARIOT_SYSFS		"/sys/kernel/chariot"
#define CHARIOT_DEV_REVISION	1u
#define CHARIOT_NAME_LEN	64
#define CHARIOT_TEXT_LEN	96
#define CHARIOT_STACK_MAX	16

/**
 * struct chariot_arm - isolate the module that this task loads next
 * @revision: CHARIOT_DEV_REVISION
 * @mode: enum chariot_mode (0 audit, 1 enforce)
 * @heap: enum chariot_heap
 * @flags: zero
 * @name: the module's name as the kernel will know it (with _ for -)
 *
 * Binds to the calling thread; ends with the load (whatever becomes of it),
 * with CHARIOT_IOC_DISARM, or when the file is closed.
 * Errors: -EINVAL, -ENODEV no backend, -EBUSY already armed, -EEXIST a module
 * of that name is isolated already.
 */
struct chariot_arm {
	__u32 revision;
	__u32 mode;
	__u32 heap;
	__u32 flags;
	char name[CHARIOT_NAME_LEN];
};

enum chariot_heap {
	CHARIOT_HEAP_PAGE	= 0,	/* whole slab pages of the driver's own */
	CHARIOT_HEAP_BYTE	= 1,	/* each object to the byte; slower */
	CHARIOT_HEAP_COUNT
};

/**
 * struct chariot_layout - where kernel structures keep what reports name
 *
 * Byte offsets from the running kernel's BTF, found by chariot-insmod and
 * chariot(8); 0xffffffff for unknown. Only used to read, and only after checks.
 */
struct chariot_layout {
	__u32 revision;
	__u32 kmem_cache_name;		/* const char *kmem_cache.name */
	__u32 kmem_cache_size;		/* unsigned int kmem_cache.size */
	__u32 kmem_cache_object_size;	/* unsigned int kmem_cache.object_size */
	__u32 slab_slab_cache;		/* struct kmem_cache *slab.slab_cache */
	__u32 reserved[11];
};

/**
 * struct chariot_info - what is there
 */
struct chariot_info {
	__u32 revision;
	__u32 abi_revision;
	__u32 features;			/* CHARIOT_F_* in force */
	__u32 max_domains;
	__u32 drivers;			/* isolated now */
	__s32 backend_errno;		/* 0, or why there is no backend */
	char backend[16];
	__u64 reserved[4];
};

/**
 * struct chariot_listing - read a driver's regions or objects, piecewise
 * @name: driver
 * @what: 0 regions (rights, by physical address), 1 objects (allocations)
 * @count: in: room in @entries; out: entries written (0: end)
 * @cursor: in: 0 to begin; out: value for the next call
 * @entries: user pointer to struct chariot_entry[]
 */
struct chariot_listing {
	char name[CHARIOT_NAME_LEN];
	__u32 what;
	__u32 count;
	__u64 cursor;
	__u64 entries;
};

struct chariot_entry {
	__u64 gpa;			/* regions */
	__u64 gva;			/* objects; 0 if not known */
	__u64 size;
	__u32 kind;			/* enum chariot_kind */
	__u32 rights;
	char site[CHARIOT_TEXT_LEN];	/* objects: call site, fn+off/size */
	char family[24];		/* objects: kmalloc, vmalloc, ... */
};

enum chariot_victim {
	CHARIOT_VICTIM_UNKNOWN	= 0,
	CHARIOT_VICTIM_SLAB,		/* object of a kernel slab cache */
	CHARIOT_VICTIM_KERNEL_DATA,	/* .data/.bss of the kernel */
	CHARIOT_VICTIM_KERNEL_TEXT,
	CHARIOT_VICTIM_KERNEL_RODATA,
	CHARIOT_VICTIM_MODULE,		/* another module's memory */
	CHARIOT_VICTIM_DRIVER,		/* another isolated driver's memory */
	/* the driver's own: text, rodata, freed or beyond an object of its own */
	CHARIOT_VICTIM_SELF,
	CHARIOT_VICTIM_PAGE_TABLE,
	CHARIOT_VICTIM_STACK,		/* another task's stack */
	CHARIOT_VICTIM_VMALLOC,
	CHARIOT_VICTIM_PAGE_CACHE,
	CHARIOT_VICTIM_USER,		/* anonymous memory of a process */
	CHARIOT_VICTIM_PERCPU,
	CHARIOT_VICTIM_FREE,		/* free page */
	CHARIOT_VICTIM_PAGES,		/* other allocated pages */
	CHARIOT_VICTIM_COUNT
};

/**
 * struct chariot_violation - one report, as read(2) of /dev/chariot gives it
 *
 * read() returns whole structures, oldest first; blocks unless O_NONBLOCK;
 * each open file has a cursor of its own and starts at the oldest kept.
 * Strings are NUL terminated.
 */
struct chariot_violation {
	__u32 size;			/* of this structure */
	__u32 revision;
	__u64 seq;			/* from 1; gaps are lost reports */
	__u64 time_ns;			/* guest CLOCK_REALTIME */
	__u64 lost;			/* lost so far, here and in the backend */
	__u64 repeat;			/* times seen, this one included */
	__u64 rip;
	__u64 address;			/* gva, or 0 */
	__u64 gpa;
	__u64 length;			/* 0 if not known */
	__u64 victim_start;		/* object's start (gva), or 0 */
	__u64 victim_size;
	__u64 nearest_start;		/* nearest object of the driver, or 0 */
	__u64 nearest_size;
	__s64 nearest_distance;		/* bytes from it: >0 past its end, <0 before */
	__u32 domain;
	__u32 mode;
	__u32 outcome;			/* enum chariot_outcome */
	__u32 victim;			/* enum chariot_victim */
	__s32 pid;
	__s32 tgid;
	__u32 cpu;
	__u32 context;			/* 0 task, 1 softirq, 2 hardirq, 3 nmi */
	__u32 value_len;
	__u32 insn_len;
	__u32 stack_len;
	__u32 reserved;
	__u8 value[64];
	__u8 insn[16];
	char driver[CHARIOT_NAME_LEN];
	char comm[16];
	char function[CHARIOT_TEXT_LEN];	/* driver's fn+0xoff/0xsize */
	char leaf[32];			/* leaf or wrapped function it called, or "" */
	char victim_text[CHARIOT_TEXT_LEN];	/* e.g. kmalloc-64 +0x10 */
	char nearest_text[CHARIOT_TEXT_LEN];
	char stack[CHARIOT_STACK_MAX][CHARIOT_TEXT_LEN];
	__u64 type_offset;		/* of the write in an object of that type */
	char type[CHARIOT_NAME_LEN];	/* structure's tag by the plan, or "" */
};

#define CHARIOT_IOC_INFO	_IOR('C', 0xa0, struct chariot_info)
#define CHARIOT_IOC_ARM		_IOW('C', 0xa1, struct chariot_arm)
#define CHARIOT_IOC_DISARM	_IO('C', 0xa2)
#define CHARIOT_IOC_LAYOUT	_IOW('C', 0xa3, struct chariot_layout)
#define CHARIOT_IOC_LIST	_IOWR('C', 0xa4, struct chariot_listing)
#define CHARIOT_IOC_PLAN	_IOW('C', 0xa5, struct chariot_plan_block)

#endif /* CHARIOT_DEV_H */
