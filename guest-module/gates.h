/* SPDX-License-Identifier: GPL-2.0 */
/* Layout shared by gate_table.S, gate_calls.S and gates.c. */
#ifndef CHARIOT_GATES_H
#define CHARIOT_GATES_H

#define CHARIOT_ENTRY_GATES	6144
#define CHARIOT_IMPORT_GATES	6144
#define CHARIOT_GATE_SIZE	16
#define CHARIOT_GATE_STACK	6	/* words of arguments; = CHARIOT_PLAN_STACK */

/* Members of struct chariot_gate. */
#define CHARIOT_GATE_TARGET	0
#define CHARIOT_GATE_TEXT	8
#define CHARIOT_GATE_TEXT_SIZE	16
#define CHARIOT_GATE_VIEW	24
#define CHARIOT_GATE_GIVES	28

#endif /* CHARIOT_GATES_H */
