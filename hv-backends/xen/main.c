// SPDX-License-Identifier: GPL-2.0-only
/*
 * chariot-xend: serves the guests of a Xen host. Runs in dom0, as root.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "backend.h"
#include "check.h"
#include "guests.h"
#include "options.h"

xc_interface *chariot_xc;
xenforeignmemory_handle *chariot_memory;
xendevicemodel_handle *chariot_devices;

static volatile sig_atomic_t ending;

u64 chariot_max_page_rights(void)
{
	return chariot_options.max_page_rights;
}

const char *chariot_open_xen(void)
{
	chariot_xc = xc_interface_open(NULL, NULL, 0);
	if (!chariot_xc)
		return "Xen's control interface";
	chariot_memory = xenforeignmemory_open(NULL, 0);
	if (!chariot_memory)
		return "Xen's foreign memory";
	chariot_devices = xendevicemodel_open(NULL, 0);
	if (!chariot_devices)
		return "Xen's device models";
	return chariot_guest_open() ? "xenstore" : NULL;
}

static int complain(const char *what)
{
	fprintf(stderr, "chariot-xend: %s: %s. Is this Xen's dom0, and are you root?\n",
		what, strerror(errno));
	return 1;
}

static void note_signal(int signal)
{
	if (signal != SIGCHLD)
		ending = 1;
}

/* They come when somebody waits for them, in the processes of the guests, too. */
static void take_signals(sigset_t *before)
{
	static const int taken[] = { SIGTERM, SIGINT, SIGCHLD };
	struct sigaction action = { .sa_handler = note_signal };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < ARRAY_SIZE(taken); i++) {
		sigaction(taken[i], &action, NULL);
		sigaddset(&set, taken[i]);
	}
	sigprocmask(SIG_BLOCK, &set, before);
}

/* What was opened before does not outlive the fork of daemon(). */
static int detach(void)
{
	xc_interface *xc = xc_interface_open(NULL, NULL, 0);

	if (!xc)
		return complain("Xen's control interface");
	xc_interface_close(xc);
	openlog("chariot-xend", LOG_PID, LOG_DAEMON);
	return daemon(0, 0) ? complain("daemon") : 0;
}

static int serve(void)
{
	sigset_t before;
	int err;

	if (chariot_guests_open())
		return complain("xenstore");
	take_signals(&before);
	err = chariot_guests_serve(&ending, &before);
	if (err)
		chariot_log(LOG_ERR, "no word of guests any more: %s", strerror(-err));
	chariot_guests_end();
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	int status = chariot_options_read(argc, argv);
	const char *missing;

	if (!status && !chariot_options.foreground && !chariot_options.check)
		status = detach();
	if (status)
		return status;
	missing = chariot_open_xen();
	if (missing)
		return complain(missing);
	return chariot_options.check ? chariot_check() : serve();
}
