# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# Unit tests of the parts beside the netmod, which MPICH's build compiles into libmpi. Their sources are
# named in src/shm/ivshmem/Makefile.mk too; those that ask libibverbs and UCX are built there alone.

check_LTLIBRARIES += src/mpid/ch4/netmod/ivshmem/libdevice.la
src_mpid_ch4_netmod_ivshmem_libdevice_la_SOURCES = \
	src/mpid/ch4/netmod/ivshmem/ivn_choice.c \
	src/mpid/ch4/netmod/ivshmem/ivn_choice.h \
	src/mpid/ch4/netmod/ivshmem/ivn_gid.c \
	src/mpid/ch4/netmod/ivshmem/ivn_gid.h \
	src/mpid/ch4/netmod/ivshmem/ivn_pieces.c \
	src/mpid/ch4/netmod/ivshmem/ivn_pieces.h \
	src/mpid/ch4/netmod/ivshmem/ivn_port.h \
	src/mpid/ch4/netmod/ivshmem/ivn_sysfs.c \
	src/mpid/ch4/netmod/ivshmem/ivn_sysfs.h \
	src/mpid/ch4/netmod/ivshmem/ivn_text.c \
	src/mpid/ch4/netmod/ivshmem/ivn_view.h
src_mpid_ch4_netmod_ivshmem_libdevice_la_LIBADD = src/locality/liblocality.la

if HAVE_CMOCKA
ivn_unit_tests = \
	test/unit/test_ivn_choice \
	test/unit/test_ivn_gid \
	test/unit/test_ivn_pieces \
	test/unit/test_ivn_sysfs

ivn_unit_cppflags = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) -I$(top_srcdir)/src/mpid/ch4/netmod/ivshmem
ivn_unit_libs = src/mpid/ch4/netmod/ivshmem/libdevice.la $(CMOCKA_LIBS)

test_unit_test_ivn_choice_SOURCES = test/unit/test_ivn_choice.c test/unit/ivn_test.h
test_unit_test_ivn_choice_CPPFLAGS = $(ivn_unit_cppflags)
test_unit_test_ivn_choice_LDADD = $(ivn_unit_libs)
test_unit_test_ivn_gid_SOURCES = test/unit/test_ivn_gid.c test/unit/ivn_test.h
test_unit_test_ivn_gid_CPPFLAGS = $(ivn_unit_cppflags)
test_unit_test_ivn_gid_LDADD = $(ivn_unit_libs)
test_unit_test_ivn_pieces_CPPFLAGS = $(ivn_unit_cppflags)
test_unit_test_ivn_pieces_LDADD = $(ivn_unit_libs)
test_unit_test_ivn_sysfs_CPPFLAGS = $(ivn_unit_cppflags)
test_unit_test_ivn_sysfs_LDADD = $(ivn_unit_libs)

if HAVE_HWLOC
ivn_unit_tests += test/unit/test_ivn_near
test_unit_test_ivn_near_SOURCES = test/unit/test_ivn_near.c \
	src/mpid/ch4/netmod/ivshmem/ivn_near.c src/mpid/ch4/netmod/ivshmem/ivn_near.h
test_unit_test_ivn_near_CPPFLAGS = $(ivn_unit_cppflags) $(HWLOC_CFLAGS)
test_unit_test_ivn_near_LDADD = $(CMOCKA_LIBS) $(HWLOC_LIBS)
endif

check_PROGRAMS += $(ivn_unit_tests)
TESTS += $(ivn_unit_tests)
endif
