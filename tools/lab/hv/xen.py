# SPDX-License-Identifier: GPL-2.0-only
"""Xen with altp2m on an Intel processor with EPT and VMFUNC, which Bochs emulates.

The outer machine is Bochs; in it, Debian's Xen runs the host, its dom0, and the guest, a PVH
domain: it has no device but a console, which carries the command's output. Its kernel's log
goes to Xen's console, beside the host's.
"""

import gzip
import json
import re
import subprocess
from pathlib import Path

from .. import bochs, kernels
from ..cache import CACHE, REPO, LabError
from ..channels import SerialPorts

NAME = "xen"
# Debian's cloud kernels can't be a dom0.
HOST_FLAVOUR = "generic"
HOST_MODULES = ("xen-evtchn", "xen-gntdev", "xen-privcmd", "xenfs")
HOST_OVERHEAD_MIB = 896
BOOT_SECONDS = 900
SLOWNESS = 10
HOST_IS_QEMU = False
GUEST_IS_QEMU = False
# Chariot's part on the host: a daemon
CHARIOT_MODULE, CHARIOT_TARGET = None, "xend"
CHARIOT_PROGRAMS = ("hv-backends/xen/chariot-xend",)
CHARIOT_START, CHARIOT_END = "xen-host chariot", "killall chariot-xend"
CHARIOT_BY_HAND, CHARIOT_LIMIT = CHARIOT_START, "--max-page-rights="
# What Bochs says of XSAVE in this processor's CPUID, kernels warn of.
BOOT_WARNS = True
PULSE = False
EMULATOR_FAULT = None
# The first one of Bochs's that has VMFUNC.
_PROCESSOR = "corei7_skylake_x"
# Xen has the first port, and looks at it by turns: it shares its interrupt with the third one.
PORTS = {"CONTROL": "/dev/ttyS1", "OUTPUT": "/dev/ttyS2", "GUEST_CONSOLE": "/dev/ttyS3"}
# Lines of a guest's on the host's console
GUEST_LINE = re.compile(rb"\(d[1-9]\d*(?:v\d+)?\) ?")

# What the host's init runs before the guest
HOST_START = "xen-host start"
_SCRIPT = Path(__file__).resolve().parent.parent / "xen-host.sh"
# What tools/setup has unpacked there
_UNPACKED = CACHE / "xen"
_BIN = "usr/lib/xen-4.17/bin"
_IMAGE = "boot/xen-4.17-amd64.gz"
# xen-access for tests: another tool that wants a guest's monitor.
_PROGRAMS = ("xl", "xenstored", "xenconsoled", "xenconsole", "xen-init-dom0", "libxl-save-helper",
             "xen-access")
_TOOLS = ("usr/bin/xenstore-read", "usr/bin/xenstore-write", "usr/bin/xenstore-ls")
_LIBGCC = Path("/lib/x86_64-linux-gnu/libgcc_s.so.1")
_XEN_APPEND = ("console=com1 com1=115200,8n1,0x3f8,0 loglvl=warning guest_loglvl=all altp2m=1 "
               "ept=no-ad "
               # Guests lose interrupts here otherwise, once views are switched.
               "apicv=0 "
               "dom0=pv dom0_max_vcpus=1 sched=credit reboot=no noreboot")
_HOST_APPEND = "console=hvc0 loglevel=8 panic=-1"
_HZ = 250	# of Debian's kernels
_GUEST_APPEND = "console=tty0 earlyprintk=xen,keep loglevel=5 panic=-1"


def _set_up():
    if (_UNPACKED / "ready").exists():
        return
    command = [REPO / "tools" / "setup", "--xen"]
    if subprocess.run(command, stdout=2, check=False).returncode:
        raise LabError("Xen is not set up; run tools/setup --xen as root")


def host_files(tree):
    """What the host's user space needs to run the guest."""
    _set_up()
    for path in (*(f"{_BIN}/{name}" for name in _PROGRAMS), *_TOOLS):
        tree.add_program(_UNPACKED / path, f"/{path}")
    # Loaded when a thread ends
    tree.add(_LIBGCC.resolve(), _LIBGCC)
    tree.add_bytes(b'autoballoon="off"\n', "/etc/xen/xl.conf")
    tree.add(_SCRIPT, "/usr/sbin/xen-host", 0o755)


def channels(place):
    return SerialPorts(place)


def machine(place, kernel, initrd, options, mem, wires):
    """The outer machine's command."""
    dom0 = mem - options.mem - 128
    config = ("set gfxpayload=text\n"
              f"multiboot (hd0)/xen {_XEN_APPEND} dom0_mem={dom0}M,max:{dom0}M "
              f"{options.host_append}\n"
              f"module (hd0)/vmlinuz {_HOST_APPEND}\n"
              "module (hd0)/initrd\nboot\n")
    files = {"grub.cfg": config.encode(),
             "xen": gzip.decompress((_UNPACKED / _IMAGE).read_bytes()),
             "vmlinuz": kernels.quick_image(kernel).resolve(), "initrd": initrd}
    return bochs.command(place, _PROCESSOR, mem, files, wires.paths.values())


def guest_image(kernel):
    """The guest's kernel, which the host has to unpack."""
    return kernels.quick_image(kernel)


def guest_channels(serial):     # pylint: disable=unused-argument
    """Where in the guest its output and its log go; the kernel's log is on Xen's console."""
    return {"OUTPUT": "/dev/hvc0", "LOG": ""}


def guest(append, smp, mem, extra, serial=False):   # pylint: disable=unused-argument
    """The command that runs the guest on the host; see qemu.guest()."""
    if smp > 1:
        # A processor that comes up waits for another one's timer, with interrupts off, unless
        # it is told what it would measure so. Bochs holds interrupts back from Xen when it
        # enters a guest whose own are off: the other one would never get its turn.
        append = f"lpj={bochs.SPEED // _HZ} {append}"
    settings = {
        "name": "guest", "type": "pvh", "memory": mem, "vcpus": smp, "altp2m": "external",
        # Page tables of the views
        "shadow_memory": 32,
        "kernel": "/lab/guest/vmlinuz", "ramdisk": "/lab/guest/initrd",
        "extra": f"{_GUEST_APPEND} {append}".strip(),
        **dict.fromkeys(("on_poweroff", "on_reboot", "on_crash"), "destroy"),
    }
    config = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    return ["xen-host", "run", config]
