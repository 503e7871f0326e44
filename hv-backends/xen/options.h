/* SPDX-License-Identifier: GPL-2.0-only */
/* What chariot-xend was told, by its configuration file and its arguments. */
#ifndef CHARIOT_XEN_OPTIONS_H
#define CHARIOT_XEN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define CHARIOT_CONFIG_FILE	"/etc/chariot/xend.conf"
#define CHARIOT_GUESTS_MAX	64

/**
 * struct chariot_options - what the administrator wants
 * @guest: numbers or names of the guests to serve; none: all
 * @guests: how many
 * @max_page_rights: of each guest
 * @crash_orphans: a guest that a dead chariot-xend has left is ended, instead of
 *	running on without isolation
 * @foreground: stay, and log to standard error
 * @check: say what is missing, and end
 * @verbosity: of syslog's priorities
 */
struct chariot_options {
	const char *guest[CHARIOT_GUESTS_MAX];
	unsigned int guests;
	uint64_t max_page_rights;
	bool crash_orphans;
	bool foreground;
	bool check;
	int verbosity;
};

extern struct chariot_options chariot_options;

/* 0, or the exit status; --help ends the program. */
int chariot_options_read(int argc, char **argv);

#endif /* CHARIOT_XEN_OPTIONS_H */
