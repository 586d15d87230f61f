# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# Tests of the host's daemon, on regions in files.

host_tests = \
    test/host/config.sh \
    test/host/doorbell.sh \
    test/host/libvirt.sh \
    test/host/plan.sh \
    test/host/regions.sh \
    test/host/slurm.sh \
    test/host/socket.sh

EXTRA_DIST += $(host_tests) test/host/host.sh test/host/host.xml test/host/libvirtd \
    test/host/machine.sh test/host/systemd test/host/template.xml

if BUILD_TOOLS
TESTS += $(host_tests)
endif
