# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""What callgrind counted: one dump for each time that a counted function was left."""
import os
import re
from collections import Counter
from dataclasses import dataclass, field

COMMAND = ["valgrind", "--tool=callgrind", "-q"]
PREFIX = "count_"  # of the counted functions of pt2pt/instructions.c
TRIGGER = re.compile(rf"^desc: Trigger: --dump-after={PREFIX}(\w+)$")
NAME = re.compile(r"^(ob|fn)=(\(\d+\))(?: (.*))?$")
DEFINED = re.compile(r"^c(ob|fn)=(\(\d+\)) (.*)$")
COST = re.compile(r"^[-+*\d]\S* (\d+)$")


def options(operations, directory):
    """Counts while in a counted function. A pattern can have one option only, hence the names."""
    return [f"--toggle-collect={PREFIX}*", f"--callgrind-out-file={directory}/%p",
            *(f"--dump-after={PREFIX}{operation}" for operation in operations)]


@dataclass
class Dump:
    operation: str = ""  # empty: that of the end of the program
    costs: Counter = field(default_factory=Counter)  # instructions of each function itself


def parse(lines, program):
    """The Dump of a file's lines, without the functions of program, which are loops of calls."""
    dump, names, current, inclusive = Dump(), {}, {"ob": "", "fn": ""}, False
    for line in lines:
        line = line.rstrip("\n")
        if found := TRIGGER.match(line):
            dump.operation = found.group(1)
        elif found := NAME.match(line):
            kind, number, name = found.groups()
            current[kind] = names.setdefault((kind, number), name or number)
        elif found := DEFINED.match(line):
            names[found.group(1), found.group(2)] = found.group(3)
        elif line.startswith("calls="):
            inclusive = True  # the next line is the cost of what was called
        elif found := COST.match(line):
            if not inclusive and os.path.basename(current["ob"]) != program:
                dump.costs[current["fn"]] += int(found.group(1))
            inclusive = False
    return dump


def read(directory, program, skipped):
    """{operation: [Counter of each of its dumps]} of all files, without the first few of each."""
    found = {}
    for name in os.listdir(directory):
        process, _, part = name.partition(".")
        with open(os.path.join(directory, name), encoding="utf-8", errors="replace") as lines:
            dump = parse(lines, program)
        if dump.operation:
            found.setdefault(dump.operation, {})[int(process), int(part or 0)] = dump.costs
    return {operation: [dumps[key] for key in sorted(dumps)][skipped:]
            for operation, dumps in found.items()}
