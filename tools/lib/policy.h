/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies: files that say what a module may write beyond what its plan gives it,
 * see chariot-policy(5). User space; files and BTF are not trusted.
 */
#ifndef CHARIOT_POLICY_H
#define CHARIOT_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "member.h"
#include "plan_block.h"
#include "types.h"

#define POLICY_SIZE_MAX		(256u << 10)	/* bytes of a file */
#define POLICY_LINE_MAX		1024u		/* bytes of a line */
#define POLICY_LINES_MAX	4096u		/* that are no comments */

/* Before the shipped ones: the first file of a module's name is its policy. */
#define POLICY_FOLDER		"/etc/chariot/policy.d"
#ifndef POLICY_SHIPPED
#define POLICY_SHIPPED		"/usr/lib/chariot/policy.d"
#endif

enum policy_verb { POLICY_WRITE, POLICY_PAGES };

/* What became of a line. */
enum policy_state {
	POLICY_UNKNOWN,		/* not looked at */
	POLICY_WRONG,
	POLICY_NOT_HANDED,	/* the module is handed no such structure */
	POLICY_GRANTED,
};

/**
 * struct policy_line - a line that is no comment
 * @number: in the file, from 1
 * @verb: what it says
 * @name: of which bytes
 * @state: by policy_check() or policy_apply()
 * @place: by these: where the bytes are
 */
struct policy_line {
	unsigned int number;
	enum policy_verb verb;
	struct member_name name;
	enum policy_state state;
	struct member_place place;
};

/**
 * struct policy_listener - who is told what is wrong with a policy
 * @wrong: or only strange
 * @text: "FILE:LINE: what is wrong", printable
 */
struct policy_listener {
	void (*tell)(bool wrong, const char *text, void *data);
	void *data;
};

/**
 * struct policy - the lines of a file
 * @wrong: what was wrong up to now, each told to @listener
 */
struct policy {
	char *file;
	struct policy_line *lines;
	size_t count;
	unsigned int wrong;
	struct policy_listener listener;
};

/**
 * policy_parse - read a policy
 * @file: its name, for messages
 * @policy: result, without what is wrong; policy_free() it, also after an error
 *
 * Return: 0, -EINVAL if a line is wrong, -ENOMEM.
 */
int policy_parse(const char *file, const char *bytes, size_t size,
		 const struct policy_listener *listener,
		 struct policy *policy);
/* The same from a file; or -errno, which is told too. */
int policy_open(const char *file, const struct policy_listener *listener,
		struct policy *policy);
void policy_free(struct policy *policy);

/**
 * policy_find - the file that is a module's policy
 * @module: its name; in that of the file '-' stands for '_'
 * @path: result
 *
 * Return: false if there is none.
 */
bool policy_find(const char *module, char *path, size_t room);

/**
 * policy_check - hold the lines against types
 * @types: of the kernel and, for those of its own, the module
 *
 * Return: 0, or -EINVAL if a line is wrong.
 */
int policy_check(struct policy *policy, const struct types *types);

/**
 * policy_apply - make the lines part of a plan
 * @block: the plan; its grants are added
 *
 * Return: 0, -EINVAL if a line is wrong (the others are in the plan), -ENOSPC,
 * -ENOMEM.
 */
int policy_apply(struct policy *policy, const struct types *types,
		 struct plan_block *block);

/* "struct sk_buff.len", printable; MEMBER_TEXT + 140 bytes suffice. */
void policy_line_text(const struct policy_line *line, char *text, size_t room);

/* Tell the listener that a line (0: all of it) is wrong, or strange. */
void policy_tell(struct policy *policy, bool wrong, unsigned int line,
		 const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif /* CHARIOT_POLICY_H */
