// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for the kernel in tests of the commands, by LD_PRELOAD: files of
 * sysfs, /dev and modprobe come from $FAKE_ROOT, loading a module is an entry
 * in $FAKE_ROOT/log, and /dev/chariot answers as the environment says.
 *
 *   FAKE_BACKEND_ERRNO	what chariot_info.backend_errno says (default 0)
 *   FAKE_FEATURES	chariot_info.features (default 7)
 *   FAKE_ARM_ERRNO	what arming fails with
 *   FAKE_PLAN_ERRNO	what giving a plan fails with
 *   FAKE_BLIND		chariot.ko doesn't notice the load
 *   $FAKE_ROOT/fail/NAME	errno with which loading NAME fails
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chariot/abi.h>
#include "uapi/chariot_dev.h"

static char armed[CHARIOT_NAME_LEN];

static const char *const redirected[] = {
	"/sys/module", "/sys/kernel/chariot", "/sys/kernel/btf",
	"/etc/chariot", "/usr/lib/chariot", "/dev/chariot", "/proc/modules",
	"/proc/cmdline", "/lib/modules", "/etc/modprobe.d", "/run/modprobe.d",
	"/lib/modprobe.d", "/usr/lib/modprobe.d", "/usr/local/lib/modprobe.d",
};

static const char *number(const char *name, const char *otherwise)
{
	return getenv(name) ? getenv(name) : otherwise;
}

static const char *fake(const char *path)
{
	static char full[4][1024];
	static int turn;
	char *to = full[turn = (turn + 1) % 4];
	size_t i, length;

	for (i = 0; i < sizeof(redirected) / sizeof(redirected[0]); i++) {
		length = strlen(redirected[i]);
		if (strncmp(path, redirected[i], length) ||
		    (path[length] && path[length] != '/'))
			continue;
		snprintf(to, 1024, "%s%s", getenv("FAKE_ROOT"), path);
		return to;
	}
	return path;
}

static void note(const char *format, ...)
{
	char path[512];
	va_list args;
	FILE *log;

	snprintf(path, sizeof(path), "%s/log", getenv("FAKE_ROOT"));
	log = fopen(path, "a");
	va_start(args, format);
	vfprintf(log, format, args);
	va_end(args);
	fclose(log);
}

/* --- files ----------------------------------------------------------------- */

#define REAL(name)	((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPEN(name)							\
int name(const char *path, int flags, ...)				\
{									\
	va_list args;							\
	mode_t mode;							\
									\
	va_start(args, flags);						\
	mode = va_arg(args, mode_t);					\
	va_end(args);							\
	return REAL(name)(fake(path), flags, mode);			\
}
OPEN(open)
OPEN(open64)

#define OPENAT(name)							\
int name(int folder, const char *path, int flags, ...)			\
{									\
	va_list args;							\
	mode_t mode;							\
									\
	va_start(args, flags);						\
	mode = va_arg(args, mode_t);					\
	va_end(args);							\
	return REAL(name)(folder, fake(path), flags, mode);		\
}
OPENAT(openat)
OPENAT(openat64)

FILE *fopen(const char *path, const char *mode)
{
	return REAL(fopen)(fake(path), mode);
}

FILE *fopen64(const char *path, const char *mode)
{
	return REAL(fopen64)(fake(path), mode);
}

DIR *opendir(const char *path)
{
	/* cppcheck-suppress CastIntegerToAddressAtReturn ; it does not know typeof */
	return REAL(opendir)(fake(path));
}

int access(const char *path, int mode)
{
	return REAL(access)(fake(path), mode);
}

int stat(const char *restrict path, struct stat *restrict status)
{
	return REAL(stat)(fake(path), status);
}

int stat64(const char *restrict path, struct stat64 *restrict status)
{
	return REAL(stat64)(fake(path), status);
}

/* --- /dev/chariot ---------------------------------------------------------- */

static int result(int err)
{
	if (!err)
		return 0;
	errno = err;
	return -1;
}

static int info(struct chariot_info *to)
{
	*to = (struct chariot_info) {
		.revision = atoi(number("FAKE_REVISION", "1")),
		.abi_revision = CHARIOT_ABI_REVISION,
		.features = atoi(number("FAKE_FEATURES", "7")),
		.max_domains = 31,
		.backend_errno = atoi(number("FAKE_BACKEND_ERRNO", "0")),
		.backend = "fake",
	};
	return 0;
}

static int arm(const struct chariot_arm *from)
{
	int err = atoi(number("FAKE_ARM_ERRNO", "0"));

	note("arm %s mode %u heap %u%s\n", from->name, from->mode, from->heap,
	     err ? " fails" : "");
	if (!err)
		strcpy(armed, from->name);
	return result(err);
}

/* Only the header is looked at: test_plan_types.c checks the rest. */
static int plan(const struct chariot_plan_block *block)
{
	const struct chariot_plan_header *header =
		(void *)(uintptr_t)block->address;
	int err = atoi(number("FAKE_PLAN_ERRNO", "0"));
	char grants[32] = "";

	if (header->grants)
		snprintf(grants, sizeof(grants), " grants %u", header->grants);
	note("plan%s%s%s%s\n", grants, armed[0] ? "" : " too early",
	     block->reserved || header->size != block->size ||
	     header->revision != CHARIOT_PLAN_REVISION ? " damaged" : "",
	     err ? " fails" : "");
	return result(err);
}

/* 300 entries, so that several pieces are needed. */
static int list(struct chariot_listing *listing)
{
	struct chariot_entry *to = (void *)(uintptr_t)listing->entries;
	char path[256];
	uint32_t i;

	snprintf(path, sizeof(path), CHARIOT_SYSFS "/%s", listing->name);
	if (access(path, F_OK))
		return result(ENOENT);
	for (i = 0; i < listing->count && listing->cursor < 300; i++) {
		memset(&to[i], 0, sizeof(to[i]));
		to[i].gpa = listing->cursor++ * 4096;
		to[i].size = 4096;
		to[i].kind = CHARIOT_KIND_DATA;
		to[i].rights = CHARIOT_RIGHT_WRITE;
		memset(to[i].site, 0xff, sizeof(to[i].site));
		strcpy(to[i].family, "kmalloc");
	}
	listing->count = i;
	return 0;
}

int ioctl(int fd, unsigned long code, ...)
{
	va_list args;
	void *argument;

	va_start(args, code);
	argument = va_arg(args, void *);
	va_end(args);
	switch (code) {
	case CHARIOT_IOC_INFO:
		return info(argument);
	case CHARIOT_IOC_ARM:
		return arm(argument);
	case CHARIOT_IOC_DISARM:
		note("disarm\n");
		armed[0] = '\0';
		return 0;
	case CHARIOT_IOC_LAYOUT:
		note("layout\n");
		return 0;
	case CHARIOT_IOC_PLAN:
		return plan(argument);
	case CHARIOT_IOC_LIST:
		return list(argument);
	default:
		return REAL(ioctl)(fd, code, argument);
	}
}

/* --- modules --------------------------------------------------------------- */

static void put(const char *format, const char *name, const char *text)
{
	char path[512], command[700];
	FILE *file;

	snprintf(path, sizeof(path), format, getenv("FAKE_ROOT"), name);
	snprintf(command, sizeof(command), "mkdir -p \"$(dirname '%s')\"", path);
	if (system(command))
		abort();
	file = fopen(path, "w");
	fputs(text, file);
	fclose(file);
}

static int insert(const char *image, size_t size, const char *parameters)
{
	const char *at = memmem(image, size, "\0name=", 6);
	char name[64] = "?", path[512], text[16] = "0";
	FILE *file;

	if (at)
		snprintf(name, sizeof(name), "%s", at + 6);
	snprintf(path, sizeof(path), "%s/fail/%s", getenv("FAKE_ROOT"), name);
	file = fopen(path, "r");
	if (file) {
		if (!fgets(text, sizeof(text), file))
			text[0] = '\0';
		fclose(file);
	}
	note("insert %s [%s]%s%s\n", name, parameters,
	     strcmp(name, armed) ? "" : " armed", atoi(text) ? " fails" : "");
	if (atoi(text))
		return result(atoi(text));
	put("%s/sys/module/%s/initstate", name, "live\n");
	if (!strcmp(name, "chariot"))
		put("%s/dev/chariot%.0s", name, "");
	if (!strcmp(name, armed) && !getenv("FAKE_BLIND"))
		put("%s/sys/kernel/chariot/%s/mode", name, "enforce\n");
	return 0;
}

int init_module(void *image, unsigned long size, const char *parameters);
int init_module(void *image, unsigned long size, const char *parameters)
{
	return insert(image, size, parameters);
}

int delete_module(const char *name, unsigned int flags);
int delete_module(const char *name, unsigned int flags)
{
	char command[700];

	note("remove %s%s\n", name, flags & O_NONBLOCK ? "" : " (waits)");
	snprintf(command, sizeof(command), "rm -r '%s/sys/module/%s'",
		 getenv("FAKE_ROOT"), name);
	return system(command) ? result(EIO) : 0;
}

long syscall(long code, ...)
{
	long a[6];
	va_list args;
	char *image;
	ssize_t size;
	int i, err;

	va_start(args, code);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (code != SYS_finit_module)
		return REAL(syscall)(code, a[0], a[1], a[2], a[3], a[4], a[5]);
	image = malloc(1 << 20);
	size = pread(a[0], image, 1 << 20, 0);
	err = insert(image, size < 0 ? 0 : size, (const char *)a[1]);
	free(image);
	return err;
}
