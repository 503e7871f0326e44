/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the lists of the kernel's structures are made of: BTF knows the type of a
 * list's head, but not that of its elements. User space.
 */
#ifndef CHARIOT_LIST_RULES_H
#define CHARIOT_LIST_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "types.h"

#define LIST_RULES_HEAD	16u	/* bytes of a struct list_head */

/**
 * list_rules_elements - what is in a list
 * @types: where the elements' type is looked up
 * @tag: of the structure that has the list's head
 * @head: name of the head, a member of that structure
 * @element: result: the type of the elements
 * @link: result: where the list's link is in an element
 *
 * Return: false if no rule knows the list, or if the rule's type or member does
 * not exist in this kernel.
 */
bool list_rules_elements(const struct types *types, const char *tag,
			 const char *head, struct type_object *element,
			 uint32_t *link);

#endif /* CHARIOT_LIST_RULES_H */
