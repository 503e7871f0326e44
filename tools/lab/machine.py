# SPDX-License-Identifier: GPL-2.0-only
"""Runs the outer machine and follows what host and guest say until there is a verdict.

Runs on the developer's machine; what the channels bring comes from machines
under test and is never trusted to be well-formed.
"""

import ctypes
import enum
import os
import selectors
import signal
import subprocess
import sys
import time

from .channels import NAMES
from .hostlog import Watch

END_SECONDS = 20
# QEMU's TCG, when it runs a nested guest, loses an interrupt of the processor now and then: it
# is pending in the local APIC, but the processor isn't told. If that was the timer's, nothing
# happens any more on a host with one processor. The next interrupt makes up for it, so here is
# one from outside. (Not under icount: timers run in the processor's own thread there, and runs
# have to be repeatable.)
PULSE_SECONDS = 1
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


class End(enum.Enum):
    """How a run ended."""

    COMMAND = enum.auto()
    GUEST_DIED = enum.auto()
    GUEST_HANGS = enum.auto()
    HOST_DIRTY = enum.auto()
    SETUP_FAILED = enum.auto()


class Machine:
    """One outer machine: starts it, relays its channels, decides how the run ended.

    channels: the wires to it (channels.py).
    mark: the word that begins what the guest's init itself says on "output".
    timeout: seconds the command may take; boot_seconds: host and guest before it.
    emit: called with the command's output as it comes.
    progress: called with a text at each step.
    pulse: whether to interrupt the machine each PULSE_SECONDS.
    boot_warns: whether its kernel may complain before user space runs.
    guest_line: what lines of the guest's console begin with on the host's, if they go there.
    """

    def __init__(self, channels, mark, timeout, boot_seconds, emit, progress, interactive=False,
                 pulse=True, boot_warns=False, guest_line=None):
        self.status = None
        self.failure = ""
        self.qemu_said = []
        self.texts = {name: bytearray() for name in (*NAMES, "emulator")}
        self._channels = channels
        self._mark = mark.encode() + b" "
        self._timeout = timeout
        self._emit = emit
        self._progress = progress
        self._interactive = interactive
        self._boot_seconds = boot_seconds
        self._next_pulse = 0.0 if pulse else float("inf")
        self._watch = Watch(whole=not boot_warns)
        self._guest_line = guest_line
        self._console = b""
        self._held = b""
        self._line = b""
        self._reached = set()
        self._deadline = 0.0

    @property
    def trouble(self):
        """The host's complaints, from the first on."""
        return self._watch.trouble

    @property
    def began(self):
        """Whether the guest came as far as the command."""
        return "begin" in self._reached

    @property
    def booted(self):
        """Whether the guest's user space came up, before anything of chariot's ran there."""
        return "booted" in self._reached

    def run(self, command):
        """Run the machine to its end; returns an End. Leaves no process behind."""
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            pass_fds=self._channels.inherited(), start_new_session=True,
            preexec_fn=_die_with_parent)
        try:
            self._channels.handed_over()
            self._follow(process)
            return self._verdict()
        finally:
            process.kill()
            process.wait()
            process.stderr.close()
            self._channels.close()

    def _follow(self, process):
        self._deadline = time.monotonic() + self._boot_seconds
        with selectors.PollSelector() as selector:
            for name, end in self._channels.ours.items():
                selector.register(end, selectors.EVENT_READ, name)
            selector.register(process.stderr, selectors.EVENT_READ, "emulator")
            if self._interactive:
                selector.register(sys.stdin, selectors.EVENT_READ, "keyboard")
            while not self._watch.ended and "died" not in self._reached:
                left = self._deadline - time.monotonic()
                if left <= 0:
                    self._reached.add("timeout")
                    break
                for key, _ in selector.select(min(left, self._pulse())):
                    data = _read(key.fileobj)
                    if data:
                        self._take(key.data, data)
                        continue
                    selector.unregister(key.fileobj)
                    if key.data == "console":
                        self._reached.add("died")
                    elif key.data == "keyboard":
                        self._channels.send("shell", b"\4")
        for name, end in self._channels.ours.items():
            while data := _read(end):
                self._take(name, data)
        self._emit(self._held)

    def _pulse(self):
        """Send the pulse if it is time to; returns the seconds to the next one."""
        now = time.monotonic()
        if now >= self._next_pulse:
            self._channels.send("pulse", b"\n")
            self._next_pulse = now + PULSE_SECONDS
        return self._next_pulse - now

    def _take(self, name, data):
        if name == "keyboard":
            self._channels.send("shell", data)
            return
        if name == "console" and self._guest_line:
            data = self._without_guest(data)
        self.texts[name] += data
        if name == "console":
            self._watch.feed(data)
        elif name == "control":
            *lines, self._line = (self._line + data).split(b"\n")
            for line in lines:
                self._host_says(line.decode(errors="replace").rstrip("\r"))
        elif name == "output":
            self._take_output(data)
        elif name == "shell":
            self._emit(data)

    def _without_guest(self, data):
        """The host's own lines of its console; the guest's are put where they belong."""
        *lines, self._console = (self._console + data).split(b"\n")
        ours = bytearray()
        for line in lines:
            begin = self._guest_line.match(line)
            if begin:
                self.texts["guest-console"] += line[begin.end():] + b"\n"
            else:
                ours += line + b"\n"
        return bytes(ours)

    def _take_output(self, data):
        self._held += data
        while (place := self._held.find(self._mark)) >= 0:
            line, newline, rest = self._held[place:].partition(b"\n")
            if not newline:
                break
            self._emit(self._held[:place])
            self._held = rest
            self._guest_says(line[len(self._mark):].decode(errors="replace"))
        if place < 0:
            keep = _overlap(self._held, self._mark)
            self._emit(self._held[:len(self._held) - keep])
            self._held = self._held[len(self._held) - keep:]

    def _guest_says(self, text):
        word, _, rest = text.partition(" ")
        self._step(word)
        if word == "begin":
            self._deadline = time.monotonic() + self._timeout
            self._channels.send("control", b"guest-up\n")
        elif word == "exit":
            self.status = int(rest)
            self._end_soon()
        elif word == "failed":
            self.failure = rest
            self._end_soon()

    def _host_says(self, text):
        word, _, rest = text.partition(" ")
        if word in ("guest-starts", "guest-ended"):
            self._step(word)
            if word == "guest-ended":
                self._end_soon()
        elif word == "failed":
            self.failure = rest
            self._end_soon()
        elif word in ("host-log", "guest-log"):
            self.texts[word] += rest.encode() + b"\n"
        elif word in ("qemu", "hook"):
            self._progress(f"{word}: {rest}")
            if word == "qemu":
                self.qemu_said.append(rest)
                if "KVM internal error" in rest:
                    # QEMU has stopped the guest and waits for a debugger.
                    self._step("internal-error")
                    self._end_soon()

    def _step(self, word):
        self._reached.add(word)
        self._progress(word)

    def _end_soon(self):
        self._deadline = min(self._deadline, time.monotonic() + END_SECONDS)

    def _verdict(self):
        if self.trouble:
            return End.HOST_DIRTY
        if self.failure:
            return End.SETUP_FAILED
        if "died" in self._reached:
            self.trouble.append("the host's machine ended by itself")
            return End.HOST_DIRTY
        if "guest-starts" not in self._reached:
            self.failure = f"the host was not up after {self._boot_seconds} s"
            return End.SETUP_FAILED
        if "guest-ended" in self._reached:
            return End.COMMAND if self.status is not None else End.GUEST_DIED
        return End.GUEST_DIED if "internal-error" in self._reached else End.GUEST_HANGS


def _die_with_parent():
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _read(source):
    """What can be read now; b"" at the end, or when nothing more is there."""
    try:
        return os.read(source.fileno(), 65536)
    except OSError:
        return b""


def _overlap(text, mark):
    """How many bytes at the end of text may be the beginning of mark."""
    for length in range(min(len(text), len(mark) - 1), 0, -1):
        if mark.startswith(text[-length:]):
            return length
    return 0
