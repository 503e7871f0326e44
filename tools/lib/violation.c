// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of /dev/chariot: what is read becomes a structure that can be shown
 * without further checks. Runs in user space; trusts no field of a record.
 */
#include <errno.h>
#include <string.h>

#include "printable.h"
#include "violation.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/* Up to here every record must reach: what can't be missing. */
#define RECORD_MIN	offsetof(struct chariot_violation, value)
/* Larger than any revision will be, and smaller than a mistake. */
#define RECORD_MAX	65536u

static void limit(uint32_t *count, uint32_t max)
{
	if (*count > max)
		*count = max;
}

ssize_t violation_parse(const void *bytes, size_t size,
			struct chariot_violation *out)
{
	uint32_t i, record;

	if (!size)
		return 0;
	if (size < sizeof(record))
		return -EPROTO;
	memcpy(&record, bytes, sizeof(record));
	if (record < RECORD_MIN || record > RECORD_MAX || record > size)
		return -EPROTO;
	memset(out, 0, sizeof(*out));
	memcpy(out, bytes, record < sizeof(*out) ? record : sizeof(*out));

	limit(&out->value_len, sizeof(out->value));
	limit(&out->insn_len, sizeof(out->insn));
	limit(&out->stack_len, CHARIOT_STACK_MAX);
	printable_clean(out->driver, sizeof(out->driver));
	printable_clean(out->comm, sizeof(out->comm));
	printable_clean(out->function, sizeof(out->function));
	printable_clean(out->leaf, sizeof(out->leaf));
	printable_clean(out->victim_text, sizeof(out->victim_text));
	printable_clean(out->nearest_text, sizeof(out->nearest_text));
	printable_clean(out->type, sizeof(out->type));
	for (i = 0; i < CHARIOT_STACK_MAX; i++)
		printable_clean(out->stack[i], sizeof(out->stack[i]));
	return record;
}

static const char *name_of(const char *const *names, size_t count,
			   uint32_t number)
{
	const char *name = number < count ? names[number] : NULL;

	return name ? name : "unknown";
}

const char *victim_name(uint32_t victim)
{
	static const char *const names[CHARIOT_VICTIM_COUNT] = {
		[CHARIOT_VICTIM_UNKNOWN] = "unknown memory",
		[CHARIOT_VICTIM_SLAB] = "slab object",
		[CHARIOT_VICTIM_KERNEL_DATA] = "kernel data",
		[CHARIOT_VICTIM_KERNEL_TEXT] = "kernel text",
		[CHARIOT_VICTIM_KERNEL_RODATA] = "kernel read-only data",
		[CHARIOT_VICTIM_MODULE] = "another module's memory",
		[CHARIOT_VICTIM_DRIVER] = "another isolated driver's memory",
		[CHARIOT_VICTIM_SELF] = "the driver's own memory",
		[CHARIOT_VICTIM_PAGE_TABLE] = "page table",
		[CHARIOT_VICTIM_STACK] = "another task's stack",
		[CHARIOT_VICTIM_VMALLOC] = "vmalloc memory",
		[CHARIOT_VICTIM_PAGE_CACHE] = "page cache",
		[CHARIOT_VICTIM_USER] = "memory of a process",
		[CHARIOT_VICTIM_PERCPU] = "per-CPU data",
		[CHARIOT_VICTIM_FREE] = "free page",
		[CHARIOT_VICTIM_PAGES] = "allocated page",
	};

	return name_of(names, COUNT(names), victim);
}

const char *outcome_name(uint32_t outcome)
{
	static const char *const names[] = {
		[CHARIOT_OUTCOME_STOPPED] = "stopped",
		[CHARIOT_OUTCOME_HELD] = "held",
		[CHARIOT_OUTCOME_AUDITED] = "audited",
	};

	return name_of(names, COUNT(names), outcome);
}

const char *context_name(uint32_t context)
{
	static const char *const names[] = {
		"task", "softirq", "hardirq", "nmi",
	};

	return name_of(names, COUNT(names), context);
}

const char *mode_name(uint32_t mode)
{
	static const char *const names[CHARIOT_MODE_COUNT] = {
		[CHARIOT_MODE_AUDIT] = "audit",
		[CHARIOT_MODE_ENFORCE] = "enforce",
	};

	return name_of(names, COUNT(names), mode);
}

const char *kind_name(uint32_t kind)
{
	static const char *const names[CHARIOT_KIND_COUNT] = {
		[CHARIOT_KIND_NONE] = "none",
		[CHARIOT_KIND_TEXT] = "text",
		[CHARIOT_KIND_DATA] = "data",
		[CHARIOT_KIND_INIT] = "init",
		[CHARIOT_KIND_LEAF] = "leaf",
		[CHARIOT_KIND_SLAB] = "slab",
		[CHARIOT_KIND_PAGES] = "pages",
		[CHARIOT_KIND_VMALLOC] = "vmalloc",
		[CHARIOT_KIND_PERCPU] = "percpu",
		[CHARIOT_KIND_DMA] = "dma",
		[CHARIOT_KIND_STACK] = "stack",
		[CHARIOT_KIND_CPU_WORD] = "cpu-word",
		[CHARIOT_KIND_TASK_WORD] = "task-word",
		[CHARIOT_KIND_OBJECT] = "object",
		[CHARIOT_KIND_BUFFER] = "buffer",
		[CHARIOT_KIND_THUNK] = "thunk",
		[CHARIOT_KIND_MMIO] = "mmio",
		[CHARIOT_KIND_PRIVATE] = "private",
	};

	return name_of(names, COUNT(names), kind);
}
