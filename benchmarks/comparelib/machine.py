# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""What the figures were taken on."""
import datetime
import os
import platform
import re
import shlex
import subprocess


def first_line(*command):
    """Of what a command prints, or "unknown"."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return (done.stdout.strip().splitlines() or ["unknown"])[0]


def _cpu():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        found = re.search(r"^model name\s*: (.*)$", info.read(), re.MULTILINE)
    return found.group(1) if found else platform.machine()


def _memory_gb():
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)


def cores():
    """That this process may use."""
    return len(os.sched_getaffinity(0))


def describe(top, words):
    return {
        "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "command": shlex.join(words),
        "cpu": _cpu(),
        "cores": cores(),
        "memory_gb": _memory_gb(),
        "kernel": platform.release(),
        "load_at_start": os.getloadavg()[0],
        "compiler": first_line("cc", "--version"),
        "source": first_line("git", "-C", top, "describe", "--always", "--dirty"),
    }
