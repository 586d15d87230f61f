# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Builds the programs for an MPI, runs them, reads what they print."""
import os
import re
import subprocess

from mpisuite import execute

from . import plan

FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-g", "-Wall", "-Wextra",
         "-Wno-stringop-overflow"]  # gcc 12 misreads MPI_STATUSES_IGNORE
ASIDES = ("#", "==", "[ivshmem]")  # our own remarks, valgrind's, the channel report's
NUMBER = r"\d+(?:\.\d+)?"
LINE = re.compile(rf"^(\d+)[ \t]+({NUMBER})(?:[ \t]+{NUMBER})?$", re.MULTILINE)


class RunError(Exception):
    """ "what: problem: remedy"."""


def parse(output):
    """[(size, value)] of the lines "SIZE VALUE" or "SIZE VALUE SLOWEST"; whatever else was printed is
    passed over."""
    return [(int(size), float(value)) for size, value in LINE.findall(output)]


def library(output):
    """What the library called itself, or ""."""
    found = re.search(r"^# library: (.*)$", output, re.MULTILINE)
    return " ".join(found.group(1).split()) if found else ""


def compile_program(command, target, sources, env, libraries=()):
    """Compiles unless the target is newer than all files beside its sources."""
    folders = {os.path.dirname(source) for source in sources}
    newest = max(os.path.getmtime(os.path.join(folder, name))
                 for folder in folders for name in os.listdir(folder))
    if os.path.exists(target) and os.path.getmtime(target) > newest:
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    done = subprocess.run([*command, *FLAGS, *sources, "-o", target, *libraries], env=env,
                          check=False, capture_output=True, text=True)
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if "error" in line] or ["no message"]
        raise RunError(f"{target}: does not compile: {errors[0]}")


def build(mpi, programs, top, directory):
    """Programs, as (name, folder) below top, into the directory."""
    for program, folder in programs:
        compile_program([mpi.compiler, f"-I{top}/pt2pt", f"-I{top}/apps"],
                        os.path.join(directory, mpi.name, plan.target(program, folder)),
                        [os.path.join(top, name) for name in plan.sources(program, folder)],
                        mpi.environment(), plan.libraries(program, folder))


def why(done):
    """What a job that failed said of it, or how far it came."""
    lines = [line for line in done.output.splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith(ASIDES) and not LINE.match(line)]
    if not said:
        said = [f"no message; its last line: {lines[-1]}" if lines else "no output"]
    return f"exit status {done.status}: {said[0]}"


def launch(command, env, limit, what):
    """The output of a command that must succeed."""
    done = execute.run(command, "/", env, limit)
    if done.timed_out:
        raise RunError(f"{what}: still running after {limit} s: see --limit")
    if done.status != 0:
        raise RunError(f"{what}: {why(done)}")
    return done.output


def check_channels(mpi, lay, printed):
    """Ours takes the way it is meant to, by the channel report in what a job printed."""
    if not mpi.layout:
        return
    report = "".join(line + "\n" for line in printed.splitlines() if line.startswith("[ivshmem]"))
    problem = lay.report_problem(report)
    if problem:
        raise RunError(f"{mpi.name}: {lay.name}: {problem}: see MPIR_CVAR_IVSHMEM_REPORT=1")


def measure(command, env, limit, what):
    """[(size, value)] of a program, and its output."""
    output = launch(command, env, limit, what)
    values = parse(output)
    if not values:
        raise RunError(f"{what}: printed no result: run it by hand: {' '.join(command)}")
    return values, output
