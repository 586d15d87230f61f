# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
# shellcheck shell=bash
#
# The installed library of test/package/run, and what pkg-config says. Source it after install.sh.

: "${dir:?}" "${root:?}"
bindir=/usr/lib/mpich-ivshmem/bin
libdir=/usr/lib/x86_64-linux-gnu/mpich-ivshmem

# A word a line; a run path in the two words of mpicc, or the one of pkg-config, becomes one line.
flags_of()
{
    tr ' ' '\n' | sed -e '/^$/d; /^-Wl,--enable-new-dtags$/d' -e 's/^-Wl,-rpath,\(.\)/-rpath \1/' |
        sed -e '/^-Wl,-rpath$/{N; s/.*\n-Wl,/-rpath /}' | LC_ALL=C sort
}

# pkg_config_agrees FOLDER MPICC COMMAND...: the same flags, run by COMMAND.
pkg_config_agrees()
{
    local folder=$1 mpicc=$2 ours theirs
    shift 2

    ours=$("$@" env PKG_CONFIG_PATH="$folder" pkg-config --cflags --libs mpich-ivshmem) || return 1
    theirs=$("$@" "$mpicc" -show) || return 1
    diff <(flags_of <<<"$ours") <(cut -d ' ' -f 2- <<<"$theirs" | flags_of)
}

# Libraries of a program come from our folder: it was built here with a run path.
runs_on_ours()
{
    in_root ldd "/tmp/$1" | grep libmpi && ! in_root ldd "/tmp/$1" | grep libmpi | grep -v " $libdir/" &&
        [ "$(in_root "$bindir/mpiexec" -n 2 "/tmp/$1" | grep -c .)" -eq 2 ]
}

c_program()
{
    cat >"$root/tmp/c.c" <<'END'
#include <mpi.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    int rank;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    printf("rank %d\n", rank);
    MPI_Finalize();
    return 0;
}
END
    in_root "$bindir/mpicc" -o /tmp/c /tmp/c.c && runs_on_ours c
}

pkg_config_program()
{
    # shellcheck disable=SC2016 # there, not here
    in_root sh -c 'cc -o /tmp/p /tmp/c.c $(pkg-config --cflags --libs mpich-ivshmem)' && runs_on_ours p
}

cxx_program()
{
    cp "$root/tmp/c.c" "$root/tmp/x.cc"
    in_root "$bindir/mpicxx" -o /tmp/x /tmp/x.cc && runs_on_ours x
}

# Only what is needed is linked: then libmpifort alone has to find libmpi.
fortran_program()
{
    cat >"$root/tmp/f.f90" <<'END'
program f
    use mpi_f08
    implicit none
    integer :: rank

    call MPI_Init()
    call MPI_Comm_rank(MPI_COMM_WORLD, rank)
    print '("rank ", i0)', rank
    call MPI_Finalize()
end program
END
    in_root "$bindir/mpifort" -Wl,--as-needed -o /tmp/f /tmp/f.f90 && runs_on_ours f
}

# The distribution's MPICH is as it was, and its programs run on ours when they are told to.
stands_beside_mpich()
{
    if ! in_root sh -c 'command -v mpicc.mpich >/dev/null'; then echo 'mpicc.mpich is not installed'; return 77; fi
    in_root mpicc.mpich -o /tmp/d /tmp/c.c && ! in_root ldd /tmp/d | grep "$libdir/" &&
        in_root env LD_LIBRARY_PATH="$libdir" ldd /tmp/d | grep "libmpich.so.12 => $libdir/" &&
        [ "$(in_root env LD_LIBRARY_PATH="$libdir" "$bindir/mpiexec" -n 2 /tmp/d | grep -c .)" -eq 2 ]
}

# No name of ours is among the system's own.
hides_nothing()
{
    ! in_root dpkg -L libmpi-ivshmem libmpi-ivshmem-dev | grep -E '^/usr/(bin|sbin|include)/[^/]*$' |
        grep -vxE '/usr/include/(x86_64-linux-gnu|mpich-ivshmem)' &&
        ! in_root ldconfig -p | grep mpich-ivshmem
}

manual_by_path()
{
    in_root env PATH="$bindir:/usr/bin:/bin" man -w MPI_Send | grep '/mpich-ivshmem/' &&
        in_root man -w 7 mpich-ivshmem
}

# No trace of the place it was built in, but where the options of configure are kept to be printed.
no_foreign_paths()
{
    ! in_root sh -c "readelf -d $libdir/*.so $bindir/* 2>/dev/null" | grep -E 'R(UN)?PATH' | grep -v "\[$libdir\]" &&
        ! grep -rl "$dir" "$root$bindir" "$root$libdir" "$root/usr/include/x86_64-linux-gnu/mpich-ivshmem" |
            grep -vE '/(mpichversion|mpiexec[.a-z]*|mpirun|lib[a-z]*\.so.*)$'
}

test_library()
{
    tap_check 'mpicc' c_program
    tap_check 'mpicxx' cxx_program
    tap_check 'mpifort' fortran_program
    tap_check 'pkg-config as mpicc' pkg_config_agrees /usr/lib/x86_64-linux-gnu/pkgconfig "$bindir/mpicc" in_root
    tap_check 'pkg-config for a program' pkg_config_program
    tap_check "beside the distribution's MPICH" stands_beside_mpich
    tap_check 'nothing is hidden' hides_nothing
    tap_check 'manual pages' manual_by_path
    tap_check 'no foreign paths' no_foreign_paths
}
