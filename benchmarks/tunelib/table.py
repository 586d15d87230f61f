# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""The files that are written: the table that the library loads, and the evidence beside it."""
import json
import os


class Wins:
    """For one operation with one number of ranks in so many VMs: the algorithm proven better at a
    size, or None where it was measured and nothing was."""

    def __init__(self, operation, ranks, vms):
        self.operation, self.ranks, self.vms = operation, ranks, vms
        self.by_size = {}

    def runs(self):
        """(lowest, highest, algorithm) of neighbouring sizes with the same proven algorithm."""
        found = []
        for size in sorted(self.by_size):
            name = self.by_size[size]
            if found and found[-1][2] == name:
                found[-1] = (found[-1][0], size, name)
            else:
                found.append((size, size, name))
        return [run for run in found if run[2] is not None]

    def rules(self):
        """Nothing is said of sizes below and above what was proven, except that what holds for the
        smallest size measured holds for smaller ones."""
        made, covered = [], None
        for low, high, name in self.runs():
            if low > min(self.by_size) and covered != low - 1:
                made.append(self._rule("built-in", low - 1))
            made.append(self._rule(name, high))
            covered = high
        return made

    def _rule(self, algorithm, size):
        rule = {"operation": self.operation, "ranks": self.ranks, "vms": self.vms,
                "algorithm": algorithm}
        return rule if self.operation == "barrier" else {**rule, "bytes": size}


def rules(every):
    """Of all Wins. A rule has upper bounds only: more ranks come later, and what is far below the
    numbers measured, less than half, is left to the built-in rules."""
    made = []
    for wins in sorted(every, key=lambda one: (one.operation, one.ranks, one.vms)):
        mine = wins.rules()
        if not mine:
            made += _shield(wins, every)
            continue
        for name, number in (("ranks", wins.ranks), ("vms", wins.vms)):
            if number // 2 >= (2 if name == "ranks" else 1):
                made.append({"operation": wins.operation, name: number // 2,
                             "algorithm": "built-in"})
        made += mine
        made += _shield(wins, every)
    return made


def _shield(wins, every):
    """What was measured with these ranks is settled; rules for more ranks must not catch it."""
    later = any(one.operation == wins.operation and one.ranks > wins.ranks and one.runs()
                for one in every)
    return [{"operation": wins.operation, "ranks": wins.ranks, "algorithm": "built-in"}] if later else []


def text(about, settings, rule_list):
    """One rule a line, so that the library's complaints name it."""
    pairs = [f"    {json.dumps(name)}: {value}" for name, value in sorted(settings.items())]
    lines = [f"    {json.dumps(rule)}" for rule in rule_list]
    return ("{\n" + f'  "about": {json.dumps(about)},\n'
            + '  "settings": {' + ("\n" + ",\n".join(pairs) + "\n  " if pairs else "") + "},\n"
            + '  "rules": [' + ("\n" + ",\n".join(lines) + "\n  " if lines else "") + "]\n}\n")


def evidence_path(path):
    base, end = os.path.splitext(path)
    return f"{base}.evidence{end or '.json'}"


def write(path, content):
    """Whole or not at all: a job may be reading it."""
    new = f"{path}.new"
    with open(new, "w", encoding="utf-8") as out:
        out.write(content)
    os.replace(new, path)
