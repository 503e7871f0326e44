# SPDX-License-Identifier: GPL-2.0-only
"""One boot of the lab to count in: what the guest needs, and what it says.

Runs on the developer's machine.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BENCH = Path(__file__).resolve().parent
LAB = BENCH.parents[1] / "tools/chariot-lab"

sys.path.insert(0, str(BENCH.parents[1] / "tools"))
from lab.hv import BACKENDS     # pylint: disable=wrong-import-position

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chariot"
LOGS = CACHE / "bench"

KERNELS = ("6.1", "6.12")
# Seconds that a guest's script may take, at the fastest.
LAB_TIMEOUT = 400


class Unmeasured(Exception):
    """There are no figures; the text says why."""


def run_quietly(*command):
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise Unmeasured(f"{Path(command[0]).name} {command[1]} failed:\n{done.stdout.rstrip()}")
    return done.stdout


def compile_c(*options):
    run_quietly(os.environ.get("CC", "cc"), "-O2", "-Wall", *options)


def compile_plugin(path):
    compile_c("-shared", "-fPIC", "-fvisibility=hidden", "-o", path, BENCH / "profile_plugin.c")


def folder():
    """A folder for one boot, removed at its end."""
    CACHE.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix="bench-", dir=CACHE)


def add_modules(place, kernel, flavour="cloud"):
    """Put the measured driver and its harness into a folder."""
    built = run_quietly(LAB, "build-module", BENCH / "modules", "--guest-kernel", kernel,
                        "--flavour", flavour)
    for path in built.split():
        shutil.copy(path, place)


def boot(kernel, name, place, command, options=(), icount=True, hv="kvm-amd"):
    """Run a command in a guest that has a folder's files; returns its output's lines.

    The last one must be "done". The lab's logs are kept in the folder LOGS / name.
    With icount the guest's time stamp counter counts instructions; in Bochs it does so by itself.
    """
    logs = LOGS / name
    shutil.rmtree(logs, ignore_errors=True)
    run = [LAB, "run", "--hv", hv, *(["--icount"] if icount and hv == "kvm-amd" else []),
           "--smp", "1", "--host-smp", "1",
           "--host-kernel", kernel, "--guest-kernel", kernel,
           "--timeout", LAB_TIMEOUT * BACKENDS[hv].SLOWNESS, "--logs", logs, *options]
    for path in sorted(place.iterdir()):
        run += ["--put", f"{path}:/root/{path.name}"]
    done = subprocess.run([str(part) for part in [*run, "--", *command]],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          errors="replace", check=False)
    lines = done.stdout.splitlines()
    if done.returncode or lines[-1:] != ["done"]:
        raise Unmeasured("\n".join([*lines, "the guest's script did not get through "
                                            f"(status {done.returncode}); logs: {logs}"]))
    return lines
