# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""The search: for each question the candidates are screened in a few rounds, and those that look
best are then proven, or not, by rounds of their own against what there is without them. The samples
of the screening are not used again: the best of many looks better than it is. The settings kept so
far are part of both sides; a last comparison is of all that is kept with the defaults."""
import statistics
from dataclasses import dataclass, field

from comparelib import run

from . import plan, proof, table

SCREENING = 3  # rounds
LAST_SHARE = 0.2  # of the time, for the last comparison
REFINEMENTS = 2  # times that sizes between two are tried
MORE_ROUNDS = 2  # times as many as are needed, if there is time
MOST_SHARE = 0.7  # of the time that is left, for one question: prices are estimates
BASE = "as it is"


class OutOfTime(Exception):
    """There is no time for another run."""


@dataclass
class Trials:
    """Samples of rounds in which everything ran in turn."""
    samples: dict = field(default_factory=dict)  # (name of candidate, work, size): [value, ...]
    rounds: int = 0

    def of(self, name, value):
        return self.samples.get((name, *value), [])

    def add(self, collected):
        for key, value in collected.items():
            self.samples.setdefault(key, []).append(value)
        self.rounds += 1


@dataclass
class Finding:
    """What became of a question."""
    name: str
    kept: str = ""  # names of candidates
    reason: str = ""  # why nothing was kept
    judged: list = field(default_factory=list)  # (candidate, work, size, Judgement, samples)
    screened: list = field(default_factory=list)  # (candidate, gain)


@dataclass
class Kept:
    """What a question has changed: works that the last comparison runs, and the values of them, as
    (work, size), that the change is kept for."""
    finding: Finding
    works: list
    proven: set
    wins: table.Wins = None  # of a collective operation


class Search:
    """runner(work, settings, left): {size: value}; runner.cost(work): seconds or None. clock: seconds.
    tell: an object of progress.py."""

    def __init__(self, runner, budget, clock, tell, least_gain):
        self.runner, self.clock, self.tell, self.least = runner, clock, tell, least_gain
        self.begin, self.budget = clock(), budget
        self.reserve = LAST_SHARE * budget
        self.cheapest = float("inf")  # run so far
        self.settings = {}  # kept: {variable: number}
        self.wins = {}  # (operation, ranks, bound): table.Wins
        self.findings = []
        self.last = None  # Finding of the last comparison
        self.compared = False  # it was of all that is kept, and dropped nothing
        self.kept = []
        self.waiting = 0  # questions after the one that is considered

    # ---- time ----

    def left(self):
        return self.budget - self.reserve - (self.clock() - self.begin)

    def _run(self, work, settings):
        cost = self.runner.cost(work)
        if self.left() <= (cost or 0):
            raise OutOfTime
        return self.runner(work, settings, self.left())

    def _price(self, works, starts):
        """Seconds for so many runs of each; works that never ran are run once, if that can help."""
        self.cheapest = min([self.cheapest, *(self.runner.cost(work) or self.cheapest
                                              for work in works)])
        least = starts * len(works) * self.cheapest
        if self.cheapest < float("inf") and least > self.left():
            return least
        for work in works:
            if self.runner.cost(work) is None:
                self._run(work, self._base())
        return starts * sum(self.runner.cost(work) for work in works)

    # ---- rounds ----

    def _base(self):
        return {name: str(value) for name, value in self.settings.items()}

    def _round(self, trials, works, variants):
        """variants: [(name, environment)]. Another one is first each time. A candidate that fails is
        returned with the reason and takes no further part."""
        turn = trials.rounds % len(variants)
        collected, failed = {}, {}
        for name, env in variants[turn:] + variants[:turn]:
            for work in works:
                try:
                    found = self._run(work, env)
                except run.RunError as error:
                    if name == BASE:
                        raise
                    failed[name] = str(error)
                    break
                collected.update({(name, work, size): value for size, value in found.items()})
        trials.add({key: value for key, value in collected.items() if key[0] not in failed})
        return failed

    def _screen(self, question, finding):
        """{candidate: {value: gain}} of the candidates that run."""
        trials, base = Trials(), self._base()
        candidates = {c.name: c for c in question.candidates}
        for number in range(SCREENING):
            variants = [(BASE, base), *((c.name, {**base, **c.environment()})
                                        for c in candidates.values())]
            self.tell.step(question.name, f"screening {number + 1} of {SCREENING}")
            for name, reason in self._round(trials, question.works, variants).items():
                finding.screened.append((name, None))
                self.tell.line(f"{question.name}: {name}: left out: {reason}")
                del candidates[name]
        gains = {}
        for name, candidate in candidates.items():
            gains[candidate] = {value: proof.median_gain(trials.of(BASE, value),
                                                         trials.of(name, value),
                                                         value[0].lower_is_better)
                                for value in question.values}
            finding.screened.append((name, statistics.geometric_mean(gains[candidate].values())))
        return gains

    def _confirm(self, question, chosen, base, finding, last=0):
        """Proves or refuses: [(candidate, work, size, Judgement)]. base: environment without them. A
        candidate of which nothing can be proven any more is left, but not in the last comparison,
        where only so many values are there to be proven."""
        count = last or len(question.values) * len(chosen)
        rounds = proof.rounds_for(count)
        price = self._price(question.works, 1 + len(chosen))
        if rounds * price > self.left():
            raise OutOfTime
        # settled before the first round: to go on until luck comes would be no proof
        share = MOST_SHARE * self.left() / (1 if last else 1 + self.waiting)
        rounds = max(rounds, min(MORE_ROUNDS * rounds, int(share / price)))
        trials, alive = Trials(), list(chosen)
        while trials.rounds < rounds and alive:
            self.tell.step(question.name, f"proof {trials.rounds + 1} of {rounds}")
            variants = [(BASE, base), *((c.name, {**base, **c.environment()}) for c in alive)]
            for name, reason in self._round(trials, question.works, variants).items():
                self.tell.line(f"{question.name}: {name}: left out: {reason}")
                alive = [c for c in alive if c.name != name]
            if not last:
                alive = [c for c in alive if not self._hopeless(question, c, trials, count, rounds)]
        return [one for c in chosen
                for one in self._judge(question, c, trials, count, finding) if c in alive]

    def _judge(self, question, candidate, trials, count, finding):
        made = []
        for value in question.values:
            other = trials.of(candidate.name, value)
            sides = [trials.of(BASE, value)[:len(other)], other]
            if len(other) < 2:
                continue
            judgement = proof.judge(*sides, value[0].lower_is_better, count, self.least)
            made.append((candidate, *value, judgement))
            finding.judged.append((candidate.name, *value, judgement, sides))
        return made

    @staticmethod
    def _hopeless(question, candidate, trials, count, rounds):
        return all(proof.is_lost(trials.of(BASE, value), trials.of(candidate.name, value),
                                 value[0].lower_is_better, count, rounds)
                   for value in question.values)

    # ---- questions ----

    def consider(self, question, seen=None):
        """seen(what a run with the defaults printed): names of algorithms that need no candidate."""
        finding = Finding(question.name)
        self.findings.append(finding)
        if question.why_not:
            finding.reason = f"not searched: {question.why_not}"
        else:
            try:
                self._consider(question, finding, seen)
            except OutOfTime:
                finding.reason = finding.reason or "not searched to the end: no time was left: " \
                    "raise --budget"
        self.tell.line(f"{question.name}: {'kept: ' + finding.kept if finding.kept else finding.reason}")

    def _consider(self, question, finding, seen):
        starts = SCREENING * (1 + len(question.candidates)) + 2 * proof.rounds_for(len(question.values))
        price = self._price(question.works, starts)
        if price > MOST_SHARE * self.left():
            finding.reason = f"not searched: it needs some {price:.0f} s, and {max(self.left(), 0):.0f} " \
                "s are left: raise --budget"
            return
        if question.operation:
            self.runner(question.works[0], {**self._base(), f"{plan.PREFIX}REPORT": "1"}, self.left())
            used = seen(self.runner.printed) if seen else set()
            if len(used) == 1:
                question.candidates = [c for c in question.candidates if c.algorithm not in used]
        if not question.candidates:
            finding.reason = "there is no other algorithm"
        elif question.operation:
            self._collective(question, finding)
        else:
            self._setting(question, finding)

    def _setting(self, question, finding):
        gains = self._screen(question, finding)
        means = {c: statistics.geometric_mean(by.values()) for c, by in gains.items()}
        best = max(means, key=means.get, default=None)
        if best is None or max(gains[best].values()) < self.least:
            finding.reason = "the default is best" + (
                f" in the screening ({best.name}: {(means[best] - 1) * 100:+.1f}%)" if best else "")
            return
        made = self._confirm(question, [best], self._base(), finding)
        worse = [one for one in made if proof.may_harm(one[3], self.least)]
        better = [one for one in made if one[3].verdict == proof.BETTER]
        if not better:
            finding.reason = f"refused: {best.name}: no gain above the noise"
        elif worse:
            work, size, judgement = min(worse, key=lambda one: one[3].gain)[1:]
            finding.reason = f"refused: {best.name}: worse in {work.name}, {size} bytes " \
                f"({judgement.text()})"
        else:
            self.settings.update(best.settings)
            self.kept.append(Kept(finding, question.works, {one[1:3] for one in better}))
            finding.kept = best.name

    def _collective(self, question, finding):
        place = question.place
        work = question.works[0]
        wins = table.Wins(question.operation, work.ranks, place.bound)
        gains = self._screen(question, finding)
        chosen = []
        for value in question.values:
            best = max(gains, key=lambda c, v=value: gains[c][v], default=None)
            if best and gains[best][value] >= self.least and best not in chosen:
                chosen.append(best)
        wins.by_size = {size: None for size in work.sizes}
        if chosen:
            self._take(wins, self._confirm(question, chosen, self._base(), finding))
        if not wins.runs():
            finding.reason = "the default is best" + (" in the screening" if not chosen else
                                                      ": no gain of another above the noise")
            return
        self.wins[(question.operation, work.ranks, place.bound)] = wins
        kept = Kept(finding, [], set(), wins)
        self.kept.append(kept)  # an interrupt from here on leaves it kept
        self._settle(kept, work)
        self._refine(question, wins, finding)
        self._settle(kept, work)

    def _settle(self, kept, work):
        sizes = tuple(sorted(kept.wins.by_size))
        kept.works = [plan.Work(work.program, work.folder, work.ranks, sizes)]
        kept.proven = {(kept.works[0], size) for size in sizes if kept.wins.by_size[size]}
        self._describe(kept.finding, kept.wins)

    @staticmethod
    def _describe(finding, wins):
        finding.kept = ", ".join(f"{name} for {low} bytes" if low == high else
                                 f"{name} for {low} to {high} bytes"
                                 for low, high, name in wins.runs())

    @staticmethod
    def _take(wins, made):
        """The best of those proven better, for each size."""
        for _, _, size, _ in made:
            better = [(j.gain, c.algorithm) for c, _, at, j in made
                      if at == size and j.verdict == proof.BETTER]
            wins.by_size[size] = max(better)[1] if better else None

    def _refine(self, question, wins, finding):
        """Looks for the crossovers between neighbouring sizes of different answers."""
        for _ in range(REFINEMENTS):
            sizes, names = sorted(wins.by_size), set()
            middles = []
            for low, high in zip(sizes, sizes[1:]):
                middle = plan.between(low, high)
                if wins.by_size[low] != wins.by_size[high] and middle:
                    middles.append(middle)
                    names |= {wins.by_size[low], wins.by_size[high]} - {None}
            if not middles:
                return
            inner = plan.collective(question.operation, question.works[0].ranks, question.place,
                                    middles)
            try:
                made = self._confirm(inner, [c for c in inner.candidates if c.name in names],
                                     self._base(), finding)
            except OutOfTime:
                self.tell.line(f"{question.name}: no time for sizes in between")
                return
            wins.by_size.update((size, None) for size in middles)
            self._take(wins, made)

    # ---- the end ----

    def compare_last(self, path):
        """All that is kept, as the library reads it from the table, beside the defaults. What is not
        proven again, or proves worse, is kept no longer; returns whether there was such, so that what is
        left, and was never run together, needs another comparison."""
        if not self.kept:
            self.compared = True
            return False
        before, self.reserve = self.last, 0
        works = []
        for kept in self.kept:
            works += [work for work in kept.works if work not in works]
        self.last = Finding("all of it")
        tuned = plan.Candidate("tuned", ((plan.TABLE, path),))
        try:
            made = self._confirm(plan.Question(self.last.name, works, []), [tuned], {}, self.last,
                                 len(set().union(*(kept.proven for kept in self.kept))))
        except OutOfTime:
            if before:
                self.last = before
            self.last.reason = ("not repeated for what it left: " if before else "") + \
                "no time was left: raise --budget"
            return False
        verdicts = {(work, size): judgement.verdict for _, work, size, judgement in made}
        dropped = any([self._reconsider(kept, verdicts) for kept in list(self.kept)])
        self.compared = not dropped
        return dropped

    def _reconsider(self, kept, verdicts):
        """Whether something is kept no longer, after the last comparison."""
        again = {value for value in kept.proven if verdicts.get(value) == proof.BETTER}
        worse = [(work, size) for (work, size), verdict in verdicts.items()
                 if verdict == proof.WORSE and work in kept.works]
        if again and not worse:
            if not kept.wins or kept.proven == again:
                return False
            for _, size in kept.proven - again:
                kept.wins.by_size[size] = None
            kept.proven = again
            self._describe(kept.finding, kept.wins)
            return True
        reason = f"worse in {worse[0][0].name}, {worse[0][1]} bytes" if worse else "not proven again"
        kept.finding.reason = f"dropped: {reason} in the last comparison"
        kept.finding.kept = ""
        self.tell.line(f"{kept.finding.name}: {kept.finding.reason}")
        self.kept.remove(kept)
        self.settings.pop(kept.finding.name, None)
        self.wins = {key: wins for key, wins in self.wins.items() if wins is not kept.wins}
        return True

    def interrupted(self):
        """What was going on has no result."""
        for finding in [*self.findings, *([self.last] if self.last else [])]:
            if not finding.kept and not finding.reason and not finding.judged:
                finding.reason = "interrupted"

    def rules(self):
        return table.rules(list(self.wins.values()))
