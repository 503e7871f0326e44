# SPDX-License-Identifier: GPL-2.0-only
"""What is to be tried: entries of one or several modules, and what a kernel knows of them.

Runs on the developer's machine.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab.cache import UsageError
from lab.kernels import module_name

STOCK_LIST = Path(__file__).resolve().parent / "stock.list"


@dataclass(frozen=True)
class Entry:
    """Modules that are isolated together, in the order they are loaded in."""

    modules: tuple	# names, or files of out-of-tree modules
    parameters: tuple = ()	# of the last one

    @property
    def name(self):
        return "+".join(module_name(module) for module in self.modules)

    @property
    def files(self):
        return [Path(module) for module in self.modules if is_file(module)]

    @property
    def stock(self):
        return [module for module in self.modules if not is_file(module)]


def is_file(module):
    return "/" in module or module.endswith(".ko")


def parse(text, where):
    """An entry as a line of a list has it."""
    first, *parameters = text.split()
    modules = tuple(first.split("+"))
    if not all(modules) or any("=" not in parameter for parameter in parameters):
        raise UsageError(f"{where}: '{text}' is not MODULE[+MODULE...] [PARAMETER=VALUE...]")
    for module in modules:
        if is_file(module) and not Path(module).is_file():
            raise UsageError(f"{where}: there is no file '{module}'")
    return Entry(modules, tuple(parameters))


def read_list(path):
    """The entries of a list, in its order."""
    try:
        lines = Path(path).read_text().splitlines()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    return [parse(line, f"{path}:{number}") for number, line in enumerate(lines, 1)
            if line.strip() and not line.lstrip().startswith("#")]


def chosen(words):
    """The entries that command-line words name.

    A name alone that the stock list has gets the parameters it has there.
    """
    stock = read_list(STOCK_LIST)
    if not words:
        return stock
    known = {entry.name: entry for entry in stock}
    entries = []
    for word in words:
        entry = parse(word, "command line")
        if not entry.parameters and not entry.files:
            entry = known.get(entry.name, entry)
        entries.append(entry)
    return entries


class Catalogue:
    """What a kernel's package says of its modules: which there are, and their aliases."""

    def __init__(self, kernel):
        self.kernel = kernel
        self._loadable = set()
        for line in (kernel.modules / "modules.dep").read_text().splitlines():
            self._loadable.add(module_name(line.partition(":")[0]))
        self._built_in = {module_name(path) for path in
                          (kernel.modules / "modules.builtin").read_text().split()}
        self._aliases = {}
        for line in (kernel.modules / "modules.alias").read_text().splitlines():
            word, *rest = line.split()
            if word == "alias" and len(rest) == 2:
                self._aliases.setdefault(module_name(rest[1]), []).append(rest[0])

    def has(self, module):
        return module_name(module) in self._loadable

    def obstacle(self, entry):
        """Why an entry can't be tried on this kernel, or ""."""
        for module in entry.stock:
            if module_name(module) in self._built_in:
                return f"{module} is built in"
            if not self.has(module):
                return f"no module {module}"
        return ""

    def aliases(self, entry):
        """The aliases of an entry's modules."""
        found = [alias for module in entry.stock
                 for alias in self._aliases.get(module_name(module), ())]
        for file in entry.files:
            found += _modinfo(file, "alias").split()
        return found

    def depends(self, entry):
        """The stock modules that an entry's files need."""
        return [name for file in entry.files
                for name in _modinfo(file, "depends").strip().split(",") if self.has(name)]


def _modinfo(file, field):
    return subprocess.run(["/sbin/modinfo", "-F", field, file], stdout=subprocess.PIPE, text=True,
                          check=False).stdout
