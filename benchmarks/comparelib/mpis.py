# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""The MPI libraries: where they are, how programs are built for them and started."""
import os
import shutil
from dataclasses import dataclass, field

from mpisuite import layout

# Settings of the caller must not reach one library and miss the other.
FOREIGN = ("MPIR_CVAR_", "MPIR_PARAM_", "UCX_", "OMPI_", "FI_", "HYDRA_", "PMI_", "MPICH_")


class MissingError(Exception):
    """ "what: problem: remedy"."""


class UnfitError(Exception):
    """Why a library cannot run where a benchmark wants it."""


@dataclass
class Mpi:
    name: str
    text: str
    compiler: str
    launcher: str
    remedy: str  # if it is missing
    prefix: str = ""  # of a library outside the system's folders
    peer: bool = True  # ours is compared with it
    layout: str = ""  # of mpisuite, for ours
    open_mpi: bool = False
    why_not: str = ""  # it cannot run across fake hosts; empty: it can
    settings: dict = field(default_factory=dict)

    def check(self):
        for program in (self.compiler, self.launcher):
            if shutil.which(program) is None:
                raise MissingError(f"{self.name}: {program}: not found: {self.remedy}")

    def layout_of(self, bench, ranks, ranks_per_vm):
        """The layout of mpisuite for a run, or None: the ranks are processes of one machine."""
        if bench.place == "hosts":
            if self.why_not:
                raise UnfitError(self.why_not)
            return layout.LAYOUTS["d"] if self.layout else NODES
        if bench.place == "vms" and self.layout == "b2":
            return _co_resident(-(-ranks // ranks_per_vm))
        return layout.LAYOUTS[self.layout] if self.layout else None

    def environment(self, extra=None):
        env = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        env.pop("LD_LIBRARY_PATH", None)
        if self.prefix:
            env["LD_LIBRARY_PATH"] = os.path.join(self.prefix, "lib")
        env.update(extra or {})
        env.update(self.settings)
        return env

    def command(self, ranks, cores, binds):
        """The words before the program's name."""
        bound = binds and ranks <= cores
        if self.open_mpi:
            return [self.launcher, *(["--allow-run-as-root"] if os.geteuid() == 0 else []),
                    *(["--oversubscribe"] if ranks > cores else []),
                    "--bind-to", "core" if bound else "none",
                    "--mca", "pml", "ob1", "--mca", "btl", "self,vader", "-n", str(ranks)]
        return [self.launcher, *(["-bind-to", "core"] if bound else []), "-n", str(ranks)]


NODES = layout.Layout("stock-4", "stock MPICH, four nodes", vms=4, stock=True)


def _co_resident(vms):
    made = layout.Layout(f"b{vms}", f"{vms} co-resident VMs over the region", vms, vms)
    return layout.LAYOUTS.get("a" if vms == 1 else made.name, made)


def _ours(name, text, prefix, where, settings, **more):
    return Mpi(name, text, f"{prefix}/bin/mpicc", f"{prefix}/bin/mpiexec",
               "run ./quickstart --build-only", prefix, peer=False, layout=where, settings=settings,
               **more)


def known(prefix, stock, settings):
    """All libraries, ours first."""
    return {mpi.name: mpi for mpi in (
        _ours("ours", "this project, two VMs over the region", prefix, "b2", settings),
        _ours("ours-1vm", "this project, inside one VM", prefix, "a", settings,
              why_not="its ranks are in one VM"),
        _ours("ours-nonet", "this project, two VMs, UCX without a network", prefix, "b2",
              {**settings, "UCX_TLS": "posix,self"}, why_not="it has no network"),
        Mpi("stock", "MPICH 4.0.2 ch4:ofi as released", f"{stock}/bin/mpicc",
            f"{stock}/bin/mpiexec", "run benchmarks/stock-mpich, or give --stock=PREFIX", stock),
        Mpi("mpich", "the distribution's MPICH", "mpicc.mpich", "mpiexec.mpich",
            "install the packages mpich and libmpich-dev",
            why_not="with UCX over TCP its jobs often do not end"),
        Mpi("ompi", "the distribution's Open MPI, ob1 over vader", "mpicc.openmpi",
            "mpirun.openmpi", "install the packages openmpi-bin and libopenmpi-dev", open_mpi=True,
            why_not="it cannot take one machine for several nodes"),
    )}
