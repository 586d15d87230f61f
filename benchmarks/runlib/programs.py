# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""The programs: their command lines, and building them for this project's MPI."""
import os
import shlex

from comparelib import mpis, plan, run

from . import readers
from .cases import Program

# name: (folder, metric, unit)
MICRO = {
    "latency": ("pt2pt", "latency", "us"),
    "bandwidth": ("pt2pt", "bandwidth", "MB/s"),
    "put_latency": ("rma", "latency", "us"),
    "get_latency": ("rma", "latency", "us"),
    "put_bandwidth": ("rma", "bandwidth", "MB/s"),
    "get_bandwidth": ("rma", "bandwidth", "MB/s"),
    "bcast": ("coll", "time", "us"),
    "allgather": ("coll", "time", "us"),
    "allreduce": ("coll", "time", "us"),
    "alltoall": ("coll", "time", "us"),
}
POINT_TO_POINT = tuple(name for name, (folder, *_) in MICRO.items() if folder != "coll")
COLLECTIVES = tuple(name for name, (folder, *_) in MICRO.items() if folder == "coll")
WINDOWED = ("bandwidth", "put_bandwidth", "get_bandwidth")
# name: (folder, program)
APPLICATIONS = {**{name: ("apps", name) for name in plan.APPLICATIONS},
                **{f"nas-{name}": ("nas", name) for name in plan.NAS}}
PRIMITIVE_PAIRS = {"host": ("host-host",), "guests": ("host-guest", "guest-guest")}


def problems(small):
    """[(name, options)] of the applications."""
    return [(name, words) for name in APPLICATIONS for words in (
        [(f"--class={letter}",) for letter in ("S" if small else "SWA")] if name.startswith("nas-")
        else [("--quick",) if small else ()])]


def scaling(kind, ranks, quick):
    """[(name, options)] of a problem that is the same for all ranks together (strong), or for each
    (weak). The work grows with the cube of the side."""
    fft, lu = (32, 256) if quick else (96, 2048)
    if kind == "weak":
        fft, lu = (round(side * ranks ** (1 / 3)) for side in (fft, lu))
    return [("fft3d", (f"--n={fft}", "--iterations=3")), ("lu", (f"--n={lu}", "--block=32"))]


class Builder:
    """Compiles what a run needs; a program that cannot be built has the reason in its stead."""

    def __init__(self, here, prefix, build):
        self.here, self.directory = here, build
        self.mpi = mpis.known(prefix, "", {})["ours"]
        self.problems = {}

    def micro(self, name):
        """(path, why it is missing)"""
        return self._build(MICRO[name][0], name)

    def application(self, name):
        return self._build(*APPLICATIONS[name])

    def _build(self, folder, program):
        target = plan.target(program, folder)
        if target not in self.problems:
            try:
                run.build(self.mpi, [(program, folder)], self.here, self.directory)
                self.problems[target] = ""
            except run.RunError as error:
                self.problems[target] = str(error)
        return f"{self.directory}/ours/{target}", self.problems[target]


def micro(builder, name, seconds, sizes, window=None):
    _, metric, unit = MICRO[name]
    path, missing = builder.micro(name)
    words = [path, f"--seconds={seconds}", *([f"--sizes={','.join(map(str, sizes))}"] if sizes else [])]
    parameters = ""
    if window and name in WINDOWED:
        words.append(f"--window={window}")
        parameters = f"window {window}"
    return Program(MICRO[name][0], name, tuple(words), parameters, metric, unit, missing=missing,
                   pins=True)


def application(builder, name, words, **more):
    """A program of APPLICATIONS; words: its options, which are also its parameters."""
    path, missing = builder.application(name)
    return Program(APPLICATIONS[name][0], name, (path, *words), " ".join(words),
                   read=readers.lines, missing=missing, **more)


def primitive(builder, pair, quick):
    """Two processes without MPI: benchmarks/primitive/run starts them and makes their cluster."""
    driver, output = f"{builder.here}/primitive/run", f"{builder.directory}/primitive-{pair}"
    build = os.path.dirname(builder.directory)
    program = f"{build}/own/benchmarks/primitive/primitive"
    missing = "" if os.path.exists(driver) and os.path.exists(program) else \
        f"{program}: not found: run ./quickstart --build-only"
    amount = ["--repetitions=5", "--iterations=5000", "--messages=200"] if quick else [
        "--repetitions=25", "--iterations=100000", "--messages=2000"]
    words = (driver, f"--pairs={pair}", *amount, f"--build={build}", f"--output={output}")
    return Program("primitive", "primitive", words, " ".join(amount), unit="us",
                   read=lambda *_: readers.primitive(f"{output}/primitive.jsonl"), missing=missing,
                   alone=True)


def site(name, command, figure, unit, directory):
    """A program that somebody brings along, for any MPI with MPICH's binary interface."""
    words = tuple(shlex.split(command))
    return Program("site", name, words, " ".join(words[1:]), "figure", unit or "s",
                   readers.figure, figure, directory, wall=True)
