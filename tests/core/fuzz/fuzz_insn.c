// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Any bytes as an instruction, any registers: the decoder reads no byte it was
 * not given, agrees with itself, and what it calls executable executes. For
 * libFuzzer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "insn.h"
#include "require.h"

/* Decode a copy that ends where its memory does. */
static int decode(const u8 *bytes, size_t n, const struct chariot_regs *regs,
		  struct chariot_insn *insn)
{
	u8 *copy = malloc(n ? n : 1);
	int err;

	if (!copy)
		abort();
	memcpy(copy, bytes, n);
	err = chariot_insn_decode(n ? copy : copy + 1, n, regs, insn);
	free(copy);
	return err;
}

static void execute(const struct chariot_insn *insn, struct chariot_regs regs,
		    u64 old)
{
	u64 rip = regs.rip, new = 0;
	bool store;

	REQUIRE(insn->size == 1 || insn->size == 2 || insn->size == 4 ||
		insn->size == 8);
	REQUIRE(insn->size == insn->operand_size);
	store = chariot_insn_execute(insn, &regs, old, &new);
	REQUIRE(regs.rip == rip + insn->len ||
		(regs.rip == rip && insn->flags & CHARIOT_INSN_REP));
	if (insn->size < 8)
		REQUIRE(!(new >> (8 * insn->size)));
	if (store && insn->flags & CHARIOT_INSN_VALUE)
		REQUIRE(!memcmp(&new, insn->value, insn->size));
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t n);

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t n)
{
	struct chariot_regs regs = { 0 };
	struct chariot_insn insn, again;
	size_t code = n < 20 ? n : 20;
	size_t i;
	int err;

	/* What follows the code fills the registers. */
	if (n > code)
		memcpy(&regs, bytes + code, n - code < sizeof(regs) ?
					    n - code : sizeof(regs));
	err = decode(bytes, code, &regs, &insn);
	if (err) {
		REQUIRE(err == -EINVAL || (err == -EAGAIN && code < 15));
		return 0;
	}
	REQUIRE(insn.len >= 1 && insn.len <= CHARIOT_INSN_MAX &&
		insn.len <= code);
	REQUIRE(insn.size <= 512);
	err = decode(bytes, insn.len, &regs, &again);
	REQUIRE(!err && !memcmp(&insn, &again, sizeof(insn)));
	for (i = 0; i < insn.len; i++)
		REQUIRE(decode(bytes, i, &regs, &again) == -EAGAIN);
	if (insn.flags & ~CHARIOT_INSN_LOCK && !(insn.flags & CHARIOT_INSN_WRITES))
		REQUIRE(0);
	if (insn.flags & CHARIOT_INSN_EXEC)
		execute(&insn, regs, regs.gpr[n % 16] ^ n);
	return 0;
}
