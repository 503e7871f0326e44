// SPDX-License-Identifier: GPL-2.0-only
/*
 * Carrying out a write in the processor's place: by ourselves for what the core
 * knows, by KVM's emulator for the rest.
 * Runs in the host kernel, in a virtual CPU's thread, while the write is being
 * judged (chariot_vm.judging), so that no right it relies on has ended before.
 */
#include <linux/uaccess.h>

#include "backend.h"

#define RETRIES		16

/**
 * chariot_regs_get - a virtual CPU's registers in the core's form
 * @vcpu: the virtual CPU of this thread
 * @regs: out
 */
void chariot_regs_get(struct kvm_vcpu *vcpu, struct chariot_regs *regs)
{
	const struct kvm_x86_ops *ops = chariot_symbols.ops;

	BUILD_BUG_ON(VCPU_REGS_RSP != 4 || VCPU_REGS_R15 != 15);
	chariot_reg_read(vcpu, VCPU_REGS_RSP);
	memcpy(regs->gpr, vcpu->arch.regs, sizeof(regs->gpr));
	regs->rip = chariot_reg_read(vcpu, VCPU_REGS_RIP);
	regs->rflags = kvm_get_rflags(vcpu);
	regs->fs_base = ops->get_segment_base(vcpu, VCPU_SREG_FS);
	regs->gs_base = ops->get_segment_base(vcpu, VCPU_SREG_GS);
}

static void regs_put(struct kvm_vcpu *vcpu, const struct chariot_regs *old,
		     const struct chariot_regs *new)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(new->gpr); i++)
		if (new->gpr[i] != old->gpr[i])
			chariot_reg_write(vcpu, i, new->gpr[i]);
	if (new->rflags != old->rflags)
		kvm_set_rflags(vcpu, new->rflags);
	if (new->rip != old->rip)
		chariot_skip(vcpu, new->rip);
}

/**
 * chariot_skip - go on at another instruction
 * @vcpu: the virtual CPU of this thread
 * @rip: where
 */
void chariot_skip(struct kvm_vcpu *vcpu, u64 rip)
{
	chariot_reg_write(vcpu, VCPU_REGS_RIP, rip);
	/* The instruction behind an STI or MOV SS is over. */
	chariot_symbols.ops->set_interrupt_shadow(vcpu, 0);
}

static unsigned long user_address(struct kvm_vcpu *vcpu, u64 gpa)
{
	unsigned long hva = kvm_vcpu_gfn_to_hva(vcpu, gpa >> CHARIOT_PAGE_SHIFT);

	return kvm_is_error_hva(hva) ? 0 : hva + (gpa & ~PAGE_MASK);
}

/* One access of 1, 2, 4 or 8 bytes, as the processor would make it. */
static bool load(unsigned long hva, u32 size, u64 *value)
{
	u8 b;
	u16 w;
	u32 l;
	int err;

	switch (size) {
	case 1:
		err = get_user(b, (u8 __user *)hva);
		*value = b;
		return !err;
	case 2:
		err = get_user(w, (u16 __user *)hva);
		*value = w;
		return !err;
	case 4:
		err = get_user(l, (u32 __user *)hva);
		*value = l;
		return !err;
	case 8:
		return !get_user(*value, (u64 __user *)hva);
	}
	return false;
}

static bool store(unsigned long hva, u32 size, u64 value)
{
	switch (size) {
	case 1:
		return !put_user((u8)value, (u8 __user *)hva);
	case 2:
		return !put_user((u16)value, (u16 __user *)hva);
	case 4:
		return !put_user((u32)value, (u32 __user *)hva);
	case 8:
		return !put_user(value, (u64 __user *)hva);
	}
	return false;
}

#define EXCHANGE(type) ({						\
	type __was = old;						\
	__try_cmpxchg_user((type __user *)hva, &__was, (type)new,	\
			   fault_##type);				\
})

/* 0 exchanged, 1 another value was there, -EFAULT. */
static int exchange(unsigned long hva, u32 size, u64 old, u64 new)
{
	if (!access_ok((void __user *)hva, size))
		return -EFAULT;
	switch (size) {
	case 1:
		return EXCHANGE(u8);
	case 2:
		return EXCHANGE(u16);
	case 4:
		return EXCHANGE(u32);
	case 8:
		return EXCHANGE(u64);
	}
	return -EFAULT;
}

/* Bytes that may lie in two pages: no single access. */
static bool copy_in(struct kvm_vcpu *vcpu, const struct chariot_write *w,
		    void *to)
{
	return !kvm_vcpu_read_guest(vcpu, w->gpa, to, w->size1) &&
	       (w->size1 == w->size ||
		!kvm_vcpu_read_guest(vcpu, w->gpa2, to + w->size1,
				     w->size - w->size1));
}

static bool copy_out(struct kvm_vcpu *vcpu, const struct chariot_write *w,
		     const void *from)
{
	return !kvm_vcpu_write_guest(vcpu, w->gpa, from, w->size1) &&
	       (w->size1 == w->size ||
		!kvm_vcpu_write_guest(vcpu, w->gpa2, from + w->size1,
				      w->size - w->size1));
}

static bool read_virtual(struct kvm_vcpu *vcpu, u64 gva, void *to, u32 size)
{
	struct x86_exception e;

	while (size) {
		u32 part = min_t(u32, size, PAGE_SIZE - (gva & ~PAGE_MASK));
		gpa_t gpa = kvm_mmu_gva_to_gpa_read(vcpu, gva, &e);

		if (gpa == INVALID_GPA ||
		    kvm_vcpu_read_guest(vcpu, gpa, to, part))
			return false;
		gva += part;
		to += part;
		size -= part;
	}
	return true;
}

static bool is_movs(const struct chariot_insn *insn)
{
	return (insn->flags & CHARIOT_INSN_STRING) &&
	       (insn->opcode & 0xfe) == 0xa4;
}

/**
 * chariot_operand_read - what an instruction would read before it writes
 * @vcpu: the virtual CPU of this thread
 * @w: the write
 * @old: out: the operand now, or the source of a movs
 *
 * Returns false if it lies in no memory.
 */
bool chariot_operand_read(struct kvm_vcpu *vcpu, const struct chariot_write *w,
			  u64 *old)
{
	const struct chariot_insn *insn = &w->insn;

	*old = 0;
	if (w->size > sizeof(*old))
		return false;
	if (is_movs(insn))
		return read_virtual(vcpu, insn->src_gva, old, w->size);
	if (insn->flags & CHARIOT_INSN_READS)
		return copy_in(vcpu, w, old);
	return true;
}

/* A LOCKed instruction, or a plain one whose operand is in one page. */
static enum chariot_done emulate_single(struct kvm_vcpu *vcpu,
					struct chariot_write *w,
					struct chariot_regs *regs)
{
	unsigned long hva = user_address(vcpu, w->gpa);
	const struct chariot_insn *insn = &w->insn;
	u64 old = 0, new;
	int try;

	if (!hva)
		return CHARIOT_CANNOT;
	for (try = 0; try < RETRIES; try++) {
		int failed = 0;

		*regs = w->regs;
		if (insn->flags & CHARIOT_INSN_READS) {
			if (!load(hva, w->size, &old))
				return CHARIOT_CANNOT;
		} else if (!chariot_operand_read(vcpu, w, &old)) {
			return CHARIOT_CANNOT;
		}
		if (!chariot_insn_execute(insn, regs, old, &new))
			return CHARIOT_DONE;
		if (insn->flags & CHARIOT_INSN_LOCK)
			failed = exchange(hva, w->size, old, new);
		else if (!store(hva, w->size, new))
			return CHARIOT_CANNOT;
		if (failed < 0)
			return CHARIOT_CANNOT;
		if (!failed) {
			kvm_vcpu_mark_page_dirty(vcpu,
						 w->gpa >> CHARIOT_PAGE_SHIFT);
			return CHARIOT_DONE;
		}
	}
	return CHARIOT_RETRY;
}

static enum chariot_done emulate_crossing(struct kvm_vcpu *vcpu,
					  struct chariot_write *w,
					  struct chariot_regs *regs)
{
	u64 old, new;

	*regs = w->regs;
	if (!chariot_operand_read(vcpu, w, &old))
		return CHARIOT_CANNOT;
	if (chariot_insn_execute(&w->insn, regs, old, &new) &&
	    !copy_out(vcpu, w, &new))
		return CHARIOT_CANNOT;
	return CHARIOT_DONE;
}

/* Iterations, at most @most, that @judge allows from the operand on. */
static u64 allowed_iterations(struct chariot_vm *vm,
			      const struct chariot_table *judge,
			      const struct chariot_write *w, u64 most)
{
	u64 start = w->gpa, size = most * w->size;
	bool down = w->insn.flags & CHARIOT_INSN_DOWN;
	u64 bad;

	if (!judge || !most)
		return most;
	if (down)
		start -= (most - 1) * w->size;
	read_lock(&vm->tables);
	if (!chariot_table_allows(judge, start, size, CHARIOT_RIGHT_WRITE,
				  &bad))
		/* Downwards the end of the run is what counts: one by one. */
		most = down ? 1 : (bad - start) / w->size;
	read_unlock(&vm->tables);
	return most;
}

/* Iterations one by one; returns how many were done. */
static u64 string_slowly(struct kvm_vcpu *vcpu, const struct chariot_write *w,
			 unsigned long hva, u64 count,
			 struct chariot_regs *regs)
{
	const struct chariot_insn *insn = &w->insn;
	s64 step = insn->flags & CHARIOT_INSN_DOWN ? -(s64)w->size : w->size;
	u64 old = 0, new, i;

	for (i = 0; i < count; i++) {
		struct chariot_regs before = *regs;

		if (is_movs(insn) && !read_virtual(vcpu, insn->src_gva + i * step,
						   &old, w->size))
			break;
		chariot_insn_execute(insn, regs, old, &new);
		if (!store(hva + i * step, w->size, new)) {
			*regs = before;
			break;
		}
	}
	return i;
}

/* An upward movs that does not read what it has written, in chunks. */
static u64 movs_in_chunks(struct kvm_vcpu *vcpu, const struct chariot_write *w,
			  unsigned long hva, u64 count,
			  struct chariot_regs *regs)
{
	const struct chariot_insn *insn = &w->insn;
	u64 size = count * w->size, done = 0;
	u8 chunk[256];

	while (done < size) {
		u32 part = min_t(u64, size - done, sizeof(chunk));

		if (!read_virtual(vcpu, insn->src_gva + done, chunk, part) ||
		    copy_to_user((void __user *)(hva + done), chunk, part))
			break;
		done += part;
	}
	count = done / w->size;
	regs->gpr[VCPU_REGS_RCX] -= count;
	regs->gpr[VCPU_REGS_RSI] += count * w->size;
	regs->gpr[VCPU_REGS_RDI] += count * w->size;
	if (!regs->gpr[VCPU_REGS_RCX])
		regs->rip += insn->len;
	return count;
}

static bool chunks_possible(const struct chariot_write *w, u64 count)
{
	const struct chariot_insn *insn = &w->insn;

	return is_movs(insn) && insn->address_size == 8 &&
	       !(insn->flags & CHARIOT_INSN_DOWN) &&
	       insn->gva - insn->src_gva >= count * w->size;
}

/*
 * As many iterations of a rep stos or movs as there are to the page's end and
 * as @judge allows; the first one is known to be allowed.
 */
static enum chariot_done emulate_string(struct chariot_vm *vm,
					struct kvm_vcpu *vcpu,
					const struct chariot_table *judge,
					struct chariot_write *w,
					struct chariot_regs *regs)
{
	unsigned long hva = user_address(vcpu, w->gpa);
	u32 offset = w->gpa & ~PAGE_MASK;
	u64 count;

	if (w->insn.flags & CHARIOT_INSN_DOWN)
		count = offset / w->size + 1;
	else
		count = (PAGE_SIZE - offset) / w->size;
	count = allowed_iterations(vm, judge, w, min(w->insn.count, count));
	if (!hva || !count)
		return CHARIOT_CANNOT;
	*regs = w->regs;
	if (chunks_possible(w, count))
		count = movs_in_chunks(vcpu, w, hva, count, regs);
	else
		count = string_slowly(vcpu, w, hva, count, regs);
	if (!count)
		return CHARIOT_CANNOT;
	kvm_vcpu_mark_page_dirty(vcpu, w->gpa >> CHARIOT_PAGE_SHIFT);
	return CHARIOT_DONE;
}

/* What KVM's emulator or the processor itself has to do. */
static bool beyond_us(struct kvm_vcpu *vcpu, const struct chariot_write *w)
{
	const struct chariot_insn *insn = &w->insn;

	if (!w->decoded || !(insn->flags & CHARIOT_INSN_EXEC) ||
	    !w->size || w->size > sizeof(u64))
		return true;
	/* Single steps end in a debug exception. */
	if ((w->regs.rflags & X86_EFLAGS_TF) ||
	    (vcpu->guest_debug & KVM_GUESTDBG_SINGLESTEP))
		return true;
	if (insn->flags & CHARIOT_INSN_LOCK)
		/* A locked access across cache lines stalls the host. */
		return w->size1 < w->size ||
		       (w->gpa & (SMP_CACHE_BYTES - 1)) + w->size >
		       SMP_CACHE_BYTES;
	return false;
}

/**
 * chariot_emulate - carry out a write that the core knows
 * @vm: the guest
 * @vcpu: the virtual CPU of this thread
 * @judge: the table that allows it, or NULL to let it happen anyhow
 * @w: the write; its registers are those after it when it is done
 */
enum chariot_done chariot_emulate(struct chariot_vm *vm, struct kvm_vcpu *vcpu,
				  const struct chariot_table *judge,
				  struct chariot_write *w)
{
	struct chariot_regs after;
	enum chariot_done done;

	if (beyond_us(vcpu, w))
		return CHARIOT_CANNOT;
	if (w->size1 < w->size)
		done = emulate_crossing(vcpu, w, &after);
	else if (w->insn.flags & CHARIOT_INSN_REP)
		done = emulate_string(vm, vcpu, judge, w, &after);
	else
		done = emulate_single(vcpu, w, &after);
	if (done == CHARIOT_DONE)
		regs_put(vcpu, &w->regs, &after);
	return done;
}

/**
 * chariot_emulate_kvm - have KVM's emulator do the current instruction
 * @vcpu: the virtual CPU of this thread
 *
 * All that it would write must have been judged: the emulator knows no views.
 */
enum chariot_done chariot_emulate_kvm(struct kvm_vcpu *vcpu)
{
	struct kvm_queued_exception queued = vcpu->arch.exception;
	int ret = kvm_emulate_instruction(vcpu, 0);

	if (ret)
		return CHARIOT_DONE;
	if (vcpu->run->exit_reason != KVM_EXIT_INTERNAL_ERROR)
		return CHARIOT_EXIT;
	/* It does not know the instruction, and has done nothing. */
	vcpu->run->exit_reason = KVM_EXIT_UNKNOWN;
	vcpu->arch.exception = queued;
	return CHARIOT_CANNOT;
}
