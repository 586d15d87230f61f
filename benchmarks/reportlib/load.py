# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Results as benchmarks/run wrote them, and the rows of tables made of them."""
import statistics
from dataclasses import dataclass, field

from runlib import readers, records

CHANNELS = ("region", "netmod", "native")
VALUE_MAX = 1e300  # what is not below it, NaN too, nobody has measured
SAMPLE_FIELDS = {"size": (int, type(None)), "metric": str, "unit": str, "value": (int, float),
                 "better": str, "verified": str, "command": str}
JOB_FIELDS = {"status": str, "reason": str, "command": str}
COMMON_FIELDS = {"experiment": str, "suite": str, "program": str, "parameters": str, "place": str,
                 "vms": int, "ranks": int, "ranks_per_vm": int, "channel": str, "variant": str,
                 "round": int}


@dataclass(frozen=True)
class Cell:
    """The median of the values of some records, which it names by their line numbers. failed: rounds
    in which the same job failed."""
    values: tuple
    lines: tuple
    failed: int = 0

    @property
    def median(self):
        return statistics.median(self.values)

    @property
    def rounds(self):
        return len(self.values)


@dataclass
class Row:
    """One thing that was measured in several ways: {channel or variant: Cell}."""
    program: str
    parameters: str
    metric: str
    size: int  # bytes, or None
    unit: str
    better: str
    place: str
    vms: int
    ranks: int
    ranks_per_vm: int
    verified: str
    cells: dict = field(default_factory=dict)

    def gain(self, ours="region", other="netmod"):
        """How many times better ours is by the medians, and by the least and the best pair of values,
        and the rounds of the side that has fewer: (gain, low, high, rounds), or None."""
        if ours not in self.cells or other not in self.cells:
            return None
        good, bad = self.cells[ours], self.cells[other]
        if self.better == "lower":
            good, bad = bad, good
        if min(bad.values) <= 0 or min(good.values) <= 0:
            return None
        return (good.median / bad.median, min(good.values) / max(bad.values),
                max(good.values) / min(bad.values), min(good.rounds, bad.rounds))


@dataclass
class Table:
    experiment: str
    columns: list  # channels or variants
    by_variant: bool
    rows: list
    commands: dict  # {column: of one of its jobs: (how its cluster is started or "", command)}


def check(record, path, number):
    """Whoever wrote the file, its fields are what they should be."""
    fields = {**COMMON_FIELDS, **(SAMPLE_FIELDS if record["record"] == "sample" else JOB_FIELDS)}
    for name, kind in fields.items():
        if not isinstance(record.get(name), kind) or isinstance(record.get(name), bool):
            raise records.ResultsError(f"{path}:{number}: {name}: missing, or of the wrong type: was "
                                       "this written by benchmarks/run?")
    if not isinstance(record.get("cluster", ""), str):
        raise records.ResultsError(f"{path}:{number}: cluster: is no text: remove the line")
    if not abs(record.get("value", 0)) < VALUE_MAX:
        raise records.ResultsError(f"{path}:{number}: value: is no number: remove the line")
    if (record.get("size") or 0) < 0 or record["vms"] < 0:
        raise records.ResultsError(f"{path}:{number}: size or vms: is below 0: remove the line")


def read(directory):
    """(records with their line numbers in "line", machine.json)"""
    path = f"{directory}/results.jsonl"
    found = records.read(path)
    for number, record in enumerate(found, 1):
        check(record, path, number)
        record["line"] = number
    well = records.good(found)  # the job under way is not counted
    found = [r for r in found if r["record"] == "job" or records.key(r) in well]
    return found, records.read_machine(f"{directory}/machine.json")


def tables(found):
    """A Table for each experiment that has samples, in their order."""
    by_experiment = {}
    for record in found:
        if record["record"] == "sample":
            by_experiment.setdefault(record["experiment"], []).append(record)
    failed = {}
    for record in found:
        if record["record"] == "job" and record["status"] == "failed":
            failed.setdefault(_case(record), set()).add(record["round"])
    return [_table(name, samples, failed) for name, samples in by_experiment.items()]


def _case(record):
    return tuple(record[name] for name in records.JOB_FIELDS if name != "round")


def _table(name, samples, failed):
    variants = list(dict.fromkeys(s["variant"] for s in samples))
    by_variant = len(variants) > 1 or samples[0]["channel"] not in CHANNELS
    columns = variants if by_variant else [c for c in CHANNELS if any(s["channel"] == c
                                                                      for s in samples)]
    rows, commands = {}, {}
    for column in columns:
        for key, cell in _cells([s for s in samples
                                 if s["variant" if by_variant else "channel"] == column], by_variant):
            commands.setdefault(column, (cell[0].get("cluster", ""), cell[0]["command"]))
            row = rows.setdefault(key, _row(cell[0]))
            row.cells[column] = Cell(tuple(s["value"] for s in cell), tuple(s["line"] for s in cell),
                                     len(failed.get(_case(cell[0]), ())))
            if any(s["verified"] != "yes" for s in cell):
                row.verified = "not checked"
    made = list(rows.values()) if by_variant else join_native(list(rows.values()))
    order = {program: i for i, program in enumerate(dict.fromkeys(s["program"] for s in samples))}
    made.sort(key=lambda r: (order[r.program], r.vms, r.ranks, r.metric != "seconds", r.metric,
                             r.size or 0))
    return Table(name, columns, by_variant, made, commands)


def _cells(samples, by_variant):
    found = {}
    for s in samples:
        key = (s["program"], s["parameters"], s["metric"], s["size"], s["unit"], s["place"], s["ranks"])
        found.setdefault(key if by_variant else (*key, s["vms"]), []).append(s)
    return found.items()


def _row(s):
    return Row(s["program"], s["parameters"], s["metric"], s["size"], s["unit"], readers.better(s["unit"]), s["place"],
               s["vms"], s["ranks"], s["ranks_per_vm"], "yes")


def _same(row):
    return (row.program, row.parameters, row.metric, row.size, row.unit, row.ranks)


def join_native(rows):
    """What ran inside one VM stands beside what as many ranks in several VMs gave."""
    inside = {_same(row): row for row in rows if set(row.cells) == {"native"}}
    used = set()
    for row in rows:
        other = inside.get(_same(row))
        if other is not None and other is not row:
            row.cells["native"] = other.cells["native"]
            used.add(_same(row))
    return [row for row in rows if set(row.cells) != {"native"} or _same(row) not in used]


def left_out(found):
    """[(experiment, what, status, reason)] of jobs without a result, or not all; equal ones told
    once."""
    told = {}
    for r in found:
        if r["record"] != "job" or (r["status"] == "ok" and not r["reason"]):
            continue
        words = [r["program"], r["parameters"], r["variant"],
                 f"{r['vms']} VMs, {r['ranks']} ranks" if r["vms"] else ""]
        what = ", ".join(filter(None, words)) or "all of it"
        status = "in part" if r["status"] == "ok" else r["status"]
        told.setdefault((r["experiment"], what, status, r["reason"]), []).append(
            "" if r["channel"] == "none" else r["channel"])
    return [(name, what + (f" ({', '.join(channels)})" if any(channels) else ""), status, reason)
            for (name, what, status, reason), channels in told.items()]
