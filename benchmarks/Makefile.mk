# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# ivshmem-tune. The benchmarks are installed as sources: it compiles them with the mpicc beside it, when
# first run. Tools are installed before MPICH, or without it, and a program must match the library and
# the compiler of the machine that it measures.

bin_SCRIPTS = ivshmem-tune
dist_man_MANS += man/ivshmem-tune.1
dist_completion_DATA += contrib/completion/ivshmem-tune
CLEANFILES += ivshmem-tune

ivshmem-tune: $(srcdir)/benchmarks/ivshmem-tune Makefile
	$(AM_V_GEN)$(SED) -e 's|^LIBRARY = None.*|LIBRARY = "$(pkgdatadir)/benchmarks"|' \
	    -e 's|^VERSION = None.*|VERSION = "$(PACKAGE_VERSION)"|' \
	    $(srcdir)/benchmarks/ivshmem-tune >$@.new && chmod 755 $@.new && mv $@.new $@

tunedir = $(pkgdatadir)
nobase_tune_DATA = \
    benchmarks/coll/allgather.c \
    benchmarks/coll/allgatherv.c \
    benchmarks/coll/allreduce.c \
    benchmarks/coll/alltoall.c \
    benchmarks/coll/alltoallv.c \
    benchmarks/coll/barrier.c \
    benchmarks/coll/bcast.c \
    benchmarks/coll/coll.c \
    benchmarks/coll/coll.h \
    benchmarks/coll/gather.c \
    benchmarks/coll/reduce.c \
    benchmarks/coll/reduce_scatter_block.c \
    benchmarks/coll/scan.c \
    benchmarks/coll/scatter.c \
    benchmarks/comparelib/__init__.py \
    benchmarks/comparelib/arguments.py \
    benchmarks/comparelib/machine.py \
    benchmarks/comparelib/plan.py \
    benchmarks/comparelib/run.py \
    benchmarks/primitive/copy.c \
    benchmarks/primitive/handover.c \
    benchmarks/pt2pt/bandwidth.c \
    benchmarks/pt2pt/bench.c \
    benchmarks/pt2pt/bench.h \
    benchmarks/pt2pt/latency.c \
    benchmarks/pt2pt/multi_latency.c \
    benchmarks/pt2pt/options.c \
    benchmarks/pt2pt/options.h \
    benchmarks/pt2pt/windows.c \
    benchmarks/pt2pt/windows.h \
    benchmarks/tunelib/__init__.py \
    benchmarks/tunelib/measure.py \
    benchmarks/tunelib/plan.py \
    benchmarks/tunelib/probe.py \
    benchmarks/tunelib/progress.py \
    benchmarks/tunelib/proof.py \
    benchmarks/tunelib/report.py \
    benchmarks/tunelib/search.py \
    benchmarks/tunelib/table.py

tunesuitedir = $(pkgdatadir)/benchmarks/mpisuite
tunesuite_DATA = \
    test/mpi/mpisuite/__init__.py \
    test/mpi/mpisuite/execute.py \
    test/mpi/mpisuite/layout.py
