# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""The arithmetic of a comparison: medians, spread, and when a ratio may be printed."""
import statistics
from dataclasses import dataclass

MIN_SAMPLES = 3  # below that a spread says nothing
SAME_STATE = 1.5  # raw hand-overs within this factor of each other: the machine was in one state


def median(values):
    return statistics.median(values)


def spread(values):
    """Inter-quartile range over the median; quartiles by linear interpolation."""
    if len(values) < 2:
        return 0.0
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return (high - low) / middle if middle else float("inf")


def same_state(raws):
    """Of {round: raw hand-over} the rounds of the machine's most frequent state, of the faster one
    if two are equally frequent. The hand-over jumps when virtual processors move."""
    best = []
    for low in sorted(raws.values()):
        near = [r for r, raw in raws.items() if low <= raw <= low * SAME_STATE]
        if len(near) > len(best):
            best = near
    return set(best)


def within(raws, bounds):
    """The rounds of {round: raw hand-over} within (low, high)."""
    return {r for r, raw in raws.items() if bounds[0] <= raw <= bounds[1]}


@dataclass(frozen=True)
class Summary:
    """The samples of one MPI at one size."""
    count: int
    median: float
    spread: float

    @classmethod
    def of(cls, values):
        return cls(len(values), median(values), spread(values))


@dataclass(frozen=True)
class Ratio:
    """Ours over another. Without a value, reason says what forbids it."""
    other: str = ""
    value: float = None
    reason: str = ""

    def text(self):
        if self.value is not None:
            return f"{self.value:.2f}"
        return f"noisy ({self.reason})" if self.reason else "-"


def problem(pair, bound):
    """Why no ratio may rest on {name: Summary}, or ""."""
    fewest = min(summary.count for summary in pair.values())
    if fewest < MIN_SAMPLES:
        return f"{fewest} rounds" if fewest != 1 else "1 round"
    return ", ".join(f"{name} {summary.spread * 100:.0f}%" for name, summary in pair.items()
                     if summary.spread > bound)


def ratio(summaries, ours, other, bound):
    if ours not in summaries or other not in summaries:
        return Ratio(other)
    pair = {ours: summaries[ours], other: summaries[other]}
    reason = problem(pair, bound)
    if reason:
        return Ratio(other, None, reason)
    if summaries[other].median == 0:
        return Ratio(other)
    return Ratio(other, summaries[ours].median / summaries[other].median)


def best(summaries, peers, lower_is_better):
    """The peer with the best median, or None."""
    present = [name for name in peers if name in summaries]
    pick = min if lower_is_better else max
    return pick(present, key=lambda name: summaries[name].median, default=None)


def ratio_to_best(summaries, ours, peers, lower_is_better, bound):
    name = best(summaries, peers, lower_is_better)
    return ratio(summaries, ours, name, bound) if name else Ratio()


def geometric_mean(values):
    """Of positive numbers, or None of none."""
    return statistics.geometric_mean(values) if values else None
