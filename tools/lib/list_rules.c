// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the lists of the kernel's structures are made of. Each line names the
 * interface by which the kernel's headers tell drivers to go through the list and
 * to change its elements. Reviewed line by line against Linux 6.1 and 6.12.
 * Runs in user space; no BTF is trusted.
 */
#include <string.h>

#include "list_rules.h"
#include "member.h"

/**
 * struct list_rule - a list
 * @type: tag of the structure that has its head
 * @head: the head's name in it
 * @element: tag of its elements
 * @link: path of the link in them, from "." on
 */
struct list_rule {
	const char *type;
	const char *head;
	const char *element;
	const char *link;
};

static const struct list_rule list_rules[] = {
	/* rdev_for_each(), of an array's disks, by its personality */
	{ "mddev", "disks", "md_rdev", ".same_set" },
	/* spi_message_add_tail(); a controller fills what it transfers */
	{ "spi_message", "transfers", "spi_transfer", ".transfer_list" },
	/* usb_hcd_link_urb_to_ep(); a host controller goes through its endpoints */
	{ "usb_host_endpoint", "urb_list", "urb", ".urb_list" },
};

static const struct list_rule *find_rule(const char *tag, const char *head)
{
	size_t i;

	for (i = 0; i < sizeof(list_rules) / sizeof(list_rules[0]); i++)
		if (!strcmp(list_rules[i].type, tag) &&
		    !strcmp(list_rules[i].head, head))
			return &list_rules[i];
	return NULL;
}

bool list_rules_elements(const struct types *types, const char *tag,
			 const char *head, struct type_object *element,
			 uint32_t *link)
{
	const struct list_rule *rule = find_rule(tag, head);
	struct member_place place;
	char why[MEMBER_WHY];

	if (!rule || !types_object(types, rule->element, element) ||
	    !member_find(element, rule->link, &place, why) ||
	    place.size != LIST_RULES_HEAD)
		return false;
	*link = place.offset;
	return true;
}
