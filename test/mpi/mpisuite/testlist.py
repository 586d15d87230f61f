# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Reader of the testlist files of MPICH's test suite.

One line is one run: "program [np [key=value ...]]"; "#" starts a comment. A program that is a
directory stands for the testlist in it. Keys: arg, env, mpiexecarg (may repeat), timeLimit,
resultTest, xfail, mem, and strict, mpix, lock, mpiversion, init, which do not change a run here.
"""
import os
import re
from dataclasses import dataclass, field

RESULT_TESTS = ("", "TestStatus", "TestStatusNoErrors", "TestErrFatal")
_IGNORED_KEYS = ("strict", "mpix", "lock", "mpiversion", "init")


class TestlistError(Exception):
    """A line that cannot be understood: "file:line: problem: remedy"."""


@dataclass(frozen=True)
class Test:
    """One run of one program."""
    directory: str  # "coll", "threads/pt2pt": relative to the build directory
    program: str
    np: int = 2
    args: tuple = ()
    env: tuple = ()  # "NAME=value"
    mpiexec_args: tuple = ()
    time_limit: int = 0  # seconds asked for by the list, 0 = none
    result_test: str = ""
    xfail: str = ""  # upstream's ticket
    mem_gb: float = 0.0

    @property
    def name(self):
        """What tells this run from all others but those with another np."""
        return " ".join((f"{self.directory}/{self.program}",) + self.args + self.env)

    @property
    def ident(self):
        return f"{self.name} np={self.np}"


@dataclass
class _Options:
    many: dict = field(default_factory=lambda: {"arg": [], "env": [], "mpiexecarg": []})
    one: dict = field(default_factory=dict)


def _parse_options(words, where):
    opts = _Options()
    for word in words:
        key, eq, value = word.partition("=")
        if not eq:
            continue  # upstream's runner ignores bare words too
        if key in opts.many:
            opts.many[key].append(value)
        elif key in ("timeLimit", "resultTest", "xfail", "mem"):
            opts.one[key] = value
        elif key not in _IGNORED_KEYS:
            raise TestlistError(f"{where}: unknown key {key}: teach mpisuite/testlist.py about it")
    return opts


def parse_line(line, directory, where):
    """Returns a Test, or None for a line without one."""
    words = line.split("#", 1)[0].split()
    if not words or words[0].startswith("!"):
        return None
    np = 2
    if len(words) > 1:
        if not re.fullmatch(r"[1-9]\d*", words[1]):
            raise TestlistError(f"{where}: process count {words[1]}: want a positive number")
        np = int(words[1])
    opts = _parse_options(words[2:], where)
    result_test = opts.one.get("resultTest", "")
    if result_test not in RESULT_TESTS:
        raise TestlistError(f"{where}: resultTest {result_test}: teach mpisuite/verdict.py")
    limit = opts.one.get("timeLimit", "0")
    sub, _, program = words[0].rpartition("/")
    return Test(os.path.normpath(os.path.join(directory, sub)), program, np,
                tuple(opts.many["arg"]), tuple(opts.many["env"]),
                tuple(opts.many["mpiexecarg"]), int(limit) if limit.isdigit() else 0,
                result_test, opts.one.get("xfail", ""), float(opts.one.get("mem", 0)))


def _find(build, source, directory, listname):
    for root in (build, source):
        path = os.path.join(root, directory, listname)
        if os.path.isfile(path):
            return path
    return None


def load(build, source, directory, lists):
    """All runs of a directory and those below it that its testlist names. Configured lists in
    the build directory win over those of the source."""
    tests = []
    for listname in lists:
        path = _find(build, source, directory, listname)
        if path is None:
            continue
        with open(path, encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                test = parse_line(line, directory, f"{path}:{number}")
                if test is None:
                    continue
                below = os.path.join(test.directory, test.program)
                if os.path.isdir(os.path.join(source, below)):
                    tests += load(build, source, below, lists)
                else:
                    tests.append(test)
    return list(dict.fromkeys(tests))  # a run listed twice counts once
