/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of chariot.ko: what happens to an isolated driver's rights.
 * report.c creates them; needs -I$(src) there.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM chariot

#if !defined(CHARIOT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define CHARIOT_TRACE_H

#include <linux/tracepoint.h>

#include "chariot.h"
#include "compat/report.h"

DECLARE_EVENT_CLASS(chariot_driver_class,
	TP_PROTO(const char *driver, u32 domain),
	TP_ARGS(driver, domain),
	TP_STRUCT__entry(
		__string(driver, driver)
		__field(u32, domain)
	),
	TP_fast_assign(
		chariot_assign_str(driver, driver);
		__entry->domain = domain;
	),
	TP_printk("driver=%s domain=%u", __get_str(driver), __entry->domain)
);

DEFINE_EVENT(chariot_driver_class, load,
	TP_PROTO(const char *driver, u32 domain),
	TP_ARGS(driver, domain));

DEFINE_EVENT(chariot_driver_class, unload,
	TP_PROTO(const char *driver, u32 domain),
	TP_ARGS(driver, domain));

TRACE_EVENT(grant,
	TP_PROTO(const char *driver, const void *va, size_t size, u16 kind,
		 const char *type),
	TP_ARGS(driver, va, size, kind, type),
	TP_STRUCT__entry(
		__string(driver, driver)
		__string(type, type)
		__field(unsigned long, va)
		__field(size_t, size)
		__field(u16, kind)
	),
	TP_fast_assign(
		chariot_assign_str(driver, driver);
		chariot_assign_str(type, type);
		__entry->va = (unsigned long)va;
		__entry->size = size;
		__entry->kind = kind;
	),
	TP_printk("driver=%s va=0x%lx size=%zu kind=%u type=%s",
		  __get_str(driver), __entry->va, __entry->size, __entry->kind,
		  __get_str(type))
);

TRACE_EVENT(revoke,
	TP_PROTO(const char *driver, const void *va, size_t size),
	TP_ARGS(driver, va, size),
	TP_STRUCT__entry(
		__string(driver, driver)
		__field(unsigned long, va)
		__field(size_t, size)
	),
	TP_fast_assign(
		chariot_assign_str(driver, driver);
		__entry->va = (unsigned long)va;
		__entry->size = size;
	),
	TP_printk("driver=%s va=0x%lx size=%zu", __get_str(driver), __entry->va,
		  __entry->size)
);

TRACE_EVENT(violation,
	TP_PROTO(const struct chariot_violation *v),
	TP_ARGS(v),
	TP_STRUCT__entry(
		__string(driver, v->driver)
		__string(function, v->function)
		__string(leaf, v->leaf)
		__string(victim, v->victim_text)
		__field(u64, seq)
		__field(u64, repeat)
		__field(u64, rip)
		__field(u64, address)
		__field(u64, gpa)
		__field(u64, length)
		__field(u32, outcome)
	),
	TP_fast_assign(
		chariot_assign_str(driver, v->driver);
		chariot_assign_str(function, v->function);
		chariot_assign_str(leaf, v->leaf);
		chariot_assign_str(victim, v->victim_text);
		__entry->seq = v->seq;
		__entry->repeat = v->repeat;
		__entry->rip = v->rip;
		__entry->address = v->address;
		__entry->gpa = v->gpa;
		__entry->length = v->length;
		__entry->outcome = v->outcome;
	),
	TP_printk("seq=%llu driver=%s function=%s leaf=%s victim=\"%s\" address=0x%llx gpa=0x%llx length=%llu rip=0x%llx outcome=%s repeat=%llu",
		  __entry->seq, __get_str(driver), __get_str(function),
		  __get_str(leaf), __get_str(victim), __entry->address,
		  __entry->gpa, __entry->length, __entry->rip,
		  __print_symbolic(__entry->outcome,
				   { CHARIOT_OUTCOME_STOPPED, "stopped" },
				   { CHARIOT_OUTCOME_HELD, "held" },
				   { CHARIOT_OUTCOME_AUDITED, "audited" }),
		  __entry->repeat)
);

#endif /* CHARIOT_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
