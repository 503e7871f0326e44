// SPDX-License-Identifier: GPL-2.0-only
/*
 * The types of a kernel and of modules, by BTF. Runs in user space. libbpf keeps
 * its reading inside the BTF; what is read may still be without sense: types that
 * hold themselves, names that are no names. Nothing here follows it for ever.
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "array.h"
#include "btf_index.h"
#include "nearest.h"
#include "types.h"

#define LAYERS_MAX	32
/* typedefs and qualifiers on a type; no kernel has 10. */
#define PEEL_MAX	32

/**
 * struct layer - the BTF of the kernel or of one module
 * @first: its first type; those before, if any, are the kernel's
 */
struct layer {
	struct btf *btf;
	uint32_t first, end;
	struct btf_index index;
	bool own;
};

/* A function of a module that has no types, and a prototype that is another's. */
struct lent {
	char *function;
	const struct btf *btf;
	uint32_t id;
};

struct types {
	struct layer layer[LAYERS_MAX];		/* the kernel's first */
	unsigned int count;
	struct lent *lent;
	size_t lent_count, lent_room;
};

static const char *name_of(const struct btf *btf, const struct btf_type *type)
{
	const char *name = btf__name_by_offset(btf, type->name_off);

	return name ? name : "";
}

/* --- BTF of the kernel and of modules --------------------------------------- */

/*
 * libbpf takes a longer header than its own, and believes that what it counts
 * from the header's end still lies in the BTF.
 */
static bool good_header(const void *bytes, size_t size)
{
	struct btf_header header;

	if (size < sizeof(header) || size > UINT32_MAX)
		return false;
	memcpy(&header, bytes, sizeof(header));
	return header.magic == BTF_MAGIC && header.version == BTF_VERSION &&
	       header.hdr_len == sizeof(header);
}

/* With another kernel's types below it, these are functions no more. */
static bool has_sense(const struct layer *layer)
{
	const struct btf_type *type, *target;
	uint32_t id;

	for (id = layer->first; id < layer->end; id++) {
		type = btf__type_by_id(layer->btf, id);
		if (!type)
			return false;
		if (!btf_is_func(type))
			continue;
		target = btf__type_by_id(layer->btf, type->type);
		if (!target || !btf_is_func_proto(target) ||
		    !*name_of(layer->btf, type))
			return false;
	}
	return true;
}

/* Takes @btf over, also when it fails. */
static int add_layer(struct types *types, struct btf *btf, uint32_t first,
		     bool own)
{
	struct layer *layer = &types->layer[types->count];
	int err;

	if (!btf)
		return errno ? -errno : -EINVAL;
	*layer = (struct layer) {
		.btf = btf,
		.first = first,
		.end = btf__type_cnt(btf),
		.own = own,
	};
	err = has_sense(layer) ? btf_index_make(&layer->index, btf, layer->first) : -EINVAL;
	if (err)
		btf__free(btf);
	else
		types->count++;
	return err;
}

static int new_types(struct types **out, struct btf *btf)
{
	struct types *types;
	int err = btf ? -ENOMEM : errno ? -errno : -EINVAL;

	types = btf ? calloc(1, sizeof(*types)) : NULL;
	if (!types) {
		btf__free(btf);
		return err;
	}
	err = add_layer(types, btf, 1, false);
	if (err)
		types_close(types);
	else
		*out = types;
	return err;
}

int types_open(const char *path, struct types **out)
{
	*out = NULL;
	libbpf_set_print(NULL);
	errno = 0;
	return new_types(out, btf__parse(path, NULL));
}

int types_from_memory(const void *bytes, size_t size, struct types **out)
{
	*out = NULL;
	libbpf_set_print(NULL);
	if (!good_header(bytes, size))
		return -EINVAL;
	errno = 0;
	return new_types(out, btf__new(bytes, size));
}

void types_drop_modules(struct types *types)
{
	while (types->lent_count)
		free(types->lent[--types->lent_count].function);
	free(types->lent);
	types->lent = NULL;
	types->lent_room = 0;
	while (types->count > 1) {
		types->count--;
		btf__free(types->layer[types->count].btf);
		btf_index_free(&types->layer[types->count].index);
	}
}

void types_close(struct types *types)
{
	if (!types)
		return;
	types_drop_modules(types);
	if (types->count) {
		btf__free(types->layer[0].btf);
		btf_index_free(&types->layer[0].index);
	}
	free(types);
}

/* libbpf 1.1 declares btf__new_split(), but its library doesn't export it. */
static struct btf *new_split(const void *bytes, size_t size, struct btf *kernel)
{
	int fd = memfd_create("btf", MFD_CLOEXEC);
	struct btf *btf = NULL;
	char path[32];

	if (fd < 0)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, bytes, size) == (ssize_t)size)
		btf = btf__parse_raw_split(path, kernel);
	close(fd);
	return btf;
}

int types_add_module(struct types *types, const void *bytes, size_t size,
		     bool own)
{
	if (types->count == LAYERS_MAX)
		return -ENOSPC;
	if (!good_header(bytes, size))
		return -EINVAL;
	errno = 0;
	return add_layer(types, new_split(bytes, size, types->layer[0].btf),
			 types->layer[0].end, own);
}

int types_add_standalone(struct types *types, const void *bytes, size_t size)
{
	if (types->count == LAYERS_MAX)
		return -ENOSPC;
	if (!good_header(bytes, size))
		return -EINVAL;
	errno = 0;
	return add_layer(types, btf__new(bytes, size), 1, true);
}

int types_add_module_file(struct types *types, const char *path, bool own)
{
	if (types->count == LAYERS_MAX)
		return -ENOSPC;
	errno = 0;
	return add_layer(types,
			 btf__parse_split(path, types->layer[0].btf),
			 types->layer[0].end, own);
}

/* --- structures ------------------------------------------------------------- */

struct type_peeled type_peel(const struct btf *btf, uint32_t id)
{
	struct type_peeled peeled = { .id = id, .alias = "" };
	const struct btf_type *type;
	int i;

	for (i = 0; i < PEEL_MAX; i++) {
		type = btf__type_by_id(btf, peeled.id);
		if (!type)
			return peeled;
		if (btf_is_typedef(type))
			peeled.alias = name_of(btf, type);
		else if (btf_is_const(type))
			peeled.is_const = true;
		else if (btf_is_type_tag(type))
			peeled.is_user |= !strcmp(name_of(btf, type), "user");
		else if (!btf_is_volatile(type) && !btf_is_restrict(type))
			peeled.type = type;
		if (peeled.type)
			return peeled;
		peeled.id = type->type;
	}
	return peeled;
}

static void set_object(struct type_object *object, const struct types *types,
		       const struct layer *layer, uint32_t id,
		       const char *alias)
{
	const struct btf_type *type = btf__type_by_id(layer->btf, id);
	const char *name = name_of(layer->btf, type);

	*object = (struct type_object) {
		.btf = id < layer->first ? types->layer[0].btf : layer->btf,
		.id = id,
		.keyword = !*name ? "" : btf_is_union(type) ? "union " :
			   "struct ",
		.name = *name ? name : *alias ? alias : "(unnamed)",
		.size = type->size,
	};
}

static bool find_object(const struct types *types, const struct layer *layer,
			const char *name, bool is_union,
			struct type_object *object)
{
	struct btf_search search = btf_search_begin(&layer->index, name);
	const struct btf_type *type;
	uint32_t id;

	while ((id = btf_search_next(&search))) {
		type = btf__type_by_id(layer->btf, id);
		if (!btf_is_composite(type) || !type->size ||
		    btf_is_union(type) != is_union)
			continue;
		set_object(object, types, layer, id, "");
		return true;
	}
	return false;
}

/* The last layer is that of the module itself: it knows its own best. */
static bool find_any(const struct types *types, const char *name,
		     bool is_union, struct type_object *object)
{
	unsigned int i;

	for (i = types->count; i--;)
		if (find_object(types, &types->layer[i], name, is_union,
				object))
			return true;
	return false;
}

bool types_object(const struct types *types, const char *name,
		  struct type_object *object)
{
	return find_any(types, name, false, object) ||
	       find_any(types, name, true, object);
}

/* The structure or union that @id is, or that its typedef names. */
static bool is_object(const struct types *types, const struct layer *layer,
		      const char *keyword, uint32_t id,
		      struct type_object *object)
{
	bool tag = btf_is_composite(btf__type_by_id(layer->btf, id));
	struct type_peeled peeled = type_peel(layer->btf, id);

	if (!peeled.type || !btf_is_composite(peeled.type) ||
	    !peeled.type->size)
		return false;
	set_object(object, types, layer, peeled.id, peeled.alias);
	return !keyword || (*keyword ? tag && !strcmp(keyword, object->keyword) :
			    !tag);
}

size_t types_objects(const struct types *types, const char *keyword,
		     const char *name, struct type_object *objects,
		     size_t room)
{
	const struct layer *layer;
	struct btf_search search;
	struct type_object object;
	size_t count = 0;
	uint32_t id;

	for (layer = types->layer + types->count; layer-- > types->layer;) {
		search = btf_search_begin(&layer->index, name);
		while ((id = btf_search_next(&search))) {
			if (!is_object(types, layer, keyword, id, &object))
				continue;
			if (count < room)
				objects[count] = object;
			count++;
		}
	}
	return count;
}

const char *types_nearest(const struct types *types, const char *name)
{
	struct nearest nearest;
	const struct btf_type *type;
	unsigned int i;
	uint32_t id;

	nearest_begin(&nearest, name);
	for (i = 0; i < types->count; i++) {
		for (id = types->layer[i].first; id < types->layer[i].end; id++) {
			type = btf__type_by_id(types->layer[i].btf, id);
			if (btf_is_composite(type) && type->size)
				nearest_try(&nearest, name_of(types->layer[i].btf,
							      type));
		}
	}
	return nearest.name;
}

static const struct layer *layer_of(const struct types *types,
				    const struct btf *btf)
{
	unsigned int i;

	for (i = 0; i < types->count - 1; i++)
		if (types->layer[i].btf == btf)
			break;
	return &types->layer[i];
}

static bool target_object(const struct types *types, const struct btf *btf,
			  const struct type_peeled *target,
			  struct type_object *object)
{
	if (!target->type || target->is_const || target->is_user)
		return false;
	if (btf_is_fwd(target->type))
		return find_any(types, name_of(btf, target->type),
				btf_kflag(target->type), object);
	if (!btf_is_composite(target->type) || !target->type->size)
		return false;
	set_object(object, types, layer_of(types, btf), target->id,
		   target->alias);
	return true;
}

bool types_structure(const struct types *types, const struct btf *btf,
		     uint32_t id, struct type_object *object)
{
	struct type_peeled target = type_peel(btf, id);

	/* To write to it is not what is asked for. */
	target.is_const = false;
	return target_object(types, btf, &target, object);
}

bool types_pointee(const struct types *types, const struct btf *btf,
		   uint32_t id, struct type_object *object)
{
	struct type_peeled pointer = type_peel(btf, id), target;

	if (!pointer.type || !btf_is_ptr(pointer.type))
		return false;
	target = type_peel(btf, pointer.type->type);
	return target_object(types, btf, &target, object);
}

/* T, of a pointer to a pointer to T that the function may set. */
static bool out_pointee(const struct types *types, const struct btf *btf,
			uint32_t id, struct type_object *object)
{
	struct type_peeled pointer = type_peel(btf, id), target;

	if (!pointer.type || !btf_is_ptr(pointer.type))
		return false;
	target = type_peel(btf, pointer.type->type);
	return target.type && !target.is_const && !target.is_user &&
	       types_pointee(types, btf, target.id, object);
}

bool types_same(const struct type_object *a, const struct type_object *b)
{
	const struct btf_type *one, *other;

	if (!a->btf || !b->btf)
		return a->btf == b->btf;
	if (a->btf == b->btf && a->id == b->id)
		return true;
	if (a->size != b->size || strcmp(a->name, b->name) ||
	    a->name[0] == '(')
		return false;
	one = btf__type_by_id(a->btf, a->id);
	other = btf__type_by_id(b->btf, b->id);
	return btf_kind(one) == btf_kind(other) &&
	       btf_vlen(one) == btf_vlen(other);
}

/* --- functions --------------------------------------------------------------- */

/* How a value is passed or returned. */
enum passing {
	PASS_REGISTER,
	PASS_OTHERWISE,		/* two registers, or the stack */
	PASS_BY_ADDRESS,	/* only returned: the address is an argument */
	PASS_NOTHING,
};

static enum passing passing_of(const struct btf *btf, uint32_t id)
{
	struct type_peeled peeled = type_peel(btf, id);

	if (!peeled.type || btf_is_void(peeled.type))
		return PASS_NOTHING;
	if (btf_is_ptr(peeled.type))
		return PASS_REGISTER;
	if (btf_is_composite(peeled.type)) {
		if (peeled.type->size > 16)
			return PASS_BY_ADDRESS;
		/* One of 3 or 5 bytes may be packed, which the stack passes. */
		return peeled.type->size == 1 || peeled.type->size == 2 ||
		       peeled.type->size == 4 || peeled.type->size == 8 ?
		       PASS_REGISTER : PASS_OTHERWISE;
	}
	if ((btf_is_int(peeled.type) || btf_is_any_enum(peeled.type)) &&
	    peeled.type->size <= 8)
		return PASS_REGISTER;
	return PASS_OTHERWISE;
}

/* A pointer to bytes that are not const, or to void. */
static bool is_bytes(const struct btf *btf, uint32_t id)
{
	struct type_peeled pointer = type_peel(btf, id), target;

	if (!pointer.type || !btf_is_ptr(pointer.type))
		return false;
	target = type_peel(btf, pointer.type->type);
	if (!target.type || target.is_const || target.is_user)
		return false;
	return btf_is_void(target.type) ||
	       (btf_is_int(target.type) && target.type->size == 1);
}

#define POINTER_SIZE	8u

/* A pointer to numbers, to pointers, or to what is not told. */
static uint32_t area_of(const struct btf *btf, uint32_t id)
{
	struct type_peeled pointer = type_peel(btf, id), target;

	if (!pointer.type || !btf_is_ptr(pointer.type))
		return 0;
	target = type_peel(btf, pointer.type->type);
	if (!target.type || target.is_const || target.is_user)
		return 0;
	if (btf_is_void(target.type))
		return CHARIOT_PLAN_AREA(0);
	if (btf_is_ptr(target.type))
		return CHARIOT_PLAN_AREA(POINTER_SIZE);
	return btf_is_int(target.type) && target.type->size <= 8 ?
	       CHARIOT_PLAN_AREA(target.type->size) : 0;
}

static bool is_strings(const struct btf *btf, uint32_t id)
{
	struct type_peeled pointer = type_peel(btf, id), target;

	if (!pointer.type || !btf_is_ptr(pointer.type))
		return false;
	target = type_peel(btf, pointer.type->type);
	return target.type && !target.is_user && is_bytes(btf, target.id);
}

/* A number that, by its name, says how much there is. */
static bool is_count(const struct btf *btf, const struct btf_param *param)
{
	static const char *const words[] = {
		"len", "size", "count", "bytes", "max", "argc",
	};
	const char *name = btf__name_by_offset(btf, param->name_off);
	struct type_peeled peeled = type_peel(btf, param->type);
	size_t i;

	if (!name || !peeled.type || !btf_is_int(peeled.type))
		return false;
	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(name, words[i]))
			return true;
	return !strcmp(name, "n");
}

/* Prototypes of pointers to functions have no names: any number may say it. */
static bool is_unnamed_number(const struct btf *btf, const struct btf_param *param)
{
	const char *name = btf__name_by_offset(btf, param->name_off);
	struct type_peeled peeled = type_peel(btf, param->type);

	return !(name && *name) && peeled.type && btf_is_int(peeled.type) &&
	       peeled.type->size >= 4;
}

/* Of what is void it would be too much to say. */
static bool is_characters(const struct btf *btf, uint32_t id)
{
	return is_bytes(btf, id) &&
	       !btf_is_void(type_peel(btf, type_peel(btf, id).type->type).type);
}

static uint32_t bytes_of(const struct btf *btf, const struct btf_param *param,
			 int i, int count)
{
	uint32_t id = param[i].type;

	if (i + 1 < count && i + 1 < (int)CHARIOT_PLAN_ARGS &&
	    ((is_bytes(btf, id) && is_count(btf, &param[i + 1])) ||
	     (is_characters(btf, id) && is_unnamed_number(btf, &param[i + 1]))))
		return CHARIOT_PLAN_BYTES;
	if (i && is_strings(btf, id) &&
	    (is_count(btf, &param[i - 1]) ||
	     (is_characters(btf, type_peel(btf, id).type->type) &&
	      is_unnamed_number(btf, &param[i - 1]))))
		return CHARIOT_PLAN_STRINGS;
	return area_of(btf, param[i].type);
}

/*
 * One of variable arguments has a parameter without a type at its end. What is written
 * in assembly, and may use registers in a way of its own (__fentry__, __put_user_8),
 * is told as if it took nothing and returned nothing.
 */
static bool is_relayed(const struct btf *btf, const struct btf_type *proto)
{
	const struct btf_param *param = btf_params(proto);
	int i, count = btf_vlen(proto);
	enum passing returned = passing_of(btf, proto->type);

	if (returned == PASS_BY_ADDRESS)
		count++;
	if (!count && returned == PASS_NOTHING)
		return false;
	if (count > (int)(CHARIOT_PLAN_ARGS + CHARIOT_PLAN_STACK))
		return false;
	for (i = 0; i < btf_vlen(proto); i++)
		if (passing_of(btf, param[i].type) != PASS_REGISTER)
			return false;
	return true;
}

static void call_of_proto(const struct types *types, const struct btf *btf,
			  const struct btf_type *proto, struct type_call *call)
{
	const struct btf_param *param = btf_params(proto);
	int i;

	memset(call, 0, sizeof(*call));
	call->relayed = is_relayed(btf, proto);
	if (passing_of(btf, proto->type) == PASS_BY_ADDRESS)
		return;
	types_pointee(types, btf, proto->type, &call->ret);
	for (i = 0; i < btf_vlen(proto) && i < CHARIOT_PLAN_ARGS; i++) {
		if (passing_of(btf, param[i].type) != PASS_REGISTER)
			return;
		types_pointee(types, btf, param[i].type, &call->args[i]);
		out_pointee(types, btf, param[i].type, &call->outs[i]);
		call->bytes[i] = bytes_of(btf, param, i, btf_vlen(proto));
	}
}

static void keep_same(struct type_object *object,
		      const struct type_object *other)
{
	if (!types_same(object, other))
		memset(object, 0, sizeof(*object));
}

static void keep_agreed(struct type_call *call, const struct type_call *other)
{
	int i;

	keep_same(&call->ret, &other->ret);
	call->relayed &= other->relayed;
	for (i = 0; i < CHARIOT_PLAN_ARGS; i++) {
		keep_same(&call->args[i], &other->args[i]);
		keep_same(&call->outs[i], &other->outs[i]);
		if (call->bytes[i] != other->bytes[i])
			call->bytes[i] = 0;
	}
}

static bool find_call(const struct types *types, const struct layer *layer,
		      const char *function, struct type_call *call)
{
	struct btf_search search =
		btf_search_begin(&layer->index, function);
	const struct btf_type *type;
	struct type_call other;
	bool found = false;
	uint32_t id;

	while ((id = btf_search_next(&search))) {
		type = btf__type_by_id(layer->btf, id);
		if (!btf_is_func(type))
			continue;
		type = btf__type_by_id(layer->btf, type->type);
		call_of_proto(types, layer->btf, type, found ? &other : call);
		if (found)
			keep_agreed(call, &other);
		found = true;
	}
	return found;
}

/* What all agree on that were lent to a function. */
static bool find_lent(const struct types *types, const char *function,
		      struct type_call *call)
{
	const struct lent *lent;
	struct type_call other;
	bool found = false;
	size_t i;

	for (i = 0; i < types->lent_count; i++) {
		lent = &types->lent[i];
		if (strcmp(lent->function, function))
			continue;
		call_of_proto(types, lent->btf, btf__type_by_id(lent->btf, lent->id),
			      found ? &other : call);
		if (found)
			keep_agreed(call, &other);
		found = true;
	}
	return found;
}

bool types_call(const struct types *types, const char *function, bool own,
		struct type_call *call)
{
	bool has_own = false;
	unsigned int i;

	for (i = 0; types && i < types->count; i++) {
		if (types->layer[i].own != own)
			continue;
		has_own = own;
		if (find_call(types, &types->layer[i], function, call))
			return true;
	}
	if (types && own && find_lent(types, function, call))
		return true;
	/* What a module's BTF shares with the kernel's stands only there. */
	return has_own && find_call(types, &types->layer[0], function, call);
}

int types_lend(struct types *types, const char *function, const struct btf *btf,
	       uint32_t id)
{
	struct lent *lent = array_room(types->lent, types->lent_count,
				       &types->lent_room, sizeof(*lent));

	if (!lent)
		return -ENOMEM;
	types->lent = lent;
	lent += types->lent_count;
	lent->btf = btf;
	lent->id = id;
	lent->function = strdup(function);
	if (!lent->function)
		return -ENOMEM;
	types->lent_count++;
	return 0;
}

bool types_prototype(const struct types *types, const char *function, bool own,
		     const struct btf **btf, uint32_t *id)
{
	const struct layer *layer;
	const struct btf_type *type;
	struct btf_search search;
	uint32_t found;

	for (layer = types->layer; layer < types->layer + types->count; layer++) {
		if (layer->own != own)
			continue;
		search = btf_search_begin(&layer->index, function);
		while ((found = btf_search_next(&search))) {
			type = btf__type_by_id(layer->btf, found);
			if (!btf_is_func(type))
				continue;
			*btf = layer->btf;
			*id = type->type;
			return true;
		}
	}
	return false;
}
