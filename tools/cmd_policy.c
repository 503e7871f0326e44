// SPDX-License-Identifier: GPL-2.0-only
/*
 * chariot policy: makes a policy from what a driver was seen to write, and checks
 * policies. Runs in user space; learning needs root, checking does not.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "commands.h"
#include "lib/device.h"
#include "lib/learn.h"
#include "lib/message.h"
#include "lib/module_types.h"
#include "lib/policy.h"
#include "lib/types.h"
#include "lib/violation.h"

static const char help[] =
"Usage: chariot policy learn [--output FILE] [--btf FILE] [--module-file FILE] MODULE\n"
"       chariot policy check [--btf FILE] [--module-file FILE] FILE...\n"
"\n"
"learn  makes a policy from the violations of MODULE that the kernel keeps: load\n"
"       it with chariot-insmod --mode audit, have it do all its work, then learn.\n"
"       Read what comes out: what a fault of the driver's wrote is among it.\n"
"check  says what is wrong with policies. Structures of the module's own are\n"
"       known if the file is named after it (MODULE.policy).\n"
"\n"
"chariot-insmod takes the policy of a module from " POLICY_FOLDER ", else from\n"
POLICY_SHIPPED ". The format: chariot-policy(5).\n"
"\n"
"      --output FILE       write the policy to FILE, which must not be there yet\n"
"      --btf FILE          the kernel's types, if not those of this kernel\n"
"      --module-file FILE  the module's file, if it isn't where modprobe looks\n"
"  -h, --help              this text\n";

static const struct option options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "btf", required_argument, NULL, 'b' },
	{ "module-file", required_argument, NULL, 'm' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

/**
 * struct policing - a run of this command
 * @output, @btf, @module_file: from the options, or NULL
 * @types: of the kernel
 */
struct policing {
	const char *output;
	const char *btf;
	const char *module_file;
	struct types *types;
};

static int open_types(struct policing *run)
{
	const char *file = run->btf ? run->btf : KERNEL_BTF;
	int err = types_open(file, &run->types);

	if (err)
		message_error("no types of the kernel: %s: %s", file,
			      message_errno(err));
	return err;
}

/* Return: 0, or -errno after a message if a file was named that does not do. */
static int add_module(const struct policing *run, const char *module)
{
	int err = module_types_add(run->types, run->btf, module,
				   run->module_file);

	if (!err || !run->module_file)
		return 0;
	message_error("no types from %s: %s", run->module_file,
		      message_errno(err));
	return err;
}

/* --- check ----------------------------------------------------------------- */

static void say(bool wrong, const char *text, void *data)
{
	(void)data;
	if (wrong)
		message_error("%s", text);
	else
		message_note("%s", text);
}

/* "/etc/chariot/policy.d/snd-dummy.policy" -> "snd_dummy"; or NULL */
static const char *module_of(const char *file)
{
	const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
	char copy[CHARIOT_NAME_LEN];
	size_t length = strlen(name);

	if (length < 8 || length - 7 >= sizeof(copy) ||
	    strcmp(name + length - 7, ".policy"))
		return NULL;
	snprintf(copy, sizeof(copy), "%.*s", (int)(length - 7), name);
	return command_name(copy);
}

static int check_file(const struct policing *run, const char *file)
{
	const struct policy_listener listener = { say, NULL };
	struct policy policy;
	int err;

	err = add_module(run, module_of(file));
	if (err)
		return err;
	err = policy_open(file, &listener, &policy);
	/* Of the lines that can be read, the names are looked at all the same. */
	if (!err || err == -EINVAL)
		err = policy_check(&policy, run->types);
	if (!err)
		printf("%s: %zu line%s, good\n", file, policy.count,
		       policy.count == 1 ? "" : "s");
	else if (!policy.wrong)
		message_error("%s: %s", file, message_errno(err));
	policy_free(&policy);
	return err;
}

static int check(struct policing *run, char **files, int count)
{
	int i, err = open_types(run), bad = 0;

	for (i = 0; !err && i < count; i++)
		bad |= check_file(run, files[i]);
	types_close(run->types);
	return err || bad ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- learn ----------------------------------------------------------------- */

static int read_violations(struct learning *learning, const char *module)
{
	uint64_t lost = 0;
	int err = 0, fd = device_open(O_NONBLOCK);
	struct chariot_info info;

	if (fd >= 0)
		err = device_info(fd, &info);
	if (fd >= 0 && !err)
		err = learn_read(learning, fd, module, &lost);
	if (fd >= 0)
		close(fd);
	if (fd < 0 || err)
		message_error("%s", device_problem(err ? err : fd));
	if (lost)
		message_warning("%" PRIu64 " reports were lost for want of room: what they told is not in the policy",
				lost);
	return fd < 0 ? fd : err;
}

static FILE *open_output(const char *file)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

	if (out)
		return out;
	if (errno == EEXIST)
		message_error("%s is there already and may hold a person's work: it is not changed",
			      file);
	else
		message_error("%s: %s", file, message_errno(errno));
	if (fd >= 0)
		close(fd);
	return NULL;
}

static int write_policy(const struct policing *run, struct learning *learning,
			const char *module)
{
	FILE *out = run->output ? open_output(run->output) : stdout;
	struct utsname system = { };
	size_t lines;
	int err;

	if (!out)
		return -EIO;
	uname(&system);
	lines = learn_print(learning, module,
			    run->btf ? run->btf : system.release, out);
	err = fflush(out) || ferror(out) ? -EIO : 0;
	if (run->output && fclose(out))
		err = -EIO;
	if (err)
		message_error("could not write the policy: %s",
			      message_errno(errno));
	else if (!learning->violations)
		message_note("no violation of %s is kept: there is nothing to learn",
			     module);
	else if (!lines)
		message_note("nothing that %s wrote can be said in a policy: the comments tell why",
			     module);
	return err;
}

static int learn(struct policing *run, const char *given)
{
	const char *name = command_name(given);
	char module[CHARIOT_NAME_LEN];
	struct learning learning = { };
	int err;

	if (!name) {
		message_error("'%s' is no module's name", given);
		return EXIT_USAGE;
	}
	snprintf(module, sizeof(module), "%s", name);
	err = open_types(run);
	if (!err)
		err = add_module(run, module);
	learning.types = run->types;
	if (!err)
		err = read_violations(&learning, module);
	if (!err)
		err = write_policy(run, &learning, module);
	learn_free(&learning);
	types_close(run->types);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- arguments ------------------------------------------------------------- */

/* Return: 0, 1 after --help, -EINVAL. */
static int parse(struct policing *run, int argc, char **argv)
{
	int code;

	while ((code = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (code) {
		case 'o':
			run->output = optarg;
			break;
		case 'b':
			run->btf = optarg;
			break;
		case 'm':
			run->module_file = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 1;
		default:
			return -EINVAL;
		}
	}
	return 0;
}

int cmd_policy(int argc, char **argv)
{
	struct policing run = { };
	int err = parse(&run, argc, argv), count = argc - optind;
	const char *what;

	if (err)
		return err < 0 ? EXIT_USAGE : EXIT_SUCCESS;
	what = count ? argv[optind] : "";
	if (!strcmp(what, "learn") && count == 2)
		return learn(&run, argv[optind + 1]);
	if (!strcmp(what, "check") && count > 1 && !run.output)
		return check(&run, argv + optind + 1, count - 1);
	message_error("policy takes 'learn MODULE' or 'check FILE...'. See chariot policy --help.");
	return EXIT_USAGE;
}
