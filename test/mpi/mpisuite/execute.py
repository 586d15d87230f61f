# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Runs a command under a time limit and leaves no process behind."""
import ctypes
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass

_PR_SET_CHILD_SUBREAPER = 36
OUTPUT_MAX = 64 * 1024
GRACE_S = 5  # between the launcher's own time limit and ours


@dataclass
class Outcome:
    status: int
    output: str
    seconds: float
    timed_out: bool
    cut: bool = False  # the output went on


def adopt_orphans():
    """Makes processes whose parent died children of this one, so that kill_descendants() finds
    ranks whose launcher is gone."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _parents():
    table = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as stat:
                table[int(entry)] = int(stat.read().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue  # ended while we looked
    return table


def descendants():
    """Process ids of all living descendants of this process."""
    children = {}
    for pid, parent in _parents().items():
        children.setdefault(parent, []).append(pid)
    found, todo = [], [os.getpid()]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def kill_descendants():
    """Kills and reaps everything this process started. Only for single-threaded callers with no
    other child they still want."""
    for _ in range(50):
        living = descendants()
        if not living:
            return
        for pid in living:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        _reap()
        time.sleep(0.02)


def _reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _end(child, clean_up):
    """Ends a process that gets so many seconds to clean up. Its exit status."""
    if clean_up:
        child.terminate()
        try:
            return child.wait(clean_up)
        except subprocess.TimeoutExpired:
            pass
    child.kill()
    return child.wait()


def run(command, directory, env, limit, clean_up=0):
    """Runs command with the time limit (seconds) in directory. Standard output and error are
    read together, as runtests does. clean_up: seconds that it gets for that if it has to be ended."""
    env = dict(env, MPIEXEC_TIMEOUT=str(limit))
    start = time.monotonic()
    with tempfile.TemporaryFile() as sink:
        with subprocess.Popen(command, cwd=directory, env=env, stdin=subprocess.DEVNULL,
                              stdout=sink, stderr=subprocess.STDOUT) as child:
            try:
                status = child.wait(limit + GRACE_S)
                late = False
            except subprocess.TimeoutExpired:
                status, late = _end(child, clean_up), True
            except KeyboardInterrupt:
                _end(child, clean_up)
                raise
        seconds = time.monotonic() - start
        kill_descendants()
        cut = sink.seek(0, os.SEEK_END) > OUTPUT_MAX
        sink.seek(0)
        output = sink.read(OUTPUT_MAX).decode("utf-8", "replace")
    return Outcome(status, output, seconds, late or seconds >= limit, cut)
