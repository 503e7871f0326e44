/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of the host: what happened to guests, for perf and tracefs.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM chariot_kvm

#if !defined(CHARIOT_KVM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define CHARIOT_KVM_TRACE_H

#include <linux/kvm_host.h>
#include <linux/tracepoint.h>

#include "record.h"

TRACE_EVENT(view_switch,
	TP_PROTO(const struct kvm_vcpu *vcpu, u32 from, u32 to, u64 gpa),
	TP_ARGS(vcpu, from, to, gpa),
	TP_STRUCT__entry(
		__field(int, vcpu)
		__field(u32, from)
		__field(u32, to)
		__field(u64, gpa)
	),
	TP_fast_assign(
		__entry->vcpu = vcpu->vcpu_idx;
		__entry->from = from;
		__entry->to = to;
		__entry->gpa = gpa;
	),
	TP_printk("vcpu %d view %u -> %u at gpa 0x%llx", __entry->vcpu,
		  __entry->from, __entry->to, __entry->gpa)
);

TRACE_EVENT(violation,
	TP_PROTO(const struct chariot_record *rec, const char *name),
	TP_ARGS(rec, name),
	TP_STRUCT__entry(
		__field(u64, rip)
		__field(u64, gpa)
		__field(u64, gva)
		__field(u64, size)
		__field(u32, domain)
		__field(u32, vcpu)
		__field(u8, outcome)
		__array(char, name, CHARIOT_DOMAIN_NAME_LEN)
	),
	TP_fast_assign(
		__entry->rip = rec->rip;
		__entry->gpa = rec->gpa;
		__entry->gva = rec->gva;
		__entry->size = rec->size;
		__entry->domain = rec->domain;
		__entry->vcpu = rec->vcpu;
		__entry->outcome = rec->outcome;
		strscpy(__entry->name, name, CHARIOT_DOMAIN_NAME_LEN);
	),
	TP_printk("vcpu %u domain %u (%s) %s: rip 0x%llx wrote %llu bytes at gpa 0x%llx gva 0x%llx",
		  __entry->vcpu, __entry->domain, __entry->name,
		  __print_symbolic(__entry->outcome,
				   { CHARIOT_OUTCOME_STOPPED, "stopped" },
				   { CHARIOT_OUTCOME_HELD, "held" },
				   { CHARIOT_OUTCOME_AUDITED, "audited" }),
		  __entry->rip, __entry->size, __entry->gpa, __entry->gva)
);

#endif /* CHARIOT_KVM_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
