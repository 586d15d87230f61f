# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""When a gain counts. Two ways of running something are run in turn, round by round; a round gives
one sample of each. A gain is proven if all of this holds:

- its medians differ by more than each side's inter-quartile range: it is larger than the noise;
- it came in so many of the rounds that chance alone would do that, were there no difference, with
  a probability of at most ALPHA, shared by all the values judged together (the sign test): noise
  that is large but the same for both sides is no matter, luck among many tries is;
- it is at least the least gain that somebody cares about."""
import math
import statistics
from dataclasses import dataclass

ALPHA = 0.05
BETTER, WORSE, SAME = "better", "worse", "same"


def sign_probability(wins, rounds):
    """Of at least so many wins in so many rounds by chance."""
    return sum(math.comb(rounds, k) for k in range(wins, rounds + 1)) / 2 ** rounds


def rounds_for(values):
    """Rounds in which one lost round may be forgiven, with so many values judged together."""
    rounds = 5
    while sign_probability(rounds - 1, rounds) > ALPHA / values:
        rounds += 1
    return rounds


def losses_allowed(rounds, values):
    """How many of the rounds may be lost; -1: even none would be too many."""
    lost = -1
    while lost + 1 < rounds and sign_probability(rounds - lost - 1, rounds) <= ALPHA / values:
        lost += 1
    return lost


def inter_quartile(samples):
    if len(samples) < 2:
        return 0.0
    low, _, high = statistics.quantiles(samples, n=4, method="inclusive")
    return high - low


def factor(base, other, lower_is_better):
    """How many times as good the other is; 1: alike."""
    if lower_is_better:
        base, other = other, base
    return other / base if base else 1.0


def median_gain(base, other, lower_is_better):
    return factor(statistics.median(base), statistics.median(other), lower_is_better)


@dataclass(frozen=True)
class Judgement:
    verdict: str
    gain: float  # of the medians; 1.1: a tenth better
    wins: int
    rounds: int
    base: float  # medians
    other: float
    noise: float  # the larger inter-quartile range over its side's median

    def text(self):
        return (f"{(self.gain - 1) * 100:+.1f}%, better in {self.wins} of {self.rounds} rounds, "
                f"noise {self.noise * 100:.1f}%")


def _proven(base, other, wins, least, bound):
    """That other is better by the rule above. wins: of it."""
    gap = abs(statistics.median(other) - statistics.median(base))
    return (gap > max(inter_quartile(base), inter_quartile(other)) and least <= 0
            and sign_probability(wins, len(base)) <= bound)


def judge(base, other, lower_is_better, values, least_gain):
    """Of the samples of the same rounds. That something is worse is believed sooner than that it is
    better: values are then not shared out."""
    gains = [factor(b, o, lower_is_better) for b, o in zip(base, other)]
    wins, losses = sum(gain > 1 for gain in gains), sum(gain < 1 for gain in gains)
    gain = median_gain(base, other, lower_is_better)
    verdict = SAME
    if _proven(base, other, wins, least_gain - gain, ALPHA / values):
        verdict = BETTER
    elif _proven(base, other, losses, least_gain - 1 / gain, ALPHA):
        verdict = WORSE
    noise = max(inter_quartile(side) / statistics.median(side) if statistics.median(side) else 0.0
                for side in (base, other))
    return Judgement(verdict, gain, wins, len(base), statistics.median(base),
                     statistics.median(other), noise)


def may_harm(judgement, least_gain):
    """Whether it looks worse by as much as somebody cares about, be it proven or not: what noise hides
    may be true."""
    return judgement.verdict == WORSE or judgement.gain < 1 / least_gain


def is_lost(base, other, lower_is_better, values, rounds):
    """After some of the rounds: it can no longer be proven better."""
    lost = sum(factor(b, o, lower_is_better) <= 1 for b, o in zip(base, other))
    return lost > losses_allowed(rounds, values)
