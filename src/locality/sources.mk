# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# Sources of the locality library, relative to the top. Included by our Makefile.am and by
# MPICH's, where the files lie at the same place.

ivl_headers = \
	src/locality/block.h \
	src/locality/chunk.h \
	src/locality/crc32c.h \
	src/locality/locality.h \
	src/locality/locality_abi.h \
	src/locality/locality_impl.h \
	src/locality/run_find.h \
	src/locality/shared_word.h

ivl_sources = \
	src/locality/block.c \
	src/locality/chunk.c \
	src/locality/crc32c.c \
	src/locality/diag.c \
	src/locality/format.c \
	src/locality/ident.c \
	src/locality/host.c \
	src/locality/job.c \
	src/locality/job_watch.c \
	src/locality/region.c \
	src/locality/region_dax.c \
	src/locality/region_driver.c \
	src/locality/region_file.c \
	src/locality/region_measure.c \
	src/locality/region_pci.c \
	src/locality/run_find.c \
	src/locality/super.c \
	src/locality/table_read.c \
	src/locality/table_write.c \
	src/locality/usage.c \
	src/locality/vmid.c
