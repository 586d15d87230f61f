# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""hostile_first.py ACTION REGION: takes the part of benchmarks/primitive's first process and lies. Prints
its port. other: not the program at all; plan: numbers out of range; slot, stale: a job that is not
there; message: a wrong one in the tcp test."""
import socket
import struct
import sys

UUID_AT, UUID_BYTES, GENERATION_AT = 40, 16, 88  # in the superblock
RAW, TCP = 1, 8


def hello(tests, repetitions=1, iterations=10):
    return b"IVSPRIM1" + struct.pack("<IIQQ", tests, repetitions, iterations, iterations)


def offer(region, slot, epoch, members_off, block_off):
    with open(region, "rb") as content:
        head = content.read(4096)
    return (head[UUID_AT:UUID_AT + UUID_BYTES] + head[GENERATION_AT:GENERATION_AT + 8] +
            struct.pack("<QQQII", epoch, members_off, block_off, slot, 1))


def play(partner, action, region):
    if action == "other":
        partner.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 2)
    elif action == "plan":
        partner.sendall(hello(RAW, repetitions=2**32 - 1))
    elif action in ("slot", "stale"):
        slot, where = (2**31, 4096) if action == "slot" else (0, 2**63)
        partner.sendall(hello(RAW) + offer(region, slot, 1, where, where))
    else:
        partner.sendall(hello(TCP) + struct.pack("<IIQ", 1, 2, 7))  # two barriers, then the message
    while partner.recv(4096):
        pass


def main():
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        partner, _ = server.accept()
        with partner:
            play(partner, *sys.argv[1:])


main()
