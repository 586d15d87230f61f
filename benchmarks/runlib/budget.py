# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Time: so much for the whole run, of which each experiment gets its share."""
import time

LEAST_S = 2  # a job is not started with less time than this


class Budget:
    def __init__(self, seconds, clock=time.monotonic):
        self.clock, self.end = clock, clock() + seconds

    def left(self):
        return max(0.0, self.end - self.clock())

    def share(self, weight, weights):
        """A part of what is left, as a budget of its own; weights: this one's and all later ones'."""
        return Budget(self.left() * weight / weights, self.clock)

    def allows(self, expected):
        """Whether a job that takes about so many seconds should still be started."""
        return self.left() >= max(LEAST_S, expected)
