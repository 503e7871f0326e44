# SPDX-License-Identifier: GPL-2.0-only
"""Finds in the host's kernel log what no run may leave there.

Runs on the developer's machine; the log is data from a machine under test.
"""

import re

START = "chariot-lab: start"
END = "chariot-lab: end"

_TROUBLE = re.compile("|".join((
    r"WARNING: (CPU:|possible|suspicious|inconsistent|lock held|bad unlock|nested lock|at )",
    r"WARNING: kernel stack",
    r"\bBUG\b", r"\bOops\b", r"Kernel panic", r"general protection fault", r"kernel BUG at",
    r"unable to handle", r"invalid opcode:", r"double fault", r"divide error:", r"stack segment:",
    r"int3: 0000", r"Call Trace:", r"cut here", r"traps: ", r"segfault at",
    r"INFO: (task|rcu|lockdep|trying to register|possible)", r"rcu_.*stall",
    r"rcu:.*(stall|kthread starved)",
    r"(soft|hard) lockup", r"blocked for more than", r"scheduling while atomic",
    r"sleeping function called", r"refcount_t: ", r"list_(add|del) corruption",
    r"KASAN|KCSAN|KFENCE: (out-of|use-after|memory corr|invalid)|UBSAN", r"slab error",
    r"=+ *\[ BUG", r"Bad page (state|map)", r"page_type|nonzero _refcount",
    r"Out of memory|oom-kill",
    r"hung_task", r"unchecked MSR access", r"Uhhuh\. NMI", r"kernel tried to execute",
    r"kvm.*: (WARN|BUG|error|emulation failure|unexpected|unhandled exit|TDP)",
    r"KVM: (SVM|VMX|error)",
    r"\(XEN\) .*(Xen (BUG|WARN|call trace)|Assertion .* failed|Panic on CPU)",
    r"\(XEN\) .*FATAL (TRAP|PAGE FAULT)",
    r"kvm_mmu|spte|pte_list", r"ftrace (bug|failed)|ftrace: Failed",
    r"chariot.*(WARN|BUG|internal error|inconsisten)",
)))


def without_time(line):
    """A log line without its time stamp."""
    return re.sub(r"^(<\d+>)?\[ *\d+\.\d+\](\[ *[TC]\d+\])? ?", "", line)


class Watch:
    """Reads the host's console as it comes; remembers trouble and the end mark.

    whole: what the kernel says before user space counts, too.
    """

    def __init__(self, whole=True):
        self.trouble = []
        self.ended = False
        self._counts = whole
        self._rest = b""

    def feed(self, data):
        *lines, self._rest = (self._rest + data).split(b"\n")
        for raw in lines:
            line = raw.decode(errors="replace").rstrip("\r")
            if END in line:
                self.ended = True
            elif START in line:
                self._counts = True
            elif not self._counts:
                continue
            elif self.trouble or _TROUBLE.search(without_time(line)):
                # What follows the first trouble explains it.
                if len(self.trouble) < 80:
                    self.trouble.append(line)
