/* SPDX-License-Identifier: GPL-2.0-only */
/* What modprobe and insmod do, step by step, over libkmod. User space. */
#ifndef CHARIOT_MODULES_H
#define CHARIOT_MODULES_H

#include <stdbool.h>
#include <stddef.h>

struct kmod_ctx;
struct kmod_module;

/**
 * modules_open - a libkmod context whose messages look like ours
 * @verbose: 0 warnings and worse, more for more
 *
 * Return: context for kmod_unref(), or NULL after a message.
 */
struct kmod_ctx *modules_open(int verbose);

/**
 * modules_each - call @each for the modules a name or an alias stands for
 * @name: as for modprobe
 *
 * Return: 0, -ENOENT after the message modprobe has for it, another -errno
 * after a message, or @each's first nonzero result (the others are tried too).
 */
int modules_each(struct kmod_ctx *ctx, const char *name,
		 int (*each)(struct kmod_module *module, void *data),
		 void *data);

/* Loaded or built in. */
bool modules_in_kernel(const struct kmod_module *module);

/**
 * struct module_step - one thing modprobe would do to load a module
 * @module: what is loaded; has a reference
 * @options: parameters from modprobe.d and, for the target, those given
 * @command: modprobe would run the 'install' command of modprobe.d
 * @required: the target cannot do without (soft dependencies may fail)
 */
struct module_step {
	struct kmod_module *module;
	char *options;
	bool command;
	bool required;
};

struct module_steps {
	struct module_step *step;
	size_t count;
	bool failed;		/* no memory while it was made */
};

/**
 * modules_steps - what modprobe would do, in its order, the target among it
 * @target: not loaded
 * @parameters: for the target, or NULL
 * @steps: result; modules_steps_free() it. Empty for what a blacklist excludes.
 *
 * Return: 0 or -errno.
 */
int modules_steps(struct kmod_module *target, const char *parameters,
		  struct module_steps *steps);
void modules_steps_free(struct module_steps *steps);

/**
 * modules_do_step - load a module as modprobe would, not isolated
 * @verbose: say it on standard output
 *
 * An 'install' command that runs chariot-insmod is not run: what another module
 * needs is loaded plainly.
 *
 * Return: 0, also for what is loaded already or isn't required, or -errno.
 */
int modules_do_step(const struct module_step *step, bool verbose);

/**
 * modules_load_quietly - 'modprobe NAME' without a word
 *
 * Return: 0 or -errno; -ENOENT: there is no such module for this kernel.
 */
int modules_load_quietly(struct kmod_ctx *ctx, const char *name);

/**
 * modules_join - parameters as one string, for free(3)
 * @quote: as modprobe does: quote values with blanks
 *
 * Return: NULL without memory.
 */
char *modules_join(char *const *parameters, size_t count, bool quote);

#endif /* CHARIOT_MODULES_H */
