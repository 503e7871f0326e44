/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What kernels for one processor lack, as UML is. */
#ifndef CHARIOT_KUNIT_GUEST_ONE_CPU_H
#define CHARIOT_KUNIT_GUEST_ONE_CPU_H

#ifndef CONFIG_SMP
#define per_cpu_offset(cpu)	((void)(cpu), 0ul)
#endif

#endif /* CHARIOT_KUNIT_GUEST_ONE_CPU_H */
