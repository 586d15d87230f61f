# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
# shellcheck shell=bash
#
# Installing the distribution's packages named in contrib/packages.debian. Source after step.sh.

: "${top:?}"

packages_missing()
{
    local name

    sed -E 's/#.*//; s/[[:space:]]+//g; /^$/d' "$top/contrib/packages.debian" | while read -r name; do
        # shellcheck disable=SC2016 # dpkg-query's own placeholder
        if [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" != installed ]; then
            printf '%s\n' "$name"
        fi
    done
}

install_packages()
{
    local as_root=()

    if [ "$(id -u)" -ne 0 ]; then as_root=(sudo --non-interactive); fi
    "${as_root[@]}" apt-get update &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

packages_install()
{
    local missing

    if ! command -v dpkg-query >/dev/null; then
        printf 'quickstart: not a Debian system: install the equivalents of contrib/packages.debian by hand\n' >&2
        return
    fi
    mapfile -t missing < <(packages_missing)
    if [ "${#missing[@]}" -eq 0 ]; then return; fi
    printf 'missing packages: %s\n' "${missing[*]}"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "packages missing and neither root nor sudo: as root: apt-get install ${missing[*]}"
        sudo -v || die "packages missing and sudo refused: as root: apt-get install ${missing[*]}"
    fi
    step 'install packages' "try by hand: apt-get install ${missing[*]}" install_packages "${missing[@]}"
}
