/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Serving a guest's calls: copies in once, checks, has the backend do it, copies
 * out. Portable core; trusts nothing that a call brings.
 */
#ifndef CHARIOT_CORE_SERVE_H
#define CHARIOT_CORE_SERVE_H

#include "env.h"

/* Room for the private copy of a page that the guest sent. */
union chariot_call_page {
	struct chariot_batch batch;
	struct chariot_frame_map map;
	struct chariot_walk_alias alias;
};

/**
 * struct chariot_call_ops - what a backend does for a call
 * @read: copy from guest memory, within one page; false if it is none
 * @write: copy to guest memory, likewise
 * @is_memory: could @write() write there?
 * @hello: begin anew; @h has the guest's words, and gets all that goes out but the
 *	revision
 * @domain_create: sets @c->domain
 * @region_update: sets @b->done; each region is still to be checked
 * @entry_word: NULL: the guest cannot change views
 *
 * @from is the backend's own word for the guest and the virtual CPU that calls.
 * What is given to the others has been checked, as far as core/request.c can;
 * they return 0 or the negative errno that abi.h gives for the call.
 */
struct chariot_call_ops {
	bool (*read)(void *from, u64 gpa, void *to, u64 size);
	bool (*write)(void *from, u64 gpa, const void *data, u64 size);
	bool (*is_memory)(void *from, u64 gpa);
	int (*hello)(void *from, struct chariot_hello *h);
	int (*domain_create)(void *from, struct chariot_domain_create *c);
	int (*domain_control)(void *from, u32 id, u32 state, u32 mode);
	int (*domain_destroy)(void *from, u32 id);
	int (*region_update)(void *from, struct chariot_batch *b);
	int (*record_next)(void *from, struct chariot_record *rec);
	int (*domain_stats)(void *from, u32 id, struct chariot_stats *s);
	int (*watch_map)(void *from, const struct chariot_frame_map *map);
	int (*page_release)(void *from, u64 gpa, u64 size);
	int (*walk_alias)(void *from, const struct chariot_walk_alias *a);
	int (*entry_word)(void *from, u64 gpa);
	int (*record_settle)(void *from, u64 seq);
};

/**
 * chariot_call_serve - serve a call of a guest's
 * @ops: the backend
 * @from: handed to @ops
 * @greeted: has this guest said HELLO? Changed by that.
 * @page: room, nobody else's during the call
 * @nr: enum chariot_call_nr
 * @a1: first argument
 * @a2: second argument
 * @a3: third argument
 *
 * Context: calls of one guest come one at a time.
 * Returns what the guest gets: 0, a positive value or a negative errno.
 */
long chariot_call_serve(const struct chariot_call_ops *ops, void *from,
			bool *greeted, union chariot_call_page *page, u64 nr,
			u64 a1, u64 a2, u64 a3);

#endif /* CHARIOT_CORE_SERVE_H */
