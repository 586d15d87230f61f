#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# The overlay links our files into MPICH's tree, follows removals and refuses to hide a file.
set -uo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=test/lib/tap.sh
. "$top/test/lib/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ours=$work/ours theirs=$work/theirs
mkdir -p "$ours/src/locality/ctl" "$ours/src/shm/ivshmem/core" "$theirs/src/mpl/include"
mkdir -p "$ours/contrib/kmod"
touch "$ours/contrib/kmod/ivshmem.h" "$ours/contrib/kmod/ivshmem_uapi.h"
touch "$ours/src/locality/a.c" "$ours/src/locality/ctl/main.c" "$ours/src/shm/ivshmem/core/b.h"

overlay()
{
    "$top/build-aux/overlay" "$ours" "$theirs" >"$work/list"
}

refuses_to_hide()
{
    mkdir -p "$ours/src/mpl/include"
    touch "$ours/src/mpl/include/mpl.h" "$theirs/src/mpl/include/mpl.h"
    ! overlay 2>"$work/err" && grep -q "mpl.h: is MPICH's own file" "$work/err"
}

tap_check 'runs' overlay
tap_check 'a file is a link to ours' test "$theirs/src/locality/a.c" -ef "$ours/src/locality/a.c"
tap_check 'a module file goes below ch4/shm' test -L "$theirs/src/mpid/ch4/shm/ivshmem/core/b.h"
tap_check 'folders are real' test ! -L "$theirs/src/mpid/ch4/shm/ivshmem"
tap_check 'one file of a folder' test "$theirs/src/locality/ivshmem_uapi.h" -ef "$ours/contrib/kmod/ivshmem_uapi.h"
tap_check 'and no other' test ! -e "$theirs/src/locality/ivshmem.h"
tap_check 'tools are not laid over' test ! -e "$theirs/src/locality/ctl"
tap_check 'names are listed' grep -qx src/locality/a.c "$work/list"
rm "$ours/src/locality/a.c"
tap_check 'runs again' overlay
tap_check 'the link of a removed file is removed' test ! -L "$theirs/src/locality/a.c"
ln -s /elsewhere/src/locality/z.c "$theirs/src/locality/z.c"
tap_check 'runs after a move' overlay
tap_check 'a link into another checkout is removed' test ! -L "$theirs/src/locality/z.c"
tap_check "MPICH's own file is not hidden" refuses_to_hide
tap_done
