// SPDX-License-Identifier: GPL-2.0-only
/*
 * chariot-xend: serves the guests of a Xen host. Runs in dom0, as root; finds the
 * guests by xenstore's word that one came or went.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>
#include <xenstore.h>

#include "backend.h"

#define DOMAINS_MAX	256
#define RETRY_MS	1000
#define RETRIES		30
#define PAGE_RIGHTS	(1ull << 20)

xc_interface *chariot_xc;
xenforeignmemory_handle *chariot_memory;
xendevicemodel_handle *chariot_devices;

static struct chariot_vm *vms;
static u64 max_page_rights = PAGE_RIGHTS;
static long only_domid = -1;
static bool foreground;
static int verbosity = LOG_NOTICE;
static volatile sig_atomic_t ending;

u64 chariot_max_page_rights(void)
{
	return max_page_rights;
}

bool chariot_vm_allowed(u32 domid)
{
	return only_domid < 0 || only_domid == domid;
}

bool chariot_logs(int priority)
{
	return priority <= verbosity;
}

void chariot_log(int priority, const char *format, ...)
{
	va_list args;

	if (priority > verbosity)
		return;
	va_start(args, format);
	if (foreground) {
		char line[512];

		vsnprintf(line, sizeof(line), format, args);
		fprintf(stderr, "chariot-xend: %s\n", line);
	} else {
		vsyslog(priority, format, args);
	}
	va_end(args);
}

/* --- guests ------------------------------------------------------------------------ */

static struct chariot_vm *find(u32 domid)
{
	struct chariot_vm *vm;

	for (vm = vms; vm; vm = vm->next)
		if (vm->domid == domid)
			return vm;
	return NULL;
}

/* Can Xen give it views at all? */
static bool is_candidate(const xc_domaininfo_t *info)
{
	uint64_t mode = 0;

	if (!info->domain || !(info->flags & XEN_DOMINF_hvm_guest) ||
	    (info->flags & XEN_DOMINF_dying) || !chariot_vm_allowed(info->domain))
		return false;
	return !xc_hvm_param_get(chariot_xc, info->domain, HVM_PARAM_ALTP2M,
				 &mode) && mode;
}

/* That may only work later; @last: it will not be tried again. */
static void attach(const xc_domaininfo_t *info, bool last)
{
	struct chariot_vm *vm = chariot_vm_new(info->domain, info->max_vcpu_id + 1,
						info->max_pages);
	int err;

	if (!vm)
		return;
	err = chariot_monitor_open(vm);
	if (err) {
		chariot_log(last || err == -EBUSY ? LOG_WARNING : LOG_DEBUG,
			    "guest %u: no monitor events: %s%s", vm->domid,
			    strerror(-err), err == -EBUSY ?
			    "; another tool has its monitor ring" : "");
		chariot_vm_free(vm);
		return;
	}
	vm->next = vms;
	vms = vm;
	chariot_log(LOG_NOTICE, "guest %u: served, %u virtual CPUs", vm->domid,
		    vm->vcpus);
}

static void detach(struct chariot_vm *vm, bool gone)
{
	struct chariot_vm **link = &vms;

	while (*link != vm)
		link = &(*link)->next;
	*link = vm->next;
	if (!gone)
		chariot_domains_forget(vm);
	chariot_monitor_close(vm, gone);
	chariot_log(LOG_NOTICE, "guest %u: left after %llu events", vm->domid,
		    (unsigned long long)vm->events);
	chariot_domains_free(vm);
	chariot_vm_free(vm);
}

/* Follow the coming and going of guests. @last: nobody looks again soon. */
static void scan(bool last)
{
	static xc_domaininfo_t infos[DOMAINS_MAX];
	struct chariot_vm *vm, *next;
	int i, n;

	n = xc_domain_getinfolist(chariot_xc, 0, DOMAINS_MAX, infos);
	for (vm = n < 0 ? NULL : vms; vm; vm = next) {
		next = vm->next;
		for (i = 0; i < n; i++)
			if (infos[i].domain == vm->domid &&
			    !(infos[i].flags & XEN_DOMINF_dying))
				break;
		if (i == n)
			detach(vm, true);
	}
	for (i = 0; i < n; i++)
		if (!find(infos[i].domain) && is_candidate(&infos[i]))
			attach(&infos[i], last);
}

static void serve(struct xs_handle *xs)
{
	static struct pollfd fds[DOMAINS_MAX + 1];
	int n, i, again = RETRIES;
	struct chariot_vm *vm;
	unsigned int count;
	bool more = false;

	while (!ending) {
		fds[0] = (struct pollfd) { .fd = xs_fileno(xs), .events = POLLIN };
		for (n = 1, vm = vms; vm && n <= DOMAINS_MAX; vm = vm->next)
			fds[n++] = (struct pollfd) {
				chariot_monitor_descriptor(vm), POLLIN, 0
			};
		if (poll(fds, n, more ? 0 : again ? RETRY_MS : -1) < 0 &&
		    errno != EINTR)
			return;
		for (i = 1, vm = vms; vm && i < n; vm = vm->next, i++)
			if (fds[i].revents)
				chariot_monitor_heard(vm);
		for (more = false, vm = vms; vm; vm = vm->next)
			more |= chariot_monitor_serve(vm);
		if (fds[0].revents) {
			free(xs_read_watch(xs, &count));
			again = RETRIES;
		}
		/* A guest is announced a little before it can be served. */
		if (again && !more) {
			again--;
			scan(!again);
		}
	}
}

/* --- start and end -------------------------------------------------------------------- */

static void end(int signal)
{
	ending = 1;
}

static void usage(FILE *out)
{
	fputs("Usage: chariot-xend [OPTION]...\n"
	      "Keeps the faults of drivers inside the drivers, for the guests of a Xen host.\n"
	      "\n"
	      "  -d, --domain=ID           serve this guest alone\n"
	      "  -f, --foreground          stay, and log to standard error\n"
	      "  -m, --max-page-rights=N   limit of each guest (default: 1048576)\n"
	      "  -v, --verbose             log each write that is not allowed; twice: each event\n"
	      "  -h, --help                this text\n", out);
}

static bool number(const char *text, unsigned long long *value)
{
	char *rest;

	errno = 0;
	*value = strtoull(text, &rest, 10);
	if (!errno && *text && !*rest)
		return true;
	fprintf(stderr, "chariot-xend: '%s' is no number\n", text);
	return false;
}

static int arguments(int argc, char **argv)
{
	static const struct option options[] = {
		{ "domain", required_argument, NULL, 'd' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "max-page-rights", required_argument, NULL, 'm' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	unsigned long long value;
	int option;

	while ((option = getopt_long(argc, argv, "d:fm:vh", options, NULL)) >= 0) {
		switch (option) {
		case 'd':
			if (!number(optarg, &value))
				return 2;
			only_domid = value;
			break;
		case 'f':
			foreground = true;
			break;
		case 'm':
			if (!number(optarg, &value))
				return 2;
			max_page_rights = value;
			break;
		case 'v':
			verbosity++;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	return 0;
}

static struct xs_handle *watch(void)
{
	struct xs_handle *xs = xs_open(0);

	if (xs && xs_watch(xs, "@introduceDomain", "came") &&
	    xs_watch(xs, "@releaseDomain", "went"))
		return xs;
	if (xs)
		xs_close(xs);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = end };
	int status = arguments(argc, argv);
	struct xs_handle *xs;

	if (status)
		return status;
	chariot_xc = xc_interface_open(NULL, NULL, 0);
	chariot_memory = xenforeignmemory_open(NULL, 0);
	chariot_devices = xendevicemodel_open(NULL, 0);
	xs = watch();
	if (!chariot_xc || !chariot_memory || !chariot_devices || !xs) {
		fprintf(stderr, "chariot-xend: %s: %s. Is this Xen's dom0, and are you root?\n",
			!chariot_xc ? "Xen's control interface" : !chariot_memory ?
			"Xen's foreign memory" : !chariot_devices ?
			"Xen's device models" : "xenstore", strerror(errno));
		return 1;
	}
	if (!foreground) {
		openlog("chariot-xend", LOG_PID, LOG_DAEMON);
		if (daemon(0, 0)) {
			perror("chariot-xend: daemon");
			return 1;
		}
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	serve(xs);
	while (vms)
		detach(vms, false);
	xs_close(xs);
	xendevicemodel_close(chariot_devices);
	xenforeignmemory_close(chariot_memory);
	xc_interface_close(chariot_xc);
	return 0;
}
