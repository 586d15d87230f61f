#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# prepare-mpich on a small stand-in for MPICH's source, and on the real one where it was unpacked.
set -uo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=test/lib/tap.sh
. "$top/test/lib/tap.sh"
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
up=$work/upstream
export PATCHES_DIR=$work/patches

make_upstream()
{
    mkdir -p "$up/maint" "$up/src"
    touch "$up/maint/version.m4"
    printf 'one\ntwo\nthree\n' >"$up/src/a.c"
    printf 'left alone\n' >"$up/src/b.c"
}

make_patches()
{
    mkdir -p "$PATCHES_DIR"
    printf -- '--- a/src/a.c\n+++ b/src/a.c\n@@ -2 +2 @@\n-two\n+2\n' >"$PATCHES_DIR/0001-x.patch"
    printf '0001-x.patch\n' >"$PATCHES_DIR/series"
    (cd "$up" && sha256sum src/a.c) >"$PATCHES_DIR/checksums"
}

prepare()
{
    "$top/build-aux/prepare-mpich" "$top" "$work/build" "$1"
}

result_is()
{
    [ "$(tr '\n' ' ' <"$work/build/mpich-src/src/a.c")" = "$1" ]
}

# says TEXT COMMAND...: the command fails and says TEXT.
says()
{
    local text=$1 out
    shift

    if out=$("$@" 2>&1); then printf 'succeeded\n'; return 1; fi
    printf '%s\n' "$out"
    grep -qF -- "$text" <<<"$out"
}

fresh()
{
    rm -rf "$work/build" "$up" "$PATCHES_DIR"
    mkdir -p "$work/build"
    make_upstream
    make_patches
}

patch_applied()
{
    prepare "$up" && result_is 'one 2 three '
}

changed_upstream()
{
    printf 'one\ntwo\nthree!\n' >"$up/src/a.c"
    says 'src/a.c: differs from MPICH 4.0.2-3' prepare "$up" && [ ! -e "$work/build/mpich-src/src/a.c.orig" ] &&
        result_is 'one two three! '
}

shifted_patch()
{
    sed -i 's/@@ -2 +2 @@/@@ -3 +3 @@/' "$PATCHES_DIR/0001-x.patch"
    says '0001-x.patch' prepare "$up" && result_is 'one two three '
}

unlisted_file()
{
    printf -- '--- a/src/b.c\n+++ b/src/b.c\n@@ -1 +1 @@\n-left alone\n+no\n' >>"$PATCHES_DIR/0001-x.patch"
    says '0001-x.patch' prepare "$up"
}

patch_dropped()
{
    prepare "$up" >/dev/null && : >"$PATCHES_DIR/series" && prepare "$up" >/dev/null && result_is 'one two three '
}

file_dropped()
{
    prepare "$up" >/dev/null && : >"$PATCHES_DIR/series" && : >"$PATCHES_DIR/checksums" &&
        prepare "$up" >/dev/null && result_is 'one two three '
}

times_kept()
{
    prepare "$up" >/dev/null && touch -d @1 "$work/build/mpich-src/src/a.c" && prepare "$up" >/dev/null &&
        [ "$(stat -c %Y "$work/build/mpich-src/src/a.c")" = 1 ]
}

wrong_tarball()
{
    tar -cJf "$work/other.tar.xz" -C "$work" upstream
    says 'SHA-256 is' prepare "$work/other.tar.xz"
}

configured_in_place()
{
    touch "$up/config.status"
    says 'configured in place' prepare "$up"
}

# The real files, if ./quickstart has fetched them: one is changed, and must be named.
real_changed()
{
    local orig=$top/_build/mpich-orig fake=$work/real file
    unset PATCHES_DIR

    mkdir -p "$fake/maint" && touch "$fake/maint/version.m4" && cp -a "$orig/." "$fake/" &&
        file=$(awk 'NR == 1 { print $2 }' "$top/patches/checksums") &&
        "$top/build-aux/prepare-mpich" "$top" "$work/build" "$fake" >/dev/null &&
        rm -rf "$work/build" && mkdir "$work/build" &&
        printf '\n' >>"$fake/$file" && says "$file: differs from MPICH 4.0.2-3" prepare "$fake"
}

fresh; tap_check 'a patch is applied' patch_applied
tap_check 'a second run changes nothing' times_kept
fresh; tap_check 'a changed upstream file is refused by name' changed_upstream
fresh; tap_check 'a patch at the wrong line is refused by name' shifted_patch
fresh; tap_check 'a patched file without a checksum is refused' unlisted_file
fresh; tap_check 'a dropped patch is undone' patch_dropped
fresh; tap_check 'a file no longer patched is restored' file_dropped
fresh; tap_check 'a tarball of other content is refused' wrong_tarball
fresh; tap_check 'a source configured in place is refused' configured_in_place
fresh; tap_check 'a path that does not exist is refused' says 'no such file or folder' prepare "$work/none"
fresh
if (cd "$top/_build/mpich-orig" 2>/dev/null && sha256sum --status -c "$top/patches/checksums" 2>/dev/null); then
    tap_check 'a changed file of the real source is refused by name' real_changed
else
    tap_skip 'a changed file of the real source is refused by name' 'source not fetched yet'
fi
tap_done
