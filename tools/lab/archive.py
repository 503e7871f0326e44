# SPDX-License-Identifier: GPL-2.0-only
"""File trees for the machines, written as cpio archives (newc, the initrd's format).

Runs on the developer's machine, without root.
"""

import os
import re
import stat
import subprocess
from pathlib import Path, PurePosixPath

from .cache import LabError, UsageError

# Debian's merged /usr: a file must not arrive beside the link to its folder.
_MERGED = {"bin", "sbin", "lib", "lib64"}


class Tree:
    """Files by their path inside a machine; folders come into being by themselves."""

    def __init__(self, merged_usr=()):
        self._entries = {}
        for name in merged_usr:
            self._entries[name] = (stat.S_IFLNK | 0o777, f"usr/{name}".encode())

    def add(self, source, target, mode=None):
        """A file of this machine at the path target."""
        source = Path(source)
        if mode is None:
            mode = 0o755 if os.access(source, os.X_OK) else 0o644
        self._entries[_inside(target)] = (stat.S_IFREG | mode, source)

    def add_bytes(self, content, target, mode=0o644):
        self._entries[_inside(target)] = (stat.S_IFREG | mode, content)

    def add_link(self, content, target):
        self._entries[_inside(target)] = (stat.S_IFLNK | 0o777, content.encode())

    def add_directory(self, target):
        self._entries[_inside(target)] = (stat.S_IFDIR | 0o755, b"")

    def add_program(self, source, target=None):
        """A file and, when it is a dynamic program, the libraries it needs."""
        source = Path(source)
        self.add(source, target or source)
        for library in shared_libraries(source):
            self.add(library.resolve(), library, 0o755)

    def add_folder(self, source, target):
        """A folder and all below it, as they are."""
        for path in [Path(source), *sorted(Path(source).rglob("*"))]:
            inside = PurePosixPath(target) / path.relative_to(source).as_posix()
            if path.is_symlink():
                self.add_link(os.readlink(path), inside)
            elif path.is_dir():
                self.add_directory(inside)
            else:
                self.add_program(path, inside)

    def write(self, output):
        """Append the tree to an open binary file, as one cpio archive."""
        names = set(self._entries)
        for name in list(names):
            for parent in PurePosixPath(name).parents:
                if str(parent) != "." and str(parent) not in names:
                    names.add(str(parent))
                    self._entries[str(parent)] = (stat.S_IFDIR | 0o755, b"")
        for number, name in enumerate(sorted(names), 1):
            mode, content = self._entries[name]
            if isinstance(content, Path):
                content = content.read_bytes()
            _write_member(output, number, mode, name, content)
        _write_member(output, 0, 0, "TRAILER!!!", b"")


def shared_libraries(program):
    """The libraries an ELF program is loaded with, as absolute paths; else none."""
    with open(program, "rb") as file:
        header = file.read(18)
    # Only programs and shared objects (e_type 2 and 3), not kernel modules.
    if header[:4] != b"\x7fELF" or header[16] not in (2, 3):
        return []
    found = subprocess.run(["ldd", str(program)], stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True, check=False).stdout
    if missing := re.findall(r"^\s*(\S+) => not found", found, re.MULTILINE):
        raise LabError(f"{program} needs the library {missing[0]}, which is not installed here")
    return [Path(path) for path in re.findall(r"(/\S+) \(0x", found)]


def _inside(target):
    parts = [part for part in PurePosixPath(target).parts if part not in ("/", ".")]
    if ".." in parts or not parts:
        raise UsageError(f"'{target}' is no path inside the machine")
    if parts[0] in _MERGED and len(parts) > 1:
        parts.insert(0, "usr")
    return "/".join(parts)


def _write_member(output, inode, mode, name, content):
    encoded = name.encode() + b"\0"
    fields = (inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(encoded), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
    output.write(header + b"\0" * (-len(header) % 4))
    output.write(content)
    output.write(b"\0" * (-len(content) % 4))
