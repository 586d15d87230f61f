#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# fetch-mpich turns the system's package sources into source entries, in a place of its own.
set -uo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=test/lib/tap.sh
. "$top/test/lib/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/etc/sources.list.d" "$work/bin"
printf 'deb [trusted=yes] file:/a bookworm main\n# deb file:/b x y\n' >"$work/etc/sources.list"
printf 'Types: deb\nURIs: file:/c\nSuites: bookworm\nComponents: main\n' >"$work/etc/sources.list.d/c.sources"
printf '#!/bin/sh\nexit 0\n' >"$work/bin/apt-get"
chmod +x "$work/bin/apt-get"

fetch()
{
    FETCH_APT_ETC=$work/etc PATH=$work/bin:$PATH "$top/build-aux/fetch-mpich" "$work/build"
}

fetch_fails()
{
    ! fetch 2>"$work/err"
}

lacks()
{
    ! grep -q "$1" "$work/build/apt/parts/sources.list"
}

tap_check 'nothing downloaded is an error' fetch_fails
tap_check 'and is said in words' grep -q 'checksum mismatch' "$work/err"
tap_check 'a one-line entry becomes a source entry' \
    grep -qx 'deb-src \[trusted=yes\] file:/a bookworm main' "$work/build/apt/parts/sources.list"
tap_check 'a comment stays out' lacks file:/b
tap_check 'a deb822 entry becomes a source entry' grep -qx 'Types: deb-src' "$work/build/apt/parts/c.sources"
tap_check "the system's file is untouched" grep -qx 'Types: deb' "$work/etc/sources.list.d/c.sources"
tap_check 'the lists are private' grep -q "Dir::State::Lists \"$work/build/apt/lists\"" "$work/build/apt/apt.conf"
tap_done
