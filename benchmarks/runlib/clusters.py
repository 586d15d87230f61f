# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""The clusters that jobs run in: started when first wanted, one process of ours their owner."""
import contextlib
import glob
import os
import shlex
import subprocess

from mpisuite import execute, layout

REGION = "256M"
HUGE_POOL = "/sys/kernel/mm/hugepages/hugepages-2048kB"
HUGE_BYTES = 2 << 20
CLEAN_UP_S = 30  # for a program that takes its own cluster down
BOOT_S = 900  # no cluster of 15 emulated guests takes this long


class ClusterError(Exception):
    """ "what: problem: remedy"."""


def problem_of(text):
    """Of a script's output what says what is wrong. Its last line may refer to the one above."""
    lines = [line for line in text.splitlines() if line.strip()] or ["no message"]
    last = lines[-1].removeprefix("cluster: ")
    if last.endswith("above") and len(lines) > 1:
        return f"{last.rpartition(': ')[0]}: {lines[-2]}"
    return last


class Cluster:
    def __init__(self, top, spec, name, environment):
        self.spec, self.top = spec, top
        kind = "native" if spec.place == "host" else "vm"
        self.script = f"{top}/test/{kind}/cluster"
        self.environment = dict(environment, CLUSTER_NAME=name)
        self.state = f"{os.environ.get('TMPDIR', '/tmp')}/mpi-cluster-{os.getuid()}-{name}"

    def words(self):
        """What it is like."""
        return ["up", f"--hosts={self.spec.vms}", f"--region-size={REGION}",
                f"--mem={384 + 128 * self.spec.cpus}M", f"--cpus={self.spec.cpus}",
                *(["--huge"] if self.spec.huge else [])]

    def up(self, limit):
        done = subprocess.run([self.script, *self.words(), f"--owner={os.getpid()}",
                               f"--boot-timeout={max(1, int(min(limit, BOOT_S)))}"],
                              env=self.environment, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            self.down()
            raise ClusterError(f"{self.spec.vms} VMs: {problem_of(done.stderr)}")
        try:
            for number, domain in enumerate(self.spec.domains):
                self._bind(number + 1, domain)
        except OSError as error:
            self.down()
            raise ClusterError(f"VMs cannot be bound to their processors: {error.strerror}: see --domains, "
                               "taskset -p") from None

    def whole(self):
        """Whether all of it is still up."""
        done = subprocess.run([self.script, "status"], env=self.environment, capture_output=True,
                              text=True, check=False, stdin=subprocess.DEVNULL)
        lines = done.stdout.splitlines()
        return done.returncode == 0 and len(lines) == self.spec.vms and \
            all(line.endswith(" up") for line in lines)

    def down(self):
        subprocess.run([self.script, "down"], env=self.environment, capture_output=True, check=False)

    def _bind(self, number, processors):
        """All that VM vmN has and will have to these processors."""
        with open(f"{self.state}/vm{number}.pid", encoding="ascii") as pid:
            for process in _below(int(pid.read())):
                for thread in glob.glob(f"/proc/{process}/task/[0-9]*"):
                    with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
                        os.sched_setaffinity(int(os.path.basename(thread)), processors)

    def run(self, case, limit):
        """A job: its outcome, as of mpisuite.execute."""
        env = dict(self.environment, MPIR_CVAR_IVSHMEM_REPORT="1", **settings(case))
        return execute.run(self.command(case), case.program.directory, env, limit)

    def shown_up(self):
        """How somebody would start such a cluster, in the top folder."""
        return shlex.join([os.path.relpath(self.script, self.top), *self.words()])

    def shown(self, case):
        """The command as somebody would type it there, beside a cluster that is up."""
        words = self.command(case)
        words[0] = os.path.relpath(words[0], self.top)
        return shlex.join([*(f"{name}={value}" for name, value in settings(case).items()), *words])

    def command(self, case):
        pin = ["--pin"] if case.program.pins and self.spec.place == "host" and \
            case.ranks <= len(os.sched_getaffinity(0)) else []
        return [self.script, "mpiexec", "-n", str(case.ranks), "-hosts", ",".join(case.hosts),
                *case.program.words, *pin]


class Alone:
    """Where programs run that see to their own cluster."""

    def __init__(self, top, environment):
        self.top, self.environment = top, environment

    def run(self, case, limit):
        return execute.run(case.program.words, "/", self.environment, limit, CLEAN_UP_S)

    def shown_up(self):
        return ""

    def shown(self, case):
        first, *others = case.program.words
        return shlex.join([os.path.relpath(first, self.top), *others])


def _below(pid):
    """The process and all its descendants."""
    found = [pid]
    for process in found:
        for path in glob.glob(f"/proc/{process}/task/[0-9]*/children"):
            with contextlib.suppress(OSError), open(path, encoding="ascii") as children:
                found += map(int, children.read().split())
    return found


def settings(case):
    """Environment variables of a job."""
    return {**({"MPIR_CVAR_IVSHMEM_ENABLE": "0"} if case.channel == "netmod" else {}),
            **dict(case.extra)}


def channel_problem(case, output):
    """What in a job's channel report contradicts its case, or ""."""
    report = "".join(f"{line}\n" for line in output.splitlines() if line.startswith("[ivshmem]"))
    ranks = f"[ivshmem] channels: {case.ranks} ranks"
    hosts = 1 if case.channel == "region" else case.vms
    want = f"{ranks}: one VM: shm" if case.channel == "native" else \
        f"{ranks}, {case.vms} VMs, {hosts} hosts"
    if not report:
        return "no channel report: the program does not run on this library"
    if want not in report.splitlines():
        return f"the channel report does not say '{want[10:]}'"
    per_host = case.vms if case.channel == "region" else 1
    return layout.Layout("case", "", case.vms, per_host).report_problem(report)


class Fleet:
    """All clusters that are up. A context manager that takes them down."""

    def __init__(self, top, environment):
        self.top, self.environment = top, environment
        self.up, self.made = {}, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.keep(())

    def keep(self, specs):
        """Takes all others down."""
        for spec in [spec for spec in self.up if spec not in specs]:
            self.up.pop(spec).down()

    def place(self, case, limit):
        """Where a job runs. Its cluster is started if it is not up."""
        return Alone(self.top, self.environment) if case.program.alone else self.get(case.spec, limit)

    def mend(self, case):
        """After a job that failed: a cluster that is broken is started anew for the next one."""
        cluster = self.up.get(case.spec)
        if cluster is not None and not cluster.whole():
            self.up.pop(case.spec).down()

    def get(self, spec, limit):
        if spec not in self.up:
            self.made += 1
            cluster = Cluster(self.top, spec, f"run-{os.getpid()}-{self.made}", self.environment)
            cluster.up(limit)
            self.up[spec] = cluster
        return self.up[spec]


class HugePages:
    """Enough huge pages for a region of REGION while in it, and some that UCX takes for itself when
    there are any; a context manager that gives back those it added. The attribute problem says why
    there are not enough."""

    def __init__(self, pool=HUGE_POOL, needed=(256 << 20) // HUGE_BYTES + 64):
        self.pool, self.needed, self.before, self.problem = pool, needed, None, ""

    def _read(self, name):
        with open(f"{self.pool}/{name}", encoding="ascii") as text:
            return int(text.read())

    def _write(self, number):
        with open(f"{self.pool}/nr_hugepages", "w", encoding="ascii") as out:
            out.write(str(number))

    def __enter__(self):
        try:
            missing = self.needed - self._read("free_hugepages")
            if missing > 0:
                self.before = self._read("nr_hugepages")
                self._write(self.before + missing)
            free = self._read("free_hugepages")
        except OSError as error:
            self.problem = f"huge pages of 2 MB: {error.strerror}"
            return self
        if free < self.needed:
            self.problem = f"huge pages of 2 MB: {free} of {self.needed} are free, no more to be had"
        return self

    def __exit__(self, *_):
        if self.before is not None:
            with contextlib.suppress(OSError):
                self._write(self.before)
