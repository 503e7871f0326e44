# SPDX-License-Identifier: GPL-2.0-only
"""KVM on an Intel processor with EPT, which Bochs emulates.

The outer machine is Bochs; in it, the stock kvm-intel module runs the guest.
"""

from .. import bochs, qemu
from ..channels import SerialPorts
from .kvm_amd import HOST_APPEND

NAME = "kvm-intel"
HOST_MODULES = ("kvm-intel",)
HOST_OVERHEAD_MIB = 640
BOOT_SECONDS = 900
SLOWNESS = 10
HOST_IS_QEMU = False
# Kernel 6.12 warns of the number of cores in Bochs's CPUID.
BOOT_WARNS = True
GUEST_IS_QEMU = True
HOST_FLAVOUR = None
HOST_START = ""
GUEST_LINE = None
PULSE = False
EMULATOR_FAULT = None
# With EPT and its A and D bits. What Bochs says of XSAVE in a later one's CPUID, kernels warn of.
_PROCESSOR = "broadwell_ult"
# Where the host's end of each channel is; what isn't here goes by "control".
PORTS = {"CONTROL": "/dev/ttyS1", "OUTPUT": "/dev/ttyS2", "GUEST_CONSOLE": "/dev/ttyS3"}

host_files = qemu.host_files
guest_image = qemu.guest_image
guest_channels = qemu.guest_channels
guest = qemu.guest
CHARIOT_MODULE, CHARIOT_TARGET, CHARIOT_PROGRAMS = qemu.CHARIOT_MODULE, "", ()
CHARIOT_START, CHARIOT_END = qemu.CHARIOT_START, qemu.CHARIOT_END
CHARIOT_BY_HAND, CHARIOT_LIMIT = qemu.CHARIOT_BY_HAND, qemu.CHARIOT_LIMIT


def channels(place):
    return SerialPorts(place)


def machine(place, kernel, initrd, options, mem, wires):
    """The outer machine's command."""
    config = (f"linux (hd0)/vmlinuz {HOST_APPEND} {options.host_append}\n"
              "initrd (hd0)/initrd\nboot\n")
    files = {"grub.cfg": config.encode(), "vmlinuz": kernel.image.resolve(), "initrd": initrd}
    return bochs.command(place, _PROCESSOR, mem, files, wires.paths.values())
