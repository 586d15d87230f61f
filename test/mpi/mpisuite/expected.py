# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""The list of expected failures: "layouts test np | stock result | reason", one a line."""
import fnmatch
from dataclasses import dataclass

from .layout import LAYOUTS


class ExpectedError(Exception):
    """ "file:line: problem: remedy"."""


@dataclass
class Entry:
    layouts: tuple
    pattern: str  # of Test.name; * and ? as in the shell
    np: str  # a number or *
    stock: str
    reason: str
    where: str
    used: bool = False

    def matches(self, layout, test):
        return (layout in self.layouts and self.np in ("*", str(test.np))
                and fnmatch.fnmatchcase(test.name, self.pattern))


def parse_line(line, where):
    """Returns an Entry, or None for an empty line or a comment."""
    if not line.strip() or line.startswith("#"):
        return None
    fields = [field.strip() for field in line.split("|")]
    if len(fields) != 3 or not all(fields):
        raise ExpectedError(f"{where}: want 'layouts test np | stock result | reason'")
    words = fields[0].split()
    if len(words) < 3 or not (words[-1] == "*" or words[-1].isdigit()):
        raise ExpectedError(f"{where}: want 'layouts test np' before the first bar")
    layouts = tuple(LAYOUTS) if words[0] == "*" else tuple(words[0].split(","))
    for name in layouts:
        if name not in LAYOUTS:
            raise ExpectedError(f"{where}: no layout {name}: use one of {' '.join(LAYOUTS)}")
    return Entry(layouts, " ".join(words[1:-1]), words[-1], fields[1], fields[2], where)


def load(path):
    entries = []
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            entry = parse_line(line, f"{path}:{number}")
            if entry is not None:
                entries.append(entry)
    return entries


def find(entries, layout, test):
    """The first entry for this run; it is marked as used."""
    for entry in entries:
        if entry.matches(layout, test):
            entry.used = True
            return entry
    return None
