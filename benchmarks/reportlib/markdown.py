# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""The summary as Markdown."""
import re

from . import limits, rows, text


def escape(value):
    """Markup and the table's own sign mean nothing in what the results say; nor do line ends."""
    return re.sub(r"([\\`*_\[\]<>|#!])", r"\\\1", re.sub(r"\s+", " ", str(value)))


def line(cells):
    return "| " + " | ".join(cells) + " |"


def value(found):
    if found is None:
        return "–"
    median, spread = text.cell(found)
    return f"{median} ({spread})" if spread else median


def summary_line(one, tables, place, found):
    hit = one.find(tables, place)
    if hit is None:
        return line([one.title, place, *[""] * 7, escape(
            rows.why_missing(one, place, found))])
    row = hit[1]
    gain, spread = text.gain(row.gain())
    size = f", {row.size} bytes" if row.size is not None else ""
    return line([f"{one.title}{size}", place, escape(row.parameters), str(row.vms), str(row.ranks),
                 escape(row.unit),
                 *(value(row.cells.get(name)) for name in ("region", "netmod", "native")),
                 f"{gain} ({spread})" if spread else gain])


def summary(tables, found, left, about):
    places = [place for place in ("guests", "host") if any(r["place"] == place for r in found)]
    lines = ["# mpich-ivshmem: what the region is worth", "",
             f"{escape(about.get('date', ''))[:10]}, {escape(about.get('cores', '?'))} processors "
             f"({escape(about.get('cpu', 'unknown'))}), source {escape(about.get('source', '?'))}. "
             "Medians over the rounds, least and greatest value in brackets; network: verbs in "
             "guests, TCP on the host.", "",
             line(["what", "where", "options", "VMs", "ranks", "unit", "region", "network", "one VM",
                   "region better, times"]),
             line(["---"] * 6 + ["---:"] * 4)]
    lines += [summary_line(one, tables, place, found) for place in places
              for one in rows.wanted(rows.most_vms(tables, place))]
    lines += ["", "## What these figures do not show", ""]
    lines += [f"- {escape(one)}" for one in limits.known(tables, about)]
    if left:
        lines += ["", "## Not measured", "", line(["experiment", "what", "", "reason"]),
                  line(["---"] * 4)]
        lines += [line([escape(word) for word in row]) for row in left]
    command = " ".join(str(about.get("command", "benchmarks/run")).split())
    lines += ["", "## To repeat it", "", f"    {command}", "    benchmarks/report RESULTS", ""]
    return "\n".join(lines)
