# SPDX-License-Identifier: GPL-2.0-only
"""Makes damaged files, out of a module that every kernel loads.

Runs on the developer's machine, for tests/check.
"""

import struct


def make(module, program, folder):
    """Write the files of badinput.sh into a new folder."""
    folder.mkdir()
    good = module.read_bytes()
    files = {
        "empty": b"",
        "text": b"This is no module.\n" * 50,
        "header": good[:40],
        "half": good[:len(good) // 2],
        "end": good[:-100],
        "machine": _patched(good, 18, struct.pack("<H", 183)),
        "program": program.read_bytes(),
        "modinfo": good.replace(b"\0.modinfo\0", b"\0.modinfX\0"),
        "section": _patched(good, _section(good, b".modinfo") + 24, b"\xff" * 7 + b"\x7f"),
        # The version alone does not count where symbols have checksums.
        "vermagic": _replaced(good, b" SMP ", b" XYZ "),
        "modversion": _wrong_version(good),
    }
    for name, content in files.items():
        (folder / f"{name}.ko").write_bytes(content)


def _patched(data, offset, new):
    return data[:offset] + new + data[offset + len(new):]


def _replaced(data, old, new):
    if old not in data:
        raise ValueError(f"the module holds no {old}")
    return data.replace(old, new)


def _section(data, name):
    """Offset of a section's header (ELF64)."""
    table, = struct.unpack_from("<Q", data, 0x28)
    size, count, names = struct.unpack_from("<3H", data, 0x3a)
    names_at, = struct.unpack_from("<Q", data, table + names * size + 24)
    for header in range(table, table + count * size, size):
        at = names_at + struct.unpack_from("<I", data, header)[0]
        if data[at:data.index(b"\0", at)] == name:
            return header
    raise ValueError(f"the module has no section {name}")


def _wrong_version(data):
    """Another checksum for the first symbol it imports."""
    at, = struct.unpack_from("<Q", data, _section(data, b"__versions") + 24)
    return _patched(data, at, bytes([data[at] ^ 0xff]))
