# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""How far the search is: a bar on a terminal, else a line for each question."""
import sys
import time

WIDTH = 30


class Progress:
    def __init__(self, budget, out=sys.stderr, clock=time.monotonic):
        self.budget, self.out, self.clock = budget, out, clock
        self.begin = clock()
        self.is_terminal = out.isatty()
        self.shown = False

    def _clear(self):
        if self.shown:
            self.out.write("\r\033[K")
            self.shown = False

    def line(self, text):
        self._clear()
        print(f"ivshmem-tune: {text}", file=self.out, flush=True)

    def step(self, name, what):
        if not self.is_terminal:
            return
        share = min(1.0, (self.clock() - self.begin) / self.budget)
        filled = int(share * WIDTH)
        self._clear()
        self.out.write(f"[{'#' * filled}{'.' * (WIDTH - filled)}] {share * 100:3.0f}% {name}: {what}")
        self.out.flush()
        self.shown = True

    def end(self):
        self._clear()
        self.out.flush()
