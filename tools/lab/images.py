# SPDX-License-Identifier: GPL-2.0-only
"""The user space of host and guest: initrds of a cached base and a run's own part.

Runs on the developer's machine. The kernel unpacks concatenated archives one
after the other, so a run writes only what is its own.
"""

import shutil
import time
from pathlib import Path

from . import kernels
from .archive import Tree
from .cache import built_once, digest, directory, file_stamp

_HERE = Path(__file__).resolve().parent
_MERGED = ("bin", "sbin", "lib", "lib64")
_KMOD_NAMES = ("modprobe", "insmod", "rmmod", "lsmod", "modinfo", "depmod")
_TERMINFO = "/lib/terminfo/v/vt100"
# Those that run other programs: busybox's would run its own modprobe, ip and so on.
_RUNNERS = ("/usr/bin/env", "/usr/bin/nice", "/usr/bin/nohup", "/usr/bin/setsid",
            "/usr/bin/taskset", "/usr/bin/timeout", "/usr/bin/xargs")
_GUEST_PROGRAMS = ("/bin/bash", "/sbin/mkfs.ext4", "/sbin/e2fsck", "/sbin/ip", "/sbin/blockdev")
# Needed to reach the lab, in each kernel: loadable in one, built in in another.
CHANNEL_MODULES = ("virtio_pci", "virtio_console")


def _base_tree():
    tree = Tree(merged_usr=_MERGED)
    tree.add("/bin/busybox", "/bin/busybox")
    tree.add_program("/bin/dash", "/bin/sh")
    for program in _RUNNERS:
        tree.add_program(program)
    tree.add_program("/bin/kmod")
    for name in _KMOD_NAMES:
        tree.add_link("../bin/kmod", f"/sbin/{name}")
    tree.add_bytes(b"root:x:0:0:root:/root:/bin/sh\n", "/etc/passwd")
    tree.add_bytes(b"root:x:0:\n", "/etc/group")
    return tree


def _cached(name, tree_builder, *sources):
    """A base archive, built anew when a program in it or the lab changed."""
    stamps = [file_stamp(path) for path in (*sources, __file__, _HERE / "archive.py")]
    path = directory("images") / f"{name}-{digest(*stamps)}.cpio"

    def build(temporary):
        with open(temporary, "wb") as output:
            tree_builder().write(output)
        for old in path.parent.glob(f"{name}-*.cpio"):
            # Another run of the lab may be about to read one that is not so old.
            if old.stat().st_mtime < time.time() - 3600:
                old.unlink(missing_ok=True)

    return built_once(path, build)


def host_base(backend):
    """The host's user space, without what depends on kernel and run."""
    def tree():
        tree = _base_tree()
        backend.host_files(tree)
        return tree
    return _cached(f"host-{backend.NAME}", tree, "/usr/bin/qemu-system-x86_64", "/bin/busybox",
                   "/bin/dash", "/bin/kmod", _HERE / "qemu.py", _HERE / "xen-host.sh",
                   backend.__file__)


def guest_base():
    """The guest's user space, without what depends on kernel and run."""
    def tree():
        tree = _base_tree()
        for program in _GUEST_PROGRAMS:
            tree.add_program(program)
        tree.add(_TERMINFO, _TERMINFO)
        return tree
    return _cached("guest", tree, "/bin/busybox", "/bin/dash", "/bin/kmod",
                   *_GUEST_PROGRAMS)


def run_tree(kernel, names, extra, scratch, init, config):
    """What one run adds to a base: init, its settings and the kernel's modules.

    names: stock modules; extra: files of out-of-tree modules.
    """
    tree = Tree()
    tree.add(_HERE / init, "/init", 0o755)
    tree.add_bytes("".join(f"{key}='{value}'\n" for key, value in config.items()).encode(),
                   "/lab/config")
    modules = kernels.install_modules(kernel, [*CHANNEL_MODULES, *names], extra, scratch)
    tree.add_folder(modules, f"/lib/modules/{kernel.release}")
    return tree


def write_initrd(path, base, tree):
    """Concatenate a base archive and a run's tree."""
    with open(path, "wb") as output:
        with open(base, "rb") as source:
            shutil.copyfileobj(source, output, 1 << 20)
        output.write(b"\0" * (-output.tell() % 4))
        tree.write(output)
