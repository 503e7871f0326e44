/* SPDX-License-Identifier: GPL-2.0-only */
/* Facts about this machine and its kernel that matter to Chariot. User space. */
#ifndef CHARIOT_MACHINE_H
#define CHARIOT_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hypervisor {
	HYPERVISOR_NONE,	/* no virtual machine */
	HYPERVISOR_KVM,
	HYPERVISOR_XEN,
	HYPERVISOR_OTHER,
};

/**
 * machine_hypervisor - what CPUID says is below
 * @signature: result: up to 12 characters, printable, "" for none
 */
enum hypervisor machine_hypervisor(char signature[13]);

/* What a file, a symbol or a setting says; unknown where it can't be read. */
enum fact { FACT_NO, FACT_YES, FACT_UNKNOWN };

struct machine {
	enum fact kprobes;		/* the kernel has them */
	enum fact kprobes_on;		/* and they are not switched off */
	enum fact ftrace;
	enum fact btf;
	enum fact modules_disabled;	/* kernel.modules_disabled */
	enum fact signature_enforced;	/* module.sig_enforce */
	enum fact secure_boot;
	char lockdown[24];		/* "none", "integrity", "confidentiality";
					 * "" if the kernel has none */
	uint64_t taint;
	char release[65];
};

/**
 * machine_read - collect the facts
 * @root: put before every path; "" but in tests
 */
void machine_read(const char *root, struct machine *machine);

/* "module built out of tree (O), unsigned module (E)"; "" for 0. */
void machine_taint_text(uint64_t taint, char *text, size_t room);

#endif /* CHARIOT_MACHINE_H */
