# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Words and numbers that both forms of the report have."""
from comparelib.output import number

FEW = 3  # rounds; fewer tell nothing of the spread
CHANNELS = {"region": "region", "netmod": "network", "native": "one VM"}
NETWORK = {"host": "TCP", "guests": "verbs"}
EXPERIMENTS = {"primitive": "Hand-overs without MPI", "pt2pt": "Two ranks in two VMs",
               "coll": "Collective operations", "apps": "Applications",
               "strong-scaling": "Strong scaling over the number of VMs",
               "weak-scaling": "Weak scaling over the number of VMs",
               "first-run": "First and second run, in fresh and in used VMs",
               "numa": "One VM against one VM for each NUMA domain",
               "pages": "A region in pages of 4 KiB against 2 MiB", "site": "Programs of this site"}


def column(name, place=None):
    if name == "netmod":
        return f"network ({NETWORK[place]})" if place in NETWORK else "network (verbs or TCP)"
    return CHANNELS.get(name, name)


def experiment_title(name):
    base, _, place = name.rpartition("-")
    kind, _, vms = base.partition("-") if base.startswith("coll-") else (base, "", "")
    title = EXPERIMENTS.get(kind, base)
    return f"{title}{f', {vms} VMs' if vms else ''}: {place}"


def gain(found):
    """Of Row.gain(): ("12", "11 to 13"), or with words if it tells nothing."""
    if found is None:
        return "-", ""
    value, low, high, least = found
    words = [] if low == high else [f"{factor(low)} to {factor(high)}"]
    if least < FEW:
        words.append("one round" if least == 1 else f"{least} rounds")
    if low <= 1 <= high:
        return "no clear difference", ", ".join(words)
    return factor(value), ", ".join([*words, *(["worse"] if value < 1 else [])])


def rounds(row, columns):
    """Of each column, or of all if they are alike: "3", "3/1/-"."""
    counts = [str(row.cells[name].rounds) if name in row.cells else "-" for name in columns]
    return counts[0] if len(set(counts)) == 1 else "/".join(counts)


def factor(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def size(row):
    return "" if row.size is None else str(row.size)


def cell(found):
    """Median, and the range if there is one, and whether rounds failed."""
    low, high = min(found.values), max(found.values)
    words = [f"{number(low)}–{number(high)}"] if found.rounds > 1 else []
    return number(found.median), ", ".join([*words, *failed(found.failed)])


def failed(count):
    return [f"{count} round{'s' * (count > 1)} failed"] if count else []


def verified(row):
    """Of no row with a failed round it is said just "yes"."""
    return ", ".join([row.verified, *failed(sum(cell.failed for cell in row.cells.values()))])
