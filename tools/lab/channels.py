# SPDX-License-Identifier: GPL-2.0-only
"""The wires between the lab and its outer machine, by name.

Runs on the developer's machine. What comes over them is a machine's under test.
"""

import os
import pty
import socket
import tty

# All that a run may need. A machine that has no wire of a name sends what belongs there over
# "control", each line with that name before it, or does without.
NAMES = ("console", "control", "output", "guest-console", "host-log", "guest-log", "shell", "pulse")


class Sockets:
    """One socket a channel, handed to the machine's process as open descriptors."""

    def __init__(self):
        self._ours, self._theirs = {}, {}
        for name in NAMES:
            self._ours[name], self._theirs[name] = socket.socketpair()
            self._ours[name].setblocking(False)

    @property
    def ours(self):
        """What to read of each channel."""
        return self._ours

    @property
    def descriptors(self):
        """The machine's ends, by name, in the order of NAMES."""
        return {name: end.fileno() for name, end in self._theirs.items()}

    def inherited(self):
        """The descriptors that the machine's process is to have open."""
        return list(self.descriptors.values())

    def handed_over(self):
        """The machine has its ends, so ours are to show when it has closed them."""
        for end in self._theirs.values():
            end.close()

    def send(self, name, data):
        try:
            self._ours[name].sendall(data)
        except OSError:
            # The machine has just died; its console's end will tell.
            pass

    def close(self):
        for end in (*self._ours.values(), *self._theirs.values()):
            end.close()


class SerialPorts:
    """Four serial ports, which the machine opens by path: pipes, and a terminal for "control"."""

    PORTS = ("console", "control", "output", "guest-console")

    def __init__(self, place):
        self.paths = {}
        self.ours = {}
        for name in self.PORTS:
            if name == "control":
                master, self._slave = pty.openpty()
                tty.setraw(self._slave)
                self.paths[name] = os.ttyname(self._slave)
            else:
                path = place / f"{name}.port"
                path.unlink(missing_ok=True)
                os.mkfifo(path)
                self.paths[name] = str(path)
                master = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            os.set_blocking(master, False)
            self.ours[name] = os.fdopen(master, "rb", buffering=0)

    def inherited(self):
        return []

    def handed_over(self):
        pass

    def send(self, name, data):
        if name != "control":
            return
        try:
            os.write(self.ours[name].fileno(), data)
        except OSError:
            pass

    def close(self):
        for end in self.ours.values():
            end.close()
        os.close(self._slave)
