# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""The benchmarks: programs, numbers of ranks, options."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """One start of a program. Its lines are filed under key, if given, else under their sizes."""
    ranks: int
    args: tuple = ()
    key: int = None


@dataclass(frozen=True)
class Benchmark:
    name: str
    program: str
    title: str
    unit: str
    runs: tuple
    column: str = "size"
    lower_is_better: bool = True
    binds: bool = True  # ranks to cores, if there are enough; else the program sees to it
    sizes: tuple = ()  # instead of the program's own
    multiple: int = 1  # what sizes must be multiples of
    folder: str = "pt2pt"  # of the program
    place: str = ""  # where ranks are: "vms" (see mpis.layout_of()), "hosts", or two VMs

    def options(self, sizes, largest):
        """The program's options for the sizes asked for (a tuple, or () for the usual ones) up to
        largest (None: any), or None if none is left. An idle benchmark has its own size."""
        if self.column != "size":
            return []
        wanted = [size for size in sizes or self.sizes
                  if size % self.multiple == 0 and (largest is None or size <= largest)]
        if wanted:
            return ["--sizes=" + ",".join(map(str, wanted))]
        if sizes or self.sizes or (largest is not None and largest < self.multiple):
            return None
        return [] if largest is None else [f"--max={largest}"]


IDLE = (0, 6, 63)
IDLE_QUICK = (0, 6)
TYPES = ("contiguous", "vector", "indexed", "struct")
OVERSUBSCRIPTION = 4  # ranks for each core


def _even(number):
    return number - number % 2


def benchmarks(cores, quick):
    """All of them, for a machine with so many cores."""
    pairs = max(4, _even(cores))
    crowd = max(8, _even(OVERSUBSCRIPTION * cores))
    idle = tuple(Run(2 + k, ("--idle=sleep", "--pin"), k) for k in (IDLE_QUICK if quick else IDLE))
    return [
        Benchmark("latency", "latency", "one-way latency, 2 ranks", "us", (Run(2),)),
        Benchmark("bandwidth", "bandwidth", "bandwidth, 2 ranks, window 64", "MB/s", (Run(2),),
                  lower_is_better=False),
        Benchmark("bibandwidth", "bibandwidth", "bandwidth of both directions, 2 ranks, window 64",
                  "MB/s", (Run(2),), lower_is_better=False),
        Benchmark("bandwidth-alloc-mem", "bandwidth", "bandwidth, 2 ranks, window 64, buffers from "
                  "MPI_Alloc_mem", "MB/s", (Run(2, ("--alloc-mem",)),), lower_is_better=False,
                  sizes=tuple(1 << n for n in range(14, 23))),
        Benchmark("bandwidth-alloc-mem-recv", "bandwidth", "bandwidth, 2 ranks, window 64, receive "
                  "buffer from MPI_Alloc_mem", "MB/s", (Run(2, ("--alloc-mem=recv",)),),
                  lower_is_better=False, sizes=tuple(1 << n for n in range(16, 23))),
        Benchmark("rate", "message_rate", "message rate, 2 ranks, window 64", "messages/s",
                  (Run(2),), lower_is_better=False, sizes=(8,)),
        Benchmark("multi", "multi_latency", f"one-way latency, {pairs} ranks in pairs at once", "us",
                  (Run(pairs),)),
        Benchmark("idle", "idle_latency", "one-way latency of 8 bytes beside idle ranks", "us",
                  idle, column="idle", binds=False),
        *(Benchmark(f"type-{name}", "datatype_latency", f"one-way latency, datatype {name}", "us",
                    (Run(2, (f"--type={name}",)),), multiple=32) for name in TYPES),
        Benchmark("oversubscribed", "multi_latency",
                  f"one-way latency, {crowd} ranks on {cores} cores in pairs at once", "us",
                  (Run(crowd),), sizes=(8, 1024, 65536)),
        *_rma(crowd, cores),
        *_collectives("vms", "", RANKS_QUICK if quick else RANKS, quick),
        *_collectives("hosts", "-hosts", HOSTS_RANKS[:1] if quick else HOSTS_RANKS, quick),
    ]


RANKS, RANKS_QUICK = (2, 4, 8, 15, 16), (2,)
HOSTS_RANKS = (4, 8)
GROUPS = {"coll": "vms", "coll-hosts": "hosts"}  # names for --only: all benchmarks of a place
COLLECTIVES = ("barrier", "bcast", "allgather", "allgatherv", "allreduce", "alltoall", "alltoallv",
               "reduce", "gather", "scatter", "reduce_scatter_block", "scan")


def _collectives(place, suffix, numbers, quick):
    """Of each number of ranks, named "bcast-4" or "bcast-hosts-4"."""
    powers = (4, 4096) if quick else tuple(4 ** n for n in range(1, 11))
    where = ", two hosts with two VMs each" if place == "hosts" else ""
    return [Benchmark(f"{name.replace('_', '-')}{suffix}-{ranks}", name,
                      f"MPI_{name.capitalize()}, {ranks} ranks{where}", "us", (Run(ranks),),
                      sizes=(0,) if name == "barrier" else powers, folder="coll", place=place)
            for name in COLLECTIVES for ranks in numbers]


def by_name(cores, quick):
    """{name: [benchmarks]}: of each, and of each group."""
    every = benchmarks(cores, quick)
    found = {bench.name: [bench] for bench in every}
    found.update((group, [b for b in every if b.place == place]) for group, place in GROUPS.items())
    return found


def _rma(crowd, cores):
    """One-sided communication."""
    both = [Benchmark(f"{name}{suffix}", f"{name}_{program}", title, unit, (Run(2),),
                      lower_is_better=lower, folder="rma")
            for name in ("put", "get")
            for suffix, program, title, unit, lower in (
                ("", "latency", f"{name} and flush, 2 ranks", "us", True),
                ("-bandwidth", "bandwidth", f"bandwidth of {name}, 2 ranks, window 64", "MB/s",
                 False))]
    return [
        *both,
        Benchmark("put-lock", "put_lock", "lock, put and unlock, 2 ranks", "us", (Run(2),),
                  folder="rma"),
        Benchmark("accumulate", "accumulate", "accumulate of doubles and flush, 2 ranks", "us",
                  (Run(2),), multiple=8, folder="rma"),
        Benchmark("fetch-and-op", "fetch_and_op", "fetch-and-add and flush, 2 ranks", "us",
                  (Run(2),), sizes=(8,), folder="rma"),
        Benchmark("compare-and-swap", "compare_and_swap", "compare-and-swap and flush, 2 ranks",
                  "us", (Run(2),), sizes=(8,), folder="rma"),
        Benchmark("counter", "counter", f"fetch-and-add of {crowd} ranks on {cores} cores on one "
                  "counter", "us", (Run(crowd),), sizes=(8,), folder="rma"),
    ]


# Files of each program besides its own.
PT2PT = ("pt2pt/bench.c", "pt2pt/options.c")
APPS = ("apps/app_option.c", "apps/app_report.c", "apps/app_time.c")
SHARED = {"pt2pt": PT2PT, "rma": (*PT2PT, "rma/rma.c"),
          "coll": (*PT2PT, "coll/coll.c"),
          "apps": APPS, "nas": (*APPS, "nas/nas.c", "nas/nas_random.c")}
WINDOWS = ("pt2pt/windows.c",)
EXTRA = {"pt2pt/bandwidth": WINDOWS, "pt2pt/bibandwidth": WINDOWS, "pt2pt/message_rate": WINDOWS,
         "apps/fft3d": ("apps/fft3d_pencils.c",), "apps/lu": ("apps/lu_factor.c",),
         "apps/md": ("apps/md_atoms.c", "apps/md_forces.c"),
         "apps/bfs": ("apps/bfs_check.c", "apps/bfs_graph.c"),
         "nas/cg": ("nas/cg_matrix.c",), "nas/mg": ("nas/mg_grid.c",),
         "nas/lu": ("nas/lu_flow.c", "nas/lu_grid.c")}
MATHS, FFTW = ("-lm",), ("-lfftw3", "-lm")
LIBRARIES = {"apps/fft3d": FFTW, "apps/lu": ("-lblas", "-lm"), "apps/md": MATHS,
             "nas/cg": MATHS, "nas/ft": FFTW, "nas/mg": MATHS, "nas/lu": MATHS}
APPLICATIONS = ("fft3d", "lu", "md", "bfs")
NAS = ("cg", "is", "ft", "mg", "lu")


def sources(program, folder="pt2pt"):
    """Of a program, below benchmarks/."""
    return [f"{folder}/{program}.c", *SHARED[folder], *EXTRA.get(f"{folder}/{program}", ())]


def libraries(program, folder="pt2pt"):
    """The linker's options for a program."""
    return LIBRARIES.get(f"{folder}/{program}", ())


def target(program, folder="pt2pt"):
    """Of a program, below the folder of an MPI library's programs."""
    return f"{folder}/{program}" if folder in ("apps", "nas") else program
