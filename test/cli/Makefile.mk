# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# Tests of the command-line tools, on regions in files.

cli_tests = \
    test/cli/bad-input.sh \
    test/cli/create.sh \
    test/cli/doctor.sh \
    test/cli/gc.sh \
    test/cli/options.sh \
    test/cli/show.sh \
    test/cli/vms.sh

EXTRA_DIST += \
    $(cli_tests) \
    test/cli/bad-input.golden \
    test/cli/cli.sh \
    test/cli/create.golden \
    test/cli/doctor.golden \
    test/cli/gc.golden \
    test/cli/show.golden \
    test/cli/vms.golden

if BUILD_TOOLS
TESTS += $(cli_tests)
check_PROGRAMS += test/cli/jobs
test_cli_jobs_SOURCES = test/cli/jobs.c
test_cli_jobs_LDADD = src/locality/liblocality.la
endif
