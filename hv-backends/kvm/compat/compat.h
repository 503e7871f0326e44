/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that depends on which KVM this is: unexported symbols, layouts of KVM's
 * private structures, and differences between releases. Nothing outside this
 * folder tests for a version.
 */
#ifndef CHARIOT_KVM_COMPAT_H
#define CHARIOT_KVM_COMPAT_H

#include <linux/ftrace.h>
#include <linux/kvm_host.h>
#include <linux/version.h>

#ifndef CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS
#error "the host kernel needs CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS"
#endif

/**
 * struct chariot_layout - offsets in bytes in KVM's private structures
 * Read from the running kvm.ko's own type information, by chariot_layout_init().
 */
struct chariot_layout {
	u32 sp_link;		/* kvm_mmu_page.link */
	u32 sp_tdp;		/* .tdp_mmu_page */
	u32 sp_role;		/* .role */
	u32 sp_spt;		/* .spt */
	u32 fault_gfn;		/* kvm_page_fault.gfn */
	u32 fault_max_level;	/* .max_level */
};

extern struct chariot_layout chariot_layout;

int chariot_layout_init(void);

/**
 * struct chariot_symbols - what kvm.ko does not export
 */
struct chariot_symbols {
	struct kvm_x86_ops *ops;
	const u64 *mmu_writable_mask;
	const u64 *nx_mask;
	const u64 *x_mask;
	const u64 *accessed_mask;
	const bool *tdp_enabled;
	const bool *tdp_mmu_enabled;
	unsigned long zap_gfn_range;
};

extern struct chariot_symbols chariot_symbols;

int chariot_symbols_init(void);
unsigned long chariot_symbol_find(const char *name);

/*
 * Calls @target with up to three arguments by way of a return instruction: the
 * target need not begin with ENDBR, which the kernel removes from functions
 * whose address it sees nobody take (X86_KERNEL_IBT, on by default since 6.2).
 */
unsigned long chariot_call3(unsigned long a, unsigned long b, unsigned long c,
			    unsigned long target);

/* Bits of kvm_mmu_page_role that 6.1 to 6.12 leave unused; checked at load. */
#define CHARIOT_VIEW_SHIFT	19
#define CHARIOT_VIEW_MASK	(31u << CHARIOT_VIEW_SHIFT)

/* Bits of a leaf that KVM keeps private; the same in 6.1 to 6.12. */
#define CHARIOT_SPTE_PRESENT	BIT_ULL(11)
#define CHARIOT_SPTE_LARGE	BIT_ULL(7)
#define CHARIOT_SPTE_WRITABLE	BIT_ULL(1)
#define CHARIOT_ACC_EXEC	1u
#define CHARIOT_ACC_WRITE	2u

/* 6.3 made the TDP MMU a property of the host instead of each guest. */
static inline bool chariot_tdp_mmu(struct kvm *kvm)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	return kvm->arch.tdp_mmu_enabled;
#else
	return READ_ONCE(*chariot_symbols.tdp_mmu_enabled);
#endif
}

/*
 * KVM's kvm_emulate.h is not among the installed headers; only the first fields
 * are used here, and layout.c checks them and the size.
 */
struct x86_exception {
	u8 vector;
	bool error_code_valid;
	u16 error_code;
	bool nested_page_fault;
	u64 address;
	u64 reserved[6];
};

/* 6.4 gave the calls that take an ftrace_ops the plain name. */
static inline int chariot_direct_set(struct ftrace_ops *ops,
				     unsigned long address)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
	return register_ftrace_direct_multi(ops, address);
#else
	return register_ftrace_direct(ops, address);
#endif
}

static inline void chariot_direct_clear(struct ftrace_ops *ops,
					unsigned long address)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
	unregister_ftrace_direct_multi(ops, address);
#else
	unregister_ftrace_direct(ops, address, false);
#endif
}

static inline void *chariot_field(const void *object, u32 offset)
{
	return (char *)object + offset;
}

/* The page behind a table of nested page table entries. */
static inline void *chariot_table_sp(u64 table_hpa)
{
	return (void *)page_private(pfn_to_page(table_hpa >> PAGE_SHIFT));
}

static inline union kvm_mmu_page_role chariot_sp_role(const void *sp)
{
	return *(union kvm_mmu_page_role *)chariot_field(sp,
							 chariot_layout.sp_role);
}

static inline u64 *chariot_sp_table(const void *sp)
{
	return *(u64 **)chariot_field(sp, chariot_layout.sp_spt);
}

static inline bool chariot_sp_is_tdp(const void *sp)
{
	return *(bool *)chariot_field(sp, chariot_layout.sp_tdp);
}

/* Registers that the vendor module reads on demand (VMX) or always (SVM). */
static inline u64 chariot_reg_read(struct kvm_vcpu *vcpu, enum kvm_reg reg)
{
	if (!test_bit(reg, (unsigned long *)&vcpu->arch.regs_avail))
		chariot_symbols.ops->cache_reg(vcpu, reg);
	return vcpu->arch.regs[reg];
}

static inline void chariot_reg_write(struct kvm_vcpu *vcpu, enum kvm_reg reg,
				     u64 value)
{
	vcpu->arch.regs[reg] = value;
	__set_bit(reg, (unsigned long *)&vcpu->arch.regs_avail);
	__set_bit(reg, (unsigned long *)&vcpu->arch.regs_dirty);
}

static inline bool chariot_in_nested_guest(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.hflags & HF_GUEST_MASK;
}

static inline bool chariot_is_boot_cpu(struct kvm_vcpu *vcpu)
{
	return vcpu->vcpu_id == vcpu->kvm->arch.bsp_vcpu_id;
}

/* kvm_event_needs_reinjection() of KVM's x86.h. */
static inline bool chariot_event_in_delivery(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.exception.injected || vcpu->arch.interrupt.injected ||
	       vcpu->arch.nmi_injected;
}

static inline struct kvm_memory_slot *chariot_slot(struct kvm_vcpu *vcpu,
						   u64 gfn)
{
	return __gfn_to_memslot(kvm_vcpu_memslots(vcpu), gfn);
}

#endif /* CHARIOT_KVM_COMPAT_H */
