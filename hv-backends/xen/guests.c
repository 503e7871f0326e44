// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guests of the host: following their coming and going, and a process for each
 * (guest.c). One that dies is replaced.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>
#include <xenstore.h>

#include "backend.h"
#include "guests.h"
#include "options.h"

#define DOMAINS_MAX	256
#define RETRY		1	/* second */
#define RETRIES		30
/* Guests that lost their process with the one that was here before */
#define LOOK		10

/* @pid: 0: there is none, since another tool has its monitor. */
struct served {
	u32 domid;
	pid_t pid;
};

static struct served served[DOMAINS_MAX];
static unsigned int served_count;
static struct xs_handle *xs;

static bool is_known(u32 domid)
{
	unsigned int i;

	for (i = 0; i < served_count; i++)
		if (served[i].domid == domid)
			return true;
	return false;
}

static void forget(unsigned int i)
{
	served[i] = served[--served_count];
}

bool chariot_guest_has_views(const xc_domaininfo_t *info)
{
	uint64_t mode = 0;

	return info->domain && (info->flags & XEN_DOMINF_hvm_guest) &&
	       !(info->flags & XEN_DOMINF_dying) &&
	       !xc_hvm_param_get(chariot_xc, info->domain, HVM_PARAM_ALTP2M,
				 &mode) && mode;
}

/* --- processes ------------------------------------------------------------------------- */

/* Libxenctrl's handles are no use to a child: it has its own. */
static int child(u32 domid, const volatile sig_atomic_t *ending,
		 const sigset_t *while_waiting)
{
	const char *missing;

	closelog();
	close_range(STDERR_FILENO + 1, ~0u, 0);
	missing = chariot_open_xen();
	if (missing) {
		chariot_log(LOG_ERR, "guest %u: %s: %s", domid, missing,
			    strerror(errno));
		return CHARIOT_GUEST_LATER;
	}
	return chariot_guest_serve(domid, ending, while_waiting);
}

static void start(u32 domid, const volatile sig_atomic_t *ending,
		  const sigset_t *while_waiting)
{
	pid_t pid = fork();

	if (!pid)
		_exit(child(domid, ending, while_waiting));
	if (pid < 0) {
		chariot_log(LOG_ERR, "guest %u: no process to serve it: %s", domid,
			    strerror(errno));
		return;
	}
	served[served_count++] = (struct served) { domid, pid };
}

/* Returns whether one is to be tried again. */
static bool ended(unsigned int i, int status)
{
	u32 domid = served[i].domid;

	if (WIFSIGNALED(status))
		chariot_log(LOG_CRIT, "guest %u: its process has died of signal %d",
			    domid, WTERMSIG(status));
	else if (WEXITSTATUS(status) == CHARIOT_GUEST_REFUSED) {
		served[i].pid = 0;
		return false;
	}
	forget(i);
	return WIFSIGNALED(status) || WEXITSTATUS(status) != CHARIOT_GUEST_GONE;
}

static bool reap(void)
{
	bool again = false;
	unsigned int i;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (i = 0; i < served_count; i++)
			if (served[i].pid == pid) {
				again |= ended(i, status);
				break;
			}
	return again;
}

/* --- coming and going ------------------------------------------------------------------ */

static void scan(const volatile sig_atomic_t *ending,
		 const sigset_t *while_waiting)
{
	static xc_domaininfo_t infos[DOMAINS_MAX];
	int i, n;

	n = xc_domain_getinfolist(chariot_xc, 0, DOMAINS_MAX, infos);
	for (i = 0; i < n && served_count < DOMAINS_MAX; i++)
		if (!is_known(infos[i].domain) && chariot_guest_has_views(&infos[i]) &&
		    chariot_vm_allowed(infos[i].domain) &&
		    !chariot_guest_is_served(infos[i].domain))
			start(infos[i].domain, ending, while_waiting);
}

/* Whom another tool had may be free now, or gone. */
static void forget_refused(void)
{
	unsigned int i = 0;

	while (i < served_count) {
		if (served[i].pid)
			i++;
		else
			forget(i);
	}
}

int chariot_guests_serve(const volatile sig_atomic_t *ending,
			 const sigset_t *while_waiting)
{
	struct pollfd fd = { .fd = xs_fileno(xs), .events = POLLIN };
	int again = RETRIES;
	unsigned int count;

	while (!*ending) {
		struct timespec wait = { .tv_sec = again ? RETRY : LOOK };

		if (reap())
			again = RETRIES;
		/* A guest is announced a little before it can be served. */
		scan(ending, while_waiting);
		if (again)
			again--;
		if (ppoll(&fd, 1, &wait, while_waiting) < 0 && errno != EINTR)
			return -errno;
		if (fd.revents & POLLIN) {
			free(xs_read_watch(xs, &count));
			forget_refused();
			again = RETRIES;
		}
		fd.revents = 0;
	}
	return 0;
}

int chariot_guests_open(void)
{
	xs = xs_open(0);
	if (xs && xs_watch(xs, "@introduceDomain", "came") &&
	    xs_watch(xs, "@releaseDomain", "went"))
		return 0;
	return -errno;
}

void chariot_guests_end(void)
{
	unsigned int i;

	for (i = 0; i < served_count; i++)
		if (served[i].pid)
			kill(served[i].pid, SIGTERM);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	served_count = 0;
}
