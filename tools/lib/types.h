/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The types of a kernel and of modules, by BTF: what functions are handed, and
 * where structures are. User space; no BTF is trusted.
 */
#ifndef CHARIOT_TYPES_H
#define CHARIOT_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uapi/chariot_plan.h"

#define KERNEL_BTF	"/sys/kernel/btf/vmlinux"

struct btf;
struct btf_type;
struct types;

/**
 * struct type_object - a structure or union that is not const
 * @btf: where it stands; NULL: there is none
 * @id: in @btf
 * @keyword: "struct " or "union "; "" if it is known by its typedef
 * @name: its tag, or that of its typedef; not cleaned
 * @size: bytes, not 0
 */
struct type_object {
	const struct btf *btf;
	uint32_t id;
	const char *keyword;
	const char *name;
	uint32_t size;
};

/**
 * struct type_call - what goes in and out of a function
 * @ret: what it returns a pointer to
 * @args: what the registers that pass arguments point to
 * @outs: type T for those that are of type T **
 * @bytes: CHARIOT_PLAN_BYTES, _STRINGS or _AREA for those that are, or 0
 * @relayed: a gate can call it for its caller: all arguments are known, and no
 *	more than CHARIOT_PLAN_STACK words of them are passed on the stack
 */
struct type_call {
	struct type_object ret;
	struct type_object args[CHARIOT_PLAN_ARGS];
	struct type_object outs[CHARIOT_PLAN_ARGS];
	uint32_t bytes[CHARIOT_PLAN_ARGS];
	bool relayed;
};

/**
 * types_open - read a kernel's types
 * @path: KERNEL_BTF, or another file with BTF
 * @out: result; types_close() it
 *
 * Return: 0 or -errno.
 */
int types_open(const char *path, struct types **out);
/* The same from memory, which is copied. */
int types_from_memory(const void *bytes, size_t size, struct types **out);
void types_close(struct types *types);

/**
 * types_add_module - add the types of a module to those of its kernel
 * @bytes: the module's BTF; copied
 * @own: it is the module that the plan is for, and not one that it needs
 *
 * Return: 0, -EINVAL for damaged BTF or that of another kernel's module, -ENOSPC
 * for more modules than there is room for, -ENOMEM.
 */
int types_add_module(struct types *types, const void *bytes, size_t size,
		     bool own);
/* The same for the module itself, from BTF that does not build on the kernel's. */
int types_add_standalone(struct types *types, const void *bytes, size_t size);
/* The same from a file of BTF, such as /sys/kernel/btf/NAME. */
int types_add_module_file(struct types *types, const char *path, bool own);
/* Forget all modules, and what was lent. */
void types_drop_modules(struct types *types);

/**
 * types_call - the prototype of a function
 * @types: NULL: nothing is known
 * @own: a function of the module itself; else one that it imports
 * @call: result
 *
 * Of several functions of that name, only what they agree on is told.
 *
 * Return: false if there is no function of that name.
 */
bool types_call(const struct types *types, const char *function, bool own,
		struct type_call *call);

/**
 * types_prototype - where the prototype of a function stands
 * @own: as for types_call()
 * @btf: result
 * @id: result, in @btf
 *
 * Return: false if there is no function of that name.
 */
bool types_prototype(const struct types *types, const char *function, bool own,
		     const struct btf **btf, uint32_t *id);

/**
 * types_lend - tell the prototype of a function of the module itself, whose own
 * types are not there
 * @function: copied
 * @btf: that of the kernel or of a module that was added
 * @id: of the prototype, in @btf
 *
 * If it is told several, types_call() tells what they agree on.
 *
 * Return: 0 or -ENOMEM.
 */
int types_lend(struct types *types, const char *function, const struct btf *btf,
	       uint32_t id);

/* The structure or union of that name; false if there is none. */
bool types_object(const struct types *types, const char *name,
		  struct type_object *object);

/**
 * types_objects - all structures and unions of a name, which need not agree
 * @keyword: "struct " or "union ": of that tag; "": of that typedef;
 *	NULL: of that tag or typedef
 * @objects: result, with room for @room of them; the module's own first
 *
 * Return: how many there are; more than @room: not all are in @objects.
 */
size_t types_objects(const struct types *types, const char *keyword,
		     const char *name, struct type_object *objects,
		     size_t room);

/**
 * types_nearest - the tag of a structure or union that looks most like a name
 *
 * Return: inside of the BTF, or NULL if none is close.
 */
const char *types_nearest(const struct types *types, const char *name);

/**
 * types_pointee - what a type is a pointer to
 *
 * Return: false if it is no pointer to a structure or union that is not const.
 */
bool types_pointee(const struct types *types, const struct btf *btf,
		   uint32_t id, struct type_object *object);

/* What a type is, if that is a structure or union, also one that is told elsewhere. */
bool types_structure(const struct types *types, const struct btf *btf,
		     uint32_t id, struct type_object *object);

/**
 * struct type_peeled - what a type is without its typedefs and qualifiers
 * @type: NULL: it is without sense
 * @id: its number
 * @alias: the last typedef's name, or ""
 * @is_const: one of the qualifiers
 * @is_user: __user: what a pointer to it points to is no memory of the kernel's
 */
struct type_peeled {
	const struct btf_type *type;
	uint32_t id;
	const char *alias;
	bool is_const;
	bool is_user;
};

struct type_peeled type_peel(const struct btf *btf, uint32_t id);

/* Are these the same type, of one module or as two modules know it? */
bool types_same(const struct type_object *a, const struct type_object *b);

#endif /* CHARIOT_TYPES_H */
