# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors

# IVS_PACKAGE(VARIABLE, NAME, MODULE, DEBIAN-PACKAGE, PURPOSE)
# Adds --with-NAME. Found: VARIABLE_CFLAGS, VARIABLE_LIBS and the conditional HAVE_VARIABLE are set.
# Not found: an error if asked for by --with-NAME, else PURPOSE is off and the summary says why.
AC_DEFUN([IVS_PACKAGE], [
    AC_ARG_WITH([$2],
        [AS_HELP_STRING([--with-$2], [$5 (default: if found)])],
        [], [with_$2=auto])
    ivs_have_$2=no
    AS_IF([test "x$with_$2" = xno],
        [ivs_summary_$2="off (--without-$2): no $5"],
        [PKG_CHECK_MODULES([$1], [$3], [ivs_have_$2=yes], [ivs_have_$2=no])
         AS_IF([test "x$ivs_have_$2" = xyes],
             [ivs_summary_$2="found: $5"],
             [ivs_summary_$2="off, not found (Debian: $4): no $5"])])
    AS_IF([test "x$with_$2" = xyes && test "x$ivs_have_$2" = xno],
        [AC_MSG_ERROR([--with-$2: $3 was not found: install $4 or leave the option out])])
    AM_CONDITIONAL([HAVE_$1], [test "x$ivs_have_$2" = xyes])
])
