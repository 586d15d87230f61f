#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# ivshmemd's command line and configuration: sample, manual page, refusals.
. "$(dirname "$0")/host.sh"

page=$host_top/man/ivshmemd.8

page_has_every_key()
{
    local key missing=0

    while read -r key; do
        grep -qxF ".B ${key}" "$page" || { echo "$key: not in the manual page"; missing=1; }
    done < <("$daemon" --print-config | sed -n 's/^#\{0,1\}\([a-z][a-z-]*\) = .*/\1/p' | sort -u)
    return "$missing"
}

page_has_every_option()
{
    diff <("$daemon" --help | grep -oE -- '--[a-z][a-z-]+' | sort -u) \
        <(sed 's/\\-/-/g' "$page" | sed -n '/^\.SH OPTIONS/,/^\.SH CONF/p' |
            grep -oE -- '--[a-z][a-z-]+' | sort -u)
}

page_is_clean()
{
    local out

    command -v groff >/dev/null || { echo 'groff is not installed'; return 77; }
    out=$(groff -ww -man -Tutf8 -z "$page" 2>&1)
    printf '%s\n' "$out"
    [ -z "$out" ]
}

# refused STATUS WORDS ARGUMENT...: one line, nothing on standard output.
refused()
{
    local want=$1 words=$2 status=0
    shift 2

    timeout 20 "$daemon" "$@" >"$dir/out" 2>"$dir/err" || status=$?
    cat "$dir/out" "$dir/err"
    [ "$status" -eq "$want" ] && [ ! -s "$dir/out" ] && [ "$(wc -l <"$dir/err")" -eq 1 ] &&
        grep -qF -- "$words" "$dir/err"
}

tap_check 'contrib/ivshmemd.conf is what --print-config prints' \
    diff <("$daemon" --print-config) "$host_top/contrib/ivshmemd.conf"
tap_check 'the manual page has every key' page_has_every_key
tap_check 'the manual page has every option' page_has_every_option
tap_check 'the manual page formats without a warning' page_is_clean
tap_check '--version' grep -qE '^ivshmemd [0-9.]+.*, region ABI 1\.0$' <("$daemon" --version)
sed "s/^group = kvm/group = $(id -g)/" "$host_top/contrib/ivshmemd.conf" >"$conf"
tap_check '--check of the sample' "$daemon" --check --config "$conf"

# What the unit needs is there after systemd-sysusers, on a host that had none of it.
users()
{
    local root=$dir/root group

    command -v systemd-sysusers >/dev/null || { echo 'systemd-sysusers is not installed'; return 77; }
    mkdir -p "$root/etc" "$root/usr/lib/sysusers.d"
    cp "$host_top/contrib/systemd/ivshmemd.sysusers" "$root/usr/lib/sysusers.d/ivshmemd.conf"
    systemd-sysusers --root="$root" || return
    for group in ivshmem kvm libvirt; do
        grep "^$group:.*:ivshmemd$" "$root/etc/group" || return
    done
    group=$(sed -n 's/^Group=//p' "$host_top/contrib/systemd/ivshmemd.service.in")
    grep "^$group:" "$root/etc/group" && ! grep -q Supplementary "$host_top/contrib/systemd/ivshmemd.service.in"
}
tap_check 'systemd-sysusers makes the user and the groups' users
private_group()
{
    ! grep -qx 'Group=ivshmem' "$host_top/contrib/systemd/ivshmemd.service.in"
}
tap_check 'who may command the daemon is not in the group that regions have' private_group
tap_check 'unknown option' refused 2 '--foo: unknown option: see ivshmemd --help' --foo
tap_check 'an operand' refused 2 'x: one operand too many' x
tap_check 'no such file' refused 2 "$dir/none: cannot read it" --config "$dir/none"
printf '[daemon]\n\nbeat = 1\n' >"$conf"
tap_check 'a bad key is refused with file and line' \
    refused 2 "$conf:3: unknown key in this section: beat" --config "$conf"
tap_check '--check says the same' \
    refused 2 "$conf:3: unknown key in this section: beat" --check --config "$conf"
cat >"$conf" <<END
[daemon]
socket-group = no-such-group
[region a]
path = $dir/a
size = 1M
END
tap_check '--check looks for groups' refused 2 'no such group: no-such-group' --check --config "$conf"
cat >"$conf" <<END
[region a]
path = $dir/a
size = 1M
owner = no-such-user
END
tap_check '--check looks for owners' refused 2 'no such user or group' --check --config "$conf"
tap_check '--check makes nothing' test ! -e "$dir/a"
host_done
