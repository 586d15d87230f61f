# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# Fuzz targets, here with the program that replays their corpus; run-fuzz builds them for libFuzzer.

EXTRA_DIST += test/fuzz/run-fuzz test/fuzz/corpus

ivl_fuzz_tests = \
	test/fuzz/fuzz_blocks \
	test/fuzz/fuzz_jobs \
	test/fuzz/fuzz_port \
	test/fuzz/fuzz_super \
	test/fuzz/fuzz_table \
	test/fuzz/fuzz_text

check_PROGRAMS += $(ivl_fuzz_tests)
TESTS += $(ivl_fuzz_tests)

test_fuzz_fuzz_blocks_SOURCES = test/fuzz/fuzz_blocks.c test/fuzz/replay.c test/fuzz/fuzz.h
test_fuzz_fuzz_blocks_LDADD = src/locality/liblocality.la
test_fuzz_fuzz_jobs_SOURCES = test/fuzz/fuzz_jobs.c test/fuzz/replay.c test/fuzz/fuzz.h
test_fuzz_fuzz_jobs_LDADD = src/locality/liblocality.la
test_fuzz_fuzz_port_SOURCES = test/fuzz/fuzz_port.c test/fuzz/replay.c test/fuzz/fuzz.h
test_fuzz_fuzz_port_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/src/shm/ivshmem
test_fuzz_fuzz_port_LDADD = src/shm/ivshmem/core/libcore.la
test_fuzz_fuzz_super_SOURCES = test/fuzz/fuzz_super.c test/fuzz/replay.c test/fuzz/fuzz.h
test_fuzz_fuzz_super_LDADD = src/locality/liblocality.la
test_fuzz_fuzz_table_SOURCES = test/fuzz/fuzz_table.c test/fuzz/replay.c test/fuzz/fuzz.h
test_fuzz_fuzz_table_LDADD = src/locality/liblocality.la
test_fuzz_fuzz_text_SOURCES = test/fuzz/fuzz_text.c test/fuzz/replay.c test/fuzz/fuzz.h
test_fuzz_fuzz_text_LDADD = src/locality/liblocality.la

# the host's daemon
if BUILD_TOOLS
host_fuzz_tests = test/fuzz/fuzz_config test/fuzz/fuzz_request
if HAVE_XML2
host_fuzz_tests += test/fuzz/fuzz_domain
endif
check_PROGRAMS += $(host_fuzz_tests)
TESTS += $(host_fuzz_tests)

test_fuzz_fuzz_config_SOURCES = test/fuzz/fuzz_config.c test/fuzz/replay.c test/fuzz/fuzz.h
test_fuzz_fuzz_config_CPPFLAGS = $(ivd_cppflags)
test_fuzz_fuzz_config_CFLAGS = $(ivd_cflags)
test_fuzz_fuzz_config_LDADD = $(ivd_libs)
test_fuzz_fuzz_domain_SOURCES = test/fuzz/fuzz_domain.c test/fuzz/replay.c test/fuzz/fuzz.h
test_fuzz_fuzz_domain_CPPFLAGS = $(ivd_cppflags)
test_fuzz_fuzz_domain_CFLAGS = $(ivd_cflags)
test_fuzz_fuzz_domain_LDADD = $(ivd_libs)
test_fuzz_fuzz_request_SOURCES = test/fuzz/fuzz_request.c test/fuzz/replay.c test/fuzz/fuzz.h
test_fuzz_fuzz_request_CPPFLAGS = $(ivd_cppflags)
test_fuzz_fuzz_request_CFLAGS = $(ivd_cflags)
test_fuzz_fuzz_request_LDADD = $(ivd_libs)
endif
