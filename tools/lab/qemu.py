# SPDX-License-Identifier: GPL-2.0-only
"""The guests of hosts with KVM: stock QEMU, and what it needs there.

Runs on the developer's machine.
"""

QEMU = "/usr/bin/qemu-system-x86_64"
_FIRMWARE = (
    "/usr/share/seabios/bios-256k.bin",
    "/usr/share/qemu/linuxboot_dma.bin",
    "/usr/share/qemu/kvmvapic.bin",
)
# TCG lets the guest's XSETBV pass without an exit: KVM never learns of it, and the
# guest's kernel warns of an inconsistent CPUID. So the guest has no XSAVE.
_GUEST_CPU = "host,-xsave,-avx,-avx2,-f16c,-fma"
# Network cards for tests come without their boot ROMs.
_CARDS = ("virtio-net-pci", "e1000", "e1000e", "rtl8139", "vmxnet3", "ne2k_pci", "pcnet")
# Chariot's part on the host
CHARIOT_MODULE = "hv-backends/kvm/chariot-kvm.ko"
CHARIOT_START, CHARIOT_END = "modprobe chariot-kvm", "modprobe -r chariot-kvm"
CHARIOT_BY_HAND, CHARIOT_LIMIT = "insmod /root/chariot-kvm.ko", "max_page_rights="


def host_files(tree):
    """What the host's user space needs to run the guest."""
    tree.add_program(QEMU)
    for path in _FIRMWARE:
        tree.add(path, path)


def guest_image(kernel):
    return kernel.image


def guest_channels(serial):
    """Where in the guest its output and its log go."""
    if serial:
        return {"OUTPUT": "/dev/ttyS1", "LOG": ""}
    return {"OUTPUT": "/dev/vport0p1", "LOG": "/dev/vport0p2"}


def guest(append, smp, mem, extra, serial=False):
    """The command that runs the guest on the host.

    The ends of its channels are in the folder it is started in: console, output,
    log and shell. serial: output is the second serial port, and no other channel
    is used but the console.
    """
    command = [
        QEMU, "-accel", "kvm", "-machine", "pc,usb=off,vmport=off", "-cpu", _GUEST_CPU,
        "-smp", str(smp), "-m", str(mem),
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-kernel", "/lab/guest/vmlinuz", "-initrd", "/lab/guest/initrd",
        "-append", ("console=ttyS0,115200 loglevel=5 panic=-1 " + append).strip(),
        "-chardev", "file,id=console,path=console", "-serial", "chardev:console",
        "-device", "virtio-serial-pci",
        "-chardev", "file,id=output,path=output",
        *(("-serial", "chardev:output") if serial else
          ("-device", "virtserialport,chardev=output,name=output")),
        "-chardev", "file,id=log,path=log",
        "-device", "virtserialport,chardev=log,name=log",
        "-chardev", "pipe,id=shell,path=shell",
        "-device", "virtconsole,chardev=shell",
    ]
    for card in _CARDS:
        command += ["-global", f"{card}.romfile="]
    return command + extra
