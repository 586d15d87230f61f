# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""What machine this is: caches, hand-over of a cache line, speed of copies."""
import glob
import os
import re
import subprocess
import xml.etree.ElementTree

from comparelib import run

# A mapping read so fast is cached, and so is one not so many times slower than ordinary memory.
CACHED_MBPS, SLOWER = 2000, 8
# As "size ordinary streaming", megabytes per second.
COPY_LINE = re.compile(r"^(\d+)\s+(\d+(?:\.\d+)?)\s+(\d+(?:\.\d+)?)$", re.MULTILINE)


def _of_hwloc(text):
    """{"L1d": bytes, ...} of hwloc's XML; the largest of each kind."""
    found = {}
    for node in xml.etree.ElementTree.fromstring(text).iter("object"):
        size = int(node.get("cache_size", "0"))
        if re.fullmatch(r"L\d+i?Cache", node.get("type", "")) and size > 0:
            level = node.get("type").replace("Cache", "")
            level = "L1d" if level == "L1" else level
            found[level] = max(size, found.get(level, 0))
    return found


def _of_kernel(top="/sys/devices/system/cpu/cpu0/cache"):
    found = {}
    for folder in sorted(glob.glob(f"{top}/index*")):
        try:
            level, kind, size = (_read(f"{folder}/{name}") for name in ("level", "type", "size"))
            name = f"L{level}" + {"Data": "d", "Instruction": "i"}.get(kind, "")
            found[name] = int(size.rstrip("K")) << 10
        except (OSError, ValueError):
            continue
    return found


def _read(path):
    with open(path, encoding="ascii") as text:
        return text.read().strip()


def caches():
    """({name: bytes}, who says so)."""
    try:
        done = subprocess.run(["lstopo-no-graphics", "--of", "xml"], capture_output=True, text=True,
                              check=True, timeout=30)
        return _of_hwloc(done.stdout), "hwloc"
    except (OSError, subprocess.SubprocessError, xml.etree.ElementTree.ParseError):
        return _of_kernel(), "the kernel: lstopo-no-graphics was not found or failed"


def _primitive(sources, directory, name, limit):
    """sources None: it is compiled already."""
    target = os.path.join(directory, name)
    if sources:
        run.compile_program(["cc", "-pthread"], target,
                            [os.path.join(sources, "primitive", f"{name}.c")], None)
    return run.launch([target], dict(os.environ), limit, name)


def hand_over_ns(sources, directory, limit=30):
    return run.parse(_primitive(sources, directory, "handover", limit))[0][1]


def copies(sources, directory, limit=60):
    """[{"bytes", "ordinary_mbps", "streaming_mbps"}]."""
    printed = _primitive(sources, directory, "copy", limit)
    return [{"bytes": int(size), "ordinary_mbps": float(plain), "streaming_mbps": float(past)}
            for size, plain, past in COPY_LINE.findall(printed)]


def memory_type(region, copied):
    """Of the region's mapping, from how fast the library read it (in its report) beside ordinary
    memory here; as ivshmemctl doctor tells."""
    speed = re.search(r" at (\d+) MB/s", region)
    if not speed or not isinstance(copied, list) or not copied:
        return "unknown"
    mbps, ordinary = float(speed.group(1)), copied[-1]["ordinary_mbps"]
    return "cached" if mbps >= CACHED_MBPS or ordinary < SLOWER * mbps else "not cached"


def machine(sources, directory, cores):
    """All of it; what cannot be had says why."""
    sizes, source = caches()
    about = {"cache_bytes": sizes, "cache_bytes_by": source}
    for name, probe in (("hand_over_ns", hand_over_ns), ("copy", copies)):
        try:
            about[name] = probe(sources, directory) if cores > 1 or name == "copy" else None
        except (run.RunError, OSError) as error:
            about[name] = f"not measured: {error}"
    return about
