// SPDX-License-Identifier: GPL-2.0-only
/* chariot mode: what becomes of forbidden writes. User space, as root. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "lib/device.h"
#include "lib/drivers.h"
#include "lib/message.h"

static const char help[] =
"Usage: chariot mode MODULE audit|enforce\n"
"\n"
"Says what becomes of forbidden writes of an isolated driver from now on:\n"
"\n"
"  audit       they happen, and are reported\n"
"  enforce     they do not happen, and are reported\n"
"\n"
"  -h, --help  this text\n";

static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static int failed(const char *module, int err)
{
	if (err == -ENOENT && access(CHARIOT_SYSFS, F_OK))
		message_error("%s", device_problem(err));
	else if (err == -ENOENT || err == -ENODEV)
		message_error("%s is not isolated; 'chariot status' lists what is",
			      module);
	else if (err == -EACCES || err == -EPERM)
		message_error("could not change the mode of %s: run this as root",
			      module);
	else
		message_error("could not change the mode of %s: %s", module,
			      message_errno(err));
	return EXIT_FAILURE;
}

int cmd_mode(int argc, char **argv)
{
	const char *module, *mode;
	int code, err;

	while ((code = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (code != 'h')
			return EXIT_USAGE;
		fputs(help, stdout);
		return EXIT_SUCCESS;
	}
	if (argc - optind != 2) {
		message_error("mode takes a module and a mode. See chariot mode --help.");
		return EXIT_USAGE;
	}
	module = command_name(argv[optind]);
	mode = argv[optind + 1];
	if (!module) {
		message_error("'%s' is no module's name", argv[optind]);
		return EXIT_USAGE;
	}
	if (strcmp(mode, "audit") && strcmp(mode, "enforce")) {
		message_error("mode '%s': audit or enforce is possible", mode);
		return EXIT_USAGE;
	}
	err = driver_write(CHARIOT_SYSFS, module, "mode", mode);
	return err ? failed(module, err) : EXIT_SUCCESS;
}
