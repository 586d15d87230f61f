# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""What people read at the end, and the evidence."""
import statistics

from . import plan, proof, table

SCHEMA = 1
CLASSES = ((1 << 10, "up to 1 KiB"), (64 << 10, "up to 64 KiB"), (None, "more"))


def size_class(size):
    return next(name for most, name in CLASSES if most is None or size <= most)


def machine_lines(about):
    caches = ", ".join(f"{name} {size >> 10} KiB" for name, size in sorted(about["cache_bytes"].items()))
    yield f"caches: {caches or 'unknown'} (by {about['cache_bytes_by']})"
    hand_over = about["hand_over_ns"]
    yield "hand-over of a cache line: " + (f"{hand_over:.0f} ns" if isinstance(hand_over, float)
                                           else hand_over or "one processor only")
    if about["memory_type"]:
        yield f"memory type of the region: {about['memory_type']}"
    if isinstance(about["copy"], list):
        best = next((one["bytes"] for one in about["copy"]
                     if one["streaming_mbps"] > one["ordinary_mbps"]), None)
        yield "copies: " + ", ".join(f"{one['bytes'] >> 10} KiB {one['ordinary_mbps']:.0f} MB/s"
                                     for one in about["copy"][::3]) + \
            ("; past the caches faster from " + f"{best >> 10} KiB" if best else "")
    else:
        yield f"copies: {about['copy']}"


def _number(value):
    return f"{value:.0f}" if value >= 10000 else f"{value:.4g}"


def _rows(judged):
    yield ["class", "benchmark", "bytes", "unit", "default", "tuned", "gain", "noise", "rounds", ""]
    for _, work, size, j, _ in sorted(judged, key=lambda one: (one[2], one[1].name)):
        verdict = {proof.BETTER: "proven", proof.WORSE: "WORSE"}.get(j.verdict, "-")
        yield [size_class(size), work.name, str(size), work.unit, _number(j.base), _number(j.other),
               f"{(j.gain - 1) * 100:+.1f}%", f"{j.noise * 100:.1f}%", f"{j.wins}/{j.rounds}", verdict]


def gains(judged):
    """The values of the last comparison, then a line for each class of sizes."""
    rows = list(_rows(judged))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    for _, name in CLASSES:
        mine = [j.gain for _, _, size, j, _ in judged if size_class(size) == name]
        if mine:
            lines.append(f"{name}: {(statistics.geometric_mean(mine) - 1) * 100:+.1f}% "
                         f"(geometric mean of {len(mine)})")
    return lines


def text(search, path):
    kept = [f for f in search.findings if f.kept]
    lines = [f"kept: {finding.name}: {finding.kept}" for finding in kept] or [
        "kept: nothing: no gain over the defaults was proven"]
    if search.last and search.last.judged:
        lines += ["", "last comparison: the defaults beside the table as it was before:",
                  *gains(search.last.judged)]
        if search.last.reason:
            lines.append(search.last.reason)
    elif kept:
        why = search.last.reason if search.last and search.last.reason else "not run"
        lines += ["", f"last comparison: {why}; what was proven of each alone:",
                  *gains([one for finding in kept for one in finding.judged
                          if one[3].verdict == proof.BETTER])]
    lines += ["", f"table: {path}", f"evidence: {table.evidence_path(path)}"]
    if kept:
        lines.append(f"to use it: {plan.TABLE}={path}")
    return "\n".join(lines) + "\n"


def _judged(candidate, work, size, j, sides):
    return {"candidate": candidate, "benchmark": work.program, "ranks": work.ranks, "bytes": size,
            "one_vm": work.near, "unit": work.unit, "lower_is_better": work.lower_is_better,
            "verdict": j.verdict, "gain": round(j.gain, 4), "noise": round(j.noise, 4),
            "wins": j.wins, "rounds": j.rounds,
            "samples": {"without": sides[0], "with": sides[1]}}


def _finding(finding):
    return {"name": finding.name, "kept": finding.kept, "reason": finding.reason,
            "screened": [{"candidate": name, "mean_gain": gain and round(gain, 4)}
                         for name, gain in finding.screened],
            "judged": [_judged(*one) for one in finding.judged]}


def evidence(search, about, places, state):
    return {"schema": SCHEMA, "state": state, "budget_s": search.budget,
            "used_s": round(search.clock() - search.begin, 1), "least_gain": search.least,
            "alpha": proof.ALPHA, "machine": about,
            "places": {str(ranks): {"vms": place.vms, "hosts": place.hosts, "region": place.region}
                       for ranks, place in places.items()},
            "settings": search.settings, "rules": search.rules(),
            "questions": [_finding(finding) for finding in search.findings],
            "last_comparison": _finding(search.last) if search.last else None}
