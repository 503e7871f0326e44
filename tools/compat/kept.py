# SPDX-License-Identifier: GPL-2.0-only
"""Outcomes kept in a file, so that a long run can be ended and gone on with.

Runs on the developer's machine.
"""

import dataclasses
import json
from pathlib import Path

from lab.cache import UsageError

from .boots import Outcome


class Kept:
    """The outcomes of a file; those that are added are there when the call returns.

    An outcome belongs to a setting: the kernel, its flavour, the number of processors,
    and the entry's parameters.
    """

    def __init__(self, path):
        self._path = Path(path)
        self._outcomes = {}
        try:
            text = self._path.read_text()
        except FileNotFoundError:
            return
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from error
        try:
            for setting, found in json.loads(text):
                outcome = Outcome(**found)
                self._outcomes[tuple(setting), outcome.entry, outcome.mode] = outcome
        except (ValueError, TypeError) as error:
            raise UsageError(f"{path}: not a file of --results: {error}") from error

    def get(self, setting, entry, mode):
        """The outcome of an entry in a mode, or None."""
        return self._outcomes.get((setting, entry, mode))

    def add(self, setting, outcome):
        """Keep an outcome in place of an older one."""
        self._outcomes[setting, outcome.entry, outcome.mode] = outcome
        text = json.dumps([(key[0], dataclasses.asdict(value))
                           for key, value in self._outcomes.items()], indent=1)
        new = self._path.with_name(f"{self._path.name}.new")
        new.write_text(text + "\n")
        new.rename(self._path)
