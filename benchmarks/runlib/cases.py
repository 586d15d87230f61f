# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""What a run consists of: programs, the places where they run, and cases: one with the other."""
import contextlib
import re
from dataclasses import dataclass

from . import readers


@dataclass(frozen=True)
class Program:
    suite: str
    name: str
    words: tuple  # of its command line, the program first
    parameters: str = ""  # in the records: what of the command line tells results apart
    metric: str = ""
    unit: str = ""
    read: object = readers.sizes
    figure: re.Pattern = None
    directory: str = "/"
    missing: str = ""  # why it cannot run; empty: it can
    pins: bool = False  # it takes --pin
    wall: bool = False  # the time of the whole job is a result
    alone: bool = False  # it is no MPI job, and sees to its own cluster


@dataclass(frozen=True)
class Spec:
    """A cluster. Equal specs are the same cluster."""
    place: str  # host: namespaces on this machine; guests: QEMU
    vms: int
    cpus: int = 1  # of a guest
    huge: bool = False  # the region in huge pages
    generation: int = 0  # to have a fresh one
    domains: tuple = ()  # lists of processors: the VMs are bound to these in turn


@dataclass(frozen=True)
class Case:
    program: Program
    spec: Spec
    vms: int
    ranks_per_vm: int
    channel: str  # region, netmod, or native: all ranks in one VM
    variant: str = ""
    warm_up: bool = False  # is run and not recorded
    extra: tuple = ()  # pairs of an environment variable and its value

    @property
    def ranks(self):
        return self.vms * self.ranks_per_vm

    @property
    def hosts(self):
        """The VMs of the cluster that the job runs on."""
        return [f"vm{n + 1}" for n in range(self.vms)]

    def about(self, experiment, number):
        """The fields of a record that say which job it is."""
        return {"experiment": experiment, "suite": self.program.suite, "program": self.program.name,
                "parameters": self.program.parameters, "place": self.spec.place, "vms": self.vms,
                "ranks": self.ranks, "ranks_per_vm": self.ranks_per_vm, "channel": self.channel,
                "variant": self.variant, "round": number}


@dataclass(frozen=True)
class Experiment:
    name: str
    title: str
    place: str
    weight: float  # its share of the time
    rounds: int
    cases: object = None  # function of the number of the round: [Case], in the order to run
    skip: str = ""  # why all of it is left out
    tags: tuple = ()  # other names for --only
    context: object = contextlib.nullcontext  # makes what it needs while it runs, as HugePages


def skipped_about(experiment):
    """The fields of the record of an experiment that was left out as a whole."""
    return {"experiment": experiment.name, "suite": experiment.name, "program": "", "parameters": "",
            "place": experiment.place, "vms": 0, "ranks": 0, "ranks_per_vm": 0, "channel": "",
            "variant": "", "round": 0}
