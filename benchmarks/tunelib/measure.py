# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Builds the benchmark programs and runs them, in VMs by the user's launcher or in fake ones."""
import os
import time

from comparelib import plan as programs
from comparelib import run
from mpisuite import layout

from . import plan

FOREIGN = ("MPIR_CVAR_", "MPIR_PARAM_", "UCX_", "HYDRA_", "PMI_", "MPICH_")
START_S = 30  # a job may take to start, above what is left of the budget


class Launcher:
    """The launcher given: places ranks as it likes."""

    def __init__(self, words, near):
        self.words, self.near = words, near

    def command(self, work):
        words = self.near if work.near else self.words
        return [*words, "-n", str(work.ranks)]

    @staticmethod
    def environment(_):
        return dict(os.environ)

    def can_be_near(self):
        return bool(self.near)


class FakeVms:
    """This machine, its ranks in fake VMs over regions in /dev/shm; a layout each, made when first
    wanted."""

    def __init__(self, words, vms, ctl, stack, cores):
        self.words, self.vms, self.ctl, self.stack, self.cores = words, vms, ctl, stack, cores
        self.regions = {}

    def command(self, work):
        bound = ["-bind-to", "core"] if work.ranks <= self.cores else []
        return [*self.words, *bound, "-n", str(work.ranks)]

    def environment(self, work):
        env = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        vms = 1 if work.near else min(self.vms, work.ranks)
        if vms not in self.regions:
            made = layout.Layout(f"tune{vms}", f"{vms} fake VMs", vms, vms)
            self.regions[vms] = self.stack.enter_context(layout.Regions(made, self.ctl))
        return {**env, **self.regions[vms].environment()}

    @staticmethod
    def can_be_near():
        return True


def build(mpicc, sources, directory, works):
    """Compiles what is not there yet."""
    env = dict(os.environ)
    for name, folder in sorted({(work.program, work.folder) for work in works}):
        run.compile_program([mpicc, f"-I{sources}/pt2pt"], os.path.join(directory, name),
                            [os.path.join(sources, one) for one in programs.sources(name, folder)],
                            env)


class Jobs:
    """Runs a benchmark with some settings."""

    def __init__(self, launcher, directory, prefix, seconds, limit, clock=time.monotonic):
        self.launcher, self.directory, self.prefix = launcher, directory, prefix
        self.seconds, self.limit, self.clock = seconds, limit, clock
        self.costs = {}  # of a Work: the seconds that it took at most of late
        self.printed = ""  # by the last job
        self.count = 0

    def _environment(self, work, settings):
        env = self.launcher.environment(work)
        lib = os.path.join(self.prefix, "lib")
        env["LD_LIBRARY_PATH"] = ":".join(filter(None, (lib, env.get("LD_LIBRARY_PATH"))))
        return {**env, **settings}

    def __call__(self, work, settings, left=None):
        """{size: value}. Within what is left of the time and START_S."""
        what = f"{work.name}: {', '.join(f'{n}={v}' for n, v in settings.items()) or 'as it is'}"
        command = [*self.launcher.command(work), os.path.join(self.directory, work.program),
                   f"--seconds={self.seconds}", "--sizes=" + ",".join(map(str, work.sizes))]
        limit = self.limit if left is None else min(self.limit, max(1, int(left)) + START_S)
        begin = self.clock()
        values, self.printed = run.measure(command, self._environment(work, settings), limit, what)
        self.count += 1
        self.costs[work] = max(self.clock() - begin, 0.7 * self.costs.get(work, 0))
        found = dict(values)
        if set(found) != set(work.sizes):
            raise run.RunError(f"{what}: printed other sizes than asked for: run it by hand: "
                               f"{' '.join(command)}")
        return found

    def cost(self, work):
        """Seconds of a run, from runs before, or None."""
        return self.costs.get(work)

    def place(self, work):
        """Where the ranks of such a job are, and what it printed."""
        self(work, {f"{plan.PREFIX}REPORT": "1"})
        return plan.read_place(self.printed), self.printed
