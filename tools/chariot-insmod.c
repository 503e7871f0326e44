// SPDX-License-Identifier: GPL-2.0-only
/*
 * chariot-insmod: loads a module as insmod and modprobe do, but isolated.
 * Runs in user space as root.
 */
#include <errno.h>
#include <getopt.h>
#include <json-c/json.h>
#include <libkmod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/elf.h"
#include "lib/load.h"
#include "lib/message.h"
#include "lib/modules.h"
#include "lib/plan.h"
#include "lib/policy.h"
#include "lib/violation.h"

static const char help[] =
"Usage: chariot-insmod [options] FILE.ko [PARAMETER=VALUE...]\n"
"       chariot-insmod [options] --modprobe NAME [PARAMETER=VALUE...]\n"
"\n"
"Loads a kernel module isolated: it can write its own memory and what the\n"
"kernel hands it, and nothing else. The module's file is not changed.\n"
"\n"
"      --modprobe NAME      find NAME as modprobe does: aliases, modprobe.d,\n"
"                           and what it depends on (loaded plainly)\n"
"      --mode MODE          enforce: stop forbidden writes (default)\n"
"                           audit: let them happen, and report them\n"
"      --heap GRAIN         page: whole pages of its heap are its own (default)\n"
"                           byte: each object to the byte; slower\n"
"      --policy FILE        what else it may write; else, if it is there,\n"
"                           /etc/chariot/policy.d/NAME.policy, or the shipped one\n"
"      --no-policy          none\n"
"      --plan               show what isolation would do; load nothing\n"
"      --btf FILE           with --plan: take the kernel's types from FILE, for a\n"
"                           module of another kernel than the running one\n"
"      --json               print the result as JSON\n"
"      --allow-unprotected  without a Chariot backend load it plainly,\n"
"                           with a warning\n"
"      --first-time         with --modprobe: fail if it is loaded already\n"
"  -v, --verbose            say what is done; twice for more\n"
"  -h, --help               this text\n"
"  -V, --version            the version\n"
"\n"
"Exit status: 0 if all is loaded (or planned), 1 if not.\n";

enum option_code {
	OPTION_MODPROBE = 256, OPTION_MODE, OPTION_HEAP, OPTION_PLAN,
	OPTION_POLICY, OPTION_NO_POLICY, OPTION_BTF, OPTION_JSON, OPTION_UNPROTECTED, OPTION_FIRST_TIME,
};

static const struct option options[] = {
	{ "modprobe", optional_argument, NULL, OPTION_MODPROBE },
	{ "mode", required_argument, NULL, OPTION_MODE },
	{ "heap", required_argument, NULL, OPTION_HEAP },
	{ "policy", required_argument, NULL, OPTION_POLICY },
	{ "no-policy", no_argument, NULL, OPTION_NO_POLICY },
	{ "plan", no_argument, NULL, OPTION_PLAN },
	{ "btf", required_argument, NULL, OPTION_BTF },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "allow-unprotected", no_argument, NULL, OPTION_UNPROTECTED },
	{ "first-time", no_argument, NULL, OPTION_FIRST_TIME },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ }
};

/**
 * struct invocation - the command line
 * @target: from --modprobe=NAME, or NULL: the first argument that is no option
 * @btf: file with the types of the module's kernel; NULL: of this kernel
 */
struct invocation {
	struct load_request request;
	const char *target;
	const char *btf;
	bool plan;
	bool json;
	int verbose;
	struct json_object *results;
};

static int choose_mode(const char *text, struct load_request *request)
{
	if (!strcmp(text, "enforce"))
		request->mode = CHARIOT_MODE_ENFORCE;
	else if (!strcmp(text, "audit"))
		request->mode = CHARIOT_MODE_AUDIT;
	else
		return -EINVAL;
	return 0;
}

static int choose_heap(const char *text, struct load_request *request)
{
	if (!strcmp(text, "page"))
		request->heap = CHARIOT_HEAP_PAGE;
	else if (!strcmp(text, "byte"))
		request->heap = CHARIOT_HEAP_BYTE;
	else
		return -EINVAL;
	return 0;
}

/* Return: 0 to go on, 1 if there is nothing left to do, -EINVAL. */
static int take_option(struct invocation *run, int code)
{
	struct load_request *request = &run->request;

	switch (code) {
	case OPTION_MODPROBE:
		request->by_name = true;
		run->target = optarg;
		return 0;
	case OPTION_MODE:
		if (!choose_mode(optarg, request))
			return 0;
		message_error("--mode %s: audit or enforce is possible", optarg);
		return -EINVAL;
	case OPTION_HEAP:
		if (!choose_heap(optarg, request))
			return 0;
		message_error("--heap %s: page or byte is possible", optarg);
		return -EINVAL;
	case OPTION_POLICY:
		request->policy = optarg;
		return 0;
	case OPTION_NO_POLICY:
		request->no_policy = true;
		return 0;
	case OPTION_PLAN:
		run->plan = true;
		return 0;
	case OPTION_BTF:
		run->btf = optarg;
		return 0;
	case OPTION_JSON:
		run->json = true;
		return 0;
	case OPTION_UNPROTECTED:
		request->allow_unprotected = true;
		return 0;
	case OPTION_FIRST_TIME:
		request->first_time = true;
		return 0;
	case 'v':
		run->verbose++;
		return 0;
	case 'h':
		fputs(help, stdout);
		return 1;
	case 'V':
		puts("chariot-insmod " CHARIOT_VERSION);
		return 1;
	default:
		return -EINVAL;
	}
}

static int parse(struct invocation *run, int argc, char **argv)
{
	int code, err;

	while ((code = getopt_long(argc, argv, "vhV", options, NULL)) != -1) {
		err = take_option(run, code);
		if (err)
			return err;
	}
	if (!run->target && optind < argc)
		run->target = argv[optind++];
	if (!run->target) {
		message_error("missing %s. See chariot-insmod --help.",
			      run->request.by_name ? "module name" : "filename");
		return -EINVAL;
	}
	if (run->btf && !run->plan) {
		message_error("--btf is only for --plan");
		return -EINVAL;
	}
	if (run->request.policy && run->request.no_policy) {
		message_error("--policy and --no-policy exclude each other");
		return -EINVAL;
	}
	run->request.target = run->target;
	/* With --json standard output holds nothing else. */
	run->request.verbose = run->verbose && !run->json;
	run->request.parameters = modules_join(argv + optind, argc - optind,
					       run->request.by_name);
	return run->request.parameters ? 0 : -ENOMEM;
}

/* --- the plan -------------------------------------------------------------- */

/* What it depends on, that isn't loaded yet: as text or as JSON. */
static void show_needed(const struct module_steps *steps,
		       const struct kmod_module *target,
		       struct json_object *json)
{
	struct json_object *list = json ? json_object_new_array() : NULL;
	bool any = false;
	size_t i;

	for (i = 0; i < steps->count; i++) {
		const char *name = kmod_module_get_name(steps->step[i].module);

		if (steps->step[i].module == target)
			continue;
		if (json)
			json_object_array_add(list,
					      json_object_new_string(name));
		else
			printf("%s%s", any ? ", " : "\nLoaded with it, not isolated: ",
			       name);
		any = true;
	}
	if (json)
		json_object_object_add(json, "loaded_with_it", list);
	else if (any)
		putchar('\n');
}

/* What is wrong with a policy was said. */
static int add_types(const struct invocation *run, const struct image *image,
		     struct policy *policy, struct plan *plan)
{
	bool found;
	int err = load_policy(&run->request, plan->name, policy, &found);

	return err ? err : plan_add_types(image, run->btf,
					  found ? policy : NULL, plan);
}

static const char *plan_problem(int err)
{
	if (err == -ENOEXEC)
		return "Invalid module format: its symbols or its name are damaged";
	return strerror(-err);
}

static int plan_file(const struct invocation *run, const char *path,
		     const struct kmod_module *module,
		     const struct module_steps *steps)
{
	const char *why = strerror(ENOMEM);
	struct policy policy = { };
	struct json_object *json;
	struct image *image;
	struct plan plan;
	int err;

	err = image_open(path, &image, &why);
	if (err) {
		message_error("could not read module %s: %s%s", path,
			      err == -ENOEXEC ? "Invalid module format: " : "",
			      err == -ENOEXEC ? why : strerror(-err));
		return err;
	}
	err = plan_make(image, &plan);
	if (!err)
		err = add_types(run, image, &policy, &plan);
	if (policy.wrong) {
		message_error("could not plan %s: its policy is wrong", path);
	} else if (err) {
		message_error("could not read module %s: %s", path,
			      plan_problem(err));
	} else if (run->json) {
		json = plan_json(&plan);
		json_object_object_add(json, "file", json_object_new_string(path));
		show_needed(steps, module, json);
		json_object_array_add(run->results, json);
	} else {
		err = plan_print(&plan, stdout);
		show_needed(steps, module, NULL);
	}
	plan_free(&plan);
	policy_free(&policy);
	image_close(image);
	return err;
}

static int plan_module(struct kmod_module *module, void *data)
{
	const struct invocation *run = data;
	const char *path = kmod_module_get_path(module);
	struct module_steps steps;
	int err;

	if (!path) {
		message_error("'%s' is built into this kernel: it cannot be isolated",
			      kmod_module_get_name(module));
		return -EINVAL;
	}
	err = modules_steps(module, NULL, &steps);
	if (err) {
		message_error("could not find what '%s' depends on: %s",
			      kmod_module_get_name(module), strerror(-err));
		return err;
	}
	err = plan_file(run, path, module, &steps);
	modules_steps_free(&steps);
	return err;
}

static int plan(struct kmod_ctx *ctx, struct invocation *run)
{
	struct module_steps none = { };

	if (run->request.by_name)
		return modules_each(ctx, run->request.target, plan_module, run);
	return plan_file(run, run->request.target, NULL, &none);
}

/* --- the load -------------------------------------------------------------- */

static void note_result(const char *module, enum load_state state,
			const char *problem, void *data)
{
	static const char *const names[] = {
		[LOAD_FAILED] = "failed",
		[LOAD_ISOLATED] = "isolated",
		[LOAD_UNPROTECTED] = "unprotected",
		[LOAD_PRESENT] = "loaded before",
		[LOAD_SKIPPED] = "blacklisted",
	};
	const struct invocation *run = data;
	struct json_object *result = json_object_new_object();

	json_object_object_add(result, "module", json_object_new_string(module));
	json_object_object_add(result, "result",
			       json_object_new_string(names[state]));
	if (state == LOAD_ISOLATED) {
		json_object_object_add(result, "mode",
			json_object_new_string(mode_name(run->request.mode)));
		json_object_object_add(result, "heap",
			json_object_new_string(run->request.heap ==
					       CHARIOT_HEAP_BYTE ?
					       "byte" : "page"));
	}
	if (problem)
		json_object_object_add(result, "problem",
				       json_object_new_string(problem));
	json_object_array_add(run->results, result);
}

int main(int argc, char **argv)
{
	struct invocation run = { .request.mode = CHARIOT_MODE_ENFORCE };
	struct kmod_ctx *ctx;
	int err;

	message_program = "chariot-insmod";
	run.request.done = note_result;
	run.request.data = &run;
	err = parse(&run, argc, argv);
	if (err)
		return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	ctx = modules_open(run.verbose ? run.verbose - 1 : 0);
	if (!ctx)
		return EXIT_FAILURE;
	run.results = json_object_new_array();
	err = run.plan ? plan(ctx, &run) : load_module(ctx, &run.request);
	if (run.json)
		puts(json_object_to_json_string_ext(run.results,
						    JSON_C_TO_STRING_PRETTY |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(run.results);
	kmod_unref(ctx);
	free((char *)run.request.parameters);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
