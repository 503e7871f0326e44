/* SPDX-License-Identifier: GPL-2.0-only */
/* The guests of the host, and the process that serves one. */
#ifndef CHARIOT_XEN_GUESTS_H
#define CHARIOT_XEN_GUESTS_H

#include <signal.h>

/* --- guests.c: all of them */

/* Xenstore's word of guests that come and go; 0 or -errno. */
int chariot_guests_open(void);
/*
 * Until *ending; 0 or -errno. SIGCHLD and the signals that set *ending are blocked but
 * for @while_waiting.
 */
int chariot_guests_serve(const volatile sig_atomic_t *ending,
			 const sigset_t *while_waiting);
/* Leaves each guest without isolation, and running. */
void chariot_guests_end(void);
/* Can Xen give it views at all? */
bool chariot_guest_has_views(const xc_domaininfo_t *info);

/* --- guest.c: one, in a process of its own */

enum chariot_guest_end {
	CHARIOT_GUEST_GONE,
	CHARIOT_GUEST_LATER,		/* it cannot be served yet */
	CHARIOT_GUEST_REFUSED,		/* another tool has its monitor */
};

/* This process's xenstore; 0 or -errno. */
int chariot_guest_open(void);
/* Serve it until it has gone or *ending; an enum chariot_guest_end. */
int chariot_guest_serve(u32 domid, const volatile sig_atomic_t *ending,
			const sigset_t *while_waiting);
/* By a chariot-xend that lives. */
bool chariot_guest_is_served(u32 domid);

/* --- main.c */

/* What a process needs of Xen; NULL, or what is missing, and errno says why. */
const char *chariot_open_xen(void);

#endif /* CHARIOT_XEN_GUESTS_H */
