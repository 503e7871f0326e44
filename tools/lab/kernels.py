# SPDX-License-Identifier: GPL-2.0-only
"""Debian's stock kernels as tools/setup unpacked them, and subsets of their modules; and
the one that tools/debug-kernel built.

Runs on the developer's machine.
"""

import lzma
import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .cache import (CACHE, REPO, LabError, UsageError, built_once, digest, directory,
                    file_stamp)

VERSIONS = ("6.1", "6.12")
DEBUG = "debug"
FLAVOURS = ("cloud", "generic", DEBUG)
_XZ = b"\xfd7zXZ"


@dataclass(frozen=True)
class Kernel:
    """One stock kernel: where its files are on this machine."""

    version: str
    flavour: str
    release: str
    tree: Path

    @property
    def image(self):
        return self.tree / "boot" / f"vmlinuz-{self.release}"

    @property
    def modules(self):
        return self.tree / "lib" / "modules" / self.release

    @property
    def headers(self):
        return _headers(self.tree, self.release)


def find(version, flavour):
    """The stock kernel of this version and flavour; sets it up when it is missing."""
    tree = CACHE / "kernels" / f"{version}-{flavour}"
    if flavour == DEBUG and not _ready(tree):
        raise LabError(f"there is no {version} kernel of flavour {flavour}; "
                       "tools/debug-kernel builds that of 6.1")
    if not _ready(tree):
        command = [REPO / "tools" / "setup"] + (["--generic"] if flavour == "generic" else [])
        if subprocess.run(command, stdout=2, check=False).returncode or not _ready(tree):
            raise LabError(f"the {version} kernel of flavour {flavour} is not set up; "
                           "run tools/setup as root")
    return Kernel(version, flavour, (tree / "release").read_text().strip(), tree.resolve())


def _ready(tree):
    try:
        release = (tree / "release").read_text().strip()
    except OSError:
        return False
    return _headers(tree, release).is_dir()


def _headers(tree, release):
    """Where modules for it are built: where it was built itself, if that was here."""
    built = tree / "headers"
    return built if built.exists() else Path("/usr/src", f"linux-headers-{release}")


def quick_image(kernel):
    """The kernel's image; its ELF file, if that is compressed in the way that is slow to unpack
    for a machine that is emulated (the boot protocol's payload_offset and payload_length tell
    where it is)."""
    image = kernel.image.read_bytes()
    offset, length = struct.unpack_from("<II", image, 0x248)
    payload = image[((image[0x1f1] or 4) + 1) * 512 + offset:][:length]
    if not payload.startswith(_XZ):
        return kernel.image
    # The last word is the size without compression.
    return built_once(directory("images") / f"vmlinux-{digest(file_stamp(kernel.image))}",
                      lambda temporary: temporary.write_bytes(lzma.decompress(payload[:-4])))


class ModuleIndex:
    """What modules a kernel has, loadable and built in, and what each depends on."""

    def __init__(self, kernel):
        self.kernel = kernel
        self._paths = {}
        self._depends = {}
        for line in (kernel.modules / "modules.dep").read_text().splitlines():
            path, _, depends = line.partition(":")
            self._paths[module_name(path)] = path
            self._depends[path] = depends.split()
        self._built_in = {module_name(path) for path in
                          (kernel.modules / "modules.builtin").read_text().split()}

    def closure(self, names):
        """The paths of the named modules and of all they depend on."""
        wanted = {}
        for name in names:
            path = self._paths.get(module_name(name))
            if path:
                wanted.update(dict.fromkeys([path, *self._depends[path]]))
            elif module_name(name) not in self._built_in:
                raise UsageError(f"kernel {self.kernel.release} has no module '{name}'"
                                 + self._other_flavour(name))
        return list(wanted)

    def _other_flavour(self, name):
        if self.kernel.flavour != "cloud":
            return ""
        tree = CACHE / "kernels" / f"{self.kernel.version}-generic"
        if not tree.exists():
            return "; the generic flavour has more (--flavour generic)"
        other = ModuleIndex(find(self.kernel.version, "generic"))
        # pylint: disable-next=protected-access
        return "; use --flavour generic, which has it" if module_name(name) in other._paths else ""


def module_name(path):
    """A module's name as the kernel says it: 'a/b-c.ko.xz' is b_c."""
    return Path(path).name.split(".ko")[0].replace("-", "_")


def install_modules(kernel, names, extra, scratch):
    """A /lib/modules/RELEASE folder with the named modules, ready for modprobe.

    extra: files of out-of-tree modules, put into its 'updates' folder.
    scratch: a folder of the run's own. Modules are put there uncompressed.
    """
    target = scratch / "lib" / "modules" / kernel.release
    target.mkdir(parents=True)
    for path in ModuleIndex(kernel).closure(names):
        copy = target / path.removesuffix(".xz")
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith(".xz"):
            copy.write_bytes(_unpacked(kernel, path))
        else:
            shutil.copyfile(kernel.modules / path, copy)
    for path in extra:
        (target / "updates").mkdir(exist_ok=True)
        _strip(path, target / "updates" / Path(path).name)
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        if (kernel.modules / name).exists():
            shutil.copyfile(kernel.modules / name, target / name)
    result = subprocess.run(["/sbin/depmod", "-b", scratch, kernel.release],
                            stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        raise LabError(f"depmod failed: {result.stderr.strip()}")
    return target


def _strip(module, target):
    """A module without its debug information, most of its size; its BTF stays."""
    result = subprocess.run(["strip", "--strip-debug", "-o", target, module],
                            stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        raise LabError(f"strip failed: {result.stderr.strip()}")


def _unpacked(kernel, path):
    """An xz-compressed module's content, kept unpacked in the cache."""
    kept = directory("modules", kernel.release) / Path(path).name.removesuffix(".xz")
    if not kept.exists() or kept.stat().st_mtime_ns < (kernel.modules / path).stat().st_mtime_ns:
        content = lzma.decompress((kernel.modules / path).read_bytes())
        temporary = kept.with_name(f"{kept.name}.{os.getpid()}.new")
        temporary.write_bytes(content)
        temporary.rename(kept)
        return content
    return kept.read_bytes()
