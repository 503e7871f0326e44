// SPDX-License-Identifier: GPL-2.0-only
/*
 * One guest and the process that serves it, its own: what a guest does can hold up
 * or break nobody's service but its own.
 *
 * Its number and begin are noted in xenstore, so that another one knows a guest whose
 * own has died.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>
#include <xenstore.h>

#include "backend.h"
#include "guests.h"
#include "options.h"

#define PROGRAM		"chariot-xend"

static struct xs_handle *xs;

/* --- xenstore ------------------------------------------------------------------------ */

static bool has_text(const char *path, const char *text)
{
	char *value = xs_read(xs, XBT_NULL, path, NULL);
	bool same = value && !strcmp(value, text);

	free(value);
	return same;
}

bool chariot_vm_allowed(u32 domid)
{
	char path[64], number[16];
	unsigned int i;

	snprintf(path, sizeof(path), "/local/domain/%u/name", domid);
	snprintf(number, sizeof(number), "%u", domid);
	for (i = 0; i < chariot_options.guests; i++)
		if (!strcmp(chariot_options.guest[i], number) ||
		    has_text(path, chariot_options.guest[i]))
			return true;
	return !chariot_options.guests;
}

static void note_path(char *path, size_t room, u32 domid)
{
	snprintf(path, room, "/tool/" PROGRAM "/%u", domid);
}

/* When a process began, in ticks since the host's start (proc(5)); 0: there is none. */
static unsigned long long begin_of(unsigned int pid)
{
	char path[32], line[512];
	unsigned long long begin = 0;
	const char *at;
	FILE *file;
	int field;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	/* The second field, a name, may have anything in it. */
	at = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	for (field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at)
		begin = strtoull(at, NULL, 10);
	fclose(file);
	return begin;
}

static void note(u32 domid)
{
	char path[64], text[64];

	note_path(path, sizeof(path), domid);
	snprintf(text, sizeof(text), "%d %llu", getpid(), begin_of(getpid()));
	xs_write(xs, XBT_NULL, path, text, strlen(text));
}

static void unnote(u32 domid)
{
	char path[64];

	note_path(path, sizeof(path), domid);
	xs_rm(xs, XBT_NULL, path);
}

/* Is it that process, and not one that has its number since? */
static bool lives(const char *noted)
{
	unsigned long long begin;
	unsigned int pid;

	return sscanf(noted, "%u %llu", &pid, &begin) == 2 && begin &&
	       begin_of(pid) == begin;
}

/* Is a process noted for it, and does that live? */
static bool is_noted(u32 domid, bool alive)
{
	char path[64], *text;
	bool noted;

	note_path(path, sizeof(path), domid);
	text = xs_read(xs, XBT_NULL, path, NULL);
	noted = text && lives(text) == alive;
	free(text);
	return noted;
}

bool chariot_guest_is_served(u32 domid)
{
	return is_noted(domid, true);
}

/* --- coming and going ------------------------------------------------------------------ */

/*
 * Nobody knows any more which of its drivers may write what. It is not stopped for
 * ever, though, wherever it waits.
 */
static int adopt(struct chariot_vm *vm)
{
	int err;

	if (chariot_options.crash_orphans) {
		chariot_log(LOG_CRIT, "guest %u: its chariot-xend died, and with it the isolation of its drivers: it is ended (orphans=\"crash\")",
			    vm->domid);
		xc_domain_shutdown(chariot_xc, vm->domid, SHUTDOWN_crash);
	}
	err = chariot_monitor_take_over(vm);
	if (!err && !chariot_options.crash_orphans)
		chariot_log(LOG_CRIT, "guest %u: its chariot-xend died: its drivers are not isolated until it has told anew which they are",
			    vm->domid);
	return err;
}

/* NULL: *status says why. */
static struct chariot_vm *attach(u32 domid, int *status)
{
	xc_domaininfo_t info;
	struct chariot_vm *vm = NULL;
	int err;

	*status = CHARIOT_GUEST_LATER;
	if (xc_domain_getinfolist(chariot_xc, domid, 1, &info) == 1 &&
	    info.domain == domid && chariot_monitor_has_ring(domid))
		vm = chariot_vm_new(domid, info.max_vcpu_id + 1, info.max_pages);
	if (!vm)
		return NULL;
	err = chariot_monitor_open(vm);
	if (err == -EBUSY && is_noted(domid, false))
		err = adopt(vm);
	if (!err) {
		note(domid);
		chariot_log(LOG_NOTICE, "guest %u: served, %u virtual CPUs", domid,
			    vm->vcpus);
		return vm;
	}
	if (err == -EBUSY)
		*status = CHARIOT_GUEST_REFUSED;
	chariot_log(err == -EBUSY ? LOG_WARNING : LOG_INFO,
		    "guest %u: no monitor events: %s%s", domid, strerror(-err),
		    err == -EBUSY ? "; another tool has its monitor ring" : "");
	chariot_vm_free(vm);
	return NULL;
}

static void detach(struct chariot_vm *vm, bool gone)
{
	if (!gone) {
		chariot_domains_forget(vm);
		chariot_views_off(vm);
	}
	chariot_monitor_close(vm, gone);
	chariot_tell_all(vm, CHARIOT_DOMAIN_ALL);
	unnote(vm->domid);
	chariot_log(LOG_NOTICE, "guest %u: left after %llu calls, %llu changes of view, %llu walks of page tables and %llu writes",
		    vm->domid, (unsigned long long)vm->events.calls,
		    (unsigned long long)vm->events.fetches,
		    (unsigned long long)vm->events.walks,
		    (unsigned long long)vm->events.writes);
	chariot_domains_free(vm);
	chariot_vm_free(vm);
}

static bool is_gone(u32 domid)
{
	xc_domaininfo_t info;

	return xc_domain_getinfolist(chariot_xc, domid, 1, &info) != 1 ||
	       info.domain != domid || (info.flags & XEN_DOMINF_dying);
}

/* --- events ---------------------------------------------------------------------------- */

/* Until the guest has gone, which is what it returns, or *ending. */
static bool serve(struct chariot_vm *vm, const volatile sig_atomic_t *ending,
		  const sigset_t *while_waiting)
{
	static const struct timespec now, second = { .tv_sec = 1 };
	struct pollfd fds[] = {
		{ .fd = xs_fileno(xs), .events = POLLIN },
		{ .fd = chariot_monitor_descriptor(vm), .events = POLLIN },
	};
	bool gone = is_gone(vm->domid), more = false, untold = false;
	unsigned int count;

	while (!*ending && !gone) {
		if (ppoll(fds, ARRAY_SIZE(fds), more ? &now : untold ? &second : NULL,
			  while_waiting) < 0)
			continue;	/* a signal */
		if (fds[1].revents)
			chariot_monitor_heard(vm);
		more = chariot_monitor_serve(vm);
		untold = chariot_tell(vm);
		if (fds[0].revents) {
			free(xs_read_watch(xs, &count));
			gone = is_gone(vm->domid);
		}
	}
	return gone;
}

int chariot_guest_open(void)
{
	xs = xs_open(0);
	return xs ? 0 : -errno;
}

int chariot_guest_serve(u32 domid, const volatile sig_atomic_t *ending,
			const sigset_t *while_waiting)
{
	struct chariot_vm *vm;
	int status;

	if (!xs_watch(xs, "@releaseDomain", "went"))
		return CHARIOT_GUEST_LATER;
	vm = attach(domid, &status);
	if (!vm)
		return status;
	detach(vm, serve(vm, ending, while_waiting));
	return CHARIOT_GUEST_GONE;
}
