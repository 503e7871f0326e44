// SPDX-License-Identifier: GPL-2.0-only
/*
 * chariot report --summary: which functions of a driver write what, and how often.
 * Runs in user space as root; records are checked by violation_parse().
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "lib/device.h"
#include "lib/learn.h"
#include "lib/message.h"
#include "lib/module_types.h"
#include "lib/table.h"

static int print(const struct learning *learning)
{
	static const char *const heads[] = {
		"FUNCTION", "WRITES", ">TIMES", NULL
	};
	struct table table;
	char times[24];
	size_t i;
	int err;

	table_init(&table, heads);
	for (i = 0; i < learning->count; i++) {
		snprintf(times, sizeof(times), "%" PRIu64,
			 learning->learned[i].times);
		table_row(&table, learning->learned[i].function,
			  learning->learned[i].line, times);
	}
	err = table_print(&table, stdout, "");
	table_free(&table);
	return err;
}

static void print_json(const struct learning *learning)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < learning->count; i++) {
		const struct learned *from = &learning->learned[i];
		struct json_object *entry = json_object_new_object();

		json_object_object_add(entry, "function",
				       json_object_new_string(from->function));
		json_object_object_add(entry, "writes",
				       json_object_new_string(from->line));
		json_object_object_add(entry, "times",
				       json_object_new_uint64(from->times));
		json_object_object_add(entry, "policy_line",
				       json_object_new_boolean(!from->why));
		json_object_array_add(list, entry);
	}
	command_json(list, true);
}

int report_summary(const char *module, const char *module_file, bool json)
{
	struct learning learning = { };
	struct chariot_info info;
	struct types *types = NULL;
	uint64_t lost = 0;
	int err, fd = device_open(O_NONBLOCK);

	err = fd < 0 ? fd : device_info(fd, &info);
	/* Without types the places are told by number. */
	if (!err && !types_open(KERNEL_BTF, &types))
		module_types_add(types, NULL, module, module_file);
	learning.types = types;
	if (!err)
		err = learn_read(&learning, fd, module, &lost);
	if (fd >= 0)
		close(fd);
	if (err)
		message_error("%s", device_problem(err));
	if (lost)
		message_warning("%" PRIu64 " reports were lost for want of room",
				lost);
	learn_sort(&learning);
	if (!err && json)
		print_json(&learning);
	else if (!err && !learning.count)
		puts("No violation of this driver is kept.");
	else if (!err)
		err = print(&learning);
	learn_free(&learning);
	types_close(types);
	return err;
}
