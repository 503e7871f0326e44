// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The page of code around an instruction: load the registers, do it, save them.
 * User space on x86-64 only.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "check.h"
#include "native.h"

#define CODE		0x20000000ull
#define CODE_SIZE	0x3000u
#define DATA		(CODE + 0x1000)
/* End of the page that probes run in; behind it there is nothing. */
#define PROBE_PAGE	(CODE + 0x2000)
#define PROBE_END	(CODE + CODE_SIZE)
#define ARENA_GAP	0x10000u

#define HWCAP2_FSGSBASE	(1u << 1)

/* At DATA; the code reaches it relative to RIP. */
struct data {
	struct native_state in;
	struct native_state out;
	u64 rsp;
	u64 entry;		/* where the instruction stands */
	u64 mask;		/* for K1, where there is one */
	u64 mxcsr;
	_Alignas(16) u8 fxsave[512];
};

static u8 *code_at;
static void (*code_entry)(void);
static u64 code_exit;

/* Set while the code runs; what its signal told. */
static volatile bool running;
static volatile int raised;
static volatile u64 raised_at;
static volatile bool raised_by_fetch;

static struct data *data(void)
{
	return (struct data *)DATA;
}

static void emit(const void *bytes, size_t n)
{
	memcpy(code_at, bytes, n);
	code_at += n;
}

/* An instruction with a RIP-relative operand in struct data. */
static void emit_at(const void *opcode, size_t n, const void *target)
{
	s32 disp;

	emit(opcode, n);
	disp = (intptr_t)target - (intptr_t)(code_at + 4);
	emit(&disp, 4);
}

static void emit_jump(u64 target)
{
	s32 disp;

	emit("\xe9", 1);
	disp = target - ((u64)code_at + 4);
	emit(&disp, 4);
}

/* MOV between a register and memory: @opcode 8B loads, 89 stores. */
static void emit_move(u8 opcode, u32 number, const u64 *target)
{
	u8 bytes[3] = { number < 8 ? 0x48 : 0x4c, opcode,
			0x05 | (number & 7) << 3 };

	emit_at(bytes, 3, target);
}

static void build(void)
{
	u32 i;

	code_at = (u8 *)CODE;
	code_entry = (void (*)(void))CODE;
	emit("\x53\x55\x41\x54\x41\x55\x41\x56\x41\x57", 10);	/* push */
	emit_move(0x89, 4, &data()->rsp);
	emit_at("\x48\x0f\xae\x0d", 4, data()->fxsave);		/* fxrstor64 */
	if (__builtin_cpu_supports("avx512bw"))
		emit_at("\xc4\xe1\xf8\x90\x0d", 5, &data()->mask); /* kmovq */
	emit_move(0x8b, 0, &data()->in.gs_base);
	emit("\xf3\x48\x0f\xae\xd8", 5);			/* wrgsbase */
	emit_at("\xff\x35", 2, &data()->in.rflags);		/* push */
	emit("\x9d", 1);					/* popf */
	for (i = 0; i < 16; i++)
		emit_move(0x8b, i, &data()->in.gpr[i]);
	emit_at("\xff\x25", 2, &data()->entry);			/* jmp */

	code_exit = (u64)code_at;
	for (i = 0; i < 16; i++)
		emit_move(0x89, i, &data()->out.gpr[i]);
	emit_move(0x8b, 4, &data()->rsp);
	emit("\x9c", 1);					/* pushf */
	emit_at("\x8f\x05", 2, &data()->out.rflags);		/* pop */
	emit("\xfc\xdb\xe3", 3);				/* cld fninit */
	emit_at("\x0f\xae\x15", 3, &data()->mxcsr);		/* ldmxcsr */
	emit("\x41\x5f\x41\x5e\x41\x5d\x41\x5c\x5d\x5b\xc3", 11);
	if ((u64)code_at > NATIVE_INSN)
		abort();
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	ucontext_t *c = context;

	(void)info;
	if (!running || raised) {
		/* Not by the instruction under test. */
		signal(number, SIG_DFL);
		return;
	}
	raised = number;
	raised_at = c->uc_mcontext.gregs[REG_RIP];
	raised_by_fetch = c->uc_mcontext.gregs[REG_ERR] & 0x10;
	c->uc_mcontext.gregs[REG_RIP] = code_exit;
	c->uc_mcontext.gregs[REG_EFL] = 2;
}

u8 *native_arena(void)
{
	return (u8 *)NATIVE_ARENA;
}

static bool map_at(u64 address, size_t size, int protection)
{
	void *got = mmap((void *)address, size, protection,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			 -1, 0);

	return got == (void *)address;
}

bool native_init(void)
{
	static const int caught[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };
	struct sigaction action = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
	};
	static u8 room[1 << 18];
	const stack_t stack = { .ss_sp = room, .ss_size = sizeof(room) };
	unsigned int i;

	if (!(getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE))
		return false;
	if (!map_at(CODE, CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC) ||
	    !map_at(NATIVE_ARENA - ARENA_GAP, ARENA_GAP, PROT_NONE) ||
	    !map_at(NATIVE_ARENA, NATIVE_SIZE, PROT_READ | PROT_WRITE) ||
	    !map_at(NATIVE_ARENA + NATIVE_SIZE, ARENA_GAP, PROT_NONE) ||
	    !map_at(PROBE_END, ARENA_GAP, PROT_NONE))
		return false;
	if (sigaltstack(&stack, NULL))
		return false;
	for (i = 0; i < ARRAY_SIZE(caught); i++)
		if (sigaction(caught[i], &action, NULL))
			return false;
	build();
	asm volatile("fxsave64 %0" : "=m"(data()->fxsave));
	data()->mxcsr = 0x1f80;
	memset((void *)PROBE_PAGE, 0xcc, PROBE_END - PROBE_PAGE);
	return true;
}

void native_set_vectors(u64 *seed)
{
	u32 i;

	/* Ten bytes for each x87 register, all of each XMM register. */
	for (i = 32; i < 416; i++)
		if (i >= 160 || i % 16 < 10)
			data()->fxsave[i] = random_next(seed) >> 32;
	data()->fxsave[4] = 0xff;	/* no x87 register is empty */
	data()->mask = random_next(seed);
}

static void run_at(u64 entry, const struct native_state *in)
{
	data()->in = *in;
	data()->entry = entry;
	raised = 0;
	running = true;
	code_entry();
	running = false;
}

int native_run(const u8 *bytes, u32 length, const struct native_state *in,
	       struct native_state *out)
{
	code_at = (u8 *)NATIVE_INSN;
	emit(bytes, length);
	emit_jump(code_exit);
	run_at(NATIVE_INSN, in);
	*out = data()->out;
	return raised;
}

enum native_outcome native_probe(const u8 *bytes, u32 length,
				 const struct native_state *in)
{
	u64 start = PROBE_END - length;

	memcpy((void *)start, bytes, length);
	/* Where a longer one stood before. */
	memset((void *)(start - 16), 0xcc, 16);
	run_at(start, in);
	if (raised == SIGSEGV && raised_by_fetch) {
		if (raised_at == start)
			return NATIVE_MORE;
		if (raised_at == PROBE_END)
			return NATIVE_DONE;
	}
	return raised == SIGILL ? NATIVE_UNDEFINED : NATIVE_FAULT;
}
