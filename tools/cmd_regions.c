// SPDX-License-Identifier: GPL-2.0-only
/* chariot regions: what a driver may write. User space, as root. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "lib/device.h"
#include "lib/message.h"
#include "lib/table.h"
#include "lib/violation.h"

static const char help[] =
"Usage: chariot regions [--objects] [--json] MODULE\n"
"\n"
"Lists what the isolated driver may write or execute, by physical address, and\n"
"with --objects its allocations with size and call site.\n"
"\n"
"      --objects  allocations, not rights\n"
"      --json     as JSON\n"
"  -h, --help     this text\n";

static const struct option options[] = {
	{ "objects", no_argument, NULL, 'o' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

#define WHAT_REGIONS	0
#define WHAT_OBJECTS	1

/**
 * struct listing - where the entries go
 * @table: unless @json is there
 */
struct listing {
	uint32_t what;
	struct table table;
	struct json_object *json;
	uint64_t count;
	uint64_t bytes;
};

static const char *rights_text(uint32_t rights)
{
	static const char *const names[] = {
		"-", "write", "execute", "write, execute"
	};

	return names[rights & CHARIOT_RIGHTS_ALL];
}

static void add_row(struct listing *listing, const struct chariot_entry *entry)
{
	bool object = listing->what == WHAT_OBJECTS;
	char address[24], size[24];

	snprintf(address, sizeof(address), object ? "0x%016" PRIx64 :
		 "0x%09" PRIx64, (uint64_t)(object ? entry->gva : entry->gpa));
	snprintf(size, sizeof(size), "%" PRIu64, (uint64_t)entry->size);
	if (object)
		table_row(&listing->table, address, size,
			  entry->family[0] ? entry->family : "?",
			  entry->site[0] ? entry->site : "?");
	else
		table_row(&listing->table, address, size,
			  kind_name(entry->kind), rights_text(entry->rights));
}

static void add_json(struct listing *listing, const struct chariot_entry *entry)
{
	bool object = listing->what == WHAT_OBJECTS;
	struct json_object *json = json_object_new_object();
	char address[24];

	snprintf(address, sizeof(address), "0x%" PRIx64,
		 (uint64_t)(object ? entry->gva : entry->gpa));
	json_object_object_add(json, object ? "address" : "physical",
			       json_object_new_string(address));
	json_object_object_add(json, "size",
			       json_object_new_uint64(entry->size));
	json_object_object_add(json, "kind",
			       json_object_new_string(kind_name(entry->kind)));
	if (object) {
		json_object_object_add(json, "family",
				       json_object_new_string(entry->family));
		json_object_object_add(json, "site",
				       json_object_new_string(entry->site));
	} else {
		json_object_object_add(json, "write",
			json_object_new_boolean(entry->rights &
						CHARIOT_RIGHT_WRITE));
		json_object_object_add(json, "execute",
			json_object_new_boolean(entry->rights &
						CHARIOT_RIGHT_EXEC));
	}
	json_object_array_add(listing->json, json);
}

static int add_entry(const struct chariot_entry *entry, void *data)
{
	struct listing *listing = data;

	listing->count++;
	listing->bytes += entry->size;
	if (listing->json)
		add_json(listing, entry);
	else
		add_row(listing, entry);
	return 0;
}

static int list(const char *module, struct listing *listing)
{
	int err, fd = device_open(0);

	if (fd < 0) {
		message_error("%s", device_problem(fd));
		return fd;
	}
	err = device_list(fd, module, listing->what, add_entry, listing);
	close(fd);
	if (err == -ENOENT)
		message_error("%s is not isolated; 'chariot status' lists what is",
			      module);
	else if (err)
		message_error("%s", device_problem(err));
	return err;
}

static int show(const char *module, uint32_t what, bool json)
{
	static const char *const heads[][5] = {
		{ "PHYSICAL", ">BYTES", "KIND", "RIGHTS", NULL },
		{ "ADDRESS", ">BYTES", "BY", "CALLED FROM", NULL },
	};
	struct listing listing = { .what = what };
	int err;

	table_init(&listing.table, heads[what]);
	if (json)
		listing.json = json_object_new_array();
	err = list(module, &listing);
	if (!err && !json)
		err = table_print(&listing.table, stdout, "");
	if (!err && !json)
		printf("%" PRIu64 " %s, %" PRIu64 " bytes\n", listing.count,
		       what == WHAT_OBJECTS ? "objects" : "regions",
		       listing.bytes);
	table_free(&listing.table);
	if (json && !err)
		command_json(listing.json, true);
	else
		json_object_put(listing.json);
	return err;
}

int cmd_regions(int argc, char **argv)
{
	uint32_t what = WHAT_REGIONS;
	const char *module;
	bool json = false;
	int code;

	while ((code = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (code) {
		case 'o':
			what = WHAT_OBJECTS;
			break;
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
	if (argc - optind != 1) {
		message_error("regions takes one module. See chariot regions --help.");
		return EXIT_USAGE;
	}
	module = command_name(argv[optind]);
	if (!module) {
		message_error("'%s' is no module's name", argv[optind]);
		return EXIT_USAGE;
	}
	return show(module, what, json) ? EXIT_FAILURE : EXIT_SUCCESS;
}
