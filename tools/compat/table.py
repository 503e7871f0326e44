# SPDX-License-Identifier: GPL-2.0-only
"""What came of it: a verdict for each entry, and tables of them.

Runs on the developer's machine.
"""

import json
from dataclasses import dataclass, field

# Kinds of rights that are the driver's own memory, or no right to write. "private" is what
# the kernel allocates with a request for the driver alone, as the driver's tag set wants it.
_OWN = {"text", "data", "init", "leaf", "slab", "pages", "vmalloc", "percpu", "dma", "mmio",
        "private", "thunk", "none"}
# What an idle driver may write outside its own memory, at most, in bytes.
OUTSIDE_MAX = 64 << 10
HEADS = ("module", "class", "plain", "isolated", "violations", "bytes", "objects", "exits/op")


@dataclass
class Row:
    """One entry on one kernel: its outcomes by mode."""

    kernel: str
    entry: str
    obstacle: str = ""
    outcomes: dict = field(default_factory=dict)
    modes: tuple = ()

    @property
    def plain(self):
        return self.outcomes.get("plain")

    @property
    def isolated(self):
        return self.outcomes.get("isolated") or self.outcomes.get("audit")

    def differs(self):
        """The values that are not the same plain and isolated."""
        if not self.plain or not self.isolated or self.plain.state != "ok":
            return []
        mine, theirs = self.isolated.values, self.plain.values
        return sorted(key for key in {*mine, *theirs} if mine.get(key) != theirs.get(key))

    def new_complaints(self):
        """Warnings of the kernel's that the plain run did not bring."""
        known = self.plain.complaints if self.plain else []
        return [text for text in self.isolated.complaints if text not in known]

    def outside_most(self):
        """What an idle driver may write outside its own memory: the most of the entry's."""
        return max((sum(outside(rights).values()) for rights in
                    (self.isolated.rights_of if self.isolated else {}).values()), default=0)

    def state(self, mode):
        """What a column says."""
        if self.obstacle:
            return "-"
        if mode not in self.modes:
            return "-"
        outcome = self.outcomes.get(mode)
        if not outcome:
            return "not reached"
        if mode != "plain" and outcome.state == "ok":
            if self.new_complaints() or self.outside_most() > OUTSIDE_MAX:
                return "failed"
            if self.differs():
                return "differs"
        return outcome.state

    def passed(self):
        """True if all that was tried went well; None if there is nothing to be tried."""
        if self.obstacle:
            return None
        if any(outcome.state == "skipped" for outcome in self.outcomes.values()):
            return None
        return all(self.state(mode) == "ok" for mode in self.modes)

    def reason(self):
        """Why it did not pass."""
        if self.obstacle:
            return self.obstacle
        for mode in self.modes:
            outcome = self.outcomes.get(mode)
            if not outcome:
                return f"{mode}: not reached"
            if outcome.state != "ok":
                return f"{mode}: {outcome.state}: {outcome.reason}"
        if self.isolated and self.new_complaints():
            return f"isolated: the kernel warned: {self.new_complaints()[0]}"
        if self.outside_most() > OUTSIDE_MAX:
            return (f"isolated: idle, it may write {self.outside_most()} bytes outside its own "
                    f"memory, more than {OUTSIDE_MAX}")
        if self.differs():
            return f"isolated: other results: {', '.join(self.differs())}"
        if self.plain and self.plain.complaints:
            return f"the kernel warns, without isolation too: {self.plain.complaints[0]}"
        return ""

    def cells(self):
        outcome = self.isolated or self.plain
        classes = ", ".join(outcome.classes) if outcome else ""
        numbers = ["-", "-", "-", "-"]
        if self.isolated:
            rights = outside(self.isolated.rights)
            if self.isolated.violations >= 0:
                numbers[0] = str(self.isolated.violations)
            if self.isolated.rights:
                numbers[1:3] = [str(sum(size for size, _ in rights.values())),
                                str(sum(count for _, count in rights.values()))]
            numbers[3] = self._exits()
        mode = "audit" if self.modes[-1] == "audit" else "isolated"
        return [self.entry, classes or "-", self.state("plain"), self.state(mode), *numbers]

    def _exits(self):
        parts = []
        for outcome in (self.isolated, self.plain):
            if outcome and outcome.operations and outcome.exits >= 0:
                parts.append(f"{outcome.exits / outcome.operations:.1f}")
            else:
                parts.append("-")
        if parts[0] == "-":
            return "-"
        return f"{parts[0]} ({parts[1]})/{self.isolated.unit}"

    def as_json(self):
        def told(outcome):
            return {"state": outcome.state, "reason": outcome.reason, "classes": outcome.classes,
                    "values": outcome.values, "complaints": outcome.complaints,
                    "operations": outcome.operations,
                    "unit": outcome.unit, "exits": outcome.exits if outcome.exits >= 0 else None,
                    "seconds": outcome.seconds,
                    "violations": outcome.violations if outcome.violations >= 0 else None,
                    "rights": {kind: {"bytes": size, "objects": count}
                               for kind, (size, count) in outside(outcome.rights).items()},
                    "records": outcome.records}
        return {"kernel": self.kernel, "module": self.entry, "passed": self.passed(),
                "reason": self.reason(),
                **{mode: told(outcome) for mode, outcome in self.outcomes.items()}}


def outside(rights):
    """Of rights by kind, those to memory that is not the driver's own."""
    return {kind: what for kind, what in rights.items() if kind not in _OWN}


def as_text(rows):
    """A table for each kernel."""
    parts = []
    for kernel in dict.fromkeys(row.kernel for row in rows):
        mine = [row for row in rows if row.kernel == kernel]
        cells = [list(HEADS), *(row.cells() for row in mine)]
        widths = [max(len(line[i]) for line in cells) for i in range(len(HEADS))]
        lines = [f"kernel {kernel}:"]
        for line in cells:
            lines.append("  ".join(cell.rjust(width) if i in (4, 5, 6) else cell.ljust(width)
                                   for i, (cell, width) in enumerate(zip(line, widths))).rstrip())
        lines += [f"  {row.entry}: {row.reason()}" for row in mine if row.reason()]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def as_markdown(rows, command):
    """docs/compatibility.md."""
    lines = ["# Which stock modules run isolated", "",
             f"Generated by `{command}`; don't edit. Each module of Debian's kernel packages is "
             "put through the work its class is for, once plainly and once isolated in enforce "
             "mode, in the lab. The results are compared. *Bytes* and *objects* are the rights of "
             "the idle driver outside its own memory. *Exits/op* are the guest's VM exits for one "
             "operation, in parentheses those of the plain run.", ""]
    for kernel in dict.fromkeys(row.kernel for row in rows):
        mine = [row for row in rows if row.kernel == kernel]
        lines += [f"## Kernel {kernel}", "", "| " + " | ".join(HEADS) + " |",
                  "|" + "|".join("--:" if i in (4, 5, 6) else "---" for i in range(len(HEADS)))
                  + "|"]
        lines += ["| " + " | ".join(row.cells()) + " |" for row in mine]
        notes = [row for row in mine if row.reason()]
        if notes:
            lines += ["", *(f"* {row.entry}: {row.reason()}" for row in notes)]
        lines.append("")
    return "\n".join(lines).rstrip()


def as_json(rows):
    return json.dumps([row.as_json() for row in rows], indent=1)


def as_check(rows, modes):
    """Lines for tests/check: a plan, and a result for each entry and mode."""
    lines = ["plan " + " ".join(f"{row.entry}.{mode}" for row in rows for mode in modes)]
    for row in rows:
        for mode in modes:
            name = f"{row.entry}.{mode}"
            state = row.state(mode)
            if state == "ok":
                lines.append(f"ok {name}")
            elif row.obstacle or state == "skipped":
                lines.append(f"skip {name}: {row.reason()}")
            else:
                outcome = row.outcomes.get(mode)
                lines += [f"# {line}" for line in (outcome.context[-20:] if outcome else ())]
                lines.append(f"not ok {name}: {row.reason()}")
    return "\n".join(lines)
