# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Lists of runs, one a line: expected failures "layouts test np | stock result | reason" and
skipped runs "layouts test np | reason"."""
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


def parse_line(line, fields_wanted, where):
    """Returns an Entry, or None for an empty line or a comment."""
    if not line.strip() or line.startswith("#"):
        return None
    fields = [field.strip() for field in line.split("|")]
    if len(fields) != fields_wanted or not all(fields):
        raise ExpectedError(f"{where}: want {fields_wanted} fields with bars between")
    words = fields[0].split()
    if len(words) < 3 or not (words[-1] == "*" or words[-1].isdigit()):
        raise ExpectedError(f"{where}: want 'layouts test np' before the first bar")
    layouts = tuple(LAYOUTS) if words[0] == "*" else tuple(words[0].split(","))
    for name in layouts:
        if name not in LAYOUTS:
            raise ExpectedError(f"{where}: no layout {name}: use one of {' '.join(LAYOUTS)}")
    stock = fields[1] if fields_wanted == 3 else ""
    return Entry(layouts, " ".join(words[1:-1]), words[-1], stock, fields[-1], where)


def load(path, fields_wanted):
    """All entries of a file; fields_wanted is 3 with stock's result, 2 without."""
    entries = []
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            entry = parse_line(line, fields_wanted, f"{path}:{number}")
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
