// SPDX-License-Identifier: GPL-2.0-only
/*
 * The isolated drivers as sysfs shows them: a folder each, a file an attribute.
 * Runs in user space; shows whatever attributes this chariot.ko has.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers.h"
#include "printable.h"

static int open_under(int folder, const char *name, int flags)
{
	int fd = openat(folder, name, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A name that could lead out of the folder is no driver's name. */
static bool is_plain_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/');
}

static void read_attribute(int folder, const char *name, struct driver *driver)
{
	struct driver_attribute *attribute = &driver->attributes[driver->count];
	struct stat status;
	ssize_t got;
	int fd;

	if (driver->count == DRIVER_ATTRIBUTES ||
	    strlen(name) >= sizeof(attribute->name) ||
	    fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISREG(status.st_mode))
		return;
	fd = open_under(folder, name, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return;
	got = read(fd, attribute->value, sizeof(attribute->value) - 1);
	close(fd);
	if (got < 0)
		return;
	attribute->value[got] = '\0';
	attribute->value[strcspn(attribute->value, "\n")] = '\0';
	printable_clean(attribute->value, sizeof(attribute->value));
	printable_copy(attribute->name, sizeof(attribute->name), name);
	driver->count++;
}

static int by_attribute(const void *a, const void *b)
{
	return strcmp(((const struct driver_attribute *)a)->name,
		      ((const struct driver_attribute *)b)->name);
}

static int read_driver(int root, const char *name, struct driver *driver)
{
	int folder = open_under(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	struct dirent *entry;
	DIR *stream;

	if (folder < 0)
		return folder;
	stream = fdopendir(folder);
	if (!stream) {
		close(folder);
		return -ENOMEM;
	}
	memset(driver, 0, sizeof(*driver));
	printable_copy(driver->name, sizeof(driver->name), name);
	while ((entry = readdir(stream)))
		if (is_plain_name(entry->d_name))
			read_attribute(folder, entry->d_name, driver);
	closedir(stream);
	if (driver->count)
		qsort(driver->attributes, driver->count,
		      sizeof(driver->attributes[0]), by_attribute);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct driver *)a)->name,
		      ((const struct driver *)b)->name);
}

int drivers_read(const char *root, struct driver **drivers, size_t *count)
{
	DIR *stream = opendir(root);
	struct driver *grown;
	struct dirent *entry;
	int err = 0;

	*drivers = NULL;
	*count = 0;
	if (!stream)
		return -errno;
	while ((entry = readdir(stream))) {
		if (!is_plain_name(entry->d_name))
			continue;
		grown = reallocarray(*drivers, *count + 1, sizeof(*grown));
		if (!grown) {
			err = -ENOMEM;
			break;
		}
		*drivers = grown;
		/* Files there, and drivers that just left, are no error. */
		if (!read_driver(dirfd(stream), entry->d_name, grown + *count))
			++*count;
	}
	closedir(stream);
	if (err) {
		free(*drivers);
		*drivers = NULL;
		*count = 0;
		return err;
	}
	if (*count)
		qsort(*drivers, *count, sizeof(**drivers), by_name);
	return 0;
}

const char *driver_value(const struct driver *driver, const char *attribute)
{
	size_t i;

	for (i = 0; i < driver->count; i++)
		if (!strcmp(driver->attributes[i].name, attribute))
			return driver->attributes[i].value;
	return NULL;
}

bool driver_exists(const char *root, const char *name)
{
	char path[512];
	int length = snprintf(path, sizeof(path), "%s/%s", root, name);
	struct stat status;

	return is_plain_name(name) && (size_t)length < sizeof(path) &&
	       !stat(path, &status) && S_ISDIR(status.st_mode);
}

int driver_write(const char *root, const char *name, const char *attribute,
		 const char *value)
{
	size_t length = strlen(value);
	char path[512];
	ssize_t done;
	int fd, err = 0;

	if (!is_plain_name(name) ||
	    (size_t)snprintf(path, sizeof(path), "%s/%s/%s", root, name,
			     attribute) >= sizeof(path))
		return -EINVAL;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	done = write(fd, value, length);
	if (done != (ssize_t)length)
		err = done < 0 ? -errno : -EIO;
	close(fd);
	return err;
}
