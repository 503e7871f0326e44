/* SPDX-License-Identifier: GPL-2.0-only */
/* Loads a module isolated. User space, as root. */
#ifndef CHARIOT_LOAD_H
#define CHARIOT_LOAD_H

#include <stdbool.h>

#include <chariot/abi.h>
#include "uapi/chariot_dev.h"

struct kmod_ctx;

/* What became of a module. */
enum load_state {
	LOAD_FAILED,		/* not loaded */
	LOAD_ISOLATED,
	LOAD_UNPROTECTED,	/* loaded plainly, as --allow-unprotected asks */
	LOAD_PRESENT,		/* was loaded before */
	LOAD_SKIPPED,		/* a blacklist excludes it */
};

/**
 * struct load_request - what to load, and how
 * @target: a file, or with @by_name what modprobe takes
 * @parameters: joined by modules_join()
 * @policy: file that is the module's policy; NULL: the one that policy_find() finds
 * @no_policy: none at all
 * @done: called with the end of each module; @problem is NULL, or why it failed
 *	or is not isolated
 */
struct load_request {
	const char *target;
	const char *parameters;
	enum chariot_mode mode;
	enum chariot_heap heap;
	const char *policy;
	bool no_policy;
	bool by_name;
	bool first_time;
	bool allow_unprotected;
	bool verbose;
	void (*done)(const char *module, enum load_state state,
		     const char *problem, void *data);
	void *data;
};

struct policy;

/**
 * load_policy - read the policy of a module, as a request asks for
 * @module: its name
 * @policy: result; policy_free() it, also after an error
 * @found: result: there is one
 *
 * What is wrong with it is said on standard error.
 *
 * Return: 0, or -errno if there is one that is wrong or cannot be read.
 */
int load_policy(const struct load_request *request, const char *module,
		struct policy *policy, bool *found);

/**
 * load_module - load a module isolated, and what it needs plainly
 * @ctx: from modules_open()
 *
 * Everything that goes wrong is said on standard error, in kmod's words where
 * kmod has some. On failure nothing of the module stays behind; what it needed
 * stays loaded, as with modprobe.
 *
 * Return: 0 or -errno.
 */
int load_module(struct kmod_ctx *ctx, const struct load_request *request);

/**
 * load_chariot_problem - why chariot.ko could not be loaded, and what to do
 * @err: what modules_load_quietly() or insmod returned
 *
 * Return: one line of text in a static buffer.
 */
const char *load_chariot_problem(int err);

#endif /* CHARIOT_LOAD_H */
