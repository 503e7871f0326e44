// SPDX-License-Identifier: GPL-2.0-only
/*
 * chariot: shows and controls isolated drivers; finds the command and runs it.
 * Runs in user space, mostly as root.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "lib/message.h"
#include "uapi/chariot_dev.h"

static const struct {
	const char *name, *arguments, *text;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "status", "[--json]", "the isolated drivers", cmd_status },
	{ "regions", "[--objects] [--json] MODULE",
	  "what a driver may write, or its allocations", cmd_regions },
	{ "report", "[--json] [--follow | --summary] [--module-file FILE] [MODULE]",
	  "the violations", cmd_report },
	{ "policy", "learn MODULE | check FILE...",
	  "what a driver may write besides: from what it wrote", cmd_policy },
	{ "doctor", "[--json]", "is all there that Chariot needs?", cmd_doctor },
	{ "mode", "MODULE audit|enforce", "what becomes of forbidden writes",
	  cmd_mode },
};

#define COMMANDS	(sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *out)
{
	size_t i;

	fputs("Usage: chariot COMMAND [arguments]\n"
	      "       chariot --help | --version\n"
	      "\n"
	      "Shows and controls drivers that chariot-insmod isolated.\n"
	      "\n", out);
	for (i = 0; i < COMMANDS; i++)
		fprintf(out, "  %s %s\n        %s\n", commands[i].name,
			commands[i].arguments, commands[i].text);
	fputs("\n'chariot COMMAND --help' says more. Exit status: 0, 1 if it failed or all is\n"
	      "not well, 2 if the arguments are wrong.\n", out);
}

const char *command_name(const char *given)
{
	static char name[CHARIOT_NAME_LEN];
	size_t i, length = strlen(given);

	if (!length || length >= sizeof(name) || strchr(given, '/') ||
	    given[0] == '.')
		return NULL;
	for (i = 0; i <= length; i++)
		name[i] = given[i] == '-' ? '_' : given[i];
	return name;
}

void command_json(struct json_object *json, bool pretty)
{
	puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_NOSLASHESCAPE |
					    (pretty ? JSON_C_TO_STRING_PRETTY :
						      JSON_C_TO_STRING_PLAIN)));
	json_object_put(json);
}

int main(int argc, char **argv)
{
	static char program[32];
	size_t i;
	int status;

	message_program = "chariot";
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		usage(stdout);
		return EXIT_SUCCESS;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("chariot " CHARIOT_VERSION);
		return EXIT_SUCCESS;
	}
	for (i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		/* getopt_long() begins its messages with it. */
		snprintf(program, sizeof(program), "chariot %s",
			 commands[i].name);
		argv[1] = program;
		status = commands[i].run(argc - 1, argv + 1);
		if (fflush(stdout) || ferror(stdout))
			return EXIT_FAILURE;
		return status;
	}
	message_error("unknown command '%s'. See chariot --help.", argv[1]);
	return EXIT_USAGE;
}
