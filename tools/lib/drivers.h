/* SPDX-License-Identifier: GPL-2.0-only */
/* The isolated drivers as sysfs shows them. User space. */
#ifndef CHARIOT_DRIVERS_H
#define CHARIOT_DRIVERS_H

#include <stdbool.h>
#include <stddef.h>

#define DRIVER_ATTRIBUTES	32

struct driver_attribute {
	char name[32];
	char value[64];
};

struct driver {
	char name[64];
	struct driver_attribute attributes[DRIVER_ATTRIBUTES];
	size_t count;
};

/**
 * drivers_read - the drivers and all their attributes, by name
 * @root: CHARIOT_SYSFS, or a folder like it
 * @drivers: result, for free(3)
 * @count: result
 *
 * Return: 0 or -errno; -ENOENT if chariot.ko is not loaded.
 */
int drivers_read(const char *root, struct driver **drivers, size_t *count);

/* An attribute's value, or NULL if the kernel doesn't give it. */
const char *driver_value(const struct driver *driver, const char *attribute);

/* Is a driver of this name isolated? */
bool driver_exists(const char *root, const char *name);

/**
 * driver_write - change an attribute
 *
 * Return: 0 or -errno; -ENOENT if there is no such driver or attribute.
 */
int driver_write(const char *root, const char *name, const char *attribute,
		 const char *value);

#endif /* CHARIOT_DRIVERS_H */
