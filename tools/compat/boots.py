# SPDX-License-Identifier: GPL-2.0-only
"""Boots of the lab in which modules are tried, as many as it takes.

Runs on the developer's machine; what the guest says is never trusted to be
well-formed.
"""

import hashlib
import json
import os
import selectors
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from lab.cache import REPO, LabError, directory
from lab.images import CHANNEL_MODULES
from lab.kernels import module_name
from lab.run import EXIT_EMULATOR_FAILED

from . import hardware

_HERE = Path(__file__).resolve().parent
_LAB = REPO / "tools/chariot-lab"
MIB = hardware.MIB
GUEST_MIB = 768
HOST_MIB = 1792
# Stock modules that workloads and detection use, where a kernel has them.
SUPPORT = (
    "af_packet", "brd", "crc32c_generic", "dm_mod", "evdev", "ext4", "i2c_dev", "libcomposite",
    "lzo_rle", "nls_ascii", "nls_cp437", "nls_iso8859_1", "nls_utf8", "sd_mod",
    "usb_f_mass_storage",
    "usb_storage", "veth", "xts", "ecb", "cbc", "aesni_intel", "sha256_generic", "essiv", "bridge",
    "md_mod", "configfs", "snd_pcm", "snd_hda_codec_generic", "tcp_cubic", "loop", "crc16",
    "xhci_pci",
)
# Programs of this machine that the workloads use, where it has them.
PROGRAMS = ("/usr/bin/dd", "/sbin/dmsetup", "/sbin/ethtool", "/sbin/mkfs.vfat", "/sbin/fsck.vfat",
            "/usr/bin/fuse2fs", "/sbin/mkfs.xfs", "/sbin/xfs_repair", "/sbin/mkfs.btrfs",
            "/bin/stdbuf", "/usr/bin/comm")
HELPERS = ("stream", "sound", "events", "taps", "dog", "video")
# A machine may be without any sign of life for so long: it boots, or a module hangs.
BOOT_SECONDS = 420
SILENCE_SECONDS = 60


@dataclass
class Outcome:
    """What became of one entry in one mode."""

    entry: str
    mode: str
    state: str = ""	# "ok", "failed", "died", "skipped"
    reason: str = ""
    classes: list = field(default_factory=list)
    values: dict = field(default_factory=dict)
    complaints: list = field(default_factory=list)	# warnings of the kernel's
    operations: int = 0
    unit: str = ""
    exits: int = -1
    rights: dict = field(default_factory=dict)	# kind: [bytes, objects]
    rights_of: dict = field(default_factory=dict)	# driver: {kind: bytes}
    violations: int = -1
    records: list = field(default_factory=list)
    seconds: int = 0
    context: list = field(default_factory=list)


@dataclass(frozen=True)
class Setup:
    """What all boots of a run have in common."""

    backend: object	# one of lab.hv
    kernel: str
    flavour: str
    smp: int
    chariot: bool
    limit: int	# seconds an entry may take
    logs: Path
    say: object	# called with a text


def patience(backend):
    """How much longer all may take on a hypervisor."""
    return min(backend.SLOWNESS, 4)


def prepare(place, setup):
    """The files that guests need, in a folder."""
    folder = place / "compat"
    shutil.copytree(_HERE / "guest", folder)
    for name in HELPERS:
        _run(os.environ.get("CC", "cc"), "-O2", "-Wall", "-static", "-o", folder / name,
             _HERE / "helpers" / f"{name}.c")
    if setup.chariot:
        built = _run(_LAB, "build-module", REPO / "tests/bench/modules", "--guest-kernel",
                     setup.kernel, "--flavour", setup.flavour)
        for path in built.split():
            if path.endswith("bench_harness.ko"):
                shutil.copy(path, folder)
    (folder / "data").write_bytes(_data())
    (place / "disk").write_bytes(hardware.empty_disk())
    return folder


def _data():
    """4 MiB that are the same in each run, of which a quarter is empty.

    Each MiB begins with its number and has 6 KiB of hexadecimal digits again and again.
    """
    block = "".join(hashlib.sha512(f"{i}".encode()).hexdigest() for i in range(48)).encode()
    parts = [(f"{i}\n".encode() + block * 128).ljust(MIB, b"\0") for i in range(1, 5)]
    return b"".join(part[:MIB] for part in parts)


def _run(*command):
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise LabError(f"{Path(command[0]).name} failed:\n{done.stdout.rstrip()}")
    return done.stdout


class Boots:
    """Tries entries in as few boots as it can."""

    def __init__(self, setup, catalogue, place):
        self._setup = setup
        self._catalogue = catalogue
        self._place = place
        self._folder = prepare(place, setup)
        self._number = 0

    def run(self, tasks, done):
        """Try each (mode, entry); done is called with each Outcome as it comes."""
        tasks = list(tasks)
        # What the lab's channel needs itself is tried without that channel.
        for serial in (False, True):
            self._run_group([task for task in tasks if serial == any(
                module_name(name) in CHANNEL_MODULES for name in task[1].stock)], serial, done)

    def _run_group(self, tasks, serial, done):
        barren = 0
        while tasks:
            outcomes, ended = self._boot(tasks, serial, done)
            names = {(outcome.mode, outcome.entry) for outcome in outcomes}
            tasks = [task for task in tasks if (task[0], task[1].name) not in names]
            if outcomes:
                barren = 0
                continue
            # A machine that did not come up says nothing about the modules.
            barren += 1
            if barren == 2:
                raise LabError(f"the lab ran nothing: {ended}")

    def _boot(self, tasks, serial, done):
        """One boot; returns the outcomes it brought, and what was odd about its end."""
        self._number += 1
        self._write_list(tasks)
        command = self._command(tasks, serial)
        self._setup.say(f"boot {self._number}: {len(tasks)} to go")
        reader = Reader(tasks, self._setup.say, done)
        with open(self._place / "lab-said", "wb") as errors:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=errors)
            try:
                silent = self._follow(process, reader)
            finally:
                process.terminate()
                process.wait()
                process.stdout.close()
        said = (self._place / "lab-said").read_text(errors="replace").strip()
        ended = "nothing came any more" if silent else f"its status is {process.returncode}: {said}"
        if process.returncode == EXIT_EMULATOR_FAILED:
            self._setup.say("the emulator failed; its module will be tried again")
        else:
            reader.finish("hangs" if silent else _death(process.returncode, said))
        return reader.outcomes, ended

    def _follow(self, process, reader):
        """Read all that comes; True if it is the silence that ended it."""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while True:
                limit = (self._setup.limit + SILENCE_SECONDS if reader.began else
                         BOOT_SECONDS * patience(self._setup.backend))
                deadline = time.monotonic() + limit
                if not selector.select(max(0, deadline - time.monotonic())):
                    # The wait for a seat of the lab's is no silence of a guest's.
                    if reader.began or process.poll() is not None:
                        return True
                    continue
                data = os.read(process.stdout.fileno(), 65536)
                if not data:
                    process.wait()
                    return False
                reader.feed(data)

    def _write_list(self, tasks):
        lines = []
        for mode, entry in tasks:
            modules = [f"./{module_name(module)}.ko" if module in map(str, entry.files) else module
                       for module in entry.modules]
            before = [name for name in self._needs(entry)[1] if self._catalogue.has(name)]
            lines.append("|".join((mode, entry.name, " ".join(modules), " ".join(before),
                                   " ".join(entry.parameters))))
        (self._folder / "list").write_text("".join(f"{line}\n" for line in lines))

    def _needs(self, entry):
        devices, before = hardware.wanted(self._catalogue.aliases(entry))
        return devices, [*self._catalogue.depends(entry), *before]

    def _command(self, tasks, serial):
        setup = self._setup
        names, devices = [], {}
        for _, entry in tasks:
            names += entry.stock
            for file in entry.files:
                shutil.copy(file, self._folder / f"{module_name(file)}.ko")
            found, before = self._needs(entry)
            names += [name for name in before if self._catalogue.has(name)]
            devices.update((device.name, device) for device in found)
        names += [name for name in SUPPORT if self._catalogue.has(name)]
        command = [
            _LAB, "run", "--hv", setup.backend.NAME,
            "--host-kernel", setup.kernel, "--guest-kernel", setup.kernel,
            "--flavour", setup.flavour, "--smp", setup.smp, "--mem", GUEST_MIB,
            "--host-mem", HOST_MIB, "--timeout", (setup.limit + 10) * len(tasks) + 60,
            "--modules", ",".join(dict.fromkeys(names)),
            "--put", f"{self._folder}:/root/compat",
            "--host-put", f"{self._folder / 'lib.sh'}:{hardware.SHARE}/file",
        ]
        if setup.logs:
            command += ["--logs", setup.logs / f"{setup.kernel}-{self._number}"]
        if serial:
            command.append("--serial")
        if not setup.chariot:
            command.append("--no-chariot")
        for program in PROGRAMS:
            if Path(program).exists():
                command += ["--put", f"{program}:/usr/sbin/{Path(program).name}"]
        if setup.backend.GUEST_IS_QEMU:
            for argument in (*hardware.MONITOR, *hardware.qemu_arguments(devices.values())):
                command += ["--qemu-arg", argument]
        for device in devices.values():
            if hardware.has_disk(device):
                command += ["--host-put", f"{self._place / 'disk'}:"
                                          f"/root/{hardware.identifier(device)}.qcow2"]
        if any("guestfwd" in argument for device in devices.values()
               for argument in device.arguments):
            command += ["--host-put", "/bin/cat:/bin/cat"]
        command += ["--", "bash", "compat/run.sh", setup.limit]
        return [str(part) for part in command]


def _death(status, said):
    words = {70: "the guest died", 71: "the host complained"}
    return words.get(status, f"the lab ended with {status}: {said[-300:]}")


class Reader:
    """Makes outcomes of what the guest's scripts say."""

    def __init__(self, tasks, say, done):
        self.outcomes = []
        self.began = False
        self._say = say
        self._done = done
        self._tasks = {(mode, entry.name) for mode, entry in tasks}
        self._now = None
        self._start = 0
        self._rest = b""

    def feed(self, data):
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.decode(errors="replace").rstrip("\r"))

    def finish(self, reason):
        """The guest is gone; what was under way has not come to its end."""
        if self._now:
            self._end("died", reason)

    def _line(self, line):
        word, _, rest = line.partition(" ")
        if word != "compat":
            if self._now:
                self._now.context.append(line)
            return
        word, _, rest = rest.partition(" ")
        if word == "begin":
            self.finish("it did not come to an end")
            mode, _, name = rest.partition(" ")
            if (mode, name) in self._tasks:
                self.began = True
                self._now = Outcome(name, mode)
                self._start = time.monotonic()
        elif self._now:
            handler = getattr(self, f"_says_{word}", None)
            if handler:
                try:
                    handler(rest)
                except ValueError:
                    self._now.context.append(line)

    def _says_class(self, rest):
        if rest not in self._now.classes:
            self._now.classes.append(rest)

    def _says_value(self, rest):
        key, _, value = rest.partition(" ")
        self._now.values[key] = value

    def _says_complaint(self, rest):
        self._now.complaints.append(rest)

    def _says_operations(self, rest):
        count, _, unit = rest.partition(" ")
        # Of classes that count other things, the one that does the most.
        if unit == self._now.unit:
            self._now.operations += int(count)
        elif int(count) > self._now.operations:
            self._now.operations, self._now.unit = int(count), unit

    def _says_exits(self, rest):
        self._now.exits = int(rest)

    def _says_rights(self, rest):
        kind, size, count, driver = rest.split()
        self._now.rights_of.setdefault(driver, {})[kind] = int(size)
        have = self._now.rights.setdefault(kind, [0, 0])
        have[0] += int(size)
        have[1] += int(count)

    def _says_violations(self, rest):
        self._now.violations = max(self._now.violations, 0) + int(rest)

    def _says_record(self, rest):
        self._now.records.append(json.loads(rest))

    def _says_end(self, rest):
        state, _, reason = rest.partition(" ")
        self._end(state if state in ("ok", "failed", "skipped") else "failed", reason)

    def _end(self, state, reason):
        outcome = self._now
        self._now = None
        outcome.state, outcome.reason = state, reason
        outcome.seconds = round(time.monotonic() - self._start)
        outcome.context = outcome.context[-60:]
        self.outcomes.append(outcome)
        self._say(f"{outcome.mode:8} {outcome.entry:24} {state} {reason} ({outcome.seconds} s)")
        self._done(outcome)


def cache_folder():
    """Where logs of boots are kept."""
    return directory("compat")
