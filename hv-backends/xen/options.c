// SPDX-License-Identifier: GPL-2.0-only
/*
 * The configuration file, in the syntax of xl's (libxlutil), and the arguments, which
 * come second.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include <libxlutil.h>

#include "options.h"

#define PAGE_RIGHTS	(1ul << 20)

struct chariot_options chariot_options = {
	.max_page_rights = PAGE_RIGHTS,
	.verbosity = LOG_NOTICE,
};

static bool add_guest(const char *guest)
{
	struct chariot_options *o = &chariot_options;

	if (o->guests == CHARIOT_GUESTS_MAX) {
		fprintf(stderr, "chariot-xend: more than %d guests\n",
			CHARIOT_GUESTS_MAX);
		return false;
	}
	o->guest[o->guests++] = guest;
	return true;
}

/* --- the file ----------------------------------------------------------------------- */

static bool take_guests(const XLU_Config *config)
{
	XLU_ConfigList *list;
	const char *guest;
	int i, count;

	if (xlu_cfg_get_list(config, "guests", &list, &count, 0) == EINVAL)
		return false;
	for (i = 0; i < count; i++) {
		guest = xlu_cfg_get_listitem(list, i);
		if (!guest || !add_guest(guest))
			return false;
	}
	return true;
}

static bool take_orphans(const XLU_Config *config, const char *path)
{
	const char *what = "release";

	if (xlu_cfg_get_string(config, "orphans", &what, 0) == EINVAL)
		return false;
	chariot_options.crash_orphans = !strcmp(what, "crash");
	if (chariot_options.crash_orphans || !strcmp(what, "release"))
		return true;
	fprintf(stderr, "%s: orphans is \"release\" or \"crash\", not \"%s\"\n",
		path, what);
	return false;
}

static bool take_all(const XLU_Config *config, const char *path)
{
	long pages = PAGE_RIGHTS;
	int err;

	err = xlu_cfg_get_bounded_long(config, "max_page_rights", 1, LONG_MAX,
				       &pages, 0);
	if (err && err != ESRCH)
		return false;
	chariot_options.max_page_rights = pages;
	return take_guests(config) && take_orphans(config, path);
}

/* @named: by the administrator, so it has to be there. Stays in use. */
static bool read_file(const char *path, bool named)
{
	XLU_Config *config;

	if (!named && access(path, F_OK) && errno == ENOENT)
		return true;
	config = xlu_cfg_init(stderr, path);
	if (!config || xlu_cfg_readfile(config, path)) {
		fprintf(stderr, "chariot-xend: %s cannot be read\n", path);
		return false;
	}
	return take_all(config, path);
}

/* --- the arguments -------------------------------------------------------------------- */

static void usage(FILE *out)
{
	fputs("Usage: chariot-xend [OPTION]...\n"
	      "Keeps the faults of drivers inside the drivers, for the guests of a Xen host.\n"
	      "\n"
	      "  -c, --config=FILE         instead of " CHARIOT_CONFIG_FILE "\n"
	      "  -C, --check               say what is missing on this host, and end\n"
	      "  -d, --domain=GUEST        serve this guest, by number or name (repeatable)\n"
	      "  -f, --foreground          stay, and log to standard error\n"
	      "  -m, --max-page-rights=N   limit of each guest (default: 1048576)\n"
	      "  -v, --verbose             log what is tried again, too; twice: each event\n"
	      "  -h, --help                this text\n", out);
}

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "check", no_argument, NULL, 'C' },
	{ "domain", required_argument, NULL, 'd' },
	{ "foreground", no_argument, NULL, 'f' },
	{ "max-page-rights", required_argument, NULL, 'm' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static bool number(const char *text, uint64_t *value)
{
	char *rest;

	errno = 0;
	*value = strtoull(text, &rest, 10);
	if (!errno && *text && *text != '-' && !*rest)
		return true;
	fprintf(stderr, "chariot-xend: '%s' is no number\n", text);
	return false;
}

static bool take(int option, bool *guests_named)
{
	struct chariot_options *o = &chariot_options;

	switch (option) {
	case 'c':
		return true;	/* has been read */
	case 'C':
		o->check = true;
		return true;
	case 'd':
		if (!*guests_named)
			o->guests = 0;
		*guests_named = true;
		return add_guest(optarg);
	case 'f':
		o->foreground = true;
		return true;
	case 'm':
		return number(optarg, &o->max_page_rights);
	case 'v':
		o->verbosity++;
		return true;
	case 'h':
		usage(stdout);
		exit(0);
	default:
		usage(stderr);
		return false;
	}
}

int chariot_options_read(int argc, char **argv)
{
	static const char letters[] = "c:Cd:fm:vh";
	const char *config = NULL;
	bool guests_named = false;
	int option;

	/* The file first, wherever it is named. */
	opterr = 0;
	while ((option = getopt_long(argc, argv, letters, long_options, NULL)) >= 0)
		if (option == 'c')
			config = optarg;
	opterr = 1;
	optind = 1;
	if (!read_file(config ? config : CHARIOT_CONFIG_FILE, config))
		return 2;
	while ((option = getopt_long(argc, argv, letters, long_options, NULL)) >= 0)
		if (!take(option, &guests_named))
			return 2;
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	return 0;
}
