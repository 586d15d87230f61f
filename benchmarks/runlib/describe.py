# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""What the figures were taken on: the contents of machine.json."""
import ctypes
import glob
import hashlib
import os
import re

from comparelib import machine

NUMA_DEPTH = -3  # HWLOC_TYPE_DEPTH_NUMANODE
# What has to be the same in all of a run's results.
CONDITIONS = ("options", "libmpi_sha256", "host", "cpu", "cores", "kernel", "accel", "qemu", "source",
              "libraries")
CACHE_TYPES = range(4, 9)  # HWLOC_OBJ_L1CACHE to HWLOC_OBJ_L5CACHE


class _Hwloc:
    """The few calls of libhwloc that are needed; none of them looks into its structures."""

    def __init__(self):
        self.library = ctypes.CDLL("libhwloc.so.15")
        self.library.hwloc_get_obj_by_depth.restype = ctypes.c_void_p
        self.topology = ctypes.c_void_p()
        self.library.hwloc_topology_init(ctypes.byref(self.topology))
        if self.library.hwloc_topology_load(self.topology) != 0:
            raise OSError("hwloc: the topology cannot be read")

    def count(self, depth):
        return self.library.hwloc_get_nbobjs_by_depth(self.topology, depth)

    def attributes(self, depth):
        """Of the first object of a depth: "size=32KB linesize=64 ways=8"."""
        text = ctypes.create_string_buffer(200)
        found = self.library.hwloc_get_obj_by_depth(self.topology, depth, 0)
        self.library.hwloc_obj_attr_snprintf(text, ctypes.c_size_t(200), ctypes.c_void_p(found),
                                             b" ", 1)
        return text.value.decode("ascii", "replace")

    def caches(self):
        for level, kind in enumerate(CACHE_TYPES, 1):
            depth = self.library.hwloc_get_type_depth(self.topology, kind)
            if depth >= 0:
                yield f"L{level}", f"{self.count(depth)} with {self.attributes(depth)}"


def topology():
    """(caches, number of NUMA domains), by hwloc."""
    try:
        hwloc = _Hwloc()
        return dict(hwloc.caches()), hwloc.count(NUMA_DEPTH)
    except (OSError, AttributeError):
        return {"unknown": "libhwloc.so.15 is not there"}, len(domains())


def domains():
    """The processors of each NUMA domain that has any."""
    found = []
    for path in sorted(glob.glob("/sys/devices/system/node/node[0-9]*/cpulist")):
        with open(path, encoding="ascii") as text:
            processors = cpu_list(text.read().strip())
        if processors:
            found.append(processors)
    return tuple(found)


def cpu_list(text):
    """(0, 1, 2, 5) of "0-2,5"."""
    found = []
    for part in filter(None, text.split(",")):
        low, _, high = part.partition("-")
        found += range(int(low), int(high or low) + 1)
    return tuple(found)


def package(name):
    return machine.first_line("dpkg-query", "-W", "-f", "${Version}", name)


def library_hash(prefix):
    try:
        with open(f"{prefix}/lib/libmpi.so.12", "rb") as library:
            return hashlib.sha256(library.read()).hexdigest()
    except OSError:
        return "unknown"


def accelerator():
    """As test/vm/cluster: emulation unless told otherwise."""
    return re.split("[, ]", os.environ.get("CLUSTER_ACCEL", "tcg"))[0]


def changes(before, now):
    """In which of CONDITIONS two descriptions differ, in words, or ""."""
    words = []
    for name in CONDITIONS:
        old, new = before.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            words += [f"{name}: {part}: {old.get(part, 'none')}, now {new.get(part, 'none')}"
                      for part in sorted({*old, *new}) if old.get(part) != new.get(part)]
        elif old != new:
            words.append(f"{name}: {'unknown' if old is None else old}, now {new}")
    return "; ".join(words)


def describe(top, prefix, words):
    caches, numa = topology()
    about = machine.describe(top, words)
    about.update(
        host=os.uname().nodename, caches=caches, numa_domains=numa,
        qemu=machine.first_line("qemu-system-x86_64", "--version"), accel=accelerator(),
        guest_kernel=", ".join(sorted(os.path.basename(p) for p in glob.glob("/boot/vmlinuz-*"))),
        libraries={name: package(name) for name in
                   ("libucx0", "libibverbs1", "libhwloc15", "libc6", "libfftw3-double3",
                    "libopenblas0", "libblas3")},
        mpi=machine.first_line(f"{prefix}/bin/mpichversion"), libmpi_sha256=library_hash(prefix))
    return about
