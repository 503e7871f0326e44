/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Members of structures by name, such as "struct net_device.stats.tx_bytes", and
 * names of places in structures. User space; BTF and names are not trusted.
 */
#ifndef CHARIOT_MEMBER_H
#define CHARIOT_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "types.h"

#define MEMBER_TEXT	320	/* of the longest name */
#define MEMBER_WHY	512	/* of the longest explanation */

/**
 * struct member_name - the parts of a name
 * @keyword: "struct ", "union ", or "": the tag is a typedef
 * @tag: of the structure
 * @path: ".stats.tx_bytes", ".name[3]", ".flags:byte"; "" is all of it
 */
struct member_name {
	const char *keyword;
	char tag[128];
	char path[MEMBER_TEXT];
};

/**
 * member_parse - take a name apart
 * @why: result of failure, a sentence; MEMBER_WHY bytes
 */
bool member_parse(const char *text, struct member_name *name, char *why);

/**
 * struct member_place - bytes of a structure
 */
struct member_place {
	uint32_t offset;
	uint32_t size;
};

/**
 * member_find - where a member is
 * @object: the structure
 * @path: of struct member_name
 * @place: result
 * @why: result of failure, a sentence; MEMBER_WHY bytes
 *
 * A bit field has no bytes of its own: "flags:byte" are those that hold it, with
 * all else in them.
 */
bool member_find(const struct type_object *object, const char *path,
		 struct member_place *place, char *why);

/**
 * member_at - the member that a write begins with
 * @object: the structure
 * @from: first byte of the write
 * @to: byte behind it; the largest member that ends there or before is named, or
 *	else the smallest that holds @from
 * @path: result, as in struct member_name; MEMBER_TEXT bytes
 * @place: result
 *
 * Of the members of a union the first one that serves is named.
 *
 * Return: false if there is no member at @from.
 */
bool member_at(const struct type_object *object, uint64_t from, uint64_t to,
	       char *path, struct member_place *place);

/**
 * member_at_all - the same in several structures of one name
 *
 * Return: one that has it, or NULL if none has, or they do not agree.
 */
const struct type_object *
member_at_all(const struct type_object *objects, size_t count, uint64_t from,
	      uint64_t to, char *path, struct member_place *place);

/**
 * member_fields - the bit fields that share a byte
 * @offset: the byte
 * @text: result: "pkt_type, ignore_df, ip_summed", "" if there is none; cut where
 *	it does not fit, always terminated and printable
 */
void member_fields(const struct type_object *object, uint64_t offset,
		   char *text, size_t room);

/**
 * member_describe - what a write hits, for people
 * @types: NULL: nothing is known
 * @tag: of the structure, or its typedef
 * @offset: first byte of the write
 * @length: 0: not known
 * @text: result: "struct sk_buff.len", "struct sk_buff.len to .mac_len", or
 *	"sk_buff +0x70" where no member is known; MEMBER_TEXT bytes
 *
 * Return: false if no member is known.
 */
bool member_describe(const struct types *types, const char *tag,
		     uint64_t offset, uint64_t length, char *text);

#endif /* CHARIOT_MEMBER_H */
