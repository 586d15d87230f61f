[#] start of __file__
dnl SPDX-License-Identifier: BSD-3-Clause
dnl Copyright (c) 2026 The mpich-ivshmem authors
dnl
dnl The choice among verbs devices: libibverbs to see them, UCX's transport library to know which
dnl other networks it has. hwloc is MPICH's.
dnl MPICH_SUBCFG_AFTER=src/mpid/ch4/netmod/ucx

AC_DEFUN([PAC_SUBCFG_PREREQ_]PAC_SUBCFG_AUTO_SUFFIX,[
])dnl end _PREREQ

AC_DEFUN([PAC_SUBCFG_BODY_]PAC_SUBCFG_AUTO_SUFFIX,[
    AC_ARG_WITH([ivshmem-verbs],
                AS_HELP_STRING([--without-ivshmem-verbs],
                               [leave the choice of verbs devices to UCX (default: chosen, if libibverbs and libuct are found)]),
                [], [with_ivshmem_verbs=auto])
    ivshmem_verbs=no
    ivshmem_verbs_libs=""
    AS_IF([test "X$build_ch4_netmod_ucx" = "Xyes" && test "$with_ivshmem_verbs" != "no" && test "$with_ucx" != "embedded"], [
        AC_MSG_CHECKING([for libibverbs and libuct])
        PAC_PUSH_FLAG([LIBS])
        LIBS="-libverbs -luct -lucs $LIBS"
        AC_LINK_IFELSE([AC_LANG_PROGRAM([
#include <infiniband/verbs.h>
#include <uct/api/uct.h>
            ], [
uct_component_h *components;
unsigned count;
return ibv_query_gid_table(0, 0, 0, 0) < 0 || uct_query_components(&components, &count) != UCS_OK;
            ])], [ivshmem_verbs=yes], [ivshmem_verbs=no])
        PAC_POP_FLAG([LIBS])
        AC_MSG_RESULT([$ivshmem_verbs])
    ])
    AS_IF([test "$ivshmem_verbs" = "yes"], [
        AC_DEFINE([HAVE_IVSHMEM_VERBS], [1], [Define to choose among verbs devices])
        ivshmem_verbs_libs="-libverbs -luct -lucs"
    ], [
        AS_IF([test "$with_ivshmem_verbs" = "yes"],
              [AC_MSG_ERROR([--with-ivshmem-verbs: libibverbs (32 or newer) or libuct was not found, or the netmod is not ucx: install libibverbs-dev and libucx-dev, or leave the option out])])
    ])
    AC_SUBST([ivshmem_verbs_libs])
    AM_CONDITIONAL([BUILD_IVSHMEM_VERBS], [test "$ivshmem_verbs" = "yes"])
    AM_CONDITIONAL([BUILD_IVSHMEM_HWLOC], [test "$ivshmem_verbs" = "yes" && test "$pac_have_hwloc" = "yes"])
])dnl end _BODY

[#] end of __file__
