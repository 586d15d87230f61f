# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# Unit tests of the transport core, which MPICH's build compiles into libmpi. Its sources are named
# in src/shm/ivshmem/Makefile.mk too, below the folder they have there.

check_LTLIBRARIES += src/shm/ivshmem/core/libcore.la
src_shm_ivshmem_core_libcore_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/src/shm/ivshmem
src_shm_ivshmem_core_libcore_la_SOURCES = \
	src/shm/ivshmem/core/ivs_attach.c \
	src/shm/ivshmem/core/ivs_attach.h \
	src/shm/ivshmem/core/ivs_choice.c \
	src/shm/ivshmem/core/ivs_choice.h \
	src/shm/ivshmem/core/ivs_coll.c \
	src/shm/ivshmem/core/ivs_coll.h \
	src/shm/ivshmem/core/ivs_coll_move.c \
	src/shm/ivshmem/core/ivs_coll_reduce.c \
	src/shm/ivshmem/core/ivs_coll_task.c \
	src/shm/ivshmem/core/ivs_coll_task.h \
	src/shm/ivshmem/core/ivs_coll_tree.c \
	src/shm/ivshmem/core/ivs_cookie.c \
	src/shm/ivshmem/core/ivs_cookie.h \
	src/shm/ivshmem/core/ivs_copy.c \
	src/shm/ivshmem/core/ivs_copy.h \
	src/shm/ivshmem/core/ivs_element.h \
	src/shm/ivshmem/core/ivs_expose.c \
	src/shm/ivshmem/core/ivs_expose.h \
	src/shm/ivshmem/core/ivs_guard.c \
	src/shm/ivshmem/core/ivs_guard.h \
	src/shm/ivshmem/core/ivs_lock.c \
	src/shm/ivshmem/core/ivs_lock.h \
	src/shm/ivshmem/core/ivs_map.c \
	src/shm/ivshmem/core/ivs_map.h \
	src/shm/ivshmem/core/ivs_member.c \
	src/shm/ivshmem/core/ivs_member.h \
	src/shm/ivshmem/core/ivs_operation.h \
	src/shm/ivshmem/core/ivs_port.c \
	src/shm/ivshmem/core/ivs_port.h \
	src/shm/ivshmem/core/ivs_record.c \
	src/shm/ivshmem/core/ivs_record.h \
	src/shm/ivshmem/core/ivs_reduce.c \
	src/shm/ivshmem/core/ivs_reduce.h \
	src/shm/ivshmem/core/ivs_reduce_loops.h \
	src/shm/ivshmem/core/ivs_report.c \
	src/shm/ivshmem/core/ivs_report.h \
	src/shm/ivshmem/core/ivs_ring.h \
	src/shm/ivshmem/core/ivs_rwlock.c \
	src/shm/ivshmem/core/ivs_rwlock.h \
	src/shm/ivshmem/core/ivs_select.c \
	src/shm/ivshmem/core/ivs_select.h \
	src/shm/ivshmem/core/ivs_shape.c \
	src/shm/ivshmem/core/ivs_shape.h \
	src/shm/ivshmem/core/ivs_size.c \
	src/shm/ivshmem/core/ivs_size.h \
	src/shm/ivshmem/core/ivs_verbs_report.c
src_shm_ivshmem_core_libcore_la_LIBADD = src/locality/liblocality.la
if HAVE_JSON_C
src_shm_ivshmem_core_libcore_la_SOURCES += \
	src/shm/ivshmem/core/ivs_table.c \
	src/shm/ivshmem/core/ivs_table.h
src_shm_ivshmem_core_libcore_la_CFLAGS = $(AM_CFLAGS) $(JSON_C_CFLAGS)
endif

if HAVE_CMOCKA
ivs_unit_tests = \
	test/unit/test_attach \
	test/unit/test_choice \
	test/unit/test_coll \
	test/unit/test_coll_alone \
	test/unit/test_cookie \
	test/unit/test_copy \
	test/unit/test_element \
	test/unit/test_expose \
	test/unit/test_guard \
	test/unit/test_lock \
	test/unit/test_map \
	test/unit/test_port \
	test/unit/test_port_model \
	test/unit/test_port_move \
	test/unit/test_port_move_model \
	test/unit/test_port_stress \
	test/unit/test_record \
	test/unit/test_reduce \
	test/unit/test_report \
	test/unit/test_ring \
	test/unit/test_rwlock \
	test/unit/test_select \
	test/unit/test_shape \
	test/unit/test_size

if HAVE_JSON_C
ivs_unit_tests += test/unit/test_ivs_table
endif

check_PROGRAMS += $(ivs_unit_tests)
TESTS += $(ivs_unit_tests)

ivs_unit_cppflags = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) -I$(top_srcdir)/src/shm/ivshmem
ivs_unit_libs = src/shm/ivshmem/core/libcore.la $(CMOCKA_LIBS) -lpthread

test_unit_test_attach_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_attach_LDADD = $(ivs_unit_libs)
test_unit_test_coll_SOURCES = test/unit/test_coll.c test/unit/ivs_test.h
test_unit_test_coll_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_coll_LDADD = $(ivs_unit_libs)
test_unit_test_coll_alone_SOURCES = test/unit/test_coll_alone.c test/unit/ivs_test.h
test_unit_test_coll_alone_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_coll_alone_LDADD = $(ivs_unit_libs)
test_unit_test_cookie_SOURCES = test/unit/test_cookie.c
test_unit_test_cookie_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_cookie_LDADD = $(ivs_unit_libs)
test_unit_test_copy_SOURCES = test/unit/test_copy.c test/unit/ivs_test.h
test_unit_test_copy_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_copy_LDADD = $(ivs_unit_libs)
test_unit_test_choice_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_choice_LDADD = $(ivs_unit_libs)
test_unit_test_expose_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_expose_LDADD = $(ivs_unit_libs)
test_unit_test_guard_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_guard_LDADD = $(ivs_unit_libs)
test_unit_test_lock_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_lock_LDADD = $(ivs_unit_libs)
test_unit_test_element_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_element_LDADD = $(ivs_unit_libs)
test_unit_test_reduce_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_reduce_LDADD = $(ivs_unit_libs)
test_unit_test_rwlock_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_rwlock_LDADD = $(ivs_unit_libs)
test_unit_test_map_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_map_LDADD = $(ivs_unit_libs)
test_unit_test_port_SOURCES = test/unit/test_port.c test/unit/port_test.h test/unit/ivs_test.h
test_unit_test_port_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_port_LDADD = $(ivs_unit_libs)
ivs_model_sources = test/unit/port_model.h test/unit/model.h test/unit/model_graph.h
test_unit_test_port_model_SOURCES = test/unit/test_port_model.c $(ivs_model_sources)
test_unit_test_port_model_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_port_model_LDADD = $(CMOCKA_LIBS)
test_unit_test_port_move_SOURCES = test/unit/test_port_move.c test/unit/port_test.h test/unit/ivs_test.h
test_unit_test_port_move_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_port_move_LDADD = $(ivs_unit_libs)
test_unit_test_port_move_model_SOURCES = test/unit/test_port_move_model.c $(ivs_model_sources)
test_unit_test_port_move_model_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_port_move_model_LDADD = $(CMOCKA_LIBS)
test_unit_test_port_stress_SOURCES = test/unit/test_port_stress.c test/unit/ivs_test.h
test_unit_test_port_stress_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_port_stress_LDADD = $(ivs_unit_libs)
test_unit_test_record_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_record_LDADD = $(ivs_unit_libs)
test_unit_test_report_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_report_LDADD = $(ivs_unit_libs)
test_unit_test_ring_SOURCES = test/unit/test_ring.c test/unit/ivs_test.h
test_unit_test_ring_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_ring_LDADD = $(ivs_unit_libs)
test_unit_test_select_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_select_LDADD = $(ivs_unit_libs)
test_unit_test_ivs_table_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_ivs_table_LDADD = $(ivs_unit_libs) $(JSON_C_LIBS)
test_unit_test_shape_SOURCES = test/unit/test_shape.c test/unit/ivs_test.h
test_unit_test_shape_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_shape_LDADD = $(ivs_unit_libs)
test_unit_test_size_CPPFLAGS = $(ivs_unit_cppflags)
test_unit_test_size_LDADD = $(ivs_unit_libs)
endif
