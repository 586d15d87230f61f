# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Made-up results of a run, as benchmarks/run would write them, with texts that try to be markup."""
import json

from runlib import readers, records

EVIL = '<script src="http://example.invalid/x.js">alert(1)</script>&"\'|`'
MACHINE = {"date": "2026-01-02T03:04:05+00:00", "command": "benchmarks/run --quick", "cpu": EVIL,
           "cores": 2, "memory_gb": 8.0, "kernel": "6.1", "load_at_start": 3.5, "compiler": "cc",
           "source": "abc", "caches": {"L1": "2 with 32KB"}, "numa_domains": 1, "accel": "tcg",
           "libraries": {"libucx0": "1.13"}, "mode": "quick", "options": {"x": "y"},
           "ended": "2026-01-02T03:14:05+00:00"}


def about(**more):
    return {"experiment": "pt2pt-guests", "suite": "pt2pt", "program": "latency", "parameters": "",
            "place": "guests", "vms": 2, "ranks": 2, "ranks_per_vm": 1, "channel": "region",
            "variant": "", "round": 0, **more}


def write(path, jobs):
    """jobs: [(about, status, reason, samples)]"""
    results = records.Results(path, False)
    for which, status, reason, samples in jobs:
        results.add(which, status, reason, samples, command=f"run {which['program']} {EVIL}",
                    seconds=1.5)
    results.close()


def values(metric, unit, base, sizes=(4, 1024)):
    return [readers.sample(size, metric, unit, base * (size or 1), "yes") for size in sizes]


def three(base, metric="latency", unit="us", sizes=(4, 1024), **more):
    """Three rounds over each channel; the network takes ten times as long."""
    for number in range(3):
        for channel, factor in (("region", 1), ("netmod", 10), ("native", 0.5)):
            vms, ranks = more.get("vms", 2), more.get("ranks", 2)
            where = {"vms": vms, "ranks_per_vm": ranks // vms} if channel != "native" else \
                {"vms": 1, "ranks_per_vm": ranks}
            samples = values(metric, unit, base * factor * (1 + number / 8), sizes)
            yield about(**{**more, "channel": channel, "round": number, **where}), "ok", "", samples


def application(name, number, **more):
    samples = [readers.sample(None, metric, "s", value + number / 64, "yes") for metric, value in (
        ("seconds", 2), ("computation_seconds", 1.5), ("communication_seconds", 0.5))]
    samples.append(readers.sample(None, "rate", "GFLOP/s", 3.25, "yes"))
    return about(**{"experiment": "apps-guests", "suite": "apps", "program": name,
                    "parameters": "--quick", "round": number, **more}), "ok", "", samples


def jobs():
    found = [*three(0.5), *three(100.0, "bandwidth", "MB/s", (65536,), program="bandwidth")]
    found += three(3.0, "time", program="bcast", suite="coll", experiment="coll-15-guests", vms=15,
                   ranks=15)
    found += [application("fft3d", n, channel=c) for n in range(3) for c in ("region", "netmod")]
    found += [(about(experiment="first-run-host", place="host", variant=variant), "ok", "",
               values("bandwidth", "MB/s", 7.0 + i)) for i, variant in enumerate(
                   ("fresh, first run", EVIL))]
    found += [(about(experiment="strong-scaling-host", place="host", program="lu", variant="strong",
                     vms=vms, ranks=vms, channel="native" if vms == 1 else "region"), "ok", "",
               [readers.sample(None, "seconds", "s", 8.0 / vms, "yes")]) for vms in (1, 2, 4)]
    found += [(about(experiment="primitive-host", place="host", program="primitive", channel="none",
                     variant="host-host"), "ok", "verbs: no device", values("raw", "us", 1.0, (None,))),
              (about(experiment="site-host", place="host", program="hpl", suite="site"), "ok", "",
               [readers.sample(None, "figure", EVIL, 11.0, "not checked")]),
              (about(experiment="apps-guests", program="lu", channel="region"), "failed", EVIL, []),
              (about(experiment="numa-host", place="host", program="", channel="", vms=0, ranks=0,
                     ranks_per_vm=0), "skipped", "this machine has 1 NUMA domain", [])]
    return found


def results(directory, made=None):
    """Writes results.jsonl and machine.json there."""
    write(f"{directory}/results.jsonl", made or jobs())
    with open(f"{directory}/machine.json", "w", encoding="utf-8") as out:
        json.dump(MACHINE, out)
