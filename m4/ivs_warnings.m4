# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors

# IVS_WARNINGS
# Sets WARN_CFLAGS to the warning options that the compiler knows; --enable-werror makes them errors.
AC_DEFUN([IVS_WARNINGS], [
    AC_ARG_ENABLE([werror],
        [AS_HELP_STRING([--enable-werror], [turn warnings into errors])],
        [], [enable_werror=no])
    ivs_flags="-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla"
    WARN_CFLAGS=
    ivs_save_CFLAGS=$CFLAGS
    for ivs_flag in $ivs_flags; do
        AC_MSG_CHECKING([whether $CC accepts $ivs_flag])
        CFLAGS="$ivs_save_CFLAGS -Werror $ivs_flag"
        AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
            [AC_MSG_RESULT([yes]); WARN_CFLAGS="$WARN_CFLAGS $ivs_flag"],
            [AC_MSG_RESULT([no])])
    done
    CFLAGS=$ivs_save_CFLAGS
    AS_IF([test "x$enable_werror" = xyes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
    AC_SUBST([WARN_CFLAGS])
])
