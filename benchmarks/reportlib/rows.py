# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""The rows that the literature has, picked from the tables: one number for each thing."""
import re
from dataclasses import dataclass

NAMES = {"bcast": "Bcast", "allgather": "Allgather", "allreduce": "Allreduce", "alltoall": "Alltoall",
         "fft3d": "3-D FFT", "lu": "dense LU", "md": "molecular dynamics", "bfs": "BFS on a graph"}
NAS = ("is", "mg", "cg", "ft", "lu")
CLASSES = "SWABCDEF"  # of NAS, the smallest first


def problem(row):
    """How large the problem of a row is among those of the same program."""
    found = re.search(r"--class=([A-Z])\b", row.parameters)
    return CLASSES.find(found.group(1)) if found else -1


@dataclass(frozen=True)
class Wanted:
    """What a row shows: the one of the fitting results that has the most VMs, of these the largest
    class, and of these the smallest or the largest size. Of equals the one with the fewest ranks,
    which comes first in the tables."""
    title: str
    experiments: tuple  # beginnings of their names
    program: str
    metric: str
    largest: bool = False
    vms: int = 0  # 0: any number

    def find(self, tables, place):
        """(Table, Row), or None."""
        fits = [((row.vms, problem(row)), row.size or 0, table, row) for table in tables for row in table.rows
                if table.experiment.startswith(self.experiments) and not table.by_variant and
                row.place == place and row.program == self.program and row.metric == self.metric and
                row.vms > 1 and self.vms in (0, row.vms)]
        if not fits:
            return None
        most = max(weight for weight, *_ in fits)
        pick = max if self.largest else min
        return pick((fit for fit in fits if fit[0] == most), key=lambda fit: fit[1])[2:]


def wanted(most_vms):
    """All of them; collectives on as many VMs as there were, 15 if all went well."""
    pair = (("Put", "put"), ("Get", "get"))
    return [
        Wanted("latency, shortest message", ("pt2pt",), "latency", "latency"),
        Wanted("bandwidth, longest message", ("pt2pt",), "bandwidth", "bandwidth", True),
        *(one for title, name in pair for one in (
            Wanted(f"{title}, shortest", ("pt2pt",), f"{name}_latency", "latency"),
            Wanted(f"{title}, bandwidth, longest", ("pt2pt",), f"{name}_bandwidth", "bandwidth", True))),
        *(one for name in ("bcast", "allgather", "allreduce", "alltoall") for one in (
            Wanted(f"{NAMES[name]}, shortest", ("coll",), name, "time", False, most_vms),
            Wanted(f"{NAMES[name]}, longest", ("coll",), name, "time", True, most_vms))),
        *(Wanted(NAMES[name], ("apps",), name, "seconds") for name in ("fft3d", "lu", "md", "bfs")),
        *(Wanted(f"NAS {name.upper()}", ("apps",), f"nas-{name}", "seconds") for name in NAS),
    ]


def most_vms(tables, place):
    """Of the collective operations there."""
    return max((row.vms for table in tables if table.experiment.startswith("coll")
                for row in table.rows if row.place == place), default=0)


def why_missing(one, place, found):
    """The reason that the records give, or that there is none."""
    for r in found:
        if r["record"] != "job" or r["status"] == "ok" or r["place"] != place or \
                not r["experiment"].startswith(one.experiments):
            continue
        if r["program"] in ("", one.program):
            return f"{r['status']}: {r['reason']}"
    return "not part of this run"
