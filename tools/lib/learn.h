/* SPDX-License-Identifier: GPL-2.0-only */
/* A policy from what a module was seen to write. User space. */
#ifndef CHARIOT_LEARN_H
#define CHARIOT_LEARN_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "member.h"
#include "types.h"
#include "uapi/chariot_dev.h"

#define LEARN_TEXT	(MEMBER_TEXT + 160)

/**
 * struct learned - a function that writes something
 * @line: of the policy, "struct sk_buff.len"; or, with @why, for people
 * @function: of the driver
 * @times: how often
 * @fields: if it is a byte of bit fields: their names
 * @why: why it is no line of a policy; NULL: it is one
 */
struct learned {
	char line[LEARN_TEXT];
	char function[CHARIOT_TEXT_LEN];
	uint64_t times;
	char fields[160];
	const char *why;
};

/**
 * struct learning - all that was seen of one module
 * @types: of the kernel and the module; NULL: nothing is known
 */
struct learning {
	const struct types *types;
	struct learned *learned;
	size_t count;
	uint64_t violations;
	int err;
};

/**
 * learn_violation - take a violation into account
 * @violation: from violation_parse()
 *
 * Of what goes wrong the first is kept in @learning->err.
 */
void learn_violation(struct learning *learning,
		     const struct chariot_violation *violation);

/**
 * learn_read - take all violations of a module that the kernel keeps
 * @fd: /dev/chariot, opened with O_NONBLOCK
 * @module: its name
 * @lost: result: reports that were lost
 *
 * Return: 0 or -errno; -EPROTO for what is no record.
 */
int learn_read(struct learning *learning, int fd, const char *module,
	       uint64_t *lost);

/* Order what was learned: lines of a policy first, then by what was written. */
void learn_sort(struct learning *learning);

/**
 * learn_print - what was learned as a policy
 * @module: its name
 * @release: of the kernel, for its head
 *
 * Return: lines in it that are no comments.
 */
size_t learn_print(struct learning *learning, const char *module,
		   const char *release, FILE *out);
void learn_free(struct learning *learning);

#endif /* CHARIOT_LEARN_H */
