// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What a record says of a write, and the verdict on one in two parts. */
#include <stddef.h>

#include "check.h"
#include "write.h"

#define BASE	0x10000ull		/* in rdi */
#define OLD	0x0102030405060708ull	/* what the operand, or a source, holds */
#define GVA	CHARIOT_RECORD_GVA
#define SIZE	CHARIOT_RECORD_SIZE
#define VALUE	CHARIOT_RECORD_VALUE
#define REP	CHARIOT_RECORD_REP

struct describe_case {
	const char *name;
	u8 bytes[CHARIOT_INSN_MAX];
	u64 rdi;
	bool unreadable;
	u32 flags;
	u64 size;
	u64 value;
	u32 size1;
};

static const struct describe_case cases[] = {
	{ "mov %rax,(%rdi)", { 0x48, 0x89, 0x07 }, BASE, false,
	  GVA | SIZE | VALUE, 8, 0x1122334455667788, 8 },
	{ "movb $5,(%rdi)", { 0xc6, 0x07, 0x05 }, BASE + 0xfff, false,
	  GVA | SIZE | VALUE, 1, 5, 1 },
	{ "mov %rax,(%rdi) over a page's end", { 0x48, 0x89, 0x07 }, BASE + 0xffd,
	  false, GVA | SIZE | VALUE, 8, 0x1122334455667788, 3 },
	{ "add %rax,(%rdi)", { 0x48, 0x01, 0x07 }, BASE, false,
	  GVA | SIZE | VALUE, 8, OLD + 0x1122334455667788, 8 },
	{ "add %rax,(%rdi), unreadable", { 0x48, 0x01, 0x07 }, BASE, true,
	  GVA | SIZE, 8, 0, 8 },
	{ "rep stosq", { 0xf3, 0x48, 0xab }, BASE, false,
	  GVA | SIZE | VALUE | REP, 8 * 3, 0x1122334455667788, 8 },
	{ "movsl", { 0xa5 }, BASE, false, GVA | SIZE | VALUE, 4, 0x05060708, 4 },
	{ "fxsave (%rdi)", { 0x0f, 0xae, 0x07 }, BASE, false, GVA | SIZE, 512, 0, 512 },
	{ "xsave (%rdi)", { 0x0f, 0xae, 0x27 }, BASE, false, GVA, 0, 0, 0 },
};

static bool read_operand(void *from, const struct chariot_write *w, u64 *old)
{
	const struct describe_case *c = from;

	*old = w->size < 8 ? OLD & ((1ull << 8 * w->size) - 1) : OLD;
	return !c->unreadable;
}

static void test_describe(const struct describe_case *c)
{
	struct chariot_write w = { .byte_count = CHARIOT_INSN_MAX };
	struct chariot_record rec = { };
	u64 value = 0;

	memcpy(w.bytes, c->bytes, sizeof(c->bytes));
	w.regs.gpr[0] = 0x1122334455667788;
	w.regs.gpr[1] = 3;
	w.regs.gpr[7] = c->rdi;
	if (!CHECK(!chariot_insn_decode(w.bytes, w.byte_count, &w.regs, &w.insn),
		   "%s: not decoded", c->name))
		return;
	w.decoded = true;
	chariot_write_measure(&w);
	chariot_write_describe(&w, read_operand, (void *)c, &rec);
	memcpy(&value, rec.value, sizeof(value));
	CHECK(rec.flags == c->flags, "%s: flags %x", c->name, rec.flags);
	CHECK(rec.size == c->size, "%s: size %llu", c->name, (unsigned long long)rec.size);
	CHECK(value == c->value, "%s: value %llx", c->name, (unsigned long long)value);
	CHECK(w.size1 == c->size1, "%s: %u in the first page", c->name, w.size1);
	CHECK(rec.gva == c->rdi, "%s: gva %llx", c->name, (unsigned long long)rec.gva);
	CHECK(rec.insn_len == w.insn.len && !memcmp(rec.insn, c->bytes, rec.insn_len),
	      "%s: its bytes", c->name);
}

/* Of what could not be decoded there are the bytes. */
static void test_undecoded(void)
{
	const struct chariot_write w = { .bytes = { 0x0f, 0xff }, .byte_count = 2, .size = 8 };
	struct chariot_record rec = { };

	chariot_write_describe(&w, read_operand, (void *)&cases[0], &rec);
	CHECK(!rec.flags && !rec.size && rec.insn_len == 2 && rec.insn[1] == 0xff,
	      "flags %x, length %u", rec.flags, rec.insn_len);
}

static void test_both(void)
{
	enum chariot_verdict first, second;

	for (first = CHARIOT_VERDICT_ALLOW; first <= CHARIOT_VERDICT_STOP; first++) {
		for (second = CHARIOT_VERDICT_ALLOW; second <= CHARIOT_VERDICT_STOP; second++) {
			u64 bad = 1;

			CHECK(chariot_verdict_both(first, second, &bad, 2) ==
			      (first > second ? first : second), "%d and %d", first, second);
			/* The first byte that is not allowed counts. */
			CHECK(bad == (first < CHARIOT_VERDICT_AUDIT &&
				      second >= CHARIOT_VERDICT_AUDIT ? 2 : 1),
			      "%d and %d: byte %llu", first, second, (unsigned long long)bad);
		}
	}
}

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		test_describe(&cases[i]);
	test_undecoded();
	test_both();
	return summary("%zu instructions", i);
}
