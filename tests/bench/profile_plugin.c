// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counts the instructions that the outer machine executes, up to the marks that
 * the harness in the guest passes. Host and guest are not told apart but by their
 * addresses.
 * Runs in the outer QEMU, as a TCG plugin; trusts the one who starts it.
 *
 * arguments, one of them:
 * out=FILE	FILE.1, FILE.2 and so on are written at the marks, a line for each
 *		translated block: address, its instructions, times executed.
 * totals=FILE	Has a line for each mark: all instructions up to it.
 *
 * Debian ships QEMU's plugin interface without its header; what is used of it
 * is declared here (interface version 1).
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { INLINE_ADD_U64 = 0, NO_REGISTERS = 0 };

typedef void (*translated_fn)(plugin_id id, struct qemu_plugin_tb *tb);
typedef void (*executed_fn)(unsigned int vcpu, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, translated_fn fn);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op,
					      void *counter, uint64_t add);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    executed_fn fn, int flags,
					    void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
						 size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

#define EXPORT	__attribute__((visibility("default")))

EXPORT int qemu_plugin_version = 1;

/* nopl 0x54524843(%rax,%rax,1): bench_harness.c has the same */
static const uint8_t mark[] = { 0x0f, 0x1f, 0x84, 0x00, 'C', 'H', 'R', 'T' };

#define BUCKETS	65536u

struct block {
	struct block *next;
	uint64_t address;
	uint64_t instructions;
	uint64_t executed;
};

static struct block *blocks[BUCKETS];
static char *out;
static FILE *totals;
static uint64_t total;
static int marks;

/* A block is translated anew now and then; it keeps its count. */
static struct block *block_of(uint64_t address, uint64_t instructions)
{
	struct block **bucket = &blocks[(address >> 1) % BUCKETS];
	struct block *b;

	for (b = *bucket; b; b = b->next)
		if (b->address == address && b->instructions == instructions)
			return b;
	b = calloc(1, sizeof(*b));
	if (!b)
		abort();
	b->address = address;
	b->instructions = instructions;
	b->next = *bucket;
	*bucket = b;
	return b;
}

static void marked(unsigned int vcpu, void *data)
{
	char name[4096];
	struct block *b;
	FILE *file;
	size_t i;

	if (totals) {
		fprintf(totals, "%" PRIu64 "\n", total);
		fflush(totals);
		return;
	}
	snprintf(name, sizeof(name), "%s.%d", out, ++marks);
	file = fopen(name, "w");
	if (!file) {
		perror(name);
		return;
	}
	for (i = 0; i < BUCKETS; i++)
		for (b = blocks[i]; b; b = b->next)
			if (b->executed)
				fprintf(file, "%" PRIx64 " %" PRIu64 " %" PRIu64 "\n",
					b->address, b->instructions,
					b->executed);
	fclose(file);
}

static bool is_mark(const struct qemu_plugin_insn *insn)
{
	return qemu_plugin_insn_size(insn) == sizeof(mark) &&
	       !memcmp(qemu_plugin_insn_data(insn), mark, sizeof(mark));
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
	size_t i, count = qemu_plugin_tb_n_insns(tb);
	struct block *b;

	if (totals) {
		qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64,
							 &total, count);
	} else {
		b = block_of(qemu_plugin_tb_vaddr(tb), count);
		qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64,
							 &b->executed, 1);
	}
	for (i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (is_mark(insn))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, marked,
							       NO_REGISTERS,
							       NULL);
	}
}

EXPORT int qemu_plugin_install(plugin_id id, const struct qemu_info_t *info,
			       int count, char **arguments)
{
	int i;

	for (i = 0; i < count; i++) {
		if (!strncmp(arguments[i], "out=", 4))
			out = strdup(arguments[i] + 4);
		if (!strncmp(arguments[i], "totals=", 7))
			totals = fopen(arguments[i] + 7, "w");
	}
	if (!out && !totals) {
		fprintf(stderr, "profile_plugin: no out=FILE, no totals=FILE that can be written\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
