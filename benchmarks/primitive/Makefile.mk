# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors

noinst_PROGRAMS += benchmarks/primitive/primitive
benchmarks_primitive_primitive_CFLAGS = $(AM_CFLAGS) -pthread $(IBVERBS_CFLAGS)
benchmarks_primitive_primitive_LDADD = src/locality/liblocality.la $(IBVERBS_LIBS) -lm
benchmarks_primitive_primitive_SOURCES = \
    benchmarks/primitive/area.h \
    benchmarks/primitive/bakery.h \
    benchmarks/primitive/die.c \
    benchmarks/primitive/meet.c \
    benchmarks/primitive/options.c \
    benchmarks/primitive/place.c \
    benchmarks/primitive/primitive.c \
    benchmarks/primitive/primitive.h \
    benchmarks/primitive/shared.c \
    benchmarks/primitive/tcp.c \
    benchmarks/primitive/watch.c
if HAVE_IBVERBS
benchmarks_primitive_primitive_SOURCES += benchmarks/primitive/verbs.c
else
benchmarks_primitive_primitive_SOURCES += benchmarks/primitive/verbs_none.c
endif
