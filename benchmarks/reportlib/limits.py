# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""What the figures do not show, in plain words: each sentence follows from the results themselves."""
from . import text


def known(tables, about):
    rows = [row for table in tables for row in table.rows]
    places = {row.place for row in rows}
    found = []
    if "guests" in places:
        found += _guests(about)
    if "host" in places:
        found.append("Rows marked \"host\" are not virtual machines: Linux namespaces on this machine "
                     "stand for them, with the machine's own speed, and TCP over virtual Ethernet "
                     "stands for the network. No hypervisor and no adapter takes part.")
    if "ended" not in about:
        found.append("It is not on record that this run came to its end: it was interrupted, or is still "
                     "going. What it had not come to is called \"not part of this run\", or not named.")
    found += _domains(tables, about)
    found += _cores(rows, about)
    found += _rounds(rows, about)
    if about.get("load_at_start", 0) > 0.5 * about.get("cores", 1):
        found.append(f"The machine was not at rest: its load was {about['load_at_start']:.1f} on "
                     f"{about.get('cores')} processors when the run began.")
    return found


def _guests(about):
    if about.get("accel") != "kvm":
        yield ("The guests' processors are emulated (QEMU without KVM): each instruction costs many "
               "times what it costs on a real one. Times in guests are those of the emulation. What "
               "can be read from them is which channel is faster, not how fast either would be.")
    yield ("Verbs between the guests are soft-RoCE: the guests' kernels play the adapter, in software, "
           "over virtual Ethernet. A real adapter is far faster, so what the region gains over verbs "
           "here is more than it would gain over hardware.")
    yield ("\"One VM\" in guests is a single guest with as many virtual processors as there are ranks.")


def _domains(tables, about):
    options = about.get("options")
    given = options.get("domains", "None") if isinstance(options, dict) else "None"
    if given != "None" and any(table.experiment.startswith("numa-") for table in tables):
        yield (f"What is called NUMA domains here are the processors of --domains={given}. The machine "
               f"itself tells of {about.get('numa_domains', 'an unknown number')}.")


def _cores(rows, about):
    cores, most = about.get("cores", 0), max((row.ranks for row in rows), default=0)
    if cores and most > cores:
        yield (f"Cores are oversubscribed: up to {most} ranks ran on {cores} processors. Such rows show "
               "how ranks that share a processor get out of each other's way, not how the channel "
               "scales.")


def _rounds(rows, about):
    few = sum(any(cell.rounds < text.FEW for cell in row.cells.values()) for row in rows)
    if few:
        yield (f"{few} of {len(rows)} rows rest on fewer than {text.FEW} rounds: their spread is unknown.")
    if about.get("mode") == "quick":
        yield ("This was a quick run: few rounds, short measurements, small problems. It shows that "
               "everything works, and roughly what to expect. Figures to quote need --full.")
