# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Tables, CSV and plots of a comparison."""
import csv
import os
import shutil
import subprocess

from . import stats

OURS = "ours"
# Ours under other circumstances: name and title of the column with the ratio.
VARIANTS = {"ours-1vm": "ours/1vm", "ours-nonet": "ours/nonet"}


def number(value):
    """Four digits are more than the machine gives."""
    return f"{value:.0f}" if value >= 10000 else f"{value:.4g}"


class Report:
    """One benchmark's samples, reduced."""

    def __init__(self, bench, samples, raws, bound, peers, hand_over=None):
        """samples: {mpi: {key: {round: value}}}, raws: {round: ns}, hand_over: (low, high) ns of the
        rounds that count."""
        self.bench, self.raws, self.bound, self.peers = bench, raws, bound, peers
        self.rounds = stats.within(raws, hand_over) if hand_over else stats.same_state(raws)
        self.mpis = list(samples)
        self.keys = sorted({key for by_key in samples.values() for key in by_key})
        self.summaries = {key: self._summaries(samples, key) for key in self.keys}

    def _summaries(self, samples, key):
        found = {}
        for mpi, by_key in samples.items():
            values = [value for number_, value in by_key.get(key, {}).items()
                      if not self.raws or number_ in self.rounds]
            if values:
                found[mpi] = stats.Summary.of(values)
        return found

    def best_ratio(self, key):
        return stats.ratio_to_best(self.summaries[key], OURS, self.peers,
                                   self.bench.lower_is_better, self.bound)

    def variant_ratio(self, key, variant):
        return stats.ratio(self.summaries[key], OURS, variant, self.bound)

    def mean_ratio(self):
        """(geometric mean over the sizes of ours/best, how many sizes had a ratio)."""
        ratios = [self.best_ratio(key).value for key in self.keys]
        good = [value for value in ratios if value is not None]
        return stats.geometric_mean(good), len(good)

    def _variants(self):
        return [name for name in VARIANTS if name in self.mpis]

    def _head(self):
        better = "lower" if self.bench.lower_is_better else "higher"
        lines = [f"# {self.bench.name}: {self.bench.title}, {self.bench.unit} ({better} is better)"]
        if self.raws and not self.rounds:
            lines.append(f"# none of {len(self.raws)} rounds in the state asked for")
        elif self.raws:
            raw = stats.Summary.of([self.raws[r] for r in self.rounds])
            lines.append(f"# raw hand-over {raw.median:.0f} ns, spread {raw.spread * 100:.0f}%; "
                         f"{len(self.rounds)} of {len(self.raws)} rounds in that state")
        return lines

    def _row(self, key):
        cells = [number(self.summaries[key][mpi].median) if mpi in self.summaries[key] else "-"
                 for mpi in self.mpis]
        best = self.best_ratio(key)
        cells += [best.other or "-", best.text()]
        cells += [self.variant_ratio(key, name).text() for name in self._variants()]
        return [str(key), *cells]

    def table(self):
        titles = [f"# {self.bench.column}", *self.mpis, "best", "ours/best"]
        titles += [VARIANTS[name] for name in self._variants()]
        rows = [titles, *(self._row(key) for key in self.keys)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(titles))]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows]
        return "\n".join([*self._head(), *lines]) + "\n"

    def rows(self):
        """Of medians.csv."""
        for key in self.keys:
            ratio = self.best_ratio(key)
            for mpi, summary in self.summaries[key].items():
                mine = mpi == OURS and ratio.value is not None
                yield [self.bench.name, key, mpi, self.bench.unit, summary.count,
                       f"{summary.median:.6g}", f"{summary.spread:.3f}",
                       ratio.other if mpi == OURS else "",
                       f"{ratio.value:.3f}" if mine else ""]


def means_table(reports):
    """One line for each benchmark: the geometric mean of its ratios."""
    lines = ["# geometric means of ours/best over the sizes that have a ratio"]
    for report in reports:
        mean, count = report.mean_ratio()
        text = "-" if mean is None else f"{mean:.2f}"
        lines.append(f"{report.bench.name:28} {text:>6}  {count} of {len(report.keys)} sizes")
    return "\n".join(lines) + "\n"


def write_means(path, reports):
    rows = []
    for report in reports:
        mean, count = report.mean_ratio()
        rows.append([report.bench.name, report.bench.program, report.bench.runs[0].ranks, count,
                     len(report.keys), "" if mean is None else f"{mean:.3f}"])
    write_csv(path, ["benchmark", "program", "ranks", "sizes_with_ratio", "sizes", "mean_ratio"],
              rows)


def write_csv(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_medians(path, reports):
    write_csv(path, ["benchmark", "key", "mpi", "unit", "rounds", "median", "spread", "best_peer",
                     "ratio_to_best"], (row for report in reports for row in report.rows()))


def script(report, stem):
    """A gnuplot script that holds its data: one curve for each MPI."""
    bench = report.bench
    lines = []
    for i, mpi in enumerate(report.mpis):
        points = [f"{key} {report.summaries[key][mpi].median:.6g}" for key in report.keys
                  if key > 0 and mpi in report.summaries[key]]
        # no 0 on a logarithmic axis
        lines += [f"$mpi{i} << END", *(points or ["1 NaN"]), "END"]
    curves = ", ".join(f'$mpi{i} using 1:2 with linespoints title "{mpi}"'
                       for i, mpi in enumerate(report.mpis))
    lines += ["set logscale xy", "set logscale x 2", "set grid", "set key left top",
              'set format x "%.0f"',
              f'set title "{bench.title}"', f'set xlabel "{bench.column}"',
              f'set ylabel "{bench.unit}"']
    for terminal, suffix in (("svg size 800,500", "svg"), ("pngcairo size 800,500", "png")):
        lines += [f"set terminal {terminal}", f'set output "{stem}.{suffix}"', f"plot {curves}"]
    return "\n".join(lines) + "\n"


def plot(reports, directory):
    """Returns one line about what could not be drawn, or ""."""
    if shutil.which("gnuplot") is None:
        return "gnuplot: not found: no plots; install the package gnuplot-nox"
    for report in reports:
        if sum(key > 0 for key in report.keys) < 2:
            continue  # a single point is no curve
        path = os.path.join(directory, f"{report.bench.name}.gp")
        with open(path, "w", encoding="utf-8") as out:
            out.write(script(report, report.bench.name))
        done = subprocess.run(["gnuplot", path], cwd=directory, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            return f"gnuplot: {path}: {done.stderr.strip().splitlines()[-1:]}: run it by hand"
    return ""
