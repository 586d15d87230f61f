# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# Included by MPICH's automake (from src/mpid/ch4/shm/Makefile.mk): the glue, the transport core
# and the locality library become part of libmpi.

include $(top_srcdir)/src/locality/sources.mk

AM_CPPFLAGS += -I$(top_srcdir)/src/mpid/ch4/shm/ivshmem \
               -I$(top_srcdir)/src/locality

noinst_HEADERS += \
    src/mpid/ch4/shm/ivshmem/ivshmem_coll.h \
    src/mpid/ch4/shm/ivshmem/ivshmem_pre.h \
    src/mpid/ch4/shm/ivshmem/ivshmem_hooks.h \
    src/mpid/ch4/shm/ivshmem/ivshmem_impl.h \
    src/mpid/ch4/shm/ivshmem/ivshmem_rma.h \
    src/mpid/ch4/shm/ivshmem/ivshmem_shm.h

mpi_core_sources += $(ivl_sources) \
    src/mpid/ch4/shm/ivshmem/core/ivs_attach.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_choice.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_coll.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_coll_move.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_coll_reduce.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_coll_task.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_coll_tree.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_cookie.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_copy.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_expose.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_guard.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_lock.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_map.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_member.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_port.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_record.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_reduce.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_report.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_rwlock.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_select.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_shape.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_size.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_table.c \
    src/mpid/ch4/shm/ivshmem/core/ivs_verbs_report.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_accumulate.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_beat.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_claim.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_cma.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_cma_peers.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_coll.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_coll_blocks.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_coll_blocks_hosts.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_coll_hosts.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_coll_choose.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_coll_groups.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_coll_leaders.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_coll_leaders_blocks.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_coll_move.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_coll_op.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_coll_order.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_coll_ordered.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_coll_pairs.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_coll_reduce.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_coll_row.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_coll_table.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_cookies.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_dynamic.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_epoch.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_exchange.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_fast.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_fault.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_join.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_knobs.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_lock.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_loop.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_mem.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_merge.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_net.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_proxy.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_put.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_recv.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_report.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_seg.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_send.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_transport.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_wait.c \
    src/mpid/ch4/shm/ivshmem/ivshmem_win.c

if BUILD_CH4_NETMOD_UCX
noinst_HEADERS += \
    src/mpid/ch4/netmod/ucx/ucx_ivshmem.h \
    src/mpid/ch4/netmod/ivshmem/ivn_pieces.h
mpi_core_sources += \
    src/mpid/ch4/netmod/ivshmem/ivn_pieces.c \
    src/mpid/ch4/netmod/ucx/ucx_ivshmem.c \
    src/mpid/ch4/netmod/ucx/ucx_ivshmem_device.c \
    src/mpid/ch4/netmod/ucx/ucx_ivshmem_unpack.c
endif BUILD_CH4_NETMOD_UCX

if BUILD_IVSHMEM_VERBS
external_libs += @ivshmem_verbs_libs@
mpi_core_sources += \
    src/mpid/ch4/netmod/ivshmem/ivn_choice.c \
    src/mpid/ch4/netmod/ivshmem/ivn_gid.c \
    src/mpid/ch4/netmod/ivshmem/ivn_probe.c \
    src/mpid/ch4/netmod/ivshmem/ivn_sysfs.c \
    src/mpid/ch4/netmod/ivshmem/ivn_text.c \
    src/mpid/ch4/netmod/ivshmem/ivn_ucx.c
endif BUILD_IVSHMEM_VERBS

if BUILD_IVSHMEM_HWLOC
mpi_core_sources += src/mpid/ch4/netmod/ivshmem/ivn_near.c
endif BUILD_IVSHMEM_HWLOC
