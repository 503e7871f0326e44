# SPDX-License-Identifier: GPL-2.0-only
"""Processes under way in several threads, to end them all when we are told to end.

Runs on the developer's machine.
"""

import signal
import subprocess
import threading

STOPPED = 130	# the status of what was not started any more


class Processes:
    """Runs commands, from any thread, until it is stopped."""

    def __init__(self):
        self._running = set()
        self._lock = threading.Lock()
        self.stopped = False

    def lines(self, command):
        """The lines of a command's output as they come, then its status, a number."""
        with self._lock:
            if self.stopped:
                yield STOPPED
                return
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True, errors="replace")
            self._running.add(process)
        with process.stdout:
            for line in process.stdout:
                yield line.rstrip("\n")
        status = process.wait()
        with self._lock:
            self._running.discard(process)
        yield status

    def run(self, command):
        """A command's status, and its output by lines."""
        *output, status = self.lines(command)
        return status, output

    def stop(self):
        """End what runs; what is started after this does not run at all."""
        with self._lock:
            self.stopped = True
            for process in self._running:
                process.terminate()

    def stop_on_signals(self):
        """Stop, and leave the main thread, on Ctrl-C and its kin."""
        def stop(number, _):
            self.stop()
            raise SystemExit(128 + number)

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stop)
