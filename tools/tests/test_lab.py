#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Tests of what the lab reads in the console of a guest that died.

The last line is "N passed, N failed, N skipped".
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
# pylint: disable=wrong-import-position
from lab.hv import BACKENDS
from lab.run import led_astray
# pylint: enable=wrong-import-position

# As a guest's kernel told it, but for the registers.
TWICE = """\
[   25.442395]  asm_exc_page_fault+0x22/0x30
[   25.442402] RIP: 0010:irqentry_enter+0x9/0x50
[   25.442409] Code: 00 65 48 03 05 90 1f a1 60 8b 00 <65> 48 8b 04 25 80 fb 01
[   25.442413] RSP: 0000:fffffe0000002f08 EFLAGS: 00000046
[   25.442439]  ? early_xen_iret_patch+0x5/0x5
[   25.442474]  sysvec_apic_timer_interrupt+0xa/0x90
[   25.442483]  asm_sysvec_apic_timer_interrupt+0x16/0x20
[   25.442490] RIP: 0010:asm_sysvec_apic_timer_interrupt+0x0/0x20
[   25.442497] Code: e9 65 06 00 00 0f 1f 44 00 00 0f 01 ca fc 6a ff e8 <0f> 01 ca fc
[   25.442501] RSP: 0000:fffffe0000002fd8 EFLAGS: 00000046
[   25.442531] RIP: 0033:0x7fa4d19d527f
[   25.442728] RSP: 002b:00007ffc2590dac0 EFLAGS: 00000246
"""
FLAGS = """\
[    0.851093]  <#DB>
[    0.851093] RIP: 0010:kmem_cache_alloc_lru_noprof+0xcf/0x300
[    0.851093] Code: 00 49 8b 34 24 65 48 0f c7 0e 75 a8 41 8b 44 24 28 <0f> 0d 0c 07
[    0.851093] RSP: 0000:ffffffff88003c00 EFLAGS: c1400ffa
"""
HANDLER = "asm_sysvec_apic_timer_interrupt+0x0/0x20"
STUBS = TWICE.replace(HANDLER, "irq_entries_start+0x1a0/0x6f8").replace(
    "asm_sysvec_apic_timer_interrupt", "asm_common_interrupt")

# (what it is, hypervisor, console, whether the emulator did it)
CASES = (
    ("an interrupt twice", "kvm-amd", TWICE, True),
    ("a console with carriage returns", "kvm-amd", TWICE.replace("\n", "\r\n"), True),
    ("a device's interrupt twice", "kvm-amd", STUBS, True),
    ("another emulator", "kvm-intel", TWICE, False),
    ("interrupts were on", "kvm-amd", TWICE.replace("00000046", "00000246"), False),
    ("two instructions later", "kvm-amd",
     TWICE.replace(HANDLER, "asm_sysvec_apic_timer_interrupt+0x7/0x20"), True),
    ("behind the handler's beginning", "kvm-amd",
     TWICE.replace(HANDLER, "asm_sysvec_apic_timer_interrupt+0x16/0x20"), False),
    ("flags that there are not", "kvm-amd", FLAGS, True),
    ("all flags that there are", "kvm-amd", FLAGS.replace("c1400ffa", "003f7fd7"), False),
    ("such flags in a user's registers", "kvm-amd", FLAGS.replace("RIP: 0010", "RIP: 0033"), False),
    ("another handler's beginning", "kvm-amd",
     TWICE.replace(HANDLER, "asm_sysvec_call_function+0x0/0x20"), False),
    ("a fault in the handler's beginning", "kvm-amd",
     TWICE.replace("asm_sysvec_apic_timer_interrupt+0x16/0x20", "asm_exc_page_fault+0x22/0x30"),
     False),
    ("nothing", "kvm-amd", "", False),
)


def main():
    failed = 0
    for name, hypervisor, console, wanted in CASES:
        if led_astray(BACKENDS[hypervisor], bytearray(console.encode())) != wanted:
            print(f"FAIL lab: {name}: not told {'from' if wanted else 'for'} the guest's own death")
            failed += 1
    print(f"{len(CASES) - failed} passed, {failed} failed, 0 skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
