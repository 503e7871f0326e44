/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The plan of a module: the types of what it is handed, worked out in user space
 * from BTF and given to chariot.ko before the module is loaded
 * (CHARIOT_IOC_PLAN). Untrusted there: every number is checked once.
 *
 * A plan is one block: the header, and behind it the arrays in the order of
 * their counts in the header, without gaps, and at last the strings, each ended
 * by NUL. Names are offsets in the strings; types are indices in the types.
 */
#ifndef CHARIOT_PLAN_UAPI_H
#define CHARIOT_PLAN_UAPI_H

#include <linux/types.h>

#define CHARIOT_PLAN_REVISION	1u
#define CHARIOT_PLAN_NONE	0xffffffffu	/* no type */
#define CHARIOT_PLAN_ARGS	6		/* passed in registers */
#define CHARIOT_PLAN_STACK	6		/* on the stack, at most, through a gate */
/* In place of the type of an entry's argument. */
#define CHARIOT_PLAN_BYTES	0xfffffffeu	/* as many as the next argument says */
#define CHARIOT_PLAN_STRINGS	0xfffffffdu	/* pointers, as many as the last says */
/* An allocation, if it points to its start; else so many bytes, 0 to 8. */
#define CHARIOT_PLAN_AREA(bytes)	(0xffffffe0u + (bytes))
#define CHARIOT_PLAN_IS_AREA(type)	((type) - CHARIOT_PLAN_AREA(0) <= 8u)
/* A pointer to a pointer to an object of the type. */
#define CHARIOT_PLAN_POINTER(type)	(0x40000000u | (type))
#define CHARIOT_PLAN_IS_POINTER(type)	((type) >> 30 == 1)
#define CHARIOT_PLAN_POINTED(type)	((type) & ~0x40000000u)
/* In place of a type that an import gives: it sets the pointers of such a structure. */
#define CHARIOT_PLAN_FILLED(type)	(0x20000000u | (type))
#define CHARIOT_PLAN_IS_FILLED(type)	((type) >> 29 == 1)
#define CHARIOT_PLAN_FILLED_TYPE(type)	((type) & ~0x20000000u)
/* In a member's count: the head of a list, and where the link is in an element. */
#define CHARIOT_PLAN_LIST	0x80000000u
/* As a member's count: a flexible array, up to the end of the allocation. */
#define CHARIOT_PLAN_FLEXIBLE	0x40000000u

#define CHARIOT_PLAN_TYPES_MAX		4096u
#define CHARIOT_PLAN_MEMBERS_MAX	65536u
#define CHARIOT_PLAN_ENTRIES_MAX	8192u
#define CHARIOT_PLAN_IMPORTS_MAX	4096u
#define CHARIOT_PLAN_GRANTS_MAX		1024u
#define CHARIOT_PLAN_STRINGS_MAX	(1u << 20)
#define CHARIOT_PLAN_SIZE_MAX		(4u << 20)	/* bytes of it all */
#define CHARIOT_PLAN_OBJECT_MAX		(1u << 20)	/* bytes of one type */

struct chariot_plan_header {
	__u32 revision;
	__u32 size;			/* of the plan, in bytes */
	__u32 types;
	__u32 members;
	__u32 entries;
	__u32 imports;
	__u32 grants;
	__u32 strings;			/* bytes */
};

/**
 * struct chariot_plan_type - a structure or union
 * @name: its tag, such as "sk_buff"
 * @size: bytes
 * @member: first of its members
 * @members: how many
 */
struct chariot_plan_type {
	__u32 name;
	__u32 size;
	__u32 member;
	__u32 members;
};

/**
 * struct chariot_plan_member - a pointer in a structure, to something that is
 * not const; members of structures inside it are told flat
 * @offset: byte in the structure
 * @type: what it points to
 * @count: 1, or of an array of pointers, or CHARIOT_PLAN_FLEXIBLE; or
 *	CHARIOT_PLAN_LIST and the offset of the list_head in the elements, which are
 *	of @type
 */
struct chariot_plan_member {
	__u32 offset;
	__u32 type;
	__u32 count;
};

/**
 * struct chariot_plan_entry - a function of the module whose address is taken
 * @name: its symbol
 * @section: number of its section in the module's file
 * @offset: byte in the section
 * @args: what its arguments point to, if that is not const; CHARIOT_PLAN_BYTES,
 *	_STRINGS, _AREA and _POINTER, too
 */
struct chariot_plan_entry {
	__u32 name;
	__u32 section;
	__u32 offset;
	__u32 args[CHARIOT_PLAN_ARGS];
};

/**
 * struct chariot_plan_import - a function of the kernel that a gate can call for
 * the module, with the objects it gives, if any
 * @name: its symbol
 * @ret: what it returns a pointer to
 * @outs: type T of each argument of type T **; or CHARIOT_PLAN_FILLED
 */
struct chariot_plan_import {
	__u32 name;
	__u32 ret;
	__u32 outs[CHARIOT_PLAN_ARGS];
};

/* All of the object, and of the pages of the kernel's slabs that it lies in. */
#define CHARIOT_PLAN_GRANT_PAGES	(1u << 0)

/**
 * struct chariot_plan_grant - a line of the module's policy
 * @type: of the object
 * @offset: first byte that the module may write, wherever the object is
 * @size: bytes
 * @flags: CHARIOT_PLAN_GRANT_*
 */
struct chariot_plan_grant {
	__u32 type;
	__u32 offset;
	__u32 size;
	__u32 flags;
};

/**
 * struct chariot_plan_block - argument of CHARIOT_IOC_PLAN
 * @address: of a plan in user memory
 * @size: of it, in bytes
 * @reserved: zero
 *
 * Goes with what the calling thread has armed; a second one replaces the first.
 * Errors: -EINVAL a number is wrong, -ENOENT nothing armed, -EFAULT, -ENOMEM.
 */
struct chariot_plan_block {
	__u64 address;
	__u32 size;
	__u32 reserved;
};

#endif /* CHARIOT_PLAN_UAPI_H */
