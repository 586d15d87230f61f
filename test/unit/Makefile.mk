# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors

EXTRA_DIST += test/unit/abi.golden test/unit/domains

if HAVE_CMOCKA
ivl_unit_tests = \
	test/unit/test_abi \
	test/unit/test_block \
	test/unit/test_block_stress \
	test/unit/test_chunk_race \
	test/unit/test_format \
	test/unit/test_ident \
	test/unit/test_job \
	test/unit/test_primitive \
	test/unit/test_region_file \
	test/unit/test_region_pci \
	test/unit/test_super \
	test/unit/test_table \
	test/unit/test_vmid

check_PROGRAMS += $(ivl_unit_tests)
TESTS += $(ivl_unit_tests)

ivl_unit_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
ivl_unit_libs = src/locality/liblocality.la $(CMOCKA_LIBS) -lpthread

test_unit_test_abi_SOURCES = test/unit/test_abi.c test/unit/ivl_test.h
test_unit_test_abi_CFLAGS = $(ivl_unit_cflags)
test_unit_test_abi_LDADD = $(ivl_unit_libs)
test_unit_test_block_SOURCES = test/unit/test_block.c test/unit/ivl_test.h
test_unit_test_block_CFLAGS = $(ivl_unit_cflags)
test_unit_test_block_LDADD = $(ivl_unit_libs)
test_unit_test_block_stress_SOURCES = test/unit/test_block_stress.c test/unit/ivl_test.h
test_unit_test_block_stress_CFLAGS = $(ivl_unit_cflags)
test_unit_test_block_stress_LDADD = $(ivl_unit_libs)
test_unit_test_format_SOURCES = test/unit/test_format.c test/unit/ivl_test.h
test_unit_test_format_CFLAGS = $(ivl_unit_cflags)
test_unit_test_format_LDADD = $(ivl_unit_libs)
test_unit_test_ident_SOURCES = test/unit/test_ident.c test/unit/ivl_test.h
test_unit_test_ident_CFLAGS = $(ivl_unit_cflags)
test_unit_test_ident_LDADD = $(ivl_unit_libs)
test_unit_test_job_SOURCES = test/unit/test_job.c test/unit/ivl_test.h
test_unit_test_job_CFLAGS = $(ivl_unit_cflags)
test_unit_test_job_LDADD = $(ivl_unit_libs)
test_unit_test_primitive_SOURCES = test/unit/test_primitive.c benchmarks/primitive/shared.c \
	benchmarks/primitive/area.h benchmarks/primitive/bakery.h benchmarks/primitive/primitive.h
test_unit_test_primitive_CFLAGS = $(ivl_unit_cflags)
test_unit_test_primitive_LDADD = $(ivl_unit_libs)
test_unit_test_region_file_SOURCES = test/unit/test_region_file.c test/unit/ivl_test.h
test_unit_test_region_file_CFLAGS = $(ivl_unit_cflags)
test_unit_test_region_file_LDADD = $(ivl_unit_libs)
test_unit_test_region_pci_SOURCES = test/unit/test_region_pci.c test/unit/ivl_test.h
test_unit_test_region_pci_CFLAGS = $(ivl_unit_cflags)
test_unit_test_region_pci_LDADD = $(ivl_unit_libs)
test_unit_test_super_SOURCES = test/unit/test_super.c test/unit/ivl_test.h
test_unit_test_super_CFLAGS = $(ivl_unit_cflags)
test_unit_test_super_LDADD = $(ivl_unit_libs)
test_unit_test_table_SOURCES = test/unit/test_table.c test/unit/ivl_test.h
test_unit_test_table_CFLAGS = $(ivl_unit_cflags)
test_unit_test_table_LDADD = $(ivl_unit_libs)
test_unit_test_vmid_SOURCES = test/unit/test_vmid.c test/unit/ivl_test.h
test_unit_test_vmid_CFLAGS = $(ivl_unit_cflags)
test_unit_test_vmid_LDADD = $(ivl_unit_libs)

# the host's daemon
if BUILD_TOOLS
host_unit_tests = \
	test/unit/test_host_config \
	test/unit/test_host_request \
	test/unit/test_host_table \
	test/unit/test_host_tenant
if HAVE_XML2
host_unit_tests += test/unit/test_host_domain
endif
check_PROGRAMS += $(host_unit_tests)
TESTS += $(host_unit_tests)

host_unit_cflags = $(ivd_cflags) $(CMOCKA_CFLAGS)
host_unit_libs = $(ivd_libs) $(CMOCKA_LIBS)

test_unit_test_host_config_SOURCES = test/unit/test_host_config.c test/unit/host_test.h
test_unit_test_host_config_CPPFLAGS = $(ivd_cppflags)
test_unit_test_host_config_CFLAGS = $(host_unit_cflags)
test_unit_test_host_config_LDADD = $(host_unit_libs)
test_unit_test_host_domain_SOURCES = test/unit/test_host_domain.c test/unit/host_test.h
test_unit_test_host_domain_CPPFLAGS = $(ivd_cppflags)
test_unit_test_host_domain_CFLAGS = $(host_unit_cflags)
test_unit_test_host_domain_LDADD = $(host_unit_libs)
test_unit_test_host_request_SOURCES = test/unit/test_host_request.c test/unit/host_test.h
test_unit_test_host_request_CPPFLAGS = $(ivd_cppflags)
test_unit_test_host_request_CFLAGS = $(host_unit_cflags)
test_unit_test_host_request_LDADD = $(host_unit_libs)
test_unit_test_host_table_SOURCES = test/unit/test_host_table.c test/unit/host_test.h
test_unit_test_host_table_CPPFLAGS = $(ivd_cppflags)
test_unit_test_host_table_CFLAGS = $(host_unit_cflags)
test_unit_test_host_table_LDADD = $(host_unit_libs)
test_unit_test_host_tenant_SOURCES = test/unit/test_host_tenant.c test/unit/host_test.h
test_unit_test_host_tenant_CPPFLAGS = $(ivd_cppflags)
test_unit_test_host_tenant_CFLAGS = $(host_unit_cflags)
test_unit_test_host_tenant_LDADD = $(host_unit_libs)
endif

# the library once more, with a hook between the steps of each move
test_unit_test_chunk_race_SOURCES = test/unit/test_chunk_race.c test/unit/ivl_test.h $(ivl_sources)
test_unit_test_chunk_race_CPPFLAGS = $(AM_CPPFLAGS) -DIVL_TEST_STEPS
test_unit_test_chunk_race_CFLAGS = $(ivl_unit_cflags)
test_unit_test_chunk_race_LDADD = $(CMOCKA_LIBS) -lpthread
endif
