// SPDX-License-Identifier: GPL-2.0-only
/* chariot status: the isolated drivers. User space; needs no root. */
#include <errno.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "lib/device.h"
#include "lib/drivers.h"
#include "lib/message.h"
#include "lib/table.h"

static const char help[] =
"Usage: chariot status [--json]\n"
"\n"
"Lists the isolated drivers:\n"
"\n"
"  DRIVER      its module's name\n"
"  MODE        enforce: forbidden writes do not happen; audit: they do\n"
"  STATE       loading, live or unloading\n"
"  DOMAIN      its number at the hypervisor\n"
"  HEAP        page: whole pages of the heap are its own; byte: to the byte\n"
"  VIOLATIONS  forbidden writes, each kind once\n"
"  REPEATS     how often kinds seen before came again\n"
"  REGIONS     pages it has rights in\n"
"  OBJECTS     its allocations, and their BYTES\n"
"  UNTRACKED   rights or allocations lost for want of memory: not 0 means that\n"
"              a report may be wrong\n"
"\n"
"      --json  all values the kernel gives, as JSON\n"
"  -h, --help  this text\n";

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static const char *value(const struct driver *driver, const char *attribute)
{
	const char *text = driver_value(driver, attribute);

	return text ? text : "?";
}

/* What its policy gives up for speed must not go unseen. */
static void print_whole_pages(const struct driver *driver)
{
	const char *types = driver_value(driver, "whole_types");
	const char *pages = driver_value(driver, "whole_pages");

	if (types && *types)
		printf("%s: its policy lets it write whole pages in which these lie: %s (%s page%s now)\n",
		       driver->name, types, pages ? pages : "?",
		       pages && !strcmp(pages, "1") ? "" : "s");
}

static int print(const struct driver *drivers, size_t count)
{
	static const char *const heads[] = {
		"DRIVER", "MODE", "STATE", ">DOMAIN", "HEAP", ">VIOLATIONS",
		">REPEATS", ">REGIONS", ">OBJECTS", ">BYTES", ">UNTRACKED",
		NULL
	};
	struct table table;
	size_t i;
	int err;

	if (!count) {
		puts("No driver is isolated. chariot-insmod loads one isolated.");
		return 0;
	}
	table_init(&table, heads);
	for (i = 0; i < count; i++) {
		const struct driver *d = &drivers[i];

		table_row(&table, d->name, value(d, "mode"), value(d, "state"),
			  value(d, "domain"), value(d, "heap"),
			  value(d, "violations"), value(d, "repeats"),
			  value(d, "regions"), value(d, "objects"),
			  value(d, "object_bytes"), value(d, "untracked"));
	}
	err = table_print(&table, stdout, "");
	table_free(&table);
	for (i = 0; i < count; i++)
		print_whole_pages(&drivers[i]);
	return err;
}

/* Numbers as numbers; the kernel's names as they are. */
static struct json_object *value_json(const char *text)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno || !*text || *end)
		return json_object_new_string(text);
	return json_object_new_int64(number);
}

static void print_json(const struct driver *drivers, size_t count)
{
	struct json_object *list = json_object_new_array();
	size_t i, j;

	for (i = 0; i < count; i++) {
		struct json_object *entry = json_object_new_object();

		json_object_object_add(entry, "driver",
				       json_object_new_string(drivers[i].name));
		for (j = 0; j < drivers[i].count; j++)
			json_object_object_add(entry,
				drivers[i].attributes[j].name,
				value_json(drivers[i].attributes[j].value));
		json_object_array_add(list, entry);
	}
	command_json(list, true);
}

int cmd_status(int argc, char **argv)
{
	struct driver *drivers;
	bool json = false;
	size_t count;
	int code, err;

	while ((code = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (code) {
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_SUCCESS;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		message_error("status takes no '%s'. See chariot status --help.",
			      argv[optind]);
		return EXIT_USAGE;
	}
	err = drivers_read(CHARIOT_SYSFS, &drivers, &count);
	if (err) {
		message_error("%s", err == -ENOENT ? device_problem(err) :
						     message_errno(err));
		return EXIT_FAILURE;
	}
	if (json)
		print_json(drivers, count);
	else
		err = print(drivers, count);
	free(drivers);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
