# SPDX-License-Identifier: GPL-2.0-only
"""The devices that QEMU can give a guest, chosen as the kernel chooses drivers: by aliases.

Runs on the developer's machine. A module gets each device that its aliases match.
"""

import struct
from dataclasses import dataclass
from fnmatch import fnmatchcase

MIB = 1 << 20
DISK_BYTES = 96 * MIB
SHARE = "/root/compat-share"
# The echo service behind each network card, in QEMU itself.
ECHO = "guestfwd=tcp:10.0.2.100:7-cmd:/bin/cat"
# QEMU's command line for people, at a port of the lab's own virtio-serial device.
MONITOR = ("-chardev", "socket,id=monitor,path=monitor,server=on,wait=off",
           "-mon", "chardev=monitor,mode=readline",
           "-chardev", "socket,id=monitorport,path=monitor",
           "-device", "virtserialport,chardev=monitorport,name=chariot.monitor")


@dataclass(frozen=True)
class Device:
    """One device of QEMU's.

    arguments: QEMU's, where {id} is a name of the device's own.
    modalias: what the kernel sees; a module with a matching alias drives it.
    under, over: stock modules to load plainly before: those it needs beneath to
    be seen, and those that make its use complete.
    part_of: the name of a device it is plugged into.
    """

    name: str
    modalias: str
    arguments: tuple
    under: tuple = ()
    over: tuple = ()
    part_of: str = ""


def pci(ids, kind):
    """The modalias of a PCI device "vendor:device" of a class."""
    vendor, device = ids.split(":")
    return (f"pci:v0000{vendor}d0000{device}sv00001AF4sd00001100"
            f"bc{kind[0:2]}sc{kind[2:4]}i{kind[4:6]}")


def card(name, ids):
    """A network card."""
    return Device(name, pci(ids, "020000"),
                  ("-netdev", f"user,id={{id}},{ECHO}", "-device", f"{name},netdev={{id}}"))


def sound(name, ids, kind, *more):
    return Device(name, pci(ids, kind),
                  ("-audiodev", "none,id={id}", "-device", *more)
                  if more else ("-audiodev", "none,id={id}", "-device", f"{name},audiodev={{id}}"))


def disk(name, modalias, plug, *before, **more):
    """A disk, or an adapter and its disk; its content is in an empty image."""
    return Device(name, modalias, (*before, "-drive",
                  "if=none,id={id},format=qcow2,file=/root/{id}.qcow2", "-device", plug), **more)


def scsi(name, ids):
    return disk(name, pci(ids, "010000"), "scsi-hd,drive={id},bus={id}a.0",
                "-device", f"{name},id={{id}}a", over=("sd_mod",))


_STORAGE = ("usb_storage", "sd_mod")

DEVICES = (
    card("e1000", "8086:100E"),
    card("e1000e", "8086:10D3"),
    card("rtl8139", "10EC:8139"),
    card("vmxnet3", "15AD:07B0"),
    card("pcnet", "1022:2000"),
    card("ne2k_pci", "10EC:8029"),
    card("tulip", "1011:0019"),
    Device("virtio-net-pci", "virtio:d00000001v00001AF4",
           ("-netdev", f"user,id={{id}},{ECHO}", "-device", "virtio-net-pci,netdev={id}")),
    disk("virtio-blk-pci", "virtio:d00000002v00001AF4", "virtio-blk-pci,drive={id}"),
    Device("virtio-rng-pci", "virtio:d00000004v00001AF4", ("-device", "virtio-rng-pci")),
    Device("virtio-balloon-pci", "virtio:d00000005v00001AF4",
           ("-device", "virtio-balloon-pci,id=balloon0")),
    disk("virtio-scsi-pci", "virtio:d00000008v00001AF4", "scsi-hd,drive={id},bus={id}a.0",
         "-device", "virtio-scsi-pci,id={id}a", over=("sd_mod",)),
    Device("virtio-9p-pci", "virtio:d00000009v00001AF4",
           ("-fsdev", f"local,id={{id}},path={SHARE},security_model=none",
            "-device", "virtio-9p-pci,fsdev={id},mount_tag=share")),
    Device("virtio-keyboard-pci", "virtio:d00000012v00001AF4",
           ("-device", "virtio-keyboard-pci"), over=("evdev",)),
    disk("nvme", pci("1B36:0010", "010802"), "nvme,drive={id},serial=chariot"),
    disk("ich9-ahci", pci("8086:2922", "010601"), "ide-hd,drive={id},bus={id}a.0",
         "-device", "ich9-ahci,id={id}a", over=("sd_mod",)),
    scsi("lsi53c895a", "1000:0012"),
    scsi("am53c974", "1022:2020"),
    scsi("mptsas1068", "1000:0054"),
    scsi("megasas", "1000:0060"),
    scsi("pvscsi", "15AD:07C0"),
    sound("AC97", "8086:2415", "040100"),
    sound("ES1370", "1274:5000", "040100"),
    sound("intel-hda", "8086:2668", "040300", "intel-hda,id={id}a", "-device",
          "hda-duplex,bus={id}a.0,audiodev={id}"),
    Device("i6300esb", pci("8086:25AB", "088000"), ("-device", "i6300esb")),
    Device("qemu-xhci", pci("1B36:000D", "0C0330"), ("-device", "qemu-xhci,id=xhci"),
           over=_STORAGE),
    Device("usb-ehci", pci("8086:24CD", "0C0320"), ("-device", "usb-ehci,id=ehci"),
           over=_STORAGE),
    disk("usb-storage", "usb:v46F4p0001d0000dc00dsc00dp00ic08isc06ip50in00",
         "usb-storage,drive={id},bus=xhci.0", under=("xhci_pci",), over=("sd_mod",),
         part_of="qemu-xhci"),
)
# Modules that have no device of their own and can do nothing without one.
_BY_ALIAS = {"fs-9p": ("virtio-9p-pci", ("9pnet_virtio",))}
# A controller of USB is tried with what is plugged into it.
_PLUGGED = {"qemu-xhci": "usb-storage"}


def wanted(aliases):
    """The devices for a module's aliases, and the modules to be loaded plainly before it."""
    chosen, before = {}, []
    for device in DEVICES:
        if any(fnmatchcase(device.modalias, alias) for alias in aliases):
            _choose(device, chosen)
            before += [*device.under, *device.over]
    # Without it no device of virtio's is seen, the lab's own included.
    if any(alias.startswith("virtio:") for alias in aliases):
        before.insert(0, "virtio_pci")
    for alias in aliases:
        if alias in _BY_ALIAS:
            name, modules = _BY_ALIAS[alias]
            _choose(_named(name), chosen)
            before += modules
    return list(chosen.values()), list(dict.fromkeys(before))


def _choose(device, chosen):
    if device.part_of:
        _choose(_named(device.part_of), chosen)
    chosen[device.name] = device
    if device.name in _PLUGGED:
        plugged = _named(_PLUGGED[device.name])
        chosen[plugged.name] = plugged


def _named(name):
    return next(device for device in DEVICES if device.name == name)


def qemu_arguments(devices):
    """QEMU's arguments for some devices, in the order that puts adapters before what is on them."""
    ordered = sorted(devices, key=lambda device: bool(device.part_of))
    return [argument.replace("{id}", identifier(device))
            for device in ordered for argument in device.arguments]


def identifier(device):
    return "c" + "".join(letter for letter in device.name.lower() if letter.isalnum())


def has_disk(device):
    return any("qcow2" in argument for argument in device.arguments)


def empty_disk(size=DISK_BYTES):
    """An empty image (qcow2): header, a refcount table, one block of it, an L1 table."""
    bits, cluster = 16, 1 << 16
    if size > cluster // 8 * cluster:
        raise ValueError("one entry of the L1 table is all there is")
    header = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, bits, size, 0, 1, 3 * cluster,
                         cluster, 1, 0, 0)
    table = struct.pack(">Q", 2 * cluster)
    counts = struct.pack(">4H", 1, 1, 1, 1)
    return b"".join(part.ljust(cluster, b"\0") for part in (header, table, counts, b""))
