/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands of chariot(8), a file each. User space. */
#ifndef CHARIOT_COMMANDS_H
#define CHARIOT_COMMANDS_H

#include <stdbool.h>

struct json_object;

#define EXIT_USAGE	2	/* the arguments are wrong */

/*
 * Each is called with argv[0] being its own name, and returns the exit status:
 * EXIT_SUCCESS, EXIT_FAILURE or EXIT_USAGE, after a message.
 */
int cmd_status(int argc, char **argv);
int cmd_regions(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_policy(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_mode(int argc, char **argv);

/**
 * report_summary - which functions of a driver wrote what, and how often
 * @module: its name, from command_name()
 * @module_file: its file; NULL: where modprobe looks
 *
 * Return: 0, or -errno after a message.
 */
int report_summary(const char *module, const char *module_file, bool json);

/**
 * command_name - a module's name as the kernel writes it: '_' for '-'
 *
 * Return: text in a static buffer, or NULL if it can be no module's name.
 */
const char *command_name(const char *given);

/* Print a JSON document on standard output, and free it. */
void command_json(struct json_object *json, bool pretty);

#endif /* CHARIOT_COMMANDS_H */
