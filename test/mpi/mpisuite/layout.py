# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Layouts: how the ranks of a job are spread over (fake) VMs and hosts on this machine.

MPIR_CVAR_NUM_CLIQUES splits the ranks round robin into fake VMs that know nothing of each other;
our knobs then give each a region and a slot in its locality table."""
import itertools
import json
import os
import re
import signal
import subprocess
from dataclasses import dataclass

REGION_BYTES = 1 << 30
_numbers = itertools.count()  # a process may have several of a layout
# What stands for the network between fake hosts: UCX would otherwise use its own shared memory.
NETWORK = {"UCX_TLS": "tcp,self"}


class RegionError(Exception):
    """ "tool: problem" of a failed region command."""


@dataclass(frozen=True)
class Layout:
    name: str
    text: str
    vms: int = 1
    vms_per_host: int = 1  # VMs that share a region
    stock: bool = False  # no region at all: a peer without our knobs

    @property
    def hosts(self):
        return -(-self.vms // self.vms_per_host)

    @property
    def uses_region(self):
        return not self.stock and self.vms > 1

    @property
    def uses_network(self):
        return self.hosts > 1

    def min_np(self):
        """Fewer ranks than this would be another, smaller layout."""
        return {1: 1, 2: 2}.get(self.vms, 3)


    def report_problem(self, report):
        """What in the channel report of a job with four ranks contradicts the layout, or ""."""
        regions = len(re.findall(r"within .*: region", report))
        want = self.hosts if self.vms_per_host > 1 else 0
        if regions != want:
            return f"{regions} hosts use a region, not {want}"
        if (": netmod" in report) != self.uses_network:
            return "the netmod is " + ("not used" if self.uses_network else "used")
        return ""


LAYOUTS = {layout.name: layout for layout in (
    Layout("a", "one VM"),
    Layout("b2", "two co-resident VMs over the region", vms=2, vms_per_host=2),
    Layout("b4", "four co-resident VMs over the region", vms=4, vms_per_host=4),
    Layout("c", "two hosts over the netmod", vms=2, vms_per_host=1),
    Layout("d", "two hosts with two VMs each", vms=4, vms_per_host=2),
    Layout("stock-1", "stock MPICH, one node", stock=True),
    Layout("stock-2", "stock MPICH, two nodes", vms=2, stock=True),
)}


class Regions:
    """The region files of a layout, one per fake host; a context manager that removes them."""

    def __init__(self, layout, ctl, directory="/dev/shm", region_bytes=REGION_BYTES):
        self.layout, self.ctl, self.region_bytes = layout, ctl, region_bytes
        self.prefix = os.path.join(directory, f"mpisuite.{os.getpid()}.{next(_numbers)}.")
        self.paths = [self.prefix + str(h) for h in range(layout.hosts if layout.uses_region else 0)]

    def __enter__(self):
        try:
            before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
            try:
                self._make()
            finally:  # a command that went on behind an interrupt would make what nobody removes
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _make(self):
        for path in self.paths:
            self._command("create", path, "--size", str(self.region_bytes))
            for vm in range(self.layout.vms_per_host):
                self._command("add-vm", path, f"vm{vm}")

    def __exit__(self, *_):
        for path in self.paths:
            if os.path.exists(path):
                os.unlink(path)

    def _command(self, *words):
        done = subprocess.run([self.ctl, *words], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RegionError(done.stderr.strip() or f"{self.ctl} {words[0]}: failed silently")
        return done.stdout

    def environment(self):
        env = {}
        if self.layout.vms > 1:
            env["MPIR_CVAR_NUM_CLIQUES"] = str(self.layout.vms)
        if self.layout.uses_region:
            env["MPIR_CVAR_IVSHMEM_URI"] = f"file:{self.prefix}%h"
            env["MPIR_CVAR_IVSHMEM_VM"] = "clique"
            env["MPIR_CVAR_IVSHMEM_CLIQUES_PER_HOST"] = str(self.layout.vms_per_host)
        if self.layout.uses_network and not self.layout.stock:
            env.update(NETWORK)
        return env

    def used(self):
        """Bytes that are not free in each region."""
        heaps = (json.loads(self._command("show", "--json", path))["heap"] for path in self.paths)
        return [heap["bytes"] - heap["free_bytes"] for heap in heaps]

    def leaks(self):
        """One line for each region that is not wholly free, after ended jobs. Empty: fine."""
        return [f"{path}: {lost} bytes of the heap are not free"
                for path, lost in zip(self.paths, self.used()) if lost != 0]

    def reclaim(self):
        """After a killed job: gc waits for its lease and takes back what it held."""
        for path in self.paths:
            self._command("gc", path)
