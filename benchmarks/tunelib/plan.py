# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""What is searched: questions, each with its candidates and the benchmarks that decide it."""
import re
from dataclasses import dataclass, field

PREFIX = "MPIR_CVAR_IVSHMEM_"
CELLS, CELL_BYTES, CMA = f"{PREFIX}CELLS", f"{PREFIX}CELL_BYTES", f"{PREFIX}CMA"
ALGORITHMS, TABLE = f"{PREFIX}COLL_ALGORITHMS", f"{PREFIX}COLL_TABLE"
# What a table may set, or what would win over it.
IN_TABLE = (CELLS, CELL_BYTES, f"{PREFIX}RINGS", CMA, f"{PREFIX}ALLOC_MEM_KIB", f"{PREFIX}COLL",
            ALGORITHMS, TABLE)

KIB = 1 << 10
BLOCK_SIZES = (8, 512, 8 * KIB, 64 * KIB, 512 * KIB)


@dataclass(frozen=True)
class Work:
    """One start of a benchmark program; it gives a value for each size."""
    program: str
    folder: str
    ranks: int
    sizes: tuple
    unit: str = "us"
    lower_is_better: bool = True
    near: bool = False  # all ranks in one VM

    @property
    def name(self):
        where = ", one VM" if self.near else ""
        return f"{self.program.replace('_', ' ')}, {self.ranks} ranks{where}"


@dataclass(frozen=True)
class Candidate:
    """Another value of a setting, or another algorithm of an operation."""
    name: str
    settings: tuple = ()  # (variable, number), ...
    operation: str = ""
    algorithm: str = ""

    def environment(self):
        env = {name: str(value) for name, value in self.settings}
        if self.algorithm:
            env[ALGORITHMS] = f"{self.operation}={self.algorithm}"
        return env


@dataclass(frozen=True)
class Place:
    """Where the ranks of a job were, by its channel report."""
    vms: int = 1
    hosts: int = 1
    region: str = ""  # its URI, how it is mapped, how fast it is read; empty: none is used

    @property
    def bound(self):
        """What rules call "vms": hosts, where there are several."""
        return self.hosts if self.hosts > 1 else self.vms


@dataclass
class Question:
    name: str
    works: list
    candidates: list
    operation: str = ""  # a collective one: each size may have its own answer
    why_not: str = ""  # it is not searched
    place: Place = Place()  # of the ranks of a collective one
    values: list = field(init=False)

    def __post_init__(self):
        self.values = [(work, size) for work in self.works for size in work.sizes]


def _setting(name, values):
    return [Candidate(f"{name} {value}", ((name, value),)) for value in values]


def _messages(ranks):
    """What the settings of queues are judged by: no message may become slower."""
    works = [Work("latency", "pt2pt", 2, (8, 4 * KIB, 64 * KIB)),
             Work("bandwidth", "pt2pt", 2, (16 * KIB, 128 * KIB, KIB * KIB), "MB/s", False)]
    even = max(ranks) // 2 * 2
    if even > 2:
        works.append(Work("multi_latency", "pt2pt", even, (8, 16 * KIB, 256 * KIB)))
    return works


def settings(ranks, near):
    """near: whether two ranks can be put in one VM."""
    kernel = Question(CMA, [Work("bandwidth", "pt2pt", 2, (128 * KIB, KIB * KIB, 4 * KIB * KIB),
                                 "MB/s", False, True)], _setting(CMA, (0,)))
    if not near:
        kernel.why_not = "it is for ranks of one VM: give --mpiexec-near"
    return [Question(CELL_BYTES, _messages(ranks),
                     _setting(CELL_BYTES, (4096, 8192, 32768, 65536, 131072))),
            Question(CELLS, _messages(ranks), _setting(CELLS, (16, 32, 64, 256, 512))),
            kernel]


# Operations, the weightier first; algorithms besides mpich and shared, or mpich and hosts.
OPERATIONS = {"allreduce": ("slices", "tree"), "bcast": ("tree",), "allgather": (), "alltoall": (),
              "barrier": ("tree",), "reduce": ("slices", "tree"), "gather": (), "scatter": (),
              "allgatherv": (), "alltoallv": (), "reduce_scatter_block": (), "scan": ()}
OVER_HOSTS = {"barrier": ("hosts",), "bcast": ("hosts", "leaders"), "reduce": ("hosts",),
              "allreduce": ("hosts", "leaders"), "allgather": ("hosts", "leaders"),
              "alltoall": ("hosts", "leaders")}


def read_place(printed):
    found = re.search(r"^\[ivshmem\] channels: \d+ ranks, (\d+) VMs, (\d+) hosts", printed, re.M)
    if not found:
        return Place()
    region = re.search(r"^\[ivshmem\]   region \w+, (.*)$", printed, re.M)
    used = re.search(r"^\[ivshmem\] within .*: region$", printed, re.M)
    return Place(int(found.group(1)), int(found.group(2)),
                 region.group(1) if region and used else "")


def algorithms_seen(printed, operation):
    """That blocking calls of an operation have got, by rank 0's report."""
    return set(re.findall(rf"^\[ivshmem\] rank 0: {operation}, .*: (\w+), \d+ calls$", printed, re.M))


def _algorithms(operation, ranks, place):
    if place.hosts > 1:
        return ("mpich", *OVER_HOSTS.get(operation, ()))
    tree = 1 < place.vms < ranks  # else it is none: each group has one rank, or all are in one
    return ("mpich", "shared", *(name for name in OPERATIONS[operation] if name != "tree" or tree))


def collective(operation, ranks, place, sizes=()):
    sizes = sizes or ((0,) if operation == "barrier" else BLOCK_SIZES)
    work = Work(operation, "coll", ranks, tuple(sizes))
    return Question(f"{operation}, {ranks} ranks", [work],
                    [Candidate(name, operation=operation, algorithm=name)
                     for name in _algorithms(operation, ranks, place)], operation, place=place)


def between(low, high):
    """A power of two near the geometric middle of two sizes, or None."""
    middle = 1 << max(0, (max(low, 1) * high).bit_length() // 2)
    return middle if low < middle < high else None
