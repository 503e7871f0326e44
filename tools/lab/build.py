# SPDX-License-Identifier: GPL-2.0-only
"""Builds kernel modules against Debian's headers, in the cache, never in the sources.

Runs on the developer's machine.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .cache import REPO, LabError, UsageError, digest, directory, locked

GUEST_MODULE = "guest-module/chariot.ko"
# What a build leaves behind; not taken over from a source folder built in place.
_PRODUCTS = (".o", ".ko", ".mod", ".mod.c", ".cmd", ".symvers", ".order")
PROGRAMS = ("tools/chariot-insmod", "tools/chariot")


@dataclass(frozen=True)
class Chariot:
    """What a run with chariot needs."""

    host_module: Path | None
    host_programs: tuple
    guest_module: Path
    programs: tuple


def out_of_tree(folder, kernel):
    """Build a module's source folder for a kernel; returns the .ko files' paths.

    Its Kbuild finds the folder it was written in, for headers beside it, as
    $(MODULE_SOURCE).
    """
    source = Path(folder).resolve()
    if not any((source / name).exists() for name in ("Kbuild", "Makefile")):
        raise UsageError(f"'{folder}' holds no Kbuild and no Makefile")
    place = directory("build", f"{source.name}-{digest(source)}", kernel.release)
    with locked(place / "lock"):
        target = place / "source"
        _mirror(source, target)
        _make(place / "build.log", f"building {folder} for {kernel.release}",
              "-C", kernel.headers, f"M={target}", f"MODULE_SOURCE={source}", "modules")
        return sorted(target.rglob("*.ko"))


def chariot(kernel, parts=("modules", "tools")):
    """Build chariot itself for a kernel; returns the build folder."""
    place = directory("build", f"chariot-{digest(REPO)}", kernel.release)
    with locked(place / "lock"):
        for part in parts:
            _make(place / f"{part}.log", f"building chariot's {part} for {kernel.release}",
                  "-C", REPO, f"BUILD={place / 'out'}", f"KDIR={kernel.headers}", part)
    return place / "out"


def chariot_for(backend, kernel):
    """The same, with what this hypervisor needs beside modules and tools."""
    own = (backend.CHARIOT_TARGET,) if backend.CHARIOT_TARGET else ()
    return chariot(kernel, ("modules", "tools", *own))


def chariot_for_run(backend, host, guest, report):
    """Build what changed and name the files a run needs."""
    if not (REPO / "Makefile").exists():
        raise LabError("there is no top Makefile to build chariot with; use --no-chariot")
    guest_out = chariot_for(backend, guest)
    report.step(f"chariot built for the guest ({guest.release})")
    host_out = guest_out
    if backend.CHARIOT_MODULE and host != guest:
        host_out = chariot(host, ("modules",))
        report.step(f"chariot built for the host ({host.release})")
    built = Chariot(host_out / backend.CHARIOT_MODULE if backend.CHARIOT_MODULE else None,
                    tuple(guest_out / program for program in backend.CHARIOT_PROGRAMS),
                    guest_out / GUEST_MODULE, tuple(guest_out / program for program in PROGRAMS))
    for path in (built.host_module, built.guest_module, *built.host_programs, *built.programs):
        if path and not path.exists():
            raise LabError(f"the build of chariot left no {path}")
    return built


def _mirror(source, target):
    """Make target hold the files of source; unchanged files keep their times."""
    target.mkdir(exist_ok=True)
    wanted = set()
    for path in source.rglob("*"):
        if path.is_dir() or ".git" in path.parts or path.name.endswith(_PRODUCTS):
            continue
        relative = path.relative_to(source)
        wanted.add(relative)
        copy = target / relative
        if not copy.exists() or copy.read_bytes() != path.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    known = target.parent / "files"
    if known.exists():
        for name in known.read_text().splitlines():
            if Path(name) not in wanted:
                (target / name).unlink(missing_ok=True)
    known.write_text("".join(f"{name}\n" for name in sorted(wanted)))


def _make(log, what, *arguments):
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}
    command = ["make", "-s", f"-j{os.cpu_count()}", *map(str, arguments)]
    with open(log, "wb") as output:
        status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, env=environment,
                                stderr=subprocess.STDOUT, check=False).returncode
    if status:
        text = log.read_text(errors="replace").strip()
        raise LabError(f"{what} failed:\n{text}\n(the log is {log})")
