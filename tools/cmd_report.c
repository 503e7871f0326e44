// SPDX-License-Identifier: GPL-2.0-only
/*
 * chariot report: the violations the kernel keeps, and those to come.
 * Runs in user space as root; records are checked by violation_parse().
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <libkmod.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "lib/device.h"
#include "lib/message.h"
#include "lib/module_types.h"
#include "lib/report.h"
#include "lib/symbolize.h"
#include "lib/types.h"
#include "lib/violation.h"

static const char help[] =
"Usage: chariot report [--json] [--follow] [--module-file FILE] [MODULE]\n"
"       chariot report --summary [--json] [--module-file FILE] MODULE\n"
"\n"
"Shows the violations that the kernel keeps, oldest first, of all isolated\n"
"drivers or of MODULE: who wrote where, with which code, and what was hit.\n"
"Source lines are shown where the module has debug information, and the\n"
"structure's member that was written where its type is known.\n"
"\n"
"      --summary           only which functions wrote what, and how often\n"
"      --follow            go on with those to come, until interrupted\n"
"      --json              one JSON object a line\n"
"      --module-file FILE  the module's file, if it isn't where modprobe looks;\n"
"                          needs MODULE\n"
"  -h, --help              this text\n";

static const struct option options[] = {
	{ "follow", no_argument, NULL, 'f' },
	{ "summary", no_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "module-file", required_argument, NULL, 'm' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

#define RECORDS_AT_ONCE	16
#define DRIVERS_MAX	64	/* whose lines are kept ready */

struct driver_lines {
	char name[CHARIOT_NAME_LEN];
	struct symbolizer *symbolizer;	/* NULL: there are none */
};

/**
 * struct reporting - a run of this command
 * @module: only this driver, or ""
 * @file: from --module-file, or NULL
 * @types: the kernel's, and those of the driver named last; NULL: not there
 */
struct reporting {
	char module[CHARIOT_NAME_LEN];
	const char *file;
	bool json;
	bool follow;
	bool summary;
	struct driver_lines lines[DRIVERS_MAX];
	size_t lines_count;
	struct types *types;
	bool types_tried;
	char types_driver[CHARIOT_NAME_LEN];
	uint64_t shown;
	uint64_t lost;
};

/* --- source lines ---------------------------------------------------------- */

static struct symbolizer *open_file(const char *path, bool must)
{
	struct symbolizer *symbolizer;
	const char *why;

	symbolizer = symbolizer_open(path, &why);
	if (!symbolizer && must)
		message_warning("no source lines from %s: %s", path, why);
	return symbolizer;
}

static struct symbolizer *open_installed(const char *name)
{
	struct symbolizer *symbolizer = NULL;
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);
	struct kmod_module *module;
	const char *path;

	if (!ctx)
		return NULL;
	if (!kmod_module_new_from_name(ctx, name, &module)) {
		path = kmod_module_get_path(module);
		if (path)
			symbolizer = open_file(path, false);
		kmod_module_unref(module);
	}
	kmod_unref(ctx);
	return symbolizer;
}

static struct symbolizer *lines_of(struct reporting *run, const char *driver)
{
	struct driver_lines *entry;
	size_t i;

	for (i = 0; i < run->lines_count; i++)
		if (!strcmp(run->lines[i].name, driver))
			return run->lines[i].symbolizer;
	if (run->lines_count == DRIVERS_MAX || !command_name(driver))
		return NULL;
	entry = &run->lines[run->lines_count++];
	snprintf(entry->name, sizeof(entry->name), "%s", driver);
	entry->symbolizer = run->file ? open_file(run->file, true) :
					open_installed(driver);
	return entry->symbolizer;
}

static void close_lines(struct reporting *run)
{
	size_t i;

	for (i = 0; i < run->lines_count; i++)
		symbolizer_close(run->lines[i].symbolizer);
}

/* --- members ---------------------------------------------------------------- */

/* Only when one is to be named: reading the kernel's types takes its time. */
static const struct types *types_of(struct reporting *run,
				    const struct chariot_violation *v)
{
	if (!v->type[0])
		return NULL;
	if (!run->types_tried)
		types_open(KERNEL_BTF, &run->types);
	run->types_tried = true;
	if (!run->types || !strcmp(run->types_driver, v->driver))
		return run->types;
	/* Of a module without types of its own the kernel's do. */
	module_types_add(run->types, NULL, v->driver, run->file);
	memcpy(run->types_driver, v->driver, sizeof(run->types_driver));
	return run->types;
}

/* --- reading --------------------------------------------------------------- */

static void note_lost(struct reporting *run, uint64_t lost)
{
	if (lost > run->lost)
		message_warning("%" PRIu64 " reports were lost for want of room",
				lost - run->lost);
	run->lost = lost;
}

static void show(struct reporting *run, const struct chariot_violation *v)
{
	const struct types *types;
	struct symbolizer *lines;

	note_lost(run, v->lost);
	if (run->module[0] && strcmp(run->module, v->driver))
		return;
	lines = lines_of(run, v->driver);
	types = types_of(run, v);
	if (run->json) {
		command_json(report_json(v, lines, types), false);
	} else {
		if (run->shown)
			putchar('\n');
		report_print(v, lines, types, stdout);
	}
	run->shown++;
}

static int show_all(struct reporting *run, const char *bytes, size_t size)
{
	struct chariot_violation violation;
	ssize_t used;

	while ((used = violation_parse(bytes, size, &violation)) > 0) {
		show(run, &violation);
		bytes += used;
		size -= used;
	}
	fflush(stdout);
	return used;
}

/* Until there are no more, or with --follow until it is interrupted. */
static int read_all(struct reporting *run, int fd, char *buffer, size_t room)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	ssize_t got;
	int err;

	for (;;) {
		if (ferror(stdout))
			return -EPIPE;
		got = read(fd, buffer, room);
		if (got > 0) {
			err = show_all(run, buffer, got);
			if (err)
				return err;
			continue;
		}
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno != EAGAIN)
			return -errno;
		if (!run->follow)
			return 0;
		if (poll(&wait, 1, -1) < 0 && errno != EINTR)
			return -errno;
		/* chariot.ko is about to go. */
		if (wait.revents & (POLLERR | POLLNVAL))
			return -EIO;
	}
}

static int report(struct reporting *run)
{
	size_t room = RECORDS_AT_ONCE * sizeof(struct chariot_violation);
	char *buffer = malloc(room);
	struct chariot_info info;
	int err, fd;

	if (!buffer)
		return -ENOMEM;
	fd = device_open(O_NONBLOCK);
	err = fd < 0 ? fd : device_info(fd, &info);
	if (!err)
		err = read_all(run, fd, buffer, room);
	if (fd >= 0)
		close(fd);
	free(buffer);
	if (err && err != -EPIPE)
		message_error("%s", device_problem(err));
	else if (!err && !run->shown && !run->json)
		puts(run->module[0] ? "No violation of this driver is kept." :
				   "No violation is kept.");
	return err;
}

static int parse(struct reporting *run, int argc, char **argv)
{
	const char *name;
	int code;

	while ((code = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (code) {
		case 'f':
			run->follow = true;
			break;
		case 's':
			run->summary = true;
			break;
		case 'j':
			run->json = true;
			break;
		case 'm':
			run->file = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 1;
		default:
			return -EINVAL;
		}
	}
	if (argc - optind > 1) {
		message_error("report takes one module at most. See chariot report --help.");
		return -EINVAL;
	}
	if (optind < argc) {
		name = command_name(argv[optind]);
		if (!name) {
			message_error("'%s' is no module's name", argv[optind]);
			return -EINVAL;
		}
		snprintf(run->module, sizeof(run->module), "%s", name);
	} else if (run->file) {
		message_error("--module-file needs MODULE. See chariot report --help.");
		return -EINVAL;
	}
	if (run->summary && (run->follow || !run->module[0])) {
		message_error("--summary needs MODULE, and goes not with --follow. See chariot report --help.");
		return -EINVAL;
	}
	return 0;
}

int cmd_report(int argc, char **argv)
{
	struct reporting run = { };
	int err = parse(&run, argc, argv);

	if (err)
		return err < 0 ? EXIT_USAGE : EXIT_SUCCESS;
	err = run.summary ? report_summary(run.module, run.file, run.json) :
			    report(&run);
	close_lines(&run);
	types_close(run.types);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
