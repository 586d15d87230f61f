# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors

include src/locality/sources.mk

noinst_LTLIBRARIES += src/locality/liblocality.la
src_locality_liblocality_la_SOURCES = $(ivl_sources) $(ivl_headers)

ivlincludedir = $(includedir)/mpich-ivshmem
ivlinclude_HEADERS = src/locality/locality.h src/locality/locality_abi.h
