// SPDX-License-Identifier: GPL-2.0-only
/* chariot-xend --check: what is missing on this host, and how to mend it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "check.h"
#include "guests.h"

#define GUESTS_MAX	256

static bool all_well = true;

static void say(bool good, const char *what, const char *mend)
{
	printf("%s  %s%s%s\n", good ? "ok     " : "missing", what,
	       good ? "" : ": ", good ? "" : mend);
	all_well &= good;
}

static bool has_word(const char *line, const char *word)
{
	size_t length = strlen(word);
	const char *at = line;

	while ((at = strstr(at, word))) {
		if ((at == line || strchr(" ,=", at[-1])) &&
		    strchr(" ,", at[length]))
			return true;
		at += length;
	}
	return false;
}

static void check_xen(void)
{
	xc_physinfo_t info = { 0 };
	xen_commandline_t line = "";

	if (xc_physinfo(chariot_xc, &info))
		info.capabilities = 0;
	say(info.capabilities & XEN_SYSCTL_PHYSCAP_hap,
	    "Xen runs HVM guests with EPT",
	    "enable VT-x in the machine's firmware; Xen must not have hap=0");
	if (xc_version(chariot_xc, XENVER_commandline, &line) < 0)
		line[0] = '\0';
	line[sizeof(line) - 1] = '\0';
	say(has_word(line, "altp2m=1") || has_word(line, "altp2m"),
	    "Xen may give guests views",
	    "add altp2m=1 to Xen's command line, and restart the host");
	say(has_word(line, "no-ad") || has_word(line, "ad=0"),
	    "walks of page tables are no writes",
	    "add ept=no-ad to Xen's command line, and restart the host");
}

static void check_guest(const xc_domaininfo_t *info)
{
	char what[80];
	uint32_t port;
	void *ring;

	snprintf(what, sizeof(what), "guest %u may have views", info->domain);
	say(chariot_guest_has_views(info), what,
	    "set altp2m=\"external\" and shadow_memory in its xl.cfg, and create it again");
	if (!chariot_guest_has_views(info))
		return;
	snprintf(what, sizeof(what), "guest %u has no monitor yet, or this one", info->domain);
	if (chariot_guest_is_served(info->domain)) {
		say(true, what, "");
		return;
	}
	ring = xc_monitor_enable(chariot_xc, info->domain, &port);
	say(ring, what, errno == EBUSY ?
	    "another tool has its monitor ring; end that tool" : strerror(errno));
	if (ring)
		chariot_monitor_abandon(info->domain, ring);
}

int chariot_check(void)
{
	static xc_domaininfo_t infos[GUESTS_MAX];
	int i, n;

	check_xen();
	n = xc_domain_getinfolist(chariot_xc, 1, GUESTS_MAX, infos);
	for (i = 0; i < n; i++)
		if (!(infos[i].flags & XEN_DOMINF_dying) &&
		    chariot_vm_allowed(infos[i].domain))
			check_guest(&infos[i]);
	if (n <= 0)
		printf("       no guest runs\n");
	return all_well ? 0 : 1;
}
