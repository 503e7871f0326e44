// SPDX-License-Identifier: GPL-2.0-only
/* The types of one module, found by its name. Runs in user space; no file is trusted. */
#include <errno.h>
#include <libkmod.h>
#include <stdio.h>
#include <string.h>

#include "elf.h"
#include "module_types.h"
#include "plan_types.h"

#define BTF_FOLDER	"/sys/kernel/btf/"

static int add_file(struct types *types, const char *kernel, const char *file)
{
	struct image *image;
	const char *why;
	int err = image_open(file, &image, &why);

	if (err)
		return err;
	err = plan_types_add_module(types, image, kernel ? kernel : KERNEL_BTF);
	image_close(image);
	return err;
}

static int add_installed(struct types *types, const char *name)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);
	struct kmod_module *module;
	const char *path;
	int err = -ENOENT;

	if (!ctx)
		return -ENOMEM;
	if (!kmod_module_new_from_name(ctx, name, &module)) {
		path = kmod_module_get_path(module);
		if (path)
			err = add_file(types, NULL, path);
		kmod_module_unref(module);
	}
	kmod_unref(ctx);
	return err;
}

int module_types_add(struct types *types, const char *kernel,
		     const char *module, const char *file)
{
	char path[sizeof(BTF_FOLDER) + 64];
	int err;

	types_drop_modules(types);
	if (file)
		return add_file(types, kernel, file);
	if (!module || !*module || strchr(module, '/') || kernel)
		return -ENOENT;
	err = add_installed(types, module);
	if (!err || snprintf(path, sizeof(path), BTF_FOLDER "%s", module) >=
	    (int)sizeof(path))
		return err;
	return types_add_module_file(types, path, true);
}
