// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of policies, line by line; chariot-policy(5) describes them. Runs in user
 * space; a file may be anything.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy.h"
#include "printable.h"

#define TOLD_MAX	50u	/* wrong lines; more help nobody */
#define FIRST_ROOM	16u
#define SUFFIX		".policy"

void policy_tell(struct policy *policy, bool wrong, unsigned int line,
		 const char *format, ...)
{
	char text[MEMBER_WHY + POLICY_LINE_MAX + 512];
	size_t used;
	va_list args;

	policy->wrong += wrong;
	if (policy->wrong > TOLD_MAX || !policy->listener.tell)
		return;
	used = snprintf(text, sizeof(text), line ? "%.400s:%u: " : "%.400s: ",
			policy->file, line);
	va_start(args, format);
	vsnprintf(text + used, sizeof(text) - used, format, args);
	va_end(args);
	printable_clean(text, sizeof(text));
	policy->listener.tell(wrong, text, policy->listener.data);
	if (wrong && policy->wrong == TOLD_MAX)
		policy->listener.tell(wrong, "more is wrong, but not told",
				      policy->listener.data);
}

void policy_line_text(const struct policy_line *line, char *text, size_t room)
{
	snprintf(text, room, "%s%s%s", line->name.keyword, line->name.tag,
		 line->name.path);
	printable_clean(text, room);
}

/* --- lines -------------------------------------------------------------------- */

/* Room doubles whenever the count is a power of two of the first room. */
static struct policy_line *new_line(struct policy *policy)
{
	struct policy_line *bigger;
	size_t count = policy->count;

	if (!count || (count >= FIRST_ROOM && !(count & (count - 1)))) {
		bigger = reallocarray(policy->lines,
				      count ? 2 * count : FIRST_ROOM,
				      sizeof(*bigger));
		if (!bigger)
			return NULL;
		policy->lines = bigger;
	}
	bigger = &policy->lines[count];
	memset(bigger, 0, sizeof(*bigger));
	return bigger;
}

/* The word at the beginning of *@text, which goes on behind it. */
static bool take_word(const char **text, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*text, word, length) ||
	    ((*text)[length] && !isblank((unsigned char)(*text)[length])))
		return false;
	*text += length;
	while (isblank((unsigned char)**text))
		(*text)++;
	return true;
}

/* @text: without comments, and blanks at its ends; not empty */
static int parse_statement(struct policy *policy, unsigned int number,
			   const char *text)
{
	struct policy_line *line = new_line(policy);
	const char *statement = text;
	char why[MEMBER_WHY];

	if (!line)
		return -ENOMEM;
	line->number = number;
	if (take_word(&text, "granularity")) {
		line->verb = POLICY_PAGES;
		if (!take_word(&text, "page")) {
			policy_tell(policy, true, number,
				    "behind 'granularity' only 'page' is possible, not '%s'",
				    text);
			return 0;
		}
	} else if (!take_word(&text, "write")) {
		policy_tell(policy, true, number,
			    "'%.*s' is not known: 'write' and 'granularity' are possible",
			    (int)strcspn(statement, " \t"), statement);
		return 0;
	}
	if (!member_parse(text, &line->name, why))
		policy_tell(policy, true, number, "%s", why);
	else if (policy->count == POLICY_LINES_MAX)
		policy_tell(policy, true, number,
			    "a policy has %u lines at most", POLICY_LINES_MAX);
	else
		policy->count++;
	return 0;
}

/* Anything may stand in comments, but what steers terminals. */
static bool has_control(const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\t')
			return true;
	return memchr(text, 0x7f, length);
}

static int parse_line(struct policy *policy, unsigned int number,
		      const char *text, size_t length)
{
	char line[POLICY_LINE_MAX + 1];
	size_t start = 0;

	if (length > POLICY_LINE_MAX) {
		policy_tell(policy, true, number,
			    "a line has %u bytes at most", POLICY_LINE_MAX);
		return 0;
	}
	if (has_control(text, length)) {
		policy_tell(policy, true, number,
			    "there is a control character in this line: a policy is plain text, its lines ended by LF alone");
		return 0;
	}
	memcpy(line, text, length);
	line[length] = '\0';
	length = strcspn(line, "#");
	while (length && isblank((unsigned char)line[length - 1]))
		length--;
	line[length] = '\0';
	while (isblank((unsigned char)line[start]))
		start++;
	return line[start] ? parse_statement(policy, number, line + start) : 0;
}

int policy_parse(const char *file, const char *bytes, size_t size,
		 const struct policy_listener *listener,
		 struct policy *policy)
{
	const char *end;
	size_t length;
	unsigned int number;
	int err = 0;

	memset(policy, 0, sizeof(*policy));
	if (listener)
		policy->listener = *listener;
	policy->file = strdup(file);
	if (!policy->file)
		return -ENOMEM;
	if (size > POLICY_SIZE_MAX) {
		policy_tell(policy, true, 0, "a policy has %u bytes at most",
			    POLICY_SIZE_MAX);
		return -EINVAL;
	}
	for (number = 1; !err && size; number++) {
		end = memchr(bytes, '\n', size);
		length = end ? (size_t)(end - bytes) : size;
		err = parse_line(policy, number, bytes, length);
		length += end != NULL;
		bytes += length;
		size -= length;
	}
	return err ? err : policy->wrong ? -EINVAL : 0;
}

void policy_free(struct policy *policy)
{
	free(policy->file);
	free(policy->lines);
	memset(policy, 0, sizeof(*policy));
}

/* --- files -------------------------------------------------------------------- */

/* One byte more than a policy may have is enough to know. */
static ssize_t read_file(const char *file, char *bytes, size_t room)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got = 1, size = 0;
	struct stat status;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status))
		size = -errno;
	else if (S_ISDIR(status.st_mode))
		size = -EISDIR;
	while (size >= 0 && got && (size_t)size < room) {
		got = read(fd, bytes + size, room - size);
		if (got >= 0)
			size += got;
		else if (errno != EINTR)
			size = -errno;
	}
	close(fd);
	return size;
}

int policy_open(const char *file, const struct policy_listener *listener,
		struct policy *policy)
{
	char *bytes = malloc(POLICY_SIZE_MAX + 1);
	ssize_t size;
	int err;

	memset(policy, 0, sizeof(*policy));
	if (!bytes)
		return -ENOMEM;
	size = read_file(file, bytes, POLICY_SIZE_MAX + 1);
	err = policy_parse(file, bytes, size < 0 ? 0 : size, listener, policy);
	if (!err && size < 0) {
		policy_tell(policy, true, 0, "%s", strerror(-size));
		err = size;
	}
	free(bytes);
	return err;
}

/* Is it the policy of that module? */
static bool is_of(const char *file, const char *module)
{
	size_t i, length = strlen(module);

	for (i = 0; i < length; i++)
		if (file[i] != module[i] &&
		    !(file[i] == '-' && module[i] == '_'))
			return false;
	return !strcmp(file + length, SUFFIX);
}

/* Of several in one folder the first by name, so that it is always the same. */
static bool find_in(const char *folder, const char *module, char *path,
		    size_t room)
{
	char best[NAME_MAX + 1] = "";
	struct dirent *entry;
	DIR *open = opendir(folder);

	while (open && (entry = readdir(open)))
		if (is_of(entry->d_name, module) &&
		    (!*best || strcmp(entry->d_name, best) < 0))
			snprintf(best, sizeof(best), "%s", entry->d_name);
	if (open)
		closedir(open);
	return *best &&
	       snprintf(path, room, "%s/%s", folder, best) < (int)room;
}

bool policy_find(const char *module, char *path, size_t room)
{
	return find_in(POLICY_FOLDER, module, path, room) ||
	       find_in(POLICY_SHIPPED, module, path, room);
}
