# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors

if BUILD_TOOLS
bin_PROGRAMS += ivshmemctl
dist_man_MANS += man/ivshmemctl.8
dist_completion_DATA += contrib/completion/ivshmemctl
ivshmemctl_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/src/shm/ivshmem/core \
    -DPACKAGE_VERSION='"$(PACKAGE_VERSION)"'
ivshmemctl_CFLAGS = $(AM_CFLAGS) $(POPT_CFLAGS) $(JSON_C_CFLAGS) $(XML2_CFLAGS) $(HWLOC_CFLAGS)
ivshmemctl_LDADD = src/locality/liblocality.la $(POPT_LIBS) $(JSON_C_LIBS) $(XML2_LIBS) \
    $(HWLOC_LIBS)
ivshmemctl_SOURCES = \
    src/locality/ctl/cmd_add_vm.c \
    src/locality/ctl/cmd_create.c \
    src/locality/ctl/cmd_daemon.c \
    src/locality/ctl/cmd_doctor.c \
    src/locality/ctl/cmd_gc.c \
    src/locality/ctl/cmd_plan.c \
    src/locality/ctl/cmd_remove_vm.c \
    src/locality/ctl/cmd_show.c \
    src/locality/ctl/ctl.h \
    src/locality/ctl/daemon_call.c \
    src/locality/ctl/daemon_call.h \
    src/locality/ctl/doctor.h \
    src/locality/ctl/doctor_region.c \
    src/locality/ctl/doctor_speed.c \
    src/locality/ctl/doctor_system.c \
    src/locality/ctl/ivshmemctl.c \
    src/locality/ctl/jobs.c \
    src/locality/ctl/json_put.c \
    src/locality/ctl/json_put.h \
    src/locality/ctl/message.c \
    src/locality/ctl/parse.c \
    src/locality/ctl/parse.h \
    src/locality/ctl/plan.h \
    src/locality/ctl/region_uri.c \
    src/locality/ctl/show.h \
    src/locality/ctl/show_json.c \
    src/locality/ctl/show_text.c \
    src/shm/ivshmem/core/ivs_ring.h \
    src/shm/ivshmem/core/ivs_shape.c \
    src/shm/ivshmem/core/ivs_shape.h \
    src/shm/ivshmem/core/ivs_size.c \
    src/shm/ivshmem/core/ivs_size.h
if BUILD_PLAN
ivshmemctl_SOURCES += \
    src/locality/ctl/plan_host.c \
    src/locality/ctl/plan_xml.c
else
ivshmemctl_SOURCES += src/locality/ctl/plan_none.c
endif
endif
