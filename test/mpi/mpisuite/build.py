# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Builds MPICH's test programs out of tree against an installed MPI."""
import glob
import os
import subprocess

SUPPORT = ("dtpools", "util")
_CHUNK = 100  # programs per make command


class BuildError(Exception):
    """ "step: problem: remedy"."""


def environment(prefix):
    env = dict(os.environ)
    paths = [os.path.join(prefix, "lib"), env.get("LD_LIBRARY_PATH", "")]
    env["LD_LIBRARY_PATH"] = os.pathsep.join(path for path in paths if path)
    if os.path.isdir("/usr/lib/ccache"):
        env["PATH"] = "/usr/lib/ccache" + os.pathsep + env["PATH"]
    return env


def _logged(command, directory, env, log):
    with open(log, "ab") as out:
        out.write(f"$ {' '.join(command)}\n".encode())
        out.flush()
        return subprocess.run(command, cwd=directory, env=env, stdin=subprocess.DEVNULL,
                              stdout=out, stderr=subprocess.STDOUT, check=False).returncode


def configure(source, build, prefix):
    """Configures once. The programs may later run on another MPI of the same ABI; a tree made
    from another source is refused."""
    stamp, want = os.path.join(build, "mpisuite.stamp"), f"{source}\n"
    if os.path.exists(stamp):
        with open(stamp, encoding="utf-8") as old:
            if old.read() == want:
                return
        raise BuildError(f"{build}: made from another source: remove it")
    os.makedirs(build, exist_ok=True)
    log = os.path.join(build, "mpisuite-build.log")
    status = _logged([os.path.join(source, "configure"), f"--srcdir={source}",
                      f"--with-mpi={prefix}", "--disable-dependency-tracking",
                      "--enable-threads=multiple"], build, environment(prefix), log)
    if status != 0:
        raise BuildError(f"configure: failed: see {log}")
    with open(stamp, "w", encoding="utf-8") as new:
        new.write(want)


def programs(build, prefix, tests, jobs):
    """Builds the programs of the tests, as far as they can be built: a program that cannot is
    found missing when its turn comes, and fails there."""
    env, log = environment(prefix), os.path.join(build, "mpisuite-build.log")
    for directory in SUPPORT:
        if _logged(["make", f"-j{jobs}", "-C", directory], build, env, log) != 0:
            raise BuildError(f"make -C {directory}: failed: see {log}")
    wanted = {}
    for test in tests:
        if not os.path.exists(os.path.join(build, test.directory, test.program)):
            wanted.setdefault(test.directory, {})[test.program] = None
    for directory, names in wanted.items():
        names = list(names)
        for start in range(0, len(names), _CHUNK):
            _logged(["make", "-k", f"-j{jobs}", "-C", directory, *names[start:start + _CHUNK]],
                    build, env, log)


def own(build, prefix, source, names):
    """Builds our own programs, source/NAME.c with source/NAME_*.c and check.c, to build/src."""
    flags = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-g", "-Wall", "-Wextra",
             "-Wno-stringop-overflow"]  # gcc 12 misreads MPI_STATUSES_IGNORE
    target, log = os.path.join(build, "src"), os.path.join(build, "mpisuite-build.log")
    os.makedirs(target, exist_ok=True)
    for name in names:
        files = [f"{source}/check.c", f"{source}/{name}.c", *glob.glob(f"{source}/{name}_*.c")]
        program = os.path.join(target, name)
        newest = max(os.path.getmtime(path) for path in files + glob.glob(f"{source}/*.h"))
        if os.path.exists(program) and os.path.getmtime(program) > newest:
            continue
        command = [os.path.join(prefix, "bin", "mpicc"), *flags, *files, "-o", program]
        if _logged(command, target, environment(prefix), log) != 0:
            raise BuildError(f"{name}: does not compile: see {log}")
