// SPDX-License-Identifier: GPL-2.0-only
/*
 * chariot doctor: is all there that Chariot needs, and if not, what to do?
 * Runs in user space, changes nothing; as root it sees more.
 */
#include <errno.h>
#include <getopt.h>
#include <json-c/json.h>
#include <libkmod.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "lib/device.h"
#include "lib/elf.h"
#include "lib/machine.h"
#include "lib/message.h"

static const char help[] =
"Usage: chariot doctor [--json]\n"
"\n"
"Looks at this machine, its kernel, chariot.ko and the hypervisor's backend, and\n"
"says what is missing and what to do about it. Changes nothing.\n"
"\n"
"      --json  as JSON\n"
"  -h, --help  this text\n"
"\n"
"Exit status: 0 if drivers can be isolated here and now, 1 if not.\n";

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

enum state {
	STATE_OK,
	STATE_NOTE,	/* worth knowing, does not stand in the way */
	STATE_BAD,
};

static const char *const state_names[] = { "ok", "note", "BAD" };

/**
 * struct examination - what was found so far
 * @json: the list of findings, or NULL: print them at once
 */
struct examination {
	struct json_object *json;
	unsigned int bad;
};

/* @next: what to do, or NULL. @format: what was found. */
__attribute__((format(printf, 5, 6)))
static void find(struct examination *e, enum state state, const char *about,
		 const char *next, const char *format, ...)
{
	struct json_object *entry;
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	e->bad += state == STATE_BAD;
	if (!e->json) {
		printf("%-5s %-16s %s\n", state_names[state], about, text);
		if (next)
			printf("%-22s -> %s\n", "", next);
		return;
	}
	entry = json_object_new_object();
	json_object_object_add(entry, "about", json_object_new_string(about));
	json_object_object_add(entry, "state", json_object_new_string(
			       state == STATE_BAD ? "bad" : state_names[state]));
	json_object_object_add(entry, "text", json_object_new_string(text));
	if (next)
		json_object_object_add(entry, "next",
				       json_object_new_string(next));
	json_object_array_add(e->json, entry);
}

/* --- the machine and its kernel -------------------------------------------- */

static void examine_machine(struct examination *e)
{
	char signature[13];

	switch (machine_hypervisor(signature)) {
	case HYPERVISOR_KVM:
		find(e, STATE_OK, "virtual machine", NULL, "of KVM");
		break;
	case HYPERVISOR_XEN:
		find(e, STATE_OK, "virtual machine", NULL, "of Xen");
		break;
	case HYPERVISOR_OTHER:
		find(e, STATE_BAD, "virtual machine",
		     "run this system as a guest of KVM or Xen",
		     "of '%s', for which Chariot has no backend", signature);
		break;
	case HYPERVISOR_NONE:
		find(e, STATE_BAD, "virtual machine",
		     "run this system as a guest of KVM or Xen",
		     "none: CPUID names no hypervisor, and isolation is the hypervisor's work");
		break;
	}
}

static void examine_kprobes(struct examination *e, const struct machine *m)
{
	if (m->kprobes == FACT_NO)
		find(e, STATE_BAD, "kprobes",
		     "use a kernel with CONFIG_KPROBES=y (Debian's have it)",
		     "this kernel has none; chariot.ko takes modules over with one");
	else if (m->kprobes_on == FACT_NO)
		find(e, STATE_BAD, "kprobes",
		     "echo 1 > /sys/kernel/debug/kprobes/enabled",
		     "switched off");
	else if (!strcmp(m->lockdown, "confidentiality"))
		find(e, STATE_BAD, "kprobes",
		     "boot with lockdown=integrity, or without Secure Boot",
		     "forbidden by kernel lockdown (confidentiality)");
	else
		find(e, m->kprobes == FACT_YES ? STATE_OK : STATE_NOTE,
		     "kprobes", NULL, m->kprobes == FACT_YES ? "there" :
		     "unknown: /proc/kallsyms cannot be read");
}

static void examine_kernel(struct examination *e, const struct machine *m)
{
	char text[256];

	find(e, STATE_OK, "kernel", NULL, "%s", m->release);
	examine_kprobes(e, m);
	find(e, m->ftrace == FACT_YES ? STATE_OK : STATE_NOTE, "ftrace", NULL,
	     m->ftrace == FACT_YES ? "there" :
	     "not there: the guest does without, but its kprobes are slower");
	find(e, m->btf == FACT_YES ? STATE_OK : STATE_NOTE, "BTF", NULL,
	     m->btf == FACT_YES ? "there" :
	     "no /sys/kernel/btf/vmlinux: reports name less, fewer kernel objects are granted by type");
	if (access("/proc/modules", F_OK))
		find(e, STATE_BAD, "module loading",
		     "use a kernel with CONFIG_MODULES=y",
		     "this kernel has no loadable modules");
	else if (m->modules_disabled == FACT_YES)
		find(e, STATE_BAD, "module loading",
		     "reboot; look for kernel.modules_disabled in /etc/sysctl.d",
		     "switched off until the next boot (kernel.modules_disabled=1)");
	machine_taint_text(m->taint, text, sizeof(text));
	find(e, m->taint ? STATE_NOTE : STATE_OK, "taint", NULL, "%s",
	     m->taint ? text : "none");
}

/* Will this kernel take a module without a signature it trusts? */
static bool needs_signature(const struct machine *m)
{
	return m->signature_enforced == FACT_YES ||
	       (m->lockdown[0] && strcmp(m->lockdown, "none"));
}

static void examine_signing(struct examination *e, const struct machine *m)
{
	find(e, m->secure_boot == FACT_YES ? STATE_NOTE : STATE_OK,
	     "Secure Boot", NULL, "%s; lockdown %s",
	     m->secure_boot == FACT_YES ? "on" :
	     m->secure_boot == FACT_NO ? "off" : "not there",
	     m->lockdown[0] ? m->lockdown : "not there");
	find(e, needs_signature(m) ? STATE_NOTE : STATE_OK,
	     "module signing", NULL, "%s", needs_signature(m) ?
	     "this kernel takes modules only with a signature it trusts" :
	     m->signature_enforced == FACT_UNKNOWN ?
	     "this kernel checks none" : "unsigned modules are taken");
}

/* --- chariot.ko ------------------------------------------------------------ */

static bool good_vermagic(const struct image *image, const struct machine *m)
{
	const char *magic = image_modinfo(image, "vermagic", 0);
	size_t length = strlen(m->release);

	return magic && !strncmp(magic, m->release, length) &&
	       (magic[length] == ' ' || !magic[length]);
}

static void examine_file(struct examination *e, const struct machine *m,
			 const char *path)
{
	struct image *image;
	const char *why = "";
	int err = image_open(path, &image, &why);

	if (err) {
		find(e, STATE_BAD, "chariot.ko", "install it anew",
		     "not loaded, and %s is no module: %s", path,
		     err == -ENOEXEC ? why : strerror(-err));
		return;
	}
	if (!good_vermagic(image, m))
		find(e, STATE_BAD, "chariot.ko",
		     "build and install it for this kernel",
		     "not loaded, and %s was built for another kernel", path);
	else if (needs_signature(m) && !image_is_signed(image))
		find(e, STATE_BAD, "chariot.ko",
		     "sign it (scripts/sign-file, or DKMS does it) with a key enrolled by 'mokutil --import'",
		     "not loaded, and %s has no signature", path);
	else
		find(e, STATE_BAD, "chariot.ko", "modprobe chariot",
		     "not loaded; it can be, from %s", path);
	image_close(image);
}

static void examine_loadable(struct examination *e, const struct machine *m)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);
	struct kmod_module *module = NULL;
	const char *path = NULL;

	if (ctx && !kmod_module_new_from_name(ctx, "chariot", &module))
		path = kmod_module_get_path(module);
	if (path)
		examine_file(e, m, path);
	else
		find(e, STATE_BAD, "chariot.ko",
		     "build it for this kernel and 'make install' it",
		     "not loaded, and not installed for kernel %s", m->release);
	kmod_module_unref(module);
	kmod_unref(ctx);
}

/* --- the backend ----------------------------------------------------------- */

static void examine_features(struct examination *e, uint32_t features)
{
	static const struct {
		uint32_t bit;
		enum state without;
		const char *name, *text, *missing;
	} known[] = {
		{ CHARIOT_F_ENFORCE, STATE_BAD, "enforce",
		  "forbidden writes can be stopped",
		  "forbidden writes can only be reported: --mode audit" },
		{ CHARIOT_F_BYTE_EXACT, STATE_NOTE, "byte-exact",
		  "rights can be smaller than a page",
		  "rights cover whole pages: --heap page" },
		{ CHARIOT_F_RECORDS, STATE_BAD, "records",
		  "violations are reported",
		  "violations are not reported, writes to kernel objects not granted" },
	};
	uint32_t rest = features;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		bool there = features & known[i].bit;

		rest &= ~known[i].bit;
		find(e, there ? STATE_OK : known[i].without, known[i].name,
		     there ? NULL :
		     "use a newer backend, or look at its parameters on the host",
		     "%s", there ? known[i].text : known[i].missing);
	}
	/* Needed where the hardware asks for it: the backend knows. */
	if (rest & CHARIOT_F_WATCH_MAP)
		find(e, STATE_OK, "watch-map", NULL,
		     "the guest tells of pages that are reused");
	if (rest & CHARIOT_F_WALK_ALIAS)
		find(e, STATE_OK, "walk-alias", NULL,
		     "page tables are kept from drivers");
}

static void examine_backend(struct examination *e,
			    const struct chariot_info *info)
{
	if (info->abi_revision != CHARIOT_ABI_REVISION)
		find(e, STATE_BAD, "ABI revision",
		     "install the same release of both, then reload chariot.ko",
		     "%u in chariot.ko, %u in this command",
		     info->abi_revision, CHARIOT_ABI_REVISION);
	if (info->backend_errno) {
		/* The text holds the next step. */
		find(e, STATE_BAD, "backend", NULL, "%s",
		     device_backend_problem(info->backend_errno));
		return;
	}
	find(e, STATE_OK, "backend", NULL,
	     "%s, ABI revision %u, room for %u drivers",
	     info->backend[0] ? info->backend : "without a name",
	     info->abi_revision, info->max_domains);
	examine_features(e, info->features);
	find(e, STATE_OK, "isolated drivers", NULL, "%u", info->drivers);
}

static void examine_device(struct examination *e)
{
	struct chariot_info info;
	int err, fd = device_open(0);

	err = fd < 0 ? fd : device_info(fd, &info);
	if (fd >= 0)
		close(fd);
	if (!err)
		examine_backend(e, &info);
	else if (err == -ENOENT || err == -ENXIO)
		find(e, STATE_BAD, CHARIOT_DEVICE,
		     "is devtmpfs mounted on /dev? Else reload chariot.ko and see dmesg",
		     "not there, though chariot.ko is loaded");
	else
		find(e, STATE_BAD, CHARIOT_DEVICE, NULL, "%s",
		     device_problem(err));
}

static void examine(struct examination *e)
{
	struct machine machine;

	machine_read("", &machine);
	examine_machine(e);
	examine_kernel(e, &machine);
	examine_signing(e, &machine);
	if (access("/sys/module/chariot", F_OK)) {
		examine_loadable(e, &machine);
		return;
	}
	find(e, STATE_OK, "chariot.ko", NULL, "loaded");
	examine_device(e);
}

static void print_json(struct examination *e)
{
	struct json_object *root = json_object_new_object();

	json_object_object_add(root, "well", json_object_new_boolean(!e->bad));
	json_object_object_add(root, "findings", e->json);
	command_json(root, true);
}

int cmd_doctor(int argc, char **argv)
{
	struct examination e = { };
	bool json = false;
	int code;

	while ((code = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (code) {
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_SUCCESS;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		message_error("doctor takes no '%s'. See chariot doctor --help.",
			      argv[optind]);
		return EXIT_USAGE;
	}
	if (json)
		e.json = json_object_new_array();
	examine(&e);
	if (json)
		print_json(&e);
	else if (e.bad)
		printf("\nDrivers cannot be isolated here yet: %u thing%s to do.\n",
		       e.bad, e.bad == 1 ? "" : "s");
	else
		puts("\nAll is well: chariot-insmod can isolate drivers here.");
	return e.bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
