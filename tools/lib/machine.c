// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts about this machine and its kernel that matter to Chariot. Runs in user
 * space, also without root: what may not be read is unknown.
 */
#include <cpuid.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "machine.h"
#include "printable.h"

#define HYPERVISOR_BIT		(1u << 31)	/* CPUID 1, ECX */
#define HYPERVISOR_LEAF		0x40000000u
#define HYPERVISOR_LEAF_END	0x40010000u
#define HYPERVISOR_LEAF_STEP	0x100u

#define SECURE_BOOT \
	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

static enum hypervisor by_signature(const char *signature)
{
	if (!strcmp(signature, "KVMKVMKVM"))
		return HYPERVISOR_KVM;
	if (!strcmp(signature, "XenVMMXenVMM"))
		return HYPERVISOR_XEN;
	return HYPERVISOR_OTHER;
}

enum hypervisor machine_hypervisor(char signature[13])
{
	unsigned int eax, ebx, ecx, edx, leaf;
	enum hypervisor found;
	char text[13];

	signature[0] = '\0';
	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & HYPERVISOR_BIT))
		return HYPERVISOR_NONE;
	/* Hyper-V's leaves may stand before the hypervisor's own. */
	for (leaf = HYPERVISOR_LEAF; leaf < HYPERVISOR_LEAF_END;
	     leaf += HYPERVISOR_LEAF_STEP) {
		__cpuid(leaf, eax, ebx, ecx, edx);
		memcpy(text, &ebx, 4);
		memcpy(text + 4, &ecx, 4);
		memcpy(text + 8, &edx, 4);
		text[12] = '\0';
		printable_clean(text, sizeof(text));
		if (!text[0])
			continue;
		found = by_signature(text);
		if (leaf == HYPERVISOR_LEAF || found != HYPERVISOR_OTHER)
			memcpy(signature, text, sizeof(text));
		if (found != HYPERVISOR_OTHER)
			return found;
	}
	return HYPERVISOR_OTHER;
}

/* Bytes read, with a NUL behind them; -1 if it can't be read. */
static ssize_t read_file(const char *root, const char *path, char *text,
			 size_t room)
{
	char full[512];
	ssize_t got;
	int fd;

	if ((size_t)snprintf(full, sizeof(full), "%s%s", root, path) >=
	    sizeof(full))
		return -1;
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	got = read(fd, text, room - 1);
	close(fd);
	if (got >= 0)
		text[got] = '\0';
	return got;
}

static enum fact read_switch(const char *root, const char *path)
{
	char text[16];

	if (read_file(root, path, text, sizeof(text)) <= 0)
		return FACT_UNKNOWN;
	return text[0] == 'Y' || text[0] == '1' ? FACT_YES : FACT_NO;
}

/* The kernel's own list of symbols is what it really has. */
static void read_symbols(const char *root, struct machine *machine)
{
	char path[512], line[512], *name;
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/kallsyms", root);
	file = fopen(path, "re");
	if (!file)
		return;
	machine->kprobes = FACT_NO;
	machine->ftrace = FACT_NO;
	while (fgets(line, sizeof(line), file)) {
		/* "address type name [module]" */
		name = strchr(line, ' ');
		if (!name || strlen(name) < 4)
			continue;
		name += 3;
		name[strcspn(name, "\t \n")] = '\0';
		if (!strcmp(name, "register_kprobe"))
			machine->kprobes = FACT_YES;
		else if (!strcmp(name, "register_ftrace_function"))
			machine->ftrace = FACT_YES;
		if (machine->kprobes == FACT_YES && machine->ftrace == FACT_YES)
			break;
	}
	fclose(file);
}

/* "none [integrity] confidentiality" */
static void read_lockdown(const char *root, struct machine *machine)
{
	char text[64], *begin, *end;

	if (read_file(root, "/sys/kernel/security/lockdown", text,
		      sizeof(text)) <= 0)
		return;
	begin = strchr(text, '[');
	end = begin ? strchr(begin, ']') : NULL;
	if (!end)
		return;
	*end = '\0';
	printable_copy(machine->lockdown, sizeof(machine->lockdown), begin + 1);
}

void machine_read(const char *root, struct machine *machine)
{
	struct utsname system;
	char text[64];
	ssize_t got;

	memset(machine, 0, sizeof(*machine));
	machine->kprobes = FACT_UNKNOWN;
	machine->ftrace = FACT_UNKNOWN;
	machine->secure_boot = FACT_UNKNOWN;
	uname(&system);
	printable_copy(machine->release, sizeof(machine->release),
		       system.release);
	read_symbols(root, machine);
	machine->kprobes_on =
		read_switch(root, "/sys/kernel/debug/kprobes/enabled");
	machine->btf = read_file(root, "/sys/kernel/btf/vmlinux", text,
				 sizeof(text)) > 0 ? FACT_YES : FACT_NO;
	machine->modules_disabled =
		read_switch(root, "/proc/sys/kernel/modules_disabled");
	machine->signature_enforced =
		read_switch(root, "/sys/module/module/parameters/sig_enforce");
	/* Four bytes of attributes, then the value. */
	got = read_file(root, SECURE_BOOT, text, sizeof(text));
	if (got == 5)
		machine->secure_boot = text[4] == 1 ? FACT_YES : FACT_NO;
	read_lockdown(root, machine);
	if (read_file(root, "/proc/sys/kernel/tainted", text, sizeof(text)) > 0)
		machine->taint = strtoull(text, NULL, 10);
}

void machine_taint_text(uint64_t taint, char *text, size_t room)
{
	static const struct {
		char letter;
		const char *meaning;
	} bits[] = {
		{ 'P', "proprietary module" },
		{ 'F', "module loaded by force" },
		{ 'S', "CPU out of specification" },
		{ 'R', "module unloaded by force" },
		{ 'M', "machine check" },
		{ 'B', "bad page" },
		{ 'U', "tainted by user" },
		{ 'D', "kernel died before (oops)" },
		{ 'A', "ACPI table overridden" },
		{ 'W', "kernel warned before" },
		{ 'C', "staging driver" },
		{ 'I', "firmware bug worked around" },
		{ 'O', "module built out of tree" },
		{ 'E', "unsigned module" },
		{ 'L', "soft lockup before" },
		{ 'K', "live patched" },
		{ 'X', "auxiliary" },
		{ 'T', "structure layout randomised" },
		{ 'N', "in-kernel test" },
	};
	size_t i, used = 0;
	bool first = true;

	text[0] = '\0';
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		if (!(taint & (1ull << i)) || used >= room)
			continue;
		used += snprintf(text + used, room - used, "%s%s (%c)",
				 first ? "" : ", ", bits[i].meaning,
				 bits[i].letter);
		first = false;
	}
}
