#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Prints how much of the sources in a folder has been run, from gcov's data.

Usage: coverage.py FOLDER OBJECTS:CWD... A line counts as run if it was in any of the
places with objects; CWD is where they were compiled. What is run of headers, each object
knows in part: only .c files count. Runs on the developer's machine, for kunit/run.
"""

import json
import re
import subprocess
import sys
from pathlib import Path


def lines_of(data, cwd, wanted):
    """Of each source that an object knows: which lines have code, and which were run."""
    done = subprocess.run(["gcov", "--json-format", "--stdout", data], cwd=cwd, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for text in done.stdout.splitlines():
        for source in json.loads(text)["files"]:
            if match := wanted.search(source["file"]):
                yield match[1], {(line["line_number"], line["count"] > 0)
                                 for line in source["lines"]}


def main():
    folder, *places = sys.argv[1:]
    wanted = re.compile(rf"/{folder}/([a-z0-9_]+\.c)$")
    code, run = {}, {}
    for place in places:
        objects, _, cwd = place.partition(":")
        for data in sorted(Path(objects).glob("*.gcda")):
            for name, lines in lines_of(data, cwd, wanted):
                code.setdefault(name, set()).update(number for number, _ in lines)
                run.setdefault(name, set()).update(number for number, ran in lines if ran)
    if not code:
        sys.exit("coverage: no data was left")
    for name in sorted(code):
        print(f"{name:20} {100 * len(run[name]) / len(code[name]):6.1f} % "
              f"of {len(code[name])} lines")
    total, ran = (sum(map(len, lines.values())) for lines in (code, run))
    print(f"{'total':20} {100 * ran / total:6.1f} % of {total} lines")


if __name__ == "__main__":
    main()
