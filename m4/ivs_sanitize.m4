# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors

# IVS_SANITIZE
# --enable-sanitize=LIST adds -fsanitize=LIST to everything compiled and linked.
AC_DEFUN([IVS_SANITIZE], [
    AC_ARG_ENABLE([sanitize],
        [AS_HELP_STRING([--enable-sanitize=LIST],
            [build with -fsanitize=LIST, such as address,undefined or thread])],
        [], [enable_sanitize=no])
    AS_CASE([$enable_sanitize],
        [no], [SANITIZE_CFLAGS=],
        [yes], [SANITIZE_CFLAGS="-fsanitize=address,undefined"],
        [SANITIZE_CFLAGS="-fsanitize=$enable_sanitize"])
    AS_IF([test "x$SANITIZE_CFLAGS" != x], [
        SANITIZE_CFLAGS="$SANITIZE_CFLAGS -fno-sanitize-recover=all -fno-omit-frame-pointer"
        AC_MSG_CHECKING([whether $CC links with $SANITIZE_CFLAGS])
        ivs_save_CFLAGS=$CFLAGS
        CFLAGS="$CFLAGS $SANITIZE_CFLAGS"
        AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
            [AC_MSG_RESULT([yes])],
            [AC_MSG_RESULT([no])
             AC_MSG_ERROR([--enable-sanitize=$enable_sanitize: $CC cannot link it: install the sanitizer run-time libraries or correct the list])])
        CFLAGS=$ivs_save_CFLAGS
    ])
    AC_SUBST([SANITIZE_CFLAGS])
])
