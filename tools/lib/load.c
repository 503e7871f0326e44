// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads a module isolated: everything that can fail is looked at first, what
 * the module needs is loaded plainly, then this thread arms chariot.ko, loads
 * the module, and disarms. Runs in user space as root.
 */
#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "btf.h"
#include "device.h"
#include "drivers.h"
#include "elf.h"
#include "load.h"
#include "load_tell.h"
#include "message.h"
#include "modules.h"
#include "policy.h"
#include "types.h"

/**
 * struct job - one module on its way
 * @types: those of the kernel, or NULL if it doesn't tell them
 * @path: its file
 * @image: what is in the file
 * @name: as the kernel will know it
 * @policy: what its policy says, if @has_policy
 * @device: open /dev/chariot, or -1: load it unprotected
 */
struct job {
	struct kmod_ctx *ctx;
	const struct load_request *request;
	struct types *types;
	struct kmod_module *module;
	const char *path;
	struct image *image;
	char name[CHARIOT_NAME_LEN];
	struct policy policy;
	bool has_policy;
	int device;
};

/* insmod's words for errors of the kernel's module loader. */
static const char *insert_problem(int err)
{
	switch (err) {
	case -ENOEXEC:
		return "Invalid module format";
	case -ENOENT:
		return "Unknown symbol in module";
	case -ESRCH:
		return "Module has wrong symbol version";
	case -EINVAL:
		return "Invalid parameters";
	default:
		return strerror(-err);
	}
}

static int tell(const struct job *job, enum load_state state, int err,
		const char *problem)
{
	if (job->request->done)
		job->request->done(job->name[0] ? job->name :
				   job->request->target, state, problem,
				   job->request->data);
	return err;
}

/* @text: or NULL for the words that insmod or modprobe has for @err. */
static int fail(const struct job *job, int err, const char *text)
{
	const char *words = text;

	if (!words && !job->request->by_name)
		words = insert_problem(err);
	else if (!words && err == -ENOENT)
		words = "Unknown symbol in module, or unknown parameter (see dmesg)";
	else if (!words)
		words = strerror(-err);
	if (job->request->by_name)
		message_error("could not insert '%s': %s", job->name, words);
	else
		message_error("could not insert module %s: %s",
			      job->request->target, words);
	return tell(job, LOAD_FAILED, err, words);
}

/* --- chariot.ko ------------------------------------------------------------ */

/* Open the device, with chariot.ko loaded if needed; says what is missing. */
static int open_device(const struct job *job, const char **problem)
{
	int err, fd = device_open(0);

	if (fd != -ENOENT && fd != -ENXIO && fd != -ENODEV) {
		if (fd < 0)
			*problem = device_problem(fd);
		return fd;
	}
	err = modules_load_quietly(job->ctx, "chariot");
	if (err) {
		*problem = load_chariot_problem(err);
		return err;
	}
	fd = device_open(0);
	if (fd < 0)
		*problem = device_problem(fd);
	return fd;
}

static int check_backend(const struct job *job, int fd, const char **problem)
{
	struct chariot_info info;
	int err = device_info(fd, &info);

	if (err) {
		*problem = device_problem(err);
		return err;
	}
	if (info.backend_errno) {
		*problem = device_backend_problem(info.backend_errno);
		return -ENODEV;
	}
	if (job->request->mode == CHARIOT_MODE_ENFORCE &&
	    !(info.features & CHARIOT_F_ENFORCE)) {
		*problem = "this backend cannot stop writes: use --mode audit";
		return -EOPNOTSUPP;
	}
	if (job->request->heap == CHARIOT_HEAP_BYTE &&
	    !(info.features & CHARIOT_F_BYTE_EXACT)) {
		*problem = "this backend has no rights smaller than a page: use --heap page";
		return -EOPNOTSUPP;
	}
	return 0;
}

/*
 * Make job->device ready to arm. What stands in the way ends the load, or with
 * --allow-unprotected is only said: the device is -1 then.
 */
static int make_ready(struct job *job)
{
	const char *problem = NULL;
	int err, fd = open_device(job, &problem);

	err = fd < 0 ? fd : check_backend(job, fd, &problem);
	if (!err) {
		job->device = fd;
		return 0;
	}
	if (fd >= 0)
		close(fd);
	if (!job->request->allow_unprotected)
		return fail(job, err, problem);
	message_warning("%s is NOT ISOLATED, it will be loaded unprotected and can crash this system: %s",
			job->name, problem);
	return 0;
}

static const char *arm_problem(int err)
{
	static char text[192];

	switch (err) {
	case -ENODEV:
		return "the Chariot backend is gone: reload chariot.ko, see dmesg";
	case -ENOSPC:
		return "the hypervisor has no room for another isolated driver: unload one, or raise the limit on the host";
	case -EBUSY:
		return "this thread has armed chariot.ko already";
	case -EPERM:
	case -EACCES:
		return device_problem(err);
	default:
		snprintf(text, sizeof(text),
			 "chariot.ko cannot isolate it: %s; see dmesg",
			 message_errno(err));
		return text;
	}
}

/* --- the load -------------------------------------------------------------- */

static int no_entry(const struct chariot_entry *entry, void *data)
{
	(void)entry;
	(void)data;
	return 1;
}

/*
 * Loaded is not enough: if chariot.ko didn't see this load (the file changed
 * meanwhile, say), the module would run free without anybody knowing.
 */
static bool is_isolated(const struct job *job)
{
	return driver_exists(CHARIOT_SYSFS, job->name) ||
	       device_list(job->device, job->name, 0, no_entry, NULL) >= 0;
}

static int unload_again(const struct job *job)
{
	struct kmod_module *module;
	int err;

	err = kmod_module_new_from_name(job->ctx, job->name, &module);
	if (!err) {
		err = kmod_module_remove_module(module, 0);
		kmod_module_unref(module);
	}
	return fail(job, -EIO, err ?
		    "it was loaded, but NOT isolated, and does not unload: see dmesg" :
		    "it was loaded, but not isolated, so it was unloaded again: see dmesg");
}

static int present(const struct job *job)
{
	const char *problem = "was loaded before and is NOT isolated: unload it, then load it again";

	if (job->request->first_time)
		return fail(job, -EEXIST, "Module already in kernel");
	if (driver_exists(CHARIOT_SYSFS, job->name))
		return tell(job, LOAD_PRESENT, 0, NULL);
	if (kmod_module_get_initstate(job->module) == KMOD_MODULE_BUILTIN)
		problem = "is built into this kernel: it is NOT isolated and cannot be";
	message_warning("'%s' %s", job->name, problem);
	return tell(job, LOAD_PRESENT, 0, problem);
}

static void say_insert(const struct job *job, const char *options)
{
	if (job->request->verbose)
		printf("%s %s %s\n",
		       job->device < 0 ? "insmod" : "insmod (isolated)",
		       job->path, options);
	fflush(stdout);
}

/*
 * What is wrong with the policy has been said. In audit mode nothing is stopped for
 * want of a line, so the others will do.
 */
static int check_policy(const struct job *job, int err)
{
	if (!err ||
	    (err == -EINVAL && job->request->mode == CHARIOT_MODE_AUDIT))
		return 0;
	return fail(job, err, err == -EINVAL ?
		    "its policy is wrong, see above; --no-policy loads it without" :
		    "its policy cannot be used, see above; --no-policy loads it without");
}

/* Make job->policy ready, before anything is loaded. */
static int read_policy(struct job *job)
{
	return check_policy(job, load_policy(job->request, job->name,
					     &job->policy, &job->has_policy));
}

static int insert(struct job *job, const char *options)
{
	const struct load_request *request = job->request;
	struct load_plan plan = {
		.name = job->name,
		.image = job->image,
		.types = job->types,
		.policy = job->has_policy ? &job->policy : NULL,
		.verbose = request->verbose,
	};
	int err;

	if (job->device < 0) {
		say_insert(job, options);
		err = kmod_module_insert_module(job->module, 0, options);
		if (err == -EEXIST && request->by_name)
			return present(job);
		return err ? fail(job, err, NULL) :
			     tell(job, LOAD_UNPROTECTED, 0, NULL);
	}
	load_tell_layout(job->device, job->types, request->verbose);
	err = check_policy(job, load_make_plan(&plan));
	if (err) {
		free(plan.bytes);
		return err;
	}
	err = device_arm(job->device, job->name, request->mode, request->heap);
	if (!err)
		load_tell_plan(job->device, &plan);
	free(plan.bytes);
	if (err == -EEXIST)
		return request->by_name ? present(job) : fail(job, err, NULL);
	if (err)
		return fail(job, err, arm_problem(err));
	say_insert(job, options);
	err = kmod_module_insert_module(job->module, 0, options);
	device_disarm(job->device);
	/* Somebody was quicker: no error for modprobe. */
	if (err == -EEXIST && request->by_name)
		return present(job);
	/* No word of the module loader's, but chariot.ko's. */
	if (err == -ECANCELED)
		return fail(job, err, "chariot.ko could not isolate it: see dmesg");
	if (err)
		return fail(job, err, NULL);
	if (!is_isolated(job))
		return unload_again(job);
	return tell(job, LOAD_ISOLATED, 0, NULL);
}

/*
 * What insmod would say of a file that image_open() refused: libkmod reads the
 * beginning and undoes compression, the rest is the kernel's -ENOEXEC.
 */
static int no_module_error(const struct job *job)
{
	unsigned char start[6];
	struct kmod_list *list = NULL;
	int err, fd = open(job->path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, start, sizeof(start));

	err = got < 0 ? -errno : got < (ssize_t)sizeof(start) ? -EINVAL : 0;
	if (fd >= 0)
		close(fd);
	if (err)
		return err;
	if (!memcmp(start, "\x7f" "ELF", 4))
		return -ENOEXEC;
	err = kmod_module_get_info(job->module, &list);
	kmod_module_info_free_list(list);
	return err < 0 ? err : -ENOEXEC;
}

static int refuse_chariot(const struct job *job)
{
	if (strcmp(job->name, "chariot"))
		return 0;
	return fail(job, -EINVAL, "chariot.ko cannot isolate itself: use modprobe");
}

/* Find out what the kernel will call it, before anything is changed. */
static int look_at_file(struct job *job)
{
	uint32_t offset = IMAGE_NAME_OFFSET;
	struct chariot_layout ignored;
	const char *why = NULL;
	int err;

	err = image_open(job->path, &job->image, &why);
	if (err == -ENOEXEC && job->request->verbose)
		message_note("%s: %s", job->path, why);
	if (err == -ENOEXEC)
		return fail(job, no_module_error(job), NULL);
	if (err)
		return fail(job, err, strerror(-err));
	err = types_open(KERNEL_BTF, &job->types);
	if (!err)
		kernel_layout(job->types, &ignored, &offset);
	if (offset == LAYOUT_UNKNOWN)
		offset = IMAGE_NAME_OFFSET;
	err = image_module_name(job->image, offset, job->name,
				sizeof(job->name));
	return err ? fail(job, err, NULL) : refuse_chariot(job);
}

static void end_job(struct job *job)
{
	if (job->device >= 0)
		close(job->device);
	policy_free(&job->policy);
	types_close(job->types);
	image_close(job->image);
}

static void hint_needed(const struct job *job)
{
	struct kmod_list *list = NULL, *entry;
	const char *key;

	if (kmod_module_get_info(job->module, &list) < 0)
		return;
	kmod_list_foreach(entry, list) {
		key = kmod_module_info_get_key(entry);
		if (!strcmp(key, "depends") &&
		    *kmod_module_info_get_value(entry))
			message_note("it needs: %s; load that first, or use --modprobe",
				     kmod_module_info_get_value(entry));
	}
	kmod_module_info_free_list(list);
}

static int load_file(struct kmod_ctx *ctx, const struct load_request *request)
{
	struct job job = {
		.ctx = ctx,
		.request = request,
		.path = request->target,
		.device = -1,
	};
	int err;

	err = kmod_module_new_from_path(ctx, request->target, &job.module);
	if (err < 0) {
		message_error("could not load module %s: %s", request->target,
			      strerror(-err));
		return tell(&job, LOAD_FAILED, err, strerror(-err));
	}
	err = look_at_file(&job);
	if (!err)
		err = make_ready(&job);
	if (!err && job.device >= 0)
		err = read_policy(&job);
	if (!err) {
		err = insert(&job, request->parameters);
		/* insmod says nothing of it, so only when asked. */
		if (err == -ENOENT && request->verbose)
			hint_needed(&job);
	}
	end_job(&job);
	kmod_module_unref(job.module);
	return err;
}

static int do_steps(struct job *job, const struct module_steps *steps)
{
	bool seen = false;
	size_t i;
	int err;

	for (i = 0; i < steps->count; i++) {
		const struct module_step *step = &steps->step[i];

		if (step->module == job->module) {
			seen = true;
			err = insert(job, step->options);
			if (err)
				return err;
			continue;
		}
		err = modules_do_step(step, job->request->verbose);
		if (err)
			return fail(job, err, NULL);
	}
	return seen ? 0 : tell(job, LOAD_SKIPPED, 0, NULL);
}

static int load_one(struct kmod_module *module, void *data)
{
	struct job job = *(const struct job *)data;
	struct module_steps steps;
	int err;

	job.module = module;
	snprintf(job.name, sizeof(job.name), "%s", kmod_module_get_name(module));
	err = refuse_chariot(&job);
	if (err)
		return err;
	if (modules_in_kernel(module))
		return present(&job);
	err = modules_steps(module, job.request->parameters, &steps);
	if (err)
		return fail(&job, err, NULL);
	if (!steps.count) {
		/* Excluded by a blacklist: modprobe says nothing either. */
		return tell(&job, LOAD_SKIPPED, 0, NULL);
	}
	job.path = kmod_module_get_path(module);
	err = job.path ? look_at_file(&job) : fail(&job, -ENOENT, NULL);
	if (!err)
		err = make_ready(&job);
	if (!err && job.device >= 0)
		err = read_policy(&job);
	if (!err)
		err = do_steps(&job, &steps);
	end_job(&job);
	modules_steps_free(&steps);
	return err;
}

int load_module(struct kmod_ctx *ctx, const struct load_request *request)
{
	struct job job = {
		.ctx = ctx,
		.request = request,
		.device = -1,
	};

	if (!request->by_name)
		return load_file(ctx, request);
	return modules_each(ctx, request->target, load_one, &job);
}
