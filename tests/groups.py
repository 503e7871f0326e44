# SPDX-License-Identifier: GPL-2.0-only
"""The groups of tests that run in the lab, and the share of them that always runs.

Runs on the developer's machine, for tests/check; @options are its own.
"""

import itertools
from dataclasses import dataclass, field
from pathlib import Path

from lab.hv import BACKENDS

KERNELS = ("6.1", "6.12")
PROCESSORS = (1, 2)
# The number of processors that guests have in the share.
TURNS = {"6.1": 2, "6.12": 1}

# In which part of the share a mode of a group is, beside the name of the one kernel:
EVERY_KERNEL = "each kernel, with the number of processors that the others do not have there"
NAMED = "if its group is named"
NEVER = "if the mode is named"

REPO = Path(__file__).resolve().parent.parent
# Those with chariot-kvm.ko
KVM = ("kvm-amd", "kvm-intel")
HOST_OPTIONS = ("--mem", "320", "--host-mem", "1280", "--host-smp", "1",
                "--host-put", "/bin/bash:/bin/bash")
# QEMU's TCG takes long to write to memory whose code it has translated: the host would
# clear a dead guest's, as a huge page, for twenty seconds without a break.
SOAK_OPTIONS = (*HOST_OPTIONS, "--host-append", "init_on_alloc=0")
UNITS = "/lib/systemd/system"
SYSTEMD_OPTIONS = tuple(itertools.chain.from_iterable(("--host-put", put) for put in (
    "/lib/systemd/systemd:/lib/systemd/systemd", "/bin/systemctl:/bin/systemctl",
    *(f"{UNITS}/{name}.target:{UNITS}/{name}.target"
      for name in ("sysinit", "basic", "multi-user", "shutdown")),
    f"{REPO}/hv-backends/xen/etc/chariot-xend.service:{UNITS}/chariot-xend.service")))


@dataclass(frozen=True)
class Group:
    """Tests that run in the lab: a script of tests/system, once in each mode."""

    name: str
    script: str
    # The script's argument ("plain": without chariot), and where it is in the share.
    modes: dict
    # The hypervisors whose host is emulated slowly, and the kernel that the share has there.
    slow: dict = field(default_factory=dict)
    stock: tuple = ()	# modules for chariot-compat, which runs instead of a script
    options: tuple = ()
    bare: bool = False	# without chariot in any mode
    host_alone: bool = False	# but for its part on the host
    page_rights: int = 0	# the most that a guest may have there; 0: the default
    by_hand: bool = False	# the same, with chariot's files beside the script
    only: tuple = ()	# the hypervisors that have what is tested; none: all
    on_host: bool = False	# the script runs on the host, which has chariot-kvm.ko by hand
    dies: bool = False	# the guest's death is what is wanted
    smp: int = 0	# only guests with so many processors
    once: bool = False	# on a kernel, with one number of processors alone
    long: bool = False	# it begins early, so that none waits for it alone at the end
    lasts: bool = False	# its mode is for how many minutes

    def part(self, mode):
        """The part of the share that a mode is in; NAMED for one that was asked for."""
        return self.modes.get(mode, NAMED)


GROUPS = (
    Group("unprotected", "faults.sh", {"plain": "6.12"}),
    Group("deadly", "deadly.sh", {"stack_end": "6.1", "page_directory": "6.12"}, bare=True,
          dies=True, once=True, options=("--timeout", "40")),
    Group("faults", "faults.sh", {"page": EVERY_KERNEL, "byte": "6.1"},
          slow={"kvm-intel": "6.12", "xen": "6.1"}),
    Group("nasty", "nasty.sh", {"": "6.1"}, only=("kvm-amd",), smp=2),
    Group("good", "good.sh", {"plain": "6.1", "page": EVERY_KERNEL, "byte": "6.12"},
          slow={"kvm-intel": "6.1"}),
    Group("blocks", "blocks.sh", {"page": "6.1", "byte": "6.12"}, long=True,
          options=("--mem", "768", "--modules", "zram,lzo-rle,brd,null_blk,ext4")),
    Group("lifecycle", "lifecycle.sh", {"": "6.1"}, options=("--modules", "brd")),
    Group("machine", "machine.sh", {"": "6.12"}, smp=2),
    Group("oops", "oops.sh", {"": "6.1"}, once=True),
    Group("stock", "", {"": "6.12"}, once=True, long=True,
          stock=("null_blk", "dm-mod", "e1000", "virtio_net", "snd-dummy")),
    Group("sweep", "sweep.sh", {"": "6.12"}, once=True),
    Group("policy", "policy.sh", {"": "6.12"}),
    Group("badinput", "badinput.sh", {"": "6.1"}),
    Group("nobackend", "nobackend.sh", {"": "6.12"}, by_hand=True, once=True),
    Group("orphan", "orphan.sh", {"": "6.1"}, only=("xen",), slow={"xen": "6.1"},
          options=("--host-command", "sh /root/orphan-host.sh")),
    # Its guest is at work when what serves it is killed.
    Group("xend", "xend.sh", {"": "6.1"}, only=("xen",), slow={"xen": "6.1"}, by_hand=True,
          on_host=True, once=True,
          options=(*HOST_OPTIONS, *SYSTEMD_OPTIONS, "--guest-append", "task=driver")),
    Group("probe", "probe.sh", {"": "6.1"}, bare=True, host_alone=True, only=KVM),
    # How many calls a hostile guest makes.
    Group("calls", "calls.sh", {"20000": "6.12", "1000000": NEVER}, bare=True, host_alone=True,
          only=("kvm-amd",), smp=2),
    Group("calls", "calls.sh", {"10000": "6.1"}, bare=True, host_alone=True, only=("xen",),
          smp=2),
    # Of unknown length on a busy machine.
    Group("limits", "calls.sh", {"limits": NAMED}, bare=True, host_alone=True, page_rights=1000,
          only=("kvm-amd", "xen"), smp=2),
    Group("host", "host.sh", {"": "6.1"}, by_hand=True, on_host=True, only=KVM, once=True,
          long=True,
          options=(*HOST_OPTIONS, "--host-modules", "zram,lzo-rle", "--modules", "virtio_blk")),
    Group("soak", "soak.sh", {"5": NAMED}, by_hand=True, on_host=True, only=KVM, once=True,
          lasts=True, options=SOAK_OPTIONS),
    # A thousand rounds of drivers, 200 reboots with one chariot-kvm, 200 killed with another one
    # each time: about an hour each.
    Group("soak", "soak.sh", {"rounds": NEVER, "reboots": NEVER, "kills": NEVER}, by_hand=True,
          on_host=True, only=("kvm-amd",), once=True, options=SOAK_OPTIONS),
)


@dataclass(frozen=True)
class Round:
    """A way in which kernels are started for tests that have run before on stock ones."""

    name: str
    about: str
    options: tuple	# the lab's
    groups: tuple
    proof: str = ":"	# a command in the guest: whether it is so there
    flavour: str = "cloud"	# of the guest's kernel, and of the host's; debug: if it is named
    host_flavour: str = ""	# of the host's, if it is another one
    slowness: int = 1	# how much longer all may take


STOCK = Round("", "", (), ())
MAIN_JOBS = ("faults", "good", "lifecycle")
KASAN = "grep ' kasan_report' /proc/kallsyms && [ -e /proc/lockdep_stats ]"
# Where the host's or the guest's kernel is not as in all other runs.
DEBUG_ROUNDS = (
    Round("preempt", "a guest that is preempted everywhere",
          ("--guest-append", "preempt=full"), MAIN_JOBS,
          "dmesg | grep 'Dynamic Preempt: full'"),
    Round("slub", "a guest whose slab caches are apart and checked",
          ("--guest-append", "slab_nomerge slub_debug=FZP"), MAIN_JOBS,
          "grep 1 /sys/kernel/slab/kmalloc-64/poison"),
    Round("la57", "host and guest with page tables of five levels",
          ("--host-arg", "-cpu", "--host-arg", "EPYC-Rome,+la57"), MAIN_JOBS,
          "grep -m 1 -ow la57 /proc/cpuinfo"),
    Round("nokaslr", "a guest whose kernel is where it was linked to be",
          ("--guest-append", "nokaslr"), MAIN_JOBS,
          "grep 'ffffffff81000000 T _text' /proc/kallsyms"),
    # Not both at once, by default: a guest takes longer than ten minutes to boot then.
    Round("debug-guest", "a guest with KASAN, lockdep and more, see tools/debug-kernel",
          ("--mem", "768", "--host-mem", "1536"), MAIN_JOBS, KASAN,
          flavour="debug", host_flavour="cloud", slowness=4),
    Round("debug-host", "a host with KASAN, lockdep and more",
          ("--host-mem", "2304"), MAIN_JOBS, host_flavour="debug", slowness=4),
    Round("debug", "host and guest with them",
          ("--mem", "768", "--host-mem", "2304"), MAIN_JOBS, KASAN, flavour="debug", slowness=12),
)


@dataclass(frozen=True)
class Job:
    """One boot of the lab."""

    group: Group
    kernel: str
    smp: int
    mode: str
    hv: str
    round: Round = STOCK
    seed: int = None	# of the order, in a group that lasts; None: a new one

    @property
    def test(self):
        return f"{self.group.name}.{self.mode}".rstrip(".")

    @property
    def name(self):
        way = f".{self.round.name}" if self.round.name else ""
        return f"{self.test}.{self.hv}.{self.kernel}.smp{self.smp}{way}"


def asked_for(options):
    """All jobs that the options choose, whatever they take."""
    kernels = options.kernel or (("6.1",) if options.quick else KERNELS)
    smp = options.smp or ((2,) if options.quick else PROCESSORS)
    for hv, kernel, processors, group in itertools.product(
            options.hv or BACKENDS, kernels, smp, GROUPS):
        if (options.groups and group.name not in options.groups
                or group.only and hv not in group.only):
            continue
        if (processors != (group.smp or processors) or
                group.once and processors != smp[0]):
            continue
        for mode in (str(options.minutes),) if group.lasts and options.minutes else group.modes:
            if not options.mode or mode in options.mode:
                yield Job(group, kernel, processors, mode, hv, seed=options.seed)


def debug_jobs(options):
    """Those of the rounds that the options choose."""
    for way in DEBUG_ROUNDS:
        named = way.name in (options.round or ())
        if not named and (options.round or "debug" in (way.flavour, way.host_flavour)):
            continue
        for group, processors in itertools.product(GROUPS, options.smp or (2,)):
            if group.name not in way.groups or options.groups and group.name not in options.groups:
                continue
            for mode in group.modes:
                if mode in (options.mode or ("page", "")):
                    yield Job(group, "6.1", processors, mode, "kvm-amd", way)


def in_share(job, options):
    """Does it belong to the share that runs unless all is asked for?"""
    group, part = job.group, job.group.part(job.mode)
    if part == NAMED and not options.groups or part == NEVER and not options.mode:
        return False
    if BACKENDS[job.hv].SLOWNESS > 1:
        return _in_slow_share(job, options)
    if options.quick:
        return bool(options.mode) or group.name == "faults" or job.mode != "byte" and (
            group.name, job.mode) != ("good", "plain")
    if part == EVERY_KERNEL:
        return bool(options.smp or options.groups) or job.smp != TURNS[job.kernel]
    if part in KERNELS and part != job.kernel and not (options.groups or options.kernel):
        return False
    return bool(group.once or group.smp or options.smp or job.smp == TURNS[job.kernel])


def _in_slow_share(job, options):
    """One mode, and one processor."""
    if job.mode not in ("page", "") or job.smp != (options.smp or PROCESSORS)[0]:
        return False
    if options.groups and options.hv:
        return True
    kernel = job.group.slow.get(job.hv)
    return not options.quick and bool(kernel) and (
        bool(options.kernel) or job.kernel == kernel)
