# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""The experiments of a run."""
import dataclasses
import os
import shutil

from . import clusters, describe, programs
from .cases import Case, Experiment, Program, Spec

CHANNELS = ("region", "netmod", "native")
PLACES = ("host", "guests")
FULL_SIZES = tuple(4 ** n for n in range(1, 11))
CROWD_SIZES = (4, 1024, 16384)  # of many emulated guests, where an operation takes up to a second
CROWD = 5  # from that many guests on
COLLECTIVE_RANKS, APPLICATION_RANKS = 32, 8  # more take too long


class Plan:
    """Makes the experiments from the options."""

    def __init__(self, args, builder):
        self.args, self.builder, self.quick = args, builder, args.quick
        self.rounds = args.rounds or (3 if self.quick else 5)

    def every(self):
        found = []
        for place in PLACES:
            if place not in self.args.places:
                continue
            found += [self.primitive(place), self.point_to_point(place), self.applications(place),
                      *self.collectives(place), self.scaling(place, "strong"),
                      self.scaling(place, "weak"), self.first_run(place), self.domains(place),
                      self.pages(place), *self.site(place)]
        return found

    # ---- parts ----------------------------------------------------------------------------------

    def experiment(self, name, title, place, weights, cases, skip="", rounds=None, **more):
        """weights: about the seconds that a quick run has for it, on the host and in guests."""
        weight = weights[PLACES.index(place)]
        return Experiment(f"{name}-{place}", title, place, weight, rounds or self.rounds, cases,
                          skip or place_problem(place), (name, place), **more)

    def spec(self, place, vms, cpus=1):
        """On the host one cluster serves all jobs: namespaces without processes cost nothing."""
        if place == "host":
            return Spec(place, max(self.args.vms))
        return Spec(place, vms, cpus)

    def three_channels(self, program, place, vms, ranks_per_vm, number, variant=""):
        """The same job over each channel; another one is first in each round."""
        ranks = vms * ranks_per_vm
        cases = {"region": (self.spec(place, vms, ranks_per_vm), vms, ranks_per_vm),
                 "netmod": (self.spec(place, vms, ranks_per_vm), vms, ranks_per_vm),
                 "native": (self.spec(place, 1, ranks), 1, ranks)}
        channels = [name for name in CHANNELS if name in self.args.channels]
        turn = number % len(channels)
        extra = tuple(self.args.settings.items())
        return [Case(program, *cases[name], name, variant, extra=extra)
                for name in channels[turn:] + channels[:turn]]

    def seconds(self, place):
        return self.args.seconds or ((0.02 if place == "host" else 0.05) if self.quick else 0.2)

    def micro(self, name, place, sizes, window=None):
        return programs.micro(self.builder, name, self.seconds(place), sizes, window)

    def placements(self, wanted=None):
        """(VMs, ranks in each) to measure."""
        return [(vms, ranks) for vms in self.args.vms if wanted is None or vms in wanted
                for ranks in self.args.ranks_per_vm]

    # ---- micro-benchmarks -----------------------------------------------------------------------

    def point_to_point(self, place):
        """Two VMs. Long messages take long over emulated verbs: fewer of them at a time."""
        guests = place == "guests"
        window = 8 if guests else None
        sizes = {False: (4, 1024, 65536), True: (65536, 1 << 20)}
        if guests:
            sizes[True] = (4096, 65536)
        if not self.quick:
            sizes = {False: (4, *FULL_SIZES[1:9]), True: tuple(4 ** n for n in range(5, 11))}

        def cases(number):
            return [case for name in programs.POINT_TO_POINT for case in self.three_channels(
                self.micro(name, place, sizes[name in programs.WINDOWED], window), place, 2, 1,
                number)]
        return self.experiment("pt2pt", "two VMs: latency and bandwidth, Put and Get", place,
                               (20, 90), cases)

    def collectives(self, place):
        """One experiment for each number of VMs, so that only those guests are up."""
        quick_vms = {"host": (2, 15), "guests": (15,)}[place]
        quick_sizes = (4, 1024, 65536) if place == "host" else (4, 16384)
        chosen = [vms for vms in self.args.vms if vms in quick_vms] if self.quick else []
        for vms in chosen or self.args.vms:
            full_sizes = CROWD_SIZES if is_crowd(place, vms) else FULL_SIZES[:9]
            yield self._collectives(place, vms, quick_sizes if self.quick else full_sizes)

    def _collectives(self, place, vms, sizes):
        numbers = [ranks for ranks in self.args.ranks_per_vm if vms * ranks <= COLLECTIVE_RANKS]

        def cases(number):
            return [case for ranks in numbers for name in programs.COLLECTIVES
                    for case in self.three_channels(self.micro(name, place, sizes), place, vms, ranks,
                                                    number) if self.wants(case)]
        return self.experiment(f"coll-{vms}", f"collective operations of {vms} VMs", place,
                               (7 + 2 * vms, 20 + (12 if self.quick else 32) * vms), cases,
                               too_many(numbers, COLLECTIVE_RANKS))

    def wants(self, case):
        """A quick run in guests has no time for a further one with many processors, and no run for one
        with very many that are emulated."""
        without = self.quick or is_crowd(case.spec.place, case.ranks)
        return not (without and case.spec.place == "guests" and case.channel == "native")

    def primitive(self, place):
        """Once: the program has rounds of its own."""
        def cases(_):
            return [Case(programs.primitive(self.builder, pair, self.quick), Spec(place, 0), 2, 1,
                         "none", pair) for pair in programs.PRIMITIVE_PAIRS[place]]
        return self.experiment("primitive", "hand-overs without MPI", place,
                               (8, 45) if self.quick else (40, 80), cases, rounds=1)

    # ---- applications ---------------------------------------------------------------------------

    def application(self, name, words, **more):
        return programs.application(self.builder, name, words, **more)

    def applications(self, place):
        quick = (2,) if place == "guests" else (4,)
        where = [(vms, ranks) for vms, ranks in
                 self.placements(quick if self.quick else (2, 4, 8)) or
                 self.placements(self.args.vms[:1]) if vms * ranks <= APPLICATION_RANKS]

        def cases(number):
            return [case for vms, ranks in where
                    for name, words in programs.problems(self.quick or is_emulated(place))
                    for case in self.three_channels(self.application(name, words), place, vms, ranks,
                                                    number) if self.wants(case)]
        return self.experiment("apps", "applications with verified results", place,
                               (50, 90) if self.quick else (250, 300), cases,
                               too_many(where, APPLICATION_RANKS))

    def scaling(self, place, kind):
        """Over the number of VMs, with one rank in each: the same problem, or the same for each rank.
        One cluster has all of them."""
        numbers = [1, *(n for n in self.args.vms if n in (2, 4, 8))]
        spec = self.spec(place, numbers[-1])

        def cases(number):
            return [dataclasses.replace(case, spec=spec) for vms in numbers
                    for name, words in programs.scaling(kind, vms, self.quick or is_emulated(place))
                    for case in self.three_channels(self.application(name, words), place, vms, 1,
                                                    number, kind)
                    if (case.channel == "native") == (vms == 1)]
        return self.experiment(f"{kind}-scaling", f"{kind} scaling over the number of VMs", place,
                               (12, 30), cases,
                               "" if len(numbers) > 1 else "none of 2, 4, 8 VMs: see --vms")

    # ---- virtualisation -------------------------------------------------------------------------

    def first_run(self, place):
        """In each round new VMs and a new region; then the same in those after other work."""
        def cases(number):
            probe = self.bandwidth(place, wall=True)
            other = self.micro("put_bandwidth", place, (4096, 65536), 8)
            spec = Spec(place, 2, generation=number + 1)
            names = ("fresh, first run", "fresh, second run", None, None,
                     "used, first run", "used, second run")
            return [Case(probe if name else other, spec, 2, 1, "region", name or "", not name)
                    for name in names]
        return self.experiment("first-run", "first and second run in fresh and in used VMs", place,
                               (10, 25), cases)

    def bandwidth(self, place, **more):
        return self.unpinned("bandwidth", place, (65536, 1 << 20), 8, **more)

    def unpinned(self, name, place, sizes, window=None, **more):
        """For VMs that are bound to processors, or that should lie where they come to lie."""
        return Program(**{**vars(self.micro(name, place, sizes, window)), "pins": False, **more})

    def domains(self, place):
        """One VM over all NUMA domains, or one VM bound to each."""
        domains = self.args.domains or describe.domains()
        skip = "" if len(domains) > 1 else f"this machine has {len(domains)} NUMA domain"
        everywhere = tuple(sorted(sum(domains, ())))
        count = len(domains)

        def cases(number):
            made = [self.bandwidth(place), self.unpinned("allreduce", place, (4, 65536))]
            one = Spec(place, 1, count, domains=(everywhere,))
            each = Spec(place, count, domains=domains)
            return [case for program in made for case in (
                Case(program, one, 1, count, "native", "one VM over all domains"),
                Case(program, each, count, 1, "region", "one VM in each domain"))[::(-1) ** number]]
        return self.experiment("numa", "one VM against one VM for each NUMA domain", place,
                               (10, 25), cases, skip=skip)

    def pages(self, place):
        """Pages of the host's region; inside emulated guests they make no difference."""
        def cases(number):
            made = [self.bandwidth(place), self.micro("put_bandwidth", place, (65536, 1 << 20), 8)]
            kinds = [(Spec(place, 2), "4 KiB pages"), (Spec(place, 2, huge=True), "2 MiB pages")]
            return [Case(program, spec, 2, 1, "region", variant) for program in made
                    for spec, variant in (kinds if number % 2 == 0 else kinds[::-1])]
        return self.experiment("pages", "a region in pages of 4 KiB against 2 MiB", place,
                               (8, 25), cases, context=clusters.HugePages)

    # ---- a site's own programs ------------------------------------------------------------------

    def site(self, place):
        if not self.args.programs:
            return
        made = [programs.site(one.name, one.command, one.figure, one.unit, os.getcwd())
                for one in self.args.programs]
        yield self.experiment("site", "programs given by --program", place, (60, 90), lambda number: [
            case for vms, ranks in self.placements() for program in made
            for case in self.three_channels(program, place, vms, ranks, number)])


def too_many(fitting, most):
    """Why nothing is run where no number of ranks fits, or ""."""
    return "" if fitting else f"over {most} ranks: see --vms, --ranks-per-vm"


def is_emulated(place):
    """Then the large problems would take hours."""
    return place == "guests" and describe.accelerator() != "kvm"


def is_crowd(place, vms):
    return is_emulated(place) and vms >= CROWD


def place_problem(place):
    """Why nothing can run there, or ""."""
    if place == "guests" and shutil.which("qemu-system-x86_64") is None:
        return "qemu-system-x86_64: not found: install the package qemu-system-x86"
    return ""
