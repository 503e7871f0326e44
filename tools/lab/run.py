# SPDX-License-Identifier: GPL-2.0-only
"""One run of the lab: puts host and guest together, runs them, reports.

Runs on the developer's machine.
"""

import os
import secrets
import shlex
import sys
import termios
import time
import tty
from pathlib import Path

from . import build, images, kernels
from .cache import UsageError, run_directory, seats
from .hv import BACKENDS
from .machine import End, Machine

EXIT_GUEST_DIED = 70
EXIT_HOST_DIRTY = 71
EXIT_SETUP_FAILED = 72
EXIT_EMULATOR_FAILED = 73
# Under -icount about one stock guest in five hangs at boot, in a loop with interrupts
# off. The cause isn't known; seen without chariot, never without -icount.
ICOUNT_TRIES = 3
ICOUNT_BOOT_SECONDS = 150
# KASAN, lockdep and object debugging
DEBUG_SLOWNESS = 8


class Report:
    """The lab's own words, kept apart from the command's output."""

    def __init__(self, verbose):
        self._verbose = verbose
        self._start = time.monotonic()

    def step(self, text):
        if self._verbose:
            self.say(f"{time.monotonic() - self._start:6.2f} s  {text}")

    def say(self, text):
        print(f"chariot-lab: {text}", file=sys.stderr, flush=True)

    def block(self, title, lines):
        self.say(title)
        for line in lines:
            print(f"    {line}", file=sys.stderr)
        sys.stderr.flush()


def run(options, report):
    """Run options.command in a guest; returns the lab's exit status."""
    backend = BACKENDS[options.hv]
    _check(options, backend)
    host = kernels.find(options.host_kernel,
                        backend.HOST_FLAVOUR or options.host_flavour or options.flavour)
    guest = kernels.find(options.guest_kernel, options.flavour)
    chariot = None
    if options.chariot:
        chariot = build.chariot_for_run(backend, host, guest, report)
    with run_directory() as place, seats(options.host_smp,
                                         lambda: report.step("waits for other runs to end")):
        mark = secrets.token_hex(16)
        # The host's script reads what its guests say, and may print it.
        _prepare_guest(place, options, backend, guest, chariot,
                       "lab" if options.host_script else mark)
        initrd = _prepare_host(place, options, backend, host, guest, chariot, mark)
        for left in reversed(range(ICOUNT_TRIES if options.icount else 1)):
            end, machine = _boot(place, backend, host, initrd, mark, options, report)
            if not left or end is not End.GUEST_HANGS or machine.booted:
                break
            report.say("the guest hung while booting, as guests under --icount sometimes do; "
                       "trying again")
    report.step(end.name)
    if options.logs:
        _keep_logs(Path(options.logs), machine)
    return _explain(end, machine, backend, options, report)


def _boot(place, backend, host, initrd, mark, options, report):
    limit = ICOUNT_BOOT_SECONDS if options.icount else backend.BOOT_SECONDS
    if "debug" in (options.flavour, options.host_flavour):
        limit *= DEBUG_SLOWNESS
    channels = backend.channels(place)
    machine = Machine(channels, mark, options.timeout, limit, _emit, report.step,
                      options.interactive, pulse=backend.PULSE and not options.icount,
                      boot_warns=backend.BOOT_WARNS, guest_line=backend.GUEST_LINE)
    mem = options.host_mem or options.mem + backend.HOST_OVERHEAD_MIB
    command = backend.machine(place, host, initrd, options, mem, channels)
    report.step("starts the host")
    with _raw_terminal(options.interactive):
        return machine.run(command), machine


def _check(options, backend):
    """Complete the options, or say which of them this hypervisor's lab can't do."""
    options.host_smp = options.host_smp or 1
    if options.host_smp > 1 and not backend.HOST_IS_QEMU:
        raise UsageError(f"a {backend.NAME} host has one CPU here")
    if options.host_smp > 1 and options.host_kernel == "6.12":
        raise UsageError("a 6.12 host has one CPU: with more it is unreliable under QEMU's TCG")
    if options.qemu_arg and not backend.GUEST_IS_QEMU:
        raise UsageError(f"--qemu-arg is for QEMU; a guest of {backend.NAME} has none")
    if options.interactive and "SHELL_PORT" not in backend.PORTS:
        raise UsageError(f"there is no shell with --hv {backend.NAME}; run 'bash -c ...' instead")
    if (options.icount or options.host_arg) and not backend.HOST_IS_QEMU:
        raise UsageError(f"--icount and --host-arg are for QEMU; the host of {backend.NAME} "
                         "runs in another emulator")


def _prepare_guest(place, options, backend, kernel, chariot, mark):
    config = {**backend.guest_channels(options.serial), "MARK": mark,
              "CHARIOT": int(bool(chariot)), "INTERACTIVE": int(options.interactive)}
    tree = images.run_tree(kernel, options.modules, [chariot.guest_module] if chariot else [],
                           place / "guest-modules", "guest-init.sh", config)
    tree.add_bytes(f"exec {shlex.join(options.command)}\n".encode(), "/lab/command")
    if chariot:
        for program in chariot.programs:
            tree.add_program(program, f"/usr/sbin/{program.name}")
    _put(tree, options.put)
    images.write_initrd(place / "guest.initrd", images.guest_base(), tree)


def _prepare_host(place, options, backend, host, guest, chariot, mark):
    config = {**backend.PORTS, "MARK": mark, "MODULES": " ".join(backend.HOST_MODULES),
              "START": backend.HOST_START,
              "CHARIOT": backend.CHARIOT_START if chariot else "",
              "CHARIOT_END": backend.CHARIOT_END if chariot else "",
              "HOOK": "yes" if options.host_command else "",
              "SCRIPT": "yes" if options.host_script else ""}
    tree = images.run_tree(host, [*backend.HOST_MODULES, *options.host_modules],
                           [chariot.host_module] if chariot and chariot.host_module else [],
                           place / "host-modules", "host-init.sh", config)
    inner = backend.guest(options.guest_append, options.smp, options.mem, options.qemu_arg,
                          options.serial)
    tree.add_bytes(f'exec {shlex.join(inner)} "$@"\n'.encode(), "/lab/guest/command")
    for program in chariot.host_programs if chariot else ():
        tree.add_program(program, f"/usr/sbin/{program.name}")
    tree.add(backend.guest_image(guest), "/lab/guest/vmlinuz")
    tree.add(place / "guest.initrd", "/lab/guest/initrd")
    if options.host_command:
        tree.add_bytes(f"{options.host_command}\n".encode(), "/lab/hook")
    if options.host_script:
        tree.add_bytes(f"{options.host_script}\n".encode(), "/lab/script")
    _put(tree, options.host_put)
    images.write_initrd(place / "host.initrd", images.host_base(backend), tree)
    return place / "host.initrd"


def _put(tree, items):
    for item in items:
        local, _, target = item.partition(":")
        source = Path(local)
        target = target or f"/root/{source.resolve().name}"
        if source.is_dir():
            tree.add_folder(source, target)
        elif source.is_file():
            tree.add_program(source, target)
        else:
            raise UsageError(f"there is no file or folder '{local}' to put")


def _emit(data):
    while data:
        written = os.write(sys.stdout.fileno(), data)
        data = data[written:]


class _raw_terminal:
    """Hands each key to the guest, and the terminal back as it was."""

    def __init__(self, interactive):
        self._active = interactive and sys.stdin.isatty()
        self._saved = None

    def __enter__(self):
        if self._active:
            self._saved = termios.tcgetattr(sys.stdin)
            tty.setraw(sys.stdin)

    def __exit__(self, *_):
        if self._active:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._saved)


def _keep_logs(folder, machine):
    folder.mkdir(parents=True, exist_ok=True)
    names = {"console": "host-console", "guest-console": "guest-console", "host-log": "host-kernel",
             "guest-log": "guest-kernel", "control": "host-control", "output": "command-output",
             "emulator": "emulator"}
    for channel, name in names.items():
        (folder / f"{name}.log").write_bytes(machine.texts[channel])


def _tail(data, count=40):
    return bytes(data).decode(errors="replace").replace("\r", "").splitlines()[-count:]


def led_astray(backend, console):
    """Whether a guest's console shows that the emulated processor, not the guest, failed."""
    return bool(backend.EMULATOR_FAULT
                and backend.EMULATOR_FAULT.search(bytes(console).replace(b"\r", b"")))


def _explain(end, machine, backend, options, report):
    console = machine.texts["guest-console"]
    if end is End.COMMAND:
        return machine.status
    if end is End.HOST_DIRTY:
        report.block("the host complained:", machine.trouble)
        if "ended by itself" in machine.trouble[-1]:
            report.block("end of the host's console:", _tail(machine.texts["console"]))
            report.block("the emulator said:", [line for line in _tail(machine.texts["emulator"])
                                                if "TCG doesn't support" not in line])
        return EXIT_HOST_DIRTY
    if end is End.SETUP_FAILED:
        report.say(f"set-up failed: {machine.failure}")
        report.block("end of the host's console:", _tail(machine.texts["console"], 15))
        if console:
            report.block("end of the guest's console:", _tail(console, 15))
        return EXIT_SETUP_FAILED
    if end is End.GUEST_DIED:
        report.say("the guest died" + ("" if machine.began else " before the command began"))
    elif machine.status is not None:
        report.say(f"the guest did not power off; the command had ended with {machine.status}")
    elif machine.began:
        report.say(f"the guest did not finish within {options.timeout} s")
    else:
        report.say("the guest did not come up")
    if machine.qemu_said:
        report.block("the guest's QEMU said:", machine.qemu_said[-20:])
    report.block("end of the guest's console:", _tail(console) or ["(nothing)"])
    if led_astray(backend, console):
        report.say("the emulated processor took one interrupt twice, which is a fault of QEMU's "
                   "and says nothing about COMMAND; run it again")
        return EXIT_EMULATOR_FAILED
    return EXIT_GUEST_DIED
