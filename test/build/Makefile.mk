# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors

build_tests = \
    test/build/fetch.sh \
    test/build/overlay.sh \
    test/build/patches.sh \
    test/build/prepare.sh \
    test/build/quickstart.sh \
    test/build/runner.sh \
    test/build/step.sh

TESTS += $(build_tests)
EXTRA_DIST += $(build_tests) test/lib
