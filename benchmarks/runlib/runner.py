# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Runs experiments: in rounds, within the time, one record for whatever happens."""
import contextlib
import itertools
import sys

from comparelib import run
from mpisuite import execute

from . import cases, clusters, readers


def say(text):
    print(f"run: {text}", file=sys.stderr, flush=True)


class JobError(Exception):
    """Why a job gives no result."""


class TimeError(JobError):
    """The time was used up, which is nobody's failure."""


NO_TIME = "its experiment's time was used up: see --minutes"
SECOND_PASS_S = 20  # with less time than this nothing is begun again


def check_outcome(done, limit, allowed):
    """Raises unless a job that ran as mpisuite.execute says ended well."""
    if done.timed_out and limit < allowed:
        raise TimeError(f"still running after {limit} s: {NO_TIME}")
    if done.timed_out:
        raise JobError(f"still running after {limit} s: see --limit")
    if done.status != 0:
        raise JobError(run.why(done))


class Runner:
    def __init__(self, fleet, results, limit):
        self.fleet, self.results, self.limit = fleet, results, limit

    def run_all(self, plans, budget):
        """What one experiment leaves of its time goes to those after it, and then to those before it
        that had too little."""
        experiments = [Experiment(self, plan) for plan in plans]
        self._pass(experiments, budget)
        unfinished = [one for one in experiments if one.unfinished]
        if unfinished and budget.left() >= SECOND_PASS_S:
            self._pass(unfinished, budget)
        for one in experiments:
            one.tell_unfinished()

    @staticmethod
    def _pass(experiments, budget):
        weights = [0 if one.plan.skip else one.plan.weight for one in experiments]
        for i, one in enumerate(experiments):
            one.run(budget.share(weights[i], sum(weights[i:]) or 1))


class Experiment:
    """One experiment under way."""

    def __init__(self, runner, plan):
        self.runner, self.plan, self.results = runner, plan, runner.results
        self.budget = None
        self.told = set()  # what will not be tried again in this run
        self.good = set()  # what has been measured at least once
        self.seconds = {}  # of the last job of a case
        self.unfinished = {}  # what there was no time for: {case: (about, reason)}

    def run(self, budget):
        self.budget, self.unfinished = budget, {}
        say(f"{self.plan.name}: {self.plan.title}: up to {budget.left():.0f} s")
        with contextlib.nullcontext() if self.plan.skip else self.plan.context() as context:
            skip = self.plan.skip or getattr(context, "problem", "")
            if skip:
                self.leave_out(self.plan.name, cases.skipped_about(self.plan), skip)
                return
            self.run_rounds()
            if context:
                self.runner.fleet.keep(())

    def run_rounds(self):
        for number in range(self.plan.rounds):
            todo = self.plan.cases(number)
            self.runner.fleet.keep({case.spec for case in todo if not case.program.alone})
            for spec, together in itertools.groupby(todo, lambda case: case.spec):
                self.run_cases(spec, [(case, *self.identity(case, number)) for case in together])

    def identity(self, case, number):
        """(about, which): of this job, and of the same one in all rounds."""
        about = case.about(self.plan.name, number)
        return about, tuple(value for name, value in about.items() if name != "round")

    def run_cases(self, spec, jobs):
        """Of one cluster. jobs: [(case, about, which)]"""
        for case, *_ in jobs:
            if case.program.missing:
                self.leave_out_program(case)
        if not spec.generation:
            for job in jobs:
                if not job[0].program.missing:
                    self.run_case(*job)
        elif not any(case.program.missing for case, *_ in jobs):
            self.run_history(jobs)

    def run_case(self, case, about, which):
        if tuple(about.values()) in self.results.done:
            self.good.add(which)
        elif which in self.told:
            return
        elif self.budget.allows(self.seconds.get(which, 0)):
            made = self.attempt(case, about, which)
            if made and not case.warm_up:
                self.keep([made], [which])
        else:
            self.unfinished.setdefault(which, (about, NO_TIME))

    def run_history(self, jobs):
        """Jobs whose results are what they are called only if all run, in this order, in a cluster
        that is new for the first of them: if one has no result, none of that round has."""
        done = {which for _, about, which in jobs if tuple(about.values()) in self.results.done}
        if done:
            self.good |= done
            return
        self.runner.fleet.keep(())
        made, failed, reason = [], None, NO_TIME
        while len(made) < len(jobs) and self.budget.allows(
                sum(self.seconds.get(which, 0) for *_, which in jobs[len(made):])):
            one = self.attempt(*jobs[len(made)])
            if one is None:
                _, about, failed = jobs[len(made)]
                reason = f"{self.name(about)}: has no result, and this is of the same VMs"
                break
            made.append(one)
        if len(made) == len(jobs):
            self.keep(*zip(*((one, which) for one, (case, _, which) in zip(made, jobs)
                             if not case.warm_up)))
            return
        self.unfinished.update((which, (about, reason)) for case, about, which in jobs
                               if which != failed and not case.warm_up)

    def keep(self, made, which):
        self.good.update(which)
        self.results.add_all(made)

    def tell_unfinished(self):
        """What was measured in some rounds needs no words."""
        for which, (about, reason) in self.unfinished.items():
            if which not in self.good:
                self.leave_out(which, about, reason)

    def leave_out_program(self, case):
        """One record for all its jobs."""
        about = {**cases.skipped_about(self.plan), "suite": case.program.suite,
                 "program": case.program.name, "parameters": case.program.parameters}
        self.leave_out(tuple(about.values()), about, case.program.missing)

    def leave_out(self, which, about, reason):
        if which in self.told:
            return
        self.told.add(which)
        self.results.add(about, "skipped", reason)
        say(f"{self.name(about)}: skipped: {reason}")

    def attempt(self, case, about, which):
        """What to write of it if it went well, or None."""
        ran, done = {}, None
        try:
            place = self.place(case)
            ran = {"command": place.shown(case), "cluster": place.shown_up()}
            limit = int(min(self.runner.limit, max(1, self.budget.left())))
            done = place.run(case, limit)
            samples = self.samples(case, done, limit)
        except TimeError as error:
            self.seconds[which] = done.seconds if done else 0
            self.unfinished[which] = (about, str(error))
            return None
        except (JobError, readers.ReadError, clusters.ClusterError) as error:
            self.told.add(which)
            if not case.warm_up:
                self.results.add(about, "failed", str(error), **ran,
                                 seconds=round(done.seconds, 3) if done else 0)
            say(f"{self.name(about)}: failed: {error}")
            self.runner.fleet.mend(case)
            return None
        self.seconds[which] = done.seconds
        if not case.warm_up:
            say(f"{self.name(about)}: {done.seconds:.1f} s")
        return (about, "ok", getattr(samples, "note", ""), samples,
                {**ran, "seconds": round(done.seconds, 3)})

    def place(self, case):
        """The cluster may take all the time that there is."""
        try:
            return self.runner.fleet.place(case, self.budget.left())
        except clusters.ClusterError as error:
            if not self.budget.allows(0):
                raise TimeError(f"{error}: {NO_TIME}") from None
            raise

    def samples(self, case, done, limit):
        check_outcome(done, limit, self.runner.limit)
        problem = "" if case.program.alone else clusters.channel_problem(case, done.output)
        if problem:
            raise JobError(problem)
        if done.cut and case.program.figure:  # the last match may be in what is lost
            raise readers.ReadError(f"printed more than {execute.OUTPUT_MAX >> 10} KiB: the figure cannot "
                                    "be told: have it print less")
        found = case.program.read(case.program, done.output)
        if case.program.wall:
            verified = found[0]["verified"] if found else "not checked"
            found.append(readers.sample(None, "wall", "s", round(done.seconds, 3), verified))
        return found

    @staticmethod
    def name(about):
        words = [f"{about['place']}: {about['program'] or about['experiment']}", about["parameters"], about["channel"],
                 about["variant"]]
        if about["vms"]:
            words.append(f"{about['vms']} VMs, {about['ranks']} ranks, round {about['round'] + 1}")
        return ", ".join(word for word in words if word)
