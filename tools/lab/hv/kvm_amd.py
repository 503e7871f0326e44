# SPDX-License-Identifier: GPL-2.0-only
"""KVM on an AMD processor with nested paging, which QEMU's TCG emulates.

The outer machine is QEMU without hardware virtualisation; in it, the stock
kvm-amd module runs the guest.
"""

import re

from .. import qemu
from ..channels import Sockets

NAME = "kvm-amd"
HOST_MODULES = ("kvm-amd",)
HOST_OVERHEAD_MIB = 640
BOOT_SECONDS = 240
SLOWNESS = 1
HOST_IS_QEMU = True
BOOT_WARNS = False
GUEST_IS_QEMU = True
HOST_FLAVOUR = None
HOST_START = ""
GUEST_LINE = None
# Interrupts from outside (machine.py) make up for what TCG loses.
PULSE = True
# TCG's VMRUN takes an interrupt that is to be injected, but leaves its number in the processor's
# exception_index. If the processor's thread is asked to leave its loop at this moment, it takes
# the same interrupt again: in the handler's first instructions, with interrupts off. In a guest
# that was in user mode the kernel's GS base is not loaded there yet, and the kernel dies.
# And it has been seen to go on, after a CMPXCHG16B, with flags that no processor has.
EMULATOR_FAULT = re.compile(
    # in the handler's beginning
    rb"(asm_sysvec_\w+|asm_common_interrupt)\+0x[1-9a-f][0-9a-f]*/.*\n"
    # which interrupted its own first instructions
    rb".*RIP: 0010:(?:\1\+0x[0-9a-f]|irq_entries_start\+0x[0-9a-f]+)/.*\n"
    rb"(?:.*Code: .*\n)?"
    # though interrupts were off
    rb".*RSP: .* EFLAGS: [0-9a-f]{5}[014589cd]..\b"
    # In the kernel, with one of the bits 22 to 31 set, which are always zero
    rb"|RIP: 0010:\w+\+0x.*\n"
    rb"(?:.*Code: .*\n)?"
    rb".*RSP: 0000:ffff[0-9a-f]{12} EFLAGS: (?!00[0-3])[0-9a-f]{8}\b")
# Where the host's end of each channel is.
PORTS = {"CONTROL": "/dev/vport0p1", "OUTPUT": "/dev/vport0p2", "GUEST_CONSOLE": "/dev/vport0p3",
         "HOST_LOG": "/dev/vport0p4", "GUEST_LOG": "/dev/vport0p5", "SHELL_PORT": "/dev/vport0p6",
         "PULSE": "/dev/vport0p7"}

HOST_APPEND = "console=ttyS0,115200 loglevel=8 panic=-1 no_timer_check tsc=reliable"

host_files = qemu.host_files
guest_image = qemu.guest_image
guest_channels = qemu.guest_channels
guest = qemu.guest
CHARIOT_MODULE, CHARIOT_TARGET, CHARIOT_PROGRAMS = qemu.CHARIOT_MODULE, "", ()
CHARIOT_START, CHARIOT_END = qemu.CHARIOT_START, qemu.CHARIOT_END
CHARIOT_BY_HAND, CHARIOT_LIMIT = qemu.CHARIOT_BY_HAND, qemu.CHARIOT_LIMIT


def channels(place):    # pylint: disable=unused-argument
    """The wires of one outer machine; place: the run's own folder."""
    return Sockets()


def machine(place, kernel, initrd, options, mem, wires):    # pylint: disable=unused-argument
    """The outer machine's command."""
    command = [
        qemu.QEMU, "-accel", f"tcg,thread={'single' if options.icount else 'multi'}",
        "-machine", "pc,usb=off,vmport=off", "-cpu", "EPYC-Rome", "-smp", str(options.host_smp),
        "-m", str(mem), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-kernel", str(kernel.image), "-initrd", str(initrd),
        "-append", f"{HOST_APPEND} {options.host_append}",
        "-device", "virtio-serial-pci",
    ]
    if options.icount:
        command += ["-icount", "shift=0,sleep=off"]
    for name, descriptor in wires.descriptors.items():
        command += ["-chardev", f"socket,id={name},fd={descriptor}"]
        if name == "console":
            command += ["-serial", "chardev:console"]
        else:
            command += ["-device", f"virtserialport,chardev={name},name={name}"]
    return command + options.host_arg
