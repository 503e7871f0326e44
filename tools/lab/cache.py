# SPDX-License-Identifier: GPL-2.0-only
"""Where the lab keeps what it builds, and how concurrent runs share it.

Runs on the developer's machine; everything here can be deleted at any time.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chariot"


class LabError(Exception):
    """The lab itself failed; the text says what is missing and what to do next."""


def directory(*parts):
    """A folder of the cache, made if needed."""
    path = CACHE.joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


class UsageError(LabError):
    """What the caller asked for can't be."""


@contextlib.contextmanager
def locked(path):
    """Hold an exclusive lock on a file; waits for other runs of the lab."""
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def seats(count, waiting=lambda: None):
    """Some of as many seats as there are CPUs: more machines at once only slow each other down
    until their guests seem to hang."""
    places = directory("seats")
    cpus = os.cpu_count() or 1
    with contextlib.ExitStack() as taken, open(places / ".door", "w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        left = min(count, cpus)
        while left:
            for i in range(cpus):
                if left and _try_lock(places / f".seat-{i}", taken):
                    left -= 1
            if left:
                waiting()
                waiting = lambda: None
                time.sleep(0.2)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield


def _try_lock(path, stack):
    lock = open(path, "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return False
    stack.enter_context(lock)
    return True


def digest(*values):
    """A short name for what the values say."""
    return hashlib.sha256("\0".join(map(str, values)).encode()).hexdigest()[:16]


def file_stamp(path):
    """What changes when the file does, without reading it."""
    status = os.stat(path)
    return f"{path}:{status.st_size}:{status.st_mtime_ns}"


def built_once(path, build):
    """Build a file of the cache by calling build(temporary_path) if it isn't there."""
    if path.exists():
        return path
    with locked(path.parent / ".lock"):
        if not path.exists():
            temporary = path.with_suffix(f".{os.getpid()}.new")
            try:
                build(temporary)
                temporary.rename(path)
            finally:
                temporary.unlink(missing_ok=True)
    return path


@contextlib.contextmanager
def run_directory():
    """A folder for one run, removed at its end.

    A killed run can't tidy up, so each run also removes the folders whose lock
    nobody holds any more.
    """
    runs = directory("runs")
    with locked(runs / ".sweep"):
        for old in runs.iterdir():
            if old.is_dir() and _abandoned(old):
                shutil.rmtree(old, ignore_errors=True)
        run = Path(tempfile.mkdtemp(prefix="run-", dir=runs))
        lock = open(run / ".lock", "w")
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield run
    finally:
        shutil.rmtree(run, ignore_errors=True)
        lock.close()


def _abandoned(run):
    try:
        with open(run / ".lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
