// SPDX-License-Identifier: GPL-2.0-only
/*
 * What modprobe and insmod do, step by step, over libkmod: a module to isolate
 * needs something done right before and after its own step.
 * Runs in user space as root; trusts modprobe.d.
 */
#include <errno.h>
#include <libkmod.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>

#include "message.h"
#include "modules.h"

static void log_kmod(void *data, int priority, const char *file, int line,
		     const char *function, const char *format, va_list args)
{
	char text[512];
	size_t length;

	(void)data;
	(void)file;
	(void)line;
	length = vsnprintf(text, sizeof(text), format, args);
	if (length >= sizeof(text))
		length = sizeof(text) - 1;
	while (length && text[length - 1] == '\n')
		text[--length] = '\0';
	if (priority <= LOG_ERR)
		message_error("%s() %s", function, text);
	else
		message_note("%s() %s", function, text);
}

struct kmod_ctx *modules_open(int verbose)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);

	if (!ctx) {
		message_error("kmod_new() failed!");
		return NULL;
	}
	kmod_set_log_fn(ctx, log_kmod, NULL);
	kmod_set_log_priority(ctx, LOG_WARNING + verbose);
	kmod_load_resources(ctx);
	return ctx;
}

int modules_each(struct kmod_ctx *ctx, const char *name,
		 int (*each)(struct kmod_module *module, void *data),
		 void *data)
{
	struct kmod_list *list = NULL, *entry;
	struct kmod_module *module;
	int err, result = 0;

	err = kmod_module_new_from_lookup(ctx, name, &list);
	if (!err && !list)
		err = -ENOENT;
	if (err) {
		fprintf(stderr, "%s: FATAL: Module %s not found in directory %s\n",
			message_program, name, kmod_get_dirname(ctx));
		return err;
	}
	kmod_list_foreach(entry, list) {
		module = kmod_module_get_module(entry);
		err = each(module, data);
		kmod_module_unref(module);
		if (!result)
			result = err;
	}
	kmod_module_unref_list(list);
	return result;
}

bool modules_in_kernel(const struct kmod_module *module)
{
	int state = kmod_module_get_initstate(module);

	return state == KMOD_MODULE_LIVE || state == KMOD_MODULE_BUILTIN;
}

/* libkmod gives its dry run's callback no data. */
static struct module_steps *steps_now;

static void note_step(struct kmod_module *module, bool install,
		      const char *options)
{
	struct module_steps *steps = steps_now;
	struct module_step *step;

	step = reallocarray(steps->step, steps->count + 1, sizeof(*step));
	if (!step) {
		steps->failed = true;
		return;
	}
	steps->step = step;
	step += steps->count++;
	*step = (struct module_step) {
		.module = kmod_module_ref(module),
		.options = strdup(options),
		.command = install,
	};
	if (!step->options)
		steps->failed = true;
}

static bool in_list(const struct kmod_list *list,
		    const struct kmod_module *module)
{
	const struct kmod_list *entry;
	struct kmod_module *other;
	bool same = false;

	kmod_list_foreach(entry, list) {
		other = kmod_module_get_module(entry);
		same = other == module;
		kmod_module_unref(other);
		if (same)
			break;
	}
	return same;
}

int modules_steps(struct kmod_module *target, const char *parameters,
		  struct module_steps *steps)
{
	struct kmod_list *needed;
	size_t i;
	int err;

	memset(steps, 0, sizeof(*steps));
	steps_now = steps;
	err = kmod_module_probe_insert_module(target, KMOD_PROBE_DRY_RUN |
					      KMOD_PROBE_APPLY_BLACKLIST_ALIAS_ONLY,
					      parameters, NULL, NULL,
					      note_step);
	steps_now = NULL;
	if (err >= 0)
		err = steps->failed ? -ENOMEM : 0;
	if (err) {
		modules_steps_free(steps);
		return err;
	}
	needed = kmod_module_get_dependencies(target);
	for (i = 0; i < steps->count; i++)
		steps->step[i].required = steps->step[i].module == target ||
			in_list(needed, steps->step[i].module);
	kmod_module_unref_list(needed);
	return 0;
}

void modules_steps_free(struct module_steps *steps)
{
	size_t i;

	for (i = 0; i < steps->count; i++) {
		kmod_module_unref(steps->step[i].module);
		free(steps->step[i].options);
	}
	free(steps->step);
	memset(steps, 0, sizeof(*steps));
}

/* The command with modprobe's $CMDLINE_OPTS filled in, for free(3). */
static char *fill_in(const char *command, const char *options)
{
	static const char variable[] = "$CMDLINE_OPTS";
	size_t size;
	char *text = NULL;
	const char *at;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	while ((at = strstr(command, variable))) {
		fwrite(command, 1, at - command, out);
		fputs(options, out);
		command = at + strlen(variable);
	}
	fputs(command, out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static int run_command(const struct kmod_module *module, const char *command,
		       const char *options, bool verbose)
{
	const char *name = kmod_module_get_name(module);
	char *text = fill_in(command, options);
	int status;

	if (!text)
		return -ENOMEM;
	if (verbose)
		printf("install %s\n", text);
	fflush(stdout);
	setenv("MODPROBE_MODULE", name, 1);
	status = system(text);
	unsetenv("MODPROBE_MODULE");
	if (!status) {
		free(text);
		return 0;
	}
	message_error("Error running install command '%s' for module %s: retcode %d",
		      text, name, WIFEXITED(status) ? WEXITSTATUS(status) : status);
	free(text);
	return -EINVAL;
}

int modules_do_step(const struct module_step *step, bool verbose)
{
	const char *command;
	int err;

	command = kmod_module_get_install_commands(step->module);
	if (step->command && command && !strstr(command, "chariot-insmod")) {
		err = run_command(step->module, command, step->options,
				  verbose);
	} else {
		if (verbose)
			printf("insmod %s %s\n",
			       kmod_module_get_path(step->module) ?: "?",
			       step->options);
		err = kmod_module_insert_module(step->module, 0,
						step->options);
	}
	return err == -EEXIST || !step->required ? 0 : err;
}

int modules_load_quietly(struct kmod_ctx *ctx, const char *name)
{
	int err, priority = kmod_get_log_priority(ctx);
	struct kmod_list *list = NULL, *entry;
	struct kmod_module *module;

	kmod_set_log_priority(ctx, LOG_EMERG);
	err = kmod_module_new_from_lookup(ctx, name, &list);
	if (!err && !list)
		err = -ENOENT;
	kmod_list_foreach(entry, list) {
		module = kmod_module_get_module(entry);
		err = kmod_module_probe_insert_module(module, 0, NULL, NULL,
						      NULL, NULL);
		kmod_module_unref(module);
		if (err < 0)
			break;
	}
	kmod_module_unref_list(list);
	kmod_set_log_priority(ctx, priority);
	return err < 0 ? err : 0;
}

static bool needs_quotes(const char *value)
{
	return *value != '"' && *value != '\'' && strchr(value, ' ');
}

char *modules_join(char *const *parameters, size_t count, bool quote)
{
	const char *value;
	char *text = NULL;
	size_t i, size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (i = 0; i < count; i++) {
		if (i)
			fputc(' ', out);
		value = strchr(parameters[i], '=');
		if (quote && value && needs_quotes(++value))
			fprintf(out, "%.*s\"%s\"",
				(int)(value - parameters[i]), parameters[i],
				value);
		else
			fputs(parameters[i], out);
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
