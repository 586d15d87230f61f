# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors

include src/locality/sources.mk

noinst_LTLIBRARIES += src/locality/liblocality.la
src_locality_liblocality_la_SOURCES = $(ivl_sources) $(ivl_headers)

# The layout of a region, for whoever reads one. The library itself is not installed: its functions
# are for our own parts.
ivlincludedir = $(includedir)/mpich-ivshmem
ivlinclude_HEADERS = src/locality/locality_abi.h
